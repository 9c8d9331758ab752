"""Matrix notation is the index form written otherwise: the same numbers, exactly."""

from fractions import Fraction
from itertools import combinations

import pytest
import sympy as sp
from hypothesis import given, settings
from sympy.matrices.expressions.matexpr import MatrixElement

from checks.report.mathml import mathml
from tests.index_expressions import Tree, build, examples, free_indices, points, trees, value
from tests.matrix_values import matrix, scalar
from theory.algebra.arrays import array, indices, size, total
from theory.codegen.display import MatrixLatex, shown
from theory.codegen.latex import latex
from theory.codegen.matrices import matrix_entries, matrix_form
from theory.codegen.unicode import unicode

m, n = size("m"), size("n")
a, b, c, d, h, i, j, k = indices("a b c d h i j k", n)
V = array("V", n, n, symmetric=True)
A, M = array("A", n, n), array("M", n, n)
S, Y = array("S", n, n, n, n), array("Y", n, n, n)
u, w = array("u", n), array("w", n)
g = sp.Symbol("g")


@settings(max_examples=examples(150))
@given(trees(u, A, V))
def test_entries_of_matrices_have_the_value_of_the_sums(tree: Tree) -> None:
    expression = build(tree)
    found = matrix_entries(expression)
    for at in points(expression):
        assert scalar(found, at) == value(expression, at), f"{expression} is not {found} at {at}"


@settings(max_examples=examples(150))
@given(trees(u, A, V, functions=False))
def test_a_matrix_has_the_entries_of_the_expression(tree: Tree) -> None:
    expression = build(tree)
    axes = tuple(sorted(free_indices(expression), key=str))
    if not 0 < len(axes) <= 2 or (found := matrix_form(expression, axes)) is None:
        return
    for at in points(expression):
        row, column = (*(int(at[x]) for x in axes), 0)[:2]
        assert matrix(found, at)[row, column] == value(expression, at), f"{expression}: {found}"


@pytest.mark.parametrize(
    ("expression", "axes", "text"),
    [
        (total(V[a, b] * A[c, b], b), (a, c), "V Aᵀ"),
        (total(A[i, j] * M[j, i], i, j), (), "tr(A M)"),
        (total(A[i, j] * M[i, j], i, j), (), "tr(A Mᵀ)"),
        (total(A[i, j] * M[j, k] * V[k, i], i, j, k), (), "tr(A M V)"),
        (total(A[i, i], i), (), "1ᵀ diag(A)"),
        (total(u[i] * w[i], i), (), "⟨u, w⟩"),
        (total(u[i] * A[i, j] * w[j], i, j), (), "⟨u, A w⟩"),
        (g * total(A[a, i] * u[i] * M[i, b], i), (a, b), "g A diag(u) M"),
        (total(M[a, i] * V[i, i], i), (a,), "M diag(V)"),
        (total(A[a, i] * M[a, i], i), (a,), "diag(A Mᵀ)"),
        (u[a] * w[b], (a, b), "u wᵀ"),
        (A[a, b] * M[a, b] * u[a], (a, b), "diag(u) (A ⊙ M)"),
        (sp.KroneckerDelta(a, b) - A[a, b], (a, b), "I − A"),
        (total(A[a, i], i), (a,), "A 1"),
        (total(u[i] ** 2, i), (), "1ᵀ u^(⊙ 2)"),
        (total(A[i, j] * sp.KroneckerDelta(i, j), i, j), (), "tr(A)"),
    ],
)
def test_what_is_contracted_like_matrices_reads_like_matrices(
    expression: sp.Expr, axes: tuple[sp.Idx, ...], text: str
) -> None:
    found = matrix_form(expression, axes)
    assert found is not None
    for at in points(expression):
        at[g] = Fraction(3)
        places = (*(int(at[x]) for x in axes), 0, 0)[:2]
        exact = matrix(found, at)[places] if axes else scalar(found, at)
        assert exact == value(expression, at)
    assert unicode(latex(found, MatrixLatex)) == text


def test_four_indices_keep_their_places_and_lose_their_sums() -> None:
    expression = total(V[a, i] * V[d, j] * S[b, i, c, j], i, j)
    found = matrix_entries(expression)
    assert isinstance(found, MatrixElement)
    assert unicode(shown(sp.Symbol("x"), expression).right) == "(V S^(b · c) V)^(a d)"


def test_a_fixed_index_is_a_label() -> None:
    expression = total(Y[h, a, i] * A[i, b], i)
    text = unicode(shown(array("B", n, n, n)[h, a, b], expression).right)
    assert text == "(Yʰ A)^(a b)"


@pytest.mark.parametrize(
    "expression",
    [
        total(S[i, j, k, h] * u[i], i, j, k, h),
        sp.Sum(A[a, i] * u[i], (i, 0, a)),
        sp.exp(A[a, b]),
    ],
)
def test_what_is_no_product_of_matrices_keeps_its_indices(expression: sp.Expr) -> None:
    free = sorted(free_indices(expression), key=str)
    for axes in combinations(free, 2) if free else [()]:
        assert matrix_form(expression, axes) is None
    assert matrix_entries(expression) == expression


def test_a_planted_transpose_is_noticed() -> None:
    expression = total(A[a, i] * M[i, b], i)
    wrong = matrix_form(total(A[a, i] * M[b, i], i), (a, b))
    at = points(expression)[-1]
    assert matrix(wrong, at)[int(at[a]), int(at[b])] != value(expression, at)


def test_a_sum_of_a_negative_term_is_a_difference() -> None:
    weight = total(sp.exp(u[i]), i)
    left = sp.KroneckerDelta(a, b) / weight - u[b] * total(u[i] * u[a], i) / weight**2
    assert "+ -" not in shown(left, left).left
    assert "+ -" not in shown(left, left).index_left


POWERS = [sp.Integer(2), sp.Integer(-2), sp.Rational(1, 2), sp.Rational(3, 2), sp.Symbol("p")]


@settings(max_examples=examples(40))
@given(trees(u, A, V))
def test_powers_of_what_is_written_as_matrices_have_one_superscript(tree: Tree) -> None:
    """Two would be refused by TeX, and by what makes MathML."""
    expression = build(tree)
    for power in POWERS:
        found = shown(sp.Symbol("x"), expression**power)
        assert mathml(found.right)


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize(
    "expression", [total(u[a] ** 2, a), total(A[a, b] * u[b], b), total(u[a] * w[a], a)]
)
def test_a_power_of_a_sum_is_readable(expression: sp.Expr, power: sp.Expr) -> None:
    assert mathml(shown(sp.Symbol("x"), expression**power / 3).right)
