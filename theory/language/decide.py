"""Decide an equality: by a fixed list of rewritings, else at random points.

``simplify`` is not used: it is no decision procedure and may hang.
"""

import random

import mpmath
import sympy as sp

from theory.calculus.indices import Symmetric, canonical, unroll
from theory.language.step import Status, Step

DIGITS = 50
POINTS = 20
EXTENTS = (2, 3)  # explicit sizes of sampled arrays

# Each maps expressions to equal ones and terminates.
REWRITINGS = (
    ("index notation", canonical),
    ("expansion", sp.expand),
    ("common denominator", lambda e: sp.expand(sp.numer(sp.together(e)))),
    ("evaluation", lambda e: sp.expand(e.doit())),
    ("trigonometric expansion", lambda e: sp.expand(sp.expand_trig(e), trig=False)),
    ("radicals", lambda e: sp.radsimp(sp.expand(sp.powdenest(sp.expand(e), force=False)))),
)


def rewriting(step: Step) -> tuple[Status | None, str]:
    """PROVED if a rewriting reduces the difference to zero, else undecided."""
    difference = step.left - step.right
    if difference == 0:
        return Status.PROVED, "identical"
    for name, rewrite in REWRITINGS:
        difference = rewrite(difference)
        if difference == 0:
            return Status.PROVED, name
    return None, "no rewriting decides"


def sampling(step: Step) -> tuple[Status | None, str]:
    """SAMPLED if the sides agree at random points to nearly all digits, else FAILED."""
    draw = random.Random(step.name)
    for _ in range(POINTS):
        with mpmath.workdps(DIGITS + 10):
            left, right, point = _at_random_point(step, draw)
            scale = max(abs(left), abs(right), mpmath.mpf(1))
            agree = abs(left - right) <= scale * mpmath.mpf(10) ** (5 - DIGITS)
        if not agree:
            shown = mpmath.nstr(left, 15), mpmath.nstr(right, 15)
            return Status.FAILED, f"left {shown[0]}, right {shown[1]} at {point}"
    return Status.SAMPLED, f"{POINTS} points, {DIGITS} digits"


def _at_random_point(step: Step, draw: random.Random) -> tuple[mpmath.mpf, mpmath.mpf, str]:
    """Both sides at one random point; arrays get explicit sizes, indices explicit values."""
    both = sp.Tuple(step.left, step.right)
    dims = {s for a in both.atoms(sp.IndexedBase) for n in a.shape for s in n.free_symbols}
    dims |= {s for i in both.atoms(sp.Idx) for s in i.upper.free_symbols}
    sizes = {s: draw.choice(EXTENTS) for s in sorted(dims, key=str)}
    at = {
        i: sp.Integer(draw.randrange(int((i.upper + 1).subs(sizes))))
        for i in sorted(both.atoms(sp.Idx), key=str)
    }
    values: dict[sp.Basic, sp.Expr] = {}
    sides = []
    for side in (step.left, step.right):
        free = {i: v for i, v in at.items() if side.has(i)}
        explicit = unroll(_fix(side, free), sizes)
        for entry in sorted(explicit.atoms(sp.Indexed), key=str):
            values.setdefault(entry, _entry(entry, draw))
        explicit = explicit.xreplace(values)
        for s in sorted(explicit.free_symbols, key=str):
            values.setdefault(s, _number(s, step, draw))
        number = explicit.xreplace(values).evalf(DIGITS, maxn=4 * DIGITS)
        if not number.is_comparable:
            raise ValueError(f"not a number at {values}: {number}")
        sides.append(mpmath.mpf(str(number)) if number.is_real else mpmath.mpf("nan"))
    names = {str(k): str(sp.N(v, 5)) for k, v in values.items()}
    return sides[0], sides[1], str(names)


def _fix(side: sp.Expr, at: dict[sp.Idx, sp.Integer]) -> sp.Expr:
    """Give the free indices their values; bound ones are renamed away first."""
    from theory.calculus.indices import instantiate

    return instantiate(side, at)


def _entry(entry: sp.Indexed, draw: random.Random) -> sp.Rational:
    """Symmetric arrays get a dominant diagonal, so that they are covariances."""
    if isinstance(entry.base, Symmetric):
        diagonal = entry.indices[0] == entry.indices[1]
        return _rational(draw, 1, 2) if diagonal else _rational(draw, -0.3, 0.3)
    return _rational(draw, -1, 1)


def _number(symbol: sp.Symbol, step: Step, draw: random.Random) -> sp.Expr:
    low, high = step.domain.get(symbol, (0.1, 2) if symbol.is_positive else (-2, 2))
    if symbol.is_integer:
        return sp.Integer(draw.randint(max(2, int(low)), max(5, int(high))))
    return _rational(draw, low, high)


def _rational(draw: random.Random, low: float, high: float) -> sp.Rational:
    return sp.Rational(draw.randint(int(low * 10**6) + 1, int(high * 10**6) - 1), 10**6)
