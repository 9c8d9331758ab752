"""Errors without sampling error: what local slopes say of an exponent, and what must be assumed.

No probability can be stated. The assumption is Richardson's: error = C n^-p (1 + a n^-s + smaller)
with s >= 1/2, so that the slopes between neighbouring levels go to -p, and what remains shrinks by
r^-s a level, r the ratio of levels. Where the last three slopes settle so, the limit lies beyond
the last one, as far as s = 1/2 allows and a quarter more (the safety factor 1.25 of the grid
convergence index); where they do not, within three changes of the last slope, either way (its
factor 3).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .data import Real

SAFE, UNSAFE = 1.25, 3.0  # Roache's factors, for three levels and more, and for fewer
LEAST_ORDER = 0.5
ASSUMED = (
    "no sampling error: no probability is stated. Assumed: error = C n^-p (1 + a n^-s + smaller), "
    "levels fine enough that the last slopes show it"
)


@dataclass(frozen=True)
class Slopes:
    """Local slopes (K - 1,), coarse to fine, and the exponent they lead to, with its range."""

    local: Float[np.ndarray, " slopes"]
    exponent: float
    low: float
    high: float
    steady: bool
    order: float | None  # of the next term, as the last three slopes show it

    @property
    def words(self) -> str:
        """The last slopes, and how they were read."""
        last = ", ".join(f"{slope:.3g}" for slope in self.local[-3:])
        return f"last slopes {last}: " + ("they settle" if self.steady else "they do not settle")


def read_slopes(
    log_size: Float[np.ndarray, " K"], log_error: Float[np.ndarray, " K"], order: Real | None = None
) -> Slopes:
    """Read the exponent of at least four levels; ``order`` of the next term where it is known."""
    steps = np.diff(log_size)
    local = np.diff(log_error) / steps
    before, last = np.diff(local)[-2:]
    ratio = float(np.exp(steps[-2:].mean()))
    steady = bool(before * last >= 0 and abs(last) <= abs(before))
    seen = None
    if steady and 0 < abs(last) < abs(before):
        seen = float(np.log(before / last) / np.log(ratio))
    if not steady:
        half = UNSAFE * max(abs(last), abs(before))
        return Slopes(local, float(local[-1]), local[-1] - half, local[-1] + half, False, seen)

    def rest(s: Real) -> float:
        return float(last * ratio**-s / (1 - ratio**-s))

    beyond = local[-1] + SAFE * rest(LEAST_ORDER if order is None else order)
    behind = local[-1] - (SAFE - 1) * last
    exponent = float(local[-1] + rest(1.0 if order is None else order))
    low, high = min(beyond, behind), max(beyond, behind)
    return Slopes(local, exponent, float(low), float(high), True, seen)
