"""Growth: like a logarithm and not like a power, or the reverse."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from checks.verdicts.claim import Claim, Mutant, Role, Spoiled, declared_tiers
from checks.verdicts.conditions import check_choice, check_margin, check_number, kind_of
from checks.verdicts.data import Data, Measure, Real, at
from checks.verdicts.finding import Finding, Undecided, estimate_of, plot_series
from checks.verdicts.levels import refuse_copies
from checks.verdicts.outcome import Test, number
from checks.verdicts.sizes import chosen_size
from checks.verdicts.trends import mean_test, slices, standard_error
from checks.verdicts.values import common_unit, in_unit
from theory.language.rate import Kind


@dataclass(frozen=True, kw_only=True, eq=False)
class GrowthClaim(Claim):
    """A quantity grows like ``log n`` and not like a power of n (or the reverse).

    ``value(size, keys) -> (len(keys),)``, any sign. In every slice at fixed other sizes the means
    over seeds are fitted by a quadratic in ``log n``; its curvature is the relative change of slope
    from end to end of the range: 0 for ``A + b log n``, about ``a log(n_max/n_min)`` for ``n**a``,
    negative for ``log log n``. ``law="log"``: the curvature is within ``margin``;
    ``law="power"``: it is above, and that of the logarithm of the mean, which is 0 for a power,
    is within. ``slope_bound``: the slope in log n must stay below it.
    ``kind="upper bound"``, for a logarithm: the quantity grows at most like that, so no curvature
    is too negative; where no growth is seen it is held to ``slope_bound`` at both ends of the
    range. ``"exact"`` asks for growth.
    """

    value: Measure
    size: str = ""
    law: str = "log"
    kind: str | Kind = Kind.EXACT
    margin: Real = 0.5
    slope_bound: Real | None = None

    least_seeds: ClassVar[int] = 2
    measured: ClassVar[str] = "value"

    def check(self) -> None:
        """Choose the size and reject what cannot be tested."""
        object.__setattr__(self, "kind", kind_of(self.id, self.kind))
        check_margin(self)
        check_number(self, "slope_bound", otherwise=(None,))
        check_choice(self.id, "law", self.law, ("log", "power"))
        if self.law == "power" and self.kind is Kind.UPPER_BOUND:
            raise ValueError(
                f"claim {self.id}: a bound by some power says nothing; name the power, "
                "in a RateClaim"
            )
        object.__setattr__(self, "size", chosen_size(self, self.size, 4, in_slice=4))

    def roles(self) -> dict[str, Role]:
        """Values, one a key, of any sign."""
        return {"value": Role(self.value)}

    def finding(self, data: Data) -> Finding:
        """Curvature and slope in log n, in every slice (sheet N3)."""
        refuse_copies(data.matrix("value"))
        found = [self._slice(data.select(members), at(rest) if len(data.points) > len(members)
                 else "") for rest, members in slices(data, self.size)]  # fmt: skip
        tests = tuple(test for finding in found for test in finding.tests)
        estimates = {name: e for finding in found for name, e in finding.estimates.items()}
        series = tuple(s for finding in found for s in finding.series)
        return Finding(tests, estimates, series, blocked=next((f.blocked for f in found), ""))

    def _slice(self, data: Data, where: str) -> Finding:
        unit = common_unit(data.matrix("value"))
        values, levels = in_unit(data.matrix("value"), unit), data.column(self.size)
        x = np.log(levels) - np.log(levels).mean()
        bound = np.inf if self.slope_bound is None else self.slope_bound
        slope = mean_test(
            f"slope in log {self.size}{where}", _quadratic(x, values)[1], -np.inf, bound, unit=unit
        )
        tests, blocked = [], ""
        if slope.estimate > 3 * slope.standard_error:
            tests = self._curvatures(x, values, where)
        else:
            blocked = (
                f"no growth is seen: slope in log {self.size} {slope.estimate:.3g}, standard error "
                f"{slope.standard_error:.2g}; a law of growth needs growth, else use "
                "IndependenceClaim"
            )
            if self.kind is Kind.UPPER_BOUND:
                blocked += ", or give slope_bound"
        if blocked and self.kind is Kind.UPPER_BOUND and self.slope_bound is not None:
            ends = (("coarse", x[0]), ("fine", x[-1]))
            blocked = ""
            for end, at_end in ends:
                _, b, c = _quadratic(x, values)
                name = f"slope at the {end} end{where}"
                tests.append(mean_test(name, b + 2 * c * at_end, -np.inf, bound, unit=unit))
        tests += [] if self.slope_bound is None else [slope]
        fit = _design(x) @ _quadratic(x, values).mean(axis=1)
        centre, spread, fit = (
            in_unit(v, -unit) for v in (values.mean(axis=0), standard_error(values), fit)
        )
        return Finding(
            tuple(tests),
            {test.name: estimate_of(test) for test in (*tests, slope)}
            | _residuals(x, values.mean(axis=0), unit, where),
            plot_series("value", data.points, self.size, centre, spread, fit),
            blocked=blocked,
        )

    def _curvatures(
        self, x: Float[np.ndarray, " K"], values: Float[np.ndarray, "n K"], where: str
    ) -> list[Test]:
        """For a power also of the logarithm of the mean, which is what is straight then."""
        low = -np.inf if self.kind is Kind.UPPER_BOUND else -self.margin
        if self.law == "log":
            return [_curvature(f"curvature{where}", x, values, low, self.margin)]
        mean = values.mean(axis=0)
        if np.any(mean <= 0):
            raise Undecided("a power law needs positive means, and some level has none")
        logs = np.log(mean) + (values - mean) / mean  # their means and the influences of seeds
        return [
            _curvature(f"curvature of the logarithm{where}", x, logs, low, self.margin),
            _curvature(f"curvature{where}", x, values, self.margin, np.inf),
        ]

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """A power for a logarithm; two-sided, also the other law claimed, and a slower growth."""
        found = []
        if self.law == "log":
            span = max(self._span(tier) for tier in declared_tiers(self))
            power, rise = 4 * self.margin / span, None
            if self.kind is Kind.UPPER_BOUND and self.slope_bound is not None:
                rise = 2 * self.slope_bound * span
            text = f"values growing like the power {power:.3g} of {self.size}"
            found.append(Mutant("auto-power", text, data=growing(self.size, power, rise)))
        if self.kind is Kind.EXACT:
            other = "power" if self.law == "log" else "log"
            found.append(Mutant("auto-other-law", f"the {other} law claimed", {"law": other}))
            text = f"values growing like log log {self.size}"
            found.append(Mutant("auto-loglog", text, data=growing(self.size, None)))
        return tuple(found)

    def _span(self, tier: str) -> float:
        levels = [point[self.size] for point in self.at(tier).points]
        return float(np.log(max(levels) / min(levels)))


def growing(size: str, power: Real | None, rise: Real | None = None) -> Spoiled:
    """A planted error: the means grow like A + B size**power, or like log log (None).

    They keep their value at the smallest size, and at the largest unless a ``rise`` over the range
    is given; seeds keep their distances from them.
    """

    def law(levels: Float[np.ndarray, " K"]) -> Float[np.ndarray, " K"]:
        if power is None:
            return np.log(1 + np.log(levels / levels[0]))
        return (levels / levels[0]) ** float(power)

    def plant(data: Data) -> Data:
        values = data.matrix("value").copy()
        for _, members in slices(data, size):
            shape = law(data.column(size)[members])
            share = (shape - shape[0]) / (shape[-1] - shape[0])
            mean = values[:, members].mean(axis=0)
            whole = mean[-1] - mean[0] if rise is None else float(rise)
            values[:, members] += mean[0] + whole * share - mean
        return data.with_matrix("value", values)

    return Spoiled(plant)


def _design(x: Float[np.ndarray, " K"]) -> Float[np.ndarray, "K 3"]:
    return np.stack([np.ones_like(x), x, x**2], axis=1)


def _quadratic(
    x: Float[np.ndarray, " K"], values: Float[np.ndarray, "n K"]
) -> Float[np.ndarray, "3 n"]:
    """Coefficients of the quadratic through each seed's values."""
    return np.linalg.pinv(_design(x)) @ values.T


