"""What rules of trends share: slices of one size, and tests of means over seeds."""

import numpy as np
from jaxtyping import Float, Int

from theory.language.rate import Rate

from .data import Data, Real
from .levels import SMALLEST
from .outcome import Test
from .shapes import log_monomials
from .skewness import third_cumulant
from .values import Undecided, common_unit, in_unit

SAME = 1e-9  # logarithms of one number differ by no more, as they are rounded
LARGE = 700.0  # logarithm of what a float can nearly not hold
Slice = tuple[dict[str, Real], Int[np.ndarray, " k"]]


def slices(data: Data, name: str, through: Rate | None = None) -> list[Slice]:
    """The other sizes, and the indices of the points that have them, from coarse to fine.

    ``through``: a monomial of the sizes; slices are then the points at which it has one value,
    where there are several.
    """
    groups: dict[tuple[tuple[str, Real], ...], list[int]] = {}
    for k, rest in enumerate(_rests(data, name, through)):
        groups.setdefault(rest, []).append(k)
    column = data.column(name)
    found = [(dict(rest), np.array(sorted(g, key=column.__getitem__)))
             for rest, g in groups.items()]  # fmt: skip
    return found if through is None else [part for part in found if len(part[1]) > 1]


def _rests(data: Data, name: str, through: Rate | None) -> list[tuple[tuple[str, Real], ...]]:
    """What the points of one slice have in common."""
    if through is None:
        return [tuple((n, v) for n, v in point.items() if n != name) for point in data.points]
    logs = log_monomials(through, data)[0]
    order = np.argsort(logs)
    steps = np.diff(logs[order], prepend=logs[order[0]])
    first = order[np.maximum.accumulate(np.where(steps > SAME, np.arange(len(order)), 0))]
    alike = dict(zip(order.tolist(), first.tolist(), strict=True))
    return [(_named(through, float(logs[alike[k]])),) for k in range(len(order))]


def _named(through: Rate, logarithm: float) -> tuple[str, float]:
    """A monomial with its value, or its logarithm with that where the value is no number."""
    if abs(logarithm) > LARGE:
        return f"log({through.expression})", float(f"{logarithm:.12g}")
    return str(through.expression), float(f"{np.exp(logarithm):.12g}")


def standard_error(values: Float[np.ndarray, "n K"]) -> Float[np.ndarray, " K"]:
    """Of the mean over seeds, for every column."""
    return values.std(axis=0, ddof=1) / np.sqrt(len(values))


def log_influences(
    values: Float[np.ndarray, "n K"], statistic: str
) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, "n K"]]:
    """Logarithm of the statistic of each column, and what each seed moves it by.

    ``statistic``: mean, rms or geometric. Influences are deviations of a mean over seeds, as in
    ``levels.summarize``.
    """
    if statistic == "geometric":
        logs = np.log(np.maximum(values, SMALLEST))
        return logs.mean(axis=0), logs - logs.mean(axis=0)
    power = 2 if statistic == "rms" else 1
    powers = values**power
    mean = np.maximum(powers.mean(axis=0), SMALLEST)
    return np.log(mean) / power, (powers - mean) / mean / power


def statistic_logs(
    part: Data, statistic: str
) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, "n K"], int]:
    """`log_influences` of the errors of a slice in units of 2**unit, and the unit.

    Raises `Undecided` for errors of 0 that have no logarithm.
    """
    errors = part.matrix("error")
    unit, zero = common_unit(errors), errors == 0
    nothing = zero.any(axis=0) if statistic == "geometric" else zero.all(axis=0)
    if nothing.any():
        k = int(np.argmax(nothing))
        raise Undecided(
            f"the error is 0 at {part.points[k]}"
            + (" for some seed" if statistic == "geometric" else "")
            + ": its logarithm is needed",
            final=statistic == "geometric",
        )
    return (*log_influences(in_unit(errors, unit), statistic), unit)


def mean_test(
    name: str,
    values: Float[np.ndarray, " n"],
    low: Real,
    high: Real,
    centre: float | None = None,
    unit: int = 0,
) -> Test:
    """Mean of values in units of 2**unit, with its standard error, against absolute limits.

    ``centre`` is an estimate of which the values are the influences of the seeds. Tails are
    corrected for skewness.
    """
    spread = float(in_unit(values.std(ddof=1), -unit)) / len(values) ** 0.5
    estimate = float(in_unit(values.mean(), -unit)) if centre is None else centre
    skew = third_cumulant(values) / len(values) ** 0.5
    return Test(name, estimate, spread, len(values) - 1.0, low, high, skew=skew)
