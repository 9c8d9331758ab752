"""Hidden units: functions of Gaussian fields as random arrays with independent columns."""

from collections.abc import Sequence

import sympy as sp

from theory.calculus.cumulants import Block, Law, in_moments
from theory.calculus.networks import DELTA, Entry, Head, Polynomial
from theory.layers.arrays import Array
from theory.layers.pointwise import pointwise
from theory.limits.column_means import moment_of
from theory.limits.columns import Columns
from theory.limits.lowering import Environment, Reading


def hidden_columns(reading: Reading, node: Array, environment: Environment) -> Polynomial:
    """A new random array, whose law is that of a function of Gaussian fields."""
    body, fields = pointwise(node)
    columns = Columns(reading, node, body, fields, environment)
    name = reading.fresh(str(node.data or node.op))
    shape = tuple(node.shape)
    reading.networks.add(Head(name, shape, "random"))
    columns.name = name
    reading.hidden[name] = columns
    family = _family(reading, columns)
    for other in reading.hidden.values():
        if other.weights & columns.weights:
            reading.laws[other.name] = Law(family, None, lambda es: _block(reading, es))
    return reading.networks.entry(name, *(-1 - k for k in range(node.ndim)))


def _family(reading: Reading, columns: Columns) -> str:
    """Units of the same weights belong together."""
    return "units of " + " ".join(sorted(columns.weights))


def _block(reading: Reading, entries: Sequence[Entry]) -> list[Block]:
    """The cumulant of hidden units in one column, written in their moments."""
    hidden = [reading.hidden[name] for name, _ in entries]
    places = [[at[k] for k in h.columns] for h, (_, at) in zip(hidden, entries, strict=True)]
    deltas = [
        (DELTA, (i, j)) for at in places[1:] for i, j in zip(places[0], at, strict=True) if i != j
    ]
    moments = in_moments(entries, lambda part: _moment(reading, part))
    return [(weight, [*deltas, *left]) for weight, left in moments]


def _moment(reading: Reading, entries: list[Entry]) -> Entry | None:
    """An entry of a kernel: the mean of a product of units in one column; none if it is zero."""
    entries = sorted(entries)
    hidden = [reading.hidden[name] for name, _ in entries]
    at = tuple(e[1][k] for h, e in zip(hidden, entries, strict=True) for k in h.tokens)
    shape = tuple(h.node.shape[k] for h in hidden for k in h.tokens)
    name = "E[" + " ".join(h.name for h in hidden) + "]"
    if name not in reading.networks.heads:
        same = len({h.name for h in hidden}) == 1 and len(hidden[0].tokens) == 1
        definition = _definition(hidden)
        trial = definition(*(sp.Idx(f"t{k}", s) for k, s in enumerate(shape)))
        reading.zero[name] = trial == 0
        head = Head(name, shape, "function", same, definition=definition)
        reading.networks.add(head)
    return None if reading.zero[name] else (name, at)


def _definition(hidden: list[Columns]):
    def of(*at: sp.Idx) -> sp.Expr:
        tokens, start = [], 0
        for h in hidden:
            tokens.append(at[start : start + len(h.tokens)])
            start += len(h.tokens)
        return moment_of(hidden, tokens)

    return of
