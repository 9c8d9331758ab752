"""One expectation: means of products of independent columns, by blocks of cumulants.

The mean of a product of random entries is the sum over all ways to split them into blocks of the
product of the blocks' cumulants; entries of one block stand in one column, so their column indices
are equal. Isserlis' theorem is the case in which only pairs have a cumulant. The sum is taken as an
integration by parts: the first entry is joined with others in all ways, equal ways are counted, and
every intermediate product is remembered. So powers of one inner product cost no more than the
power.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations

import sympy as sp

from theory.calculus.networks import DELTA, Component, Entry, Networks, Polynomial

Block = tuple[sp.Expr, list[Entry]]  # a weight and what the block leaves, deltas included
Components = tuple[Component, ...]


class UnknownMoment(ValueError):
    """A mean needs more moments of a law than are known."""


@dataclass(frozen=True, eq=False)
class Law:
    """The law of an array: which sizes of blocks have a cumulant, and what a block leaves.

    Arrays of one ``family`` are dependent: their entries share blocks. ``growing`` laws have a
    kurtosis that grows with N; of some laws only the first moments are known.
    """

    family: str
    orders: tuple[int, ...] | None  # None: every order
    block: Callable[[Sequence[Entry]], list[Block]]
    growing: bool = False
    most: int | None = None  # how many entries of the family a mean may have
    unit: bool = False  # a function of other random arrays


def equal_everywhere(entries: Sequence[Entry]) -> list[Entry]:
    """Deltas that say that all the entries are one."""
    (_, first), *others = entries
    return [(DELTA, (i, j)) for _, at in others for i, j in zip(first, at, strict=True) if i != j]


def independent_entries(name: str, cumulants: Callable[[int], sp.Expr], orders=None) -> Law:
    """Independent entries of one law, given by its cumulants."""
    return Law(name, orders, lambda es: [(cumulants(len(es)), equal_everywhere(es))])


# What a Gaussian entry, the first, makes of a unit that it stands in: the unit's slope.
Slopes = Callable[[Law, Sequence[Entry]], list[Block]]


@dataclass
class Expectation:
    """Means over random arrays, exact in every size; results are remembered.

    A Gaussian entry is also joined with each unit that depends on it, by Stein's rule: E a f is
    the covariance of a with the argument of f, times the mean of the slope.
    """

    networks: Networks
    laws: dict[str, Law]
    slopes: Slopes | None = None
    _known: dict[Components, dict[Components, sp.Expr]] = field(default_factory=dict)

    def of(self, polynomial: Polynomial) -> Polynomial:
        """The mean of a polynomial."""
        found = []
        for (grade, components), c in polynomial.items():
            mean = self._mean(components)
            found += [((grade, left), c * weight) for left, weight in mean.items()]
        return self.networks.joined(found)

    def _mean(self, components: Components) -> dict[Components, sp.Expr]:
        if components not in self._known:
            self._known[components] = self._by_parts(components)
        return self._known[components]

    def _by_parts(self, components: Components) -> dict[Components, sp.Expr]:
        tokens = [
            (c, e)
            for c, component in enumerate(components)
            for e, (name, _) in enumerate(component)
            if name in self.laws
        ]
        if not tokens:
            return {components: sp.S.One}
        # What stands inside units goes first, so that units are joined with units only.
        tokens.sort(key=lambda t: self.laws[self._name(components, t)].unit)
        first, *others = tokens
        law = self.laws[self._name(components, first)]
        units = [t for t in others if self.laws[self._name(components, t)].unit]
        others = [t for t in others if self.laws[self._name(components, t)].family == law.family]
        if law.most is not None and len(others) >= law.most:
            raise UnknownMoment(f"moments of {law.family} above {law.most} are not known")
        counts = law.orders or range(1, len(others) + 2)
        lists: dict[Components, list[sp.Expr]] = {}
        seen: dict[Components, sp.Expr] = {}
        for size in counts:
            for chosen in combinations(others, size - 1):
                for left, weight in self._joined(components, (first, *chosen), law.block):
                    seen[left] = seen.get(left, sp.S.Zero) + weight
        if not law.unit and self.slopes is not None:
            for unit in units:
                block = partial(self.slopes, law)
                for left, weight in self._joined(components, (first, unit), block):
                    seen[left] = seen.get(left, sp.S.Zero) + weight
        for left, weight in seen.items():
            if weight != 0:
                for end, w in self._mean(left).items():
                    lists.setdefault(end, []).append(weight * w)
        return {k: v for k, ws in lists.items() if (v := sp.expand(sp.Add(*ws))) != 0}

    @staticmethod
    def _name(components: Components, token: tuple[int, int]) -> str:
        return components[token[0]][token[1]][0]

    def _joined(
        self,
        components: Components,
        chosen: tuple[tuple[int, int], ...],
        block_of: Callable[[Sequence[Entry]], list[Block]],
    ) -> Iterator[tuple[Components, sp.Expr]]:
        """What is left once the chosen entries are one block."""
        touched = sorted({c for c, _ in chosen})
        rest = [k for c, k in enumerate(components) if c not in touched]
        entries, _ = self.networks.side_by_side(components[c] for c in touched)
        starts, count = {}, 0
        for c in touched:
            starts[c], count = count, count + len(components[c])
        places = [starts[c] + e for c, e in chosen]
        block = [entries[p] for p in places]
        kept = [e for p, e in enumerate(entries) if p not in places]
        ranges = {
            i: size
            for name, at in block
            for i, size in zip(at, self.networks.heads[name].shape, strict=True)
            if i >= 0
        }
        for weight, left in block_of(block):
            if weight != 0:
                factor, parts = self.networks.settled(kept + left, ranges)
                yield tuple(sorted(rest + parts)), weight * factor


def gaussian(name: str, variance: sp.Expr) -> Law:
    """Independent centred Gaussian entries."""
    return independent_entries(name, lambda _: variance, (2,))


def correlated(name: str, covariance: str) -> Law:
    """A Gaussian vector, or rows of vectors, with a covariance matrix along the last axis."""

    def block(entries: Sequence[Entry]) -> list[Block]:
        (_, left), (_, right) = entries
        deltas = [(DELTA, (i, j)) for i, j in zip(left[:-1], right[:-1], strict=True) if i != j]
        return [(sp.S.One, [(covariance, (left[-1], right[-1])), *deltas])]

    return Law(name, (2,), block)


def in_moments(
    entries: Sequence[Entry], moment: Callable[[list[Entry]], Entry | None]
) -> list[Block]:
    """The cumulant of entries as moments of their parts; a moment that is zero is none."""
    found: list[Block] = []
    for parts in partitions(list(range(len(entries)))):
        weight = sp.Integer(-1) ** (len(parts) - 1) * sp.factorial(len(parts) - 1)
        moments = [moment([entries[k] for k in part]) for part in parts]
        if all(m is not None for m in moments):
            found.append((weight, [m for m in moments if m is not None]))
    return found


def partitions(items: list[int]) -> list[list[list[int]]]:
    """All ways to split a list into blocks."""
    if not items:
        return [[]]
    first, *rest = items
    found = []
    for parts in partitions(rest):
        found.append([[first], *parts])
        found += [[*parts[:k], [first, *p], *parts[k + 1 :]] for k, p in enumerate(parts)]
    return found
