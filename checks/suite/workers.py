"""Worker processes that start at once.

What every claim needs is imported by a server process while the command itself imports it, and
each worker is a fork of that server. The server runs nothing (JAX starts threads only when
something is computed), so forking it is safe. This module imports neither JAX nor SymPy, so
that a command can call `start` before anything else.
"""

import contextlib
import heapq
import math
import multiprocessing
import os
import signal
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from multiprocessing import connection, parent_process
from tempfile import TemporaryDirectory
from typing import Any

from checks.suite import sources
from checks.suite.programs import give, take
from checks.suite.supervisor import scratch

FORKS = "forkserver" in multiprocessing.get_all_start_methods()  # Windows has none: it spawns
CONTEXT = multiprocessing.get_context("forkserver" if FORKS else "spawn")
# The server looks for packages where this process does, and not in the working directory, where a
# project may have its own `checks`. Its preload takes the variable away again.
SAFE_PATH = ("PYTHONSAFEPATH", "of verilimit")
MOST = 8  # unless asked for: a container may see the cores of a host that it does not have
# New objects between two looks for garbage. Imports and traces make millions that stay: with
# Python's own 700 a third of the time of an import goes into looking through them.
SELDOM = 200_000
Submit = Callable[..., Future]  # of a function and its arguments
CONTAINERS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def start(jobs: int = 0, *, apart: bool = False) -> None:
    """Let the server import what claims need, for a run of ``jobs`` processes.

    A single one computes in the command's own process, unless it is to be ``apart``.
    """
    if FORKS and (choose_jobs(jobs) > 1 or apart):
        from multiprocessing import forkserver, util

        CONTEXT.set_forkserver_preload(["verilimit_preload"])
        found = os.environ.setdefault(*SAFE_PATH)
        usual, tempfile.tempdir = tempfile.tempdir, scratch() or tempfile.tempdir
        try:
            util.get_temp_dir()  # where the server has its socket
            forkserver.ensure_running()
        finally:
            tempfile.tempdir = usual
            if found == SAFE_PATH[1]:
                del os.environ[SAFE_PATH[0]]


def choose_jobs(jobs: int = 0) -> int:
    """The number of processes: ``jobs`` itself, or one for every core, at most `MOST`."""
    return jobs or min(multiprocessing.cpu_count(), MOST)


class TooLong(Exception):
    """An item took longer than it may; its process was ended."""


@contextmanager
def team(
    jobs: int, limit: float | None = None, again: Callable[..., object] = lambda *arguments: None
) -> Iterator[Submit]:
    """A function that has ``jobs`` processes compute: ``submit(function, *arguments)``.

    With ``begins=``, a function that is asked when it is the item's turn; where it says no, nothing
    is computed and the result is None. With ``memory=``, bytes, an item waits until those that run
    and said what they need leave room for it on this machine, or have ended. Of those that wait the
    one of the largest ``weight=`` is next, so that no long one begins when all others have ended.
    What has not begun in the end is cancelled, and what has is not waited for. The future of an
    item that takes more than ``limit`` seconds raises `TooLong`. An item whose process dies is
    tried once more while no other runs, which ``again`` is told with its arguments.
    """
    queue, turns = _Queue(), _Turns(memory_here())
    with TemporaryDirectory(
        prefix="verilimit-", dir=scratch(), ignore_cleanup_errors=True
    ) as programs:
        take(programs)
        workers = [_Worker(programs, limit, turns, again) for _ in range(jobs)]
        for worker in workers:
            threading.Thread(target=queue.serve, args=(worker,), daemon=True).start()
        try:
            yield queue.submit
        finally:
            queue.close()
            for worker in workers:
                worker.close()
            give(programs)


