"""Independence: an error does not depend on a size."""

from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
import sympy as sp

from checks.verdicts.claim import Claim, Mutant, Role, Spoiled, declared_tiers
from checks.verdicts.conditions import STATISTICS, check_choice, check_margin, normal_rate
from checks.verdicts.data import Data, Measure, Real, at
from checks.verdicts.finding import Finding, estimate_of, plot_series
from checks.verdicts.levels import refuse_copies
from checks.verdicts.sizes import check_logarithms, chosen_size
from checks.verdicts.trends import log_influences, mean_test, slices, standard_error, statistic_logs
from checks.verdicts.values import ClaimError, common_unit, in_unit
from theory.language.rate import Kind, Rate


@dataclass(frozen=True, kw_only=True, eq=False)
class IndependenceClaim(Claim):
    """The error does not depend on a size (tokens, embedding dimension, ...).

    ``size`` names it (default: the first one). ``statistic``: which statistic of the seeds'
    errors does not: their ``"mean"``, ``"rms"`` or ``"geometric"`` mean. Every slice at fixed other
    sizes is judged: drifts that cancel on average are seen. ``margin`` is the total drift allowed
    over the whole range, as a fraction: 0.25 allows a factor 1.25. ``kind``: ``"equivalent"``
    (drift neither way) or ``"no growth"`` (one-sided). The slope over all levels and the ratio of
    every level to the smallest are judged, so a drift up and down again is seen.

    ``through``: a monomial of all sizes, such as L/n (scaling collapse): the error depends on the
    sizes through it alone. Slices are then the points at which it has one value; points that are
    alone with theirs are not compared. A prefactor is divided out by ``error``.
    """

    error: Measure
    size: str = ""
    kind: str = "equivalent"
    margin: Real = 0.25
    statistic: str = "mean"
    through: Rate | sp.Expr | None = None

    least_seeds: ClassVar[int] = 2
    measured: ClassVar[str] = "error"

    def check(self) -> None:
        """Choose the size and reject what cannot be tested."""
        check_margin(self)
        check_choice(self.id, "kind", self.kind, ("equivalent", "no growth"))
        check_choice(self.id, "statistic", self.statistic, STATISTICS[:3])
        if self.through is None:
            object.__setattr__(self, "size", chosen_size(self, self.size, 3))
        else:
            self._check_collapse()

    def _check_collapse(self) -> None:
        """One monomial of all sizes, with enough points at which it has the same value."""
        try:
            through = normal_rate(self.id, self.through, Kind.EXACT, "through")[1]
        except ClaimError:
            raise
        except ValueError as error:
            raise ClaimError(f"claim {self.id}: through: {error}") from error
        object.__setattr__(self, "through", through)
        for tier in declared_tiers(self):
            points = self.at(tier).points
            size = (
                next(iter(points[0]), "")
                if isinstance(self.size, str) and not self.size
                else self.size
            )
            known = (
                isinstance(size, str) and size in points[0] and set(through.sizes) == set(points[0])
            )
            if len(through.terms) != 1 or not known:
                raise ClaimError(
                    f"claim {self.id}: expected through to be one monomial of all sizes "
                    f"{sorted(points[0])}, such as L/n, and size one of them, received "
                    f"{through.expression} and {size!r}"
                )
            object.__setattr__(self, "size", size)
            check_logarithms(self, through, points)
            parts = slices(Data(points, {}, 0), size, through)
            levels = [[points[k][size] for k in members] for _, members in parts]
            twice = any(len(set(part)) < len(part) for part in levels)
            if twice:
                raise ClaimError(
                    f"claim {self.id}: expected each level of {size} once where "
                    f"{through.expression} has one value, in tier {tier}, received {levels}; leave "
                    "out the points that repeat others"
                )
            if len(parts) < 2 or max(map(len, levels)) < 3:
                raise ClaimError(
                    f"claim {self.id}: expected two values of {through.expression} or more with "
                    f"several levels of {size} each, three of one of them, in tier {tier}, "
                    f"received {levels}; take levels in one constant ratio, such as powers of 2"
                )

    def roles(self) -> dict[str, Role]:
        """Errors, one a key."""
        return {"error": Role(self.error, nonnegative=True)}

    def finding(self, data: Data) -> Finding:
        """In each slice, the slope of the log statistic, and every level against the smallest."""
        tests, series = [], ()
        allowed = float(np.log1p(self.margin))
        low = -allowed if self.kind == "equivalent" else -np.inf
        refuse_copies(data.matrix("error"))
        parts = slices(data, self.size, self._through)
        for rest, members in parts:
            part, where = data.select(members), at(rest) if len(parts) > 1 else ""
            centre, influence, unit = statistic_logs(part, self.statistic)
            levels = part.column(self.size)
            x, span = np.log(levels) - np.log(levels).mean(), np.log(levels[-1] / levels[0])
            contrasts = {f"log drift over the range of {self.size}": x / (x @ x) * span}
            for k in range(1, len(levels)):
                name = f"log ratio of {self.size}={levels[k]:g} to {levels[0]:g}"
                contrasts[name] = np.eye(len(levels))[k] - np.eye(len(levels))[0]
            tests += [
                mean_test(name + where, influence @ c, low, allowed, centre=float(centre @ c))
                for name, c in contrasts.items()
            ]
            means = in_unit(np.exp(centre), -unit)
            # One curve a slice: on a diagonal, the sizes that are not its name move along it.
            points = tuple({self.size: point[self.size], **rest} for point in part.points)
            series += plot_series(
                f"{self.statistic} error", points, self.size, means,
                means * standard_error(influence), np.full(len(levels), means.mean()),
            )  # fmt: skip
        compared = {int(k) for _, members in parts for k in members}
        alone = [str(point) for k, point in enumerate(data.points) if k not in compared]
        return Finding(
            tuple(tests),
            {test.name: estimate_of(test, "log") for test in tests},
            series,
            (f"not compared, alone with their {self._through.expression}: {', '.join(alone)}",)
            if self._through and alone
            else (),
        )

    @property
    def _through(self) -> Rate | None:
        return cast("Rate | None", self.through)

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """Drifts by the square of what is allowed, in each direction that is claimed not to be."""
        twice = (1 + self.margin) ** 2
        up, down = (
            Mutant(f"auto-drift-{word}", f"error drifting by a factor {factor:.4g} over the range",
                   data=drifting(self.size, factor, self.kind, self.statistic, self._through))
            for word, factor in (("up", twice), ("down", 1 / twice))
        )  # fmt: skip
        return (up, down) if self.kind == "equivalent" else (up,)


def drifting(
    size: str,
    factor: Real,
    kind: str = "equivalent",
    statistic: str = "mean",
    through: Rate | None = None,
) -> Spoiled:
    """A planted error: errors drift by this factor over the range of the size, in every slice.

    A claim of no growth must have teeth where errors fall, too: the falls of the statistic are
    taken off first.
    """

    def plant(data: Data) -> Data:
        errors = data.matrix("error").copy()
        for _, members in slices(data, size, through):
            part = errors[:, members]
            x = np.log(data.column(size)[members])
            moved = np.log(factor) * (x - x[0]) / (x[-1] - x[0])
            if kind == "no growth" and np.all(part.max(axis=0) > 0):
                logs, _ = log_influences(in_unit(part, common_unit(part)), statistic)
                moved = moved - np.minimum(0.0, logs - logs[0])
            errors[:, members] = part * np.exp(moved)
        return data.with_matrix("error", errors)

    return Spoiled(plant)
