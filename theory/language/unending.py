"""Sums, products, integrals and limits without end, by mpmath.

Each is found twice, from different nodes; the two must agree, and their difference is the error.
"""

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import sympy as sp

from theory.language.balls import Ball, magnitude, rounded

BITS = 80  # the precision of these values: more costs much and is seldom reached
SAFETY = 4  # bits by which the error is taken larger than the difference of the two
Real = Any
Function = Callable[[Real], Any]


class Unsettled(ArithmeticError):
    """The two values differ by more than they are worth."""


def twice(values: Iterator[Any]) -> Ball:
    """A value that was found in two ways."""
    with mpmath.workprec(BITS):
        first, second = values
        if not (mpmath.isfinite(first) and mpmath.isfinite(second)):
            raise Unsettled("an infinite sum, integral or limit does not converge")
        found = rounded(first, magnitude(first - second) + SAFETY)
        if found.value != 0 and found.error > found.magnitude + SAFETY:
            raise Unsettled("an infinite sum, integral or limit does not settle")
        return Ball(found.value, max(found.error, found.magnitude - BITS + 2 * SAFETY))


def series(f: Function, low: Real, high: Real, *, product: bool = False) -> Iterator[Any]:
    """The sum or product of ``f`` over the integers from ``low`` to ``high``, either unending."""
    if low == -mpmath.inf and high == mpmath.inf:
        ups = series(f, mpmath.mpf(0), high, product=product)
        downs = series(f, low, mpmath.mpf(-1), product=product)
        yield from ((u * d if product else u + d) for u, d in zip(ups, downs, strict=True))
        return
    if low == -mpmath.inf:
        yield from series(lambda k: f(-k), -high, -low, product=product)
        return
    whole = mpmath.nprod if product else mpmath.nsum
    head = [f(low + k) for k in range(10)]
    yield whole(f, [low, high])
    rest = whole(f, [low + 10, high])
    yield mpmath.fprod([*head, rest]) if product else mpmath.fsum([*head, rest])


def integral(f: Function, low: Real, high: Real, kinks: list[Real]) -> Iterator[Any]:
    """The integral, on two partitions; ``kinks`` are nodes of both."""
    if mpmath.isinf(low) or mpmath.isinf(high):
        start = low if mpmath.isfinite(low) else high if mpmath.isfinite(high) else 0
        inner = [start + mpmath.mpf(c) for c in ("-1.3", "0.9")]
    else:
        inner = [low + (high - low) * mpmath.mpf("0.37")]
    least, most = min(low, high), max(low, high)
    for more in ([], inner):
        nodes = sorted({low, high, *kinks, *(c for c in more if least < c < most)})
        yield mpmath.quad(f, nodes if low <= high else nodes[::-1])


def limit(f: Function, at: Real, direction: str) -> Iterator[Any]:
    """The limit from ``direction``; the second value is of points three times as close."""
    if mpmath.isinf(at):
        sign = 1 if at > 0 else -1
        yield mpmath.limit(lambda n: f(sign * n), mpmath.inf)
        yield mpmath.limit(lambda n: f(sign * (3 * n + 1)), mpmath.inf)
        return
    sides = {"+": (1, 1), "-": (-1, -1)}.get(direction, (1, -1))
    for side, scale in zip(sides, (1, 3), strict=True):
        yield mpmath.limit(lambda h, s=side, c=scale: f(at + s * h / c), 0, direction=1)


def sign_changes(f: Function, low: Real, high: Real, cells: int = 64) -> list[Real]:
    """Where a function changes its sign in a finite interval, by bisection."""
    if mpmath.isinf(low) or mpmath.isinf(high) or low == high:
        return []
    grid = [low + (high - low) * k / cells for k in range(cells + 1)]
    signs = [mpmath.sign(f(x)) for x in grid]
    found = [x for x, s in zip(grid, signs, strict=True) if s == 0]
    for k in range(cells):
        if signs[k] * signs[k + 1] < 0:
            found.append(mpmath.findroot(f, (grid[k], grid[k + 1]), solver="anderson"))
    return [x for x in found if min(low, high) < x < max(low, high)]


def bounds(node: sp.Basic, value: Callable[[sp.Basic], Ball]) -> Real:
    """A bound of the range, which may be infinite."""
    if node is sp.oo or node is -sp.oo:
        return mpmath.inf if node is sp.oo else -mpmath.inf
    return value(node).value
