"""Gaussian fields and their columns: entries that are independent and alike given the state."""

from collections.abc import Sequence
from itertools import product

import sympy as sp

from theory.calculus.network_forms import expression
from theory.calculus.networks import DELTA, Polynomial
from theory.layers.arrays import Array
from theory.limits.lowering import Reading
from theory.limits.sizes import Undecided


class Columns:
    """One array of hidden units: its formula, and the mean and covariance of its fields."""

    def __init__(
        self,
        reading: Reading,
        node: Array,
        body: sp.Expr,
        fields: list[Array],
        environment,
        scale_free: bool = False,
    ) -> None:
        """Read the law of the fields; raises ``Undecided`` where they are not Gaussian.

        A ``scale_free`` unit does not see by which power of N its field grows.
        """
        self.scale_free = scale_free
        self.reading, self.node, self.body = reading, node, body
        self.name, self.dim = "", node.ndim
        networks = reading.networks
        parts = [reading.aligned(reading.of(f, environment), f, node.shape) for f in fields]
        parts = [reading.closure.of(p) for p in parts]
        self.means, self.linear = [], []
        self.weights: set[str] = set()
        for part, f in zip(parts, fields, strict=True):
            random = {k: c for k, c in part.items() if reading.is_random({k: c})}
            for _, components in random:
                names = [n for c in components for n, _ in c if n in reading.laws]
                if len(names) != 1 or reading.laws[names[0]].orders != (2,):
                    raise Undecided(
                        f"UNDECIDED (expectation): {f} in {node} is not linear in one Gaussian"
                    )
                self.weights.add(names[0])
            self.linear.append(random)
            self.means.append({k: c for k, c in part.items() if k not in random})
        shift = {-1 - k: -1 - k - self.dim for k in range(self.dim)}
        self.covariances = {
            (r, s): reading.mean(networks.times(p, networks.renamed(q, shift)))
            for (r, p), (s, q) in product(enumerate(self.linear), repeat=2)
        }
        self._check_orders()
        self.columns = self._column_axes()
        self.tokens = [k for k in range(self.dim) if k not in self.columns]

    def _check_orders(self) -> None:
        """Kernels are taken at a law that does not depend on N."""
        self.covariances = {key: self._of_order_one(p) for key, p in self.covariances.items()}
        self.means = [self._of_order_one(p) for p in self.means]

    def _of_order_one(self, polynomial: Polynomial) -> Polynomial:
        orders = self.reading.sizes.orders(polynomial)
        if self.scale_free and len(orders) == 1:
            return next(iter(orders.values()))
        if set(orders) - {sp.S.Zero}:
            raise Undecided(
                f"UNDECIDED (order): the law of the argument of {self.node} depends on N, by "
                f"powers {', '.join(map(str, orders))}"
            )
        return orders.get(sp.S.Zero, {})

    def _column_axes(self) -> list[int]:
        """Axes along which different entries are independent: a delta in every covariance."""
        keys = [cs for c in self.covariances.values() for _, cs in c]

        def has(components, k: int) -> bool:
            delta = ((DELTA, (-1 - k - self.dim, -1 - k)),)
            return delta in components

        found = [k for k in range(self.dim) if keys and all(has(cs, k) for cs in keys)]
        for cs in keys:
            for component in cs:
                for name, at in component:
                    for i in at:
                        if i < 0 and name != DELTA and (-1 - i) % self.dim in found:
                            raise Undecided(
                                f"UNDECIDED (expectation): the columns of {self.node} differ in law"
                            )
        return found

    def covariance(
        self, r: int, left: Sequence, s: int, right: Sequence, other: "Columns | None" = None
    ) -> sp.Expr:
        """The covariance of two fields at tokens in one column; the second may be another's."""
        networks, other = self.reading.networks, other or self
        deltas = {
            ((DELTA, (-1 - k - self.dim, -1 - j)),)
            for k, j in zip(other.columns, self.columns, strict=True)
        }
        bare = networks.joined(
            ((g, tuple(c for c in cs if c not in deltas)), w)
            for (g, cs), w in self.between(r, s, other).items()
        )
        spare = sp.Idx("unused", 1)
        first = dict(zip(self.tokens, left, strict=True))
        second = dict(zip(other.tokens, right, strict=True))
        free = [first.get(k, spare) for k in range(self.dim)]
        free += [second.get(k, spare) for k in range(other.dim)]
        return expression(networks, bare, free, frozenset(networks.heads))

    def between(self, r: int, s: int, other: "Columns") -> Polynomial:
        """The covariance of two fields, of which the second may be another's."""
        if other.linear is self.linear:
            return self.covariances[r, s]
        if len(other.columns) != len(self.columns):
            raise Undecided(
                f"UNDECIDED (expectation): {self.node} and {other.node} share weights along "
                f"different axes"
            )
        networks = self.reading.networks
        shift = {-1 - k: -1 - k - self.dim for k in range(other.dim)}
        product = networks.times(self.linear[r], networks.renamed(other.linear[s], shift))
        return self._of_order_one(self.reading.mean(product))

    def mean(self, r: int, at: Sequence) -> sp.Expr:
        """The part of a field that is not random."""
        networks = self.reading.networks
        for _, cs in self.means[r]:
            for component in cs:
                if any(networks.heads[n].kind == "state" for n, _ in component):
                    raise Undecided(
                        f"UNDECIDED (closure): {self.node} depends on {component[0][0]} by entries"
                    )
        spread = dict(zip(self.tokens, at, strict=True))
        free = [spread.get(k, sp.Idx("unused", 1)) for k in range(self.dim)]
        return expression(networks, self.means[r], free, frozenset(networks.heads))
