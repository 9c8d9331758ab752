"""What a block should take: as before, else in the proportion of seeds and sizes."""

from pathlib import Path

import numpy as np
import pytest

from checks.suite.costs import Costs, cost_of
from checks.suite.fingerprint import environment
from checks.suite.store import Store


def _item(experiment: str, n: int, start: int = 0) -> dict:
    return {"experiment": experiment, "size": [["n", n], ["tau", 0.5]], "start": start,
            "count": 4, "seed": 0, "of": "room x"}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "s.sqlite", environment())


def _timed(store: Store, seconds: float, experiment: str, n: int) -> None:
    store.put(_item(experiment, n), {"value": np.zeros(4)}, seconds)


def test_nothing_is_said_where_nothing_was_timed_and_the_larger_is_heavier(store: Store) -> None:
    costs = Costs(store)
    assert costs.seconds(_item("a", 8)) == (None, False)
    assert costs.weight(_item("a", 64)) > costs.weight(_item("a", 8))
    assert cost_of(_item("a", 8)) == 4 * 8  # what is below one is no size


def test_such_a_block_says_most_then_the_experiment_then_the_others(store: Store) -> None:
    _timed(store, 2.0, "a", 8)
    _timed(store, 32.0, "b", 8)
    costs = Costs(store)
    assert costs.seconds(_item("a", 8, start=4)) == (2.0, True)
    assert costs.seconds(_item("a", 80)) == (20.0, False)
    seconds, timed = costs.seconds(_item("c", 8))
    assert (seconds, timed) == (17.0, False)  # the median of both rates
