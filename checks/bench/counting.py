"""Work as counts, which do not depend on how busy a machine is: tests hold bounds on them.

``python -m checks.bench.counting ROOM`` prints those of a room as JSON. Sets are walked in another
order by another hash seed, and SymPy remembers what it has made: counts are those of a fresh Python
with hash seed 0.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import jax
from sympy import Basic

from checks.bench.kinds import Ratio, Row
from checks.bench.programs import Program
from checks.suite.costs import cost_of
from checks.suite.house import BUILT_IN
from checks.suite.private import VARIABLE
from checks.verdicts import Claim, Experiment, Task, evaluate, experiments
from checks.verdicts.evidence import Evidence
from numerics import double
from theory.language import run_steps

COMPILED = "/jax/core/compile/backend_compile_duration"
TIER = "smoke"
MIDDLE = " 16 tokens"  # of the sizes at which generated functions stand beside their rivals


@dataclass
class Count:
    """How often something happened."""

    value: int = 0


@dataclass(frozen=True)
class Counts:
    """The counts of some rooms."""

    rooms: tuple[str, ...]

    def rows(self) -> Iterator[Row]:
        """Each room's, in a process of its own."""
        for room in self.rooms:
            for row in counts_of(room):
                yield Row(f"{room}: {row['name']}", row["value"])


def counts_of(room: str) -> list[dict]:
    """The rows of a room, counted by a fresh Python that finds nothing kept."""
    environment = {**os.environ, VARIABLE: "", "PYTHONHASHSEED": "0", "JAX_PLATFORMS": "cpu"}
    words = (sys.executable, "-m", __name__, room)
    done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def _rows(room: str) -> Iterator[Row]:
    with _expressions() as made:
        for _ in run_steps(BUILT_IN.theorem(room).derivation.steps):
            pass
    yield Row("expressions that its derivation makes", made.value)
    with _compilations() as compiled:
        claims = BUILT_IN.room(room).claims
    yield Row("programs compiled before anything is measured", compiled.value)
    yield from _second_blocks(claims)
    benchmarks = BUILT_IN.part(room, "benchmarks")
    for pair in () if benchmarks is None else benchmarks.benchmarks:
        if isinstance(pair, Ratio) and MIDDLE in pair.name:
            yield from _operations(pair)


def _second_blocks(claims: tuple[Claim, ...]) -> Iterator[Row]:
    """What is compiled when other seeds are simulated at the same point: a program serves all.

    Of the cheapest experiment that compiles anything.
    """
    blocks = {}
    for claim in claims:
        if claim.runs_at(TIER):
            for row in Evidence(claim, TIER, 0).tasks(None, claim.at(TIER).looks[0]).values():
                blocks.update({task.experiment: task for task in row})
    known = experiments(claims)
    least = sorted(blocks.values(), key=lambda task: (cost_of(task.to_json()), task.experiment))
    for task in least:
        again = replace(task, start=task.start + task.count)
        first, second = (_compiled_by(known[task.experiment], block) for block in (task, again))
        if first:
            words = f"programs compiled by a {{}} block of {task.experiment}"
            yield Row(words.format("first"), first)
            yield Row(words.format("second"), second)
            return


def _compiled_by(experiment: Experiment, block: Task) -> int:
    with _compilations() as compiled:
        evaluate(experiment, block)
    return compiled.value


def _operations(pair: Ratio) -> Iterator[Row]:
    """Operations of a generated function over those of its rival, and the length of its program."""
    ours, theirs = pair.first(), pair.second()
    if isinstance(ours, Program) and isinstance(theirs, Program):
        yield Row(f"{pair.name}: operations", ours.cost[0] / theirs.cost[0])
        program = jax.make_jaxpr(ours.function)(*ours.arguments)
        yield Row(f"{pair.name}: equations of its program", len(program.eqns))


@contextmanager
def _expressions() -> Iterator[Count]:
    """How many expressions SymPy makes within, those it remembers apart."""
    made, create = Count(), Basic.__new__

    def counted(cls: type[Basic], *args: Any) -> Basic:
        made.value += 1
        return create(cls, *args)

    Basic.__new__ = counted
    try:
        yield made
    finally:
        Basic.__new__ = create


@contextmanager
def _compilations() -> Iterator[Count]:
    """How many programs XLA compiles within."""
    compiled = Count()

    def heard(event: str, duration_secs: float, **kwargs: str | int) -> None:
        compiled.value += event == COMPILED

    jax.monitoring.register_event_duration_secs_listener(heard)
    try:
        yield compiled
    finally:
        jax.monitoring.unregister_event_duration_listener(heard)


if __name__ == "__main__":
    with double():
        print(json.dumps([row.to_json() for row in _rows(*sys.argv[1:])]))
