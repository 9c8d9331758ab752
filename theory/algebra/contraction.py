"""Contraction: deltas used up, indicators evaluated, sums of constants counted."""

from collections import Counter
from collections.abc import Iterator

import sympy as sp

from theory.algebra.arrays import NonNegative, is_nonnegative
from theory.algebra.scope import Fresh, free_indices, instantiate
from theory.algebra.terms import Bound, Factors, Term, expand, is_indexed


def contracted(term: Term) -> list[Term]:
    """The term with deltas used up, indicators evaluated and what depends on nothing summed."""
    step = _by_delta(term) or _by_counting(term)
    if step is None:
        return [] if term.coefficient == 0 else [term]
    return [found for simpler in step for found in contracted(simpler)]


def _by_delta(term: Term) -> list[Term] | None:
    """Use up one Kronecker delta: a summed index goes, a free one is written as the other."""
    for p, factor in enumerate(term.factors):
        if not isinstance(factor, sp.KroneckerDelta):
            continue
        drop, keep = _sides(factor, term.bound)
        if drop is None:
            continue
        rest = term.factors[:p] + term.factors[p + 1 :]
        within: Factors = (NonNegative(keep - drop.lower), NonNegative(drop.upper - keep))
        if drop in term.bound:
            bound = tuple(b for b in term.bound if b != drop)
            return [settled(Term(term.coefficient, (*within, *rest), bound).renamed({drop: keep}))]
        short = Term(term.coefficient, rest, term.bound).renamed({drop: keep})
        if short.factors != rest:
            return [settled(Term(term.coefficient, (factor, *short.factors), term.bound))]
    return None


def _sides(delta: sp.Expr, bound: Bound) -> tuple[sp.Idx | None, sp.Expr]:
    """The index to drop, a summed one if there is one, and what to write for it."""
    left, right = delta.args
    # A position that is no integer, or not plainly an index, is left to the delta.
    if not all(isinstance(x, sp.Idx) or (not is_indexed(x) and x.is_integer) for x in delta.args):
        return None, right
    pairs = ((left, right), (right, left))
    for drop, keep in pairs:
        if drop in bound:
            return drop, keep
    for drop, keep in pairs:
        if isinstance(drop, sp.Idx) and (not is_indexed(keep) or str(keep) < str(drop)):
            return drop, keep
    return None, right


def settled(term: Term) -> Term:
    """Factors that became numbers go to the coefficient; indicators and deltas count once."""
    numbers = [f for f in term.factors if not is_indexed(f)]
    kept: list[sp.Expr] = []
    for factor in filter(is_indexed, term.factors):
        if not (isinstance(factor, NonNegative | sp.KroneckerDelta) and factor in kept):
            kept.append(factor)
    return Term(sp.Mul(term.coefficient, *numbers), tuple(kept), term.bound)


def _by_counting(term: Term) -> list[Term] | None:
    """Sum over an index that occurs in indicators and as a number only."""
    for b in term.bound:
        having = [f for f in term.factors if b in free_indices(f)]
        ends = _ends(b, having)
        if ends is None:
            continue
        low, high = ends
        power = sum(f == b for f in having)
        rest = tuple(f for f in term.factors if f not in having)
        bound = tuple(x for x in term.bound if x != b)
        value = sp.expand(_power_sum(power, high) - _power_sum(power, low - 1))
        if not is_indexed(value):
            return [Term(term.coefficient * value, rest, bound)]
        return [
            Term(term.coefficient * t.coefficient, (*rest, *t.factors), bound)
            for t in expand(value, Fresh(value))
        ]
    return None


