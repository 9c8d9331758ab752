"""Every other kind of claim: the right one is supported, the wrong one refuted."""

import re
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from checks.verdicts import (
    ConstantClaim,
    Data,
    DecayClaim,
    GrowthClaim,
    IdentityClaim,
    IndependenceClaim,
    InequalityClaim,
    LawClaim,
    MomentClaim,
    Verdict,
    dtype_tolerance,
    growing,
    judge,
)
from checks.verdicts.levels import summarize
from checks.verdicts.trends import log_influences

n = sp.Symbol("n", positive=True)
FIVE = {"n": [8, 16, 32, 64, 128]}
TWELVE = {"n": [2**k for k in range(2, 14)]}
TIMES = np.linspace(0, 5, 11)


def draws(keys, *entropy, shape=()):
    return np.array([np.random.default_rng([*k, *entropy]).standard_normal(shape) for k in keys])


def noisy(truth, spread=0.3):
    def error(size, keys):
        noise = spread * draws(keys, *size.values()) - spread**2 / 2  # mean of the factor: one
        return truth(**size) * np.exp(noise)

    return error


def constant(c, **more):
    error = noisy(lambda n: 3 / n * (1 + 1 / n))
    return ConstantClaim(id="c", sizes=FIVE, predicted=1 / n, constant=c, error=error, **more)


def drift(truth, **more):
    return IndependenceClaim(**{"id": "i", "sizes": FIVE, "error": noisy(truth), **more})


def growth(truth, **more):
    def value(size, keys):
        return truth(size["n"]) + 0.05 * draws(keys, size["n"])

    return GrowthClaim(id="g", sizes=TWELVE, value=value, **more)


def moment(expected, **more):
    def sample(size, keys):
        x = draws(keys, shape=2)
        return np.stack([x[:, 0], x[:, 1] ** 2], axis=1)

    return MomentClaim(id="m", sample=sample, expected=expected, **more)


def law(right):
    return LawClaim(
        id="l", left=lambda s, k: draws(k, shape=2), right=lambda s, k: right(draws(k, shape=2))
    )


def decay(rate, **more):
    def curve(size, keys):
        return np.exp(-TIMES + 0.2 * draws(keys, shape=11)) * (1 + 0.5 * np.exp(-TIMES))

    return DecayClaim(id="d", times=TIMES, rate=rate, curve=curve, **more)


