"""Limits that no one knows, and quantiles of the error: both directions, and what is refused."""

from typing import Any

import numpy as np
import pytest
import sympy as sp

from checks.verdicts import ClaimError, ConstantClaim, LimitClaim, RateClaim, Verdict, judge
from checks.verdicts.levels import Levels
from checks.verdicts.linear import level_weights, linear_solution
from checks.verdicts.quantiles import quantile_levels
from checks.verdicts.values import Undecided

n = sp.Symbol("n", positive=True)
LEVELS = {"n": [2**k for k in range(2, 10)]}


def noise(keys, *more) -> np.ndarray:
    return np.array([np.random.default_rng([*key, *more]).standard_normal() for key in keys])


def path(law, spread=0.1):
    """A quantity of mean 3 plus a law of n, whose seeds differ by a number of their own, too."""
    return lambda size, keys: (
        3 + noise(keys) + law(size["n"]) * np.exp(spread * noise(keys, size["n"]))
    )


def settling(law, spread=0.1, **fields) -> LimitClaim:
    given = {
        "sizes": LEVELS, "predicted": 1 / n, "next_order": 1, "seeds": 64, "cap": 512,
        "value": path(law, spread),
    }  # fmt: skip
    return LimitClaim(id="user/limit", **{**given, **fields})


def test_a_quantity_that_settles_is_supported_with_its_limit() -> None:
    result = judge(settling(lambda k: (1 + 1 / k) / k))
    assert result.verdict is Verdict.SUPPORTED, result.because
    low, high = result.estimates["limit"]["interval"]
    assert low < 3 < high
    assert high - low < 1.0
    assert {m.id for m in result.mutants} == {
        "auto-faster-n",
        "auto-slower-n",
        "auto-drift",
        "auto-slow-drift",
        "auto-slow-end",
    }


@pytest.mark.parametrize(
    "law", [lambda k: k**-0.6, lambda k: k**-1.5, lambda k: np.log(k), lambda k: k**0.3]
)
def test_another_rate_or_none_at_all_is_refuted_and_has_no_limit(law) -> None:
    result = judge(settling(law, spread=0.05))
    assert result.verdict is Verdict.REFUTED, result.because
    assert "limit" not in result.estimates


def test_a_bound_admits_what_settles_faster_and_its_limit_lies_in_the_interval() -> None:
    result = judge(settling(lambda k: k**-1.5, spread=0.05, kind="upper bound"))
    assert result.verdict is Verdict.SUPPORTED, result.because
    assert judge(settling(lambda k: k**-0.6, 0.05, kind="upper bound")).verdict is Verdict.REFUTED


def test_without_noise_the_limit_is_richardsons() -> None:
    result = judge(settling(None, value=lambda s, keys: np.full(len(keys), 2 + 5 / s["n"])))
    assert result.verdict is Verdict.SUPPORTED, result.because
    assert result.estimates["limit"]["value"] == pytest.approx(2.0, rel=1e-9)


@pytest.mark.parametrize("law", [lambda k: np.log(np.log(k)), lambda k: 1 / np.log(k)])
@pytest.mark.parametrize("kind", ["exact", "upper bound"])
@pytest.mark.parametrize("spread", [0.05, 0.1])
def test_what_next_to_never_settles_is_never_supported(law, kind, spread) -> None:
    sizes = {"n": [2**k for k in range(3, 10)]}
    for power in (sp.Rational(-1, 5), sp.Rational(-2, 5)):
        claim = settling(law, spread, kind=kind, predicted=n**power, sizes=sizes, next_order="auto")
        assert judge(claim).verdict is not Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("law", "order"), [(lambda k: (1 + 20 / k) / k, 1), (lambda k: (1 + 3 / k**0.5) / k, 0.5)]
)
def test_a_limit_behind_a_correction_is_in_its_interval(law, order) -> None:
    sizes = {"n": [2**k for k in range(3, 10)]}
    result = judge(settling(law, 0.05, next_order=order, sizes=sizes, cap=8192))
    assert result.verdict is Verdict.SUPPORTED, result.because
    low, high = result.estimates["limit"]["interval"]
    assert low <= 3 + 1e-9
    assert high >= 3 - 1e-9


