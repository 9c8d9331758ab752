"""How error probability is shared: between looks, tests, claims; and how many seeds are needed."""

from collections.abc import Sequence

import numpy as np
from scipy import special

from .data import Real
from .outcome import Test, t_quantile

LATER = 3.0  # a look has this many times the error probability of the look before it


def look_shares(looks: int) -> tuple[float, ...]:
    """Shares of an error probability for each look, adding up to one; most for the last."""
    weights = LATER ** np.arange(looks)
    return tuple(float(w) for w in weights / weights.sum())


def refutation(tests: Sequence[Test]) -> float:
    """p-value of the claim at one look: the smallest of its tests', times their number.

    This is the first step of Holm's procedure, the only one that matters when one
    rejection refutes the claim.
    """
    refuting = [test.p_refute for test in tests if test.refutes]
    return min(1.0, max(len(refuting), 1) * min(refuting, default=1.0))


def support(tests: Sequence[Test]) -> float:
    """p-value against the claim being wrong: the largest of its tests' (intersection-union)."""
    return max((test.p_support for test in tests), default=1.0)


def holm(p_values: Sequence[float], budget: float) -> list[tuple[bool, float]]:
    """For each p-value, whether Holm's procedure rejects, and the threshold it was held to."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    found = [(False, 0.0)] * len(p_values)
    alive = True
    threshold = budget
    for rank, i in enumerate(order):
        if alive:
            threshold = budget / (len(p_values) - rank)
            alive = p_values[i] <= threshold
        found[i] = (alive, threshold)
    return found


def planned_seeds(tests: Sequence[Test], seeds: int, refute: float, support: float) -> int:
    """Seeds that a pilot of ``seeds`` asks for, at error probabilities of the last look.

    Each test needs its interval to come clear of the nearer edge of its region, with one
    standard error to spare. All tests must do so for support, one is enough to refute. 0, no plan,
    where a standard error is not known.
    """
    if not np.isfinite([test.standard_error for test in tests]).all():
        return 0
    inside, outside = [], []
    for test in tests:
        low, high = test.support_region
        room = min(high - test.estimate, test.estimate - low)
        excess = max(test.estimate - test.high, test.low - test.estimate)
        inside.append(_needed(room, test, seeds, support))
        if test.refutes and excess > 0:
            outside.append(_needed(excess, test, seeds, refute))
    wanted = min([max(inside, default=np.inf), *outside])
    return int(min(wanted, 1e9))


def _needed(distance: Real, test: Test, seeds: int, alpha: float) -> float:
    if distance <= 0:
        return np.inf
    if not np.isfinite(distance) or test.standard_error == 0:
        return 1.0
    reach = t_quantile(1 - alpha, max(test.df, 10.0)) + 1.0
    return float(np.ceil(seeds * (reach * test.standard_error / distance) ** 2))


def false_support(tests: Sequence[Test], samples: int, share: float) -> tuple[str, float | None]:
    """A stated alternative and the probability of supporting the claim under it.

    The alternative puts the claim's first quantity at twice its margin; without sampling
    error it is a violation in a tenth of the instances, and where nothing is random there is no
    probability. ``share`` is the probability of
    false support at the very edge of the margin at the look that decided.
    """
    if not tests:
        return "twice its margin", 0.0
    test = tests[0]
    if test.assumed:
        return "no noise: no probabilities", None
    if test.standard_error == 0:
        if test.df == 0:
            return "a violation in 10 % of the instances", float(0.9**samples)
        return "twice its margin", 0.0
    low, high = test.support_region
    width = high if np.isfinite(high) else low
    reach = t_quantile(1 - share, test.df)
    return "twice its margin", float(special.stdtr(test.df, -reach - width / test.standard_error))
