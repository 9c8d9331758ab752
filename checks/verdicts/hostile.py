"""Studies made to mislead the judge: where a rule leans on what the data need not have.

A study is a claim, data that are quick to draw, and whether the claim is right. Right claims may
stay undecided; they may be refuted as seldom as the budget says, and wrong ones supported as
seldom as the judge promises.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from .claim import Claim, Mutant
from .data import Real
from .experiment import Table
from .kinds.constant import ConstantClaim
from .kinds.decay import DecayClaim
from .kinds.frequency import FrequencyClaim
from .kinds.growth import GrowthClaim
from .kinds.independence import IndependenceClaim
from .kinds.law import LawClaim
from .kinds.moment import MomentClaim
from .kinds.rate import RateClaim
from .tasks import Task

n, L, H = sp.symbols("n L H", positive=True)
EIGHT = {"n": [2**k for k in range(2, 10)]}
GRID = {"L": [8, 16, 32, 64, 128], "H": [1, 2, 4, 8, 16]}
MIXED = 1 / L + L ** sp.Rational(-1, 3) * H ** sp.Rational(-1, 2)
TIMES = np.linspace(0, 5, 11)
Draw = Callable[..., np.ndarray]  # (generator, number of seeds, sizes by name) -> one row a seed


@dataclass(frozen=True)
class Hostile:
    """A claim whose data ``draw`` makes (``other`` the right side), and whether it is right."""

    name: str
    right: bool
    subject: Claim
    draw: Draw
    other: Draw | None = None

    def claim(self) -> Claim:
        """The claim; its data come from ``measure``."""
        return self.subject

    def measure(self, tasks: Sequence[Task]) -> list[Table]:
        """Blocks of one draw of as many seeds as the claim may ask for."""
        return [{"value": self._block(task)} for task in tasks]

    def _block(self, task: Task) -> np.ndarray:
        rng = np.random.default_rng([task.seed, *map(int, task.point.values())])
        count = self.subject.at("smoke").looks[-1]
        if self.other is not None and task.experiment.endswith(":right"):
            rng = np.random.default_rng([task.seed, 1])
            return self.other(rng, count)[task.start : task.start + task.count]
        rows = self.draw(rng, count, **task.point)
        return rows[task.start : task.start + task.count]


def unmeasured(size: dict[str, int], keys: np.ndarray) -> np.ndarray:
    """Stands for the function of a claim whose data are drawn by its study."""
    return np.full(len(keys), np.nan)


def _rate(name: str, right: bool, truth: Callable[..., Any], **fields: Any) -> Hostile:
    """Log-normal errors around a truth, claimed to be of order 1/n."""
    given = {"sizes": EIGHT, "predicted": 1 / n, "kind": "exact", **fields}
    claim = RateClaim(id=f"hostile/{name}", error=unmeasured, **given)
    return Hostile(
        name, right, claim, lambda rng, count, **sizes: truth(**sizes) * _noise(rng, count)
    )


def _constant(name: str, right: bool, truth: Callable[..., Any]) -> Hostile:
    """Log-normal errors around a truth, claimed to go like 1/n with constant one."""
    mean = float(np.exp(0.08))  # of the noise
    claim = ConstantClaim(
        id=f"hostile/{name}", error=unmeasured, sizes=EIGHT, predicted=1 / n, constant=mean
    )
    return Hostile(name, right, claim, lambda rng, count, n: truth(n) * _noise(rng, count))


def _bound(name: str, right: bool, truth: Callable[[Any, Any], Any]) -> Hostile:
    """Errors claimed to be at most of a mixed order, with a mutant of its own."""
    mutant = Mutant("full-depth", "L^-1 H^-1/2 claimed", {"predicted": 1 / (L * sp.sqrt(H))})
    return _rate(
        name, right, truth, sizes=GRID, predicted=MIXED, kind="upper bound", margin=0.15,
        mutants=(mutant,),
    )  # fmt: skip


def _decay(name: str, right: bool, truth: Callable[[Any], Any], **fields: Any) -> Hostile:
    """Log-normal curves around a truth in t, claimed to decay like exp(-t)."""
    claim = DecayClaim(id=f"hostile/{name}", curve=unmeasured, times=TIMES, rate=1.0, **fields)
    return Hostile(
        name, right, claim, lambda rng, count: truth(TIMES) * _noise(rng, (count, len(TIMES)))
    )


def _moment(name: str, right: bool, sample: Draw, **fields: Any) -> Hostile:
    """Observations whose mean is claimed to be one."""
    claim = MomentClaim(id=f"hostile/{name}", sample=unmeasured, expected=1.0, **fields)
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
        mutants=(Mutant("turned-round", "the second more often", {"contrasts": ((1, 0),)}),),
    )  # fmt: skip
    return Hostile(name, right, claim, draw)


def _mixed(L: Real, H: Real) -> float:
    return 1 / L + (L * H) ** -0.5


FINEST = _mixed(128, 16)


def _drift(name: str, right: bool, draw: Draw, **fields: Any) -> Hostile:
    """Errors that are claimed not to depend on T, for two widths m."""
    sizes = {"T": [8, 16, 32, 64, 128], "m": [1, 2]}
    given = {"sizes": sizes, "size": "T", **fields}
    return Hostile(
        name, right, IndependenceClaim(id=f"hostile/{name}", error=unmeasured, **given), draw
    )


def _growth(name: str, right: bool, truth: Callable[[Any], Any], **fields: Any) -> Hostile:
    """Values around a truth in n, claimed to grow like log n."""
    sizes = {"n": [2**k for k in range(2, 14)]}
    claim = GrowthClaim(id=f"hostile/{name}", value=unmeasured, sizes=sizes, **fields)
    return Hostile(
        name, right, claim, lambda rng, count, n: truth(n) + 0.3 * rng.exponential(size=count)
    )


def _law(name: str, right: bool, left: Draw, other: Draw, **fields: Any) -> Hostile:
    """Two samples that are claimed to have one law."""
    given = {"sizes": {"side": [1]}, **fields}
    claim = LawClaim(id=f"hostile/{name}", left=unmeasured, right=unmeasured, **given)
    return Hostile(name, right, claim, lambda rng, count, side: left(rng, count), other)


def _bump(t: np.ndarray, size: Real) -> np.ndarray:
    return 1 + size * np.exp(-t)


def _one_pair(rng: np.random.Generator, count: int, correlation: float) -> np.ndarray:
    x = rng.standard_normal((count, 20))
    x[:, 1] = correlation * x[:, 0] + (1 - correlation**2) ** 0.5 * x[:, 1]
    return x


def _triple(rng: np.random.Generator, count: int) -> np.ndarray:
    """Independent in pairs: the sign of the third is that of the product of the others."""
    x = rng.standard_normal((count, 3))
    x[:, 2] = abs(x[:, 2]) * np.sign(x[:, 0] * x[:, 1])
    return x


def _noise(rng: np.random.Generator, shape: int | tuple[int, int]) -> np.ndarray:
    return np.exp(0.4 * rng.standard_normal(shape))


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
    _rate("half-order-named", True, lambda n: (1 + n**-0.5) / n, next_order=0.5),
    _rate("next-order-named", True, lambda n: (1 + 2 / n) / n, next_order=1),
    _constant("right-constant-with-a-half-order", True, lambda n: (1 + 2 * n**-0.5) / n),
    _constant("wrong-constant-with-a-half-order", False, lambda n: (0.8 + 2 * n**-0.5) / n),
    _constant("right-constant", True, lambda n: (1 + 2 / n) / n),
    _decay("slower-decay-behind-a-transient", False, lambda t: np.exp(-0.8 * t) * _bump(t, 40)),
    _decay("right-decay-behind-a-transient", True, lambda t: np.exp(-t) * _bump(t, 60)),
)
FLOORS = (
    _bound("floor-like-the-finest-error", False, lambda L, H: _mixed(L, H) + 0.99 * FINEST),
    _bound("floor-of-twice-the-finest-error", False, lambda L, H: _mixed(L, H) + 2 * FINEST),
    _bound("floor-in-one-size", False, lambda L, H: (1 / L + 0.01) / H),
    _bound("sum-below-a-mixed-bound", True, lambda L, H: _mixed(L, H)),
    _bound("root-of-squares-below-it", True, lambda L, H: (L**-2.0 + 0.25 / (L * H)) ** 0.5),
    _bound("errors-on-the-bound", True, lambda L, H: 1 / L + L ** (-1 / 3) * H**-0.5),
    _bound("one-term-far-below", True, lambda L, H: L**-2.0),
)
MEANS = (
    _moment("square-of-a-normal-number", True, lambda rng, size: rng.standard_normal(size) ** 2),
    _moment("fourth-power", True, lambda rng, size: rng.standard_normal(size) ** 4 / 3),
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
        lambda rng, count, T, m: T ** (0.5 if m == 1 else -0.5) * _noise(rng, count),
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
    _law("one-dependent-pair-of-twenty", False, lambda rng, count: _one_pair(rng, count, 0.9),
         lambda rng, count: rng.standard_normal((count, 20))),
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
HOSTILE = (*NEXT_ORDER, *FLOORS, *MEANS, *CONTRASTS, *TRENDS, *LAWS)
