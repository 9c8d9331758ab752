"""A run: every claim measured through the store, judged, and settled under one error budget."""

import logging
import math
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from checks.suite.executors import Execute
from checks.suite.snapshot import Proof
from checks.suite.sources import UNPROVED
from checks.suite.store import Store
from checks.suite.targets import Located
from checks.verdicts import Claim, Result, Task, judge, settle

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """How a run is made: tier, seed and the false-refutation budget of all its claims."""

    tier: str = "smoke"
    seed: int = 0
    budget: float = 1e-3


@runtime_checkable
class Watcher(Protocol):
    """What wants to know how a run goes."""

    def total(self, claims: int) -> None:
        """The number of claims to judge."""
        ...

    def working(self, claim: str) -> None:
        """A claim is being measured."""
        ...

    def finished(self, claim: str, verdict: str, seconds: float) -> None:
        """A claim has its preliminary verdict, after so many seconds of computing."""
        ...


@dataclass(frozen=True)
class Study:
    """A finished run: its plan, the settled results in order, and the seconds of computing of each.

    ``absent`` are the claims that were asked for and do not run at this tier.
    """

    plan: Plan
    results: tuple[Result, ...]
    seconds: tuple[float, ...]
    absent: tuple[Claim, ...] = ()


def measurer(
    located: Located,
    execute: Execute,
    store: Store | None,
    took: Callable[[float], object] = float,
) -> Callable[[Sequence[Task]], list[np.ndarray]]:
    """A function from tasks to arrays that asks the store first and keeps what it computes.

    ``took`` is told the seconds of each item that was computed. Whatever was measured must prove
    that it belongs to the store's snapshot. A user's file is measured anew each time.
    """
    told: set[str] = set()

    def tell(proof: Proof) -> None:
        why = {entry for entry, hash in proof.items() if hash == UNPROVED} - told
        told.update(why)
        if why:
            _log.warning("%s: numbers are not kept: %s", located.claim.id, "; ".join(sorted(why)))

    kept = store if located.origin is not None and located.origin.room else None

    def measure(tasks: Sequence[Task]) -> list[np.ndarray]:
        items = [task.to_json() for task in tasks]
        values = [None if kept is None else kept.get(item) for item in items]
        missing = [i for i, value in enumerate(values) if value is None]
        for position, found in execute(located, [tasks[i] for i in missing]):
            i = missing[position]
            values[i] = found.value
            took(found.seconds)
            if kept is not None:
                tell(found.proof)
            sure = store is None or store.snapshot.require(found.proof, located.claim.id)
            if kept is not None and sure:
                kept.put(items[i], found.value, found.seconds, found.proof)
        return [value for value in values if value is not None]

    return measure


def run_claims(
    claims: Sequence[Located],
    plan: Plan,
    *,
    execute: Execute,
    store: Store | None,
    watcher: Watcher,
    together: bool = False,
) -> Study:
    """Judge the claims of the tier and settle them together (Holm).

    With ``together`` all begin at once, so that whoever computes can choose among their items.
    """
    absent = tuple(located.claim for located in claims if not located.claim.runs_at(plan.tier))
    claims = [located for located in claims if located.claim.runs_at(plan.tier)]
    watcher.total(len(claims))
    share = plan.budget / max(len(claims), 1)

    def one(located: Located) -> tuple[Result, float]:
        spent: list[float] = []

        def took(seconds: float) -> None:
            spent.append(seconds)
            watcher.working(located.claim.id)

        measure = measurer(located, execute, store, took)
        result = judge(located.claim, seed=plan.seed, tier=plan.tier, budget=share, measure=measure)
        seconds = math.fsum(spent)
        watcher.finished(located.claim.id, result.verdict.name, seconds)
        return result, seconds

    judged = _all_at_once(one, claims) if together else [one(located) for located in claims]
    results = settle([result for result, _ in judged], plan.budget)
    return Study(plan, tuple(results), tuple(seconds for _, seconds in judged), absent)


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
