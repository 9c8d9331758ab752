"""Errors that were recorded: with runs, with standard errors, or one number a size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from checks.suite.problem import InputProblem

from .table import Table, column, numbers, read_table

KNOWN = 10**6  # stands for the runs behind a standard error that is taken as known
STATISTICS = ("mean", "rms", "geometric")


@dataclass(frozen=True, eq=False)
class Recorded:
    """A statistic of the error at every point, and what is known of its sampling error.

    - ``points``: sizes by name, from coarse to fine. A size below one (a step h) is held as its
      inverse, of the name ``1/h``.
    - ``values`` (K,): the statistic; ``covariance`` (K, K): of its logarithms, over runs. Runs of
      one name at several sizes may be dependent.
    - ``runs`` (K,): how many there were; ``noise``: ``runs``, ``standard errors`` or ``none``.
    """

    points: tuple[dict[str, float | int], ...]
    values: Float[np.ndarray, " K"]
    covariance: Float[np.ndarray, "K K"]
    runs: tuple[int, ...]
    noise: str

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


def recorded(
    table: Any,
    *,
    sizes: str | Sequence[str],
    error: str,
    run: str | None = None,
    standard_error: str | None = None,
    count: str | None = None,
    statistic: str = "mean",
) -> Recorded:
    """A table of errors, one row a run or one row a size; see `read_table` for what is a table.

    - ``sizes``: names of the columns of the sizes, ``error`` that of the error (at least 0).
    - several rows of one size are runs; ``run`` names the column that says which, for runs that
      share their randomness between sizes. Sizes may have different numbers of runs, from 2 on.
    - ``standard_error``: the column with that of each row's mean; ``count``: of how many runs it
      is. Without ``count`` standard errors are taken as known.
    - one row a size and neither: the errors have no sampling error (a convergence table).
    - ``statistic``: of the runs' errors, ``mean``, ``rms`` or ``geometric``.

    Raises InputProblem, which says what is wrong with the table.
    """
    columns = read_table(table)
    names = [s.strip() for s in sizes.split(",")] if isinstance(sizes, str) else list(sizes)
    if statistic not in STATISTICS or not names or len(set(names)) < len(names):
        raise InputProblem(
            expected=f"a statistic of {', '.join(STATISTICS)}, and different names of sizes",
            received=f"{statistic!r}, sizes {names}",
            remedy="Correct them.",
        )
    levels = np.array([_levels(columns, name) for name in names]).T
    names = [
        f"1/{name}" if np.all(part <= 1) and np.any(part < 1) else name
        for name, part in zip(names, levels.T, strict=True)
    ]
    inverse = [name.startswith("1/") for name in names]
    levels[:, inverse] = 1 / levels[:, inverse]
    errors = numbers(columns, error)
    _refuse_signs(errors, error)
    points, where = np.unique(levels, axis=0, return_inverse=True)
    where = where.reshape(-1)
    counts = np.bincount(where)
    sized = tuple(
        {n: int(v) if float(v).is_integer() else float(v) for n, v in zip(names, p, strict=True)}
        for p in points
    )
    if standard_error is not None:
        spread = numbers(columns, standard_error)
        runs = numbers(columns, count) if count else np.full(len(errors), float(KNOWN))
        return _with_standard_errors(sized, where, errors, spread, runs)
    if counts.max() == 1:
        nothing = np.zeros((len(sized), len(sized)))
        return Recorded(sized, errors[np.argsort(where)], nothing, (1,) * len(sized), "none")
    labels = column(columns, run) if run is not None else list(range(len(errors)))
    return _of_runs(sized, where, errors, labels, statistic)


def _of_runs(
    points: tuple[Any, ...],
    where: np.ndarray,
    errors: np.ndarray,
    labels: list[Any],
    statistic: str,
) -> Recorded:
    counts = np.bincount(where)
    if counts.min() < 2:
        raise InputProblem(
            expected="at least two runs at every size, or one everywhere",
            received=f"{counts.min()} at {points[int(np.argmin(counts))]}, and {counts.max()} at "
            f"{points[int(np.argmax(counts))]}",
            remedy="Leave the size out, or give standard errors.",
        )
    if len({(str(label), k) for label, k in zip(labels, where, strict=True)}) < len(where):
        raise InputProblem(
            expected="each run once at a size",
            received="runs that occur twice at one size",
            remedy="Name the column that tells runs apart, and all columns of sizes.",
        )
    rows = {label: k for k, label in enumerate(dict.fromkeys(map(str, labels)))}
    power = 2 if statistic == "rms" else 1
    if statistic == "geometric" and errors.min() == 0:
        raise _zero("an error of 0, which has no logarithm")
    seen = np.log(errors) if statistic == "geometric" else errors**power
    total = np.bincount(where, seen) / counts
    if statistic != "geometric" and total.min() == 0:
        raise _zero(f"only errors of 0 at {points[int(np.argmin(total))]}")
    unit = 1.0 if statistic == "geometric" else power * total[where]
    influence = np.zeros((len(rows), len(points)))
    influence[[rows[str(label)] for label in labels], where] = (
        (seen - total[where]) / unit / np.sqrt(counts * (counts - 1.0))[where]
    )
    values = np.exp(total) if statistic == "geometric" else total ** (1 / power)
    return Recorded(points, values, influence.T @ influence, tuple(counts.tolist()), "runs")


def _with_standard_errors(
    points: tuple[Any, ...],
    where: np.ndarray,
    errors: np.ndarray,
    spread: np.ndarray,
    runs: np.ndarray,
) -> Recorded:
    if np.bincount(where).max() > 1 or spread.min() <= 0 or errors.min() == 0 or runs.min() < 2:
        raise InputProblem(
            expected="one row a size, errors and standard errors above 0, counts of at least 2",
            received=f"{len(errors)} rows for {len(points)} sizes, least error {errors.min():g}, "
            f"standard error {spread.min():g}, count {runs.min():g}",
            remedy="Correct the rows; rows that are runs need no standard errors.",
        )
    order = np.argsort(where)
    relative = (spread / errors)[order]
    counts = tuple(int(n) for n in runs[order])
    return Recorded(points, errors[order], np.diag(relative**2), counts, "standard errors")


def _levels(columns: Table, name: str) -> np.ndarray:
    values = numbers(columns, name)
    if values.min() <= 0:
        raise InputProblem(
            expected=f"sizes above 0 in the column “{name}”",
            received=f"{values.min():g} in row {int(np.argmin(values)) + 1}",
            remedy="Correct the cell.",
        )
    return values


def _refuse_signs(errors: np.ndarray, name: str) -> None:
    if errors.min() < 0:
        raise InputProblem(
            expected=f"errors of at least 0 in the column “{name}”",
            received=f"{errors.min():g} in row {int(np.argmin(errors)) + 1}",
            remedy="Give absolute errors.",
        )


def _zero(received: str) -> InputProblem:
    return InputProblem(
        expected="errors above 0: a rate is seen in their logarithms",
        received=received,
        remedy="Leave the size out; an error of exactly 0 says nothing of a rate.",
    )
