"""What rules of trends share: levels of one size, and tests of means over seeds."""

import numpy as np
from jaxtyping import Float

from .data import Real
from .outcome import Test
from .values import in_unit


def by_level(
    values: Float[np.ndarray, "n K"], column: Float[np.ndarray, " K"]
) -> tuple[Float[np.ndarray, " levels"], Float[np.ndarray, "n levels"]]:
    """Sorted levels of one size, and each seed's average over the other sizes."""
    levels = np.unique(column)
    return levels, np.stack([values[:, column == level].mean(axis=1) for level in levels], axis=1)


def standard_error(values: Float[np.ndarray, "n K"]) -> Float[np.ndarray, " K"]:
    """Of the mean over seeds, for every column."""
    return values.std(axis=0, ddof=1) / np.sqrt(len(values))


def mean_test(
    name: str,
    values: Float[np.ndarray, " n"],
    low: Real,
    high: Real,
    centre: float | None = None,
    unit: int = 0,
) -> Test:
    """Mean of values in units of 2**unit, with its standard error, against absolute limits."""
    spread = float(in_unit(values.std(ddof=1), -unit)) / len(values) ** 0.5
    estimate = float(in_unit(values.mean(), -unit)) if centre is None else centre
    return Test(name, estimate, spread, len(values) - 1.0, low, high)