@pytest.mark.parametrize("kind", ["exact", "upper bound"])
@pytest.mark.parametrize("power", [sp.Rational(-1, 5), sp.Rational(-1, 10)])
def test_a_rate_that_no_drift_is_told_from_is_left_open(kind, power) -> None:
    claim = settling(
        None, value=lambda s, keys: np.full(len(keys), 2 + s["n"] ** float(power)),
        predicted=n**power, kind=kind, next_order=None,
    )  # fmt: skip
    result = judge(claim)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "does not refute" in result.because
    assert "auto-slow-drift" in result.because


def test_a_quantity_that_turns_or_rests_is_left_open() -> None:
    def turning(size, keys):
        return 1 / size["n"] - 6 / size["n"] ** 2 + 0.001 * noise(keys)

    assert "change sign" in judge(settling(None, value=turning)).because
    resting = settling(None, value=lambda size, keys: np.full(len(keys), 2.0))
    assert "more than rounding" in judge(resting).because


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sizes": {"n": [4, 8, 16, 32, 64, 128, 257]}}, "constant ratio"),
        ({"sizes": {"n": [256, 128, 64, 32, 16, 8, 4]}}, "constant ratio"),
        ({"sizes": {"n": [4, 8, 16, 32, 64, 128, 256], "m": [1, 2]}}, "no other size"),
        ({"sizes": {"n": [4, 8, 16, 32]}}, "at least 7 levels"),
        ({"predicted": n}, "goes to 0"),
        ({"predicted": 1 / n + 1 / n**2}, "one monomial"),
        ({"predicted": sp.log(n) / n}, "one monomial"),
    ],
)
def test_what_no_limit_can_be_seen_in_is_refused(fields, words) -> None:
    with pytest.raises(ValueError, match=words):
        settling(lambda k: 1 / k, **fields)


def mostly(rare):
    """Errors of order 1/n, and others in every fifth seed."""

    def error(size, keys):
        u = np.array([np.random.default_rng([*key, 1]).random() for key in keys])
        return np.where(u < 0.2, rare(size["n"]), 1 / size["n"]) * np.exp(
            0.3 * noise(keys, size["n"])
        )

    return error


def quantile(statistic: str, rare) -> RateClaim:
    return RateClaim(
        id="user/quantile", sizes=LEVELS, predicted=1 / n, error=mostly(rare), margin=0.15,
        statistic=statistic, next_order=None, seeds=256, cap=1024,
    )  # fmt: skip


def test_each_quantile_is_judged_by_itself() -> None:
    def slower(k):
        return 3 * k**-0.5

    assert judge(quantile("quantile 0.95", lambda k: 5 / k)).verdict is Verdict.SUPPORTED
    assert judge(quantile("quantile 0.3", slower)).verdict is Verdict.SUPPORTED
    refuted = judge(quantile("quantile 0.95", slower))
    assert refuted.verdict is Verdict.REFUTED
    low, high = refuted.estimates["exponent of n"]["interval"]
    assert low < -0.5 < high


def test_too_few_seeds_for_a_quantile_are_told_how_many_it_takes() -> None:
    with pytest.raises(Undecided, match="use 1600 seeds or more"):
        quantile_levels(np.linspace(1, 2, 1599)[:, None], 0.99)
    tied = np.repeat([[1.0], [2.0]], 50, axis=0)
    with pytest.raises(Undecided, match="tied"):
        quantile_levels(tied, 0.25)


@pytest.mark.parametrize("statistic", ["quantile", "quantile 0", "quantile 1.0", "quantile 0.0", 3])
def test_a_quantile_is_named_by_a_number_between_0_and_1(statistic) -> None:
    given: dict[str, Any] = {"sizes": LEVELS, "predicted": 1 / n, "error": mostly(float)}
    for kind, fields in ((RateClaim, given), (ConstantClaim, {**given, "constant": 1.0})):
        with pytest.raises((ClaimError, TypeError)):
            kind(id="user/x", statistic=statistic, **fields)


