"""The likelihood ratio beside the standard errors of a fit: support and refutation of exponents."""

import numpy as np
import pytest
import sympy as sp
from scipy import optimize, special

from checks.verdicts.calibration import frequency
from checks.verdicts.data import Data
from checks.verdicts.exponents import exponent_tests
from checks.verdicts.fit import fit_shape
from checks.verdicts.levels import Levels
from checks.verdicts.likelihood import by_likelihood
from checks.verdicts.outcome import SUPPORT_ERROR
from checks.verdicts.shapes import rate_shape
from theory.language.rate import Kind, Rate

n = sp.Symbol("n", positive=True)
RATE, MARGIN = Rate(1 / n, Kind.EXACT), 0.1
SIZES = 2.0 ** np.arange(2, 10)
SPREAD = 0.018  # of 512 seeds with log-normal errors, 0.4 in the logarithm
SHAPE = rate_shape(RATE, 0.5, Data(tuple({"n": size} for size in SIZES), {}, 0))
REGION = (-MARGIN, MARGIN)


def edge(size):
    """Wrong by the margin, behind a correction of order 1/2."""
    return size**-0.9 * (1 + 2 * size**-0.5)


def drawn(truth, draw: int) -> Levels:
    noise = SPREAD * np.random.default_rng([draw, 3]).standard_normal(len(SIZES))
    covariance = SPREAD**2 * np.eye(len(SIZES))
    return Levels(np.log(truth(SIZES)) + noise, covariance, 10**6, np.ones(len(SIZES)))


def both(levels: Levels):
    """The test of the exponent by its standard error, and held to the likelihood."""
    fit = fit_shape(levels, SHAPE, REGION, bounded=True)
    tests = exponent_tests(RATE, MARGIN, fit)
    return tests[0], by_likelihood(tests, levels, SHAPE, fit, REGION, bounded=True)[0]


def profile(levels: Levels, gammas) -> float:
    """Least chi-square over these exponents, by another search."""

    def misfit(a: float, gamma: float) -> float:
        rest = levels.log_mean + (1 - gamma) * np.log(SIZES) - np.log1p(a * (SIZES / 4) ** -0.5)
        return float(((rest - rest.mean()) ** 2).sum() / SPREAD**2)

    found = (
        optimize.minimize_scalar(misfit, (-0.8, 4), (-0.8, 4), (g,), "bounded") for g in gammas
    )
    return min(result.fun for result in found)


def test_p_values_are_those_of_a_profile_over_the_exponent() -> None:
    grid = np.linspace(-0.4, 0.4, 161)
    for draw in range(12):
        levels = drawn(edge, draw)
        by_error, held = both(levels)
        free = profile(levels, grid)
        outside = profile(levels, grid[np.abs(grid) >= MARGIN - 1e-9]) - free
        if by_error.p_support <= 0.05:
            tail = special.ndtr(-(max(outside, 0) ** 0.5))
            assert held.p_support == pytest.approx(max(by_error.p_support, tail), abs=2e-3)
        assert held.p_support >= by_error.p_support
        assert held.p_refute >= by_error.p_refute


def test_behind_a_bent_correction_a_wrong_claim_is_supported_as_seldom_as_promised() -> None:
    runs = 200
    found = [both(drawn(edge, draw)) for draw in range(runs)]
    by_error, held = (
        frequency(sum(pair[k].p_support <= SUPPORT_ERROR for pair in found), runs) for k in (0, 1)
    )
    assert held.count < by_error.count
    assert held.low <= SUPPORT_ERROR


def test_what_is_far_inside_stays_supported_and_what_is_far_outside_refuted() -> None:
    right = both(drawn(lambda size: (1 + 0.3 * size**-0.5) / size, 1))[1]
    assert right.p_refute == pytest.approx(1.0)
    assert both(drawn(lambda size: size**-0.5, 1))[1].p_refute < 1e-6
