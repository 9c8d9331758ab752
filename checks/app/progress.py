"""How a run tells how it goes: a bar on a terminal, lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from checks.app.screen import console
from checks.suite.meter import Cost
from checks.verdicts import Task


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
