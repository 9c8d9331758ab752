"""What the commands print on: consoles, and colours of verdicts and statuses."""

import os
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

from checks.suite.problem import InputProblem, printable

PLAIN_WIDTH = 140
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


def coloured(word: str) -> str:
    """Rich markup of a verdict or a status."""
    colour = COLOURS.get(word.split("(")[0].strip())
    return f"[{colour}]{word}[/]" if colour else word


def complain(lost: Iterable[InputProblem]) -> None:
    """Say on stderr what is wrong with each room that did not load."""
    for problem in lost:
        print(f"verilimit: {problem}", file=sys.stderr)
