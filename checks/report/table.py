"""Tables in a Markdown file, put there by runs and never by hand."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.report.content import Content, RoomContent, mutants_refuted
from checks.suite.files import write_text
from checks.suite.problem import InputProblem
from checks.verdicts import Result


@dataclass(frozen=True)
class Place:
    """What stands between two lines of a Markdown file."""

    begin: str
    end: str

    def is_in(self, path: Path) -> bool:
        """Whether the file has one such place."""
        return path.is_file() and len(self._pattern.findall(path.read_text(encoding="utf-8"))) == 1

    def require(self, path: Path | None) -> None:
        """Raise `InputProblem` unless the file has one such place (None: nothing asked)."""
        if path is None:
            return
        if not self.is_in(path):
            lines = f"{self.begin} and {self.end}"
            raise InputProblem(
                expected=f"--table to name a Markdown file with one pair of lines {lines}",
                received=f"{path} without one" if path.is_file() else f"{path}, which is no file",
                remedy="Put the two lines where the table is wanted; nothing was run.",
            )

    def read(self, path: Path) -> list[str]:
        """The lines between the two."""
        (found,) = self._pattern.findall(path.read_text(encoding="utf-8"))
        return found.splitlines()[1:-1]

    def write(self, path: Path, lines: Sequence[str]) -> None:
        """Replace them."""
        text = path.read_text(encoding="utf-8")
        table = "\n".join([self.begin, *lines, self.end])
        write_text(path, self._pattern.sub(lambda _: table, text))

    @property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(f"{re.escape(self.begin)}.*?{re.escape(self.end)}", re.DOTALL)


VERDICTS = Place("<!-- verilimit table -->", "<!-- end of the table -->")
MUTATIONS = Place("<!-- verilimit mutations -->", "<!-- end of the mutations -->")
STUDIES = Place("<!-- verilimit studies -->", "<!-- end of the studies -->")
RIVALS = Place("<!-- verilimit rivals -->", "<!-- end of the rivals -->")


def write_table(content: Content, path: Path) -> None:
    """Replace what stands between the two lines of the file by the table of this run."""
    VERDICTS.write(path, _lines(content))


def write_mutations(room: str, words: Sequence[str], path: Path) -> None:
    """Put the row of a room among those of the others, which stay."""
    head = ["| room | mutations noticed | survivors | run |", "|---|---|---|---|"]
    merge_rows(MUTATIONS, path, [*head, f"| `{room}` | {' | '.join(words)} |"])


def merge_rows(
    place: Place, path: Path, table: Sequence[str], names: Sequence[str] | None = None
) -> None:
    """Put rows among those of other names, which stay: a head, a rule and rows, by first cells.

    ``names``: the order of the rows, and those that there may be; by default that of the alphabet.
    Rows under another head have other columns, and go.
    """
    head, rule, *rows = table
    old_head, _, *old = [line for line in place.read(path) if line.startswith("|")] or [head, rule]
    kept = old if old_head == head else []
    found = {_first_cell(row): row for row in (*kept, *rows)}
    order = sorted(found) if names is None else [name for name in names if name in found]
    place.write(path, [head, rule, *(found[name] for name in order)])


def _first_cell(row: str) -> str:
    return row.split("|")[1].strip()


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
