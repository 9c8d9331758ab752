"""What machines read of a run while it goes on (``--json-lines``), and where its time went."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from checks.suite.meter import Cost
from checks.suite.run import Watcher
from checks.verdicts import Task

BEGAN = time.perf_counter()  # when the command was imported


@dataclass(frozen=True)
class Events:
    """One JSON object a line, written as it happens.

    ``event`` is ``run`` (the number of claims), ``block`` (an experiment's point and seeds were
    simulated, for a claim) or ``claim`` (a preliminary verdict: all are settled together in the
    end).
    """

    stream: IO[str]

    def total(self, claims: int) -> None:
        """The run begins."""
        self._say("run", claims=claims)

    def measured(self, claim: str, task: Task, cost: Cost) -> None:
        """A block was computed."""
        self._say("block", claim=claim, **task.to_json(), **asdict(cost))

    def finished(self, claim: str, verdict: str, seconds: float) -> None:
        """A claim has its preliminary verdict."""
        self._say("claim", claim=claim, verdict=verdict, seconds=seconds)

    def _say(self, event: str, **content: object) -> None:
        self.stream.write(json.dumps({"event": event, **content}) + "\n")
        self.stream.flush()


@contextmanager
def events(path: Path | None) -> Iterator[tuple[Watcher, ...]]:
    """The watcher that writes there, if anywhere."""
    if path is None:
        yield ()
        return
    with path.open("w", encoding="utf-8") as stream:
        yield (Events(stream),)


@dataclass
class Timings:
    """Where the seconds of a run go."""

    loading: float = field(default_factory=lambda: time.perf_counter() - BEGAN)
    here: float = field(default_factory=time.process_time)
    costs: list[Cost] = field(default_factory=list)

    def total(self, claims: int) -> None:
        """The run begins."""

    def measured(self, claim: str, task: Task, cost: Cost) -> None:
        """A block was computed."""
        self.costs.append(cost)

    def finished(self, claim: str, verdict: str, seconds: float) -> None:
        """A claim has its preliminary verdict."""

    def words(self) -> str:
        """In seconds of computing: those of several workers are added up."""
        blocks, tracing, compiling = (
            sum(getattr(cost, name) for cost in self.costs)
            for name in ("seconds", "tracing", "compiling")
        )
        inline = sum(cost.seconds for cost in self.costs if cost.process == os.getpid())
        judging = time.process_time() - self.here - inline
        peak = max((cost.memory for cost in self.costs), default=0) / 2**20
        return (
            f"seconds: loading {self.loading:.1f}; {len(self.costs)} blocks {blocks:.1f}, of which "
            f"tracing {tracing:.1f}, compiling {compiling:.1f}, simulating "
            f"{blocks - tracing - compiling:.1f}; judging {max(judging, 0):.1f}; peak memory of a "
            f"process {peak:.0f} MiB"
        )


@dataclass(frozen=True)
class Together:
    """Several watchers of one run."""

    watchers: Sequence[Watcher]

    def total(self, claims: int) -> None:
        """Tell all of them."""
        for watcher in self.watchers:
            watcher.total(claims)

    def measured(self, claim: str, task: Task, cost: Cost) -> None:
        """Tell all of them."""
        for watcher in self.watchers:
            watcher.measured(claim, task, cost)

    def finished(self, claim: str, verdict: str, seconds: float) -> None:
        """Tell all of them."""
        for watcher in self.watchers:
            watcher.finished(claim, verdict, seconds)