class _Worker:
    """One process, and another in its place when it dies: of memory, or by a stranger's hand."""

    def __init__(
        self, programs: str, limit: float | None, turns: "_Turns", again: Callable[..., object]
    ) -> None:
        self._programs, self._limit, self._turns, self._again = programs, limit, turns, again
        self._closed = False
        self._new()

    def _new(self) -> None:
        self._pool = ProcessPoolExecutor(1, CONTEXT, initializer=_begin, initargs=(self._programs,))
        self._process = self._pool.submit(_ready)

    def compute(self, item: "_Item") -> Any:
        """The result; an item whose process has died is tried once more in a new one, alone.

        Side by side with others it may have needed more memory than there is.
        """
        try:
            with self._turns.turn(item.memory):
                return self._result(item)
        except BrokenProcessPool:
            if self._closed:
                raise
            self._pool.shutdown(wait=False)
            self._new()
        self._again(*item.arguments)
        with self._turns.turn(alone=True):
            try:
                return self._result(item)
            except BrokenProcessPool:  # the next item is not to meet the dead one's pool
                if not self._closed:
                    self._pool.shutdown(wait=False)
                    self._new()
                raise

    def _result(self, item: "_Item") -> Any:
        self._process.result()  # its imports are not the item's time
        future = self._pool.submit(item.function, *item.arguments)
        if not wait([future], self._limit).done:
            self._kill(signal.SIGKILL)
            self._pool.shutdown(wait=False)
            self._new()
            raise TooLong(f"it took more than {self._limit:g} s")
        return future.result()

    def _kill(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.result(), number)

    def close(self) -> None:
        """End the process: nobody waits for the item that it may have."""
        self._closed = True
        if self._process.done() and not self._process.exception():
            self._kill(signal.SIGTERM)
        self._pool.shutdown(wait=True, cancel_futures=True)


def memory_here() -> float:
    """Bytes of memory that this machine, or container, has; infinite where it does not say."""
    found = []
    with contextlib.suppress(AttributeError, ValueError, OSError):  # Windows has no sysconf
        found.append(float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")))
    for place in CONTAINERS:
        with contextlib.suppress(ValueError, OSError), open(place) as file:  # or "max"
            found.append(float(file.read()))
    return min(found, default=math.inf)


class _Turns:
    """Items run side by side, those that need much memory where there is room, or one alone."""

    def __init__(self, room: float = math.inf) -> None:
        self._changed = threading.Condition()
        self._room, self._taken = room, 0
        self._running = 0
        self._alone = 0  # those that are, or wait to be: meanwhile nobody else begins

    @contextmanager
    def turn(self, memory: int = 0, *, alone: bool = False) -> Iterator[None]:
        with self._changed:
            self._alone += alone
            self._changed.wait_for(lambda: self._begins(memory, alone=alone))
            self._running += 1
            self._taken += memory
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._taken -= memory
                self._alone -= alone
                self._changed.notify_all()

    def _begins(self, memory: int, *, alone: bool) -> bool:
        """What needs more than there is begins when no other that needs much is running."""
        if alone or self._alone:
            return alone and not self._running
        return not memory or not self._taken or self._taken + memory <= self._room


@dataclass(frozen=True, eq=False)
class _Item:
    function: Callable[..., Any]
    arguments: tuple
    begins: Callable[[], bool]
    memory: int
    future: Future


def _always() -> bool:
    return True


class _Queue:
    """Items that wait for a worker; one thread a worker serves it."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, _Item]] = []  # a heap: the heaviest, then the oldest
        self._numbers = count()
        self._changed = threading.Condition()
        self._closed = False

    def submit(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        begins: Callable[[], bool] = _always,
        memory: int = 0,
        weight: float = 0.0,
    ) -> Future:
        item = _Item(function, arguments, begins, memory, Future())
        with self._changed:
            if self._closed:
                _cancel(item.future)
            else:
                heapq.heappush(self._waiting, (-weight, next(self._numbers), item))
                self._changed.notify()
        return item.future

    def serve(self, worker: _Worker) -> None:
        while (item := self._next()) is not None:
            if not item.future.set_running_or_notify_cancel():
                continue
            try:
                item.future.set_result(worker.compute(item) if item.begins() else None)
            except BaseException as error:  # whatever it was belongs to who waits for the item
                item.future.set_exception(error)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            for *_, item in self._waiting:
                _cancel(item.future)
            self._changed.notify_all()

    def _next(self) -> _Item | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return None if self._closed else heapq.heappop(self._waiting)[-1]


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
        # Else the folder's name is part of a program's, and no later run would find it.
        jax.config.update("jax_persistent_cache_enable_xla_caches", "none")
        # What another worker is just writing is compiled here as well: nothing to warn of.
        warnings.filterwarnings("ignore", "Error reading persistent compilation cache entry")


def _ready() -> int:
    """The process that computes, once it has imported what every item needs."""
    import_module("checks.suite.targets")
    return os.getpid()


def _die_with_parent() -> None:
    """A worker of a killed pool would otherwise wait for ever."""
    parent = parent_process()
    assert parent is not None  # this runs in worker processes only

    def wait() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
