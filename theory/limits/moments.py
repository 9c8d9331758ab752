"""The first two moments of one step of the statistics, and their orders in N."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from theory.calculus.closure import statistic_rule
from theory.calculus.network_forms import expression, free_indices_for, written
from theory.calculus.networks import Component, Head, Polynomial
from theory.layers.layer import Layer
from theory.layers.leaves import N
from theory.limits.lowering import Environment, Reading, Undecided, exponents

Orders = dict[sp.Expr, Polynomial]


@dataclass
class Moments:
    """Means and covariances of the increments of the statistics in one step, exact in every size.

    ``increments`` are ``s(x') - s(x)``; a polynomial's free indices -1, -2, .. are the axes of its
    statistics, those of the second after those of the first.
    """

    layer: Layer
    reading: Reading
    increments: Mapping[str, Polynomial]

    def __post_init__(self) -> None:
        """Nothing is computed before it is asked for."""
        self._pairs: dict[tuple[str, str], Polynomial] = {}

    @property
    def scaling(self) -> dict[sp.Symbol, sp.Expr]:
        """Each size as a multiple of a power of N."""
        return {size: sp.sympify(v) for size, v in self.layer.scaling.items()}

    @cached_property
    def means(self) -> dict[str, Polynomial]:
        """The mean increment of each statistic."""
        return {name: self.reading.mean(d) for name, d in self.increments.items()}

    def covariance(self, left: str, right: str) -> Polynomial:
        """The covariance of two increments."""
        if (left, right) not in self._pairs:
            self._pairs[left, right] = self._covariance(left, right)
        return self._pairs[left, right]

    def _covariance(self, left: str, right: str) -> Polynomial:
        networks = self.reading.networks
        first, second = self.beside(left, right)
        mean, other = self.beside(left, right, self.means)
        both = self.reading.mean(networks.times(first, second))
        return networks.plus(both, networks.scaled(networks.times(mean, other), sp.S.NegativeOne))

    def beside(
        self, left: str, right: str, of: Mapping[str, Polynomial] | None = None
    ) -> tuple[Polynomial, Polynomial]:
        """Two increments (or means) with different free indices."""
        of = self.increments if of is None else of
        shift = len(self.layer.watch[left].shape)
        count = len(self.layer.watch[right].shape)
        names = {-1 - k: -1 - k - shift for k in range(count)}
        return of[left], self.reading.networks.renamed(of[right], names)

    def fourth(self, name: str) -> Polynomial:
        """The mean fourth power of an increment (entry by entry)."""
        networks, d = self.reading.networks, self.increments[name]
        square = networks.times(d, d)
        return self.reading.mean(networks.times(square, square))

    def orders(self, polynomial: Polynomial) -> Orders:
        """The parts of a polynomial by their powers of N, states that are left delocalised."""
        found: dict[sp.Expr, list] = {}
        for key, c in polynomial.items():
            size = sp.Add(*(self.typical(k) for k in key[1]))
            for e, coefficient in exponents(c, self.scaling, N).items():
                found.setdefault(sp.expand(e + size), []).append((key, coefficient))
        joined = {e: self.reading.networks.joined(terms) for e, terms in found.items()}
        return {e: p for e, p in joined.items() if p}

    def exponent_of(self, size: sp.Expr) -> sp.Expr:
        """The power of N in a size."""
        found = exponents(size, self.scaling, N)
        return next(iter(found)) if len(found) == 1 else sp.S.Zero

    def typical(self, component: Component) -> sp.Expr:
        """The power of N of what is left of a state, if no coordinate is larger than others."""
        networks = self.reading.networks
        kinds = {networks.heads[n].kind for n, _ in component if n in networks.heads}
        if not kinds & {"state", "fixed"}:
            return sp.S.Zero
        entries = sp.Add(*(self._entry_sizes.get(name, sp.S.Zero) for name, _ in component))
        summed = {i for _, at in component for i in at if i >= 0}
        for name, at in component:
            # A matrix of bounded norm counts as the identity: its two indices are one.
            if len(at) == 2 and set(at) <= summed and self._is_operator(name):
                summed -= {max(at)} if at[0] != at[1] else set()
        ranges = (networks.range_of(component, i) for i in sorted(summed))
        return entries + sp.Add(*(self.exponent_of(r) for r in ranges))

    def _is_operator(self, name: str) -> bool:
        head = self.reading.networks.heads.get(name)
        square = head is not None and head.kind == "fixed" and len(set(head.shape)) == 1
        return square and self.exponent_of(head.shape[0]) != 0

    @cached_property
    def _entry_sizes(self) -> dict[str, sp.Expr]:
        """The power of N of one entry of each state, from quadratic statistics; of unit vectors."""
        found: dict[str, sp.Expr] = {}
        for rule in self.reading.rules:
            names = [name for name, _ in rule.pattern]
            if len(names) == 2 and names[0] == names[1]:
                summed = {i for _, at in rule.pattern for i in at if i >= 0}
                ranges = [self.reading.networks.range_of(rule.pattern, i) for i in summed]
                weight = next(iter(exponents(rule.terms[0][0], self.scaling, N)))
                width = sp.Add(*(self.exponent_of(r) for r in ranges))
                found.setdefault(names[0], (weight - width) / 2)
        return found

    def open_states(self, polynomial: Polynomial) -> list[Component]:
        """Components in which an entry of a state is left."""
        heads = self.reading.networks.heads
        return [
            c
            for _, components in polynomial
            for c in components
            if any(n in heads and heads[n].kind == "state" for n, _ in c)
        ]

    def axes(self, *names: str) -> list[sp.Idx]:
        """Index names for the axes of statistics, one after the other."""
        shape = [s for name in names for s in self.layer.watch[name].shape]
        return free_indices_for(shape, self.taken)

    @cached_property
    def taken(self) -> dict[str, None]:
        """Names of arrays, sizes and parameters of the layer."""
        symbols: set[str] = set(self.reading.networks.heads)
        for polynomial in self.increments.values():
            for c in polynomial.values():
                symbols |= {str(s) for s in c.free_symbols}
        return dict.fromkeys(symbols)

    def written(self, polynomial: Polynomial, axes: list[sp.Idx]) -> sp.Expr:
        """In SymPy."""
        return expression(self.reading.networks, polynomial, axes, frozenset(self.taken))


def read(layer: Layer) -> Moments:
    """The increments of the statistics in one step."""
    reading = Reading(layer)
    for leaf in layer.leaves.values():
        reading.declare(leaf)
    before = Environment()
    for name, statistic in layer.watch.items():
        definition = reading.of(statistic, before)
        symmetric = statistic.ndim == 2 and definition == reading.networks.renamed(
            definition, {-1: -2, -2: -1}
        )
        head = Head(name, statistic.shape, "statistic", symmetric)
        reading.networks.add(head)
        entry = (name, tuple(-1 - k for k in range(statistic.ndim)))
        rule = statistic_rule(reading.networks, entry, reading.closure.of(definition))
        if rule is None:
            raise Undecided(f"UNDECIDED (closure): the statistic {name} contains no state")
        reading.closure.add(rule)
        reading.statistics[name] = written(head)
    after = Environment({old: reading.of(new) for old, new in layer.step.items()})
    increments = {}
    for name, statistic in layer.watch.items():
        new = reading.of(statistic, after)
        old = reading.networks.scaled(reading.of(statistic, before), sp.S.NegativeOne)
        increments[name] = reading.closure.of(reading.networks.plus(new, old))
    return Moments(layer, reading, increments)


