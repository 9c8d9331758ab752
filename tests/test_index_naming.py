"""Naming summation indices takes polynomially many steps, and no name is ever captured."""

from itertools import combinations

import pytest
import sympy as sp

from theory.algebra import canonical as naming
from theory.calculus.indices import (
    Fresh,
    array,
    canonical,
    define,
    free_indices,
    indices,
    instantiate,
    size,
    total,
    unfold,
)

n = size("n")
many = indices("a b c d e f g h o p", n)
i, j, k = indices("i j k", n)
x, y = array("x", n), array("y", n)
A, S = array("A", n, n), array("S", n, n, symmetric=True)


def cycle(base: sp.IndexedBase, length: int) -> sp.Expr:
    """A trace of a power, for a symmetric array one that has many automorphisms."""
    return total(
        sp.Mul(*(base[many[r], many[(r + 1) % length]] for r in range(length))), *many[:length]
    )


FAMILIES = {
    "a power of a sum": lambda p: total(x[i] * y[i], i) ** p,
    "a power of a trace": lambda p: cycle(A, 3) ** p,
    "a product of different sums": lambda p: sp.Mul(*(total(x[i] ** r, i) for r in range(1, p))),
    "sums inside a sum": lambda p: total(total(A[i, j], j) ** p, i),
    "a trace of a power": lambda p: cycle(A, p),
    "a trace of a symmetric power": lambda p: cycle(S, p),
    "all pairs": lambda p: total(
        sp.Mul(*(S[r, s] for r, s in combinations(many[:p], 2))), *many[:p]
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_naming_takes_polynomially_many_refinements(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    refine = naming._refined

    def counted(factors: tuple, bound: tuple, placed: dict) -> list:
        steps[-1] += 1
        return refine(factors, bound, placed)

    monkeypatch.setattr(naming, "_refined", counted)
    for power in (3, 5, 9):
        steps.append(0)
        canonical(FAMILIES[family](power))
    assert steps[2] <= 9**3, steps  # nine factorial is 362880
    assert steps[2] <= 10 * steps[0] + 27, steps


def test_a_bound_index_is_not_renamed_where_it_is_free() -> None:
    mean = x[i] - total(x[i], i) / n
    moved = instantiate(mean, {i: j})
    assert free_indices(moved) == {j}
    assert moved == x[j] - total(x[i], i) / n
    at = instantiate(mean, {i: sp.Integer(2)})
    assert at == x[2] - total(x[i], i) / n


def test_no_sum_binds_a_name_that_is_free_in_the_expression() -> None:
    for expression in (
        x[i] - total(x[k], k) / n,
        x[i] + sp.exp(total(A[j, k] * x[k], k)),
        total(A[i, k] * sp.exp(total(A[k, j] * x[j], j)), k) + x[j],
    ):
        found = canonical(expression)
        bound = {str(limit[0]) for s in found.atoms(sp.Sum) for limit in s.limits}
        assert bound.isdisjoint(map(str, free_indices(found))), found


def test_a_name_from_another_process_is_not_captured() -> None:
    fresh = Fresh(x[i])(i)  # what a worker that starts at zero hands out, too
    foreign = x[fresh] - total(x[k] * A[k, fresh], k)
    assert free_indices(canonical(foreign)) == {fresh}
    assert canonical(total(foreign, fresh) - total(x[i], i) + total(x[k] * A[k, i], i, k)) == 0
    assert Fresh(foreign)(i) != fresh


def test_a_sum_over_an_index_that_depends_on_another_keeps_its_scope() -> None:
    nested = sp.Sum(x[i] * sp.Sum(y[i], (i, 0, n - 1)), (i, 0, n - 1))
    assert canonical(nested - total(x[i], i) * total(y[j], j)) == 0
    causal = sp.Sum(x[j], (j, 0, i))
    assert free_indices(causal) == {i}
    assert free_indices(instantiate(causal, {i: j})) == {j}


def test_a_definition_is_not_captured_by_an_ordinary_sum() -> None:
    t = sp.Symbol("t", integer=True)
    powers = sp.Sum(x[i] ** t, (t, 1, 3))
    found = unfold(powers, define(x, (j,), t * y[j]))
    assert t in found.free_symbols
    assert sp.expand((found - sum((t * y[i]) ** k for k in (1, 2, 3))).doit()) == 0


def test_a_delta_at_what_may_be_no_position_is_kept() -> None:
    place = sp.Symbol("place", real=True)
    assert canonical(total(sp.KroneckerDelta(i, place) * x[i], i)).has(sp.KroneckerDelta)
