"""Where a curve is least, or where two cross, and how that place moves with a size."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from checks.verdicts.brackets import (
    Sides,
    brackets,
    crossing_sides,
    exponents,
    least_error,
    optimum_sides,
)
from checks.verdicts.claim import Claim, Mutant, Role, declared_tiers
from checks.verdicts.conditions import check_margin, check_number
from checks.verdicts.data import Data, Measure, Real
from checks.verdicts.finding import Finding, Undecided, estimate_of, plot_series
from checks.verdicts.levels import refuse_copies
from checks.verdicts.outcome import SUPPORT_ERROR, Test, number
from checks.verdicts.sizes import check_level_count, chosen_size
from checks.verdicts.trends import Slice, slices, standard_error
from checks.verdicts.values import ClaimError, common_unit, in_unit

SURE = 0.01  # brackets of this error are shown, and contradict where a curve turns twice


@dataclass(frozen=True, kw_only=True, eq=False)
class LocationClaim(Claim):
    """The place of an optimum, or of a crossover, moves like a power of a size.

    - ``over``: the size along which it lies (a learning rate, a depth); ``size``: the one with
      which it moves, ``size**exponent``. There is no other; 0 says that it stays where it is.
    - ``value(size, keys) -> (len(keys),)``, any sign: the place is where its mean is least. For the
      largest, measure its negative.
    - ``other``: the place is where the mean of ``value``, below that of ``other`` at the small end
      of ``over``, comes to lie above it. Both get the same keys.
    - ``margin``: half-width of the band of exponents that counts as equal.

    Assumed is that the mean falls and then grows, or crosses once; no shape, no smoothness. Then
    a mean confidently below that of a smaller level says that the optimum lies above that level, so
    each ``size`` has a bracket, between two levels of ``over``. All brackets hold at once with the
    stated probability. SUPPORTED: there are power laws through them, and every one has an exponent
    within the margin. REFUTED: none has. There is no term of a next order. Levels of ``over`` must
    be dense for a narrow margin: the exponent is known to two of their ratios (one for a
    crossover), at most, over the range of ``size``, in logarithms.
    """

    value: Measure
    over: str
    exponent: Real
    other: Measure | None = None
    size: str = ""
    margin: Real = 0.1

    least_seeds: ClassVar[int] = 2
    measured: ClassVar[str] = "value"

    def check(self) -> None:
        """Find the two sizes and reject what cannot be tested."""
        check_margin(self)
        check_number(self, "exponent")
        names = set(self.at(declared_tiers(self)[0]).points[0])
        rest = sorted(name for name in names if name != self.over)
        texts = isinstance(self.over, str) and isinstance(self.size, str)
        if (
            not texts or self.over not in names or len(rest) != 1
            or self.size not in ("", *rest)
        ):  # fmt: skip
            raise ClaimError(
                f"claim {self.id}: expected two sizes, one of them named in over=, received "
                f"{sorted(names)} and over={self.over!r}, size={self.size!r}"
            )
        chosen_size(self, self.over, 3, in_slice=2)
        check_level_count(self, rest[0], 3)
        object.__setattr__(self, "size", rest[0])

    def default_statement(self) -> str:
        """The law in words."""
        what = "The optimum" if self.other is None else "The crossover"
        moves = f"goes like {self.size}^{self.exponent:g}" if self.exponent else "stays"
        return f"{what} over {self.over} {moves} as {self.size} grows."

    def roles(self) -> dict[str, Role]:
        """Values, one a key, of any sign."""
        both = {"value": self.value} | ({} if self.other is None else {"other": self.other})
        return {name: Role(measure) for name, measure in both.items()}

    def finding(self, data: Data) -> Finding:
        """Brackets of the place at each level, and the exponents of the power laws through them."""
        curve = data.matrix("value")
        refuse_copies(curve)
        unit = common_unit(np.concatenate([data.matrix(role) for role in data.arrays]))
        values = [in_unit(data.matrix(role), unit) for role in data.arrays]
        parts = slices(data, self.over)
        parts.sort(key=lambda part: part[0][self.size])
        sides = [self._sides(values, data.column(self.over), part) for part in parts]
        count = sum(side.tests for side in sides)
        sure = brackets(sides, SURE / count)
        turned = [k for k, (low, high) in enumerate(zip(*sure, strict=True)) if low >= high]
        if turned:
            raise Undecided(self._turns(parts[turned[0]][0]))
        logs = np.log([part[0][self.size] for part in parts])
        test, contradicted = self._test(sides, count, logs, data.seeds)
        places = {
            f"{self._what} over {self.over} at {self.size}={part[0][self.size]:g}": _place(*ends)
            for part, *ends in zip(parts, *sure, strict=True)
        }
        tightest = brackets(sides, 0.5)
        low, high = exponents(logs, *tightest)
        coarse = max(abs(low - self.exponent), abs(high - self.exponent)) > self.margin
        coarse = coarse and low <= high
        final = coarse and all(map(np.array_equal, tightest, sure))
        doubt = self._coarse(low, high, final=final) if coarse else ""
        if contradicted:
            doubt = f"no power law passes all brackets of the {self._what}"
        own = {**estimate_of(test), "predicted": self.exponent}
        own["value"] = number(self.exponent + test.estimate)
        own["interval"] = [number(self.exponent + end) for end in test.interval()]
        middle, spread = (
            in_unit(part, -unit) for part in (values[0].mean(axis=0), standard_error(values[0]))
        )
        return Finding(
            (test,),
            {f"exponent of the {self._what}": own, **places},
            plot_series("value", data.points, self.over, middle, spread, None),
            doubt=doubt,
            final=final,
        )

    @property
    def _what(self) -> str:
        return "optimum" if self.other is None else "crossover"

    def _turns(self, point: dict[str, Real]) -> str:
        turns = "falls after it grew: it has no one minimum"
        crosses = "is below the other's after it was above: expected one crossing, from below"
        where = f"at {self.size}={point[self.size]:g} the mean over {self.over}"
        return f"{where} {turns if self.other is None else crosses}"

    def _coarse(self, low: float, high: float, *, final: bool) -> str:
        always = ", whatever the number of seeds" if final else ""
        return (
            f"the levels of {self.over} leave open exponents from {low:.3g} to {high:.3g}{always}: "
            f"take denser or more levels of {self.over}, or a wider range of {self.size}"
        )

    def _sides(
        self, values: list[Float[np.ndarray, "n K"]], over: Float[np.ndarray, " K"], part: Slice
    ) -> Sides:
        _, members = part
        first, *others = (matrix[:, members] for matrix in values)
        logs = np.log(over[members])
        if others:
            return crossing_sides(logs, first, others[0])
        return optimum_sides(logs, first)

    def _test(
        self, sides: list[Sides], count: int, logs: Float[np.ndarray, " K"], seeds: int
    ) -> tuple[Test, bool]:
        """The exponent over the claimed one, and whether no power law passes all brackets."""

        def excess(error: float) -> tuple[float, float]:
            least, most = exponents(logs, *brackets(sides, error))
            return least - self.exponent, most - self.exponent

        def inside(error: float) -> bool:
            least, most = excess(error)
            return -self.margin <= least and most <= self.margin

        def outside(error: float) -> bool:
            least, most = excess(error)
            return max(least, -self.margin) > min(most, self.margin)

        def empty(error: float) -> bool:
            least, most = excess(error)
            return least > most

        levels = np.unique(np.concatenate([[*s.above, *s.below] for s in sides]))
        supported, contradicted = (least_error(levels, count, holds) for holds in (inside, empty))
        # Each exponent of none is within the margin: brackets that contradict each other where
        # support is read off support nothing.
        if contradicted <= max(SUPPORT_ERROR, supported):
            supported = 1.0
        shown = excess(SURE / count)
        # Brackets do not shrink like 1/sqrt(seeds): they have no standard error to plan with.
        return Test(
            f"excess exponent of the {self._what}", _middle(excess(0.5), shown), np.inf,
            seeds - 1.0, -self.margin, self.margin,
            refutation=least_error(levels, count, outside), support=supported, exact=shown,
        ), contradicted <= SUPPORT_ERROR  # fmt: skip

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """Exponents moved by twice the margin, either way; a place that stays, where it moves."""
        step, exponent = 2 * float(self.margin), float(self.exponent)
        found = [
            Mutant(f"auto-{word}", f"{self.size}^{exponent + by:.3g} claimed",
                   {"exponent": exponent + by})
            for word, by in (("up", step), ("down", -step))
        ]  # fmt: skip
        if abs(exponent) >= step and self.points is None:
            text = f"the curve of the smallest {self.size} at every {self.size}"
            found.append(Mutant("auto-still", text, data=self._still))
        return tuple(found)

    def _still(self, data: Data) -> Data:
        rows = [(point[self.over], point[self.size]) for point in data.points]
        least = min(size for _, size in rows)
        return replace(data.select([rows.index((x, least)) for x, _ in rows]), points=data.points)


def _middle(*ranges: tuple[float, float]) -> float:
    """Of the first range that has one; infinite where none is seen."""
    for low, high in ranges:
        if np.isfinite([low, high]).all() and low <= high:
            return (low + high) / 2
    return np.inf


def _place(low: float, high: float) -> dict[str, Any]:
    """A bracket of logarithms; its middle, where both ends are seen."""
    return {
        "value": number(np.exp((low + high) / 2)) if np.isfinite([low, high]).all() else None,
        "interval": [number(np.exp(end)) if np.isfinite(end) else None for end in (low, high)],
        "confidence": 1 - SURE,
        "unit": "",
    }