def _ends(index: sp.Idx, having: list[sp.Expr]) -> tuple[sp.Expr, sp.Expr] | None:
    """The first and the last value that the indicators leave to an index, if they say so."""
    lows, highs = {index.lower}, {index.upper}
    for factor in having:
        if factor == index:
            continue
        if not isinstance(factor, NonNegative):
            return None
        slope = factor.args[0].coeff(index)
        rest = sp.expand(factor.args[0] - slope * index)
        if abs(slope) != 1 or rest.has(index):
            return None
        (lows if slope == 1 else highs).add(-rest if slope == 1 else rest)
    low = next((x for x in lows if all(is_nonnegative(x - y) for y in lows)), None)
    high = next((x for x in highs if all(is_nonnegative(y - x) for y in highs)), None)
    if low is None or high is None or not is_nonnegative(high - low + 1):
        return None
    return low, high


def _power_sum(power: int, last: sp.Expr) -> sp.Expr:
    """``sum of b**power for b = 0 .. last``, a polynomial in ``last`` (Faulhaber)."""
    x = sp.Dummy()
    value = (sp.bernoulli(power + 1, x + 1) - sp.bernoulli(power + 1, 0)) / (power + 1)
    if power == 0:
        value = x + 1
    return sp.expand(value).xreplace({x: last})


def without_strict(term: Term) -> Iterator[Term]:
    """The term with ``[p > q] = [p >= q] - delta(p, q)`` and one of ``[p >= q]``, ``[q >= p]``.

    For deciding whether an expression vanishes; as code the differences would cancel.
    """
    for k, factor in enumerate(term.factors):
        if isinstance(factor, NonNegative) and (parts := _complement(factor, term)):
            rest = term.factors[:k] + term.factors[k + 1 :]
            for weight, other in parts:
                kept = () if other == 1 else (other,)
                short = Term(weight * term.coefficient, (*kept, *rest), term.bound)
                for simpler in contracted(settled(short)):
                    yield from without_strict(simpler)
            return
    yield term


def _complement(factor: sp.Expr, term: Term) -> list[tuple[sp.Expr, sp.Expr]] | None:
    """An indicator as a combination of preferred ones; None if it is one."""
    argument, one = factor.args[0], sp.S.One
    keys = {i: _place(i, term) for i in free_indices(argument)}
    here = sorted(keys, key=lambda i: keys[i])
    slopes = [argument.coeff(i) for i in here]
    constant = sp.expand(argument - sum(s * i for s, i in zip(slopes, here, strict=True)))
    if slopes in ([1], [-1]):
        if slopes == [-1]:
            return [(one, one), (-one, NonNegative(-argument - 1))]
        if constant.is_Integer and -5 < constant < 0:
            first = range(-constant)
            return [(one, one), *((-one, sp.KroneckerDelta(here[0], k)) for k in first)]
    if slopes in ([1, -1], [-1, 1]):
        diagonal = sp.KroneckerDelta(*here)
        if constant == -1:
            return [(one, NonNegative(argument + 1)), (-one, diagonal)]
        if constant == 0 and _interchangeable(here, term, factor):
            return [(one / 2, one), (one / 2, diagonal)]
        if constant == 0 and slopes[0] == -1 and keys[here[0]] != keys[here[1]]:
            return [(one, one), (-one, NonNegative(-argument)), (one, diagonal)]
    return None


def _interchangeable(pair: list[sp.Idx], term: Term, factor: sp.Expr) -> bool:
    """Whether two summed indices of one range may be exchanged in all other factors."""
    first, second = pair
    rest = Counter(f for f in term.factors if f != factor)
    swapped = Counter(instantiate(f, {first: second, second: first}) for f in rest.elements())
    ranges = {(i.lower, i.upper) for i in pair}
    return set(pair) <= set(term.bound) and len(ranges) == 1 and rest == swapped


def _place(index: sp.Idx, term: Term) -> tuple[bool, str]:
    """Where an index stands: free ones first, summed ones by what they occur in, not by name."""
    if index not in term.bound:
        return False, str(index)
    marks = {b: sp.Symbol("summed") for b in term.bound} | {index: sp.Symbol("this")}
    having = [
        f for f in term.factors if index in free_indices(f) and not isinstance(f, NonNegative)
    ]
    return True, str(sorted(str(f.xreplace(marks)) for f in having))
