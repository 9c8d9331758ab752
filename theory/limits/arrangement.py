"""Lines in a rectangle, exact: what they cut it into."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import sympy as sp

Point = tuple[sp.Expr, sp.Expr]
Line = tuple[sp.Expr, sp.Expr, sp.Expr]  # a p + b q + c = 0
Signs = tuple[int, ...]


def line(gap: sp.Expr, exponents: Sequence[sp.Symbol]) -> Line:
    """Where an affine function vanishes; its first coefficient is one."""
    p, q = exponents
    a, b, c = gap.coeff(p), gap.coeff(q), gap.subs({p: 0, q: 0})
    first = a if a != 0 else b
    return a / first, b / first, c / first


def _height(of: Line, point: Point) -> sp.Expr:
    return of[0] * point[0] + of[1] * point[1] + of[2]


def signs_at(lines: Sequence[Line], point: Point) -> Signs:
    """On which side of each line a point is; zero on the line."""
    return tuple(int(sp.sign(_height(x, point))) for x in lines)


def _rectangle(low: Point, high: Point) -> list[Point]:
    return [low, (high[0], low[1]), high, (low[0], high[1])]


def crosses(of: Line, low: Point, high: Point) -> bool:
    """Whether a line has corners of the rectangle on both sides."""
    signs = {int(sp.sign(_height(of, corner))) for corner in _rectangle(low, high)}
    return {-1, 1} <= signs


def vertices(lines: Sequence[Line], low: Point, high: Point) -> set[Point]:
    """Where lines meet each other or the sides, and the corners of the rectangle."""
    sides = [(sp.S.One, sp.S.Zero, -low[0]), (sp.S.One, sp.S.Zero, -high[0]),
             (sp.S.Zero, sp.S.One, -low[1]), (sp.S.Zero, sp.S.One, -high[1])]  # fmt: skip
    found = set()
    for (a, b, c), (d, e, f) in combinations([*lines, *sides], 2):
        if (det := a * e - b * d) != 0:
            found.add(((b * f - c * e) / det, (c * d - a * f) / det))
    return {v for v in found if all(x <= y <= z for x, y, z in zip(low, v, high, strict=True))}


def samples(lines: Sequence[Line], low: Point, high: Point) -> Iterator[tuple[sp.Expr, Point]]:
    """A point of each face, by columns between which no lines cross, and the room about it."""
    for width, x in _between(sorted({v[0] for v in vertices(lines, low, high)})):
        heights = {-(a * x + c) / b for a, b, c in lines if b != 0}
        inner = sorted(y for y in heights if low[1] < y < high[1])
        for room, y in _between([low[1], *inner, high[1]]):
            yield width * room, (x, y)


def _between(values: Sequence[sp.Expr]) -> Iterator[tuple[sp.Expr, sp.Expr]]:
    """Middles of neighbours, and inner values themselves; each with its room."""
    for k, (left, right) in enumerate(pairwise(values)):
        if k:
            yield sp.S.One, left
        yield right - left, (left + right) / 2
