"""How a run is computed: store, workers, and the checks of its options before anything runs."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from checks.app.options import DEFAULT_STORE, Executor
from checks.suite.cluster import dask
from checks.suite.costs import Costs
from checks.suite.executors import Execute, Weight, local
from checks.suite.fingerprint import environment
from checks.suite.problem import InputProblem
from checks.suite.run import Plan, item_of
from checks.suite.snapshot import Snapshot
from checks.suite.store import Store
from checks.suite.targets import Located, Origin
from checks.suite.workers import choose_jobs
from checks.verdicts import ClaimError, Task, tier_words
from checks.verdicts.tasks import DOUBLE

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Machinery:
    """How a run is computed and what is told of it: this changes none of its results.

    ``limit``: seconds that a block may take; ``events``: where they are written as they happen;
    ``profile``: a folder for JAX's trace of each block.
    """

    executor: Executor
    scheduler: str | None
    jobs: int
    store: Path
    quiet: bool
    limit: float | None = None
    fail_fast: bool = False
    verbose: bool = False
    traceback: bool = False
    timings: bool = False
    events: Path | None = None
    profile: Path | None = None


@dataclass(frozen=True)
class Running:
    """An open store and running workers; with several of them claims are judged ``together``."""

    store: Store
    execute: Execute
    together: bool


@contextmanager
def running(machinery: Machinery, claims: Sequence[Located]) -> Iterator[Running]:
    """Open the store and start the workers for the claims; close both in the end.

    An error in a claim's own function becomes an `InputProblem`.
    """
    _require_options(machinery)
    jobs = choose_jobs(machinery.jobs)
    loaded = [located.origin.proof() for located in claims if located.origin is not None]
    snapshot = Snapshot({entry: digest for proof in loaded for entry, digest in proof.items()})
    store = _store(machinery.store, snapshot)
    try:
        origins = dict.fromkeys(c.origin for c in claims if c.origin is not None)
        costs = Costs(store)

        def weight(located: Located, task: Task) -> float:
            return costs.weight(item_of(located, task))

        with _executor(machinery, jobs, origins, snapshot, weight) as execute:
            yield Running(store, execute, jobs > 1)
    except ClaimError as error:
        raise InputProblem(
            expected="the functions of a claim to return finite numbers of the right shape",
            received=str(error),
            remedy="Mend the function; nothing was judged.",
        ) from error
    finally:
        store.close()


def _require_options(machinery: Machinery) -> None:
    """Raise `InputProblem` for options that do not go together, or a profile with no place."""
    local = machinery.executor is Executor.local
    if machinery.scheduler and local:
        raise InputProblem(
            expected="--scheduler together with --executor dask",
            received=f"--executor {machinery.executor.value}",
            remedy="Add --executor dask.",
        )
    if machinery.limit is not None and not local:
        raise InputProblem(
            expected="--time-limit with --executor local",
            received="--executor dask",
            remedy="Leave it away: Dask ends no task; its workers have limits of their own.",
        )
    if machinery.profile is not None and not local:
        raise InputProblem(
            expected="--profile with --executor local",
            received="--executor dask",
            remedy="Leave it away: Dask has a dashboard of its own.",
        )
    try:
        if machinery.profile is not None:
            machinery.profile.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputProblem(
            expected="--profile to name a folder, or a place for one",
            received=str(error),
            remedy="Choose another path.",
        ) from error


def _store(path: Path, snapshot: Snapshot) -> Store:
    """The store; one in memory where nobody asked for a file and none can be made."""
    try:
        return Store(path, environment(), snapshot)
    except InputProblem:
        if path != DEFAULT_STORE or path.exists():
            raise
    _log.warning("what is measured is not kept: no file %s can be made here", path)
    return Store(Path(":memory:"), environment(), snapshot)


@contextmanager
def _executor(
    machinery: Machinery,
    jobs: int,
    origins: Iterable[Origin],
    snapshot: Snapshot,
    weight: Weight,
) -> Iterator[Execute]:
    if machinery.executor is Executor.dask:
        with dask(machinery.scheduler, jobs, origins, snapshot, weight) as execute:
            yield execute
    else:
        profile = machinery.profile and str(machinery.profile.resolve())
        with local(jobs, machinery.limit, profile, weight) as execute:
            yield execute


def require_plan(claims: Sequence[Located], plan: Plan) -> None:
    """Raise `InputProblem` for a bad budget, precision, or tier at which nothing can be run.

    A claim without seeds at the tier is left out; one with seeds and no sizes is an error, and so
    is a run of which nothing is left.
    """
    if not 0 < plan.budget < 1:
        raise InputProblem(
            expected="--budget to be a probability between 0 and 1",
            received=str(plan.budget),
            remedy="The default is 0.001.",
        )
    here = [located for located in claims if located.claim.runs_at(plan.tier)]
    if claims and not here:
        raise InputProblem(
            expected=f"a claim that runs at tier {plan.tier}",
            received=", ".join(f"{c.claim.id} ({tier_words(c.claim)})" for c in claims),
            remedy="Choose another --tier.",
        )
    double = [located.claim.id for located in here if not located.claim.single]
    if plan.precision != DOUBLE and double:
        raise InputProblem(
            expected=f"claims that allow --precision {plan.precision}",
            received=f"{', '.join(double)}, judged in double precision alone",
            remedy="Leave it away; or say single=True where single precision is enough.",
        )
    for located in here:
        try:
            located.claim.at(plan.tier)
        except ValueError as error:
            raise InputProblem(
                expected=f"claim {located.claim.id} to have sizes and seeds at tier {plan.tier}",
                received=str(error),
                remedy="Nothing was run.",
            ) from error
