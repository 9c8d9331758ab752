"""Measuring a claim: tasks for the seeds of a look, remembered for the looks after it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from .claim import Claim
from .data import Data
from .tasks import Task, evaluate

Measure = Callable[[Sequence[Task]], list[np.ndarray]]


@dataclass(frozen=True)
class Evidence:
    """The work items of one claim and its mutants, each measured once.

    ``measure`` runs tasks (through a store or on other machines); by default they are run
    here. Blocks are as long as the first look, so that compiled functions see one shape.
    """

    claim: Claim
    tier: str
    seed: int
    measure: Measure | None = None
    known: dict[Task, np.ndarray] = field(default_factory=dict)

    def gather(self, subject: Claim, mutant_id: str | None, seeds: int) -> Data:
        """Data of the claim or of one of its mutants for the first ``seeds`` seeds."""
        block = self.claim.at(self.tier).looks[0]
        points = subject.at(self.tier).points
        blocks = [(start, min(block, seeds - start)) for start in range(0, seeds, block)]
        tasks = {
            role: [
                [
                    Task(self.claim.id, mutant_id, role, tuple(p.items()), *b, seed=self.seed)
                    for b in blocks
                ]
                for p in points
            ]
            for role in subject.roles()
        }
        wanted = [task for rows in tasks.values() for row in rows for task in row]
        self._run([task for task in dict.fromkeys(wanted) if task not in self.known])
        arrays = {
            role: [np.concatenate([self.known[task] for task in row]) for row in rows]
            for role, rows in tasks.items()
        }
        return Data(points, arrays, seeds)

    def _run(self, tasks: list[Task]) -> None:
        if not tasks:
            return
        if self.measure is None:
            values = [evaluate(self.claim, task) for task in tasks]
        else:
            values = self.measure(tasks)
        if len(values) != len(tasks):
            raise ValueError(
                f"claim {self.claim.id}: measure was given {len(tasks)} tasks and returned "
                f"{len(values)} arrays; return one array a task, in the same order"
            )
        self.known.update(zip(tasks, values, strict=True))


def data_owner(claim: Claim, subject: Claim, mutant_id: str) -> str | None:
    """The mutant's id when it measures with functions of its own, None when it shares data."""
    own, shared = subject.roles(), claim.roles()
    same = own.keys() == shared.keys() and all(
        own[role].measure is shared[role].measure for role in own
    )
    return None if same else mutant_id
