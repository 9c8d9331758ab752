"""Runs on one store share what is kept; for other rows none waits for the other."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from checks.suite import sources
from checks.suite.executors import Begins, Measured, always
from checks.suite.leases import Leases
from checks.suite.meter import Cost
from checks.suite.run import Blocks, Stopped, item_of
from checks.suite.snapshot import Snapshot
from checks.suite.store import Store
from checks.suite.targets import Located, Origin
from checks.verdicts import IdentityClaim, Task

HERE = {"module toy": "1"}
UNKEPT = {**HERE, "outside subprocess.Popen": sources.UNPROVED}
CLAIM = IdentityClaim(id="a/b", residual=lambda size, keys: np.zeros(len(keys)))
LOCATED = Located(CLAIM, Origin(room="mean_field_flow"))
TASKS = [Task("a/b:residual", (), block, 4, 0) for block in range(3)]


class Run:
    """One run, and another that computes the first of its items for ever."""

    def __init__(self, path: Path, proof: dict[str, str]) -> None:
        self.store = Store(path, {}, Snapshot(HERE))
        self.keys = [self.store.key(item_of(LOCATED, task)) for task in TASKS]
        self.other, self.proof = Leases(path), proof
        self.free: list[int] = []  # at every item that is computed: those that the other may have
        self.computed: list[int] = []
        assert self.other.take(self.keys[0])
        self.blocks = Blocks(self.execute, self.store)

    def execute(
        self, located: Located, tasks: Sequence[Task], begins: Begins = always
    ) -> Iterator[tuple[int, Measured]]:
        for position, task in enumerate(tasks):
            if begins(position):
                self.free.append(sum(map(self.other.take, self.keys)))
                self.computed.append(TASKS.index(task))
                yield position, Measured({"value": np.zeros(4)}, Cost(0.1), self.proof)

    def measure(self, tasks: Sequence[Task], patience: float = 20.0) -> None:
        # Whoever still waits then raises `Stopped`.
        late = threading.Timer(patience, self.blocks.stop.set)
        late.start()
        try:
            self.blocks.measurer(LOCATED)(tasks)
        finally:
            late.cancel()

    def close(self) -> None:
        self.other.close()
        self.store.close()


def test_a_run_whose_rows_are_not_kept_waits_for_none_and_holds_none(tmp_path: Path) -> None:
    run = Run(tmp_path / "s", UNKEPT)
    run.measure(TASKS)
    assert run.computed == [1, 2, 0]
    assert run.free == [2, 3, 3]  # before the first is computed nobody knows
    run.close()


def test_nor_does_it_at_the_next_look(tmp_path: Path) -> None:
    run = Run(tmp_path / "s", UNKEPT)
    run.measure(TASKS[1:2])
    run.measure([TASKS[0], TASKS[2]])
    assert run.computed == [1, 0, 2]
    assert run.free == [2, 3, 3]
    run.close()


def test_rows_that_are_kept_are_waited_for(tmp_path: Path) -> None:
    run = Run(tmp_path / "s", HERE)
    with pytest.raises(Stopped):
        run.measure(TASKS[:2], patience=3.0)
    assert run.computed == [1]
    assert run.store.get(item_of(LOCATED, TASKS[1])) is not None
    run.close()