@pytest.mark.parametrize("shared", [0.0, 0.95])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_the_slope_of_quantiles_leaves_its_interval_as_seldom_as_it_says(shared, share) -> None:
    """Of 400 tables of errors at the claim, about 5 % or fewer are outside the 95 % interval."""
    log_sizes = np.log(np.array(LEVELS["n"], dtype=float))
    design = np.stack([np.ones(8), log_sizes - log_sizes.mean()], axis=1)
    outside, rng = 0, np.random.default_rng(0)
    for _ in range(400):
        common = rng.standard_normal((256, 1))
        errors = np.exp(shared * common + (1 - shared) * rng.standard_normal((256, 8)) - log_sizes)
        found = quantile_levels(errors, share)
        found = Levels(found.log_mean + log_sizes, found.covariance, found.seeds, found.sign)
        solution = linear_solution(design, level_weights(found), found, found.log_mean)
        variance, _ = solution.variance(np.array([[0.0, 1.0]]))
        slope = float((solution.projector @ found.log_mean)[1])
        outside += abs(slope) > 2.0 * float(variance[0]) ** 0.5
    assert 1 <= outside <= 32  # 5 % of 400, and what chance may add with probability 0.5 %


def test_quantiles_at_levels_are_as_dependent_as_bootstrap_says() -> None:
    """The order-statistic covariance against a joint bootstrap over seeds."""
    rng = np.random.default_rng(1)
    common = rng.standard_normal((2000, 1))
    errors = np.exp(0.7 * common + 0.5 * rng.standard_normal((2000, 3)))
    found = quantile_levels(errors, 0.8)
    draws = rng.integers(0, 2000, (400, 2000))
    resampled = np.array([np.log(np.quantile(errors[draw], 0.8, axis=0)) for draw in draws])
    assert found.log_mean == pytest.approx(np.log(np.quantile(errors, 0.8, axis=0)), abs=0.01)
    assert np.diag(found.covariance) == pytest.approx(resampled.var(axis=0), rel=0.4)
    ours, theirs = (
        c / np.sqrt(np.outer(np.diag(c), np.diag(c)))
        for c in (found.covariance, np.cov(resampled.T))
    )
    assert ours == pytest.approx(theirs, abs=0.15)


@pytest.mark.parametrize("statistic", ["quantile 0.9", "mean"])
def test_an_excess_within_the_margin_is_not_refuted_as_a_floor(statistic: str) -> None:
    def error(size, keys):
        return size["n"] ** -0.91 * np.exp(0.1 * noise(keys, size["n"]))

    claim = RateClaim(
        id="user/edge", sizes=LEVELS, predicted=1 / n, error=error, statistic=statistic,
        next_order=None, seeds=160, cap=320,
    )  # fmt: skip
    assert [s for s in range(8) if judge(claim, seed=s).verdict is Verdict.REFUTED] == []


def test_a_quantile_that_no_look_can_reach_is_refused_before_anything_is_measured():
    given = {"id": "user/q", "sizes": {"n": [8, 16, 32, 64]}, "predicted": 1 / n, "error": np.ones}
    with pytest.raises(ClaimError, match=r"0\.9995' with seeds for it, 32000 or more, .* 16384"):
        RateClaim(**given, statistic="quantile 0.9995")
    assert (
        RateClaim(**given, statistic="quantile 0.9995", seeds=32000).at("smoke").looks[0] == 32000
    )
    with pytest.raises(ClaimError, match="160 or more, received looks up to 128"):
        RateClaim(**given, statistic="quantile 0.1", seeds=64, cap=159)


@pytest.mark.parametrize("unit", [1e300, 1e-290])
def test_a_limit_near_the_ends_of_all_doubles_is_judged_as_any_other(unit: float) -> None:
    law, moved = path(lambda k: (1 + 1 / k) / k), path(lambda k: k**-0.6)
    result = judge(settling(lambda k: k, value=lambda s, keys: unit * law(s, keys)))
    assert result.verdict is Verdict.SUPPORTED, result.because
    low, high = result.estimates["limit"]["interval"]
    assert low < 3 * unit < high
    wrong = judge(settling(lambda k: k, value=lambda s, keys: unit * moved(s, keys)))
    assert wrong.verdict is Verdict.REFUTED
