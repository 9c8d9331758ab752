"""Who computes the work items: this process, or local worker processes.

Both, and the Dask cluster of `checks.suite.cluster`, call `work`, a pure function of its arguments,
so their numbers are the same.
"""

import logging
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from checks.suite.devices import over_devices
from checks.suite.fingerprint import in_double_precision
from checks.suite.isolation import apart
from checks.suite.meter import Cost, metered, profiled
from checks.suite.outside import making
from checks.suite.reach import during
from checks.suite.snapshot import Proof, own_proof
from checks.suite.targets import Located, Origin
from checks.suite.workers import TooLong, team
from checks.verdicts import ClaimError, Experiment, Table, Task, evaluate, experiments

_log = logging.getLogger(__name__)
ROUNDING = 1e-6  # relative, between two measurements of one thing


@dataclass(frozen=True)
class Measured:
    """A work item's columns, what it cost, and the proof of what measured it.

    It is not ``pure`` if it was measured twice, and other numbers came for the same keys.
    """

    table: Table
    cost: Cost
    proof: Proof
    pure: bool = True


Begins = Callable[[int], bool]  # of a position, when it is its turn: whether it is computed


@runtime_checkable
class Execute(Protocol):
    """Computes items: yields the position of each and what was measured.

    Those of which ``begins`` says no are left out.
    """

    def __call__(
        self, located: Located, tasks: Sequence[Task], begins: Begins = ...
    ) -> Iterator[tuple[int, Measured]]:
        """The items of a claim, as they are computed."""
        ...


def always(position: int) -> bool:
    """Every item is computed."""
    return True


Weight = Callable[[Located, Task], float]  # by what items that wait are put in order


def alike(located: Located, task: Task) -> float:
    """Items begin in the order in which they are asked for."""
    return 0.0


def work(origin: Origin, task: Task, profile: str | None = None, twice: bool = False) -> Measured:
    """Compute one work item from its address, with a trace in the folder ``profile`` if any."""
    experiment, proof = origin.find(task.experiment)
    place = origin.room or origin.file
    with profiled(profile, f"{task.experiment} {task.where} of {place}"), ExitStack() as stack:
        if origin.file:
            stack.enter_context(apart(origin.file))
        return _measured(experiment, task, proof, origin.run, twice)


def _measured(
    experiment: Experiment, task: Task, proof: Proof, run: str | None, twice: bool = False
) -> Measured:
    who = experiment.who
    with in_double_precision(who), making(), during(run or who):
        with metered() as cost:
            table = evaluate(experiment, task)
        pure = not twice or _alike(table, evaluate(experiment, task))
    return Measured(table, cost, own_proof(proof, run), pure)


def _alike(one: Table, other: Table) -> bool:
    """Whether two tables have the same numbers; some devices add in an order that varies.

    A seed that blew up has done so twice.
    """
    same = one.keys() == other.keys() and all(one[n].shape == other[n].shape for n in one)
    return same and all(
        np.allclose(one[n], other[n], rtol=ROUNDING, atol=0, equal_nan=True) for n in one
    )


def repeated(located: Located, tasks: Sequence[Task]) -> list[bool]:
    """Whether each item is measured twice: of a user's file, the first of each experiment.

    A function that draws from anything but its keys is found so. Rooms have tests of their own.
    """
    own = located.origin is not None and bool(located.origin.file)
    begins = [i for i, task in enumerate(tasks) if own and task.start == 0]
    first = {tasks[i].experiment: i for i in reversed(begins)}.values()
    return [i in first for i in range(len(tasks))]


def memory(located: Located, tasks: Sequence[Task]) -> list[int]:
    """The bytes that the experiment of each item says a block needs; 0 where it says nothing."""
    found = experiments((located.claim,))
    return [math.ceil(found[task.experiment].memory) for task in tasks]


def inline(
    located: Located, tasks: Sequence[Task], begins: Begins = always
) -> Iterator[tuple[int, Measured]]:
    """Compute the items here: a room's on all devices, others one after the other.

    Nobody knows whether a user's functions may run side by side in one process.
    """
    origin = located.origin
    proof, run = ({}, None) if origin is None else (origin.proof(), origin.run)
    found = experiments((located.claim,))

    def one(position: int) -> Measured | None:
        task = tasks[position]
        return _measured(found[task.experiment], task, proof, run) if begins(position) else None

    positions = range(len(tasks))
    every = enumerate(map(one, positions)) if run is None else over_devices(one, positions)
    for position, measured in every:
        if measured is not None:
            yield position, measured


@contextmanager
def local(
    jobs: int, limit: float | None = None, profile: str | None = None, weight: Weight = alike
) -> Iterator[Execute]:
    """An executor of ``jobs`` worker processes, which start when there is something to compute.

    With one job, and neither a ``limit`` of seconds for an item nor a folder for its ``profile``,
    rooms are measured in this process. A user's file never is: whatever ends its process costs its
    own claim. Items that say what memory they need run side by side as far as this machine has it;
    of those that wait the one of the largest ``weight`` begins.
    """
    here = jobs == 1 and limit is None and profile is None
    starting = threading.Lock()
    with ExitStack() as stack:
        submit = cache(lambda: stack.enter_context(team(jobs, limit, _say_again)))

        def execute(
            located: Located, tasks: Sequence[Task], begins: Begins = always
        ) -> Iterator[tuple[int, Measured]]:
            origin = located.origin
            if origin is None or not tasks or (here and not origin.file):
                yield from inline(located, tasks, begins)
                return
            with starting:
                ask = submit()
            each = zip(tasks, repeated(located, tasks), memory(located, tasks), strict=True)
            futures = {
                ask(
                    work, origin, task, profile, twice,
                    begins=partial(begins, i), memory=need, weight=weight(located, task),
                ): i
                for i, (task, twice, need) in enumerate(each)
            }  # fmt: skip
            yield from _collect(futures, located, tasks)

        yield execute


def _say_again(origin: Origin, task: Task, *options: object) -> None:
    _log.warning(
        "%s, %s %s: the worker process died (memory?); tried once more while no other runs",
        origin.room or Path(origin.file).name, task.experiment, task.where,
    )  # fmt: skip


def _collect(
    futures: dict[Future, int], located: Located, tasks: Sequence[Task]
) -> Iterator[tuple[int, Measured]]:
    try:
        for future in as_completed(futures):
            try:
                found = future.result()
            except BrokenProcessPool as error:
                raise died(located, tasks[futures[future]]) from error
            except TooLong as error:
                raise _took_too_long(located, tasks[futures[future]], error) from error
            if found is not None:
                yield futures[future], found
    finally:
        for future in futures:
            future.cancel()


def died(located: Located, task: Task) -> ClaimError:
    """What to say of an item whose process died twice."""
    return ClaimError(
        f"claim {located.claim.id}, {task.experiment} {task.where}: the worker process died, and "
        "so did another that tried again (memory, a crash, or an exit)"
    )


def _took_too_long(located: Located, task: Task, error: TooLong) -> ClaimError:
    return ClaimError(
        f"claim {located.claim.id}, {task.experiment} {task.where}: {error}; raise --time-limit, "
        "or give the experiment a smaller block"
    )
