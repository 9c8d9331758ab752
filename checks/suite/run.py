"""A run: every claim measured through the store, judged, and settled under one error budget."""

import logging
import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from checks.suite.executors import Execute, Measured
from checks.suite.meter import Cost
from checks.suite.snapshot import Proof
from checks.suite.sources import UNPROVED
from checks.suite.store import Store
from checks.suite.targets import Located, Origin
from checks.suite.turns import Turns
from checks.verdicts import (
    Claim,
    ClaimError,
    Measurer,
    Result,
    Table,
    Task,
    experiments,
    judge,
    settle,
)
from checks.verdicts.tasks import DOUBLE

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """How a run is made: tier, seed and the false-refutation budget of all its claims.

    ``max_seeds`` lets claims that take several looks go on up to so many seeds, beyond their cap.
    The looks are fixed before anything is measured, so the error probabilities stay what they are.
    ``precision`` is that in which JAX computes what is measured.
    """

    tier: str = "smoke"
    seed: int = 0
    budget: float = 1e-3
    max_seeds: int | None = None
    precision: str = DOUBLE

    def of(self, claim: Claim) -> Claim:
        """The claim as this run judges it."""
        looks = claim.at(self.tier).looks
        if self.max_seeds is None or len(looks) < 2 or self.max_seeds <= looks[-1]:
            return claim
        return replace(claim, cap=self.max_seeds)

    def task(self, task: Task) -> Task:
        """The task as this run measures it."""
        return replace(task, precision=self.precision)


@runtime_checkable
class Watcher(Protocol):
    """What wants to know how a run goes."""

    def total(self, claims: int) -> None:
        """The number of claims to judge."""
        ...

    def measured(self, claim: str, task: Task, cost: Cost) -> None:
        """A block was computed for a claim."""
        ...

    def finished(self, claim: str, verdict: str, seconds: float) -> None:
        """A claim has its preliminary verdict, after so many seconds of computing."""
        ...


@dataclass(frozen=True)
class Study:
    """A finished run: its plan, the settled results in order, and the seconds of computing of each.

    ``absent`` are the claims that were asked for and do not run at this tier, ``failed`` those that
    could not be judged, each with the reason, ``skipped`` those that a run had no need to judge.
    """

    plan: Plan
    results: tuple[Result, ...]
    seconds: tuple[float, ...]
    absent: tuple[Claim, ...] = ()
    failed: tuple[tuple[Claim, ClaimError], ...] = ()
    skipped: tuple[Claim, ...] = ()


class Stopped(Exception):
    """The run has ended before this was measured."""


Took = Callable[[Task, Cost], object]
IMPURE = (
    "measured twice, it gives other numbers for the same keys: draw from the keys alone, e.g. "
    "np.random.default_rng([*key, n]); no run can be repeated like this, and its numbers are not "
    "kept"
)
LOOK = 0.25  # seconds between two looks at what other runs compute


def _not_done(futures: Sequence[Future[Table]]) -> list[int]:
    return [i for i, future in enumerate(futures) if not future.done()]


def _fits(table: Table, task: Task) -> bool:
    return all(len(column) == task.count for column in table.values())


class Blocks:
    """The work items of a run: each is computed once, whoever asks for it first.

    The store is asked before anything is computed, and keeps what is. Whatever was measured must
    prove that it belongs to the store's snapshot. A user's claim is kept if it says what it reads.
    """

    def __init__(self, execute: Execute, store: Store | None) -> None:
        """Items are computed by ``execute``; once ``stop`` is set, asking raises `Stopped`."""
        self.stop = threading.Event()
        self._execute = execute
        self._store = store
        self._known: dict[tuple[Origin | int, Task], Future[Table]] = {}
        self._told: set[str] = set()
        self._impure: set[str] = set()  # claims that give other numbers for the same keys
        self._unkept: set[str] = set()  # claims whose rows are not kept: these are not shared
        self._lock = threading.Lock()

    def measurer(self, located: Located, took: Took = lambda task, cost: None) -> Measurer:
        """A function from tasks to tables; ``took`` is told the cost of each that it computed.

        Who asks for an item that another claim is computing waits for it.
        """

        def measure(tasks: Sequence[Task]) -> list[Table]:
            if self.stop.is_set():
                raise Stopped
            names = {task: (_owner(located, task), task) for task in tasks}
            with self._lock:
                new = {task: Future() for task, name in names.items() if name not in self._known}
                self._known.update({names[task]: future for task, future in new.items()})
                asked = [self._known[names[task]] for task in tasks]
            mine = list(new.values())
            try:
                self._compute(located, list(new), mine, took)
            except BaseException as error:
                for future in mine:
                    if not future.done():
                        future.set_exception(error)
                raise
            return [future.result() for future in asked]

        return measure

    def _compute(
        self,
        located: Located,
        tasks: Sequence[Task],
        futures: Sequence[Future[Table]],
        took: Took,
    ) -> None:
        kept = self._kept(located)
        items = [item_of(located, task) for task in tasks]
        for future, task, item in zip(futures, tasks, items, strict=True):
            table = None if kept is None else kept.get(item)
            if table is not None and _fits(table, task):
                future.set_result(table)
        shared = None if located.claim.id in self._unkept else kept
        missing = _not_done(futures)
        with closing(Turns(shared, items)) as turn:
            while missing:
                asked, begins = [tasks[i] for i in missing], turn.of(missing)
                for position, found in self._execute(located, asked, begins):
                    i = missing[position]
                    took(tasks[i], found.cost)
                    if self.stop.is_set():
                        raise Stopped
                    if not self._keeps(located, kept, items[i], found):
                        turn.alone()
                    turn.end(i)
                    futures[i].set_result(found.table)
                for i in set(turn.others).intersection(missing):
                    if _fits(turn.others[i], tasks[i]):
                        futures[i].set_result(turn.others[i])
                missing = _not_done(futures)
                if missing and self.stop.wait(LOOK):
                    raise Stopped

    def _kept(self, located: Located) -> Store | None:
        """The store, if it keeps the claim's numbers: a user's file must say what it reads."""
        declared = None if self._store is None else located.kept_with()
        if self._store is None or declared is None:
            return None
        if self._store.snapshot.differences(declared):  # looked at before it is read
            self._unkept.add(located.claim.id)
        return self._store

    def _keeps(
        self, located: Located, kept: Store | None, item: dict[str, Any], found: Measured
    ) -> bool:
        """Keep a number; whether it may be: it must prove that it is of the store's snapshot."""
        if not found.pure and located.claim.id not in self._impure:
            self._impure.add(located.claim.id)
            _log.warning("%s: %s", located.claim.id, IMPURE)
        if self._store is None:
            return True
        who, proof = located.claim.id, found.proof
        if kept is not None:
            proof = {**proof, **(located.kept_with() or {})}
            self._tell(who, proof)
        sure = self._store.snapshot.require(proof, who) and who not in self._impure
        if kept is None:
            return True
        if sure:
            kept.put(item, found.table, found.cost.seconds, proof, found.cost.memory)
        else:
            self._unkept.add(who)
        return sure

    def _tell(self, who: str, proof: Proof) -> None:
        why = {entry for entry, hash in proof.items() if hash == UNPROVED} - self._told
        self._told.update(why)
        if why:
            _log.warning("%s: numbers are not kept: %s", who, "; ".join(sorted(why)))


