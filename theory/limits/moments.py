"""The first two moments of one step of the statistics, and their orders in N."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from theory.calculus.network_forms import expression, free_indices_for
from theory.calculus.networks import Component, Polynomial
from theory.layers.layer import Layer
from theory.limits.lowering import Reading
from theory.limits.sizes import Orders


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
        """The parts of a polynomial by their powers of N."""
        return self.reading.sizes.orders(polynomial)

    def open_states(self, polynomial: Polynomial) -> list[Component]:
        """Components in which an entry of a state is left."""
        return sorted(self.reading.states_left(polynomial))

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
