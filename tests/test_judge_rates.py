"""The judge on rate claims whose truth is known: right ones pass, wrong ones are refuted.

Each case runs on several run seeds; ``calibrate --judge`` runs it on a thousand.
"""

import numpy as np
import pytest
import sympy as sp

from checks.verdicts import Mutant, RateClaim, Verdict, judge

n, L, H = sp.symbols("n L H", positive=True)
EIGHT = {"n": [2**k for k in range(2, 10)]}
GRID = {"L": [8, 16, 32, 64, 128], "H": [1, 2, 4, 8, 16]}
MIXED = 1 / L + L ** sp.Rational(-1, 3) * H ** sp.Rational(-1, 2)
SEEDS = range(3)


def noisy(truth, spread=0.4):
    def error(size, keys):
        draws = [np.random.default_rng([*key, *size.values()]).standard_normal() for key in keys]
        return truth(**size) * np.exp(spread * np.array(draws))

    return error


def claim(truth, **fields):
    defaults = {"id": "user/rate", "sizes": EIGHT, "predicted": 1 / n, "margin": 0.1}
    return RateClaim(error=noisy(truth), **{**defaults, "kind": "exact", **fields})


def bound(truth, predicted, kind, margin=0.04):
    return claim(truth, sizes=GRID, predicted=predicted, kind=kind, margin=margin)


