"""Phase diagrams: the regime of a layer for every value of an exponent that is left symbolic.

Every power of N of every term of the moments is affine in the exponent, so the regime can only
change where two powers meet, or one meets zero or the steps: at finitely many exact points. At each
of them, and once between neighbours, the layer is derived anew.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import sympy as sp

from theory.layers.arrays import Array
from theory.layers.layer import Layer
from theory.layers.leaves import Leaf
from theory.limits.limit import Limit
from theory.limits.reading import read
from theory.limits.sizes import Undecided


@dataclass(frozen=True, eq=False)
class Region:
    """The exponents from ``low`` to ``high``, without the ends; one exponent if they are equal."""

    low: sp.Expr
    high: sp.Expr
    limit: Limit

    @property
    def regime(self) -> str:
        """The regime in the region."""
        return self.limit.regime


@dataclass(frozen=True, eq=False)
class Phase:
    """Regions of an exponent, in order; ``critical`` are the points at which the regime changes.

    The ``limit`` of a region is that at its middle; ``at`` derives it at any value.
    """

    exponent: sp.Symbol
    regions: tuple[Region, ...]
    derive_at: Callable[[sp.Expr], Limit]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layer at one exponent in each region, to be checked: ``layers = ...`` in a file."""
        found = []
        for r in self.regions:
            value = (r.low + r.high) / 2
            layer = r.limit.layer
            found.append(replace(layer, name=f"{layer.name}, {self.exponent} = {value}"))
        return tuple(found)

    @property
    def critical(self) -> tuple[sp.Expr, ...]:
        """Where the regime changes."""
        inner = (r for r in self.regions if r.low == r.high)
        return tuple(r.low for r in inner)

    def at(self, value: sp.Expr | int) -> Limit:
        """The limit at a value; ``ValueError`` outside of the diagram."""
        if not any(r.low == r.high == value or r.low < value < r.high for r in self.regions):
            raise ValueError(f"{self.exponent} = {value} is outside of the diagram")
        return self.derive_at(sp.sympify(value))

    def where(self, region: Region) -> str:
        """A region in words: an interval, or a point."""
        p, low, high = self.exponent, region.low, region.high
        return f"{p} = {low}" if low == high else f"{low} < {p} < {high}"

    def __str__(self) -> str:
        """One line a region."""
        return "\n".join(f"{self.where(r):>20}  {r.regime}" for r in self.regions)


def phase(
    layer: Layer,
    derive: Callable[[Layer], Limit],
    exponent: sp.Symbol,
    low: sp.Expr | int = 0,
    high: sp.Expr | int = 2,
) -> Phase:
    """The phase diagram in one exponent, between two values of it.

    Raises ``ValueError`` if the layer does not contain the exponent, or if its moments cannot be
    taken while the exponent is symbolic.
    """
    low, high = sp.Rational(str(low)), sp.Rational(str(high))
    if exponent not in layer.symbols:
        raise ValueError(f"expected a symbol of layer “{layer.name}”; received {exponent}")
    if not low < high:
        raise ValueError(f"expected low < high; received {low} and {high}")
    inner = sorted(p for p in _meetings(layer, exponent) if low < p < high)
    points = [low, *inner, high]
    found = []

    def derive_at(value: sp.Expr) -> Limit:
        return derive(with_values(layer, {exponent: value}))

    for k, (left, right) in enumerate(pairwise(points)):
        if k:
            found.append(Region(left, left, derive_at(left)))
        found.append(Region(left, right, derive_at((left + right) / 2)))
    return Phase(exponent, tuple(_merged(found)), derive_at)


def _merged(regions: list[Region]) -> Iterator[Region]:
    """Regions without the points at which nothing changes."""
    current = regions[0]
    for point, after in zip(regions[1::2], regions[2::2], strict=True):
        if current.regime == point.regime == after.regime:
            current = Region(current.low, after.high, current.limit)
        else:
            yield current
            yield point
            current = after
    yield current


def _meetings(layer: Layer, p: sp.Symbol) -> set[sp.Expr]:
    """Exponents at which powers of N meet each other, zero, or the steps."""
    try:
        moments = read(layer)
        names = list(layer.watch)
        tables = [moments.means[s] for s in names]
        tables += [moments.covariance(s, t) for k, s in enumerate(names) for t in names[k:]]
        if any(law.growing for law in moments.reading.laws.values()):  # there may be jumps
            tables += [moments.fourth(s) for s in names]
        powers = {e for table in tables for e in moments.orders(table)}
    except Undecided as why:
        raise ValueError(f"no phase diagram while {p} is symbolic: {why}") from None
    levels = powers | {sp.S.Zero, -(layer.steps_exponent or sp.S.Zero)}
    found = set()
    for e in powers:
        for level in levels:
            gap = sp.expand(e - level)
            slope = sp.diff(gap, p)
            if not slope.is_number:
                raise ValueError(f"the power {e} of N is not affine in {p}")
            if slope != 0:
                found.add(-gap.subs(p, 0) / slope)
    return {value for value in found if value.is_number}


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

    return Layer(
        layer.name,
        {old: moved(new) for old, new in layer.step.items()},
        {name: moved(node) for name, node in layer.watch.items()},
        {size: sp.sympify(v).subs(values) for size, v in layer.scaling.items()},
        None if layer.steps is None else sp.sympify(layer.steps).subs(values),
        layer.at,
    )
