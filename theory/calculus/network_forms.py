"""Tensor networks written as index expressions."""

from collections.abc import Mapping, Sequence

import sympy as sp

from theory.calculus.indices import array, total
from theory.calculus.networks import DELTA, Component, Head, Networks, Polynomial

_LETTERS = "ijklpqrstuvwxyz"


def expression(
    networks: Networks, polynomial: Polynomial, free: Sequence[sp.Idx], avoid: frozenset[str]
) -> sp.Expr:
    """The polynomial in SymPy: the free index -1 - k is ``free[k]``; sums use no name to avoid."""
    taken = avoid | {str(i) for i in free}
    letters = [x + k for k in ("", "1", "2", "3") for x in _LETTERS if x + k not in taken]
    found: dict[sp.Expr, list[sp.Expr]] = {}
    for (_, components), c in polynomial.items():
        parts = [_component(networks, part, free, letters) for part in components]
        found.setdefault(sp.Mul(*parts), []).append(c)
    joined = {body: sp.Add(*cs) for body, cs in found.items()}
    return sp.Add(*(sp.factor(c) * body for body, c in joined.items()))


def _component(
    networks: Networks, component: Component, free: Sequence[sp.Idx], letters: Sequence[str]
) -> sp.Expr:
    names: dict[int, sp.Idx] = {-1 - k: index for k, index in enumerate(free)}
    for _, at in component:
        for i in at:
            if i >= 0 and i not in names:
                names[i] = sp.Idx(letters[i], networks.range_of(component, i))
    body = sp.Mul(*(_entry(networks, name, [names[i] for i in at]) for name, at in component))
    return total(body, *(names[i] for i in sorted(names) if i >= 0))


def _entry(networks: Networks, name: str, at: Sequence[sp.Idx]) -> sp.Expr:
    if name == DELTA:
        return sp.KroneckerDelta(*at)
    head = networks.heads[name]
    return head.definition(*at) if head.definition else written(head)(*at)


def written(head: Head):
    """The entry of an array at indices: a symbol if it has no axes."""
    if not head.shape:
        return lambda: sp.Symbol(head.name, real=True)
    base = array(head.name, *head.shape, symmetric=head.symmetric)
    return lambda *at: base[tuple(at)]


def free_indices_for(shape: Sequence[sp.Expr], taken: Mapping[str, object]) -> list[sp.Idx]:
    """Index names that nothing in a layer uses."""
    pool = ["alpha", "beta", "delta", "omega", "mu", "nu", "kappa", "eta", "theta", "zeta"]
    names = [x for x in (*pool, *(f"a{k}" for k in range(20))) if x not in taken]
    return [sp.Idx(name, size) for name, size in zip(names, shape, strict=False)]
