"""Phase diagrams: the regime of a layer for every value of an exponent that is left symbolic.

Every power of N of every term of the moments is affine in the exponent, so the regime can only
change where two powers meet, or one meets zero or the steps: at finitely many exact points. At each
of them, and once between neighbours, the layer is derived anew.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import sympy as sp

from theory.layers.layer import Layer
from theory.limits.limit import Limit
from theory.limits.meetings import gaps, same, with_values


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

    @property
    def rows(self) -> list[tuple[str, str, Limit]]:
        """Of each region where it is and where its limit is derived, in words, and the limit."""
        return [(self.where(r), f"{self.exponent} = {r.at}", r.limit) for r in self.regions]

    def __str__(self) -> str:
        """One line a region."""
        return "\n".join(f"{where:>20}  {limit.regime}" for where, _, limit in self.rows)


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
    if not low < high:
        raise ValueError(f"expected low < high; received {low} and {high}")
    meetings = {-gap.subs(exponent, 0) / gap.diff(exponent) for gap in gaps(layer, [exponent])}
    inner = sorted(p for p in meetings if low < p < high)
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


def _merged(regions: list[Region]) -> Iterator[Region]:
    """Regions without points at which nothing changes, each with the limit of its widest part."""
    alike = [[regions[0]]]
    for point, after in zip(regions[1::2], regions[2::2], strict=True):
        if all(same(alike[-1][-1].limit, r.limit) for r in (point, after)):
            alike[-1] += [point, after]
        else:
            alike += [[point], [after]]
    for parts in alike:
        widest = max(parts, key=lambda r: r.high - r.low)
        yield replace(widest, low=parts[0].low, high=parts[-1].high)
