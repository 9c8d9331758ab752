"""Worker processes that start at once, and who of them computes what.

What every claim needs is imported by a server process while the command itself imports it, and
each worker is a fork of that server. The server runs nothing (JAX starts threads only when
something is computed), so forking it is safe. This module imports the standard library alone, so
that a command can call `start` before anything else.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from tempfile import TemporaryDirectory
from typing import Any

from checks.suite import sources

FORKS = "forkserver" in multiprocessing.get_all_start_methods()  # Windows has none: it spawns
CONTEXT = multiprocessing.get_context("forkserver" if FORKS else "spawn")
# The server looks for packages where this process does, and not in the working directory, where a
# project may have its own `checks`. Its preload takes the variable away again.
SAFE_PATH = ("PYTHONSAFEPATH", "of verilimit")
PATIENCE = 2.0  # seconds
MOST = 8  # unless asked for: a container may see the cores of a host that it does not have
# New objects between two looks for garbage. Imports and traces make millions that stay: with
# Python's own 700 a third of the time of an import goes into looking through them.
SELDOM = 200_000
Submit = Callable[..., Future]  # of a kind, a function and its arguments


def start(jobs: int = 0) -> None:
    """Let the server import what claims need, for a run of ``jobs`` processes."""
    if FORKS and choose_jobs(jobs) > 1:
        from multiprocessing import forkserver

        CONTEXT.set_forkserver_preload(["checks.suite.preload"])
        found = os.environ.setdefault(*SAFE_PATH)
        try:
            forkserver.ensure_running()
        finally:
            if found == SAFE_PATH[1]:
                del os.environ[SAFE_PATH[0]]


def choose_jobs(jobs: int = 0) -> int:
    """The number of processes: ``jobs`` itself, or one for every core, at most `MOST`."""
    return jobs or min(multiprocessing.cpu_count(), MOST)


@contextmanager
def team(jobs: int) -> Iterator[Submit]:
    """A function that has ``jobs`` processes compute: ``submit(kind, function, *arguments)``.

    Items of a kind share what is computed once (compiled programs, cached paths), so a free worker
    takes those of a kind that it has met, or that nobody has met; another worker's it takes when
    there has been nothing else for `PATIENCE` seconds. What has not begun is cancelled in the end.
    """
    queue = _Queue()
    with TemporaryDirectory(prefix="verilimit-", ignore_cleanup_errors=True) as programs:
        workers = [_Worker(programs) for _ in range(jobs)]
        for worker in workers:
            threading.Thread(target=queue.serve, args=(worker,), daemon=True).start()
        try:
            yield queue.submit
        finally:
            queue.close()
            for worker in workers:
                worker.close()


class _Worker:
    """One process, and another in its place when it dies: of memory, or by a stranger's hand."""

    def __init__(self, programs: str) -> None:
        self._programs = programs
        self._closed = False
        self._pool = self._new()

    def _new(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, CONTEXT, initializer=_begin, initargs=(self._programs,))

    def compute(self, item: "_Item") -> Any:
        """The result; an item whose process has died is tried once more in a new one."""
        try:
            return self._pool.submit(item.function, *item.arguments).result()
        except BrokenProcessPool:
            if self._closed:
                raise
            self._pool.shutdown(wait=False)
            self._pool = self._new()
            return self._pool.submit(item.function, *item.arguments).result()

    def close(self) -> None:
        """Let the process finish its item, and no other follow it."""
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True, eq=False)
class _Item:
    kind: Hashable
    function: Callable[..., Any]
    arguments: tuple
    future: Future


class _Queue:
    """Items that wait for a worker; one thread a worker serves it."""

    def __init__(self) -> None:
        self._waiting: list[_Item] = []
        self._met: set[Hashable] = set()
        self._changed = threading.Condition()
        self._closed = False

    def submit(self, kind: Hashable, function: Callable[..., Any], *arguments: Any) -> Future:
        item = _Item(kind, function, arguments, Future())
        with self._changed:
            if self._closed:
                _cancel(item.future)
            else:
                self._waiting.append(item)
                self._changed.notify_all()
        return item.future

    def serve(self, worker: _Worker) -> None:
        own: set[Hashable] = set()
        while (item := self._next(own)) is not None:
            if not item.future.set_running_or_notify_cancel():
                continue
            try:
                item.future.set_result(worker.compute(item))
            except BaseException as error:  # whatever it was belongs to who waits for the item
                item.future.set_exception(error)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            for item in self._waiting:
                _cancel(item.future)
            self._changed.notify_all()

    def _next(self, own: set[Hashable]) -> _Item | None:
        def fitting() -> list[_Item]:
            mine = [item for item in self._waiting if item.kind in own]
            return mine or [item for item in self._waiting if item.kind not in self._met]

        with self._changed:
            self._changed.wait_for(lambda: fitting() or self._closed, PATIENCE)
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            item = (fitting() or self._waiting)[0]
            self._waiting.remove(item)
            own.add(item.kind)
            self._met.add(item.kind)
            return item


def _cancel(future: Future) -> None:
    """Cancel, and tell those who wait for it: `Future.cancel` alone leaves them waiting."""
    if future.cancel():
        future.set_running_or_notify_cancel()


def _begin(programs: str) -> None:
    """Prepare a worker: it leaves when the parent is killed, and compiles what no other has."""
    _die_with_parent()
    import jax

    if not os.environ.get("JAX_COMPILATION_CACHE_DIR"):  # a user's own serves as well
        jax.config.update("jax_compilation_cache_dir", programs)
        sources.ignore(programs)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


def _die_with_parent() -> None:
    """A worker of a killed pool would otherwise wait for ever."""
    parent = parent_process()
    assert parent is not None  # this runs in worker processes only

    def wait() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
