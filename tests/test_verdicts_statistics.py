"""The statistics under the verdicts, each against a second route."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy import stats

from checks.verdicts import RateClaim, Test
from checks.verdicts.bound import fit_bound
from checks.verdicts.calibration import frequency
from checks.verdicts.data import Data
from checks.verdicts.fit import fit_shape
from checks.verdicts.kinds.law import _kolmogorov
from checks.verdicts.levels import summarize
from checks.verdicts.shapes import log_monomials, make_shape
from checks.verdicts.spending import holm, look_shares, planned_seeds, refutation, support
from theory.language.rate import Rate

H8 = 2.0 ** -np.arange(2, 10)


def lognormal(rng, means, n, spread=0.4):
    return means * np.exp(spread * rng.standard_normal((n, len(means))))


@pytest.mark.parametrize("statistic", ["mean", "rms", "geometric", "weak"])
def test_covariance_of_levels_is_that_of_a_joint_bootstrap_of_seeds(statistic):
    rng = np.random.default_rng(1)
    shared = rng.standard_normal((400, 1))
    errors = np.exp(0.4 * (shared + 0.5 * rng.standard_normal((400, 3)))) * [1.0, 0.5, 0.25]
    draws = rng.integers(0, 400, size=(2000, 400))
    resampled = np.array([summarize(errors[rows], statistic).log_mean for rows in draws])
    brute = np.cov(resampled.T)
    # 2000 resamples give each entry to about 3 % of the variances; log of a mean adds 1/n.
    assert np.allclose(summarize(errors, statistic).covariance, brute, atol=0.12 * brute.max())


def test_standard_error_of_the_exponent_is_its_spread_over_studies():
    rng = np.random.default_rng(2)
    shape = make_shape(np.log(H8)[None], 1 / H8[None], 1.0)
    fits = [
        fit_shape(summarize(lognormal(rng, H8 * (1 + 2 * H8), 128), "mean"), shape)
        for _ in range(300)
    ]
    z = np.array([fit.gamma[0] / fit.standard_error[0] for fit in fits])
    # 300 studies: the standard deviation of z is known to 1/sqrt(600), its mean to 1/sqrt(300).
    assert abs(z.mean()) < 4 / np.sqrt(300)
    assert abs(z.std() - 1) < 4 / np.sqrt(600)
    assert np.mean([fit.misfit < 0.05 for fit in fits]) < 0.1


def test_lack_of_fit_sees_a_form_that_is_wrong_and_leaves_coarse_levels_out():
    rng = np.random.default_rng(3)
    wavy = H8 * np.array([1, 3, 1, 1, 1, 1, 1, 1.0])
    fit = fit_shape(
        summarize(lognormal(rng, wavy, 512), "mean"), make_shape(np.log(H8)[None], 1 / H8[None], 1)
    )
    assert 1 not in fit.kept
    assert fit.misfit >= 0.002
    assert abs(fit.gamma[0]) < 4 * fit.standard_error[0]


def test_a_sum_is_fitted_as_a_sum():
    L, H = (a.ravel() for a in np.meshgrid([8.0, 16, 32, 64, 128], [1.0, 2, 4, 8]))
    terms = np.array([-np.log(L), -np.log(L) / 3 - np.log(H) / 2])
    levels = summarize(lognormal(np.random.default_rng(4), np.exp(terms).sum(axis=0), 512), "mean")
    fit = fit_shape(levels, make_shape(terms, np.array([L, H]), None))
    assert np.all(np.abs(fit.gamma) < 4 * fit.standard_error)
    straight = np.linalg.lstsq(
        np.stack([np.ones_like(L), np.log(L), np.log(H)], axis=1), levels.log_mean, rcond=None
    )[0]
    assert not np.allclose(straight[1:], [-1 / 3, -1 / 2], atol=0.1)


def test_a_bound_is_judged_at_the_constants_that_favour_it():
    L, H = (a.ravel() for a in np.meshgrid([8.0, 16, 32, 64, 128], [1.0, 2, 4, 8]))
    terms = np.array([-np.log(L), -np.log(L) / 3 - np.log(H) / 2])
    shape = make_shape(terms, np.array([L, H]), None)
    below = fit_bound(summarize(np.tile(1 / L + (L * H) ** -0.5, (4, 1)), "mean"), shape)
    assert np.all(below.gamma < 0)
    unit = np.log(1 / L + (L * H) ** -0.5) - np.logaddexp.reduce(terms)
    assert np.polyfit(np.log(H[L == 8]), unit[L == 8], 1)[0] > 0  # at unit constants it grows
    above = fit_bound(summarize(np.tile(L**-0.25 * H**-0.5, (4, 1)), "mean"), shape)
    assert above.gamma.max() == pytest.approx(1 / 12, abs=1e-3)


def test_monomials_are_those_of_the_rate():
    n, m = sp.symbols("n m", positive=True)
    rate = Rate(1 / n + sp.sqrt(sp.log(n)) * m ** sp.Rational(-1, 3))
    points: tuple[dict[str, Any], ...] = ({"n": 8, "m": 3}, {"n": 50, "m": 1})
    found = log_monomials(rate, Data(points, {}, 1))
    # Rate.evaluate substitutes into the expression, the judge works on logarithms.
    assert np.allclose(
        np.exp(found.T),
        [rate.evaluate({k: float(v) for k, v in point.items()}) for point in points],
        rtol=1e-12,
    )


def test_p_values_are_those_of_student():
    test = Test("x", 0.25, 0.05, 20.0, -0.1, 0.1)
    assert test.p_refute == pytest.approx(stats.t.sf(3.0, 20) + stats.t.sf(7.0, 20))
    assert test.p_support == pytest.approx(stats.t.cdf(3.0, 20))
    inside = Test("x", 0.02, 0.03, 20.0, -0.1, 0.1)
    assert inside.p_support == pytest.approx(stats.t.sf(0.08 / 0.03, 20))
    exact = Test("x", 0.02, 0.03, 20.0, 0.0, 0.0, -0.1, 0.1)
    assert exact.p_refute == pytest.approx(2 * stats.t.sf(2 / 3, 20))
    assert Test("x", 2.0, 0.0, 0.0, -np.inf, 1.0).p_refute == 0
    assert Test("x", 0.5, 0.0, 0.0, -np.inf, 1.0).p_support == 0


def test_the_probability_of_error_is_shared_and_never_more_than_the_whole():
    assert sum(look_shares(4)) == pytest.approx(1)
    wrong = Test("w", 0.3, 0.05, 30.0, -0.1, 0.1)
    right = Test("r", 0.0, 0.01, 30.0, -0.1, 0.1)
    assert refutation([wrong, right]) == 2 * wrong.p_refute
    assert support([wrong, right]) == wrong.p_support
    decisions = holm([0.03, 0.004, 0.5, 0.013], 0.05)
    assert [rejected for rejected, _ in decisions] == [False, True, False, True]
    assert decisions[1][1] == pytest.approx(0.05 / 4)


def test_a_pilot_asks_for_more_seeds_the_narrower_the_margin():
    asked = [
        planned_seeds([Test("x", 0.0, 0.1, 63.0, -d, d)], 64, 1e-3, 0.03) for d in (0.4, 0.2, 0.1)
    ]
    assert asked[1] == pytest.approx(4 * asked[0], rel=0.05)
    assert asked[2] == pytest.approx(4 * asked[1], rel=0.05)


def test_frequencies_and_distances_agree_with_scipy():
    for count in (0, 3, 50):
        exact = stats.binomtest(count, 50).proportion_ci(method="exact")
        found = frequency(count, 50)
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal(200), rng.standard_normal(150) + 0.3
    assert _kolmogorov(x, y) == pytest.approx(stats.ks_2samp(x, y).statistic)


def test_a_claim_needs_its_sizes():
    with pytest.raises(ValueError, match="depends on"):
        RateClaim(id="a", predicted=1 / sp.Symbol("n"), error=lambda size, keys: keys)
