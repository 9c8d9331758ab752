"""Polynomials in array entries as tensor networks: the fast form in which means are taken.

An index expression is a sum of terms, a term a coefficient times *components*: products of entries
that share summed indices. A component's summed indices are numbered 0, 1, .. inside it, its free
indices are negative numbers; so nothing can be captured, products need no renaming, powers of a
closed sum stay powers, and equal components are identical. ``networks_of`` and ``expression`` of
the module ``network_forms`` go from and to SymPy.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain

import sympy as sp

Entry = tuple[str, tuple[int, ...]]
Component = tuple[Entry, ...]
Key = tuple[Fraction, tuple[Component, ...]]  # a grade of smallness, and what is multiplied
Polynomial = dict[Key, sp.Expr]

DELTA = "delta"
ONE: Key = (Fraction(0), ())


@dataclass(frozen=True, eq=False)
class Head:
    """What entries of one name are: shape, symmetry, role, and values known beforehand.

    ``kind`` is state, fixed, random, statistic or function; ``diagonal`` is the value of an entry
    of a symmetric array at equal indices; ``definition`` writes a function's entry in SymPy.
    """

    name: str
    shape: tuple[sp.Expr, ...]
    kind: str
    symmetric: bool = False
    diagonal: sp.Expr | None = None
    definition: Callable[..., sp.Expr] | None = None


@dataclass
class Networks:
    """The heads of one derivation, and all that is remembered of components built of them."""

    heads: dict[str, Head] = field(default_factory=dict)
    depth: Fraction | None = None  # terms of a larger grade are dropped
    _canonical: dict[Component, Component] = field(default_factory=dict)

    def add(self, head: Head) -> Head:
        """Declare a head; two heads of one name are an error."""
        known = self.heads.setdefault(head.name, head)
        if known is not head:
            raise ValueError(f"the name {head.name} is given to two arrays; rename one")
        return head

    def entry(self, name: str, *at: int) -> Polynomial:
        """One entry at free indices."""
        return self.term(sp.S.One, [(name, at)])

    def term(
        self, coefficient: sp.Expr, entries: Iterable[Entry], grade: Fraction = ONE[0]
    ) -> Polynomial:
        """A coefficient times entries; numbers below zero are free, the others summed."""
        weight, components = self.settled(list(entries))
        return self.joined([((grade, tuple(sorted(components))), coefficient * weight)])

    def joined(self, terms: Iterable[tuple[Key, sp.Expr]]) -> Polynomial:
        """Like terms added; what is zero or too small is dropped."""
        lists: dict[Key, list[sp.Expr]] = {}
        for key, coefficient in terms:
            if self.depth is None or key[0] <= self.depth:
                lists.setdefault(key, []).append(coefficient)
        found = {k: c[0] if len(c) == 1 else sp.expand(sp.Add(*c)) for k, c in lists.items()}
        return {key: c for key, c in found.items() if c != 0}

    def plus(self, *parts: Polynomial) -> Polynomial:
        """The sum."""
        return self.joined(chain.from_iterable(p.items() for p in parts))

    def times(self, left: Polynomial, right: Polynomial) -> Polynomial:
        """The product; free indices of one number are one index."""
        return self.joined(
            ((g + h, tuple(sorted(c + d))), a * b)
            for (g, c), a in left.items()
            for (h, d), b in right.items()
        )

    def scaled(self, polynomial: Polynomial, factor: sp.Expr) -> Polynomial:
        """The product with a number."""
        return self.joined((k, c * factor) for k, c in polynomial.items())

    def renamed(self, polynomial: Polynomial, mapping: Mapping[int, int]) -> Polynomial:
        """Other free indices, all at once; two that become one need no care."""
        found = []
        for (grade, components), c in polynomial.items():
            entries = [
                tuple((n, tuple(mapping.get(i, i) if i < 0 else i for i in at)) for n, at in comp)
                for comp in components
            ]
            weight, parts = sp.S.One, []
            for each in entries:
                w, p = self.settled(list(each))
                weight, parts = weight * w, parts + p
            found.append(((grade, tuple(sorted(parts))), c * weight))
        return self.joined(found)

    def summed(self, polynomial: Polynomial, index: int, size: sp.Expr) -> Polynomial:
        """The sum over a free index."""
        found = []
        for (grade, components), c in polynomial.items():
            having = [k for k in components if any(index in at for _, at in k)]
            rest = [k for k in components if k not in having]
            if not having:
                found.append(((grade, components), c * size))
                continue
            entries, offset = self.side_by_side(having)
            entries = [(n, tuple(offset if i == index else i for i in at)) for n, at in entries]
            weight, parts = self.settled(entries)
            found.append(((grade, tuple(sorted(rest + parts))), c * weight))
        return self.joined(found)

    @staticmethod
    def side_by_side(components: Iterable[Component]) -> tuple[list[Entry], int]:
        """The entries of several components with different summed indices, and how many."""
        entries, offset = [], 0
        for component in components:
            entries += [(n, tuple(i + offset if i >= 0 else i for i in at)) for n, at in component]
            offset += 1 + max((i for _, at in component for i in at if i >= 0), default=-1)
        return entries, offset

    def range_of(self, entries: Iterable[Entry], index: int) -> sp.Expr:
        """The size of an index, read off the first array that it stands in."""
        for name, at in entries:
            if name != DELTA and index in at:
                return self.heads[name].shape[at.index(index)]
        raise ValueError(f"no array says how far index {index} runs")

    def settled(
        self, entries: list[Entry], ranges: Mapping[int, sp.Expr] | None = None
    ) -> tuple[sp.Expr, list[Component]]:
        """Deltas used up, known entries put in; a weight and the connected components.

        ``ranges`` are sizes of summed indices that may stand in no array any more.
        """
        sizes = dict(ranges or {})
        for name, at in entries:
            if name != DELTA:
                shape = self.heads[name].shape
                sizes.update((i, size) for i, size in zip(at, shape, strict=True) if i >= 0)
        while True:
            delta = next((e for e in entries if e[0] == DELTA and self._loose(e)), None)
            if delta is None:
                break
            entries.remove(delta)
            keep, drop = sorted(delta[1])
            if keep != drop:
                entries = [(n, tuple(keep if i == drop else i for i in at)) for n, at in entries]
                sizes.pop(drop, None)
        weight, kept = sp.S.One, []
        for name, at in entries:
            head = self.heads.get(name)
            if head and head.diagonal is not None and len(set(at)) == 1:
                weight = weight * head.diagonal
            elif not (name == DELTA and (name, at) in kept):
                kept.append((name, tuple(sorted(at)) if name == DELTA else at))
        left = {i for _, at in kept for i in at}
        weight = sp.Mul(weight, *(size for i, size in sizes.items() if i not in left))
        return weight, [self.canonical(tuple(part)) for part in _connected(kept)]

    @staticmethod
    def _loose(entry: Entry) -> bool:
        """Whether a delta can be used up: it has a summed index, or says nothing."""
        return max(entry[1]) >= 0 or entry[1][0] == entry[1][1]

    def canonical(self, component: Component) -> Component:
        """The component with its summed indices numbered by how they occur."""
        order: dict[int, int] = {}
        for _, at in component:
            for i in at:
                if i >= 0:
                    order.setdefault(i, len(order))
        start = self._relabelled(component, order)
        if start not in self._canonical:
            self._canonical[start] = self._smallest(start, {})
        return self._canonical[start]

    def _relabelled(self, component: Component, order: Mapping[int, int]) -> Component:
        return tuple(sorted((n, self._slots(n, at, order)) for n, at in component))

    def _slots(self, name: str, at: tuple[int, ...], order: Mapping[int, int]) -> tuple[int, ...]:
        new = tuple(order[i] if i >= 0 else i for i in at)
        head = self.heads.get(name)
        return tuple(sorted(new)) if name == DELTA or (head and head.symmetric) else new

    def _smallest(self, component: Component, placed: Mapping[int, int]) -> Component:
        """Colour refinement; of those that look alike, each is tried as the first."""
        labels = sorted({i for _, at in component for i in at if i >= 0})
        if not labels:
            return self._relabelled(component, {})
        colour = {i: placed.get(i, len(placed)) for i in labels}
        while True:
            keys = {i: (colour[i], self._seen(component, i, colour)) for i in labels}
            ranks = {key: r for r, key in enumerate(sorted(set(keys.values())))}
            fresh = {i: ranks[keys[i]] for i in labels}
            if len(ranks) == len(set(colour.values())):
                break
            colour = fresh
        cells: dict[int, list[int]] = {}
        for i in labels:
            cells.setdefault(fresh[i], []).append(i)
        open_cell = next((cells[r] for r in sorted(cells) if len(cells[r]) > 1), None)
        if open_cell is None:
            return self._relabelled(
                component, {c[0]: k for k, (_, c) in enumerate(sorted(cells.items()))}
            )
        found = []
        for first in open_cell:
            above = {i: 2 * fresh[i] + (i != first and i in open_cell) for i in labels}
            found.append(self._smallest(component, above))
        return min(found)

    def _seen(self, component: Component, index: int, colour: Mapping[int, int]) -> tuple:
        """What an index occurs in, other indices by their colours."""
        found = []
        for name, at in component:
            if index in at:
                marks = [(-1, 0) if i == index else (0, i) if i < 0 else (1, colour[i]) for i in at]
                head = self.heads.get(name)
                loose = name == DELTA or (head and head.symmetric)
                found.append((name, tuple(sorted(marks) if loose else marks)))
        return tuple(sorted(found))


def _connected(entries: list[Entry]) -> list[list[Entry]]:
    """Groups of entries that share summed indices."""
    groups: list[tuple[list[Entry], set[int]]] = []
    for entry in entries:
        summed = {i for i in entry[1] if i >= 0}
        touching = [g for g in groups if g[1] & summed]
        merged = (
            [e for g in touching for e in g[0]] + [entry],
            summed.union(*(g[1] for g in touching)),
        )
        groups = [g for g in groups if g not in touching] + [merged]
    return [g[0] for g in groups]
