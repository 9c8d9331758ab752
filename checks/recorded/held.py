"""What a table of errors holds: a statistic at every size, and which sizes are steps."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from checks.suite.problem import InputProblem
from checks.verdicts.grid import level_of

KNOWN = 10**6  # stands for the runs behind a standard error that is taken as known

APART = 1e-6  # least singular value of the logarithms of sizes that do not vary together


@dataclass(frozen=True, eq=False)
class Recorded:
    """A statistic of the error at every point, and what is known of its sampling error.

    - ``points``: sizes by name, from coarse to fine. A step h is held as its inverse, of the name
      ``1/h``; ``declared`` says that it is known which sizes are steps. Magnitudes do not tell:
      they depend on the unit.
    - ``values`` (K,): the statistic; ``covariance`` (K, K): of its logarithms, over runs. Runs of
      one name at several sizes may be dependent.
    - ``runs`` (K,): how many there were; ``noise``: ``runs``, ``standard errors`` or ``none``.
    - ``statistic``: which one of the runs the values are.
    - ``unused``: the table's columns that nothing named.
    """

    points: tuple[dict[str, float | int], ...]
    values: Float[np.ndarray, " K"]
    covariance: Float[np.ndarray, "K K"]
    runs: tuple[int, ...]
    noise: str
    declared: bool = False
    unused: tuple[str, ...] = ()
    statistic: str = "mean"

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not read: rows that differ in it count as runs of one size."""
        words = f"columns that are not read: {', '.join(self.unused)}"
        return (words,) if self.unused else ()

    @property
    def sizes(self) -> tuple[str, ...]:
        """Names of the sizes."""
        return tuple(self.points[0])

    def __call__(self, size: dict[str, Any], keys: np.ndarray) -> Float[np.ndarray, "n row"]:
        """As a measuring function: the value at a size and its covariances, the same for all keys.

        Raises ValueError for a size that was not recorded.
        """
        k = self.points.index(size)
        row = np.array([self.values[k], *self.covariance[k]], dtype=float)
        return np.tile(row, (len(keys), 1))

    @property
    def counted(self) -> str:
        """What the numbers rest on, in words."""
        low, high = min(self.runs), max(self.runs)
        if self.noise == "none":
            return "one recorded error a size"
        known = "recorded standard errors"
        runs = f"{low} recorded runs a size" if low == high else f"{low} to {high} recorded runs"
        return known if self.noise != "runs" and low == KNOWN else runs

    def held(self, steps: Collection[str]) -> "Recorded":
        """The same with these sizes as steps, held as their inverses, and all others as sizes."""
        points = [
            {
                f"1/{n}" if n in steps else n: level_of(1 / v if n in steps else v)
                for n, v in p.items()
            }
            for p in self.points
        ]
        order = sorted(range(len(points)), key=lambda k: tuple(points[k].values()))
        return replace(
            self,
            points=tuple(points[k] for k in order),
            values=self.values[order],
            covariance=self.covariance[np.ix_(order, order)],
            runs=tuple(self.runs[k] for k in order),
            declared=True,
        )

    def confounded(self) -> str:
        """Why exponents of the sizes cannot be told apart, empty where they can.

        Logarithms of sizes that vary must not be linear functions of one another.
        """
        logs = np.log(np.array([[float(v) for v in point.values()] for point in self.points]))
        logs -= logs.mean(axis=0)
        varying = [j for j in range(logs.shape[1]) if np.ptp(logs[:, j]) > 0]
        if len(varying) < 2:
            return ""
        part = logs[:, varying] / np.linalg.norm(logs[:, varying], axis=0)
        if np.linalg.matrix_rank(part, tol=APART) == len(varying):
            return ""
        names = ", ".join(self.sizes[j] for j in varying)
        return f"sizes {names} that vary only together: a power of one may be that of another"

    def small(self) -> frozenset[str]:
        """Sizes with values of at most 1, not all 1: guessed to be steps where nothing says so."""
        levels = {name: [point[name] for point in self.points] for name in self.sizes}
        return frozenset(n for n, part in levels.items() if max(part) <= 1 and min(part) < 1)


def require_recorded(value: Any) -> None:
    """Raise InputProblem for anything but a table as ``recorded`` returns it."""
    if not isinstance(value, Recorded):
        raise InputProblem(
            expected="a recorded table, what recorded(table, sizes=..., error=...) returns",
            received=f"a {type(value).__name__}",
            remedy="Read the table first.",
        )


def guessed(tables: list[Recorded]) -> tuple[list[Recorded], tuple[str, ...]]:
    """Tables whose steps no one declared and no prediction shows, by one guess, and its words."""
    if all(data.declared for data in tables):
        return tables, ()
    steps = frozenset.intersection(*(data.small() for data in tables))
    words = [
        f"{name} is read as "
        + ("a step, which goes to 0" if name in steps else "a size, which grows")
        for name in tables[0].sizes
    ]
    note = f"{', '.join(words)}: a guess by magnitude, to be replaced by steps= (--step)"
    return [data if data.declared else data.held(steps) for data in tables], (note,)


def refuse_confounded(data: Recorded) -> None:
    """Raise InputProblem where exponents of sizes cannot be told apart."""
    if confounded := data.confounded():
        raise InputProblem(
            expected="sizes that vary by themselves",
            received=confounded,
            remedy="Leave all but one of them out, or record more points.",
        )
