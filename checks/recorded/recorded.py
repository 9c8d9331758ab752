"""Errors that were recorded: with runs, with standard errors, or one number a size."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from checks.suite.problem import InputProblem
from checks.verdicts.values import EXACT, common_unit, in_unit

from .copies import refuse_copies
from .held import KNOWN, Recorded
from .table import Table, column, numbers, read_table

STATISTICS = ("mean", "rms", "geometric")
ALL_NOISE = 1e30  # standard errors that are larger say no less, and their squares are doubles


def recorded(
    table: Any,
    *,
    sizes: str | Sequence[str],
    error: str,
    run: str | None = None,
    standard_error: str | None = None,
    count: str | None = None,
    statistic: str = "mean",
    steps: str | Sequence[str] | None = None,
) -> Recorded:
    """A table of errors, one row a run or one row a size; see `read_table` for what is a table.

    - ``sizes``: names of the columns of the sizes, ``error`` that of the error (at least 0).
    - several rows of one size are runs; ``run`` names the column that says which, for runs that
      share their randomness between sizes. Sizes may have different numbers of runs, from 2 on.
    - ``standard_error``: the column with that of each row's mean; ``count``: of how many runs it
      is. Without ``count`` standard errors are taken as known.
    - one row a size and neither: the errors have no sampling error (a convergence table).
    - ``statistic``: of the runs' errors, ``mean``, ``rms`` or ``geometric``.
    - ``steps``: which sizes are steps, that go to 0; the others grow. By default a claim's
      prediction says so (positive powers only: a step), and an estimate guesses and notes it.

    Rows that repeat others count for nothing and are refused; columns that are not named are noted.

    Raises InputProblem, which says what is wrong with the table.
    """
    columns = read_table(table)
    names = _names(sizes)
    _require_texts(error=error, run=run, standard_error=standard_error, count=count)
    _refuse_ignored(run, standard_error, count)
    _refuse_two_meanings([*names, *(name for name in (error, run, standard_error, count) if name)])
    if statistic not in STATISTICS or not names:
        raise InputProblem(
            expected=f"a statistic of {', '.join(STATISTICS)}, and names of sizes",
            received=f"{statistic!r}, sizes {names}",
            remedy="Correct them.",
        )
    declared = None if steps is None else _names(steps)
    if not set(declared or ()) <= set(names):
        raise InputProblem(
            expected=f"steps among the sizes {', '.join(names)}",
            received=", ".join(declared or ()),
            remedy="Name the column of a step among the sizes, too.",
        )
    levels = np.array([_levels(columns, name) for name in names]).T
    named = (error, run, standard_error, count)
    data = _measured(columns, names, levels, named, statistic)
    unused = tuple(name for name in columns if name not in (*names, *named))
    data = replace(data, unused=unused, statistic=statistic)
    return data if declared is None else data.held(declared)


def _require_texts(**names: Any) -> None:
    for what, name in names.items():
        if not (isinstance(name, str) or (name is None and what != "error")):
            raise InputProblem(
                expected=f"{what} to be the name of a column",
                received=repr(name),
                remedy="Name one, as a text.",
            )


def _refuse_ignored(run: str | None, standard_error: str | None, count: str | None) -> None:
    """Refuse columns that the others leave without a meaning."""
    if count is not None and standard_error is None:
        raise InputProblem(
            expected="count with standard_error: of how many runs each mean is",
            received=f"count {count!r} alone",
            remedy="Name the column of standard errors, too, or leave count out.",
        )
    if run is not None and standard_error is not None:
        raise InputProblem(
            expected="run or standard_error: rows are runs, or means of runs",
            received=f"run {run!r} and standard_error {standard_error!r}",
            remedy="Leave one of them out.",
        )


def _refuse_two_meanings(names: list[str]) -> None:
    """Refuse a column that is named twice: an error is no standard error of its own, nor a run."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputProblem(
            expected="a column of its own for each size, the error and whatever else is named",
            received=f"{', '.join(f'“{name}”' for name in twice)} twice",
            remedy="Name each column once.",
        )


def _names(names: Any) -> list[str]:
    """Names from a text with commas, or as a list has them."""
    parts: Any = names.split(",") if isinstance(names, str) else names
    listed = isinstance(parts, Sequence) and not isinstance(parts, bytes)
    texts = [part for part in parts if isinstance(part, str)] if listed else []
    if not listed or len(texts) < len(parts):
        raise InputProblem(
            expected="names of columns, as a text such as “n,L” or a list of texts",
            received=repr(names),
            remedy="Name the columns of the sizes.",
        )
    return [name for text in texts if (name := text.strip())]


def _measured(
    columns: Table,
    names: list[str],
    levels: np.ndarray,
    named: tuple[str, str | None, str | None, str | None],
    statistic: str,
) -> Recorded:
    error, run, standard_error, count = named
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
        if errors.min() == 0:
            raise _zero(f"an error of 0 at {sized[int(where[np.argmin(errors)])]}")
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
    refuse_copies(where, errors)
    rows = {label: k for k, label in enumerate(dict.fromkeys(map(str, labels)))}
    power = 2 if statistic == "rms" else 1
    if statistic == "geometric" and errors.min() == 0:
        raise _zero("an error of 0, which has no logarithm")
    scale = common_unit(errors)
    errors = in_unit(errors, scale)
    seen = np.log(errors) if statistic == "geometric" else errors**power
    total = np.bincount(where, seen) / counts
    if statistic != "geometric" and total.min() == 0:
        raise _zero(f"only errors of 0 at {points[int(np.argmin(total))]}")
    unit = 1.0 if statistic == "geometric" else power * total[where]
    influence = np.zeros((len(rows), len(points)))
    influence[[rows[str(label)] for label in labels], where] = (
        (seen - total[where]) / unit / np.sqrt(counts * (counts - 1.0))[where]
    )
    varies = influence.any(axis=0)
    if not varies.all():
        raise InputProblem(
            expected="runs that vary at every size",
            received=f"equal errors at {points[int(np.argmin(varies))]}",
            remedy="Leave the size out, or give standard errors.",
        )
    values = np.exp(total) if statistic == "geometric" else total ** (1 / power)
    values = in_unit(values, -scale)
    return Recorded(points, values, influence.T @ influence, tuple(counts.tolist()), "runs")


def _with_standard_errors(
    points: tuple[Any, ...],
    where: np.ndarray,
    errors: np.ndarray,
    spread: np.ndarray,
    runs: np.ndarray,
) -> Recorded:
    whole = np.all(runs == np.rint(runs)) and runs.min() >= 2 and runs.max() <= EXACT
    if np.bincount(where).max() > 1 or spread.min() <= 0 or errors.min() == 0 or not whole:
        raise InputProblem(
            expected="one row a size, errors and standard errors above 0, counts that are whole "
            "numbers of at least 2",
            received=f"{len(errors)} rows for {len(points)} sizes, least error {errors.min():g}, "
            f"standard error {spread.min():g}, counts {runs.min():g} to {runs.max():g}",
            remedy="Correct the rows; rows that are runs need no standard errors.",
        )
    order = np.argsort(where)
    with np.errstate(over="ignore"):
        relative = np.minimum((spread / errors)[order], ALL_NOISE)
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
