"""Scope: which indices are free, and substitution that never captures one.

A sum binds its index in its body, not in its own limits; ``Sum(f, (i, ..), (j, ..))`` is the sum
over j of the sum over i. New names are always chosen among those that the expressions at hand do
not use, so no name has to be unique in a process or a cache.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits

from theory.algebra.arrays import Symmetric


@lru_cache(maxsize=1 << 16)
def free_indices(expression: sp.Basic) -> frozenset[sp.Idx]:
    """The indices that no sum binds."""
    if isinstance(expression, sp.Idx):
        return frozenset([expression])
    if isinstance(expression, ExprWithLimits):
        found = free_indices(expression.function)
        for variable, *ends in expression.limits:
            found = (found - {variable}).union(*map(free_indices, ends))
        return found
    return frozenset().union(*map(free_indices, expression.args))


def index_names(*expressions: sp.Basic) -> set[str]:
    """The names of all indices of the expressions, bound ones included."""
    return {str(i) for e in expressions for i in e.atoms(sp.Idx)}


class Fresh:
    """Hands out indices whose names none of the expressions uses, each name once."""

    def __init__(self, *expressions: sp.Basic) -> None:
        """Avoid every index of these expressions."""
        self._taken = index_names(*expressions)
        self._next = 0

    def __call__(self, like: sp.Idx) -> sp.Idx:
        """A new index with the range of another."""
        while (name := f"_{self._next:03}") in self._taken:
            self._next += 1
        self._next += 1
        return sp.Idx(name, (like.lower, like.upper))


def opened(
    expression: ExprWithLimits, avoid: Iterable[sp.Basic] = ()
) -> tuple[sp.Expr, sp.Basic, tuple[sp.Basic, ...]]:
    """The body, the outermost bound variable and its ends, of a sum (an integral, a product).

    The variable is renamed where it is free in one of the expressions to avoid.
    """
    *inner, (variable, *ends) = expression.limits
    body = expression.func(expression.function, *inner) if inner else expression.function
    avoid = tuple(avoid)
    if any(_is_free(variable, e) for e in avoid):
        new = (
            Fresh(expression, *avoid)(variable)
            if isinstance(variable, sp.Idx)
            else sp.Dummy(str(variable), **variable.assumptions0)
        )
        body, variable = instantiate(body, {variable: new}), new
    return body, variable, tuple(ends)


def instantiate(expression: sp.Basic, mapping: Mapping[Any, sp.Basic]) -> sp.Basic:
    """Put others in for free indices (symbols, entries, arrays), all at once; none is captured.

    Symmetric entries are sorted again.
    """
    mapping = {old: new for old, new in mapping.items() if old != new}
    return _instance(expression, mapping) if mapping else expression


def _instance(expression: sp.Basic, mapping: Mapping[sp.Basic, sp.Basic]) -> sp.Basic:
    if expression in mapping:
        return mapping[expression]
    if not expression.args or isinstance(expression, sp.Idx) or not _touches(expression, mapping):
        return expression
    if isinstance(expression, ExprWithLimits):
        *_, (variable, *ends) = expression.limits
        ends = [_instance(end, mapping) for end in ends]
        inside = {old: new for old, new in mapping.items() if not _is_free(variable, old)}
        body, variable, _ = opened(expression, inside.values())
        return expression.func(_instance(body, inside), (variable, *ends))
    if isinstance(expression, sp.Indexed) and isinstance(expression.base, Symmetric):
        base, *slots = (_instance(a, mapping) for a in expression.args)
        return base[tuple(slots)]
    return expression.func(*(_instance(a, mapping) for a in expression.args))


def _touches(expression: sp.Basic, mapping: Mapping[sp.Basic, sp.Basic]) -> bool:
    """Whether anything of the mapping may stand in the expression."""
    if all(isinstance(old, sp.Idx) for old in mapping):
        return not free_indices(expression).isdisjoint(mapping)
    return expression.has(*mapping)


def _is_free(variable: sp.Basic, expression: sp.Basic) -> bool:
    if isinstance(variable, sp.Idx):
        return variable in free_indices(expression)
    return variable in expression.free_symbols
