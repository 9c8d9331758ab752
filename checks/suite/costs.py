"""What blocks should take: what such blocks took before, else a cost from sizes and seeds.

The cost of a block is its seeds times the product of its sizes. What one unit takes, blocks of the
same experiment at other sizes say, else all blocks of the store. Where none was ever timed, costs
are compared as they stand: enough to begin with the longest.
"""

import json
import math
import statistics
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from checks.suite.store import Store


class Costs:
    """Seconds of work items, from the timings of a store."""

    def __init__(self, store: Store) -> None:
        """The store is read when something is asked for the first time."""
        self._store = store

    def seconds(self, item: Mapping[str, Any]) -> tuple[float | None, bool]:
        """What a block should take, None where nothing says; and whether such a block was timed."""
        took = self._store.expected(item, self._timed)
        if took is not None:
            return took, True
        rate = self._rates.get(_kind(item), self._rate)
        return (None if rate is None else rate * cost_of(item)), False

    def weight(self, item: Mapping[str, Any]) -> float:
        """By what blocks are put in order: their seconds, or their cost where none is known."""
        seconds, _ = self.seconds(item)
        return cost_of(item) if seconds is None else seconds

    @cached_property
    def _timed(self) -> dict[str, float]:
        return self._store.seconds()

    @cached_property
    def _rates(self) -> dict[tuple[Any, Any], float]:
        """Seconds of a unit of cost, by experiment: the median over its blocks."""
        found: dict[tuple[Any, Any], list[float]] = {}
        for text, took in self._timed.items():
            item = json.loads(text)
            found.setdefault(_kind(item), []).append(took / cost_of(item))
        return {kind: statistics.median(rates) for kind, rates in found.items()}

    @cached_property
    def _rate(self) -> float | None:
        return statistics.median(self._rates.values()) if self._rates else None


def cost_of(item: Mapping[str, Any]) -> float:
    """Seeds times the product of the sizes, of which those below one count as one."""
    sizes = [abs(float(level)) for _, level in item.get("size", ())]
    return float(item.get("count", 1)) * math.prod(max(level, 1.0) for level in sizes)


def _kind(item: Mapping[str, Any]) -> tuple[Any, Any]:
    return item.get("experiment"), item.get("of")
