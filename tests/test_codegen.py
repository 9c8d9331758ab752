"""The printer, on random expressions: the JAX source against mpmath on the same expression.

The functions of the rooms have a file of their own.
"""

import ast
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import numerics
from checks.suite.house import BUILT_IN
from tests.generated_code import arguments, assert_close, compiled
from theory.calculus.indices import array, indices, size, total
from theory.codegen.evaluate import call
from theory.codegen.function import Cholesky, Definition, Function, Output, Softmax
from theory.codegen.module import function_source, generate

m, n = size("m"), size("n")
i, j, k = indices("i j k", m)
A, B, S = array("A", m, m), array("B", m, m), array("S", m, m, symmetric=True)
v = array("v", m)
x, y = sp.symbols("x y", real=True)
t = sp.Symbol("t", positive=True)


def source_of(room: str) -> str:
    theorem = BUILT_IN.theorem(room)
    return generate(room, theorem.title, theorem.derivation.functions)


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_committed_modules_are_what_the_theory_gives(room: str) -> None:
    path = Path(numerics.__path__[0]) / "generated" / f"{room}.py"
    assert path.read_text() == source_of(room)


scalar_trees = st.recursive(
    st.sampled_from([x, y, t, sp.Integer(2), sp.Rational(1, 3), sp.pi]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        inner.map(lambda e: e**2),
        inner.map(sp.sin),
        inner.map(lambda e: sp.exp(-(e**2))),
        inner.map(sp.tanh),
        inner.map(lambda e: sp.sqrt(1 + e**2)),
        inner.map(lambda e: 1 / (2 + e**2)),
        inner.map(sp.erf),
    ),
    max_leaves=8,
)
LEAVES = (A[i, j], B[i, j], S[i, j], A[j, i], v[i], v[j], t)
programs = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=4
)


def combined(operation: int, a: sp.Expr, b: sp.Expr) -> sp.Expr:
    if operation == 0:
        return a + b
    if operation == 1:
        return a * b
    if operation == 2:
        return total(B[i, k] * a.xreplace({i: k}), k)
    if operation == 3:
        return total(a.xreplace({j: k}) * S[k, j], k)
    return sp.exp(-(a**2))


def run_program(program: list[tuple[int, int, int]]) -> sp.Expr:
    """An array expression: each instruction combines earlier values or leaves."""
    values: list[sp.Expr] = list(LEAVES)
    for operation, left, right in program:
        values.append(combined(operation, values[-1 - left], values[right]))
    return values[-1]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(expression=scalar_trees, seed=st.integers(0, 2**16))
def test_random_scalar_expressions_have_the_right_value_and_gradient(
    expression: sp.Expr, seed: int
) -> None:
    function = Function("f", (x, y, t), Output(expression), "Random.", "none")
    derivative = Function("f", (x, y, t), Output(sp.diff(expression, x)), "Random.", "none")
    values = arguments(function, seed)
    ours = compiled(function)
    (exact,) = call(function, *values)
    (slope,) = call(derivative, *values)
    assert float(ours(*values)) == pytest.approx(float(exact), rel=1e-10, abs=1e-10)
    gradient = jax.grad(lambda x_: jnp.asarray(ours(x_, *values[1:])) + 0 * x_)(values[0])
    assert float(gradient) == pytest.approx(float(slope), rel=1e-8, abs=1e-8)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(program=programs, seed=st.integers(0, 2**16))
def test_random_array_expressions_have_the_right_value(
    program: list[tuple[int, int, int]], seed: int
) -> None:
    expression = run_program(program)
    function = Function("f", (A, B, S, v, t), Output(expression, (i, j)), "Random.", "none")
    values = arguments(function, seed)
    exact = np.array(call(function, *values)[0], dtype=float)
    ours = compiled(function)(*(jnp.asarray(a) for a in values))
    assert_close(ours, exact, 1e-10)


def test_a_scalar_factor_before_a_sum_of_products_survives() -> None:
    """SymPy's own converter to array expressions drops the factor 1 / m^2."""
    expression = total(v[k] * A[i, j] * v[k], k) / m**2
    function = Function("f", (A, v), Output(expression, (i, j)), "Scaled.", "none")
    values = arguments(function, 0)
    by_hand = values[0] * (values[1] @ values[1]) / len(values[1]) ** 2
    assert_close(compiled(function)(*map(jnp.asarray, values)), by_hand)


def test_nothing_is_unrolled_so_the_source_is_short() -> None:
    expression = total(A[i, k] * B[k, j], k)
    source = function_source(Function("f", (A, B), Output(expression, (i, j)), "Product.", "none"))
    assert "return A @ B" in source or "AB = A @ B" in source


def test_a_removable_singularity_has_the_right_value_and_gradient() -> None:
    from theory.calculus.expansion import continued

    angle = continued(sp.sqrt(1 - x**2) - x * sp.acos(x), x, sp.S.NegativeOne, sp.S.One)
    ours = compiled(Function("f", (x,), Output(angle), "Angle.", "none"))
    for at, value, slope in ((1.0, 0.0, 0.0), (-1.0, np.pi, -np.pi), (1.5, 0.0, 0.0)):
        assert float(ours(at)) == pytest.approx(value, abs=1e-15)
        assert float(jax.grad(ours)(at)) == pytest.approx(slope, abs=1e-15)


@pytest.mark.parametrize(
    ("expression", "at", "exact"),
    [(sp.exp(x) - 1, 1e-12, 1.0000000000005e-12), (sp.log(1 + x), 1e-12, 9.999999999995e-13)],
)
def test_differences_that_cancel_keep_their_digits(
    expression: sp.Expr, at: float, exact: float
) -> None:
    ours = compiled(Function("f", (x,), Output(expression), "Small.", "none"))
    assert float(ours(at)) == pytest.approx(exact, rel=1e-15)


def test_a_softmax_of_large_logits_does_not_overflow() -> None:
    P = array("P", m, m)
    definition = Definition(P, (i, j), Softmax(1000 * A[i, j], j))
    function = Function(
        "f", (A,), Output(total(P[i, j] * A[i, j], j), (i,)), "Mean.", "none", (definition,)
    )
    values = arguments(function, 3)
    exact = np.array(call(function, *values)[0], dtype=float)
    assert_close(compiled(function)(jnp.asarray(values[0])), exact)


def test_a_cholesky_factor_is_the_lower_one() -> None:
    L = array("L", m, m)
    function = Function(
        "f", (S,), Output(L[i, j], (i, j)), "Factor.", "none", (Definition(L, (i, j), Cholesky(S)),)
    )
    values = arguments(function, 4)
    factor = np.asarray(compiled(function)(jnp.asarray(values[0])))
    np.testing.assert_allclose(factor @ factor.T, values[0], rtol=1e-13)


def test_an_unknown_function_is_an_error_that_names_it() -> None:
    with pytest.raises(NotImplementedError, match=r"no JAX function for zeta.*zeta\(x\)"):
        function_source(Function("f", (x,), Output(sp.zeta(x)), "Zeta.", "none"))


def test_an_unbound_symbol_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="nothing binds y; the arguments are x"):
        Function("f", (x,), Output(x + y), "Sum.", "none")
    with pytest.raises(ValueError, match="free indices"):
        Function("f", (A,), Output(A[i, j], (i,)), "Row.", "none")


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_generated_modules_import_neither_theory_nor_sympy(room: str) -> None:
    tree = ast.parse(source_of(room))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        )
    }
    assert imported <= {"jax", "jaxtyping"}
