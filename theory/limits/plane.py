"""Phase diagrams in two exponents: exact regions of a rectangle, between lines where powers meet.

Every power of N is affine in the two exponents, so regime and limit are the same all over a face of
the arrangement of these lines (a cell, an edge, a vertex), and the layer is derived anew at one
point of each. Lines along which nothing changes are left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.layers.layer import Layer
from theory.limits.arrangement import (
    Line,
    Point,
    Signs,
    crosses,
    line,
    samples,
    signs_at,
    vertices,
)
from theory.limits.limit import Limit
from theory.limits.meetings import gaps, same, with_values

MOST = 400  # faces, each of which is derived


@dataclass(frozen=True, eq=False)
class Face:
    """A convex part of the rectangle, open in its plane or line.

    ``limit`` is derived ``at`` a point inside, ``corners`` are in order around it.
    """

    conditions: tuple[sp.Basic, ...]
    corners: tuple[Point, ...]
    at: Point
    limit: Limit

    @property
    def regime(self) -> str:
        """The regime on the face."""
        return self.limit.regime

    @property
    def layer(self) -> Layer:
        """The layer at that point, to be checked."""
        return self.limit.layer


@dataclass(frozen=True, eq=False)
class Plane:
    """Regions of a rectangle of two exponents, cells first; ``low``, ``high`` are its corners."""

    layer: Layer
    exponents: tuple[sp.Symbol, sp.Symbol]
    low: Point
    high: Point
    regions: tuple[Face, ...]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layer at one point of each face, to be checked: ``layers = ...`` in a file."""
        return tuple(f.layer for f in self.regions)

    def where(self, face: Face) -> str:
        """A face in words: the inequalities that tell it from the others."""
        words = [f"{c.lhs} = {c.rhs}" if isinstance(c, sp.Eq) else str(c) for c in face.conditions]
        return ", ".join(words) or "everywhere"

    @property
    def rows(self) -> list[tuple[str, str, Limit]]:
        """Of each region where it is and where its limit is derived, in words, and the limit."""
        p, q = self.exponents
        return [(self.where(f), f"{p} = {f.at[0]}, {q} = {f.at[1]}", f.limit) for f in self.regions]

    def __str__(self) -> str:
        """One line a face."""
        return "\n".join(f"{where:>30}  {limit.regime}" for where, _, limit in self.rows)


def plane(
    layer: Layer,
    derive: Callable[[Layer], Limit],
    exponents: tuple[sp.Symbol, sp.Symbol],
    low: Any = (0, 0),
    high: Any = (2, 2),
) -> Plane:
    """The phase diagram in two exponents; ``ValueError`` as for one, and for too many lines."""
    low, high = (tuple(sp.Rational(str(x)) for x in corner) for corner in (low, high))
    if len(set(exponents)) != 2 or not all(a < b for a, b in zip(low, high, strict=True)):
        raise ValueError(f"expected two exponents with low < high; received {exponents}")
    lines = sorted({line(gap, exponents) for gap in gaps(layer, exponents)})
    lines = [x for x in lines if crosses(x, low, high)]
    points: dict[Signs, tuple[sp.Expr, Point]] = {}
    for room, point in samples(lines, low, high):
        signs = signs_at(lines, point)
        if signs not in points or room > points[signs][0]:
            points[signs] = room, point
    if len(points) > MOST:
        raise ValueError(f"{len(points)} faces, more than {MOST}; give smaller ranges")
    limits = {
        signs: derive(with_values(layer, dict(zip(exponents, point, strict=True))))
        for signs, (_, point) in points.items()
    }
    kept = _relevant(len(lines), limits)
    lines = [lines[k] for k in kept]
    # Of the faces that are one now, a point off the lines that are left out, with the most room.
    inside: dict[Signs, Signs] = {}
    for signs, _ in sorted(points.items(), key=lambda x: (sum(map(abs, x[0])), x[1][0])):
        inside[tuple(signs[k] for k in kept)] = signs
    faces = [
        Face(
            _conditions(lines, short, [s for s in inside if s != short], exponents),
            _corners(lines, short, low, high),
            points[signs][1],
            limits[signs],
        )
        for short, signs in inside.items()
    ]
    faces.sort(key=lambda f: (-len(f.corners), f.at))
    return Plane(layer, exponents, low, high, tuple(faces))


def _relevant(count: int, limits: dict[Signs, Limit]) -> list[int]:
    """The lines that are left when those go along which nothing changes."""
    kept = list(range(count))
    for k in range(count):
        rest = [j for j in kept if j != k]
        alike: dict[Signs, list[Limit]] = {}
        for signs, limit in limits.items():
            alike.setdefault(tuple(signs[j] for j in rest), []).append(limit)
        if all(same(group[0], other) for group in alike.values() for other in group[1:]):
            kept = rest
    return kept


def _conditions(
    lines: Sequence[Line], signs: Signs, others: Sequence[Signs], exponents: Sequence[sp.Symbol]
) -> tuple[sp.Basic, ...]:
    """The fewest inequalities, taken away one by one, that tell a face from the others."""
    needed = list(range(len(lines)))
    for k in range(len(lines)):
        rest = [j for j in needed if j != k]
        if not any(all(o[j] == signs[j] for j in rest) for o in others):
            needed = rest
    relation = {0: sp.Eq, 1: sp.Gt, -1: sp.Lt}
    p, q = exponents
    return tuple(relation[signs[j]](a * p + b * q, -c) for j in needed for a, b, c in [lines[j]])


def _corners(lines: Sequence[Line], signs: Signs, low: Point, high: Point) -> tuple[Point, ...]:
    """The vertices of the closure of a face, around it."""
    found = [
        v for v in vertices(lines, low, high)
        if all(t in (0, s) for s, t in zip(signs, signs_at(lines, v), strict=True))
    ]  # fmt: skip
    x, y = (sum(v[k] for v in found) / len(found) for k in (0, 1))
    return tuple(sorted(found, key=lambda v: float(sp.atan2(v[1] - y, v[0] - x))))
