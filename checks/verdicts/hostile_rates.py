"""Studies made to mislead the rules of rates, constants and decays: next orders, floors."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from .claim import CAP, Mutant
from .data import Real
from .kinds.constant import ConstantClaim
from .kinds.decay import DecayClaim
from .kinds.rate import RateClaim
from .study import SEEDS, Draw, Hostile, noise, unmeasured

n, L, H = sp.symbols("n L H", positive=True)
EIGHT = {"n": [2**k for k in range(2, 10)]}
UNEVEN = {"n": [3, 5, 9, 20, 33, 70, 150, 400]}
GRID = {"L": [8, 16, 32, 64, 128], "H": [1, 2, 4, 8, 16]}
MIXED = 1 / L + L ** sp.Rational(-1, 3) * H ** sp.Rational(-1, 2)
TIMES = np.linspace(0, 5, 11)


def _rate(name: str, right: bool, truth: Callable[..., Any], **fields: Any) -> Hostile:
    """Log-normal errors around a truth, claimed to be of order 1/n."""
    given = {"sizes": EIGHT, "predicted": 1 / n, "kind": "exact", **SEEDS, **fields}
    claim = RateClaim(id=f"hostile/{name}", error=unmeasured, **given)
    return Hostile(
        name, right, claim, lambda rng, count, **sizes: truth(**sizes) * noise(rng, count)
    )


def _constant(name: str, right: bool, truth: Callable[..., Any]) -> Hostile:
    """Log-normal errors around a truth, claimed to go like 1/n with constant one."""
    mean = float(np.exp(0.08))  # of the noise
    claim = ConstantClaim(
        id=f"hostile/{name}", error=unmeasured, sizes=EIGHT, predicted=1 / n, constant=mean, **SEEDS
    )
    return Hostile(name, right, claim, lambda rng, count, n: truth(n) * noise(rng, count))


def _bound(name: str, right: bool, truth: Callable[[Any, Any], Any]) -> Hostile:
    """Errors claimed to be at most of a mixed order, with a mutant of its own."""
    mutant = Mutant("full-depth", "L^-1 H^-1/2 claimed", {"predicted": 1 / (L * sp.sqrt(H))})
    return _rate(
        name, right, truth, sizes=GRID, predicted=MIXED, kind="upper bound", margin=0.15,
        mutants=(mutant,),
    )  # fmt: skip


def _decay(name: str, right: bool, truth: Callable[[Any], Any], **fields: Any) -> Hostile:
    """Log-normal curves around a truth in t, claimed to decay like exp(-t)."""
    claim = DecayClaim(
        id=f"hostile/{name}", curve=unmeasured, times=TIMES, rate=1.0, **SEEDS, **fields
    )
    return Hostile(
        name, right, claim, lambda rng, count: truth(TIMES) * noise(rng, (count, len(TIMES)))
    )


def _first(name: str, draw: Draw, predicted: sp.Expr, levels: list[int]) -> Hostile:
    """A first claim of a newcomer, with every default."""
    claim = RateClaim(
        id=f"hostile/{name}", error=unmeasured, sizes={"n": levels}, predicted=predicted
    )
    return Hostile(name, True, claim, draw)


def _squares(rng: np.random.Generator, count: int, n: int) -> np.ndarray:
    """Squared means of n normal numbers."""
    return rng.standard_normal(count) ** 2 / n


def _blown_up(rng: np.random.Generator, count: int, n: int) -> np.ndarray:
    """One seed in three hundred is ten orders of magnitude off, at any size."""
    return noise(rng, count) / n * np.where(rng.random(count) < 0.003, 1e10, 1.0)


def _heads(rng: np.random.Generator, count: int, n: int) -> np.ndarray:
    """How far the share of heads of n coins is from a half."""
    return np.abs(rng.binomial(n, 0.5, count) / n - 0.5)


def _bump(t: np.ndarray, size: Real) -> np.ndarray:
    return 1 + size * np.exp(-t)


def _mixed(L: Real, H: Real) -> float:
    return 1 / L + (L * H) ** -0.5


def _onto(L: Real, H: Real) -> float:
    return 1 / L + L ** (-1 / 3) * H**-0.5


def _quadrature(name: str, right: bool, truth: Callable[..., Any], **fields: Any) -> Hostile:
    """Errors claimed to be of order 1/L and (L H)^-1/2 in quadrature, or so in one size."""
    predicted = sp.sqrt(L**-2 + 1 / (L * H))
    return _rate(name, right, truth, **{"sizes": GRID, "predicted": predicted, **fields})


def _root(L: Real, H: Real) -> float:
    return (L**-2.0 + 0.25 / (L * H)) ** 0.5


def _root_of_one(n: Real) -> float:
    return (n**-2.0 + 0.1 / n) ** 0.5


ONE_SIZE = {"sizes": EIGHT, "predicted": sp.sqrt(n**-2 + 1 / n)}
FINEST = _mixed(128, 16)
NEXT_ORDER = (
    _rate("slower-rate-behind-a-large-correction", False, lambda n: n**-0.85 * (1 + 40 / n)),
    _rate("much-slower-rate-behind-a-larger-one", False, lambda n: n**-0.75 * (1 + 80 / n)),
    _rate("right-rate-behind-a-large-correction", True, lambda n: (1 + 60 / n) / n),
    _rate("right-rate-below-a-correction", True, lambda n: (1 - 3.8 / n) / n),
    _rate("right-rate-with-a-half-order", True, lambda n: (1 + 5 * n**-0.5) / n),
    _rate("slower-rate-with-a-half-order", False, lambda n: n**-0.85 * (1 + 5 * n**-0.5)),
    _rate("slower-rate-with-a-smaller-one", False, lambda n: n**-0.85 * (1 + 2 * n**-0.5)),
    _rate("right-rate-above-a-half-order", True, lambda n: (1 - 0.8 * n**-0.5) / n),
    _rate("right-rate-with-a-third-order", True, lambda n: (1 + 3 * n ** (-1 / 3)) / n),
    _rate("right-rate-with-a-second-order", True, lambda n: (1 + 20 * n**-2.0) / n),
    _rate("edge-above-a-half-order", False, lambda n: n**-1.1 * (1 - 0.3 * n**-0.5)),
    _rate("edge-behind-a-half-order", False, lambda n: n**-0.9 * (1 + 0.3 * n**-0.5)),
    _rate("edge-behind-a-larger-half-order", False, lambda n: n**-0.9 * (1 + 2 * n**-0.5)),
    _rate(
        "edge-behind-a-half-order-on-uneven-levels",
        False,
        lambda n: n**-0.9 * (1 + 2.7 * n**-0.5),
        sizes=UNEVEN,
    ),
    _rate(
        "edge-behind-a-half-order-named",
        False,
        lambda n: n**-0.9 * (1 + 2 * n**-0.5),
        next_order=0.5,
        cap=4096,
    ),
    _rate(
        "edge-above-a-half-order-default-cap",
        False,
        lambda n: n**-1.1 * (1 - 0.3 * n**-0.5),
        cap=CAP,
    ),
    _rate("half-order-named", True, lambda n: (1 + n**-0.5) / n, next_order=0.5),
    _rate("pre-asymptotic-of-unknown-order", True, lambda n: (1 + 2 / n) / n),
    _rate("pre-asymptotic-of-unknown-order-default-cap", True, lambda n: (1 + 2 / n) / n, cap=CAP),
    _constant("right-constant-with-a-half-order", True, lambda n: (1 + 2 * n**-0.5) / n),
    _constant("wrong-constant-with-a-half-order", False, lambda n: (0.8 + 2 * n**-0.5) / n),
    _constant("right-constant", True, lambda n: (1 + 2 / n) / n),
    _decay("slower-decay-behind-a-transient", False, lambda t: np.exp(-0.8 * t) * _bump(t, 40)),
    _decay("right-decay-behind-a-transient", True, lambda t: np.exp(-t) * _bump(t, 60)),
)
FIRST = (
    _first("squared-mean-six-levels", _squares, 1 / n, [8, 16, 32, 64, 128, 256]),
    _first("squared-mean-eight-levels", _squares, 1 / n, [2**k for k in range(2, 10)]),
    _first("share-of-heads-six-levels", _heads, 1 / sp.sqrt(n), [8, 16, 32, 64, 128, 256]),
    _first("share-of-heads-eight-levels", _heads, 1 / sp.sqrt(n), [2**k for k in range(2, 10)]),
)
BLOWN_UP = (
    Hostile(
        "blow-ups-in-rare-seeds", True, _rate("blow-ups", True, lambda n: 1 / n).subject, _blown_up
    ),
)
NOT_COVERED = tuple(
    replace(study, covered=False)
    for study in (
        _rate("slower-rate-beyond-the-range", False, lambda n: 1 / n + n**-0.5 / 400),
        _rate("floor-behind-a-faster-rate", False,  # three tenths of the finest error
              lambda n: n**-1.1 + 3 / 7 * 512**-1.1, next_order=None),
        _constant("constant-of-a-wave-between-the-levels", False,
                  lambda n: (1 + 0.5 * np.sin(2 * np.pi * np.log2(n))) / n),
        Hostile("slower-rate-in-one-seed-of-ten-thousand", False,
                replace(_rate("rare", False, lambda n: 1 / n).subject, id="hostile/rare-slower"),
                lambda rng, count, n: noise(rng, count)
                / n * np.where(rng.random(count) < 1e-4, 1e4 * n**0.5 / 8, 1.0)),
    )
)  # fmt: skip
FLOORS = (
    _bound("floor-like-the-finest-error", False, lambda L, H: _mixed(L, H) + 0.99 * FINEST),
    _bound("floor-of-twice-the-finest-error", False, lambda L, H: _mixed(L, H) + 2 * FINEST),
    _bound("floor-in-one-size", False, lambda L, H: (1 / L + 0.01) / H),
    _bound("sum-below-a-mixed-bound", True, lambda L, H: _mixed(L, H)),
    _bound("root-of-squares-below-it", True, lambda L, H: (L**-2.0 + 0.25 / (L * H)) ** 0.5),
    _bound("errors-on-the-bound", True, lambda L, H: _onto(L, H)),
    _bound("one-term-far-below", True, lambda L, H: L**-2.0),
    _bound("slower-within-the-margin-of-a-bound", True, lambda L, H: _onto(L, H) * (L * H) ** 0.12),
    _rate(
        "slower-within-a-wide-margin", True, lambda n: n**-0.8, margin=0.25, next_order=1, cap=4096
    ),
    _rate("slower-within-the-margin", True, lambda n: n**-0.92, next_order=None, cap=4096),
)
QUADRATURE = (
    _quadrature("quadrature", True, _root),
    _quadrature("quadrature-as-a-bound", True, _root, kind="upper bound", margin=0.15),
    _quadrature("sum-under-a-bound-in-quadrature", True, _mixed, kind="upper bound", margin=0.15),
    _quadrature("quadrature-in-one-size", True, _root_of_one, **ONE_SIZE),
    _quadrature("quadrature-falls-faster", False, lambda L, H: _root(L, H) * L**-0.2),
    _quadrature("quadrature-falls-more-slowly", False, lambda L, H: _root(L, H) * H**0.2),
    _quadrature("quadrature-at-the-edge", False, lambda L, H: _root(L, H) * L**-0.1),
    _quadrature("quadrature-at-the-other-edge", False, lambda L, H: _root(L, H) * L**0.1),
    _quadrature("quadrature-of-one-term", False, lambda L, H: 1 / L),
    _quadrature(
        "quadrature-on-a-floor",
        False,
        lambda L, H: (_root(L, H) ** 2 + _root(128, 16) ** 2) ** 0.5,
    ),
    _quadrature(
        "quadrature-above-its-bound",
        False,
        lambda L, H: _root(L, H) * (L * H) ** 0.3,
        kind="upper bound",
        margin=0.15,
    ),
    _quadrature(
        "quadrature-in-one-size-at-the-edge", False, lambda n: _root_of_one(n) * n**-0.1, **ONE_SIZE
    ),
)
SUMS = (
    _rate(
        "sum-in-one-size",
        True,
        lambda n: n**-2.0 + 1e-3 * n**-0.5,
        predicted=n**-2 + 1 / sp.sqrt(n),
    ),
    _rate(
        "sum-in-one-size-at-the-edge",
        False,
        lambda n: (1 / n + 0.3 * n**-0.5) * n**-0.1,
        predicted=1 / n + 1 / sp.sqrt(n),
    ),
    _rate(
        "sum-with-a-slower-term",
        False,
        lambda L, H: L**-0.8 + 0.5 / H,
        sizes=GRID,
        predicted=1 / L + 1 / H,
    ),
)
