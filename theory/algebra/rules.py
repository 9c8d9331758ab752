"""Rules for arrays with a known meaning: Gram matrices, rows that sum to one."""

from collections.abc import Iterable

import sympy as sp

from theory.algebra.arrays import Symmetric, extent
from theory.algebra.canonical import map_terms
from theory.algebra.scope import free_indices
from theory.algebra.terms import Term


def contract_pairs(
    expression: sp.Expr, base: sp.IndexedBase, gram: sp.IndexedBase, scale: sp.Expr
) -> sp.Expr:
    """Replace ``sum_t base[a, t] base[b, t]`` by ``scale * gram[a, b]``; ``t`` may be several."""
    if isinstance(base, Symmetric):
        raise ValueError(f"{base} is symmetric: its entries do not tell rows from columns")

    def rule(term: Term) -> Term:
        for p, f in enumerate(term.factors):
            for q, g in enumerate(term.factors[p + 1 :], p + 1):
                if not all(isinstance(e, sp.Indexed) and e.base == base for e in (f, g)):
                    continue
                tail = f.indices[1:]
                rest = [e for r, e in enumerate(term.factors) if r not in (p, q)]
                outside = (*rest, f.indices[0], g.indices[0])
                alone = len(set(tail)) == len(tail) and _only_here(term, tail, outside)
                if tail == g.indices[1:] and alone and _whole(tail, base.shape[1:]):
                    entry = gram[f.indices[0], g.indices[0]]
                    bound = tuple(b for b in term.bound if b not in tail)
                    return Term(term.coefficient * scale, (*rest, entry), bound)
        return term

    return map_terms(expression, rule)


def contract_rows(expression: sp.Expr, averaging: sp.IndexedBase) -> sp.Expr:
    """Replace ``sum_v averaging[a, v]`` by one: its rows sum to one."""

    def rule(term: Term) -> Term:
        for p, f in enumerate(term.factors):
            if isinstance(f, sp.Indexed) and f.base == averaging:
                rest = term.factors[:p] + term.factors[p + 1 :]
                *others, last = f.indices
                alone = _only_here(term, (last,), (*rest, *others))
                if alone and _whole((last,), averaging.shape[-1:]):
                    return Term(term.coefficient, rest, tuple(b for b in term.bound if b != last))
        return term

    return map_terms(expression, rule)


def _only_here(term: Term, summed: tuple[sp.Basic, ...], elsewhere: tuple[sp.Basic, ...]) -> bool:
    """Whether indices are summed, and occur in nothing else."""
    return set(summed) <= set(term.bound) and set(summed).isdisjoint(
        frozenset().union(*map(free_indices, elsewhere))
    )


def _whole(summed: Iterable[sp.Basic], shape: Iterable[sp.Expr]) -> bool:
    """Whether indices run over whole axes."""
    return all(
        isinstance(i, sp.Idx) and i.lower == 0 and extent(i) == dim
        for i, dim in zip(summed, shape, strict=True)
    )
