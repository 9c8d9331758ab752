"""What is left of a state in a moment, in the words in which a user would watch it."""

import re
from collections.abc import Sequence
from fractions import Fraction

import sympy as sp

from theory.calculus.networks import DELTA, Component, Entry
from theory.limits.moments import Moments


def watchable(moments: Moments, component: Component) -> str:
    """An expression in arrays, such as ``e @ D @ e / n`` or ``vl.sum(X, 1) / n``; else the formula.

    It is of order one, so that it has a limit where it moves.
    """
    return _scaled(_named(moments, component), moments.reading.sizes.to_order_one(component))


def _scaled(text: str, factor: sp.Expr) -> str:
    above, below = factor.as_numer_denom()
    typed = [
        re.sub(r"\bsqrt\b", "vl.sqrt", str(e) if e.is_Atom else f"({e})") for e in (above, below)
    ]
    before = "" if above == 1 else f"{typed[0]} * "
    return f"{before}{text}" + ("" if below == 1 else f" / {typed[1]}")


def _named(moments: Moments, component: Component) -> str:
    entries, free = _in_order(component)
    if all(name in moments.layer.leaves for name, _ in entries):
        found = _elementwise(entries, free) or _chain(entries, free)
        if found:
            return found
    axes = moments.axes(*moments.layer.watch, *moments.layer.watch)
    enough = [*axes, *(sp.Idx(f"a{k}") for k in range(len(axes), free))]
    return str(moments.written({(Fraction(0), (tuple(entries),)): sp.S.One}, enough[:free]))


def _in_order(component: Component) -> tuple[list[Entry], int]:
    """The entries with free indices -1, -2, .. as they come, and how many these are."""
    names: dict[int, int] = {}
    for i in (i for _, at in component for i in at if i < 0):
        names.setdefault(i, -1 - len(names))
    return [(n, tuple(names.get(i, i) for i in at)) for n, at in component], len(names)


def _elementwise(entries: Sequence[Entry], free: int) -> str | None:
    """One sum over an axis that all entries have: of products, or of two products."""
    inner = {i for _, at in entries for i in at if i >= 0}
    if len(inner) != 1 or free > 2 or any(n == DELTA or len(at) > 2 for n, at in entries):
        return None
    (i,) = inner
    factors: dict[int, list[str]] = {0: [], -1: [], -2: []}
    for name, at in entries:
        if i not in at or (len(at) == 2 and at[0] == at[1]):
            return None
        row = next((k for k in at if k < 0), 0)
        factors[row].append(f"{name}.T" if len(at) == 2 and at[0] == i else name)
    if free == 2:
        return f"{_product([*factors[-1], *factors[0]])} @ {_product(factors[-2])}.T"
    both = [*factors[-1], *factors[0]]
    if len(both) == 2 and free == 0:
        return f"{both[0]} @ {both[1]}"
    return f"vl.sum({_product(both, False)}{', 1' if free else ''})"


def _product(factors: Sequence[str], brackets: bool = True) -> str:
    powers = {f: factors.count(f) for f in factors}
    text = " * ".join(f if k == 1 else f"{f}**{k}" for f, k in powers.items())
    return f"({text})" if brackets and text not in powers else text


def _chain(entries: Sequence[Entry], free: int) -> str | None:
    """A product of matrices, each sum between two neighbours."""
    left = list(entries)
    ends = [e for e in left if len(e[1]) == 1 or any(k < 0 for k in e[1])]
    if not ends or any(len(at) > 2 or name == DELTA for name, at in left):
        return None
    name, at = ends[0]
    left.remove(ends[0])
    turned = len(at) == 2 and at[0] >= 0
    words, link = [f"{name}.T" if turned else name], at[0] if turned else at[-1]
    while left:
        following = [e for e in left if link in e[1]]
        if link < 0 or len(following) != 1:
            return None
        name, at = following[0]
        left.remove(following[0])
        turned = len(at) == 2 and at[1] == link
        words.append(f"{name}.T" if turned else name)
        link = at[0] if turned else at[-1]
        if len(at) == 1 and left:
            return None
    return " @ ".join(words)
