"""Rates: exponents, terms, floor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, cast

import numpy as np
import sympy as sp

from checks.verdicts.claim import Claim, Mutant, Role
from checks.verdicts.conditions import (
    STATISTICS,
    check_floor_share,
    check_margin,
    check_next_order,
    check_resolution,
    normal_rate,
)
from checks.verdicts.data import Data, Measure, Real
from checks.verdicts.finding import Finding, Undecided
from checks.verdicts.floors import grows
from checks.verdicts.levels import refuse_copies
from checks.verdicts.quantiles import check_statistic, summarized
from checks.verdicts.rated import RateRule, exact_errors, excess_exponents, rate_finding
from checks.verdicts.rounding import above_rounding
from checks.verdicts.shapes import finest_point, rate_shape
from checks.verdicts.sizes import check_levels
from checks.verdicts.values import common_unit, in_unit
from theory.language.rate import Kind, Rate


@dataclass(frozen=True, kw_only=True, eq=False)
class RateClaim(Claim):
    """The error goes to zero at the predicted rate, and to zero, not to a floor.

    - ``predicted``: a ``Rate``, or a SymPy expression in the size names (a sum of
      monomials; constants are estimated, not claimed). Terms in quadrature are the square root of
      a sum, ``sp.sqrt(L**-2 + 1/n)``: the square of the statistic is judged, and shares are of it.
    - ``kind``: ``"exact"`` (the exponents are these, two-sided) or ``"upper bound"`` (the
      error grows in no size relative to the bound, one-sided).
    - ``margin``: half-width of the band of exponents that counts as equal, fixed before
      running, at most half the distance to the nearest competing exponent.
    - ``error(size, keys) -> (len(keys),)``: one nonnegative number a seed.
    - ``statistic``: what of the seeds' errors obeys the rate: their ``"mean"``, ``"rms"``,
      ``"geometric"`` mean, a quantile such as ``"quantile 0.9"`` (with probability 0.9 the error
      is not above it), or ``"weak"``: the absolute value of the mean of signed errors
      (the only one that allows negative values).
    - ``next_order``: the error is fitted as rate * (1 + a N**-next_order). Default
      ``"auto"``: 1 for a rate of one monomial, none for a sum, whose terms correct each
      other; corrections of orders 1/2 and 2 must then agree, unless the data exclude them. A number
      above 0 is the order, where the derivation gives it. ``None``: no correction term, a sharper
      fit for data known to be asymptotic.
    - ``floor_share``: the largest share of the finest level's error that may be a
      constant; confidently more is convergence to a wrong limit. A note says what share the data
      exclude. Under a bound of several terms the error must vanish, too, in each size in which all
      terms do, at fixed other sizes, where there are levels enough to see it.
    - ``resolution``: the absolute size of rounding of the measured quantity, in the unit of the
      error, or a function of the size dict. Levels with errors up to ten times as large are left
      out, and the finding names them; ``0`` says that the errors are exact. Default: errors that
      have stopped falling are compared with the roundings that a computation of so many steps
      can have.

    At least four levels of one size, or four points, are required in every tier.
    """

    predicted: Rate | sp.Expr
    error: Measure
    kind: str | Kind | None = None
    margin: Real = 0.1
    statistic: str = "mean"
    next_order: Real | str | sp.Expr | None = "auto"
    floor_share: Real = 0.25
    resolution: Real | Callable[..., Real] | None = None

    measured: ClassVar[str] = "error"

    def check(self) -> None:
        """Normalise the prediction and reject what cannot be tested."""
        kind, rate = normal_rate(self.id, self.predicted, self.kind)
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "predicted", rate)
        check_margin(self)
        check_floor_share(self)
        check_next_order(self)
        check_resolution(self)
        check_statistic(self, STATISTICS)
        check_levels(self, rate)

    @property
    def rate(self) -> Rate:
        """The prediction, as a Rate whatever it was given as."""
        return cast(Rate, self.predicted)

    def default_statement(self) -> str:
        """The rate in words."""
        kind = "is exactly of order" if self.rate.kind is Kind.EXACT else "is at most of order"
        return f"The error {kind} {self.rate.expression}."

    def roles(self) -> dict[str, Role]:
        """Errors, one a key; signed ones with the statistic ``weak``."""
        return {"error": Role(self.error, nonnegative=self.statistic != "weak")}

    def finding(self, data: Data) -> Finding:
        """Exponents by TOST (one-sided for a bound), presence of terms, and the floor.

        Levels whose error is rounding are left out first.
        """
        data, notes = self.resolved(data)
        unit = common_unit(data.matrix("error"))
        errors = in_unit(data.matrix("error"), unit)
        if np.any(np.abs(errors).max(axis=0) == 0):
            k = int(np.argmin(np.abs(errors).max(axis=0)))
            raise Undecided(
                f"the error is exactly 0 at {data.points[k]}: no rate can be seen; use "
                "IdentityClaim"
            )
        refuse_copies(errors)
        return rate_finding(self.rule, summarized(errors, self.statistic), data, unit, notes)

    @property
    def rule(self) -> RateRule:
        """What decides, whatever the levels were summarised from."""
        return RateRule(
            self.rate, self.margin, self.next_order, self.floor_share, planted=self.is_planted
        )

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """Wrong exponents, or errors that leave the bound."""
        return (
            exact_errors(self.rate, self.margin)
            if self.rate.kind is Kind.EXACT
            else self._bound_errors()
        )

    def _bound_errors(self) -> tuple[Mutant, ...]:
        """Errors growing over the bound by twice the margin.

        A weaker bound would be true, and a stronger one may be true when the bound has slack;
        so the error is moved, onto the bound and then away from it. With several terms the
        constants can trade one size for another: the error then grows in all of them.
        """
        step, one = 2 * self.margin, len(self.rate.terms) == 1
        found = {"": dict.fromkeys(self.rate.sizes, step)}
        if one:
            found = {f"-{name}": {name: step} for name in self.rate.sizes}
        grown = [
            Mutant(
                f"auto-growth{suffix}",
                f"error on the bound, growing by the power {step:.3g} of {' and '.join(growth)}",
                {"resolution": 0},
                data=partial(self._on_bound, growth),
            )
            for suffix, growth in found.items()
        ]
        return tuple(grown)

    def always_planted(self) -> tuple[Mutant, ...]:
        """A floor like the finest error; under a bound of several terms, a larger one.

        What is planted is exact: levels that are rounding are left out before it.
        """
        if grows(self.rate):
            return ()
        one, exact = len(self.rate.terms) == 1, self.rate.kind is Kind.EXACT
        multiple = 1.0 if one or exact else 4.0
        before = self._resolved if exact else partial(self._on_bound, {})
        text = f"right rate to a wrong limit: {multiple:g} times the finest error added everywhere"
        floor = Mutant(
            "auto-floor", text, {"resolution": 0},
            data=lambda data: self._raised(multiple, before(data)),
        )  # fmt: skip
        return (floor,)

    def _resolved(self, data: Data) -> Data:
        return self.resolved(data)[0]

    def _on_bound(self, growth: Mapping[str, Real], data: Data) -> Data:
        """Errors whose means are on the bound, times these powers of the sizes."""
        data = self._resolved(data)
        errors, logs = data.matrix("error"), rate_shape(self.rate, None, data).log_sizes
        if np.any(np.abs(errors).max(axis=0) == 0):
            return data
        levels = summarized(in_unit(errors, common_unit(errors)), self.statistic)
        excess = np.array([growth.get(name, 0.0) for name in self.rate.sizes])
        gamma = excess_exponents(self.rule, levels, data)
        return data.with_matrix("error", errors * np.exp((excess - gamma) @ logs))

    def _raised(self, multiple: Real, data: Data) -> Data:
        """Errors plus this multiple of the finest level's statistic."""
        errors = data.matrix("error")
        finest, unit = errors[:, [finest_point(self.rate, data)]], common_unit(errors)
        level = summarized(in_unit(finest, unit), self.statistic)
        floor = float(in_unit(level.sign[0] * np.exp(level.log_mean[0]), -unit))
        return data.with_matrix("error", errors + multiple * floor)

    def resolved(self, data: Data) -> tuple[Data, tuple[str, ...]]:
        """The data without levels that are rounding, and a note on them."""
        return above_rounding(self.id, self.rate.sizes, self.resolution, data)
