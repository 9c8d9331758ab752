"""Symbolic exponents of a layer, where its powers of N meet, and the layer at one value of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sympy as sp

from theory.layers.arrays import Array
from theory.layers.layer import Layer
from theory.layers.leaves import Leaf, N
from theory.limits.limit import LIMITS, Limit
from theory.limits.reading import read
from theory.limits.sizes import Undecided


def exponents_of(layer: Layer) -> list[sp.Symbol]:
    """Symbols that stand in powers of N and of growing sizes only."""
    known = sorted(layer.symbols - {N}, key=str)
    return [s for s in known if _elsewhere(layer, s) is None]


def _elsewhere(layer: Layer, p: sp.Symbol) -> sp.Expr | None:
    """Where a symbol is no exponent: there it may make a coefficient vanish at any value."""
    growing = {N, *(s for s, value in layer.scaling.items() if sp.sympify(value).has(N))}
    for number in layer.numbers:
        without = number.replace(lambda e: e.is_Pow and e.base in growing, lambda e: sp.S.One)
        if without.has(p):
            return number
    return None


def _check_exponent(layer: Layer, p: sp.Symbol) -> None:
    if p == N or p not in layer.symbols:
        raise ValueError(f"expected a symbol of layer “{layer.name}” and not N; received {p}")
    if (number := _elsewhere(layer, p)) is not None:
        raise ValueError(
            f"{p} is no exponent: it stands in {number} of layer “{layer.name}”; only a symbol "
            f"that stands in powers of N alone, as in vl.N ** (-{p}), has a phase diagram"
        )


def same(one: Limit, other: Limit) -> bool:
    """Whether two layers have one regime, and one drift and covariance if that is a limit."""
    if one.regime != other.regime or one.regime not in LIMITS:
        return one.regime == other.regime
    tables = ((one.drift, other.drift), (one.covariance, other.covariance))
    return all(
        a.keys() == b.keys() and all(sp.expand(a[k] - b[k]) == 0 for k in a) for a, b in tables
    )


def gaps(layer: Layer, exponents: Sequence[sp.Symbol]) -> set[sp.Expr]:
    """Affine functions that vanish where powers of N meet each other, zero, or the steps.

    Raises ``ValueError`` for other ones, and for what is no exponent of the layer.
    """
    for p in exponents:
        _check_exponent(layer, p)
    try:
        moments = read(layer)
        names = list(layer.watch)
        tables = [moments.means[s] for s in names]
        tables += [moments.covariance(s, t) for k, s in enumerate(names) for t in names[k:]]
        if any(law.growing for law in moments.reading.laws.values()):  # there may be jumps
            tables += [moments.fourth(s) for s in names]
        powers = {e for table in tables for e in moments.orders(table)}
    except Undecided as why:
        shown = ", ".join(map(str, exponents))
        raise ValueError(f"no phase diagram while {shown} is symbolic: {why}") from None
    levels = powers | {sp.S.Zero, -(layer.steps_exponent or sp.S.Zero)}
    found = set()
    for e in powers:
        for level in levels:
            gap = sp.expand(e - level)
            if not gap.has(*exponents):
                continue
            if not all(gap.diff(p).is_number for p in exponents):
                raise ValueError(f"the power {e} of N is not affine in {exponents}")
            if unknown := ", ".join(sorted(map(str, gap.free_symbols - set(exponents)))):
                raise ValueError(
                    f"powers of N meet where {unknown} decides; give {unknown} a value"
                )
            found.add(gap)
    return found


def with_values(layer: Layer, values: dict[sp.Symbol, sp.Expr]) -> Layer:
    """The layer with numbers in place of symbols, in the laws of what is drawn, too."""

    def put(data: Any) -> Any:
        if isinstance(data, tuple):
            return tuple(map(put, data))
        if isinstance(data, Leaf):
            return replace(data, law=put(data.law))
        if isinstance(data, Array):
            return moved(data)
        return data.subs(values) if isinstance(data, sp.Basic) else data

    def moved(node: Array) -> Array:
        return Array(node.op, tuple(map(moved, node.args)), node.shape, put(node.data))

    shown = ", ".join(f"{symbol} = {value}" for symbol, value in values.items())
    return Layer(
        f"{layer.name}, {shown}",
        {old: moved(new) for old, new in layer.step.items()},
        {name: moved(node) for name, node in layer.watch.items()},
        {size: sp.sympify(v).subs(values) for size, v in layer.scaling.items()},
        None if layer.steps is None else sp.sympify(layer.steps).subs(values),
        layer.at,
    )
