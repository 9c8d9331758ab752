"""``verilimit report``: derivations, verdicts and pictures in one HTML file, in LaTeX, as PDF."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checks.app.checking import complain_of, exit_status, print_verdicts, study_of
from checks.app.machinery import Machinery
from checks.app.record import json_text
from checks.app.screen import complain, console
from checks.report.content import Content, gather
from checks.report.page import html
from checks.report.printed import printed, require_browser
from checks.report.table import VERDICTS, write_table
from checks.report.tex import write_latex
from checks.suite.files import (
    require_apart,
    require_directory,
    require_writable,
    write_bytes,
    write_text,
)
from checks.suite.fingerprint import environment
from checks.suite.house import House
from checks.suite.kept import remembered
from checks.suite.problem import InputProblem
from checks.suite.run import Plan
from checks.suite.targets import select
from theory.language import lasting


def report(
    names: Sequence[str],
    house: House,
    plan: Plan,
    machinery: Machinery,
    *,
    out: Path,
    latex: Path | None = None,
    pdf: Path | None = None,
    table: Path | None = None,
) -> int:
    """Judge the rooms ``names`` (all when empty), or files of layers, and write the report.

    Returns 1 when a claim is refuted, a derivation step or a probe fails, 3 when a claim is
    inconclusive or a step undecided, else 0; 2 when a room did not load or a claim has no verdict.
    The report is written whatever the verdicts are.
    """
    files = tuple(name for name in names if name.endswith(".py"))
    rooms = tuple(house.require(name) for name in names if name not in files)
    asked = rooms if names else house.names()
    if files and (latex is not None or table is not None):
        raise InputProblem(
            expected="--latex and --table with rooms",
            received=f"them with {', '.join(files)}",
            remedy="Leave them away; `verilimit derive FILE.py --latex` prints formulas.",
        )
    require_writable(out, "--out", "<")
    require_writable(pdf, "--pdf", "%")
    browser = "" if pdf is None else require_browser()
    require_apart(out=out, pdf=pdf, table=table, store=machinery.store)
    require_directory(latex, "--latex")
    VERDICTS.require(table)
    log = console(stderr=True)
    lost: list[InputProblem] = []
    chosen = tuple(house.those_that_load(asked, lost, house.room))
    complain(lost)
    if lost and not chosen and not files:
        return 2
    study = study_of(select((*chosen, *files), house), plan, machinery)
    made: list[Content] = []

    def make() -> tuple[dict[str, Any], bool]:
        say = (lambda text: None) if machinery.quiet else log.print
        made.append(gather(house, chosen, study, say, files))
        lasts = all(lasting(room.outcomes) for room in made[0].rooms)
        return _answer(made[0]), lasts and not made[0].failed_probe

    if latex or table or files or lost or study.failed:
        found, _ = make()
    else:
        results = {"rooms": [*chosen], "built_in": house.built_in, "record": json_text(study)}
        found = remembered("reports", {**results, **environment()}, house.roots, make)
    if not (made or machinery.quiet):
        log.print("derivations, probes and pictures: as before, of the same sources and results")
    write_text(out, found["page"])
    for content in made:
        if latex is not None:
            write_latex(content, latex)
        if table is not None:
            write_table(content, table)
    screen = console()
    print_verdicts(screen, study)
    for line in found["steps"]:
        screen.print(line, markup=False)
    screen.print(f"report written to {out}", markup=False, soft_wrap=True)
    complain_of(study)
    if pdf is not None:
        write_bytes(pdf, printed(found["page"], browser))
    statuses = {exit_status(study.results), *found["statuses"]}
    return 2 if lost or study.failed else next(s for s in (1, 3, 0) if s in statuses)


def _answer(content: Content) -> dict[str, Any]:
    """The page, and what is said of it: one follows from sources and results alone."""
    rooms = [f"{r.room.name}: derivation of {r.steps_summary}" for r in content.rooms]
    layers = [f"{x.plan.limit.layer.name}: {x.steps_summary}" for x in content.layers]
    return {
        "page": html(content),
        "steps": rooms + layers,
        "statuses": [content.steps_status, int(content.failed_probe)],
    }
