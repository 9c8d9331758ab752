"""The table of verdicts in a Markdown file, put there by a run and never by hand."""

import re
from collections.abc import Sequence
from pathlib import Path

from checks.report.content import Content, RoomContent, mutants_refuted
from checks.suite.files import write_text
from checks.suite.problem import InputProblem
from checks.verdicts import Result

BEGIN, END = "<!-- verilimit table -->", "<!-- end of the table -->"
PLACE = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)


def require_place(path: Path | None) -> None:
    """Raise `InputProblem` unless the file has one place for the table (None: nothing asked)."""
    if path is None:
        return
    text = path.read_text(encoding="utf-8") if path.is_file() else None
    if text is None or len(PLACE.findall(text)) != 1:
        raise InputProblem(
            expected=f"--table to name a Markdown file with one pair of lines {BEGIN} and {END}",
            received=f"{path}, which is no file" if text is None else f"{path} without one pair",
            remedy="Put the two lines where the table is wanted; nothing was run.",
        )


def write_table(content: Content, path: Path) -> None:
    """Replace what stands between the two lines of the file by the table of this run."""
    text = path.read_text(encoding="utf-8")
    table = "\n".join([BEGIN, *_lines(content), END])
    write_text(path, PLACE.sub(lambda _: table, text))


def _lines(content: Content) -> list[str]:
    plan = content.study.plan
    return [
        f"Tier {plan.tier}, seed {plan.seed}: {content.verdict_summary}.",
        "",
        "| room | claims supported or certified | planted errors refuted | derivation |",
        "|---|---|---|---|",
        *map(_row, content.rooms),
    ]


def _row(room: RoomContent) -> str:
    results: Sequence[Result] = room.results
    supported = sum(result.verdict.holds for result in results)
    refuted = sum(map(mutants_refuted, results))
    planted = sum(len(result.mutants) for result in results)
    cells = (
        f"`{room.room.name}`", f"{supported} of {len(results)}", f"{refuted} of {planted}",
        room.steps_summary,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"
