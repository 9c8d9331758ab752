"""Growth: like a logarithm and not like a power, or the reverse."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from checks.verdicts.claim import Claim, Mutant, Role, Spoiled, declared_tiers
from checks.verdicts.conditions import check_choice, chosen_size
from checks.verdicts.data import Data, Real
from checks.verdicts.finding import Finding, estimate_of, plot_series
from checks.verdicts.outcome import number
from checks.verdicts.trends import by_level, mean_test, standard_error
from checks.verdicts.values import common_unit, in_unit
from theory.language.rate import Kind


@dataclass(frozen=True, kw_only=True, eq=False)
class GrowthClaim(Claim):
    """A quantity grows like ``log n`` and not like a power of n (or the reverse).

    ``value(size, keys) -> (len(keys),)``, any sign. Each seed is fitted by a quadratic in
    ``log n``; the curvature is the relative change of slope from end to end of the range:
    0 for a logarithm, about ``a log(n_max/n_min)`` for ``n**a``. ``law="log"``: the
    curvature is below ``margin``; ``law="power"``: above it. ``slope_bound``: when given,
    the slope in log n must stay below it. ``kind="exact"`` also asks for growth at all;
    ``"upper bound"`` does not.
    """

    value: Callable[..., Any]
    size: str = ""
    law: str = "log"
    kind: str | Kind = Kind.EXACT
    margin: Real = 0.5
    slope_bound: Real | None = None

    least_seeds: ClassVar[int] = 2
    measured: ClassVar[str] = "value"

    def check(self) -> None:
        """Choose the size and reject what cannot be tested."""
        object.__setattr__(self, "kind", Kind(self.kind))
        check_choice(self.id, "law", self.law, ("log", "power"))
        object.__setattr__(self, "size", chosen_size(self, self.size, 4))

    def roles(self) -> dict[str, Role]:
        """Values, one a key, of any sign."""
        return {"value": Role(self.value)}

    def finding(self, data: Data) -> Finding:
        """Per-seed quadratic in log n: relative change of slope over the range (sheet N3)."""
        unit = common_unit(data.matrix("value"))
        levels, values = by_level(in_unit(data.matrix("value"), unit), data.column(self.size))
        x = np.log(levels) - np.log(levels).mean()
        span = float(x[-1] - x[0])
        solve = np.linalg.pinv(np.stack([np.ones_like(x), x, x**2], axis=1))
        _, slopes, bends = solve @ values.T
        slope = mean_test(
            f"slope in log {self.size}", slopes, -np.inf, self.slope_bound or np.inf, unit=unit
        )
        # Influence of a seed on the ratio 2 c span / b of the means (delta method).
        curvature = 2 * span * bends.mean() / slopes.mean()
        influence = (2 * span * bends - curvature * slopes) / slopes.mean()
        low, high = (-np.inf, self.margin) if self.law == "log" else (self.margin, np.inf)
        bend = mean_test("curvature", influence, low, high, centre=float(curvature))
        centre, spread = (in_unit(v, -unit) for v in (values.mean(axis=0), standard_error(values)))
        fitted = np.stack([np.ones_like(x), x, x**2], axis=1) @ (solve @ centre)
        points = tuple({self.size: int(level)} for level in levels)
        blocked = ""
        if slope.estimate <= 3 * slope.standard_error:
            blocked = (
                f"no growth is seen: slope in log {self.size} {slope.estimate:.3g}, standard error "
                f"{slope.standard_error:.2g}; a law of growth needs growth, else use "
                "IndependenceClaim"
            )
        return Finding(
            (bend,) if self.slope_bound is None else (bend, slope),
            {
                "curvature": estimate_of(bend),
                slope.name: estimate_of(slope),
                **_residuals(x, values.mean(axis=0), unit),
            },
            plot_series("value", points, self.size, centre, spread, fitted),
            blocked=blocked,
        )

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """The other law claimed; for a logarithm also values that grow by a further power."""
        other = "power" if self.law == "log" else "log"
        swapped = Mutant("auto-other-law", f"the {other} law claimed", {"law": other})
        if self.law == "power":
            return (swapped,)
        levels = [point[self.size] for point in self.at(declared_tiers(self)[0]).points]
        power = 4 * self.margin / float(np.log(max(levels) / min(levels)))
        text = f"value growing by the further power {power:.3g} of {self.size}"
        return (swapped, Mutant("auto-power", text, data=growing(self.size, power)))


def growing(size: str, power: Real) -> Spoiled:
    """A planted error: values grow by a further power of the size, from its smallest level on."""

    def plant(data: Data) -> Data:
        least = data.column(size).min()
        return data.mapped("value", lambda point, values: values * (point[size] / least) ** power)

    return Spoiled(plant)


def _residuals(
    x: Float[np.ndarray, " K"], centre: Float[np.ndarray, " K"], unit: int
) -> dict[str, dict[str, float | None]]:
    """Residual sums of squares of A + b log n and of A n**b, for comparison."""

    def squares(fitted: Float[np.ndarray, " K"]) -> dict[str, float | None]:
        return {"value": number(in_unit(((centre - fitted) ** 2).sum(), -2 * unit))}

    straight = np.polyval(np.polyfit(x, centre, 1), x)
    found: dict[str, dict[str, float | None]] = {
        "residual sum of squares, log law": squares(straight)
    }
    if np.all(centre > 0):
        power = np.exp(np.polyval(np.polyfit(x, np.log(centre), 1), x))
        found["residual sum of squares, power law"] = squares(power)
    return found
