"""Studies made to mislead the judge: error probabilities are as promised."""

from dataclasses import replace

import numpy as np
import pytest

from checks.verdicts import ClaimError, MomentClaim, Verdict, judge
from checks.verdicts.benchmark import calibrate_judge
from checks.verdicts.hostile import HOSTILE, Hostile
from checks.verdicts.judge import BUDGET, SUPPORT_ERROR
from checks.verdicts.outcome import _bent, _unbent

REPLICATES = 10


@pytest.mark.parametrize("study", HOSTILE, ids=lambda study: study.name)
def test_a_hostile_study_keeps_the_promised_error_probabilities(study: Hostile) -> None:
    """No interval of the frequency of a false verdict lies above what is promised."""
    (row,) = calibrate_judge(REPLICATES, 4, studies=[study]).rows
    if study.right:
        assert row.verdicts[Verdict.REFUTED.value].low <= BUDGET
    else:
        assert row.verdicts[Verdict.SUPPORTED.value].low <= SUPPORT_ERROR


def test_the_table_shows_hostile_studies_without_rivals() -> None:
    table = calibrate_judge(2, 5, studies=HOSTILE[:2])
    assert table.to_markdown().count("\n") == 4
    assert not table.rows[0].rivals


def test_observations_that_do_not_vary_decide_nothing() -> None:
    for value in (1.0, 3.0):
        claim = MomentClaim(
            id="user/rare", sample=lambda size, keys, v=value: np.full(len(keys), v), expected=1.0
        )
        result = judge(claim)
        assert result.verdict is Verdict.INCONCLUSIVE
        assert "do not vary" in result.because


def test_hall_s_transformation_and_its_inverse_agree() -> None:
    for t in (-3.0, 0.5, 4.0):
        for skew in (-0.4, 0.0, 0.7):
            series = t + skew * (2 * t**2 + 1) / 6 + skew**2 * t**3 / 27
            assert _bent(t, skew) == pytest.approx(series)
            assert _unbent(_bent(t, skew), skew) == pytest.approx(t)


def test_observations_outside_their_bounds_are_refused() -> None:
    claim = MomentClaim(
        id="user/bounded", sample=lambda size, keys: np.linspace(0, 2, len(keys)), expected=1.0,
        bounds=(0, 1),
    )  # fmt: skip
    with pytest.raises(ClaimError, match="correct the bounds"):
        judge(claim)
    with pytest.raises(ValueError, match="low < high"):
        MomentClaim(id="user/x", sample=claim.sample, expected=0.0, bounds=(1, 1))


def test_a_stated_tolerance_is_not_widened_by_the_default_margin() -> None:
    def sample(size, keys):
        return np.array([0.1 + 0.3 * np.random.default_rng(key).normal() for key in keys])

    claim = MomentClaim(id="user/x", sample=sample, expected=0.0, tolerance=0.02, cap=4096)
    assert judge(claim).verdict is Verdict.REFUTED
    (test,) = judge(replace(claim, expected=0.1)).tests
    assert test.support_region == (test.low, test.high)


def test_a_coordinate_that_is_zero_by_construction_is_bounded_and_the_others_are_not() -> None:
    def sample(size, keys):
        return np.array([[0.0, np.random.default_rng(key).normal()] for key in keys])

    bound = np.array([1e-9, np.inf])
    claim = MomentClaim(id="user/x", sample=sample, expected=0.0, tolerance=[0.01, 0.0], margin=0.2)
    assert judge(claim).verdict is Verdict.INCONCLUSIVE
    bounded = replace(claim, bounds=(-bound, bound))
    assert judge(bounded).verdict is Verdict.SUPPORTED
    assert judge(replace(bounded, expected=[1.0, 0.0])).verdict is Verdict.REFUTED
