"""Tables of runs and of convergence, and claims about them."""

from typing import Any

import numpy as np
import sympy as sp

from checks.recorded.claim import RecordedRateClaim
from checks.recorded.held import Recorded
from checks.recorded.recorded import recorded
from checks.verdicts import Result, judge

n, h, L, H = sp.symbols("n h L H", positive=True)
LEVELS = (4, 8, 16, 32, 64, 128)


def runs(truth, counts, seed=0, spread=0.3) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    rows = [
        (level, truth(level) * np.exp(spread * rng.standard_normal()), f"r{k}")
        for level, count in zip(LEVELS, counts, strict=True)
        for k in range(count)
    ]
    return {name: [row[i] for row in rows] for i, name in enumerate(("n", "err", "run"))}


def table(truth, counts=(150,) * 6, **how) -> Recorded:
    return recorded(runs(truth, counts, **how), sizes="n", error="err", run="run")


def judged(data: Recorded, predicted, **fields) -> Result:
    return judge(RecordedRateClaim(id="user/table", recorded=data, predicted=predicted, **fields))


def steps(error) -> Recorded:
    sizes = [0.1 / 2**k for k in range(6)]
    return recorded({"h": sizes, "e": [error(x) for x in sizes]}, sizes="h", error="e")


def in_unit_of(unit: float, error=lambda x: x**2 * (1 + x), count: int = 5) -> Recorded:
    """A convergence table whose steps are written in another unit."""
    sizes = [0.1 / 2**k for k in range(count)]
    given = {"h": [x * unit for x in sizes], "e": [error(x) for x in sizes]}
    return recorded(given, sizes="h", error="e")
