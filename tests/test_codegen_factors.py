"""Common factors in generated code: same value, fewer contractions."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.calculus.indices import array, indices, size, total
from theory.codegen.evaluate import call
from theory.codegen.function import Function, Output
from theory.codegen.module import function_source

m = size("m")
i, j, k, l = indices("i j a z", m)  # noqa: E741  (summed names sort before and after the free)
A, B, S, v = (
    array("A", m, m), array("B", m, m), array("S", m, m, symmetric=True), array("v", m),
)  # fmt: skip
ARRAYS = (A, B, S, v)

entries = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
sums = st.lists(st.lists(entries, min_size=2, max_size=4), min_size=2, max_size=5)


def entry(which: int, row: int, column: int) -> sp.Expr:
    at = (i, j, k, l)
    return v[at[row]] if which == 3 else ARRAYS[which][at[row], at[column]]


def product_of(factors: list[tuple[int, int, int]]) -> sp.Expr:
    """A term with the sums over k and l that its entries ask for."""
    product = sp.Mul(*(entry(*f) for f in factors))
    return total(product, *(b for b in (k, l) if product.has(b)))


def function_of(expression: sp.Expr) -> Function:
    return Function("f", ARRAYS, Output(expression, (i, j)), "Random.", "none")


@settings(max_examples=80, deadline=None, derandomize=True)
@given(addends=sums)
def test_sums_of_products_have_the_right_value_whatever_they_share(
    addends: list[list[tuple[int, int, int]]],
) -> None:
    function = function_of(sp.Add(*(n * product_of(a) for n, a in enumerate(addends, 1))))
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(3, 3)) for _ in range(3)] + [rng.normal(size=3)]
    values[2] = values[2] + values[2].T
    namespace: dict[str, Any] = {"jnp": jnp}
    source = function_source(function).replace('Float[Array, "m m"]', "object")
    exec(source.replace('Float[Array, " m"]', "object"), namespace)
    ours = namespace["f"](*(jnp.asarray(a) for a in values))
    exact = np.array(call(function, *values)[0], dtype=float)
    np.testing.assert_allclose(ours, exact, rtol=1e-10, atol=1e-10)


def products_of_matrices(expression: sp.Expr) -> int:
    return function_source(function_of(expression)).count(" @ ")


def test_a_shared_matrix_is_multiplied_once() -> None:
    both = total(A[i, k] * S[k, j], k) + total(B[i, l] * S[l, j], l)
    assert products_of_matrices(both) == 1


def test_a_symmetric_factor_is_shared_whichever_way_its_indices_are_sorted() -> None:
    h, z = indices("h z", m)
    both = total(A[i, h] * S[h, j], h) + total(B[i, z] * S[z, j], z)
    assert products_of_matrices(both) == 1


def test_a_product_that_is_shared_already_is_left_alone() -> None:
    squares = total(A[i, k] * v[k] * A[j, l] * v[l], k, l) + total(A[i, k] * B[k, j], k)
    assert products_of_matrices(squares) == 2
