"""Case distinctions in generated code: no branch disturbs another, and no slope is lost."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from tests.generated_code import compiled
from theory.calculus.indices import array, define, indices, size, total
from theory.codegen.function import Function

x, y = sp.symbols("x y", real=True)
m = size("m")
i, j = indices("i j", m)
X, Y = array("X", m), array("Y", m, m)
E = sp.exp(x)


def function_of(
    expression: sp.Expr, *arguments: sp.Symbol | sp.IndexedBase, axes: tuple = ()
) -> Function:
    return Function(define("f", axes, expression), arguments or (x,), "Cases.", "none")


def cases(*branches: tuple[sp.Expr | int, Any]) -> sp.Expr:
    return sp.Piecewise(*branches, evaluate=False)


GUARDED = (
    (cases((sp.sqrt(x), x > 0), (0, True)), -1.0, 0.0, 0.0),
    (cases((1 / x, x > 1), (2 - x, True)), 0.0, 2.0, -1.0),
    (cases((sp.exp(x), x < 0), (1 + x, True)), 800.0, 801.0, 1.0),
    (cases((x**3, x < 1), (1, True)), 1e200, 1.0, 0.0),
    (cases((sp.sqrt(-x), x < -1), (1 / (x - 2), x < 1), (sp.log(x), x < 3), (x**3, True)), -4.0,
     2.0, -0.25),
    (cases((sp.sqrt(-x), x < -1), (1 / (x - 2), x < 1), (sp.log(x), x < 3), (x**3, True)), 2.0,
     np.log(2), 0.5),
    (sp.sqrt(sp.Max(0, x**2 - 4)), 1.0, 0.0, 0.0),
    (sp.acos(sp.Max(-1, sp.Min(1, x))), 1.5, 0.0, 0.0),
    (sp.log(sp.Max(x, 2)), -1.5, np.log(2), 0.0),
    (x ** sp.Rational(3, 2), 0.0, 0.0, 0.0),
    (x ** sp.Rational(5, 2), 0.0, 0.0, 0.0),
    (x ** sp.Rational(4, 3), 0.0, 0.0, 0.0),
)  # fmt: skip
REMOVABLE = (
    (cases((1, sp.Eq(x, 0)), (sp.log(1 + x) / x, True)), 0.0, 1.0, -0.5),
    (cases((1, sp.Eq(x, 0)), (x / (E - 1), True)), 0.0, 1.0, -0.5),
    (cases((sp.sin(x) / x, sp.Ne(x, 0)), (1, True)), 0.0, 1.0, 0.0),
    (cases((1, sp.Eq(x, 1)), (sp.log(x) / (x - 1), True)), 1.0, 1.0, -0.5),
    (cases((sp.Rational(1, 2), sp.Eq(x, 0)), ((E - 1 - x) / x**2, True)), 0.0, 0.5, 1 / 6),
    (cases((0, sp.Eq(x, 0)), (1 / sp.tanh(x) - 1 / x, True)), 0.0, 0.0, 1 / 3),
    (cases((0, sp.Eq(x, 0)), (x * sp.log(x), True)), 0.0, 0.0, -np.inf),
    (cases((7, sp.Eq(x, 0)), (sp.sin(x) / x, True)), 0.0, 7.0, 0.0),
)
CONDITIONS = (
    (cases((0, sp.And(x > -1, x < 1)), (sp.log(x**2), True)), 0.5, 0.0, 0.0),
    (cases((0, sp.Or(x < -1, x > 1)), (sp.sqrt(1 - x**2), True)), 2.0, 0.0, 0.0),
    (cases((sp.log(x), sp.Not(sp.And(x < 1, x > -9))), (1, True)), -1.0, 1.0, 0.0),
    (cases((cases((0, x < -1), (1, True)), x < 0), (sp.sqrt(x), True)), -0.5, 1.0, 0.0),
)


@pytest.mark.parametrize(
    ("expression", "at", "value", "slope"), [*GUARDED, *REMOVABLE, *CONDITIONS], ids=str
)
def test_value_and_slope_are_those_of_the_branch_that_applies(
    expression: sp.Expr, at: float, value: float, slope: float
) -> None:
    ours = compiled(function_of(expression))
    assert float(ours(at)) == pytest.approx(value, rel=1e-14, abs=1e-300)
    assert float(jax.grad(ours)(at)) == pytest.approx(slope, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("at", [1e-300, 1e-9, 1e-4, 0.02, 0.06, 0.07, 0.3])
def test_near_a_removable_singularity_the_slope_keeps_its_digits(at: float) -> None:
    """log(1 + x) / x has the slope sum of (-1)^k k x^(k-1) / (k+1)."""
    ours = compiled(function_of(cases((1, sp.Eq(x, 0)), (sp.log(1 + x) / x, True))))
    terms = [(-1) ** k * k * at ** (k - 1) / (k + 1) for k in range(1, 60)]
    assert float(jax.grad(ours)(at)) == pytest.approx(sum(terms), rel=2e-13)


def test_a_removable_singularity_may_depend_on_other_arguments() -> None:
    chord = cases((sp.exp(x), sp.Eq(x, y)), ((sp.exp(x) - sp.exp(y)) / (x - y), True))
    ours = compiled(function_of(chord, x, y))
    assert float(ours(1.0, 1.0)) == pytest.approx(np.e, rel=1e-15)
    slopes = jax.grad(ours, (0, 1))(1.0, 1.0)
    np.testing.assert_allclose(slopes, [np.e / 2, np.e / 2], rtol=1e-14)


def test_branches_of_arrays_are_guarded_entry_by_entry() -> None:
    rooted = cases((sp.sqrt(X[i] - Y[i, j]), X[i] > Y[i, j]), (0, True))
    ours = compiled(function_of(rooted, X, Y, axes=(i, j)))
    tokens, table = jnp.array([-1.0, 0.0]), jnp.array([[-2.0, 0.0], [0.0, 1.0]])
    np.testing.assert_array_equal(ours(tokens, table), [[1.0, 0.0], [0.0, 0.0]])
    slope = jax.grad(lambda a: ours(a, table).sum())(tokens)
    np.testing.assert_array_equal(slope, [0.5, 0.0])


def test_a_branch_may_be_a_function_of_a_sum() -> None:
    logarithm = cases((sp.log(total(X[i], i)), total(X[i], i) > 0), (0, True))
    ours = compiled(function_of(logarithm, X))
    assert float(ours(jnp.array([-1.0, 0.0]))) == 0.0
    np.testing.assert_array_equal(jax.grad(ours)(jnp.array([-1.0, 1.0])), [0.0, 0.0])


def test_a_slope_that_no_case_distinction_gives_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="write it without that case"):
        compiled(function_of(cases((0, sp.Eq(x, 0)), (sp.sqrt(x), True))))


def test_a_condition_that_is_no_comparison_is_refused() -> None:
    condition = sp.Contains(x, sp.FiniteSet(1, y))
    with pytest.raises(NotImplementedError, match="made of comparisons, And, Or and Not"):
        compiled(function_of(sp.Piecewise((1, condition), (x, True)), x, y))
