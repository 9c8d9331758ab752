"""``verilimit check``: judges claims, prints the verdict table, writes JSON and JUnit."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from checks.app.events import Timings, Together, events
from checks.app.github import annotate
from checks.app.junit import junit_xml
from checks.app.machinery import Machinery, require_plan, running
from checks.app.progress import reporter
from checks.app.record import json_text
from checks.app.screen import coloured, complain, console, print_table
from checks.suite.files import require_apart, require_writable, write_text
from checks.suite.fingerprint import source_hash
from checks.suite.generated import require_generated
from checks.suite.house import House
from checks.suite.problem import InputProblem, printable
from checks.suite.run import Plan, Study, run_claims
from checks.suite.targets import Located, select, unchecked
from checks.suite.versions import versions
from checks.verdicts import Result, Verdict, several, tier_words
from checks.verdicts.tasks import DOUBLE
from theory.language.prose import plain


def check(
    targets: Sequence[str],
    house: House,
    plan: Plan,
    machinery: Machinery,
    *,
    json: Path | None,
    junit: Path | None,
) -> int:
    """Judge the claims that ``targets`` name; returns the exit status of the verdicts.

    It is 2 when a room did not load or a claim has no verdict: the others were judged.
    """
    require_writable(json, "--json", "{")
    require_writable(junit, "--junit", "<")
    require_writable(machinery.events, "--json-lines", "{")
    require_apart(json=json, junit=junit, store=machinery.store, json_lines=machinery.events)
    lost: list[InputProblem] = []
    claims = select(targets, house, lost)
    complain(lost)
    if lost and not claims:
        return 2
    study = study_of(claims, plan, machinery)
    if json is not None:
        write_text(json, json_text(study, timings=machinery.timings))
    if junit is not None:
        write_text(junit, junit_xml(study))
    print_verdicts(console(), study)
    annotate(study, claims)
    for note in unchecked(claims):
        console().print(f"not checked: {note}", markup=False)
    complain_of(study, frames=machinery.traceback)
    return 2 if lost or study.failed else exit_status(study.results)


def complain_of(study: Study, *, frames: bool = False) -> None:
    """Say on stderr which claims have no verdict, and why; with the ``frames`` of their code."""
    complain(
        InputProblem(
            expected=f"the functions of {claim.id} to return finite numbers of the right shape",
            received=str(why),
            remedy="Mend the function; it has no verdict.",
        )
        for claim, why in study.failed
    )
    for _, why in study.failed:
        if frames and why.frames:
            print(printable(why.frames), file=sys.stderr)


def study_of(claims: Sequence[Located], plan: Plan, machinery: Machinery) -> Study:
    """Run the claims and settle their verdicts; raises `InputProblem` for bad input.

    So it does when a room's generated code is not what its theory gives.
    """
    require_plan(claims, plan)
    telling = reporter(quiet=machinery.quiet, verbose=machinery.verbose)
    with running(machinery, claims) as run, telling as told, events(machinery.events) as written:
        require_code(claims, machinery.store)
        timings = Timings()
        study = run_claims(
            claims,
            plan,
            execute=run.execute,
            store=run.store,
            watcher=Together((told, timings, *written)),
            together=run.together,
            fail_fast=machinery.fail_fast,
        )
        run.store.judged(*_rows(study))
    if machinery.timings:
        console(stderr=True).print(timings.words(), markup=False)
    return study


def _rows(study: Study) -> Iterator[tuple[str, str, str, str, int, str, float]]:
    """The verdicts of a run as the store keeps them."""
    version = f"{versions()['verilimit']} {source_hash()[:12]}"
    if study.plan.precision != DOUBLE:
        version += f" {study.plan.precision}"
    for result, seconds in zip(study.results, study.seconds, strict=True):
        words = result.verdict.name, result.because
        yield result.claim_id, *words, study.plan.tier, study.plan.seed, version, seconds


def require_code(claims: Sequence[Located], store: Path) -> None:
    """Raise `InputProblem` for stale generated code; what was found is remembered by the store."""
    memory = store.with_name("generated.json")
    rooms = [c.origin for c in claims if c.origin is not None and c.origin.room]
    for house in dict.fromkeys(origin.house for origin in rooms):
        require_generated(house, [o.room for o in rooms if o.house == house], memory)


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


def print_verdicts(screen: Console, study: Study) -> None:
    """The verdict table, a paragraph for every claim that is not supported, and who is absent."""
    results = study.results
    rows = [
        (
            escape(result.claim_id),
            coloured(result.verdict.name),
            escape(result.because),
            mutants_refuted(result),
        )
        for result in results
    ]
    print_table(screen, ("claim", "verdict", "because", "mutants refuted"), rows, title="Verdicts")
    for result in results:
        if not result.verdict.holds:
            _print_why(screen, result)
    counts = {v.name: sum(r.verdict is v for r in results) for v in Verdict}
    counts["without a verdict"] = len(study.failed)
    words = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    claims = several(len(results) + len(study.failed), "claim")
    screen.print(f"{claims}: {words or 'none'}", markup=False)
    if study.skipped:
        names = ", ".join(claim.id for claim in study.skipped)
        screen.print(f"not judged after the first that does not hold: {names}", markup=False)
    for claim in study.absent:
        screen.print(f"not at this tier: {claim.id} ({tier_words(claim)})", markup=False)


def _print_why(screen: Console, result: Result) -> None:
    name = f"\n[bold]{escape(result.claim_id)}[/]: {coloured(result.verdict.name)}"
    screen.print(name, soft_wrap=True)
    screen.print(f"  says: {plain(result.statement)}", markup=False)
    screen.print(f"  because {result.because}", markup=False)
    for mutant in result.mutants:
        if mutant.verdict is not Verdict.REFUTED:
            screen.print(f"  does not refute the planted error {mutant.id}", markup=False)
