"""Whether an infinite process converges: its terms must fall, at irregular points far out."""

from collections.abc import Callable
from random import Random
from typing import Any

import mpmath

from theory.language.balls import EXACT, magnitude

EXPONENT = 1.1  # terms that fall faster than this power are summable
DOUBTFUL = 0.97  # terms that fall slower than this power are not; in between it is not known
NEAR, FAR = 20, 40  # octaves between which the terms are compared
PER_OCTAVE = 12
SETTLED = -30  # bits: a distance to a limit below this is of the value found, not of the limit


class Divergent(ArithmeticError):
    """An infinite process does not converge, as far as can be seen."""


class Unsettled(ArithmeticError):
    """The value of an infinite process is not known well enough."""


def octave(k: int, number: int = PER_OCTAVE, *, whole: bool = False) -> list[Any]:
    """Irregular numbers between ``2**k`` and ``2**(k + 1)``."""
    draw = Random(f"octave {k}")
    found = [mpmath.mpf(2) ** k * (1 + mpmath.mpf(draw.getrandbits(64)) / 2**64)
             for _ in range(number)]  # fmt: skip
    return [mpmath.floor(x) for x in found] if whole else found


def size(f: Callable[[Any], Any], k: int, *, whole: bool = False) -> Any:
    """The magnitude of the largest value in an octave."""
    return max(magnitude(mpmath.mpmathify(f(x))) for x in octave(k, whole=whole))


def summable(f: Callable[[Any], Any], what: str, *, whole: bool = False, far: int = FAR) -> None:
    """Refuse terms that do not fall faster than a power that is summable."""
    near = far // 2
    before = max(size(f, k, whole=whole) for k in (near - 1, near))
    after = max(size(f, k, whole=whole) for k in (far - 1, far))
    if after == EXACT or after <= before - EXPONENT * (far - near):
        return
    message = f"{what} is not seen to converge absolutely"
    raise (Divergent if after > before - DOUBTFUL * (far - near) else Unsettled)(message)


def approached(distance: Callable[[Any], Any], scale: Any, *, whole: bool = False) -> None:
    """Refuse a limit whose distance does not fall at irregular points."""
    before, after = (size(distance, k, whole=whole) for k in (NEAR // 2, NEAR))
    if after > max(before - 3, 0 + scale + SETTLED):
        raise Divergent("a limit is not approached along irregular points")
