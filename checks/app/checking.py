"""``verilimit check``: judges claims, prints the verdict table, writes JSON and JUnit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from checks.app.junit import junit_xml
from checks.app.options import Executor
from checks.app.record import json_text
from checks.app.screen import coloured, console, reporter
from checks.suite.executors import Execute, choose_jobs, dask, local
from checks.suite.files import require_writable, write_text
from checks.suite.fingerprint import environment
from checks.suite.problem import InputProblem
from checks.suite.run import Plan, Study, run_claims
from checks.suite.store import Store
from checks.suite.targets import Located, select
from checks.verdicts import ClaimError, Result, Verdict


@dataclass(frozen=True)
class Machinery:
    """How a run is computed: this changes its speed, never its results."""

    executor: Executor
    scheduler: str | None
    jobs: int
    store: Path
    quiet: bool


def check(
    targets: Sequence[str],
    plan: Plan,
    machinery: Machinery,
    *,
    json: Path | None,
    junit: Path | None,
) -> int:
    """Judge the claims that ``targets`` name; returns the exit status of the verdicts."""
    require_writable(json, "--json")
    require_writable(junit, "--junit")
    study = study_of(select(targets), plan, machinery)
    print_verdicts(console(), study.results)
    if json is not None:
        write_text(json, json_text(study))
    if junit is not None:
        write_text(junit, junit_xml(study))
    return exit_status(study.results)


def study_of(claims: Sequence[Located], plan: Plan, machinery: Machinery) -> Study:
    """Run the claims; an error in a claim's own function becomes an `InputProblem`."""
    if not 0 < plan.budget < 1:
        raise InputProblem(
            expected="--budget to be a probability between 0 and 1",
            received=str(plan.budget),
            remedy="The default is 0.001.",
        )
    if machinery.scheduler and machinery.executor is not Executor.dask:
        raise InputProblem(
            expected="--scheduler together with --executor dask",
            received=f"--executor {machinery.executor.value}",
            remedy="Add --executor dask.",
        )
    for located in claims:
        _require_tier(located, plan.tier)
    jobs = machinery.jobs or choose_jobs()
    with (
        _store(machinery.store) as store,
        _executor(machinery, jobs) as execute,
        reporter(quiet=machinery.quiet) as watcher,
    ):
        try:
            return run_claims(
                claims, plan, execute=execute, store=store, watcher=watcher, at_once=jobs
            )
        except ClaimError as error:
            raise InputProblem(
                expected="the function of a claim to return finite numbers of the right shape",
                received=str(error),
                remedy="Mend the function; finished items are kept.",
            ) from error


def _require_tier(located: Located, tier: str) -> None:
    try:
        located.claim.grid(tier)
        located.claim.looks(tier)
    except ValueError as error:
        raise InputProblem(
            expected=f"claim {located.claim.id} to have sizes and seeds at tier {tier}",
            received=str(error),
            remedy="Nothing was run.",
        ) from error


@contextmanager
def _store(path: Path) -> Iterator[Store]:
    store = Store(path, environment())
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _executor(machinery: Machinery, jobs: int) -> Iterator[Execute]:
    if machinery.executor is Executor.dask:
        with dask(machinery.scheduler, jobs) as execute:
            yield execute
    else:
        with local(jobs) as execute:
            yield execute


def exit_status(results: Sequence[Result]) -> int:
    """0 every claim supported, 1 one refuted, 3 one inconclusive."""
    verdicts = {result.verdict for result in results}
    if Verdict.REFUTED in verdicts:
        return 1
    return 3 if Verdict.INCONCLUSIVE in verdicts else 0


def mutants_refuted(result: Result) -> str:
    """E.g. ``3/3``: planted errors that the run has refuted."""
    refuted = sum(mutant.verdict is Verdict.REFUTED for mutant in result.mutants)
    return f"{refuted}/{len(result.mutants)}"


def print_verdicts(screen: Console, results: Sequence[Result]) -> None:
    """The verdict table, then a paragraph for every claim that is not supported."""
    table = Table("claim", "verdict", "because", "mutants refuted", title="Verdicts")
    for result in results:
        table.add_row(
            escape(result.claim_id),
            coloured(result.verdict.name),
            escape(result.because),
            mutants_refuted(result),
        )
    screen.print(table)
    for result in results:
        if result.verdict is not Verdict.SUPPORTED:
            _print_why(screen, result)
    counts = {v.name: sum(r.verdict is v for r in results) for v in Verdict}
    words = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    screen.print(f"{len(results)} claims: {words or 'none'}", markup=False)


def _print_why(screen: Console, result: Result) -> None:
    screen.print(f"\n[bold]{escape(result.claim_id)}[/]: {coloured(result.verdict.name)}")
    screen.print(f"  says: {result.statement}", markup=False)
    screen.print(f"  because {result.because}", markup=False)
    for mutant in result.mutants:
        if mutant.verdict is not Verdict.REFUTED:
            screen.print(f"  does not refute the planted error {mutant.id}", markup=False)
