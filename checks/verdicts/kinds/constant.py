"""Constants: the extrapolated ratio of error to prediction."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, cast

import numpy as np
import sympy as sp
from jaxtyping import Float

from checks.verdicts.claim import Claim, Mutant, Role
from checks.verdicts.conditions import (
    STATISTICS,
    check_margin,
    check_next_order,
    check_resolution,
    normal_rate,
)
from checks.verdicts.data import Data, Measure, Real, Size
from checks.verdicts.finding import Finding, estimate_of, noise_floor, plot_series
from checks.verdicts.levels import Levels, refuse_copies
from checks.verdicts.linear import chi_square, level_weights, linear_solution
from checks.verdicts.orders import OTHERS, Order, over_orders
from checks.verdicts.outcome import Test
from checks.verdicts.quantiles import check_statistic, summarized
from checks.verdicts.rounding import above_rounding
from checks.verdicts.shapes import finest_point, log_monomials, make_shape
from checks.verdicts.sizes import check_levels
from checks.verdicts.values import common_unit, in_unit, stated_number
from theory.language.rate import Kind, Rate


@dataclass(frozen=True, kw_only=True, eq=False)
class ConstantClaim(Claim):
    """``error / predicted`` goes to a derived constant: sharper than any slope.

    ``predicted`` is one monomial; ``constant`` the derived value, or a function of the
    size dict; ``margin`` the relative deviation that counts as equal. The ratio is
    extrapolated with a next-order term ``N**-next_order`` in every size of the rate
    (None: no extrapolation). Default ``"auto"``: 1, and orders 1/2 and 2 must agree unless the data
    exclude them. ``error``, ``statistic`` and ``resolution`` are as
    in RateClaim; with ``"weak"`` the mean keeps its sign.
    """

    predicted: Rate | sp.Expr
    constant: Real | Callable[..., Any]
    error: Measure
    margin: Real = 0.1
    statistic: str = "mean"
    next_order: Real | str | sp.Expr | None = "auto"
    resolution: Real | Callable[..., Real] | None = None

    measured: ClassVar[str] = "error"

    def check(self) -> None:
        """Normalise the prediction and reject what cannot be tested."""
        rate = normal_rate(self.id, self.predicted, Kind.EXACT)[1]
        object.__setattr__(self, "predicted", rate)
        check_margin(self)
        check_next_order(self)
        check_resolution(self)
        if not callable(self.constant):
            object.__setattr__(self, "constant", self.constant_at({}))
        check_statistic(self, STATISTICS)
        check_levels(self, rate)
        if len(rate.terms) != 1:
            raise ValueError(f"claim {self.id}: a constant needs one monomial, not {rate.terms}")

    @property
    def rate(self) -> Rate:
        """The prediction, as a Rate whatever it was given as."""
        return cast(Rate, self.predicted)

    def constant_at(self, size: Size) -> float:
        """The derived constant at a size point."""
        value = self.constant(size) if callable(self.constant) else self.constant
        return stated_number(self.id, f"constant at size {size}", value)

    def roles(self) -> dict[str, Role]:
        """Errors, one a key; signed ones with the statistic ``weak``."""
        return {"error": Role(self.error, nonnegative=self.statistic != "weak")}

    def finding(self, data: Data) -> Finding:
        """Extrapolated ratio of error to prediction, against the derived constant."""
        data, notes = above_rounding(self.id, self.rate.sizes, self.resolution, data)
        refuse_copies(data.matrix("error"))
        unit = common_unit(data.matrix("error"))
        levels = summarized(in_unit(data.matrix("error"), unit), self.statistic)
        finest = finest_point(self.rate, data)
        constants = np.array([self.constant_at(point) for point in data.points])
        log_scale = log_monomials(self.rate, data)[0] + np.log(np.abs(constants))
        logs = levels.log_mean + unit * np.log(2.0) - log_scale
        ratio = levels.sign * np.sign(constants) * np.exp(logs)
        scaled = Levels(
            ratio, levels.covariance * np.outer(ratio, ratio), levels.seeds, levels.sign
        )
        named = 1.0 if self.next_order == "auto" else self.next_order
        test, fitted, misfit = self._extrapolated(scaled, named, data)
        tests, more, doubt = self._over_orders(scaled, test, data)
        return Finding(
            tests,
            {"relative deviation of the constant": estimate_of(test)},
            plot_series(
                "error / (predicted * constant)",
                data.points,
                self.rate.sizes[0],
                ratio,
                np.abs(ratio) * levels.relative_error,
                fitted,
            ),
            (*notes, *more, f"lack of fit: p = {misfit:.2g}"),
            noise_floor(levels, finest, data.points),
            doubt,
        )

    def _extrapolated(
        self, ratios: Levels, order: Any, data: Data
    ) -> tuple[Test, Float[np.ndarray, " K"], float]:
        """The test with one next order (None: none), the fitted ratios, and the lack of fit."""
        columns = self._columns(order, data)
        solution = linear_solution(columns, level_weights(ratios), ratios, ratios.log_mean)
        parameters = solution.projector @ ratios.log_mean
        variance, df = solution.variance(np.eye(columns.shape[1])[:1])
        test = Test(
            "error / (predicted * constant) - 1, extrapolated",
            float(parameters[0]) - 1.0,
            float(np.sqrt(variance[0])),
            float(df[0]),
            -self.margin,
            self.margin,
        )
        return test, columns @ parameters, solution.misfit

    def _columns(self, order: Any, data: Data) -> Float[np.ndarray, "K p"]:
        """One, and the next-order terms."""
        sizes = np.array([data.column(name) for name in self.rate.sizes])
        corrections = make_shape(log_monomials(self.rate, data), sizes, order).corrections
        return np.concatenate([np.ones((1, sizes.shape[1])), corrections]).T

    def _over_orders(
        self, ratios: Levels, test: Test, data: Data
    ) -> tuple[tuple[Test, ...], tuple[str, ...], str]:
        """The test, held to corrections of other orders where none is named."""
        if self.next_order != "auto" or self.is_planted:
            return (test,), (), ""
        found = {}
        for order in (1.0, *OTHERS):
            other, fitted, _ = self._extrapolated(ratios, order, data)
            misfit = chi_square(ratios, ratios.log_mean - fitted)
            found[order] = Order(order, misfit, misfit, (other,))
        rivals = [found[order] for order in OTHERS]
        spare = len(data.points) - self._columns(1.0, data).shape[1]
        return over_orders(found[1.0], rivals, spare)

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """Constants wrong by twice the margin, either way."""
        factor = 1 + 2 * self.margin
        return tuple(
            Mutant(f"auto-constant-{word}", f"{by:.4g} times the constant claimed",
                   {"constant": partial(self._times, by)})
            for word, by in (("up", factor), ("down", 1 / factor))
        )  # fmt: skip

    def _times(self, factor: Real, size: Size) -> float:
        return factor * self.constant_at(size)
