"""Laws: jointly and not by their marginals alone; with atoms, and up to rounding."""

from dataclasses import replace

import numpy as np
import pytest

from checks.verdicts import LawClaim, Verdict, judge
from checks.verdicts.kinds.law import _directions, _kolmogorov, _merged


def rows(make):
    return lambda size, keys: np.array([make(np.random.default_rng(key)) for key in keys])


def law(left, right, **fields):
    return LawClaim(id="user/law", left=rows(left), right=rows(right), **fields)


def normal(rng):
    return rng.normal(size=5)


def dependent(rng):
    x = rng.normal(size=5)
    return np.append(x[:4], 0.9 * x[0] + 0.19**0.5 * x[4])


def test_dependence_is_refuted_and_marginals_alone_do_not_see_it():
    claim = law(dependent, normal)
    assert judge(claim).verdict is Verdict.REFUTED
    alone = judge(replace(claim, joint=False))
    assert alone.verdict is Verdict.SUPPORTED
    assert any("marginals only" in note for note in alone.notes)
    assert judge(law(normal, normal)).verdict is Verdict.SUPPORTED


def test_the_joint_test_has_a_margin_of_its_own():
    result = judge(law(normal, normal, joint_margin=0.3))
    assert [t.support_region[1] for t in result.tests] == [0.2] * 5 + [0.3]
    with pytest.raises(ValueError, match="expected joint_margin above 0 and below 1, a finite"):
        law(normal, normal, joint_margin=1.0)
    with pytest.raises(ValueError, match=r"expected joint_margin above 0\.3 and below 1"):
        law(normal, normal, joint_margin=0.2, margin=0.4, tolerance=0.3)
    with pytest.raises(ValueError, match="expected resolution of at least 0"):
        law(normal, normal, resolution=-1)


def test_values_that_differ_by_rounding_or_less_than_the_resolution_are_equal():
    left, right = (lambda rng: 0.3 * rng.integers(2)), (lambda rng: (0.1 + 0.2) * rng.integers(2))
    assert judge(law(left, right)).verdict is Verdict.SUPPORTED
    single = law(left, lambda rng: float(np.float32(0.3)) * rng.integers(2))
    assert judge(single).verdict is Verdict.REFUTED
    assert judge(replace(single, resolution=1e-7)).verdict is Verdict.SUPPORTED


def test_another_share_of_an_atom_is_refuted():
    other = law(lambda rng: float(rng.random() < 0.5), lambda rng: float(rng.random() < 0.9))
    assert judge(other).verdict is Verdict.REFUTED


def test_a_distance_is_the_largest_difference_of_distribution_functions():
    x, y = np.array([0.0, 1.0, 1.0, 2.0]), np.array([1.0, 2.0])
    assert _kolmogorov(x, y) == pytest.approx(0.25)
    assert _kolmogorov(x, x + 1e-15) == 0
    assert _merged(np.array([2.0, 1.0, 1.0 + 1e-14]), 1e-12).tolist() == [2.0, 1.0, 1.0]


@pytest.mark.parametrize("q", [2, 3, 6, 7, 40])
def test_joint_directions_are_unit_vectors_through_every_coordinate(q):
    directions = _directions(q)
    assert np.linalg.norm(directions, axis=1) == pytest.approx(1)
    assert np.all((directions != 0).sum(axis=1) > 1)
    assert np.all((directions != 0).any(axis=0))