def item_of(located: Located, task: Task) -> dict[str, Any]:
    """What the store calls a task: two rooms or files may have experiments of one name."""
    origin = located.origin
    return {**task.to_json(), "of": origin and (origin.run or f"file {origin.file}")}


def _owner(located: Located, task: Task) -> Origin | int:
    """Whose experiment it is that a task names; without an address it is this very object."""
    return located.origin or id(experiments((located.claim,))[task.experiment])


def run_claims(
    claims: Sequence[Located],
    plan: Plan,
    *,
    execute: Execute,
    store: Store | None,
    watcher: Watcher,
    together: bool = False,
    fail_fast: bool = False,
) -> Study:
    """Judge the claims of the tier and settle them together (Holm).

    With ``together`` all begin at once, so that whoever computes can choose among their items. A
    claim whose function fails has no verdict, and the others go on; with ``fail_fast`` the first
    claim that does not hold ends the run, and those without a verdict are skipped.
    """
    absent = tuple(located.claim for located in claims if not located.claim.runs_at(plan.tier))
    claims = [located for located in claims if located.claim.runs_at(plan.tier)]
    watcher.total(len(claims))
    share = plan.budget / max(len(claims), 1)
    blocks = Blocks(execute, store)

    failed: list[tuple[Claim, ClaimError]] = []
    skipped: list[Claim] = []

    def one(located: Located) -> tuple[Result, float] | None:
        spent: list[float] = []

        def took(task: Task, cost: Cost) -> None:
            spent.append(cost.seconds)
            watcher.measured(located.claim.id, task, cost)

        measured = blocks.measurer(located, took)
        try:
            result = judge(
                plan.of(located.claim),
                seed=plan.seed,
                tier=plan.tier,
                budget=share,
                measure=lambda tasks: measured([plan.task(task) for task in tasks]),
            )
        except Stopped:
            skipped.append(located.claim)
            return None
        except ClaimError as error:
            failed.append((located.claim, error))
            watcher.finished(located.claim.id, "no verdict", math.fsum(spent))
            result = None
        if fail_fast and (result is None or not result.verdict.holds):
            blocks.stop.set()
        if result is None:
            return None
        seconds = math.fsum(spent)
        watcher.finished(located.claim.id, result.verdict.name, seconds)
        return result, seconds

    found = _all_at_once(one, claims) if together else [one(located) for located in claims]
    judged = [one for one in found if one is not None]
    results = settle([result for result, _ in judged], plan.budget)
    order = [located.claim for located in claims]
    failed.sort(key=lambda pair: order.index(pair[0]))
    skipped.sort(key=order.index)
    seconds = tuple(seconds for _, seconds in judged)
    return Study(plan, tuple(results), seconds, absent, tuple(failed), tuple(skipped))


def _all_at_once(one: Callable[[Located], Any], claims: Sequence[Located]) -> list[Any]:
    """``one`` of each claim, in threads; the first error ends it, without waiting for the others.

    Their items are cancelled when the executor closes.
    """
    threads = ThreadPoolExecutor(max(len(claims), 1))
    try:
        futures = [threads.submit(one, located) for located in claims]
        finished, waiting = wait(futures, return_when=FIRST_EXCEPTION)
        return [future.result() for future in (finished if waiting else futures)]
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
