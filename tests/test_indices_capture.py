"""Sums inside a function keep their own indices when outer ones are named, contracted or given."""

import sympy as sp

from theory.calculus.indices import (
    array,
    canonical,
    define,
    indices,
    instantiate,
    size,
    total,
    unfold,
    unroll,
)

n = size("n")
a, f, i, j = indices("a f i j", n)
v, w, y = array("v", n, n), array("w", n), array("y", n)


def exponential(row: sp.Idx) -> sp.Expr:
    return sp.exp(total(v[row, a] * y[a], a))


def test_an_outer_sum_is_not_captured_by_a_sum_inside_a_function() -> None:
    expression = total(w[f] * exponential(f), f)
    sizes = {n: 3}
    assert sp.expand(unroll(canonical(expression), sizes) - unroll(expression, sizes)) == 0


def test_the_canonical_form_is_canonical_again() -> None:
    once = canonical(total(w[f] * exponential(f), f))
    assert canonical(once) == once


def test_equal_expressions_with_other_names_have_one_canonical_form() -> None:
    other = total(w[a] * sp.exp(total(v[a, i] * y[i], i)), a)
    assert canonical(total(w[f] * exponential(f), f) - other) == 0


def test_contracting_a_delta_with_an_index_of_an_inner_sum_captures_nothing() -> None:
    inner = canonical(exponential(f))
    bound = next(iter(inner.atoms(sp.Sum))).limits[0][0]
    contracted = canonical(total(sp.KroneckerDelta(f, bound) * exponential(f), f))
    explicit = unroll(instantiate(contracted, {bound: sp.Integer(1)}), {n: 3})
    assert explicit == unroll(instantiate(exponential(f), {f: sp.Integer(1)}), {n: 3})


def test_renaming_to_a_bound_index_makes_the_bound_one_fresh() -> None:
    renamed = instantiate(exponential(f), {f: a})
    ((bound, _, _),) = next(iter(renamed.atoms(sp.Sum))).limits
    assert bound != a
    assert renamed == sp.exp(total(v[a, bound] * y[bound], bound))


def test_unfolding_a_definition_with_free_indices_captures_none_of_them() -> None:
    row = array("row", n)
    by_hand = total(v[f, a] * y[a] ** 2, a)
    unfolded = unfold(total(row[f] * y[f], f), define(row, (i,), v[f, i] * y[i]))
    assert canonical(unfolded - by_hand) == 0
