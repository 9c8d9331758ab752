"""A study: a claim, data that are quick to draw, and whether the claim is right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .claim import Claim
from .experiment import Table
from .tasks import Task

Draw = Callable[..., np.ndarray]  # (generator, number of seeds, sizes by name) -> one row a seed


@dataclass(frozen=True)
class Hostile:
    """A claim whose data ``draw`` makes (``other`` the right side), and whether it is right."""

    name: str
    right: bool
    subject: Claim
    draw: Draw
    other: Draw | None = None

    def claim(self) -> Claim:
        """The claim; its data come from ``measure``."""
        return self.subject

    def measure(self, tasks: Sequence[Task]) -> list[Table]:
        """Blocks of one draw of as many seeds as the claim may ask for."""
        return [{"value": self._block(task)} for task in tasks]

    def _block(self, task: Task) -> np.ndarray:
        rng = np.random.default_rng([task.seed, *map(int, task.point.values())])
        count = self.subject.at("smoke").looks[-1]
        if self.other is not None and task.experiment.endswith(":right"):
            rng = np.random.default_rng([task.seed, 1])
            return self.other(rng, count)[task.start : task.start + task.count]
        rows = self.draw(rng, count, **task.point)
        return rows[task.start : task.start + task.count]


def unmeasured(size: dict[str, int], keys: np.ndarray) -> np.ndarray:
    """Stands for the function of a claim whose data are drawn by its study."""
    return np.full(len(keys), np.nan)


def noise(rng: np.random.Generator, shape: int | tuple[int, int]) -> np.ndarray:
    """Log-normal, 0.4 in the logarithm."""
    return np.exp(0.4 * rng.standard_normal(shape))
