"""Brackets of a place on a line of levels, and the power laws that pass through all of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .trends import mean_test

ROUNDINGS = 16 * np.finfo(float).eps
Brackets = tuple[Float[np.ndarray, " K"], Float[np.ndarray, " K"]]


@dataclass(frozen=True)
class Sides:
    """One slice: for each level of ``over``, how sure it is that the place is above, or below.

    ``logs`` (m,) of the levels; ``above`` and ``below`` (m,) are p-values, each the least of
    several; ``tests``: how many of these may be wrong at once.
    """

    logs: Float[np.ndarray, " m"]
    above: Float[np.ndarray, " m"]
    below: Float[np.ndarray, " m"]
    tests: int


def optimum_sides(logs: Float[np.ndarray, " m"], values: Float[np.ndarray, "n m"]) -> Sides:
    """Of two levels the place is not beyond the one whose mean is larger, on its far side."""
    count = len(logs)
    above, below = np.ones(count), np.ones(count)
    for i in range(count):
        for j in range(i + 1, count):
            p, sign = _one_sided(values[:, j], values[:, i])
            if sign < 0:
                above[i] = min(above[i], p)
            else:
                below[j] = min(below[j], p)
    return Sides(logs, above, below, count * (count - 1) // 2)


def crossing_sides(
    logs: Float[np.ndarray, " m"],
    values: Float[np.ndarray, "n m"],
    others: Float[np.ndarray, "n m"],
) -> Sides:
    """The place is above a level at which the mean is less than the other."""
    found = [_one_sided(x, y) for x, y in zip(values.T, others.T, strict=True)]
    above = np.array([p if sign < 0 else 1.0 for p, sign in found])
    below = np.array([p if sign > 0 else 1.0 for p, sign in found])
    return Sides(logs, above, below, len(logs))


def _one_sided(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> tuple[float, int]:
    """p-value of 'the means do not differ in the direction that is seen', and the direction."""
    difference = x - y
    mean = float(difference.mean())
    if abs(mean) <= ROUNDINGS * max(np.abs(x).max(), np.abs(y).max()):
        return 1.0, 1
    sign = 1 if mean > 0 else -1
    return mean_test("", sign * difference, -np.inf, 0.0).p_refute, sign


def brackets(sides: list[Sides], error: float) -> Brackets:
    """Logarithms between which the place lies in each slice, for p-values up to ``error`` each."""
    low = [s.logs[s.above <= error].max(initial=-np.inf) for s in sides]
    high = [s.logs[s.below <= error].min(initial=np.inf) for s in sides]
    return np.array(low), np.array(high)


def exponents(
    logs: Float[np.ndarray, " K"], low: Float[np.ndarray, " K"], high: Float[np.ndarray, " K"]
) -> tuple[float, float]:
    """The least and the largest slope of a line through all brackets (low > high: there is none).

    A line passes all if it passes each two, as intervals of its offset that meet two by two have a
    point in common: its slope is at least (low_l - high_k) / (t_l - t_k) and at most
    (high_l - low_k) / (t_l - t_k) for all t_l > t_k.
    """
    k, m = np.triu_indices(len(logs), 1)
    steps = logs[m] - logs[k]
    return float(((low[m] - high[k]) / steps).max()), float(((high[m] - low[k]) / steps).min())


def least_error(levels: np.ndarray, count: int, holds: Callable[[float], bool]) -> float:
    """The least error at which something holds that holds at all larger ones, times ``count``."""
    if not holds(float(levels[-1])):
        return 1.0
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(float(levels[middle])) else (middle + 1, high)
    return min(1.0, count * float(levels[low]))
