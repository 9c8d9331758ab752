"""Definitions are what they name, at every index, and no name is captured."""

import pytest
import sympy as sp

from theory.algebra.definitions import Cholesky, Softmax, define, substitute, unfold
from theory.calculus.indices import array, canonical, free_indices, indices, size, total

n, m = size("n"), size("m")
i, j, k = indices("i j k", n)
(p,) = indices("p", m)
x, y, A = array("x", n), array("y", n), array("A", n, n)
MOMENT = define("M", (i,), total(A[i, j] * x[j], j))


def test_a_definition_prints_by_its_name_and_its_entry_too() -> None:
    assert str(MOMENT) == "M"
    assert str(MOMENT.array[i]) == "M[i]"


def test_an_instance_captures_no_summation_index() -> None:
    assert canonical(MOMENT[j] - total(A[j, k] * x[k], k)) == 0
    assert free_indices(MOMENT[j]) == {j}
    assert MOMENT[0] == total(A[0, j] * x[j], j)


def test_an_index_of_another_range_is_refused() -> None:
    with pytest.raises(IndexError, match="M has n entries along i; the index p runs over"):
        MOMENT[p]
    with pytest.raises(IndexError, match="the axes i; received 2 indices, i, j"):
        MOMENT[i, j]


def test_later_definitions_may_use_earlier_ones() -> None:
    square = define("S", (i,), MOMENT.array[i] ** 2)
    written = total(A[i, j] * x[j], j) ** 2
    assert canonical(unfold(square.array[i], MOMENT, square) - written) == 0
    assert unfold(square.array[i], square, MOMENT) == MOMENT.array[i] ** 2
    assert canonical(substitute(square.expression, MOMENT) - written) == 0


def test_a_scalar_definition_is_not_captured_by_a_sum() -> None:
    scale = define("c", (), x[i])
    found = unfold(total(scale.array * y[i], i), scale)
    assert canonical(found - x[i] * total(y[j], j)) == 0


def test_a_softmax_is_the_quotient_of_its_exponentials() -> None:
    weights = define("P", (i, j), Softmax(A[i, j], j))
    assert weights[k, i] == sp.exp(A[k, i]) / weights[k, i].atoms(sp.Sum).pop()
    (normaliser,) = weights[k, i].atoms(sp.Sum)
    assert canonical(normaliser - total(sp.exp(A[k, j]), j)) == 0


def test_a_cholesky_factor_has_no_formula() -> None:
    factor = define("L", (i, j), Cholesky(array("V", n, n, symmetric=True)))
    with pytest.raises(ValueError, match="L is a Cholesky factor"):
        factor[i, k]


@pytest.mark.parametrize(
    ("name", "axes", "value", "message"),
    [
        ("D", (i, i), sp.S.One, "the axes must be different indices"),
        (x, (p,), sp.S.One, "declared with the shape"),
        (x, (), sp.S.One, "declared with the shape"),
        (array("S", n, n, symmetric=True), (i, j), x[i], "is declared symmetric"),
    ],
)
def test_a_definition_that_does_not_fit_is_refused(
    name: str | sp.IndexedBase, axes: tuple[sp.Idx, ...], value: sp.Expr, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        define(name, axes, value)
