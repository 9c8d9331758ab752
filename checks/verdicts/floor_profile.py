"""A floor refutes only as far as no exponent that the margin admits explains it.

Over a finite range a slower power looks like the claimed one above a floor. Were the claim right,
the misfit of fits with an exponent within the margin and the largest share allowed, over the least
with any share, would be at most as many squares of normal numbers as there are exponents, and one
for the share.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy import optimize, special

from .data import Real
from .levels import SMALLEST, Levels
from .likelihood import ASKED
from .linear import misfit_unit, whitener
from .outcome import Test

Region = tuple[Float[np.ndarray, " J"], Float[np.ndarray, " J"]]  # excess exponents, from and to
FARTHEST = 20.0  # of an exponent that a bound admits


@dataclass(frozen=True)
class Floored:
    """Terms (p, K) that follow the exponents, and a floor (K,) that does not, as shares of a fit.

    ``finest``: the index of the level at which the floor's share is meant, and at which it is 1.
    """

    levels: Levels
    terms: Float[np.ndarray, "p K"]
    floor: Float[np.ndarray, " K"]
    log_sizes: Float[np.ndarray, "J K"]
    finest: int

    def misfit(
        self, region: Region, start: Float[np.ndarray, " J"], share: Real | None = None
    ) -> tuple[float, float]:
        """The least chi-square with excess exponents in a region, and the floor's share there.

        ``share`` holds the floor to one share of the error at the finest level.
        """
        root = whitener(self.levels)
        target = root @ self.levels.log_mean

        def design(gamma: Float[np.ndarray, " J"]) -> Float[np.ndarray, "K p"]:
            shift = gamma @ self.log_sizes
            moved = self.terms * np.exp(shift - shift.max())  # none is beyond all doubles
            if share is None:
                return np.concatenate([moved, self.floor[None]]).T
            rest = moved[:, [self.finest]]
            return (moved + share / (1 - share) * rest * self.floor).T

        def solved(gamma: Float[np.ndarray, " J"]) -> Float[np.ndarray, " p"]:
            columns = root @ design(gamma)
            length = np.maximum(np.linalg.norm(columns, axis=0), SMALLEST)
            return np.linalg.lstsq(columns / length, target, rcond=None)[0] / length

        def residual(gamma: Float[np.ndarray, " J"]) -> Float[np.ndarray, " K"]:
            return target - root @ (design(gamma) @ solved(gamma))

        box = np.clip(region, -FARTHEST, FARTHEST)
        found = optimize.least_squares(residual, np.clip(start, *box), bounds=box)
        if share is not None:
            return 2 * float(found.cost), float(share)
        coefficients = solved(found.x)
        total = float(design(found.x)[self.finest] @ coefficients)
        return 2 * float(found.cost), float(coefficients[-1]) / total


def within_margin(
    test: Test, floored: Floored, region: Region, start: Float[np.ndarray, " J"]
) -> Test:
    """The test of a floor's share, held to all exponents in a region; ``start``: those fitted."""
    if test.p_refute > ASKED:
        return test
    free, share = floored.misfit(region, start)
    edge, _ = floored.misfit(region, start, test.high)
    count, spare = len(start), len(floored.floor) - len(floored.terms) - 1 - len(start)
    worse = (edge - free) / misfit_unit(free, spare) if share > test.high else 0.0
    tail = float(special.chdtrc(count + 1, max(worse, 0.0)))
    return replace(test, refutation=max(test.p_refute, tail))
