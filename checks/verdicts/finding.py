"""What a rule hands to the judge after one look at the data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from .data import Data, Real, Size, at
from .levels import Levels
from .outcome import Test, number
from .values import Undecided as Undecided

NOISY = 1 / 3  # largest standard error of a level, in units of its error


@dataclass(frozen=True)
class Finding:
    """Tests, plain estimates and plot series.

    ``blocked`` says why nothing can be decided, ``doubt`` why nothing can be supported, ``final``
    that no seeds would change it, and ``counted`` what the numbers rest on where that is not seeds,
    which one could add to.
    ``proved``: what supports was no sample, but a proof that was checked. ``reason`` takes the
    place of the number that decided, where a sentence says it better.
    """

    tests: tuple[Test, ...]
    estimates: dict[str, dict[str, Any]]
    series: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    blocked: str = ""
    doubt: str = ""
    final: bool = False
    counted: str = ""
    proved: bool = False
    reason: str = ""


def estimate_of(test: Test, unit: str = "") -> dict[str, Any]:
    """Estimate with interval, as it goes into the JSON."""
    low, high = test.interval()
    return {
        "value": number(test.estimate),
        "interval": [number(low), number(high)],
        "confidence": 0.99,
        "unit": unit,
    }


def noise_floor(levels: Levels, finest: int, points: Sequence[Size]) -> str:
    """Reason to decide nothing when a level is mostly noise, the finest one first; else empty.

    A logarithm of such a mean has no standard error to speak of: a few seeds make it.
    """
    relative = levels.relative_error
    k = finest if relative[finest] > NOISY else int(np.argmax(relative))
    if relative[k] <= NOISY:
        return ""
    remedy = "use more seeds or coarser levels"
    if k != finest:
        remedy = "use more seeds, leave the level out, or judge the geometric mean or a quantile"
    return (
        f"noise floor: at {points[k]} the standard error is {relative[k]:.0%} of the error, "
        f"expected at most a third; {remedy}"
    )


def plot_series(
    label: str,
    points: tuple[Size, ...],
    x: str,
    mean: Float[np.ndarray, " K"],
    standard_error: Float[np.ndarray, " K"],
    fitted: Float[np.ndarray, " K"] | None,
) -> tuple[dict[str, Any], ...]:
    """One plain-data series for each combination of the sizes other than ``x``."""
    groups: dict[tuple[tuple[str, Real], ...], list[int]] = {}
    for k, point in enumerate(points):
        rest = tuple((name, level) for name, level in point.items() if name != x)
        groups.setdefault(rest, []).append(k)
    series = []
    for rest, indices in groups.items():
        series.append(
            {
                "label": label + "".join(f", {name}={level}" for name, level in rest),
                "x_name": x,
                "x": [points[k][x] for k in indices],
                "mean": [number(mean[k]) for k in indices],
                "standard_error": [number(standard_error[k]) for k in indices],
                "fit": None if fitted is None else [number(fitted[k]) for k in indices],
            }
        )
    return tuple(series)


def sampled(n: int, worst: float) -> str:
    """The word for 'looked for and not found', which is not 'proved'."""
    return f"SAMPLED({n}, {worst:.3g})"


def searched(data: Data, role: str, *, least: bool, name: str, allowed: str) -> str:
    """What was looked at, where the worst case is, and what is allowed, in words."""
    values = data.matrix(role)
    worst = np.argmin(values) if least else np.argmax(values)
    where = at(data.points[int(worst) % values.shape[1]])
    which = "smallest" if least else "largest"
    return (
        f"{sampled(values.size, float(values.flat[worst]))}: the {which} {name} of "
        f"{values.size}{where}; allowed {allowed}"
    )
