"""Claims about frequencies: exact tests of counts, by two routes and with errors that are seen."""

from math import comb

import numpy as np
import pytest

from checks.verdicts import ClaimError, FrequencyClaim, Mutant, Verdict, judge
from checks.verdicts.kinds.frequency import _contrast_test, _range_test


def coins(*probabilities):
    """A sampler of independent events with these probabilities."""

    def sample(size, keys):
        draws = [np.random.default_rng(key).random(len(probabilities)) for key in keys]
        return (np.array(draws) < np.array(probabilities)).astype(float)

    return sample


def claim_of(sample, **fields):
    never = Mutant("never", "no event ever", {"sample": coins(0.0, 0.0)})
    return FrequencyClaim(
        **{
            "id": "coins/two", "sample": sample, "events": ("first", "second"), "low": (0.7, 0.0),
            "high": (1.0, 0.4), "contrasts": ((0, 1),), "seeds": 40, "cap": 80,
            "mutants": (never,), **fields,
        }
    )  # fmt: skip


def test_a_true_claim_is_supported_and_its_mutant_refuted() -> None:
    result = judge(claim_of(coins(0.95, 0.05)))
    assert result.verdict is Verdict.SUPPORTED
    assert [m.verdict for m in result.mutants] == [Verdict.REFUTED]


@pytest.mark.parametrize("wrong", [(0.3, 0.05), (0.95, 0.9)])
def test_a_probability_outside_its_range_is_refuted(wrong: tuple[float, float]) -> None:
    assert judge(claim_of(coins(*wrong), cap=160)).verdict is Verdict.REFUTED


def test_a_contrast_the_wrong_way_round_is_refuted() -> None:
    claim = claim_of(coins(0.1, 0.9), low=(0.0, 0.0), high=(1.0, 1.0))
    assert judge(claim).verdict is Verdict.REFUTED


def test_few_seeds_decide_nothing() -> None:
    assert judge(claim_of(coins(0.95, 0.05), seeds=4, cap=4)).verdict is Verdict.INCONCLUSIVE


def binomial_tail(n: int, k: int, p: float) -> float:
    return sum(comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(k, n + 1))


def test_the_range_test_is_the_binomial_tail() -> None:
    test = _range_test("x", 9, 10, 0.6, 1.0)
    assert test.p_support == pytest.approx(binomial_tail(10, 9, 0.6))
    assert test.p_refute == pytest.approx(1 - binomial_tail(10, 10, 0.6))


def test_both_ends_of_a_range_are_paid_for() -> None:
    test = _range_test("x", 10, 10, 0.3, 0.6)
    assert test.p_refute == pytest.approx(2 * 0.6**10)
    assert test.p_support == 1.0


@pytest.mark.parametrize("count", [0, 3, 10])
def test_the_interval_of_a_count_is_exact_and_within_zero_and_one(count: int) -> None:
    """At its ends the count has probability 0.005 to be as extreme (Clopper and Pearson)."""
    low, high = _range_test("x", count, 10, 0.3, 0.6).interval()
    assert 0 <= low < high <= 1
    if count > 0:
        assert sum(comb(10, k) * low**k * (1 - low) ** (10 - k) for k in range(count, 11)) == (
            pytest.approx(0.005)
        )
    if count < 10:
        assert sum(comb(10, k) * high**k * (1 - high) ** (10 - k) for k in range(count + 1)) == (
            pytest.approx(0.005)
        )


def test_ten_alone_against_none_are_ten_heads() -> None:
    test = _contrast_test("x", 10, 0, 10)
    assert test.p_support == pytest.approx(2.0**-10)
    assert test.p_refute == 1.0


def test_seeds_in_which_both_or_neither_happen_do_not_count() -> None:
    """Twelve seeds alone of which three are the second event's, whatever the others are."""
    for n in (12, 500):
        test = _contrast_test("x", 9, 3, n)
        assert test.p_support == pytest.approx(binomial_tail(12, 9, 0.5))
        assert test.p_refute == pytest.approx(binomial_tail(12, 3, 0.5))


@pytest.mark.parametrize("alone", [(0, 0), (10, 0), (0, 10), (5, 5)])
def test_the_interval_of_a_difference_stays_in_its_range(alone: tuple[int, int]) -> None:
    low, high = _contrast_test("x", *alone, 10).interval()
    assert -1 <= low < (alone[0] - alone[1]) / 10 < high <= 1 or abs(alone[0] - alone[1]) == 10


def test_a_claim_that_claims_nothing_is_rejected() -> None:
    with pytest.raises(ValueError, match="claims nothing"):
        claim_of(coins(0.5, 0.5), low=(0.0, 0.0), high=(1.0, 1.0), contrasts=())


@pytest.mark.parametrize("fields", [{"low": (0.7, 0.5)}, {"contrasts": ((0, 2),)}])
def test_impossible_ranges_and_columns_are_rejected(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        claim_of(coins(0.5, 0.5), **fields)


def test_values_other_than_zero_and_one_are_refused() -> None:
    with pytest.raises((ValueError, ClaimError), match="zeros and ones"):
        judge(claim_of(lambda size, keys: np.full((len(keys), 2), 0.5)))