RIGHT = {
    "power law": claim(lambda n: 1 / n),
    "power law on six levels": claim(lambda n: 1 / n, sizes={"n": EIGHT["n"][:6]}),
    "pre-asymptotic": claim(lambda n: (1 + 2 / n) / n),
    "bound with slack": claim(lambda n: n**-1.5, kind="upper bound"),
    "mixed rate below a mixed bound": bound(
        lambda L, H: 1 / L + (L * H) ** -0.5, MIXED, "upper bound"
    ),
    "rate in two sizes": claim(
        lambda L, H: (L * H) ** -0.5, sizes=GRID, predicted=(L * H) ** sp.Rational(-1, 2)
    ),
}
WRONG = {
    "0.75": claim(lambda n: n**-0.75),
    "1.5": claim(lambda n: n**-1.5),
    "diverging": claim(lambda n: 1.0 * n),
    "slower than its bound": claim(lambda n: n**-0.75, kind="upper bound"),
    "mixed, claimed exact": bound(lambda L, H: 1 / L + (L * H) ** -0.5, MIXED, "exact"),
    "above the mixed bound": bound(lambda L, H: L**-0.25 * H**-0.5, MIXED, "upper bound"),
    "wrong limit": claim(lambda n: 1 / n + 1 / 512),
    "wrong limit under a bound": claim(lambda n: 1 / n + 1 / 128, kind="upper bound"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_claim_is_supported_and_its_mutants_are_refuted(name):
    for seed in SEEDS:
        result = judge(RIGHT[name], seed=seed)
        assert result.verdict is Verdict.SUPPORTED, result.because
        assert len(result.mutants) >= 2
        assert {mutant.verdict for mutant in result.mutants} == {Verdict.REFUTED}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_claim_is_refuted(name):
    for seed in SEEDS:
        result = judge(WRONG[name], seed=seed)
        assert result.verdict is Verdict.REFUTED, result.because
        assert result.p_refute <= result.budget


def test_a_rate_just_outside_the_margin_is_never_supported():
    for seed in SEEDS:
        assert judge(claim(lambda n: n**-0.85), seed=seed).verdict is not Verdict.SUPPORTED


def test_an_exact_sum_with_a_term_that_is_not_seen_is_not_supported():
    single = bound(lambda L, H: L ** (-1 / 3) * H**-0.5, MIXED, "exact", margin=0.1)
    for seed in SEEDS:
        assert judge(single, seed=seed).verdict is not Verdict.SUPPORTED


def test_rate_and_limit_are_two_tests():
    result = judge(claim(lambda n: 1 / n + 1 / 512, seeds=512))
    names = [test.name for test in result.tests]
    assert names == ["excess exponent of n", "floor share at the finest size"]
    assert result.tests[1].p_refute < 1e-4


def test_a_claim_whose_mutant_is_not_refuted_is_inconclusive():
    toothless = Mutant("same-rate", "nothing is wrong here", {"floor_share": 0.3})
    result = judge(claim(lambda n: 1 / n, mutants=[toothless]))
    assert result.own_verdict is Verdict.SUPPORTED
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "does not refute same-rate" in result.because


def test_errors_that_are_noise_decide_nothing():
    wild = RateClaim(
        id="user/wild", sizes=EIGHT, predicted=1 / n, error=noisy(lambda n: 1 / n, spread=4.0)
    )
    result = judge(wild)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "noise floor" in result.because


def test_too_few_seeds_end_inconclusive_after_honest_looks():
    result = judge(claim(lambda n: 1 / n, seeds=8, cap=16))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.seeds == 16
    assert result.looks == (8, 16)
    assert result.planned > 16
    assert result.spent == pytest.approx(result.budget)


@pytest.mark.parametrize("order", [0.5, 1.0])
def test_errors_without_randomness_are_judged_by_the_misfit_of_the_form(order):
    exact = RateClaim(
        id="user/exact",
        sizes=EIGHT,
        predicted=1 / n,
        seeds=2,
        error=lambda size, keys: np.full(len(keys), (1 + size["n"] ** -order) / size["n"]),
    )
    assert judge(exact).verdict is Verdict.SUPPORTED


def test_randomness_shared_between_sizes_makes_the_exponent_sharp():
    def shared(size, keys):
        return np.array([np.random.default_rng(key).exponential() for key in keys]) / size["n"]

    result = judge(RateClaim(id="user/shared", sizes=EIGHT, predicted=1 / n, error=shared))
    assert result.verdict is Verdict.SUPPORTED
    assert result.seeds == 64
    assert result.tests[0].standard_error < 1e-6


def test_weak_and_mean_square_errors_have_their_own_statistic():
    def signed(size, keys):
        draws = [np.random.default_rng([*key, size["n"]]).standard_normal() for key in keys]
        return (1 + np.array(draws)) / size["n"]

    def squares(size, keys):
        return np.abs(signed(size, keys))

    for statistic, error in (("weak", signed), ("rms", squares)):
        made = RateClaim(
            id="user/x", sizes=EIGHT, predicted=1 / n, error=error, statistic=statistic, margin=0.2
        )
        assert judge(made).verdict is Verdict.SUPPORTED


def half_order(truth, **fields):
    few = {"seeds": 64, "cap": 512}  # by which the orders are not told apart
    return claim(lambda n: truth(n) * (1 + 5 * n**-0.5), **{**few, **fields})


def test_a_correction_of_order_one_half_is_not_taken_for_another_rate():
    """Order 1 alone would refute what is right; a rate that neither order allows is refuted."""
    result = judge(half_order(lambda n: 1 / n))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "the form is in doubt" in result.because
    assert "name next_order" in result.because
    assert judge(half_order(lambda n: 1 / n, next_order=1.0)).verdict is Verdict.REFUTED
    named = half_order(lambda n: 1 / n, next_order=0.5)
    assert judge(named).verdict is not Verdict.REFUTED
    assert judge(half_order(lambda n: n**-2.0)).verdict is Verdict.REFUTED


def test_a_floor_that_an_exponent_within_the_margin_explains_refutes_no_claim() -> None:
    """The form n^-0.8 looks like 1/n above a floor; that of 1/n and a floor is told from it."""
    slower = claim(lambda n: n**-0.8, margin=0.25, next_order=1, cap=512)
    found = judge(slower)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.because.startswith("a floor or another exponent")
    assert {m.verdict for m in found.mutants if m.id == "auto-floor"} == {Verdict.REFUTED}
    floored = claim(lambda n: 1 / n + 1 / 256, margin=0.25, next_order=1, cap=512)
    assert judge(floored).verdict is Verdict.REFUTED