def _curvature(
    name: str, x: Float[np.ndarray, " K"], values: Float[np.ndarray, "n K"], low: Real, high: Real
) -> Test:
    """The ratio 2 c span / b of means over seeds, with the influence of a seed (delta method)."""
    span = float(x[-1] - x[0])
    _, slopes, bends = _quadratic(x, values)
    curvature = 2 * span * bends.mean() / slopes.mean()
    influence = (2 * span * bends - curvature * slopes) / slopes.mean()
    return mean_test(name, influence, low, high, centre=float(curvature))


def _residuals(
    x: Float[np.ndarray, " K"], centre: Float[np.ndarray, " K"], unit: int, where: str
) -> dict[str, dict[str, float | None]]:
    """Residual sums of squares of A + b log n and of A n**b, for comparison."""

    def squares(fitted: Float[np.ndarray, " K"]) -> dict[str, float | None]:
        return {"value": number(in_unit(((centre - fitted) ** 2).sum(), -2 * unit))}

    straight = np.polyval(np.polyfit(x, centre, 1), x)
    found: dict[str, dict[str, float | None]] = {
        f"residual sum of squares, log law{where}": squares(straight)
    }
    if np.all(centre > 0):
        power = np.exp(np.polyval(np.polyfit(x, np.log(centre), 1), x))
        found[f"residual sum of squares, power law{where}"] = squares(power)
    return found
