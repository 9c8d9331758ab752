"""A Dask cluster computes the work items, and what may happen to it while it does.

Before anything runs each worker loads the claims' sources and says what it has loaded; one that
differs is refused with a table. Whoever joins later is found out by its first number. A worker
that dies costs nothing: Dask gives its items to others, and while there are none, a run waits.
Losing the scheduler ends a run; what the store has is not measured again.
"""

import logging
import math
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from typing import Any

from checks.suite.executors import (
    Begins,
    Execute,
    Measured,
    Weight,
    alike,
    always,
    died,
    inline,
    memory,
    repeated,
    work,
)
from checks.suite.problem import InputProblem
from checks.suite.snapshot import Proof, Snapshot, own_proof
from checks.suite.targets import Located, Origin
from checks.suite.workers import memory_here
from checks.verdicts import Task

_log = logging.getLogger(__name__)
ANSWER = 20.0  # seconds that a scheduler has to answer
LOOK = 30.0  # seconds between two looks whether there are workers
MEMORY = "memory"  # what a worker calls the bytes that it has: `dask worker --resources memory=8e9`


@contextmanager
def dask(
    scheduler: str | None,
    jobs: int,
    origins: Iterable[Origin],
    snapshot: Snapshot,
    weight: Weight = alike,
) -> Iterator[Execute]:
    """An executor on the Dask cluster at ``scheduler``, or on a local one of ``jobs`` workers.

    Raises `InputProblem` where Dask is not installed, where no scheduler answers, and where a
    worker has other code, data or libraries for the claims of ``origins`` than the ``snapshot``.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise InputProblem(
            expected="the optional dependency dask[distributed] for --executor dask",
            received=f"no such package ({error})",
            remedy="Install verilimit[cluster].",
        ) from error
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("distributed"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is said here
    options: dict[str, Any] = {"dashboard_address": None}  # typed as str, documented with None
    room = memory_here() / jobs  # beyond it, Dask kills a worker of its own cluster
    options["resources"] = {MEMORY: room} if room < math.inf else None
    cluster = scheduler or LocalCluster(n_workers=jobs, threads_per_worker=1, **options)
    try:
        client: Any = Client(cluster, timeout=ANSWER)
    except OSError as error:
        raise InputProblem(
            expected="a Dask scheduler that answers",
            received=f"{scheduler} ({error})",
            remedy="Start it, or leave --scheduler away for a local cluster.",
        ) from error
    ended = threading.Event()
    threading.Thread(target=_watch, args=(client, ended), daemon=True).start()
    try:
        with suppress(TimeoutError):  # a cluster may start workers only for items that wait
            client.wait_for_workers(1, timeout=ANSWER)
        _require_same(client.run(loaded, tuple(origins), on_error="return"), snapshot)
        yield _executor(client, weight)
    finally:
        ended.set()
        with suppress(TimeoutError, OSError):  # of a scheduler that is gone
            client.close()
        if not isinstance(cluster, str):
            cluster.close()


def loaded(origins: Sequence[Origin]) -> dict[str, Proof]:
    """What a number of each room or file would be made of in this process."""
    found = {}
    for origin in origins:
        origin.claims()
        found[origin.room or origin.file] = own_proof(origin.proof(), origin.run)
    return found


def _require_same(answers: dict[str, Any], snapshot: Snapshot) -> None:
    """Raise `InputProblem` for the first worker that has loaded something else, or cannot load."""
    for worker, answer in answers.items():
        if isinstance(answer, OSError):
            continue  # it has left meanwhile
        if isinstance(answer, InputProblem):
            raise answer
        if not isinstance(answer, dict):
            raise _other_version(f"{type(answer).__name__}: {answer}, from {worker}")
        for name, proof in answer.items():
            snapshot.require(proof, f"{name}, on the worker {worker},")


def _watch(client: Any, ended: threading.Event) -> None:
    """Say when there is no worker: nobody would see that a run waits for one."""
    alone = False
    while not ended.wait(LOOK):
        try:
            before, alone = alone, not client.scheduler_info()["workers"]
        except Exception:  # a scheduler that is gone ends the run, which says so
            return
        if alone and not before:
            _log.warning("the Dask cluster has no worker: waiting for one (Ctrl-C ends the run)")


def _executor(client: Any, weight: Weight) -> Execute:
    """Items as Dask tasks, gathered in batches.

    Dask blames an item for the deaths of four workers. It may have been a neighbour's fault, so
    the item is tried once more.
    """
    from distributed import CancelledError, as_completed
    from distributed.comm.core import CommClosedError

    uncounted = cache(_say_uncounted)

    def execute(
        located: Located, tasks: Sequence[Task], begins: Begins = always
    ) -> Iterator[tuple[int, Measured]]:
        origin = located.origin
        if origin is None or not tasks:
            yield from inline(located, tasks, begins)
            return

        needed = memory(located, tasks)
        if max(needed) and not _has_memory(client, max(needed), located):
            uncounted()
            needed = [0] * len(tasks)
        heaviest = max(weight(located, task) for task in tasks)
        submit = partial(_submit, client, located, tasks, needed, heaviest)
        # Nobody here knows when a task begins on a cluster: it does when it is submitted.
        asked = submit([i for i in range(len(tasks)) if begins(i)])
        blamed: set[int] = set()
        finished = as_completed(asked, loop=client.loop)
        try:
            for batch in finished.batches():
                killed = {asked[future] for future in batch if _is_killed(future)}
                if blamed & killed:
                    raise died(located, tasks[min(blamed & killed)])
                blamed |= killed
                anew = submit(killed)
                asked.update(anew)
                finished.update(anew)
                computed = [future for future in batch if asked[future] not in killed]
                for future, found in zip(computed, client.gather(computed), strict=True):
                    yield asked[future], _of_this_version(found)
        except (CancelledError, CommClosedError) as error:
            raise _lost() from error
        finally:
            if client.status == "running":
                client.cancel(list(asked))

    return execute


def _submit(
    client: Any,
    located: Located,
    tasks: Sequence[Task],
    needed: Sequence[int],
    priority: float,
    positions: Collection[int],
) -> dict[Any, int]:
    """Futures of some of the items, with the position of each; those of one need go together."""
    found: dict[Any, int] = {}
    twice = repeated(located, tasks)
    for need in sorted({needed[i] for i in positions}, reverse=True):
        some = [i for i in positions if needed[i] == need]
        each = [(located.origin, tasks[i], None, twice[i]) for i in some]
        resources = {MEMORY: need} if need else None
        futures = client.map(
            work, *zip(*each, strict=True), pure=False, resources=resources, priority=priority
        )
        found.update(zip(futures, some, strict=True))
    return found


def _say_uncounted() -> None:
    _log.warning(
        "no Dask worker says what memory it has (--resources memory=BYTES): blocks that need much "
        "may meet on one"
    )


def _has_memory(client: Any, need: int, located: Located) -> bool:
    """Whether workers say what memory they have, so that blocks can be given out by it.

    Raises `InputProblem` where they do and none has as much: such a block would wait for ever.
    """
    workers = client.scheduler_info()["workers"].values()
    most = max((worker["resources"].get(MEMORY, 0) for worker in workers), default=0)
    if 0 < most < need:
        raise InputProblem(
            expected=f"a Dask worker with {need:.3g} bytes of memory, for {located.claim.id}",
            received=f"workers with {most:.3g} at most",
            remedy="Start larger ones, and fewer: --resources memory=BYTES says what one has; "
            "without --scheduler each of --jobs has an equal share of this machine.",
        )
    return most > 0


def _is_killed(future: Any) -> bool:
    """Whether the workers of an item have died; raises its own error, and if it was cancelled."""
    from distributed import KilledWorker

    if future.status not in ("error", "cancelled"):
        return False
    try:
        future.result()
    except KilledWorker:
        return True
    except Exception as error:  # where no worker is, its type depends on the version of Dask
        if type(error).__name__ in ("NoWorkerError", "NoValidWorkerError"):
            raise InputProblem(
                expected="the Dask cluster to have workers",
                received=str(error),
                remedy="Start some; the same command goes on from what the store has.",
            ) from error
        raise
    raise AssertionError(f"{future} failed without an error")


def _of_this_version(found: object) -> Measured:
    if not isinstance(found, Measured):
        raise _other_version(f"a {type(found).__name__} from a worker")
    return found


def _other_version(received: str) -> InputProblem:
    return InputProblem(
        expected="Dask workers to run this version of verilimit",
        received=received,
        remedy="Start the workers anew, from the same code.",
    )


def _lost() -> InputProblem:
    return InputProblem(
        expected="the Dask scheduler to stay until the run ends",
        received="a lost connection",
        remedy="Start it again; the same command goes on from what the store has.",
    )
