"""Steps that end in a normalisation: statistics of ``y / |y|`` from the moments of those of y.

The increment of a statistic with normalised states is expanded to second order in the increments
of the statistic and of the norms, which is Ito's formula for the image of the chain under the
normalisation. Third powers are of order N to three halves of the variance's power; that they are
smaller than one step of time is checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import sympy as sp

from theory.calculus.networks import ONE, Polynomial
from theory.layers.arrays import Array
from theory.layers.layer import Layer
from theory.limits.lowering import SUMMED, Environment, Reading
from theory.limits.moments import Moments
from theory.limits.sizes import Undecided, largest


@dataclass
class Normalised(Moments):
    """Moments of statistics of normalised states.

    ``norms`` are the relative increments of the squared norms, ``tokens[s]`` says of each
    occurrence of a normalised state in the statistic s: which norm, at which free indices.
    """

    norms: Mapping[str, Polynomial] = field(default_factory=dict)
    tokens: Mapping[str, list[tuple[str, tuple[int, ...]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """First-order increments take the place of the increments."""
        super().__post_init__()
        self.raw = dict(self.increments)
        self.increments = {s: self._first_order(s) for s in self.raw}

    def norm(self, token: tuple[str, tuple[int, ...]]) -> Polynomial:
        """The relative increment of a squared norm at a token."""
        name, at = token
        return self.reading.networks.renamed(
            self.norms[name], {-1 - k: i for k, i in enumerate(at)}
        )

    def _value(self, name: str) -> Polynomial:
        axes = tuple(-1 - k for k in range(len(self.layer.watch[name].shape)))
        return self.reading.networks.term(sp.S.One, [(name, axes)])

    def _first_order(self, name: str) -> Polynomial:
        networks = self.reading.networks
        half = networks.scaled(self._value(name), -sp.Rational(1, 2))
        parts = [networks.times(half, self.norm(t)) for t in self.tokens[name]]
        return networks.plus(self.raw[name], *parts)

    def second_order(self, name: str) -> Polynomial:
        """What the squares of increments add, before the mean is taken."""
        networks, tokens = self.reading.networks, self.tokens[name]
        value, parts = self._value(name), []
        for k, t in enumerate(tokens):
            n = self.norm(t)
            parts.append(networks.scaled(networks.times(self.raw[name], n), -sp.Rational(1, 2)))
            square = networks.times(value, networks.times(n, n))
            parts.append(networks.scaled(square, sp.Rational(3, 8)))
            for u in tokens[k + 1 :]:
                cross = networks.times(value, networks.times(n, self.norm(u)))
                parts.append(networks.scaled(cross, sp.Rational(1, 4)))
        return networks.plus(*parts)

    @cached_property
    def means(self) -> dict[str, Polynomial]:
        """First and second order together."""
        self._check_remainder()
        networks, mean = self.reading.networks, self.reading.mean
        return {
            s: networks.plus(mean(d), mean(self.second_order(s)))
            for s, d in self.increments.items()
        }

    def _check_remainder(self) -> None:
        networks, steps = self.reading.networks, self.layer.steps_exponent
        for name, d in (*self.raw.items(), *self.norms.items()):
            top = largest(self.orders(self.reading.mean(networks.times(d, d))))
            if top == sp.S.NegativeInfinity:
                continue
            level = -steps if steps is not None else top
            if not (sp.Rational(3, 2) * top - level).is_negative:
                raise Undecided(
                    f"UNDECIDED (order): the increment of {name} before the normalisation has "
                    f"variance N**({top}), too large for an expansion over N**({-level}) steps"
                )


def normalised(
    layer: Layer,
    reading: Reading,
    increments: Mapping[str, Polynomial],
    normals: Mapping[Array, Array],
    after: Environment,
) -> Normalised:
    """The moments of a layer in which some steps end in a normalisation."""
    networks, norms, scale = reading.networks, {}, {}
    for old, new in normals.items():
        norms[old.data.name], scale[old.data.name] = _norm(reading, new, after.values[old])
    tokens, scaled = {}, {}
    for name, statistic in layer.watch.items():
        tokens[name] = _tokens(reading, reading.of(statistic), set(norms), name)
        root = sp.Mul(*(sp.sqrt(scale[t]) for t, _ in tokens[name]))
        axes = tuple(-1 - k for k in range(statistic.ndim))
        value = networks.term(1 / root - 1, [(name, axes)])
        scaled[name] = networks.plus(networks.scaled(increments[name], 1 / root), value)
    return Normalised(layer, reading, scaled, norms=norms, tokens=tokens)


def _norm(reading: Reading, node: Array, polynomial: Polynomial) -> tuple[Polynomial, sp.Expr]:
    """The relative increment of the squared norm, and what the norm tends to."""
    networks, last = reading.networks, -node.ndim
    square = networks.renamed(networks.times(polynomial, polynomial), {last: SUMMED})
    square = networks.summed(square, SUMMED, node.shape[-1])
    if node.data != "unit":
        square = networks.scaled(square, 1 / node.shape[-1])
    square = reading.closure.of(square)
    orders = reading.sizes.orders(reading.mean(square))
    lead = orders.get(sp.S.Zero, {})
    if largest(orders) != 0 or any(cs for _, cs in lead):
        raise Undecided(f"UNDECIDED (expectation): the norm before {node.data} tends to no number")
    value = sp.Add(*lead.values())
    return networks.plus(networks.scaled(square, 1 / value), {ONE: sp.S.NegativeOne}), value


def _tokens(
    reading: Reading, definition: Polynomial, names: set[str], statistic: str
) -> list[tuple[str, tuple[int, ...]]]:
    """Where normalised states stand in a statistic: one product, each row at free indices."""
    if len(definition) != 1:
        raise Undecided(f"UNDECIDED (closure): {statistic} of a normalised state is no one product")
    ((_, components),) = definition
    found = [(n, at[:-1]) for c in components for n, at in c if n in names]
    if any(i >= 0 for _, at in found for i in at):
        raise Undecided(f"UNDECIDED (closure): {statistic} sums over rows of a normalised state")
    return found
