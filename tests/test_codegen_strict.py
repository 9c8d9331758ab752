"""What the generator refuses, and what it writes so that Python and JAX take it as it is meant."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from tests.generated_code import compiled
from theory.calculus.indices import Softmax, array, define, indices, size
from theory.codegen.function import Function
from theory.codegen.module import function_source

x = sp.Symbol("x", real=True)
m = size("m")
i, j = indices("i j", m)
A = array("A", m, m)


def function_of(
    expression: sp.Expr, *arguments: sp.Symbol | sp.IndexedBase, name: str = "f"
) -> Function:
    return Function(define(name, (), expression), arguments or (x,), "A function.", "none")


@pytest.mark.parametrize(
    "expression",
    [
        sp.Heaviside(x), sp.AccumBounds(0, 1) * x, sp.zeta(x), sp.I * x, sp.oo * sp.sign(x),
        sp.DiracDelta(x), sp.Integral(sp.exp(-(x**2)), x), sp.Derivative(sp.exp(x), x),
        sp.Symbol("A", commutative=False) * sp.besselj(0, x), sp.binomial(x, 2), sp.Mod(x, 2),
        sp.gamma(x), sp.LambertW(x), sp.Function("g")(x), sp.Product(x, (sp.Symbol("k"), 1, 3)),
    ],
    ids=str,
)  # fmt: skip
def test_what_jax_does_not_have_is_refused_by_name(expression: sp.Expr) -> None:
    with pytest.raises(
        (NotImplementedError, ValueError), match=r"no JAX function|cannot write|nothing binds"
    ):
        function_source(function_of(expression))


@pytest.mark.parametrize("constant", [sp.GoldenRatio, sp.Catalan, sp.EulerGamma, sp.E, sp.pi])
def test_constants_have_their_values(constant: sp.Expr) -> None:
    assert float(compiled(function_of(constant * x))(2.0)) == pytest.approx(2 * float(constant))


@pytest.mark.parametrize(
    "name",
    ["jsp", "jnp", "jax", "Array", "_tanh", r"\theta", "x_{1}", "lambda", "class", "x y", "1x", ""],
)
def test_a_name_that_code_cannot_have_is_refused_when_the_function_is_built(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be used in code"):
        function_of(x, name=name)
    if name:
        symbol = sp.Symbol(name, real=True)
        with pytest.raises(ValueError, match="cannot be used in code"):
            function_of(sp.exp(symbol), symbol)
        with pytest.raises(ValueError, match="cannot be used in code"):
            function_of(x, x, array(name, m))


def test_two_things_of_one_name_are_refused() -> None:
    other = sp.Symbol("x", positive=True)
    with pytest.raises(ValueError, match="two symbols are called x"):
        function_of(x - other + sp.Abs(x))
    with pytest.raises(ValueError, match="x is the name of two arguments or definitions"):
        function_of(x, x, array("x", m))
    with pytest.raises(ValueError, match="x is the name of two"):
        Function(define("f", (), x), (x,), "Twice.", "none", (define(x, (), 2 * x),))


def test_a_size_inside_a_shape_is_not_bound() -> None:
    with pytest.raises(ValueError, match="nothing binds m"):
        function_of(m * x, x, array("X", m + 1))


@pytest.mark.parametrize(
    "expression",
    [x / sp.factorial(25), 2**70 * x, x + sp.Integer(2) ** 70, sp.harmonic(40) * x,
     sp.expand(sp.hermite_poly(40, x)), x * sp.Rational(3**50, 7**30), sp.Integer(2) ** 31 * x],
    ids=lambda e: str(e)[:20],
)  # fmt: skip
def test_large_integers_are_written_as_floats(expression: sp.Expr) -> None:
    ours = compiled(function_of(expression))
    exact = float(expression.subs(x, sp.Rational(1, 2)))
    slope = float(sp.diff(expression, x).subs(x, sp.Rational(1, 2)))
    assert float(jax.jit(ours)(0.5)) == pytest.approx(exact, rel=1e-12)
    assert float(jax.grad(ours)(0.5)) == pytest.approx(slope, rel=1e-12)


def test_a_number_that_no_float_is_near_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="no float is near"):
        function_source(function_of(x / sp.factorial(200)))


@pytest.mark.parametrize(
    "expression", [1 / x**2, x**3, x ** sp.Rational(1, 3), sp.sqrt(x), 2**x, 1 / x, x * x * 1e200]
)
@pytest.mark.parametrize("at", [0.0, -8.0, 1e200, 2, 0, -3])
def test_python_numbers_give_what_arrays_give(expression: sp.Expr, at: float) -> None:
    ours = compiled(function_of(expression))
    plain, arrays = np.asarray(ours(at)), np.asarray(ours(jnp.asarray(float(at))))
    assert plain.dtype == arrays.dtype == np.float64
    np.testing.assert_array_equal(plain, arrays)


def test_a_python_number_does_not_raise_the_precision_of_arrays() -> None:
    v = array("v", m)
    k = sp.Idx("k", m)
    ours = compiled(Function(define("f", (k,), x * v[k]), (v, x), "Scaled.", "none"))
    assert ours(jnp.ones(3, jnp.float32), 0.5).dtype == jnp.float32


def test_an_output_is_an_expression() -> None:
    weights = define("P", (i, j), Softmax(A[i, j], j))
    with pytest.raises(ValueError, match="its output P is a Softmax; name that in definitions"):
        Function(weights, (A,), "Weights.", "none")


def test_several_outputs_need_a_name() -> None:
    with pytest.raises(ValueError, match="a function of 2 outputs needs a name: s, c"):
        Function((define("s", (), x), define("c", (), 2 * x)), (x,), "Two.", "none")


EARLIER = """
from theory.calculus.indices import array, define, indices, size
from theory.codegen.function import Function, Output
m = size("m"); i, j = indices("i j", m); A = array("A", m, m)
now = Function(define("f", (i, j), A[i, j] ** 2), (A,), "Squares.", "nobody")
assert Function("f", (A,), Output(A[i, j] ** 2, (i, j)), "Squares.", "nobody") == now
assert Function("f", (A,), Output(A[i, j] ** 2), "Squares.", "nobody") == now
"""


def test_the_earlier_form_of_a_function_is_the_same_function(environment: dict[str, str]) -> None:
    """Without the run-time checks of types, which know the form of now alone."""

    def run(text: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", text]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    right, wrong = EARLIER.strip().rsplit("\n", 1)
    assert run(right).returncode == 0
    assert "free indices" in run(f"{right}\n{wrong}").stderr
