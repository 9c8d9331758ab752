"""Who computes the work items: this process, local worker processes, or a Dask cluster.

All three call `work`, a pure function of its arguments, so their numbers are the same.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from typing import Any

import numpy as np

from checks.suite.problem import InputProblem
from checks.suite.targets import Located, Origin
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

    Items of one function and one size go to the same worker, so that JAX compiles it once.
    """
    if jobs == 1:
        yield inline
        return
    context = get_context("spawn")
    pools = [ProcessPoolExecutor(1, context, initializer=_die_with_parent) for _ in range(jobs)]
    homes: dict[tuple, int] = {}
    load = [0] * jobs
    lock = threading.Lock()

    def execute(located: Located, tasks: Sequence[Task]) -> Iterator[Measured]:
        if located.origin is None:
            yield from inline(located, tasks)
            return
        futures: dict[Future, int] = {}
        for position, task in enumerate(tasks):
            with lock:
                group = (task.claim_id, task.mutant_id, task.role, str(task.size))
                home = homes.setdefault(group, load.index(min(load)))
                load[home] += task.count
            futures[pools[home].submit(work, located.origin, task)] = position
        yield from _collect(futures, located)

    try:
        yield execute
    finally:
        for pool in pools:
            pool.shutdown(wait=True, cancel_futures=True)


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


def _die_with_parent() -> None:
    """Leave when the parent is killed: a worker of a killed pool would otherwise wait for ever."""
    parent = parent_process()
    assert parent is not None  # this runs in worker processes only

    def wait() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


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


def choose_jobs() -> int:
    """Worker processes when nobody says: one for every second core (JAX uses several itself)."""
    return max(1, (os.cpu_count() or 1) // 2)
