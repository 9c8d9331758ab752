"""What no seeds cure ends the looks; what seeds may cure does not."""

import numpy as np
import pytest
import sympy as sp

from checks.verdicts import LimitClaim, MomentClaim, MonotoneClaim, RateClaim, Verdict, judge

n = sp.Symbol("n", positive=True)
SIZES = {"n": [2**k for k in range(2, 10)]}


def normal(keys) -> np.ndarray:
    return np.array([np.random.default_rng(key).standard_normal() for key in keys])


def rate(error, **fields) -> RateClaim:
    return RateClaim(id="user/rate", error=error, predicted=1 / n, sizes=SIZES, **fields)


ROUNDED = rate(lambda size, keys: 1e-15 * (1 + abs(normal(keys)) * size["n"] / 512))
SOME_ZERO = rate(
    lambda size, keys: np.where(normal(keys) > 1, 0.0, 1 / size["n"]), statistic="geometric"
)
TIED = rate(
    lambda size, keys: np.where(normal(keys) > 1, 3.0, 1.0) / size["n"], statistic="quantile 0.5"
)
SETTLED = LimitClaim(
    id="user/settled", predicted=1 / n, sizes=SIZES,
    value=lambda size, keys: 3 + normal(keys) * (1 + 1e-16 / size["n"]),
)  # fmt: skip
EQUAL = MonotoneClaim(id="user/equal", sizes=SIZES, error=lambda size, keys: np.exp(normal(keys)))
COPIED = rate(
    lambda size, keys: np.exp(np.random.default_rng(size["n"]).normal(size=5))[keys[:, 0] % 5]
)


@pytest.mark.parametrize("claim", [ROUNDED, SOME_ZERO, TIED, SETTLED, EQUAL, COPIED])
def test_reasons_that_stay_whatever_the_seeds_end_after_the_first_look(claim) -> None:
    result = judge(claim)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.looks == (64,), result.because


def test_observations_that_do_not_vary_end_the_looks_at_a_thousand() -> None:
    constant = MomentClaim(
        id="user/constant",
        sample=lambda size, keys: np.ones(len(keys)),
        expected=2.0,
        tolerance=0.1,
    )
    assert judge(constant).seeds == 1024
    exact = rate(lambda size, keys: np.full(len(keys), (1 + 3 / size["n"] ** 0.5) / size["n"]))
    result = judge(exact)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.seeds == 1024
    assert "would decide" not in result.because


def test_a_bounded_mean_at_many_sizes_is_looked_at_until_its_bound_decides() -> None:
    zeros = MomentClaim(
        id="user/zeros", sample=lambda size, keys: np.zeros(len(keys)), expected=0.0,
        tolerance=0.01, bounds=(0, 1), sizes={"n": list(range(1, 17))},
    )  # fmt: skip
    result = judge(zeros)
    assert result.verdict is Verdict.SUPPORTED, result.because
    assert result.seeds == 2048


def test_a_rare_event_that_a_first_look_misses_is_still_looked_for() -> None:
    rare = MomentClaim(
        id="user/rare", sample=lambda size, keys: 100.0 * (normal(keys) > 2.3), expected=1.07,
        margin=0.5,
    )  # fmt: skip
    result = judge(rare, seed=1)
    assert result.seeds > 64
