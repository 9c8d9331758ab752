"""What the commands print on: consoles, and colours of verdicts and statuses."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from checks.suite.problem import InputProblem, printable

PLAIN_WIDTH = 140
PROSE_WIDTH = 24  # a column of sentences that is narrower is no reading
COLOURS = {
    "SUPPORTED": "green",
    "REFUTED": "bold red",
    "INCONCLUSIVE": "yellow",
    "PROVED": "green",
    "SAMPLED": "cyan",
    "UNDECIDED": "yellow",
    "FAILED": "bold red",
    "HOLDS": "green",
    "FAILS": "bold red",
    "MISSING": "yellow",
    "CERTIFIED": "green",
    "FALSE": "bold red",
}


class Screen(Console):
    """A console that obeys no text, and whose reader may leave without changing a verdict."""

    def print(self, *objects: Any, soft_wrap: bool | None = None, **options: Any) -> None:
        """Lines of a log or in a pipe are whole; on a terminal they break between words."""
        whole = not self.is_terminal and all(isinstance(item, str) for item in objects)
        super().print(*objects, soft_wrap=soft_wrap or whole or None, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Control characters of a statement or a message are shown, not obeyed."""
        return super().render_str(printable(text), **options)

    def on_broken_pipe(self) -> None:
        """Say the rest to nobody; Rich would end with the status of a refuted claim."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal, or of a fixed width in a pipe or a log."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    return Screen(file=stream, width=width, highlight=False, soft_wrap=False)


def print_table(
    screen: Console, head: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None
) -> None:
    """Print rows of markup as a table whose names and numbers are whole, or else row by row.

    A cell without a space is a name (a claim's id, a verdict, a number) and is never cut: where
    the screen is too narrow for these and for sentences beside them, each row becomes a paragraph.
    """
    rows = list(rows)
    columns = zip(*rows, strict=True) if rows else [()] * len(head)
    cells = [[Text.from_markup(cell).plain for cell in column] for column in columns]
    prose = [any(" " in cell for cell in column) for column in cells]
    widths = [
        max(PROSE_WIDTH * wrapped, *map(cell_len, name.split()), *map(_width_of_name, column))
        for name, column, wrapped in zip(head, cells, prose, strict=True)
    ]
    if sum(widths) + 3 * len(widths) + 1 > screen.width:
        _print_paragraphs(screen, head, rows, title)
        return
    table = Table(title=title)
    for name, width, wrapped in zip(head, widths, prose, strict=True):
        table.add_column(name, width=None if wrapped else width, overflow="fold")
    for row in rows:
        table.add_row(*row)
    screen.print(table)


def _width_of_name(cell: str) -> int:
    return 0 if " " in cell else cell_len(cell)


def _print_paragraphs(
    screen: Console, head: Sequence[str], rows: Sequence[Sequence[str]], title: str | None
) -> None:
    if title:
        screen.print(f"[bold]{title}[/]")
    for name, *cells in rows:
        screen.print(f"[bold]{name}[/]", soft_wrap=True)
        for what, cell in zip(head[1:], cells, strict=True):
            screen.print(Padding(Text.from_markup(f"{what}: {cell}"), (0, 0, 0, 2), expand=False))


def coloured(word: str) -> str:
    """Rich markup of a verdict or a status."""
    colour = COLOURS.get(word.split("(")[0].strip())
    return f"[{colour}]{word}[/]" if colour else word


def complain(lost: Iterable[InputProblem]) -> None:
    """Say on stderr what is wrong with each room that did not load."""
    for problem in lost:
        print(f"verilimit: {problem}", file=sys.stderr)
