"""Hidden units: functions of Gaussian fields as random arrays with independent columns."""

from collections.abc import Sequence
from copy import copy
from itertools import chain, combinations

import sympy as sp

from theory.calculus.cumulants import Block, Law, in_moments
from theory.calculus.networks import DELTA, Entry, Head, Polynomial
from theory.layers.arrays import Array
from theory.layers.leaves import N
from theory.layers.pointwise import pointwise, variable
from theory.limits.column_means import moment_of
from theory.limits.columns import Columns
from theory.limits.lowering import Environment, Reading
from theory.limits.sizes import Undecided

OFFSET = 10_000  # where indices inside a unit start, beside those outside


def hidden_columns(reading: Reading, node: Array, environment: Environment) -> Polynomial:
    """A new random array, whose law is that of a function of Gaussian fields."""
    body, fields = pointwise(node)
    if body.free_symbols & {N, *reading.layer.scaling}:
        raise Undecided(f"UNDECIDED (order): the formula {body} of {node} depends on N")
    columns = Columns(reading, node, body, fields, environment)
    for other, weights in reading.reserved.items():
        if weights & columns.weights:
            raise Undecided(f"UNDECIDED (expectation): {node} and {other} share weights")
    name = _declared(reading, columns, reading.fresh(str(node.data or node.op)))
    return reading.networks.entry(name, *(-1 - k for k in range(node.ndim)))


def _declared(reading: Reading, columns: Columns, name: str) -> str:
    """A new array of units; those that share weights, directly or not, are one family."""
    reading.networks.add(Head(name, tuple(columns.node.shape), "random"))
    columns.name = name
    reading.hidden[name] = columns
    family, weights = {name}, set(columns.weights)
    while more := {n for n, h in reading.hidden.items() if n not in family and h.weights & weights}:
        family |= more
        weights |= set().union(*(reading.hidden[n].weights for n in more))
    label = "units of " + " ".join(sorted(weights))
    for n in family:
        reading.laws[n] = Law(label, None, lambda es: _block(reading, es), unit=True)
    return name


def slopes(reading: Reading, law: Law, entries: Sequence[Entry]) -> list[Block]:
    """What a Gaussian entry makes of a unit: the slope, times what it is weighted with inside."""
    (raw, at), (unit, where) = entries
    columns = reading.hidden[unit]
    if raw not in columns.weights:
        return []
    found: list[Block] = []
    for r, linear in enumerate(columns.linear):
        for (_, components), c in linear.items():
            inside, _ = reading.networks.side_by_side(components)
            own = [e for e in inside if e[0] == raw]
            if not own:
                continue
            ((_, place),) = own

            def outside(i: int) -> int:
                return where[-1 - i] if i < 0 else OFFSET + i

            rest = [(n, tuple(map(outside, slots))) for n, slots in inside if n != raw]
            joined: list[Entry] = [(DELTA, (outside(i), j)) for i, j in zip(place, at, strict=True)]
            variance = law.block([(raw, at), (raw, at)])[0][0]
            slope = sp.diff(columns.body, variable(r))
            if slope.free_symbols & {variable(k) for k in range(len(columns.linear))}:
                name = _slope(reading, unit, r, slope)
                found.append((c * variance, [*rest, *joined, (name, where)]))
            elif slope != 0:
                found.append((c * variance * slope, [*rest, *joined]))
    return found


def _slope(reading: Reading, unit: str, r: int, slope: sp.Expr) -> str:
    name = f"{unit}'{r}"
    if name not in reading.hidden:
        columns = copy(reading.hidden[unit])
        columns.body = slope
        _declared(reading, columns, name)
    return name


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
        laws = [h.covariances.values() for h in hidden]
        laws += [
            [h.between(r, s, g) for r in range(len(h.linear)) for s in range(len(g.linear))]
            for h, g in combinations(hidden, 2) if h.weights & g.weights
        ]  # fmt: skip
        reading.kernel(head, *chain.from_iterable(laws))
    return None if reading.zero[name] else (name, at)


def _definition(hidden: list[Columns]):
    def of(*at: sp.Idx) -> sp.Expr:
        tokens, start = [], 0
        for h in hidden:
            tokens.append(at[start : start + len(h.tokens)])
            start += len(h.tokens)
        return moment_of(hidden, tokens)

    return of
