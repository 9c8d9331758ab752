"""Who computes the work items: this process, local worker processes, or a Dask cluster.

All three call `work`, a pure function of its arguments, so their numbers are the same.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from checks.suite.fingerprint import in_double_precision
from checks.suite.meter import Cost, metered
from checks.suite.outside import making
from checks.suite.problem import InputProblem
from checks.suite.reach import during
from checks.suite.snapshot import Proof, own_proof
from checks.suite.targets import Located, Origin
from checks.suite.workers import TooLong, team
from checks.verdicts import ClaimError, Experiment, Table, Task, evaluate, experiments


@dataclass(frozen=True)
class Measured:
    """A work item's columns, what it cost, and the proof of what measured it."""

    table: Table
    cost: Cost
    proof: Proof


Execute = Callable[[Located, Sequence[Task]], Iterator[tuple[int, Measured]]]  # int: the position


def work(origin: Origin, task: Task) -> Measured:
    """Compute one work item from its address."""
    experiment, proof = origin.find(task.experiment)
    return _measured(experiment, task, proof, origin.run)


def _measured(experiment: Experiment, task: Task, proof: Proof, run: str | None) -> Measured:
    who = experiment.who
    with metered() as cost, in_double_precision(who), making(), during(run or who):
        table = evaluate(experiment, task)
    return Measured(table, cost, own_proof(proof, run))


def inline(located: Located, tasks: Sequence[Task]) -> Iterator[tuple[int, Measured]]:
    """Compute the items here, one after the other."""
    origin = located.origin
    proof, run = ({}, None) if origin is None else (origin.proof(), origin.run)
    found = experiments((located.claim,))
    for position, task in enumerate(tasks):
        yield position, _measured(found[task.experiment], task, proof, run)


@contextmanager
def local(jobs: int, limit: float | None = None) -> Iterator[Execute]:
    """An executor of ``jobs`` worker processes; one job computes in this process.

    With a ``limit`` it does not: an item that takes more seconds is ended with its process.
    """
    if jobs == 1 and limit is None:
        yield inline
        return
    with team(jobs, limit) as submit:

        def execute(located: Located, tasks: Sequence[Task]) -> Iterator[tuple[int, Measured]]:
            if located.origin is None:
                yield from inline(located, tasks)
                return
            futures = {
                submit(work, located.origin, task): position for position, task in enumerate(tasks)
            }
            yield from _collect(futures, located, tasks)

        yield execute


def _collect(
    futures: dict[Future, int], located: Located, tasks: Sequence[Task]
) -> Iterator[tuple[int, Measured]]:
    try:
        for future in as_completed(futures):
            try:
                found = future.result()
            except BrokenProcessPool as error:
                raise _died(located, tasks[futures[future]]) from error
            except TooLong as error:
                raise _took_too_long(located, tasks[futures[future]], error) from error
            yield futures[future], found
    finally:
        for future in futures:
            future.cancel()


def _died(located: Located, task: Task) -> ClaimError:
    return ClaimError(
        f"claim {located.claim.id}, {task.experiment} {task.where}: the worker process died, and "
        "so did another that tried again (memory, a crash, or an exit)"
    )


def _took_too_long(located: Located, task: Task, error: TooLong) -> ClaimError:
    return ClaimError(
        f"claim {located.claim.id}, {task.experiment} {task.where}: {error}; raise --time-limit, "
        "or give the experiment a smaller block"
    )


def _of_same_kind(result: object) -> Measured:
    if isinstance(result, Measured):
        return result
    raise InputProblem(
        expected="Dask workers to run this version of verilimit",
        received=f"a {type(result).__name__} from a worker",
        remedy="Start the workers anew, from the same code.",
    )


@contextmanager
def dask(scheduler: str | None, jobs: int) -> Iterator[Execute]:
    """An executor on the Dask cluster at ``scheduler``, or on a local one of ``jobs`` workers."""
    try:
        from distributed import Client, KilledWorker, LocalCluster
        from distributed import as_completed as dask_completed
    except ImportError as error:
        raise InputProblem(
            expected="the optional dependency dask[distributed] for --executor dask",
            received=f"no such package ({error})",
            remedy="Install verilimit[cluster].",
        ) from error
    options: dict[str, Any] = {"dashboard_address": None}  # typed as str, documented with None
    cluster = scheduler or LocalCluster(n_workers=jobs, threads_per_worker=1, **options)
    try:
        client = Client(cluster, timeout=20)
    except OSError as error:
        raise InputProblem(
            expected="a Dask scheduler that answers",
            received=f"{scheduler} ({error})",
            remedy="Start it, or leave --scheduler away for a local cluster.",
        ) from error

    def execute(located: Located, tasks: Sequence[Task]) -> Iterator[tuple[int, Measured]]:
        if located.origin is None:
            yield from inline(located, tasks)
            return
        futures = {
            client.submit(work, located.origin, t, pure=False): i for i, t in enumerate(tasks)
        }
        try:
            for future in dask_completed(futures):
                try:
                    found = _of_same_kind(future.result())
                except KilledWorker as error:  # of every item that the dead workers had
                    raise _died(located, tasks[futures[future]]) from error
                yield futures[future], found
        finally:
            client.cancel(list(futures))

    try:
        yield execute
    finally:
        client.close()
        if not isinstance(cluster, str):
            cluster.close()
