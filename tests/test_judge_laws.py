"""Laws: jointly and not by their marginals alone; with atoms, and up to rounding."""

from dataclasses import replace

import numpy as np
import pytest

from checks.verdicts import LawClaim, Verdict, judge
from checks.verdicts.kinds.law import _directions, _kolmogorov, _merged, _suspects


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


@pytest.mark.parametrize("sign", [1, 0])
def test_one_dependent_pair_is_found_among_more_coordinates_than_are_compared(sign):
    """Neither neighbours nor correlated where the second is the first with a coin's sign."""

    def many(rng):
        return rng.normal(size=40)

    def pair(rng):
        x = many(rng)
        return np.append(x[:39], x[7] * (sign or rng.choice([-1, 1])))

    result = judge(law(pair, many))
    assert result.verdict is Verdict.REFUTED
    (joint,) = (test for test in result.tests if "joint" in test.name)
    assert joint.name == "largest distance in 1568 joint directions"  # paid for: all pairs
    assert "64 pairs whose correlations of ranks differ most" in " ".join(result.notes)


def test_pairs_are_chosen_by_ranks_and_whatever_does_not_vary_has_none():
    x, y = (np.random.default_rng(k).standard_cauchy((300, 40)) for k in (1, 2))
    x[:, 33], x[:, 5] = x[:, 2] ** 3, 1.0
    first = _suspects(x, y)[0]
    assert np.flatnonzero(first).tolist() == [2, 33]


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
