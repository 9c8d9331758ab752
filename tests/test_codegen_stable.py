"""Generated code at extreme floats: the stable forms, value and gradient, against mpmath.

The exact value may be that at arguments a few roundings away, and no further.
"""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generated_code import compiled
from theory.calculus.indices import Definition, Softmax, array, define, indices, size, total
from theory.codegen.forms import plain
from theory.codegen.function import Function
from theory.codegen.table import TABLE, u

x = sp.Symbol("x", real=True)
m = size("m")
i, j = indices("i j", m)
X, P = array("X", m), array("P", m)
MAGNITUDES = (1e-300, 1e-17, 1e-8, 1e-3, 0.1, 0.5, 0.9, 1.5, 6.0, 20.0, 40.0, 300.0, 800.0, 1e20)
POINTS = np.array([sign * size for sign in (-1, 1) for size in MAGNITUDES])
ROUNDING = 2.0**-52
UNITS = 128  # XLA's log1p is off by 74 units in the last place near -0.41

COMPOSED = (
    1 / (1 + sp.exp(-x)), x / (1 + sp.exp(-x)), sp.log(1 + sp.exp(x)), sp.exp(x) / (1 + sp.exp(x)),
    sp.exp(-x) / (1 + sp.exp(-x)) ** 2, sp.exp(x) / (sp.exp(x) + sp.exp(-x)),
    (sp.exp(x) - sp.exp(-x)) / (sp.exp(x) + sp.exp(-x)), (sp.exp(2 * x) - 1) / (sp.exp(2 * x) + 1),
    sp.log(sp.exp(x) + sp.exp(2 * x) + 3), sp.exp(x) / (sp.exp(x) + sp.exp(2 * x) + 3),
    x * (1 + sp.erf(x / sp.sqrt(2))) / 2, x / 2 + x * sp.erf(x / sp.sqrt(2)) / 2,
    sp.log((1 + sp.erf(x / sp.sqrt(2))) / 2), sp.erfc(-x), 2**x - 1, x / (sp.exp(x) - 1),
    x * sp.exp(x) / (sp.exp(x) - 1), sp.exp(x) + sp.exp(2 * x) - 2, 1 / sp.cosh(x) ** 2,
    x * sp.tanh(sp.log(1 + sp.exp(x))), sp.sqrt(1 + x) - 1, 1 - sp.sqrt(1 - x),
    sp.sqrt(x + 1) - sp.sqrt(x), 1 / (1 + x) - 1, 1 / sp.sqrt(1 + x) - 1, sp.log(1 + x),
    x * sp.log(x), x**2 * sp.log(x), -x * sp.log(x) - (1 - x) * sp.log(1 - x), sp.sin(x) / x,
    sp.log(1 + x) / x, (1 - sp.cos(x)) / x, sp.tanh(x) / x,
    x ** sp.Rational(3, 2), x ** sp.Rational(-3, 2), 1 / x**2,
)  # fmt: skip


def function_of(expression: sp.Expr, *arguments: sp.Symbol) -> Function:
    return Function(define("f", (), expression), arguments or (x,), "A form.", "none")


def assert_exact(
    ours: np.ndarray, formula: sp.Expr, at: np.ndarray, function: sp.Expr | None = None
) -> None:
    """Right wherever the formula, and what it is the slope of, are real and floats hold them."""
    real = sp.lambdify(x, function or formula, "mpmath")
    value = sp.lambdify(x, formula, "mpmath")
    slope = sp.lambdify(x, sp.diff(formula, x), "mpmath")
    checked = 0
    for point, got in zip(map(float, at), map(float, ours), strict=True):
        with mpmath.workdps(800):
            try:
                true, change = value(mpmath.mpf(point)), slope(mpmath.mpf(point)) * point
            except (ZeroDivisionError, ValueError):
                continue
            if (
                mpmath.im(true)
                or mpmath.im(real(mpmath.mpf(point)))
                or not 1e-290 < abs(true) + abs(change) < 1e305
            ):
                continue
            allowed = UNITS * ROUNDING * (abs(true) + abs(change)) + 1e-305
            assert abs(got - true) <= allowed, f"{formula} at {point}: {got}, not {float(true)}"
        checked += 1
    assert checked >= 4