CORRELATE = np.array([[1.0, 0.9], [0.0, np.sqrt(0.19)]])
RIGHT = {
    "constant": constant(3),
    "constant that depends on the size": constant(lambda size: 3 + 0 * size["n"]),
    "independent": drift(lambda n: 0.2),
    "falling, claimed not to grow": drift(lambda n: n**-0.5, kind="no growth"),
    "log growth": growth(lambda n: 0.1 + 0.07 * np.log(n), slope_bound=0.1),
    "slower growth under a bound": growth(lambda n: np.log(np.log(n)), kind="upper bound"),
    "power growth": growth(lambda n: 0.1 * n**0.25, law="power"),
    "moments": moment([0, 1]),
    "biased moments within their tolerance": moment([0.05, 1.05], tolerance=0.2, cap=4096),
    "same law": law(lambda x: x),
    "decay": decay(1),
    "faster than a decay bound": decay(0.5, kind="upper bound"),
    "identity": IdentityClaim(id="r", residual=lambda s, k: np.full(len(k), 1e-15)),
    "inequality": InequalityClaim(id="q", slack=lambda s, k: draws(k) ** 2),
}
WRONG = {
    "constant": constant(2.4),
    "growing error": drift(lambda n: n**0.3),
    "growing error, one-sided": drift(lambda n: n**0.3, kind="no growth"),
    "falling error, two-sided": drift(lambda n: n**-0.3),
    "drift up and down again": drift(lambda n: 0.2 * (1 + 1.0 * (n == 32))),
    "drifts that cancel over another size": drift(
        lambda n, m: n ** (0.5 if m == 1 else -0.5), sizes=FIVE | {"m": [1, 2]}, size="n"
    ),
    "power growth claimed logarithmic": growth(lambda n: 0.1 * n**0.25),
    "slower than log growth": growth(lambda n: np.log(np.log(n))),
    "faster than a power": growth(lambda n: np.exp(np.log(n) ** 2 / 40), law="power"),
    "log growth claimed a power": growth(lambda n: 0.1 + 0.07 * np.log(n), law="power"),
    "log growth above its slope": growth(lambda n: 0.1 + 0.07 * np.log(n), slope_bound=0.05),
    "moments": moment([0, 1.5]),
    "bias beyond the tolerance": moment([0, 1.8], tolerance=0.2),
    "same marginals, other dependence": law(lambda x: x @ CORRELATE),
    "decay": decay(1.4),
    "slower than a decay bound": decay(1.5, kind="upper bound"),
    "identity": IdentityClaim(id="r", residual=lambda s, k: np.full(len(k), 1e-9)),
    "inequality": InequalityClaim(id="q", slack=lambda s, k: draws(k) ** 2 - 0.1),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_claim_is_supported(name):
    for seed in range(3):
        result = judge(RIGHT[name], seed=seed)
        assert result.verdict is Verdict.SUPPORTED, result.because


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_claim_is_refuted(name):
    for seed in range(3):
        result = judge(WRONG[name], seed=seed)
        assert result.verdict is Verdict.REFUTED, result.because


def test_searching_without_finding_is_called_sampled():
    result = judge(RIGHT["inequality"])
    words = r"SAMPLED\(64, \S+\): the smallest slack of 64; allowed from zero on"
    assert re.fullmatch(words, result.because), result.because
    assert "CERTIFIED" not in str(result.to_json())


def test_no_growth_supports_no_law_of_growth():
    result = judge(growth(lambda n: 0.1))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "no growth is seen" in result.because


def test_a_bound_holds_where_no_growth_is_seen_if_its_slope_is_given():
    flat = growth(lambda n: 0.1, kind="upper bound", slope_bound=0.02)
    assert judge(flat).verdict is Verdict.SUPPORTED
    assert judge(replace(flat, slope_bound=None)).verdict is Verdict.INCONCLUSIVE
    hook = growth(lambda n: 0.5 * abs(np.log(n / 181.0)) ** 2, kind="upper bound", slope_bound=0.2)
    assert judge(hook).verdict is Verdict.REFUTED
    with pytest.raises(ValueError, match="name the power"):
        growth(lambda n: 0.1, kind="upper bound", law="power")


def test_a_planted_growth_is_the_power_that_is_said():
    points = tuple({"n": k} for k in TWELVE["n"])
    logs = np.log([p["n"] for p in points])
    data = Data(points, {"value": [np.full(4, x) for x in logs]}, 4)
    for power, law in ((0.25, lambda x: np.exp(x / 4)), (None, lambda x: np.log(1 + x - logs[0]))):
        planted = growing("n", power)(data).matrix("value")[0]
        assert np.corrcoef(planted, law(logs))[0, 1] == pytest.approx(1)
        assert planted[[0, -1]] == pytest.approx(logs[[0, -1]])


@pytest.mark.parametrize("statistic", ["mean", "rms", "geometric"])
def test_influences_and_levels_are_the_same_statistic(statistic):
    errors = np.random.default_rng(1).exponential(size=(64, 3))
    levels = summarize(errors, statistic)
    centre, influence = log_influences(errors, statistic)
    assert centre == pytest.approx(levels.log_mean)
    assert influence.T @ influence / (64 * 63) == pytest.approx(levels.covariance)


def test_not_rejecting_is_not_support():
    few = moment([0, 1], seeds=8, cap=8)
    assert judge(few).verdict is Verdict.INCONCLUSIVE


def test_two_sides_of_a_law_get_different_keys():
    seen = {}

    def side(name):
        def sample(size, keys):
            seen[name] = keys
            return draws(keys)

        return sample

    judge(LawClaim(id="l", left=side("left"), right=side("right"), seeds=16, cap=16))
    assert not np.any(np.all(seen["left"] == seen["right"], axis=1))


def test_tolerance_comes_from_the_type_and_the_condition():
    assert dtype_tolerance(np.float64) == 8 * 2.0**-52
    assert dtype_tolerance("float32", condition=100) == pytest.approx(800 * 2.0**-23)
