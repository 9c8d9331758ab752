"""Sums over part of a range: in the algebra, in expectations, in both routes, in generated code."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from theory.calculus.gaussian import expectation
from theory.calculus.indices import (
    array,
    at_most,
    canonical,
    complemented,
    indices,
    instantiate,
    size,
    total,
    unroll,
)
from theory.codegen.evaluate import call
from theory.codegen.function import Function, Output
from theory.codegen.latex import latex
from theory.codegen.module import function_source
from theory.language import Status, Step, run_steps

m = size("m")
i, j, k = indices("i j k", m)
X, A = array("X", m), array("A", m, m)
HEAD = "import jax\nimport jax.numpy as jnp\nfrom jaxtyping import Array, Float\n"


def built(expression: sp.Expr, axes: tuple[sp.Idx, ...] = (), *arguments: sp.IndexedBase):
    function = Function("f", arguments or (X,), Output(expression, axes), "Causal.", "A test.")
    namespace: dict = {}
    exec(HEAD + function_source(function), namespace)
    return function, namespace["f"]


def test_a_causal_sum_is_not_the_full_sum() -> None:
    causal = sp.Sum(X[j], (j, 0, i))
    assert canonical(causal - total(X[j], j)) != 0
    assert canonical(sp.Sum(X[j], (j, 1, m - 1)) - total(X[j], j)) != 0
    assert canonical(sp.Sum(1, (j, 1, m - 1))) == m - 1


def test_before_and_after_make_the_whole() -> None:
    before, after = sp.Sum(X[j], (j, 0, i)), sp.Sum(X[j], (j, i + 1, m - 1))
    assert complemented(before + after - total(X[j], j)) == 0
    assert complemented(before - sp.Sum(X[j], (j, 0, i - 1)) - X[i]) == 0
    assert complemented(total(X[j], j) - sp.Sum(X[j], (j, 1, m - 1)) - X[0]) == 0
    pairs = sp.Sum(X[i] * X[j], (j, 0, i - 1), (i, 0, m - 1))
    assert complemented(2 * pairs + total(X[i] ** 2, i) - total(X[i], i) ** 2) == 0
    assert complemented(2 * pairs - total(X[i], i) ** 2) != 0


def test_positions_are_counted() -> None:
    assert canonical(sp.Sum(1, (j, 0, i))) == i + 1
    assert canonical(sp.Sum(1, (j, 0, i), (i, 0, m - 1)) - m * (m + 1) / 2) == 0
    assert canonical(total(i**2, i) - (m - 1) * m * (2 * m - 1) / 6) == 0


def test_the_variance_of_a_causal_sum_grows_with_the_position() -> None:
    square = expectation(sp.Sum(X[j], (j, 0, i)) ** 2, {X: 1})
    assert canonical(square) == i + 1
    shared = expectation(sp.Sum(X[j], (j, 0, i)) * sp.Sum(X[k], (k, 0, 0)), {X: 1})
    assert canonical(shared) == 1


def test_a_causal_sum_is_written_out_from_its_lower_end() -> None:
    assert unroll(sp.Sum(X[j], (j, 1, m - 1)), {m: 3}) == X[1] + X[2]
    assert unroll(instantiate(sp.Sum(X[j], (j, 0, i)), {i: sp.Integer(1)}), {m: 3}) == X[0] + X[1]
    assert unroll(sp.Sum(X[j], (j, 1, m - 1)), {m: 1}) == 0
    with pytest.raises(ValueError, match="outside its array"):
        unroll(X[3], {m: 3})
    with pytest.raises(ValueError, match="free index"):
        unroll(sp.Sum(X[j], (j, 0, i)), {m: 3})


@pytest.mark.parametrize(
    ("expression", "axes", "what"),
    [
        (X[i + 1], (i,), r"X\[i \+ 1\]"),
        (X[2 * i], (i,), r"X\[2\*i\]"),
        (X[i] - X[i - 1], (i,), r"X\[i - 1\]"),
        (sp.Sum(X[j], (j, 0, i + 1)), (i,), "must stay in the range of j"),
        (sp.Sum(X[j], (j, 0, m / 2)), (), "must stay in the range of j"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(
    expression: sp.Expr, axes: tuple[sp.Idx, ...], what: str
) -> None:
    with pytest.raises(ValueError, match=what):
        canonical(expression)
    with pytest.raises(ValueError, match=what):
        built(expression, axes)


CAUSAL = {
    "prefix": (sp.Sum(X[j], (j, 0, i)), (i,)),
    "from one": (sp.Sum(X[j], (j, 1, m - 1)), ()),
    "pairs": (sp.Sum(X[i] * X[j], (j, 0, i - 1), (i, 0, m - 1)), ()),
    "mean so far": (sp.Sum(X[j], (j, 0, i)) / (i + 1), (i,)),
    "masked weights": (total(at_most(j, i) * A[i, j] * X[j], j), (i,)),
    "softmax": (
        sp.Sum(sp.exp(A[i, j]) * X[j], (j, 0, i)) / sp.Sum(sp.exp(A[i, k]), (k, 0, i)),
        (i,),
    ),
    "last": (total(at_most(m - 1, j) * X[j], j), ()),
    "first": (X[0] * total(X[j], j), ()),
    "first column": (A[i, 0] * X[i], (i,)),
    "a diagonal entry": (A[0, 0] + A[1, 1] * X[0], ()),
}


def test_causal_attention_neither_overflows_nor_sees_what_comes_later() -> None:
    weights = sp.Sum(sp.exp(A[i, k]), (k, 0, i))
    attention = sp.Sum(sp.exp(A[i, j]) * X[j], (j, 0, i)) / weights
    _, code = built(attention, (i,), X, A)
    _, entropy = built(sp.log(weights), (i,), A)
    x, logits = jnp.array([1.0, 2.0, 4.0]), 1000.0 * jnp.array([[1, 9, 9], [1, 1, 9], [-9, -9, -9]])
    rounding = 9000 * np.finfo(float).eps  # that of a logit, which is the weight's relative error
    np.testing.assert_allclose(code(x, logits), [1, 1.5, 7 / 3], rounding)
    expected = [1000, 1000 + np.log(2), -9000 + np.log(3)]
    np.testing.assert_allclose(entropy(logits), expected, 1e-15)
    slope = jax.jacobian(lambda a: code(x, a))(logits)
    assert jnp.isfinite(slope).all()
    assert (slope[0] == 0).all()
    np.testing.assert_allclose(slope[1, 1, :2], [-0.25, 0.25], 4 * rounding)
    steep = built(sp.Sum(sp.sqrt(X[j]) * X[i], (j, 0, i)), (i,), X)[1]
    later = jnp.array([4.0, 9.0, -1.0])
    assert steep(later)[:2].tolist() == [8.0, 45.0]


def test_the_formula_shows_the_ends_of_a_causal_sum() -> None:
    function, _ = built(sp.Sum(X[j], (j, 0, i)), (i,))
    assert r"\sum_{j=0}^{i} {X}^{j}" in function_source(function)
    pairs = sp.Sum(A[i, j], (j, 0, i - 1), (i, 0, m - 1))
    assert latex(pairs) == r"\sum_{i} \sum_{j=0}^{i - 1} {A}^{i j}"
    masked = canonical(sp.Sum(X[j], (j, 0, i - 1)))
    assert r"\mathbf{1}_{j + 1 \le i}" in latex(masked)
    assert latex(total(X[j], j)) == r"\sum_{j} {X}^{j}"


@pytest.mark.parametrize("extent", [2, 3, 5])
@pytest.mark.parametrize("name", CAUSAL)
def test_causal_code_agrees_with_loops(name: str, extent: int) -> None:
    expression, axes = CAUSAL[name]
    function, code = built(expression, axes, X, A)
    generator = np.random.default_rng(0)
    x, a = generator.normal(size=extent), generator.normal(size=(extent, extent))
    (expected,) = call(function, x.tolist(), a.tolist())
    np.testing.assert_allclose(code(jnp.array(x), jnp.array(a)), np.array(expected, float), 1e-12)


def test_the_gradient_of_causal_code_is_that_of_the_sum() -> None:
    _, code = built(sp.Sum(X[i] * X[j], (j, 0, i - 1), (i, 0, m - 1)))
    x = jnp.array([1.0, 2.0, 4.0, 8.0])
    assert jax.grad(code)(x).tolist() == [14.0, 13.0, 11.0, 7.0]
    half = code(x.astype(jnp.float32))
    assert half.dtype == jnp.float32


STEPS = {
    "two halves": (sp.Sum(X[j], (j, 0, i)) + sp.Sum(X[j], (j, i + 1, m - 1)), total(X[j], j)),
    "a mask": (total(at_most(j, i) * X[j], j), sp.Sum(X[j], (j, 0, i))),
    "pairs": (
        2 * sp.Sum(X[i] * X[j], (j, 0, i - 1), (i, 0, m - 1)),
        total(X[i], i) ** 2 - total(X[i] ** 2, i),
    ),
    "positions": (total(at_most(j, i), j), i + 1),
}


@pytest.mark.parametrize("name", STEPS)
def test_both_routes_decide_steps_with_causal_sums(name: str) -> None:
    left, right = STEPS[name]
    true, false = run_steps(
        [Step(name, left, right, "a test"), Step(name, left, right + X[0], "planted")]
    )
    assert (true.status, true.routes) == (Status.PROVED, 2), true
    assert false.status is Status.FAILED, false
