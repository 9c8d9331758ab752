"""``verilimit report``: derivations, verdicts and pictures in one HTML file, in LaTeX, as PDF."""

from collections.abc import Sequence
from pathlib import Path

from checks.app.checking import complain_of, exit_status, print_verdicts, study_of
from checks.app.machinery import Machinery
from checks.app.screen import complain, console
from checks.report.content import gather
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
from checks.suite.house import House
from checks.suite.problem import InputProblem
from checks.suite.run import Plan
from checks.suite.targets import select


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
    content = gather(
        house, chosen, study, lambda text: None if machinery.quiet else log.print(text), files
    )
    page = html(content)
    write_text(out, page)
    if latex is not None:
        write_latex(content, latex)
    if table is not None:
        write_table(content, table)
    screen = console()
    print_verdicts(screen, study)
    for room in content.rooms:
        screen.print(f"{room.room.name}: derivation of {room.steps_summary}", markup=False)
    for layer in content.layers:
        screen.print(f"{layer.plan.limit.layer.name}: {layer.steps_summary}", markup=False)
    screen.print(f"report written to {out}", markup=False, soft_wrap=True)
    complain_of(study)
    if pdf is not None:
        write_bytes(pdf, printed(page, browser))
    found = {exit_status(study.results), content.steps_status, int(content.failed_probe)}
    return 2 if lost or study.failed else next(status for status in (1, 3, 0) if status in found)
