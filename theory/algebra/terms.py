"""An indexed expression as a sum of terms: coefficient times a flat sum of a product of factors.

This is the one entry point of the algebra, the expectations and the code generator. What it
cannot read is refused here, by name: entries at shifted indices, sums that leave the range of
their index.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product, takewhile
from typing import Any

import sympy as sp
from sympy.ntheory.multinomial import multinomial_coefficients_iterator

from theory.algebra.arrays import NonNegative, is_nonnegative, total
from theory.algebra.scope import Fresh, free_indices, instantiate, opened

Factors = tuple[sp.Expr, ...]
Bound = tuple[sp.Idx, ...]


@dataclass(frozen=True)
class Term:
    """``coefficient * sum over bound of the product of factors``."""

    coefficient: sp.Expr
    factors: Factors = ()
    bound: Bound = ()

    def expression(self) -> sp.Expr:
        """The term as a SymPy expression."""
        return self.coefficient * total(sp.Mul(*self.factors), *self.bound)

    def renamed(self, mapping: Mapping[sp.Idx, Any]) -> "Term":
        """The same term with indices replaced; symmetric entries are sorted again."""
        factors = tuple(instantiate(f, mapping) for f in self.factors)
        return Term(self.coefficient, factors, tuple(mapping.get(b, b) for b in self.bound))


def is_indexed(expression: sp.Basic) -> bool:
    """Whether arrays or indices occur, so that the expression is more than a coefficient."""
    return expression.has(sp.Indexed, sp.Idx)


def expand(expression: sp.Basic, fresh: Fresh) -> list[Term]:
    """The expression multiplied out; every summation index is new."""
    if not is_indexed(expression):
        return [Term(expression)]
    if isinstance(expression, sp.Sum) and isinstance(expression.limits[-1][0], sp.Idx):
        return _summed(expression, fresh)
    if isinstance(expression, sp.Add):
        return [t for a in expression.args for t in expand(a, fresh)]
    if isinstance(expression, sp.Mul):
        return list(multiplied([expand(a, fresh) for a in expression.args]))
    if isinstance(expression, sp.Pow) and expression.exp.is_Integer and expression.exp > 0:
        return list(_power(expression.base, int(expression.exp), fresh))
    if isinstance(expression, sp.Indexed):
        _check_entry(expression)
    return [Term(sp.S.One, (expression,))]


def multiplied(parts: list[list[Term]]) -> Iterator[Term]:
    """The product of sums of terms; their summation indices differ already."""
    for choice in product(*parts):
        yield Term(
            sp.Mul(*(t.coefficient for t in choice)),
            tuple(f for t in choice for f in t.factors),
            tuple(b for t in choice for b in t.bound),
        )


def _power(base: sp.Expr, exponent: int, fresh: Fresh) -> Iterator[Term]:
    """A power of a sum by multinomial coefficients: like products are never formed twice."""
    count = len(expand(base, fresh))
    if count == 0:
        return
    copies = [expand(base, fresh) for _ in range(exponent)]
    for powers, weight in multinomial_coefficients_iterator(count, exponent):
        which = (k for k, times in enumerate(powers) for _ in range(times))
        ((term),) = multiplied([[copy[k]] for copy, k in zip(copies, which, strict=True)])
        yield Term(sp.Integer(weight) * term.coefficient, term.factors, term.bound)


def _summed(expression: sp.Sum, fresh: Fresh) -> list[Term]:
    """A sum: its indices are renamed, their ranges become indicators."""
    indexed = [
        *takewhile(lambda x: isinstance(x, sp.Idx), (x for x, *_ in expression.limits[::-1]))
    ]
    new = [fresh(index) for index in reversed(indexed)]
    body: sp.Expr = expression
    limits: list[sp.Expr] = []
    for index in reversed(new):
        body, variable, ends = opened(body)
        limits += _within(index, variable, ends, expression)
        body = instantiate(body, {variable: index})
    if sp.S.Zero in limits:
        return []
    limits = [f for f in limits if f != 1]
    return [
        Term(t.coefficient, (*limits, *t.factors), (*t.bound, *new)) for t in expand(body, fresh)
    ]


def _within(
    index: sp.Idx, variable: sp.Basic, ends: tuple[sp.Expr, ...], whole: sp.Expr
) -> tuple[sp.Expr, sp.Expr]:
    """The indicators of a part of the range; refused if it may be more than the range."""
    low, high = ends
    inside = is_nonnegative(low - index.lower) and is_nonnegative(index.upper - high)
    if not (inside and low.is_integer and high.is_integer):
        raise ValueError(
            f"the sum over {variable} from {low} to {high} must stay in the range of {variable}, "
            f"{index.lower} .. {index.upper}, for all values of its ends; in {whole}. Write a "
            f"sum over the whole range, with indicators: total(at_most({low}, {variable}) * ...)"
        )
    return NonNegative(index - low), NonNegative(high - index)


def _check_entry(entry: sp.Indexed) -> None:
    """An entry is at indices or at fixed positions."""
    for slot in entry.indices:
        if not isinstance(slot, sp.Idx) and (
            free_indices(slot) or not slot.is_integer or slot.is_negative
        ):
            raise ValueError(
                f"{entry} is not at an index or at a fixed position from 0 on: {slot} is not "
                f"supported. Define an array for the shifted entries, or sum over a new index k "
                f"with an indicator of k = {slot}"
            )
