"""Floors under errors without noise: they refute nothing."""

import numpy as np
import pytest

from checks.recorded.recorded import recorded
from checks.verdicts import Verdict
from tests.recorded_tables import h, judged, steps

FLOORS = {
    "of a third of the finest error": lambda x: x**2 + 3e-6,
    "of the finest error": lambda x: x**2 + 1e-5,
    "that is all there is in the end": lambda x: x**2 + 1e-3,
    "behind a half-order": lambda x: x**2 * (1 + x**0.5) + 3e-4,
    "of accumulated rounding": lambda x: x**2 + 3e-8 / x,
    "in three digits": lambda x: round(x**2 + 2e-3, 4),
}


@pytest.mark.parametrize("name", FLOORS)
def test_a_floor_without_noise_decides_nothing_of_the_right_rate(name: str) -> None:
    result = judged(steps(FLOORS[name]), h**2)
    assert result.verdict is Verdict.INCONCLUSIVE, result.because
    assert "floor" in result.because


@pytest.mark.parametrize("floor", [3e-6, 1e-5, 1e-3])
def test_a_rate_above_a_floor_refutes_what_is_faster(floor: float) -> None:
    data = steps(lambda x: x**2 + floor)
    assert judged(data, h**3).verdict is Verdict.REFUTED
    assert judged(data, h**3, kind="upper bound").verdict is Verdict.REFUTED
    named = judged(steps(lambda x: x**2 + floor), h**2, resolution=floor / 100)
    assert named.verdict is Verdict.INCONCLUSIVE


def test_errors_that_never_fall_refute_and_rounding_that_does_not_is_left_open() -> None:
    assert judged(steps(lambda x: 1.0), h).verdict is Verdict.REFUTED
    assert judged(steps(lambda x: 1 / x), h).verdict is Verdict.REFUTED
    rounding = judged(steps(lambda x: 1e-16 * (1 + x)), h)
    assert rounding.verdict is Verdict.INCONCLUSIVE
    assert "rounding" in rounding.because


def test_levels_at_a_named_rounding_are_left_out() -> None:
    sizes = [0.1 / 2**k for k in range(9)]
    errors = [x**2 + 1e-7 * (1 + np.sin(7 / x)) for x in sizes]
    data = recorded({"h": sizes, "e": errors}, sizes="h", error="e")
    assert judged(data, h**2).verdict is Verdict.INCONCLUSIVE
    named = judged(data, h**2, resolution=1e-6)
    assert named.verdict is Verdict.SUPPORTED, named.because
    assert any("left out, of the size of rounding" in note for note in named.notes)
    assert judged(data, h**2, resolution=1e-3).verdict is Verdict.INCONCLUSIVE
