"""What was measured: for each measuring function, an array with one row a seed at every point."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from numerics.engine.measuring import Size as Size

Real = float | int  # what a user may write where a number is meant


@runtime_checkable
class Measure(Protocol):
    """A measuring function: of a size and of keys, uint32 of shape (n, 2), a row for each key."""

    def __call__(self, size: Any, keys: Any, /) -> Any:
        """An array, or what NumPy makes one of, whose first axis has the length n."""
        ...


@dataclass(frozen=True)
class Data:
    """Everything measured so far: for each role, one float array a size point.

    Arrays have shape (n,), (n, q) or (n, times); n is the number of ``seeds``.
    """

    points: tuple[Size, ...]
    arrays: dict[str, list[np.ndarray]]
    seeds: int

    def matrix(self, role: str) -> Float[np.ndarray, "n K"]:
        """The role's values as one column a size point."""
        return np.stack(self.arrays[role], axis=1)

    def select(self, points: Sequence[int] | Int[np.ndarray, " k"]) -> "Data":
        """The data at some of the size points."""
        arrays = {role: [rows[k] for k in points] for role, rows in self.arrays.items()}
        return Data(tuple(self.points[k] for k in points), arrays, self.seeds)

    def column(self, name: str) -> Float[np.ndarray, " K"]:
        """The levels of one size over the points."""
        return np.array([float(point[name]) for point in self.points])

    def mapped(self, role: str, change: Callable[[Size, np.ndarray], np.ndarray]) -> "Data":
        """The data with the role's arrays replaced by ``change(point, array)``."""
        rows = zip(self.points, self.arrays[role], strict=True)
        changed = [change(dict(point), values) for point, values in rows]
        return replace(self, arrays={**self.arrays, role: changed})

    def with_matrix(self, role: str, values: Float[np.ndarray, "n K"]) -> "Data":
        """The data with the role's columns replaced."""
        return replace(self, arrays={**self.arrays, role: list(values.T)})


def at(point: Mapping[str, Real]) -> str:
    """`` at n=8, m=2``, or nothing for a claim without sizes."""
    return " at " + ", ".join(f"{name}={level}" for name, level in point.items()) if point else ""
