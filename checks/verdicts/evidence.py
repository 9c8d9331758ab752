"""Measuring a claim: blocks of its experiments for the seeds of a look, kept for later looks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Shaped

from .claim import Claim, Mutant, Role
from .data import Data, Size
from .experiment import Column, Experiment, Table, alone
from .tasks import Task, evaluate
from .values import FAULTS, ClaimError, in_words, real_values

Measurer = Callable[[Sequence[Task]], Sequence[Table]]


@lru_cache(maxsize=512)
def planted(claim: Claim, mutant: Mutant) -> Claim:
    """As ``claim.planted``, which checks the whole claim anew: once for a calibration."""
    return claim.planted(mutant)


@lru_cache(maxsize=512)
def columns(claim: Claim, mutant: Mutant | None = None) -> Mapping[str, Column]:
    """For each role of the claim or of its mutant, what it reads of which experiment.

    A plain function is an experiment of its own; what a mutant leaves as it is, is the claim's.
    """
    own = claim.roles()
    found = {}
    for name, role in (planted(claim, mutant) if mutant else claim).roles().items():
        measure = role.measure
        if not isinstance(measure, Column):
            shared = mutant is None or (name in own and own[name].measure is measure)
            parts = (claim.id, name) if shared or mutant is None else (claim.id, mutant.id, name)
            measure = alone(":".join(parts), measure, claim.id, role.side)
        found[name] = measure
    return found


@lru_cache(maxsize=64)
def experiments(claims: tuple[Claim, ...]) -> Mapping[str, Experiment]:
    """The experiments of claims and their mutants by name; ValueError for two of one name."""
    found: dict[str, Experiment] = {}
    for claim in claims:
        for mutant in (None, *(claim.mutants or claim.errors_to_plant())):
            for column in columns(claim, mutant).values():
                new = column.experiment
                if found.setdefault(new.name, new) != new:
                    raise ValueError(
                        f"claim {claim.id}: expected one experiment of the name {new.name}, "
                        "received two that simulate differently; rename one of them"
                    )
    return found


@dataclass(frozen=True)
class Evidence:
    """What was simulated for one claim and its mutants, each block once.

    ``measure`` runs tasks (through a store or on other machines); by default they are run
    here. Blocks are as long as the first look, unless the experiment says otherwise, so that
    compiled functions see one shape.
    """

    claim: Claim
    tier: str
    seed: int
    measure: Measurer | None = None
    known: dict[Task, Table] = field(default_factory=dict)
    rows: dict[Any, np.ndarray] = field(default_factory=dict)

    def gather(self, mutant: Mutant | None, seeds: int) -> Data:
        """Data of the claim or of one of its mutants for the first ``seeds`` seeds."""
        points = self._points(mutant)
        read = columns(self.claim, mutant)
        tasks = self.tasks(mutant, seeds)
        wanted = dict.fromkeys(task for row in tasks.values() for task in row)
        self._run([task for task in wanted if task not in self.known])
        arrays = {
            role: [
                np.concatenate([self._rows(mutant, role, point, task) for task in tasks[role, k]])
                for k, point in enumerate(points)
            ]
            for role in read
        }
        return Data(points, arrays, seeds)

    def tasks(self, mutant: Mutant | None, seeds: int) -> dict[tuple[str, int], list[Task]]:
        """The blocks of each role at each point, by its number."""
        points = self._points(mutant)
        return {
            (role, k): self._tasks(column, column.point(point, points), seeds)
            for role, column in columns(self.claim, mutant).items()
            for k, point in enumerate(points)
        }

    def _points(self, mutant: Mutant | None) -> tuple[Size, ...]:
        return (planted(self.claim, mutant) if mutant else self.claim).at(self.tier).points

    def _tasks(self, column: Column, point: Size, seeds: int) -> list[Task]:
        name, sizes = column.experiment.name, tuple(point.items())
        block = column.experiment.block or self.claim.at(self.tier).looks[0]
        return [
            Task(name, sizes, start, min(block, seeds - start), self.seed)
            for start in range(0, seeds, block)
        ]

    def _run(self, tasks: list[Task]) -> None:
        if not tasks:
            return
        if self.measure is None:
            found = experiments((self.claim,))
            values = [evaluate(found[task.experiment], task) for task in tasks]
        else:
            values = self.measure(tasks)
        if len(values) != len(tasks):
            raise ValueError(
                f"claim {self.claim.id}: measure was given {len(tasks)} tasks and returned "
                f"{len(values)} tables; return one table a task, in the same order"
            )
        self.known.update(zip(tasks, values, strict=True))

    def _rows(
        self, mutant: Mutant | None, role: str, size: Size, task: Task
    ) -> Float[np.ndarray, "..."]:
        """What the claim reads of a block, checked: float64, one row a seed."""
        column = columns(self.claim, mutant)[role]
        name = (column.of, role, tuple(size.items()), task)
        if name not in self.rows:
            subject = planted(self.claim, mutant) if mutant else self.claim
            who = f"claim {self.claim.id}" + (f", mutant {mutant.id}" if mutant else "")
            self.rows[name] = read_rows(
                column, subject.roles()[role], size, task, self.known[task], f"{who}, {role}"
            )
        return self.rows[name]


def read_rows(
    column: Column, role: Role, size: Size, task: Task, table: Table, who: str
) -> Float[np.ndarray, "..."]:
    """What a role reads of a table; ClaimError for what it may not be, naming size and seed."""
    where = f"{who} {Task(task.experiment, tuple(size.items()), *_seeds(task)).where}"
    try:
        raw = column.of(dict(size), dict(table))
    except FAULTS as error:
        raise ClaimError(
            f"{where}: expected an array of {task.count} values, received "
            f"{in_words(error)}; correct what is read of the experiment"
        ) from error
    try:
        values = real_values(raw, events=role.events)
    except (TypeError, ValueError) as error:
        raise ClaimError(f"{where}: {error}; correct the function") from error
    _check_shape(role, task.count, values, where)
    finite = np.all(np.isfinite(values).reshape(task.count, -1), axis=1)
    _refuse(finite, values, task, f"{who} at size {size}", "finite numbers")
    if role.nonnegative:
        positive = np.all((values >= 0).reshape(task.count, -1), axis=1)
        _refuse(positive, values, task, f"{who} at size {size}", "errors of at least 0")
    return values


def _seeds(task: Task) -> tuple[int, int, int]:
    return task.start, task.count, task.seed


def _check_shape(role: Role, count: int, values: Shaped[np.ndarray, "..."], where: str) -> None:
    shapes = [(count, *row) for row in role.rows]
    if not any(_matches(values.shape, shape) for shape in shapes):
        raise ClaimError(
            f"{where}: expected an array of shape {' or '.join(map(str, shapes))}, received shape "
            f"{values.shape}; return one row a key"
        )


def _matches(shape: tuple[int, ...], wanted: tuple[int | str, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        isinstance(w, str) or n == w for n, w in zip(shape, wanted, strict=True)
    )


def _refuse(
    good: Bool[np.ndarray, " count"],
    values: Float[np.ndarray, "count ..."],
    task: Task,
    where: str,
    expected: str,
) -> None:
    if not good.all():
        first = int(np.argmin(good))
        raise ClaimError(
            f"{where}, seed {task.start + first} of run seed {task.seed}: expected {expected}, "
            f"received {values[first]}; {int((~good).sum())} of {task.count} seeds are affected"
        )
