"""Errors without sampling error: what local slopes say of an exponent, and what must be assumed.

No probability can be stated. The assumption is Richardson's: error = C n^-p (1 + a n^-s + smaller)
with s >= 1/2. The slopes between neighbouring levels then go to -p in one direction, and shrink by
an order that tends to s: from below for a > 0, from above for a < 0. So the limit lies beyond the
last slope, at most as far as the least order seen in the last changes, or 1/2 if that is less,
would lead for ever. Where the changes do not shrink, it lies beyond the last slope, and no one
knows how far: a large correction of order 1/2 moves slowly and far. Slopes that turn are no such
law: the limit is then taken to be within three changes (the factor of the grid convergence index
for what does not converge) or as far as order 1/2 would lead, and so where all changes are as small
as the digits of a table.

The digits of a table move its slopes, most where levels are close: ranges are wider by that.

A floor bends slopes to 0, but not those of the differences of errors: it refutes no rate.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .data import Real

SAFE, UNSAFE = 1.25, 3.0  # Roache's factors, for three levels and more, and for fewer
LEAST_ORDER = 0.5
DIGITS = 1e-3  # changes of a slope that may be the digits of a table, or a correction of 100 : 1
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
    order: float | None  # of the next term, as the last changes show it

    @property
    def words(self) -> str:
        """The last slopes, and how they were read."""
        last = ", ".join(f"{slope:.3g}" for slope in self.local[-3:])
        return f"last slopes {last}: " + ("they settle" if self.steady else "they do not settle")


def read_slopes(
    log_size: Float[np.ndarray, " K"],
    log_error: Float[np.ndarray, " K"],
    order: Real | None = None,
    rounding: Float[np.ndarray, " K"] | None = None,
) -> Slopes:
    """Read the exponent of at least three levels.

    ``order`` of the next term, where it is known; ``rounding``: what each logarithm may be off by,
    which moves slopes and their changes, and with them where these lead.
    """
    steps = np.diff(log_size)
    local = np.diff(log_error) / steps
    changes = np.diff(local)[-3:]
    end, last, largest = float(local[-1]), float(changes[-1]), float(np.abs(changes).max())
    ratio = float(np.exp(steps[-2:].mean()))
    off = _off(steps, np.zeros(len(log_size)) if rounding is None else rounding)
    turns = bool(np.any(changes * last < 0)) or len(changes) < 2
    far = max(UNSAFE, SAFE / (ratio**LEAST_ORDER - 1))
    digits = max(DIGITS, off[1])
    if turns or largest <= digits:
        half = max(largest, off[1]) * far + off[0]
        return Slopes(local, end, end - half, end + half, largest <= digits, None)
    behind, wider = end - (SAFE - 1) * last, off[1] * far + off[0]
    seen = _least_order(log_size, local)
    if seen <= 0:
        low, high = (behind - wider, np.inf) if last > 0 else (-np.inf, behind + wider)
        return Slopes(local, end, float(low), float(high), False, None)

    def rest(s: Real) -> float:
        return float(last * ratio**-s / (1 - ratio**-s))

    beyond = end + SAFE * rest(min(seen, LEAST_ORDER if order is None else order))
    exponent = end + rest(min(seen, 1.0 if order is None else order))
    low, high = min(beyond, behind) - wider, max(beyond, behind) + wider
    return Slopes(local, exponent, low, high, True, seen if np.isfinite(seen) else None)


def _off(
    steps: Float[np.ndarray, " slopes"], rounding: Float[np.ndarray, " K"]
) -> tuple[float, float]:
    """What rounding moves the last slope by, and the last changes of slopes, at most."""
    sides = rounding[:-1] / np.abs(steps), rounding[1:] / np.abs(steps)
    outer = sides[0][:-1] + sides[1][1:]
    inner = rounding[1:-1] * (1 / np.abs(steps[:-1]) + 1 / np.abs(steps[1:]))
    return float(sides[0][-1] + sides[1][-1]), float((outer + inner)[-3:].max())


def _least_order(log_size: Float[np.ndarray, " K"], local: Float[np.ndarray, " slopes"]) -> float:
    """The least order by which the last changes shrink; 0 or less where they do not.

    Levels need not have one ratio: changes are taken over the distance of what they lie between.
    """
    middles = (log_size[:-1] + log_size[1:]) / 2
    changes = np.diff(local) / np.diff(middles)
    centres = (middles[:-1] + middles[1:]) / 2
    logs = np.log(np.maximum(np.abs(changes), np.finfo(float).tiny))
    return float((-np.diff(logs) / np.diff(centres))[-2:].min())


def above_floor(
    log_size: Float[np.ndarray, " K"],
    log_error: Float[np.ndarray, " K"],
    log_claim: Float[np.ndarray, " K"],
) -> float:
    """The least excess over a claimed decay that a floor under the errors does not explain.

    Differences of errors between neighbouring levels have no floor, and those of the claim are in
    proportion to them where it is right. Infinite where errors never fell; without bound below
    where they fell and then do not.
    """
    error, claim = (-np.diff(np.exp(logs - logs.max())) for logs in (log_error, log_claim))
    if np.all(error <= 0) or np.any(claim <= 0):  # nothing goes to a floor
        return np.inf
    if np.any(error[-4:] <= 0):
        return -np.inf
    return read_slopes(log_size[:-1], np.log(error / claim)).low
