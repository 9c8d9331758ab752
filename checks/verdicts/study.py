"""A study: a claim, data that are quick to draw, and whether the claim is right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .claim import Claim
from .data import Real
from .experiment import Table
from .tasks import Task

SEEDS: dict[str, Any] = {"seeds": 64, "cap": 512}  # few: to show what rules make of them
Draw = Callable[..., np.ndarray]  # (generator, number of seeds, sizes by name) -> one row a seed


@dataclass(frozen=True)
class Hostile:
    """A claim whose data ``draw`` makes (``other`` the right side), and whether it is right.

    ``covered=False``: a wrong claim that the documentation says no data of such sizes can show.
    """

    name: str
    right: bool
    subject: Claim
    draw: Draw
    other: Draw | None = None
    covered: bool = True

    def claim(self) -> Claim:
        """The claim; its data come from ``measure``."""
        return self.subject

    def measure(self, tasks: Sequence[Task]) -> list[Table]:
        """Blocks of one draw of as many seeds as the claim may ask for."""
        return [{"value": self._block(task)} for task in tasks]

    def _block(self, task: Task) -> np.ndarray:
        right = self.other is not None and task.experiment.endswith((":right", ":other"))
        rows = _rows(self, task.seed, tuple(task.point.items()), right)
        return rows[task.start : task.start + task.count]


@lru_cache(maxsize=512)
def _rows(
    study: Hostile, seed: int, point: tuple[tuple[str, Real], ...], right: bool
) -> np.ndarray:
    """All that the claim may ask for at a size: one draw, whose blocks are read one by one."""
    count, sizes = study.subject.at("smoke").looks[-1], dict(point)
    if study.other is not None and right:
        rng = np.random.default_rng([seed, 1, *map(int, sizes.values())])
        return study.other(rng, count, **sizes)
    rng = np.random.default_rng([seed, *map(int, sizes.values())])
    return study.draw(rng, count, **sizes)


def unmeasured(size: dict[str, int], keys: np.ndarray) -> np.ndarray:
    """Stands for the function of a claim whose data are drawn by its study."""
    return np.full(len(keys), np.nan)


def noise(rng: np.random.Generator, shape: int | tuple[int, int]) -> np.ndarray:
    """Log-normal, 0.4 in the logarithm."""
    return np.exp(0.4 * rng.standard_normal(shape))
