"""``verilimit calibrate``: what other seeds would have said, and how good the judge itself is."""

import difflib
import json
from collections.abc import Sequence
from pathlib import Path

from checks.app.machinery import Machinery, require_plan, running
from checks.app.progress import reporter
from checks.app.screen import complain, console
from checks.report.table import RIVALS, STUDIES, merge_rows
from checks.suite.files import require_writable, write_text
from checks.suite.house import House
from checks.suite.problem import InputProblem
from checks.suite.run import Blocks, Plan
from checks.suite.targets import select
from checks.verdicts import calibrate
from checks.verdicts.benchmark import ALL, calibrate_judge


def calibrate_claims(
    targets: Sequence[str],
    house: House,
    plan: Plan,
    machinery: Machinery,
    *,
    replicates: int,
    out: Path | None,
) -> int:
    """Judge each claim on fresh seeds; print and write how often it gets which verdict."""
    require_writable(out, "--json", "{")
    lost: list[InputProblem] = []
    claims = select(targets, house, lost)
    complain(lost)
    if lost and not claims:
        return 2
    require_plan(claims, plan)
    claims = [located for located in claims if located.claim.runs_at(plan.tier)]
    tables = []
    screen = console()
    with running(machinery, claims) as run, reporter(quiet=machinery.quiet) as watcher:
        watcher.total(len(claims))
        for located in claims:
            watcher.working(located.claim.id)
            table = calibrate(
                located.claim,
                replicates=replicates,
                seed=plan.seed,
                tier=plan.tier,
                budget=plan.budget,
                measure=Blocks(run.execute, run.store).measurer(located),
            )
            tables.append(table)
            screen.print(table.to_markdown(), markup=False, soft_wrap=True)
    if out is not None:
        content = [table.to_json() for table in tables]
        write_text(out, json.dumps({"calibrations": content}, indent=2, allow_nan=False) + "\n")
    return 2 if lost else 0


def calibrate_the_judge(
    *,
    replicates: int,
    seed: int,
    studies: Sequence[str],
    table: Path | None,
    quiet: bool,
    out: Path | None,
) -> int:
    """Run the judge and the rules in use elsewhere on studies whose truth is known.

    ``studies``: names of those that are run (default: all), also several in one text with commas.
    ``table``: a Markdown file in which their rows are replaced, in the judge's table, that of the
    rules, or both; rows of other studies stay.
    """
    require_writable(out, "--json", "{")
    names = [study.name for study in ALL]
    chosen = _chosen(studies, names)
    wanted = [place for place in (STUDIES, RIVALS) if table and place.is_in(table)]
    if not wanted:
        STUDIES.require(table)
    log = console(stderr=True)
    found = calibrate_judge(
        replicates,
        seed,
        studies=[study for study in ALL if study.name in chosen],
        progress=lambda name: None if quiet else log.print(name, markup=False),
    )
    tables = {STUDIES: found.to_markdown(), RIVALS: found.rivals_to_markdown()}
    for place, text in tables.items():
        console().print(text, markup=False, soft_wrap=True)
        if table is not None and place in wanted:
            merge_rows(place, table, text.splitlines(), names)
    if out is not None:
        write_text(out, json.dumps(found.to_json(), indent=2, allow_nan=False) + "\n")
    return 0


def _chosen(studies: Sequence[str], names: Sequence[str]) -> list[str]:
    """The studies that are named, all if none is; InputProblem for one that is not there."""
    named = [name for text in studies for name in text.split(",")]
    for name in named:
        if name not in names:
            near = difflib.get_close_matches(name, names) or names
            raise InputProblem(
                expected="--studies to name studies of the judge's table",
                received=name,
                remedy=f"Such as {', '.join(near[:3])}; docs/judge.md lists all.",
            )
    return named or list(names)
