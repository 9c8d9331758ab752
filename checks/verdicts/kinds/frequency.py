"""Claims about how often something happens, decided by exact tests of counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy  # its parts are loaded when they are used: statistics take a second
from jaxtyping import Float
from scipy import special

from checks.verdicts.claim import SAMPLE, Claim, Role
from checks.verdicts.data import Data, Measure, Real, at
from checks.verdicts.finding import Finding, estimate_of
from checks.verdicts.outcome import Test
from checks.verdicts.values import ClaimError, stated


@dataclass(frozen=True, kw_only=True, eq=False)
class FrequencyClaim(Claim):
    """Events of a random network have probabilities in stated ranges.

    - ``sample(size, keys) -> (n, q)`` or ``(n,)``: zeros and ones, one row a seed, one column an
      event.
    - ``events``: what each column says, q short texts.
    - ``low``, ``high``: the claimed range of each probability, numbers or (q,). Refuted and
      supported by exact binomial tests (Clopper-Pearson).
    - ``contrasts``: pairs (i, j): event i happens more often than event j, by McNemar's exact test
      on the seeds in which one of them happens alone: the events share their seeds.
    """

    sample: Measure
    events: Sequence[str]
    low: Real | Sequence[Real] | np.ndarray = 0.0
    high: Real | Sequence[Real] | np.ndarray = 1.0
    contrasts: Sequence[tuple[int, int]] = ()

    measured: ClassVar[str] = "sample"

    def check(self) -> None:
        """Reject ranges that nothing or everything satisfies, and columns that do not exist."""
        if not _texts(self.events):
            raise ClaimError(
                f"claim {self.id}: expected events as a list of texts, one a column, received "
                f"{self.events!r}"
            )
        if not _pairs(self.contrasts):
            raise ClaimError(
                f"claim {self.id}: expected contrasts as a list of pairs of columns, received "
                f"{self.contrasts!r}"
            )
        low, high = self.ranges()
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        if np.any(low < 0) or np.any(high > 1) or np.any(low >= high):
            raise ValueError(
                f"claim {self.id}: expected 0 <= low < high <= 1 for each of {len(self.events)} "
                f"events, received low {low}, high {high}"
            )
        compared = {k for pair in self.contrasts for k in pair}
        if not compared <= set(range(len(self.events))):
            raise ValueError(
                f"claim {self.id}: expected pairs of events 0 to {len(self.events) - 1} in "
                f"contrasts, received {self.contrasts}"
            )
        if np.any((low == 0) & (high == 1) & ~np.isin(np.arange(len(low)), list(compared))):
            raise ValueError(
                f"claim {self.id}: an event without a range and contrast claims nothing"
            )

    def ranges(self) -> tuple[Float[np.ndarray, " q"], Float[np.ndarray, " q"]]:
        """Low and high of every event."""
        shape = (len(self.events),)
        low, high = (stated(self.id, name, getattr(self, name)) for name in ("low", "high"))
        return np.broadcast_to(low, shape), np.broadcast_to(high, shape)

    def roles(self) -> dict[str, Role]:
        """Zeros and ones, or truth values."""
        return {"sample": Role(self.sample, SAMPLE, events=True)}

    def finding(self, data: Data) -> Finding:
        """Counts against their ranges, and pairs of counts against each other."""
        low, high = self.ranges()
        tests = []
        for point, values in zip(data.points, data.arrays["sample"], strict=True):
            table = values.reshape(len(values), -1)
            if table.shape[1] != len(self.events) or not np.isin(table, (0, 1)).all():
                raise ClaimError(
                    f"claim {self.id}: expected {len(self.events)} columns of zeros and ones, "
                    f"received shape {values.shape} with values from {values.min()} to "
                    f"{values.max()}"
                )
            counts = [int(column.sum()) for column in table.T]
            for k, event in enumerate(self.events):
                if low[k] > 0 or high[k] < 1:
                    name = f"frequency of “{event}”{at(point)}"
                    tests.append(
                        _range_test(name, counts[k], len(table), float(low[k]), float(high[k]))
                    )
            for i, j in self.contrasts:
                name = f"“{self.events[i]}” more often than “{self.events[j]}”{at(point)}"
                alone = table[:, i] - table[:, j]
                first, second = int((alone > 0).sum()), int((alone < 0).sum())
                tests.append(_contrast_test(name, first, second, len(table)))
        return Finding(tuple(tests), {test.name: estimate_of(test) for test in tests})


def _texts(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and bool(value)
        and all(isinstance(text, str) for text in value)
    )


def _pairs(value: Any) -> bool:
    return isinstance(value, Sequence) and all(
        isinstance(pair, Sequence) and len(pair) == 2 and all(type(k) is int for k in pair)
        for pair in value
    )


def _range_test(name: str, count: int, n: int, low: float, high: float) -> Test:
    """Exact: the p-value at the nearest end of the range is the largest over the range."""
    below = float(scipy.stats.binom.cdf(count, n, low)) if low > 0 else 1.0
    above = float(scipy.stats.binom.sf(count - 1, n, high)) if high < 1 else 1.0
    sides = int(low > 0) + int(high < 1)
    too_low = float(scipy.stats.binom.sf(count - 1, n, low)) if low > 0 else 0.0
    too_high = float(scipy.stats.binom.cdf(count, n, high)) if high < 1 else 0.0
    return Test(
        name, count / n, _spread(count, n), n - 1.0, low, high,
        refutation=min(1.0, sides * min(below, above)), support=max(too_low, too_high),
        exact=_interval(count, n),
    )  # fmt: skip


def _contrast_test(name: str, first: int, second: int, n: int) -> Test:
    """Exact, from the numbers of seeds in which one event happens and the other does not.

    Where the two are equally probable, each such seed is a fair coin.
    """
    difference, alone = (first - second) / n, first + second
    variance = (alone + 2) / (n + 2) - (first - second) ** 2 / (n + 2) ** 2
    # Each probability has an interval of 99.5 %, so their difference has one of 99 %.
    (low, high), (other_low, other_high) = (_interval(k, n, 0.995) for k in (first, second))
    return Test(
        name, difference, (variance / n) ** 0.5, n - 1.0, 0.0, np.inf,
        refutation=float(scipy.stats.binom.sf(second - 1, alone, 0.5)),
        support=float(scipy.stats.binom.sf(first - 1, alone, 0.5)),
        exact=(low - other_high, high - other_low),
    )  # fmt: skip


def _interval(count: int, n: int, level: float = 0.99) -> tuple[float, float]:
    """Clopper and Pearson's, which never leaves [0, 1]."""
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else float(special.betaincinv(count, n - count + 1, tail))
    high = 1.0 if count == n else float(special.betaincinv(count + 1, n - count, 1 - tail))
    return low, high


def _spread(count: int, n: int) -> float:
    """Standard error with one success and one failure added: not zero for none or all."""
    share = (count + 1) / (n + 2)
    return float((share * (1 - share) / n) ** 0.5)
