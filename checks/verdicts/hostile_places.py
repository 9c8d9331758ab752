"""Studies made to mislead the rules of optima and crossovers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .kinds.location import LocationClaim
from .study import Hostile, unmeasured

SIZES = {"n": [8, 16, 32, 64, 128], "x": [round(2 ** (k / 2)) for k in range(4, 24)]}
Curve = Callable[[float, int], Any]


def _place(
    name: str, right: bool, place: Callable[[int], float], curve: Curve, **fields: Any
) -> Hostile:
    """Normal noise around a curve of the distance from a place, claimed to go like n."""
    given = {"exponent": 1.0, "margin": 0.3, "cap": 1024, "sizes": SIZES, **fields}
    claim = LocationClaim(id=f"hostile/{name}", value=unmeasured, over="x", **given)

    def draw(rng: np.random.Generator, count: int, n: int, x: int) -> np.ndarray:
        return curve(np.log(x / place(n)), n) + 0.1 * rng.standard_normal(count)

    return Hostile(name, right, claim, draw)


def _valley(u: float, n: int) -> float:
    return (1 + u**2) ** 0.5


def _lopsided(u: float, n: int) -> float:
    """Four times as steep on one side, which one depends on n."""
    return abs(u) * (4 if (u > 0) == (n in (8, 32, 128)) else 1)


def _bent(n: int) -> float:
    """A place that goes up and down again: from n = 8 to 128, and there alone, it goes like n."""
    return 1408.0 * (n / 32) ** (3.5 if n < 32 else -1.5)


def _off(slope: float) -> Hostile:
    """Valleys whose places are seen, but not their sides at once."""
    sizes = {**SIZES, "n": [8, 32, 128]}
    name = f"optimum-off-a-power-law-slope-{slope:g}"
    return _place(name, False, _bent, lambda u, n: slope * abs(u), sizes=sizes)


def _crossed(name: str, right: bool, power: float) -> Hostile:
    """Two lines in log x that cross at 4.7 n**power."""

    def line(slope: float) -> Any:
        def draw(rng: np.random.Generator, count: int, n: int, x: int) -> np.ndarray:
            return slope * np.log(x / (4.7 * n**power)) + 0.3 * rng.standard_normal(count)

        return draw

    claim = LocationClaim(
        id=f"hostile/{name}", value=unmeasured, other=unmeasured, over="x", exponent=1.0,
        margin=0.2, cap=1024, sizes=SIZES,
    )  # fmt: skip
    return Hostile(name, right, claim, line(0.5), line(-0.5))


PLACES = (
    _place("optimum-that-moves", True, lambda n: 4.0 * n, _valley),
    _place("optimum-that-stays", True, lambda n: 64.0, _valley, exponent=0.0),
    _place("optimum-of-lopsided-curves", True, lambda n: 4.0 * n, _lopsided),
    _place("optimum-that-moves-too-slowly", False, lambda n: 20.0 * n**0.4, _valley),
    _place("optimum-at-the-edge", False, lambda n: 10.0 * n**0.7, _valley),
    _place("optimum-that-stays-claimed-to-move", False, lambda n: 64.0, _lopsided),
    _place("optimum-of-a-flat-curve", True, lambda n: 4.0 * n, lambda u, n: 0.03 * u**2),
    _place("optimum-of-two-valleys", False, lambda n: 4.0 * n, lambda u, n: abs(abs(u) - 1.2)),
    _off(0.04),
    _off(0.06),
    _crossed("crossover-that-moves", True, 1.0),
    _crossed("crossover-that-moves-too-slowly", False, 0.5),
    _crossed("crossover-at-the-edge", False, 0.8),
)
