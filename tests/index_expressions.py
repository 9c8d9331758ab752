"""Random index expressions for the tests, and what they are at explicit sizes.

The values share nothing with the algebra: loops, dictionaries of bound indices, rational numbers
(or polynomials in random entries), entries looked up.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from itertools import product
from operator import add, mul
from typing import Any

import sympy as sp
from hypothesis import settings
from hypothesis import strategies as st

from theory.calculus.indices import (
    NonNegative,
    Symmetric,
    array,
    at_most,
    free_indices,
    indices,
    size,
    total,
)

n, m = size("n"), size("m")
i, j, k, p, q = indices("i j k p q", n)
(r,) = indices("r", m)
z = array("z", m)
u, w = array("u", n), array("w", n)
A, S = array("A", n, n), array("S", n, n, symmetric=True)
f = sp.Function("f")  # stands for x -> x^2 + 3 x
c = sp.Symbol("c", real=True)
NAMES = (i, j, k)  # few, so that bound and free ones have the same name often
BEYOND = sp.Symbol("beyond")  # given a value where entries outside their array may be looked up
Entry = Callable[[sp.IndexedBase, tuple[int, ...]], Any]


def examples(number: int) -> int:
    """How many examples to draw; the profile ``nightly`` draws more."""
    return number * settings().max_examples // 100


def entry(base: sp.IndexedBase, *at: sp.Expr) -> sp.Expr:
    """An entry of an array, at as many of the places as it has axes."""
    return base[at[: len(base.shape)]]


def part(body: sp.Expr, index: sp.Idx, other: sp.Expr, kind: int) -> sp.Expr:
    """A sum over all or over part of the range of an index; the ends may depend on another."""
    if index == r or other == r:
        return total(body, index)
    if index == other or not isinstance(other, sp.Idx):
        return total(body, index) if kind % 2 else sp.Sum(body, (index, 1, n - 1))
    ends = [(0, n - 1), (0, other), (0, other - 1), (other, n - 1), (other + 1, n - 1)]
    return sp.Sum(body, (index, *ends[kind]))


def square(x: sp.Expr) -> sp.Expr:
    """A power."""
    return x**2


def before(x: sp.Expr, y: sp.Expr) -> sp.Expr:
    """The indicator that x is less than y."""
    return at_most(x + 1, y)


Tree = Any  # a node is (function, argument, ...); SymPy may not be called while drawing


def build(tree: Tree) -> sp.Expr:
    """The expression that a tree stands for."""
    return tree[0](*map(build, tree[1:])) if isinstance(tree, tuple) else tree


def trees(*arrays: sp.IndexedBase, functions: bool = True) -> st.SearchStrategy[Tree]:
    """Sums, products and powers of entries, with free and bound indices of the same names."""
    place = st.sampled_from([*NAMES, *NAMES, sp.Integer(0)])
    anywhere, index = (
        st.one_of(place, st.sampled_from([r, sp.Integer(2)])),
        st.sampled_from([*NAMES, r]),
    )
    known = [*NAMES, n, c, 1 / n, sp.Rational(-3, 2), sp.Integer(2)]
    entries = st.tuples(st.just(entry), st.sampled_from(arrays), place, place)
    pairs = st.sampled_from([sp.KroneckerDelta, at_most, before])
    other = st.tuples(st.just(entry), st.just(z), st.just(r))
    conditions = st.tuples(pairs, anywhere, anywhere)
    leaves = st.one_of(entries, entries, conditions, other, st.sampled_from(known))

    def grown(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        both = st.sampled_from([sp.Add, sp.Mul])
        return st.one_of(
            st.tuples(both, inner, inner),
            st.tuples(both, inner, inner, inner),
            st.tuples(st.just(part), inner, index, place, st.integers(0, 4)),
            st.tuples(st.just(part), inner, index, place, st.integers(0, 4)),
            st.tuples(st.sampled_from([square, f] if functions else [square]), inner),
        )

    return st.recursive(leaves, grown, max_leaves=5)


def number(base: sp.IndexedBase, at: tuple[int, ...]) -> Fraction:
    """A fixed generic rational for each entry."""
    mixed = sum((2 + 3 * axis) ** 2 * (place + 1) for axis, place in enumerate(at))
    return Fraction(7 * mixed + 13 * len(str(base)) + ord(str(base)[0]) % 19, 11 + mixed % 7)


def value(node: sp.Basic, at: Mapping[sp.Basic, Any], known: Entry = number) -> Any:
    """The value of an expression: ``at`` gives the size, the symbols and the free indices."""
    if node in at:
        return at[node]
    if isinstance(node, sp.Rational):
        return Fraction(int(node.p), int(node.q))
    if isinstance(node, sp.Sum):
        *inner, (index, low, high) = node.limits
        body = sp.Sum(node.function, *inner) if inner else node.function
        first, last = int(value(low, at)), int(value(high, at))
        parts = [value(body, {**at, index: x}, known) for x in range(first, last + 1)]
        return sum(parts, Fraction(0))
    if isinstance(node, sp.Indexed):
        places = tuple(int(value(x, at)) for x in node.indices)
        extents = [at[x] for x in node.base.shape]
        inside = all(0 <= x < e for x, e in zip(places, extents, strict=True))
        assert inside or at.get(BEYOND), f"{node} is outside its array"
        return known(
            node.base, tuple(sorted(places)) if isinstance(node.base, Symmetric) else places
        )
    if isinstance(node, sp.Mul):
        # What is weighted by an indicator of zero is not looked up.
        plain = sorted(node.args, key=lambda x: x.has(sp.Indexed))
        return reduce(lambda x, y: x and x * value(y, at, known), plain, Fraction(1))
    parts = [value(x, at, known) for x in node.args]
    if isinstance(node, sp.Add):
        return reduce(add, parts)
    if isinstance(node, sp.Pow):
        power = reduce(mul, [parts[0]] * abs(int(parts[1])))
        return power if parts[1] > 0 else Fraction(1) / power
    if isinstance(node, sp.KroneckerDelta):
        return Fraction(parts[0] == parts[1])
    if isinstance(node, NonNegative):
        return Fraction(parts[0] >= 0)
    assert node.func == f, node
    return parts[0] ** 2 + 3 * parts[0]


def points(*expressions: sp.Expr) -> list[dict[sp.Basic, Any]]:
    """Sizes 1 to 3, and for each size values of the free indices."""
    free = sorted(set().union(*map(free_indices, expressions)), key=str)
    found = []
    for extent in (1, 2, 3):
        sizes = {n: extent, m: 4 - extent}
        ranges = product(*(range(sizes[x.upper + 1]) for x in free))
        for at in list(ranges)[:: 1 if extent < 3 else 5]:
            found.append(sizes | {c: Fraction(5, 3)} | dict(zip(free, at, strict=True)))
    return found
