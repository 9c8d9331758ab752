"""Studies made to mislead the rules of means, frequencies, trends and laws."""

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from .claim import Mutant
from .kinds.frequency import FrequencyClaim
from .kinds.growth import GrowthClaim
from .kinds.independence import IndependenceClaim
from .kinds.law import LawClaim
from .kinds.moment import MomentClaim
from .kinds.monotone import MonotoneClaim
from .study import SEEDS, Draw, Hostile, noise, unmeasured

L, n = sp.symbols("L n", positive=True)


def _moment(name: str, right: bool, sample: Draw, **fields: Any) -> Hostile:
    """Observations whose mean is claimed to be one."""
    claim = MomentClaim(id=f"hostile/{name}", sample=unmeasured, expected=1.0, **SEEDS, **fields)
    return Hostile(name, right, claim, lambda rng, count: np.asarray(sample(rng, count)))


def _contrast(
    name: str, right: bool, probabilities: tuple[float, float], *, exclusive: bool
) -> Hostile:
    """Two events of one uniform number, apart from each other or one within the other."""
    p, q = probabilities

    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        u = rng.random(count)
        return np.stack([u < p, u > 1 - q if exclusive else u < q], axis=1).astype(float)

    claim = FrequencyClaim(
        id=f"hostile/{name}", sample=unmeasured, events=("first", "second"), contrasts=((0, 1),),
        **SEEDS,
        mutants=(Mutant("turned-round", "the second more often", {"contrasts": ((1, 0),)}),),
    )  # fmt: skip
    return Hostile(name, right, claim, draw)


def _drift(name: str, right: bool, draw: Draw, **fields: Any) -> Hostile:
    """Errors that are claimed not to depend on T, for two widths m."""
    sizes = {"T": [8, 16, 32, 64, 128], "m": [1, 2]}
    given = {"sizes": sizes, "size": "T", **SEEDS, **fields}
    return Hostile(
        name, right, IndependenceClaim(id=f"hostile/{name}", error=unmeasured, **given), draw
    )


def _collapse(name: str, right: bool, truth: Callable[[Any, Any], Any]) -> Hostile:
    """Errors that are claimed to depend on L and n through L/n alone."""
    sizes = {"L": [2, 4, 8, 16, 32], "n": [4, 8, 16, 32, 64]}
    claim = IndependenceClaim(
        id=f"hostile/{name}", error=unmeasured, sizes=sizes, through=L / n, size="L", **SEEDS
    )
    return Hostile(name, right, claim, lambda rng, count, L, n: truth(L, n) * noise(rng, count))


def _fall(name: str, right: bool, truth: Callable[[Any], Any]) -> Hostile:
    """Skew errors around a truth in n, claimed to fall from level to level."""
    sizes = {"n": [8, 16, 32, 64]}
    claim = MonotoneClaim(id=f"hostile/{name}", error=unmeasured, sizes=sizes, **SEEDS)
    return Hostile(name, right, claim, lambda rng, count, n: truth(n) * noise(rng, count) ** 2)


def _growth(name: str, right: bool, truth: Callable[[Any], Any], **fields: Any) -> Hostile:
    """Values around a truth in n, claimed to grow like log n."""
    sizes = {"n": [2**k for k in range(2, 14)]}
    claim = GrowthClaim(id=f"hostile/{name}", value=unmeasured, sizes=sizes, **SEEDS, **fields)
    return Hostile(
        name, right, claim, lambda rng, count, n: truth(n) + 0.3 * rng.exponential(size=count)
    )


def _law(name: str, right: bool, left: Draw, other: Draw, **fields: Any) -> Hostile:
    """Two samples that are claimed to have one law."""
    given = {"sizes": {"side": [1]}, **SEEDS, **fields}
    claim = LawClaim(id=f"hostile/{name}", left=unmeasured, right=unmeasured, **given)
    return Hostile(name, right, claim, lambda rng, count, side: left(rng, count),
                   lambda rng, count, side: other(rng, count))  # fmt: skip


def _one_pair(rng: np.random.Generator, count: int, correlation: float, q: int) -> np.ndarray:
    """Normal numbers that are independent but for the first and the one half way."""
    x, k = rng.standard_normal((count, q)), q // 2
    x[:, k] = correlation * x[:, 0] + (1 - correlation**2) ** 0.5 * x[:, k]
    return x


def _triple(rng: np.random.Generator, count: int) -> np.ndarray:
    """Independent in pairs: the sign of the third is that of the product of the others."""
    x = rng.standard_normal((count, 3))
    x[:, 2] = abs(x[:, 2]) * np.sign(x[:, 0] * x[:, 1])
    return x


