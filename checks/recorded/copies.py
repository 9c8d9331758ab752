"""Rows that repeat others are no runs: counted as such they would make a table look surer."""

import numpy as np
from jaxtyping import Float, Int

from checks.suite.problem import InputProblem
from checks.verdicts.levels import is_lattice
from checks.verdicts.values import common_unit, in_unit

DIGITS = 8  # numbers of so many digits do not meet by chance


def refuse_copies(where: Int[np.ndarray, " n"], errors: Float[np.ndarray, " n"]) -> None:
    """Raise InputProblem where runs of one size (``where`` says which) repeat others.

    A repeated error of many digits is a copy. Numbers of few digits (counts, rounded figures),
    zeros and shares (k of 30) may be equal by chance, but not each of them equally often.
    """
    rows, counts = np.unique(np.stack([where, errors]), axis=1, return_counts=True)
    long = np.array([_digits(error) >= DIGITS for error in rows[1]])
    copied = long & (counts > 1)
    for k in np.unique(rows[0, copied]):
        copied[rows[0] == k] &= not _shares(rows[1, rows[0] == k])
    if counts.min() > 1 and counts.min() == counts.max():
        copied[:] = True
    if copied.any():
        k = int(np.argmax(copied))
        raise InputProblem(
            expected="runs that were drawn anew: a repeated row adds no information",
            received=f"{int((counts[copied] - 1).sum())} of {len(errors)} rows that repeat the "
            f"error of another run at their size, e.g. {rows[1][k]:g}",
            remedy="Leave the copies out; one row a size is a table without noise.",
        )


def _shares(errors: Float[np.ndarray, " u"]) -> bool:
    """Whether sorted errors, their squares, or errors up to an offset, are multiples of one number.

    So are shares of a whole and their deviations. Two differences are always such multiples.
    """
    unit = in_unit(errors, common_unit(errors))
    from_zero = [np.concatenate([[0.0], part]) for part in (unit, unit**2)]
    return any(len(part) > 3 and is_lattice(part) for part in (*from_zero, unit))


def _digits(error: float) -> int:
    """Significant decimal digits of the shortest text of a number; single precision has few."""
    text = np.format_float_scientific(error)
    with np.errstate(over="ignore", under="ignore"):
        single = float(np.float32(error)) == error
    return 0 if single else len(text.split("e")[0].replace(".", "").strip("0"))
