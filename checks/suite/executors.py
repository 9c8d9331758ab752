"""Who computes the work items: this process, local worker processes, or a Dask cluster.

All three call `work`, a pure function of its arguments, so their numbers are the same.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

import numpy as np

from checks.suite.problem import InputProblem
from checks.suite.targets import Located, Origin
from checks.suite.workers import team
from checks.verdicts import Task, evaluate

Measured = tuple[int, np.ndarray, float]  # position in the request, value, seconds
Execute = Callable[[Located, Sequence[Task]], Iterator[Measured]]


def work(origin: Origin, task: Task) -> tuple[np.ndarray, float]:
    """Compute one work item from its address; returns the array and the seconds it took."""
    return _timed(origin.find(task.claim_id), task)


def _timed(claim, task: Task) -> tuple[np.ndarray, float]:
    start = time.perf_counter()
    value = np.asarray(evaluate(claim, task))
    return value, time.perf_counter() - start


def inline(located: Located, tasks: Sequence[Task]) -> Iterator[Measured]:
    """Compute the items here, one after the other."""
    for position, task in enumerate(tasks):
        yield position, *_timed(located.claim, task)


@contextmanager
def local(jobs: int) -> Iterator[Execute]:
    """An executor of ``jobs`` worker processes; one job computes in this process.

    Items of one draw go to one worker as far as that keeps the others busy.
    """
    if jobs == 1:
        yield inline
        return
    with team(jobs) as submit:

        def execute(located: Located, tasks: Sequence[Task]) -> Iterator[Measured]:
            if located.origin is None:
                yield from inline(located, tasks)
                return
            futures = {
                submit(located.claim.draw_name, work, located.origin, task): position
                for position, task in enumerate(tasks)
            }
            yield from _collect(futures, located)

        yield execute


def _collect(futures: dict[Future, int], located: Located) -> Iterator[Measured]:
    try:
        for future in as_completed(futures):
            value, seconds = future.result()
            yield futures[future], value, seconds
    except BrokenProcessPool as error:
        raise InputProblem(
            expected=f"the workers to survive measuring {located.claim.id}",
            received="a worker process that died (memory, or a crash)",
            remedy="Run again with --jobs 1; finished items are kept.",
        ) from error
    finally:
        for future in futures:
            future.cancel()


@contextmanager
def dask(scheduler: str | None, jobs: int) -> Iterator[Execute]:
    """An executor on the Dask cluster at ``scheduler``, or on a local one of ``jobs`` workers."""
    try:
        from distributed import Client, LocalCluster
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

    def execute(located: Located, tasks: Sequence[Task]) -> Iterator[Measured]:
        if located.origin is None:
            yield from inline(located, tasks)
            return
        futures = {
            client.submit(work, located.origin, t, pure=False): i for i, t in enumerate(tasks)
        }
        try:
            for future in dask_completed(futures):
                value, seconds = future.result()
                yield futures[future], value, seconds
        finally:
            client.cancel(list(futures))

    try:
        yield execute
    finally:
        client.close()
        if not isinstance(cluster, str):
            cluster.close()
