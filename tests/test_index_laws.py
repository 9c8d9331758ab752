"""Laws of index algebra, each against explicit sums with rational entries, exactly."""

from fractions import Fraction
from typing import Any

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.polys.rings import ring

from tests.index_expressions import (
    BEYOND,
    NAMES,
    A,
    S,
    Tree,
    build,
    c,
    examples,
    i,
    j,
    k,
    m,
    n,
    number,
    p,
    points,
    q,
    trees,
    u,
    value,
    w,
)
from theory.algebra.scope import index_names
from theory.calculus.gaussian import expectation
from theory.calculus.indices import (
    Symmetric,
    array,
    canonical,
    complemented,
    contract_pairs,
    contract_rows,
    define,
    free_indices,
    instantiate,
    substitute,
    unfold,
    unroll,
)

ANY = trees(u, A, S)


def assert_equal(left: sp.Expr, right: sp.Expr, at: dict[sp.Basic, Any]) -> None:
    assert value(left, at) == value(right, at), f"{left} is not {right} at {at}"


@settings(max_examples=examples(700))
@given(ANY)
def test_the_canonical_form_has_the_same_value(tree: Tree) -> None:
    expression = build(tree)
    once, split = canonical(expression), complemented(expression)
    for at in points(expression):
        assert_equal(once, expression, at)
        assert_equal(split, expression, at | {BEYOND: True})


@settings(max_examples=examples(300))
@given(ANY)
def test_the_canonical_form_is_canonical_and_binds_no_free_name(tree: Tree) -> None:
    expression = build(tree)
    once = canonical(expression)
    assert canonical(once) == once
    assert canonical(once - expression) == 0
    bound = {str(limit[0]) for s in once.atoms(sp.Sum) for limit in s.limits}
    assert bound.isdisjoint(map(str, free_indices(once)))


@settings(max_examples=examples(400))
@given(ANY, st.dictionaries(st.sampled_from(NAMES), st.sampled_from([*NAMES, p, sp.Integer(0)])))
def test_an_instance_is_the_expression_elsewhere(
    tree: Tree, mapping: dict[sp.Idx, sp.Expr]
) -> None:
    expression = build(tree)
    moved = instantiate(expression, mapping)
    assert free_indices(moved) <= free_indices(expression) | set(mapping.values())
    for at in points(expression, *mapping.values()):
        there = {old: at[new] if new in at else int(new) for old, new in mapping.items()}
        assert value(moved, at) == value(expression, at | there)


@settings(max_examples=examples(400))
@given(ANY, trees(w, A))
def test_a_definition_is_its_entries_wherever_they_stand(tree: Tree, other: Tree) -> None:
    expression, definition = build(tree), build(other)
    inserted = (
        substitute(expression, define(u, (i,), definition)),
        unfold(expression, define(u, (i,), definition)),
    )
    for at in points(expression, definition)[::2]:

        def entry(
            base: sp.IndexedBase, places: tuple[int, ...], at: dict[sp.Basic, Any] = at
        ) -> Any:
            return value(definition, at | {i: places[0]}) if base == u else number(base, places)

        for found in inserted:
            assert value(found, at) == value(expression, at, entry)


@settings(max_examples=examples(300))
@given(trees(u, A, S, functions=False))
def test_an_expectation_is_the_sum_over_monomials(tree: Tree) -> None:
    expression = build(tree)
    if max(sum(m) for m in _monomials(expression) or [(0,)]) > 6:
        return  # Wick's sum over pairings is what it is
    variances = {u: sp.Rational(2, 3), S: sp.Rational(1, 2)}
    mean = expectation(expression, variances)
    for at in points(expression)[:6]:
        assert value(mean, at) == _mean(expression, at, variances)


def _monomials(expression: sp.Expr) -> list[tuple[int, ...]]:
    names = [str(base) for base in (u, S)]
    whole = sp.expand(
        expression.replace(sp.Sum, lambda body, *_: body)
        .replace(lambda e: isinstance(e, sp.Indexed), lambda e: sp.Symbol(str(e.base)))
    )  # fmt: skip
    return [m for m, _ in sp.Poly(whole, *map(sp.Symbol, names)).terms()]


def _mean(expression: sp.Expr, at: dict[sp.Basic, Any], variances: dict[Any, Any]) -> Any:
    """E g^(2 r) = variance^r (2 r - 1)!!, entry by entry."""
    keys: list[tuple[sp.IndexedBase, tuple[int, ...]]] = [(u, (x,)) for x in range(3)]
    keys += [(S, (x, y)) for x in range(3) for y in range(x, 3)]
    polynomials, *symbols = ring([f"g{x}" for x in range(len(keys))], sp.QQ)
    known = dict(zip(keys, symbols, strict=True))
    found = polynomials(sp.QQ(0))
    found += value(expression, at, lambda b, x: known[b, x] if (b, x) in known else number(b, x))
    total = Fraction(0)
    for powers, weight in found.terms():
        moments = (
            variances[base] ** (power // 2) * sp.factorial2(power - 1) if power % 2 == 0 else 0
            for (base, _), power in zip(keys, powers, strict=True)
        )
        total += Fraction(str(weight)) * Fraction(str(sp.Mul(*moments)))
    return total


@settings(max_examples=examples(200))
@given(trees(u, A))
def test_contractions_agree_where_the_arrays_have_the_meaning(tree: Tree) -> None:
    expression = build(tree)
    gram = array("V", n, n, symmetric=True)
    paired = contract_pairs(expression, A, gram, sp.S.One)
    rows = contract_rows(expression, A)
    for at in points(expression)[::2]:
        axis = range(at[n])

        def products(base: Any, x: tuple[int, ...], axis: range = axis) -> Any:
            if base != gram:
                return number(base, x)
            return sum(number(A, (x[0], t)) * number(A, (x[1], t)) for t in axis)

        def shares(base: Any, x: tuple[int, ...], axis: range = axis) -> Any:
            return number(base, x) / (sum(number(A, (x[0], t)) for t in axis) if base == A else 1)

        assert value(paired, at, products) == value(expression, at)
        assert value(rows, at, shares) == value(expression, at, shares)


@settings(max_examples=examples(200))
@given(ANY)
def test_writing_sums_out_keeps_the_value(tree: Tree) -> None:
    expression = build(tree)
    for at in points(expression)[::3]:
        here = {x: sp.Integer(v) for x, v in at.items() if isinstance(x, sp.Idx)}
        explicit = unroll(instantiate(expression, here), {n: at[n], m: at[m]})
        assert not index_names(explicit)
        assert value(explicit, at) == value(expression, at)


def test_the_laws_notice_an_index_that_is_captured() -> None:
    right = u[i] - sp.Sum(u[j], (j, 0, n - 1)) / n
    with pytest.raises(AssertionError):
        assert_equal(right, u[i] - sp.Sum(u[i], (j, 0, n - 1)) / n, points(right)[-1])
    assert value(right, {n: 2, i: 0}) == (number(u, (0,)) - number(u, (1,))) / 2
    assert isinstance(S, Symmetric)
    assert {c, k, q}.isdisjoint(free_indices(right))
