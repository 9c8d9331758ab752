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
from theory.layers.leaves import Leaf, N
from theory.limits.limit import LIMITS, Limit
from theory.limits.reading import read
from theory.limits.sizes import Undecided


@dataclass(frozen=True, eq=False)
class Region:
    """The exponents from ``low`` to ``high``, without the ends; one exponent if they are equal.

    ``limit`` is derived ``at`` an exponent inside, at which no two powers of N meet.
    """

    low: sp.Expr
    high: sp.Expr
    at: sp.Expr
    limit: Limit

    @property
    def regime(self) -> str:
        """The regime in the region."""
        return self.limit.regime

    @property
    def layer(self) -> Layer:
        """The layer at that exponent, to be checked."""
        return self.limit.layer


@dataclass(frozen=True, eq=False)
class Phase:
    """Regions of an exponent, in order, each of one regime; if it is a limit, of one limit.

    ``critical`` are the points between them; ``at`` derives the limit at any value.
    """

    layer: Layer
    exponent: sp.Symbol
    regions: tuple[Region, ...]
    derive_at: Callable[[sp.Expr], Limit]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layer at one exponent in each region, to be checked: ``layers = ...`` in a file."""
        return tuple(r.layer for r in self.regions)

    @property
    def critical(self) -> tuple[sp.Expr, ...]:
        """Where the regime or the limit changes."""
        inner = (r for r in self.regions if r.low == r.high)
        return tuple(r.low for r in inner)

    def at(self, value: sp.Expr | int) -> Limit:
        """The limit at a value; ``ValueError`` outside of the diagram."""
        if not any(r.low == r.high == value or r.low < value < r.high for r in self.regions):
            inside = f"{self.regions[0].low} < {self.exponent} < {self.regions[-1].high}"
            raise ValueError(
                f"{self.exponent} = {value} is not in the diagram, {inside}, to which its ends do "
                f"not belong; ask for a wider range"
            )
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
    _check_exponent(layer, exponent)
    if not low < high:
        raise ValueError(f"expected low < high; received {low} and {high}")
    inner = sorted(p for p in _meetings(layer, exponent) if low < p < high)
    points = [low, *inner, high]
    found = []

    def derive_at(value: sp.Expr) -> Limit:
        return derive(with_values(layer, {exponent: value}))

    for k, (left, right) in enumerate(pairwise(points)):
        if k:
            found.append(Region(left, left, left, derive_at(left)))
        middle = (left + right) / 2
        found.append(Region(left, right, middle, derive_at(middle)))
    return Phase(layer, exponent, tuple(_merged(found)), derive_at)


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


def _merged(regions: list[Region]) -> Iterator[Region]:
    """Regions without points at which nothing changes, each with the limit of its widest part."""
    alike = [[regions[0]]]
    for point, after in zip(regions[1::2], regions[2::2], strict=True):
        if all(_same(alike[-1][-1].limit, r.limit) for r in (point, after)):
            alike[-1] += [point, after]
        else:
            alike += [[point], [after]]
    for parts in alike:
        widest = max(parts, key=lambda r: r.high - r.low)
        yield replace(widest, low=parts[0].low, high=parts[-1].high)


def _same(one: Limit, other: Limit) -> bool:
    """Whether two layers have one regime, and one drift and covariance if that is a limit."""
    if one.regime != other.regime or one.regime not in LIMITS:
        return one.regime == other.regime
    tables = ((one.drift, other.drift), (one.covariance, other.covariance))
    return all(
        a.keys() == b.keys() and all(sp.expand(a[k] - b[k]) == 0 for k in a) for a, b in tables
    )


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
    if unknown := set().union(*(value.free_symbols for value in found)):
        names = ", ".join(sorted(map(str, unknown)))
        raise ValueError(f"powers of N meet where {names} decides; give {names} a value")
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
