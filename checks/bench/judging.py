"""What a verdict costs: the growth of judging in seeds."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp
from scipy.special import ndtri

from checks.bench.kinds import Row
from checks.verdicts import RateClaim, judge

n = sp.Symbol("n", positive=True)
LEVELS = (8, 16, 32, 64, 128, 256)
SPREAD = 0.5  # of the logarithm of an error, from one network to the next


def normals(keys: np.ndarray, salt: int = 0) -> np.ndarray:
    """A standard normal number for each key, at once: mixed bits, through the quantiles."""
    words = np.asarray(keys, np.uint64)
    mixed = (
        (words[:, 0] << np.uint64(32)) ^ words[:, 1] ^ np.uint64(salt * 0x9E3779B97F4A7C15 % 2**64)
    )
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return ndtri((mixed.astype(float) + 0.5) / 2.0**64)


def error(size: dict, keys: np.ndarray) -> np.ndarray:
    """Errors of order 1/n."""
    return np.exp(SPREAD * normals(keys, int(size["n"]))) / size["n"]


CLAIM = RateClaim(
    id="bench/rate", sizes={"n": list(LEVELS)}, predicted=1 / n, kind="exact", margin=0.1,
    error=error, seeds=16, cap=4096,
)  # fmt: skip


@dataclass(frozen=True)
class InSeeds:
    """The exponent of judging in seeds, with errors that cost next to nothing."""

    name: str = "measuring and judging: exponent in seeds"
    counts: tuple[int, ...] = (256, 1024, 4096)

    def rows(self) -> Iterator[Row]:
        """The slope over some numbers of seeds, in one look each."""
        taken = []
        for count in self.counts:
            claim = replace(CLAIM, seeds=count, cap=count)
            start = time.perf_counter()
            judge(claim, seed=0)
            taken.append(time.perf_counter() - start)
        slope = float(np.polyfit(np.log(self.counts), np.log(taken), 1)[0])
        yield Row(self.name, slope, "at most 1.1", f"{self.counts[0]} to {self.counts[-1]}")


benchmarks = (InSeeds(),)
