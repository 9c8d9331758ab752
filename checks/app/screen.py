"""What the commands print: consoles, colours of verdicts and statuses, progress."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from checks.suite.meter import Cost
from checks.suite.problem import InputProblem, printable
from checks.verdicts import Task

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


class Reporter:
    """Says how a run goes: on a terminal a bar, the rate of blocks and the time that claims have
    left; plain lines elsewhere; nothing when quiet.
    """  # fmt: skip

    def __init__(
        self, console: Console, progress: Progress | None, *, quiet: bool, verbose: bool = False
    ) -> None:
        """Wrap a console and, on a terminal, a running progress display."""
        self._console, self._progress, self._quiet = console, progress, quiet
        self._verbose = verbose
        self._task = progress.add_task("", total=None, rate="") if progress else None
        self._blocks, self._began = 0, time.monotonic()

    def total(self, claims: int) -> None:
        """Announce how many claims will be judged."""
        self._claims, self._done = claims, 0
        if self._progress and self._task is not None:
            self._progress.update(self._task, total=claims)

    def working(self, claim: str) -> None:
        """A claim is at work."""
        if self._progress and self._task is not None:
            self._progress.update(self._task, description=claim)

    def measured(self, claim: str, task: Task, cost: Cost) -> None:
        """A block was computed for a claim."""
        self.working(claim)
        self._blocks += 1
        if self._progress and self._task is not None:
            rate = self._blocks / max(time.monotonic() - self._began, 1e-3)
            self._progress.update(self._task, rate=f"{rate:.1f} blocks/s")
        if self._verbose:
            self._console.print(
                f"{claim}: {task.experiment} {task.where}, {cost.seconds:.2f} s", markup=False
            )

    def finished(self, claim: str, verdict: str, seconds: float) -> None:
        """A claim has its preliminary verdict."""
        self._done += 1
        if self._progress and self._task is not None:
            self._progress.update(self._task, advance=1)
        elif not self._quiet:
            counter = f"{self._done}/{self._claims}"
            self._console.print(f"{counter} {claim}: {verdict}, {seconds:.1f} s", markup=False)


@contextmanager
def reporter(*, quiet: bool, verbose: bool = False) -> Iterator[Reporter]:
    """Progress on stderr, so that stdout holds results only; ``verbose`` names every block."""
    screen = console(stderr=True)
    if quiet or not screen.is_terminal:
        yield Reporter(screen, None, quiet=quiet, verbose=verbose)
        return
    columns = (
        BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[rate]}"),
        TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.description}"),
    )  # fmt: skip
    # Claims end in bursts: what is left is told from the speed of some minutes.
    with Progress(*columns, console=screen, transient=True, speed_estimate_period=600) as bar:
        yield Reporter(screen, bar, quiet=quiet, verbose=verbose)
