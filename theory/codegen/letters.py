"""Letters for the indices of sums, where formulas are read: none is fresh, none hides another."""

from collections.abc import Iterable, Iterator
from itertools import count, islice

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits

from theory.algebra.arrays import Symmetric
from theory.algebra.scope import free_indices, index_names, instantiate, opened

LETTERS = "ijklpqrstuvwxyz"


def lettered(*sides: sp.Basic) -> tuple[sp.Basic, ...]:
    """The same expressions, read together, with an own letter for every index in whose sum another
    stands.

    Fresh indices such as ``_2392``, and those that are free or bound around their sum, get the
    first letters that nothing else has. A sum of zeros is zero.
    """
    names = index_names(*sides).union(*({str(s) for s in side.free_symbols} for side in sides))
    free = {str(i) for side in sides for i in free_indices(side)}
    return tuple(_lettered(side, frozenset(free), names) for side in sides)


def _lettered(e: sp.Basic, around: frozenset[str], names: Iterable[str]) -> sp.Basic:
    """``around``: the indices that are free, or bound by a sum in which the expression stands."""
    if not e.has(ExprWithLimits):
        return e
    if isinstance(e, ExprWithLimits):
        body, index, ends = opened(e)
        ends = [_lettered(end, around, names) for end in ends]
        if isinstance(index, sp.Idx):
            name = str(index)
            if _is_unclear(name, around):
                # The indices within get the letters before, so that a sum lists them in order.
                within = sum(_is_unclear(str(i), around) for i, *_ in e.limits[:-1])
                own = (c for c in _letters() if c not in names and c not in around)
                name = next(islice(own, within, None))
                new = sp.Idx(name, (index.lower, index.upper))
                body, index = instantiate(body, {index: new}), new
            around |= {name}
        body = _lettered(body, around, names)
        return sp.S.Zero if body == 0 and isinstance(e, sp.Sum) else e.func(body, (index, *ends))
    parts = [_lettered(part, around, names) for part in e.args]
    if parts == list(e.args):
        return e
    if isinstance(e, sp.Indexed) and isinstance(e.base, Symmetric):
        return e.base[tuple(parts[1:])]
    return e.func(*parts)


def _is_unclear(name: str, around: frozenset[str]) -> bool:
    return name.startswith("_") or name in around


def _letters() -> Iterator[str]:
    """The usual ones, and then with numbers."""
    yield from LETTERS
    yield from (f"{letter}{number}" for number in count(1) for letter in LETTERS)
