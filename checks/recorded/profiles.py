"""The exponents that some power law with a correction allows: a profile of the misfit."""

from collections.abc import Sequence

import numpy as np

from checks.verdicts.fit import least_misfit
from checks.verdicts.levels import Levels
from checks.verdicts.model import Shape
from checks.verdicts.outcome import t_quantile

FARTHEST, FINEST = 20.0, 1e-3  # of an exponent: how far it is looked for, and how finely


def profiled(
    levels: Levels, shapes: Sequence[Shape], j: int, starts: Sequence[float]
) -> tuple[float, float]:
    """The ends of the 99 % region of the exponent of size ``j``, looked for from ``starts`` on.

    An exponent belongs to it if some shape, with corrections kept small enough to be such, fits
    with it nearly as well as the best does with any: by the likelihood and not by its curvature at
    the best fit, for a correction of order 1/2 bends it. Where nothing fits, in the unit of the
    misfit.
    """
    free = [np.array([-FARTHEST, FARTHEST])] * len(shapes[0].log_sizes)

    def misfit(exponent: float | None) -> float:
        regions = list(free)
        if exponent is not None:
            regions[j] = np.array([exponent, exponent])
        return min(least_misfit(levels, s, np.array(regions), bounded=True) for s in shapes)

    best = misfit(None)
    spare = max(1, len(levels.log_mean) - 2 - len(free))
    reach = t_quantile(0.995, max(levels.seeds - 1, 1)) ** 2
    bar = best + reach * max(1.0, best / spare)

    def end(start: float, sign: int) -> float:
        inside, step = start, 0.05
        while misfit(inside + sign * step) <= bar and abs(inside) < FARTHEST:
            inside, step = inside + sign * step, 2 * step
        while step > FINEST:
            step /= 2
            if misfit(inside + sign * step) <= bar:
                inside += sign * step
        return inside + sign * step

    within = [start for start in starts if misfit(start) <= bar]
    if not within:
        return np.inf, -np.inf
    return end(min(within), -1), end(max(within), 1)
