"""A layer read: its arrays, what its statistics satisfy, and their increments in one step."""

from fractions import Fraction

import sympy as sp

from theory.calculus.closure import Rule, statistic_rule
from theory.calculus.network_forms import written
from theory.calculus.networks import Head, Networks, Polynomial
from theory.layers.arrays import Array
from theory.layers.layer import Layer
from theory.limits.hidden import slopes
from theory.limits.lowering import Environment, Reading
from theory.limits.moments import Moments
from theory.limits.normalised import normalised
from theory.limits.sizes import Undecided
from theory.limits.units import growth, read_unit


def read(layer: Layer) -> Moments:
    """The increments of the statistics in one step."""
    reading = Reading(layer, read_unit, slopes)
    for leaf in layer.leaves.values():
        watched = layer.watch.get(leaf.data.name) == leaf
        reading.declare(leaf, "statistic" if watched else leaf.data.kind)
    steps = layer.steps_exponent
    if steps is not None and steps.is_Rational:
        more = sp.Max(0, *(growth(reading, new) for new in layer.step.values()))
        reading.depth = Fraction(str(steps + more))
    normals = {old: new for old, new in layer.step.items() if new.op == "normal"}
    for old, new in normals.items():
        _declare_norm(reading, old, new.data)
    for name, statistic in layer.watch.items():
        if layer.leaves.get(name) != statistic:
            _declare_statistic(reading, name, statistic)
        reading.statistics[name] = written(reading.networks.heads[name])
    return _increments(reading, normals)


def _declare_norm(reading: Reading, old: Array, kind: str) -> None:
    """What a normalised state satisfies in every step."""
    name, tokens = old.data.name, tuple(-1 - k for k in range(old.ndim - 1))
    row = (name, (*tokens, 0))
    square = sp.S.One if kind == "unit" else old.shape[-1]
    reading.closure.add(Rule((row, row), ((square, ()),)))
    if kind == "layer_norm":
        reading.closure.add(Rule((row,), ()))


def _declare_statistic(reading: Reading, name: str, statistic: Array) -> None:
    networks = reading.networks
    definition = reading.closure.of(reading.of(statistic))
    symmetric, diagonal = False, None
    if statistic.ndim == 2:
        symmetric = definition == networks.renamed(definition, {-1: -2, -2: -1})
        if symmetric:
            equal = reading.closure.of(networks.renamed(definition, {-2: -1}))
            if all(not cs for _, cs in equal):
                diagonal = sp.Add(*equal.values())
    networks.add(Head(name, statistic.shape, "statistic", symmetric, diagonal))
    entry = (name, tuple(-1 - k for k in range(statistic.ndim)))
    rule = statistic_rule(networks, entry, definition)
    if rule is None:
        why = _no_rule(networks, definition)
        raise Undecided(f"UNDECIDED (closure): the statistic {name} {why}")
    named = {i for _, at in rule.pattern for i in at}
    if any(i not in named for i in entry[1]):
        raise Undecided(
            f"UNDECIDED (closure): the statistic {name} of shape {statistic.shape} is the "
            f"same all along an axis; leave keepdims away, or watch it without that axis"
        )
    reading.closure.add(rule)


def _no_rule(networks: Networks, definition: Polynomial) -> str:
    """Why no component can be named by a statistic, and what to do."""
    used = {n for _, components in definition for entries in components for n, _ in entries}
    if any(networks.heads[n].kind == "state" for n in used):
        return (
            "is made of products of sums alone: watch the sums themselves, the limit of a function "
            "of them follows by Ito's formula"
        )
    if watched := sorted(n for n in used if networks.heads[n].kind == "statistic"):
        return f"is a function of {', '.join(watched)}, watched before it: leave it out"
    return "contains no state: watch what the step moves"


def _increments(reading: Reading, normals: dict[Array, Array]) -> Moments:
    layer, networks = reading.layer, reading.networks
    new = {old: reading.of(n.args[0] if old in normals else n) for old, n in layer.step.items()}
    if networks.depth is not None:
        networks.depth = Fraction(str(layer.steps_exponent))
    reading.refuse_shared_weights(new.values())
    after = Environment(new)
    increments = {}
    for name, statistic in layer.watch.items():
        # The statistics of the new state are written out; those of the old one have names.
        moved = reading.of(statistic, after)
        axes = tuple(-1 - k for k in range(statistic.ndim))
        old = networks.term(sp.S.NegativeOne, [(name, axes)])
        increments[name] = reading.closure.of(networks.plus(moved, old))
    if normals:
        return normalised(layer, reading, increments, normals, after)
    return Moments(layer, reading, increments)