MEANS = (
    _moment("square-of-a-normal-number", True, lambda rng, size: rng.standard_normal(size) ** 2),
    _moment("fourth-power", True, lambda rng, size: rng.standard_normal(size) ** 4 / 3),
    _moment("sixth-power", True, lambda rng, size: rng.standard_normal(size) ** 6 / 15),
    _moment("exponential-waiting-time", True, lambda rng, size: rng.exponential(size=size)),
    _moment("event-in-a-hundred", True, lambda rng, size: (rng.random(size) < 0.01) / 0.01),
    _moment(
        "event-in-a-hundred-within-bounds", True,
        lambda rng, size: (rng.random(size) < 0.01) / 0.01,
        bounds=(0.0, 100.0),
    ),
    _moment(
        "rare-event-unseen", False, lambda rng, size: 1 + 100.0 * (rng.random(size) < 0.005),
        tolerance=0.1,
    ),
    _moment("variable-within-bounds", True, lambda rng, size: 2 * rng.random(size), bounds=(0, 2)),
    _moment(
        "shifted-within-bounds", False, lambda rng, size: 0.8 * rng.random(size), bounds=(0, 1)
    ),
    _moment("square-of-another-scale", False, lambda rng, size: 1.5 * rng.chisquare(1, size)),
)  # fmt: skip
CONTRASTS = (
    _contrast("exclusive-events-as-frequent", False, (0.4, 0.4), exclusive=True),
    _contrast("exclusive-events-one-more-frequent", True, (0.35, 0.3), exclusive=True),
    _contrast("nested-events-one-more-frequent", True, (0.6, 0.5), exclusive=False),
    _contrast("one-event-twice", False, (0.5, 0.5), exclusive=False),
)
TRENDS = (
    _drift(
        "drifts-that-cancel", False,
        lambda rng, count, T, m: T ** (0.5 if m == 1 else -0.5) * noise(rng, count),
    ),
    _drift(
        "mean-that-grows-where-the-geometric-one-does-not", False,
        lambda rng, count, T, m: np.exp(T / 128 * rng.standard_normal(count)),
    ),
    _drift(
        "skew-errors-without-drift", True,
        lambda rng, count, T, m: np.exp(rng.standard_normal(count)), seeds=16, cap=512,
    ),
    _drift(
        "skew-errors-that-fall", True,
        lambda rng, count, T, m: np.exp(rng.standard_normal(count)) / T, kind="no growth",
    ),
    _collapse("collapse-on-a-quotient", True, lambda L, n: L / n / (1 + L / n)),
    _collapse("collapse-on-another-power", False, lambda L, n: L / n**1.3 / (1 + L / n**1.3)),
    _collapse("collapse-but-for-one-diagonal", False,
              lambda L, n: L / n * (1.6 if L == n == 32 else 1)),
    _collapse("collapse-at-the-edge", False,
              lambda L, n: L / n * (L / 2) ** (np.log(1.25) / np.log(16))),
    _fall("errors-that-fall", True, lambda n: n**-0.5),
    _fall("errors-that-stop-falling", False, lambda n: min(n, 32) ** -0.5),
    _fall("one-step-back", False, lambda n: n**-0.5 * (1.8 if n == 32 else 1)),
    _growth("logarithm", True, lambda n: 1 + np.log(n)),
    _growth("root-of-a-logarithm", False, lambda n: np.log(n) ** 0.5, margin=0.4),
    _growth("logarithm-of-a-logarithm", False, lambda n: 1 + np.log(np.log(n))),
    _growth("quarter-power", False, lambda n: n**0.25),
    _growth("logarithm-of-a-logarithm-under-a-bound", True, lambda n: 1 + np.log(np.log(n)),
            kind="upper bound"),
    _growth("quarter-power-claimed", True, lambda n: 2 * n**0.25, law="power"),
    _growth("logarithm-claimed-a-power", False, lambda n: 1 + np.log(n), law="power"),
    _growth("squared-logarithm-claimed-a-power", False, lambda n: np.log(n) ** 2, law="power"),
)  # fmt: skip
LAWS = (
    _law("one-dependent-pair-of-twenty", False, lambda rng, count: _one_pair(rng, count, 0.9, 20),
         lambda rng, count: rng.standard_normal((count, 20))),
    _law("one-dependent-pair-of-forty", False, lambda rng, count: _one_pair(rng, count, 0.9, 40),
         lambda rng, count: rng.standard_normal((count, 40))),
    _law("forty-heavy-tailed-numbers", True, lambda rng, count: rng.standard_t(2.5, (count, 40)),
         lambda rng, count: rng.standard_t(2.5, (count, 40))),
    _law("twenty-independent-numbers", True, lambda rng, count: rng.standard_normal((count, 20)),
         lambda rng, count: rng.standard_normal((count, 20))),
    _law("dependence-of-three", False, lambda rng, count: _triple(rng, count),
         lambda rng, count: rng.standard_normal((count, 3)), margin=0.1, cap=2048),
    _law("atoms", True, lambda rng, count: rng.integers(3, size=(count, 2)) * 0.1,
         lambda rng, count: rng.integers(3, size=(count, 2)) / 10.0),
    _law("atoms-that-differ-by-rounding", True,
         lambda rng, count: rng.integers(2, size=count) * 0.3,
         lambda rng, count: rng.integers(2, size=count) * (0.1 + 0.2)),
    _law("a-constant-and-its-rounding", True, lambda rng, count: np.full(count, 0.3),
         lambda rng, count: np.full(count, 0.1 + 0.2)),
    _law("an-atom-that-is-missing", False,
         lambda rng, count: np.maximum(rng.standard_normal(count), -0.3),
         lambda rng, count: rng.standard_normal(count)),
)  # fmt: skip