@pytest.mark.parametrize("formula", [*(plain(p).subs(u, x) for p, _ in TABLE), *COMPOSED], ids=str)
def test_values_and_gradients_are_exact_at_small_and_large_floats(formula: sp.Expr) -> None:
    ours = compiled(function_of(formula))
    assert_exact(np.asarray(jax.jit(jax.vmap(ours))(jnp.array(POINTS))), formula, POINTS)
    slopes = np.asarray(jax.jit(jax.vmap(jax.grad(ours)))(jnp.array(POINTS)))
    assert_exact(slopes, sp.diff(formula, x), POINTS, formula)


@settings(max_examples=40, derandomize=True)
@given(point=st.floats(-50, 50), row=st.sampled_from(TABLE))
def test_pattern_and_stable_form_are_one_function(
    point: float, row: tuple[sp.Expr, sp.Expr]
) -> None:
    with mpmath.workdps(120):
        try:
            left, right = (sp.lambdify(u, plain(e), "mpmath")(mpmath.mpf(point)) for e in row)
        except (ZeroDivisionError, ValueError):
            return
        if not (mpmath.im(left) or mpmath.im(right)):
            assert abs(left - right) <= mpmath.mpf(10) ** -50 * (1 + abs(left))


def test_the_comparison_notices_a_form_that_cancels() -> None:
    """The control: the textbook formula fails where its form passes."""
    naive = np.asarray(jax.vmap(lambda a: 1 - jnp.tanh(a))(jnp.array(POINTS)))
    with pytest.raises(AssertionError, match=r"1 - tanh\(x\) at 6.0"):
        assert_exact(naive, 1 - sp.tanh(x), POINTS)


LOGITS = jnp.array([1000.0, 999.0, 0.0])
SHARES = np.array([1 / (1 + np.exp(-1.0)), 1 / (1 + np.exp(1.0)), 0.0])
ENTROPY = 0.5822031088882211
weights = sp.exp(X[i]) / total(sp.exp(X[j]), j)
SOFTMAX = define(P, (i,), Softmax(X[i], i))
WRITTEN_OUT = define(P, (i,), weights)


@pytest.mark.parametrize(
    ("expression", "axes", "definitions", "value", "slope"),
    [
        (sp.log(total(sp.exp(X[j]), j)), (), (), 1000.3132616875182, SHARES),
        (sp.log(1 + total(sp.exp(X[j]), j) / m), (), (), 999.2146493988, SHARES),
        (weights, (i,), (), SHARES, np.zeros(3)),
        (-total(P[j] * sp.log(P[j]), j), (), (SOFTMAX,), ENTROPY, [-0.19661193, 0.19661193, 0]),
        (-total(P[j] * sp.log(P[j]), j), (), (WRITTEN_OUT,), ENTROPY, [-0.19661193, 0.19661193, 0]),
        (total(X[i] * sp.exp(X[i]), i) / total(sp.exp(X[j]), j), (), (), 999.7310585786463,
         [0.92767051, 0.07232949, 0]),
        (total(sp.log(1 + sp.exp(X[i])), i), (), (), 1999.69314718056, [1, 1, 0.5]),
        (total(X[i] / (1 + sp.exp(X[i])), i), (), (), 0.0, [0, 0, 0.5]),
    ],
    ids=str,
)  # fmt: skip
def test_arrays_of_large_logits_do_not_overflow(
    expression: sp.Expr, axes: tuple[sp.Idx, ...], definitions: tuple[Definition, ...],
    value: float, slope: list[float],
) -> None:  # fmt: skip
    ours = compiled(Function(define("f", axes, expression), (X,), "An array.", "none", definitions))
    np.testing.assert_allclose(ours(LOGITS), value, rtol=1e-12, atol=1e-15)
    gradient = jax.grad(lambda a: jnp.sum(ours(a)))(LOGITS)
    np.testing.assert_allclose(gradient, slope, rtol=1e-7, atol=1e-15)
