"""Sums, products, integrals and limits without end, by mpmath.

Convergence is seen first, from terms far out: extrapolation gives divergent series values, too.
Then each is found twice, from different nodes; the two must agree, and their difference is the
error.
"""

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import sympy as sp

from theory.language.balls import Ball, magnitude, rounded
from theory.language.convergence import Divergent, Unsettled, approached, summable

BITS = 80  # the precision of these values: more costs much and is seldom reached
PROBING = 240  # the precision of points close to a limit
HEAD, BLOCK = 17, 53  # terms that are added before the rest is extrapolated; terms of a block
SAFETY = 4  # bits by which the error is taken larger than the difference of the two
Real = Any
Function = Callable[[Real], Any]


def twice(values: Iterator[Any]) -> Ball:
    """A value that was found in two ways."""
    with mpmath.workprec(BITS):
        first, second = values
        if not (mpmath.isfinite(first) and mpmath.isfinite(second)):
            raise Divergent("an infinite sum, integral or limit does not converge")
        found = rounded(first, magnitude(first - second) + SAFETY)
        if found.value != 0 and found.error > found.magnitude + SAFETY:
            raise Unsettled("an infinite sum, integral or limit does not settle")
        return Ball(found.value, max(found.error, found.magnitude - BITS + 2 * SAFETY))


def series(f: Function, low: Real, high: Real, far: int, places: list[Real], *,
           product: bool = False) -> Iterator[Any]:  # fmt: skip
    """The sum or product of ``f`` over the integers from ``low`` to ``high``, either unending.

    ``far`` is the octave up to which terms are affordable; ``places`` are numbers of ``f``, near
    which a term may stand out.
    """
    if low == -mpmath.inf and high == mpmath.inf:
        ups = series(f, mpmath.mpf(0), high, far, places, product=product)
        downs = series(f, low, mpmath.mpf(-1), far, places, product=product)
        yield from ((u * d if product else u + d) for u, d in zip(ups, downs, strict=True))
        return
    if low == -mpmath.inf:
        places = [-p for p in places]
        yield from series(lambda k: f(-k), -high, -low, far, places, product=product)
        return
    if not mpmath.isfinite(low) or high != mpmath.inf:
        raise Divergent(f"a sum from {low} to {high} is not understood")
    terms = (lambda k: f(low + k) - 1) if product else (lambda k: f(low + k))
    summable(terms, "an infinite product" if product else "an infinite sum", whole=True, far=far)
    whole, join = (mpmath.nprod, mpmath.fprod) if product else (mpmath.nsum, mpmath.fsum)
    head = [f(low + k) for k in range(BLOCK)]
    yield join([*head[:HEAD], whole(f, [low + HEAD, mpmath.inf])])
    blocks = lambda b: join([f(low + BLOCK * b + k) for k in range(BLOCK)])  # noqa: E731
    yield join([*head, whole(blocks, [1, mpmath.inf])])
    reach = max(abs(t - int(product)) for t in head[-9:])
    for place in places:
        beside = (mpmath.floor(place) + k for k in (-1, 0, 1, 2))
        terms_there = [f(k) - int(product) for k in beside if k > low + BLOCK]
        if any(abs(t) > reach for t in terms_there):
            raise Unsettled("a term far out stands out")


def integral(f: Function, low: Real, high: Real, kinks: list[Real],
             places: list[Real]) -> Iterator[Any]:  # fmt: skip
    """The integral, on two partitions; ``kinks`` are nodes of both, ``places`` of the second."""
    for end in (low, high):
        if mpmath.isinf(end):
            away = mpmath.sign(end)
            summable(lambda t, s=away: f(s * t), "an integral to infinity")
        elif low != high:
            toward = mpmath.sign((high if end == low else low) - end)
            with mpmath.workprec(PROBING):
                summable(lambda t, s=toward, e=end: f(e + s / t) / t**2, "an integral at an end")
    if mpmath.isinf(low) or mpmath.isinf(high):
        start = low if mpmath.isfinite(low) else high if mpmath.isfinite(high) else 0
        inner = [start + mpmath.mpf(c) for c in ("-1.3", "0.9")]
    else:
        inner = [low + (high - low) * mpmath.mpf(c) for c in ("0.37",)]
    least, most = min(low, high), max(low, high)
    for more in ([], [*inner, *places]):
        nodes = sorted({low, high, *(c for c in [*kinks, *more] if least < c < most)})
        yield mpmath.quad(f, nodes if low <= high else nodes[::-1])


def limit(f: Function, at: Real, direction: str, *, whole: bool = False) -> Iterator[Any]:
    """The limit from ``direction``; the second value is of points three times as close.

    ``whole`` says that the variable is an integer.
    """
    if mpmath.isinf(at):
        sign = 1 if at > 0 else -1
        paths = [lambda t, c=c, d=d: f(sign * (c * t + d)) for c, d in ((1, 0), (3, 1))]
    else:
        sides = {"+": (1, 1), "-": (-1, -1)}.get(direction, (1, -1))
        paths = [
            lambda t, s=s, c=c: f(at + s / (c * t)) for s, c in zip(sides, (1, 3), strict=True)
        ]
    for path in paths:
        found = mpmath.limit(path, mpmath.inf)
        if not mpmath.isfinite(found):
            raise Divergent("a limit is not finite")
        with mpmath.workprec(PROBING):
            approached(lambda t, g=path, v=found: g(t) - v, max(magnitude(found), 0), whole=whole)
        yield found


def sign_changes(f: Function, low: Real, high: Real, cells: int = 64) -> list[Real]:
    """Where a function changes its sign in an interval, by bisection; cells grow to infinity."""
    if low == high:
        return []
    low, high = min(low, high), max(low, high)
    grid = _grid(low, high, cells)
    signs = [mpmath.sign(f(x)) for x in grid]
    found = [x for x, s in zip(grid, signs, strict=True) if s == 0]
    for k in range(len(grid) - 1):
        if signs[k] * signs[k + 1] < 0:
            found.append(
                mpmath.findroot(f, (grid[k], grid[k + 1]), solver="anderson", verify=False)
            )
    return [x for x in found if low < x < high]


def _grid(low: Real, high: Real, cells: int) -> list[Real]:
    if mpmath.isfinite(low) and mpmath.isfinite(high):
        return [low + (high - low) * k / cells for k in range(cells + 1)]
    steps = [mpmath.sinh(mpmath.mpf(k) / 4 + mpmath.mpf(1) / 97) for k in range(-cells, cells + 1)]
    start = low if mpmath.isfinite(low) else high if mpmath.isfinite(high) else mpmath.mpf(0)
    return [x for x in (start + s for s in steps) if low <= x <= high]


def bounds(node: sp.Basic, value: Callable[[sp.Basic], Ball]) -> Real:
    """A bound of the range, which may be infinite."""
    if node is sp.oo or node is -sp.oo:
        return mpmath.inf if node is sp.oo else -mpmath.inf
    return value(node).value
