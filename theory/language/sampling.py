"""Compare the two sides of a step at random points, with as many digits as that takes.

The comparison is relative to the smallest number that enters: a difference is seen however small
the terms are in which the sides differ, and two sides are both zero only if they vanish on the
scale of the terms that cancel. Nothing is decided by digits that were not attained.
"""

from dataclasses import dataclass, replace
from typing import Any

import mpmath
import sympy as sp

from theory.language.balls import Ball, Bits, Imprecise, add, negative, whole
from theory.language.convergence import Divergent, Unsettled
from theory.language.formulas import with_formulas
from theory.language.points import Points, RandomPoint
from theory.language.rules import RULES
from theory.language.step import Status, Step
from theory.language.values import NotReal, Unsupported, Valuation

DIGITS, ROUGH_DIGITS = 50, 12  # the second where an integral or an infinite sum is computed
START, FIRST, MOST = 260, 1600, 15_000  # working precision in bits; the first point gets more
GUARD = 10  # bits by which a difference has to exceed its error
ENOUGH, ROUGH_ENOUGH = 5, 3  # points: with fewer nothing is said
BUDGET = 8_000  # values computed for one step, over all points


PATIENCE = 2  # points that may be without a value before an infinite process is given up
NO_VALUE = (ValueError, ArithmeticError, mpmath.libmp.NoConvergence)  # poles, and what has no limit


@dataclass(frozen=True)
class Sides:
    """Both sides at one point, and to how many digits they are equal; 0 if they differ."""

    left: Ball
    right: Ball
    gap: Any
    digits: int
    work: int
    rough: bool


def sampling(step: Step) -> tuple[Status | None, str]:
    """SAMPLED if the sides agree at random points, FAILED with a point where they differ."""
    try:
        return _sampled(step)
    except (Unsupported, Divergent) as error:
        return None, str(error)


def _sampled(step: Step) -> tuple[Status | None, str]:
    left, right = with_formulas(step.left, step.right)
    step = replace(step, left=left, right=right)
    points, agreed, trouble, without = Points(step), [], "", 0
    for k, point in enumerate(points):
        if not point.is_set and sum(s.work for s in agreed) > BUDGET and _enough(agreed):
            continue
        try:
            most = MOST if not point.is_set else FIRST
            sides = compare(step, point, FIRST if k == 0 else START, most)
        except (Unsupported, Divergent):
            raise
        except NotReal:
            continue
        except NO_VALUE as error:
            trouble, without = f"{error} at {_shown(point)}", without + 1
            if isinstance(error, Unsettled | Imprecise) and not agreed and without > PATIENCE:
                break
            continue
        if not sides.digits:
            return Status.FAILED, f"{_apart(sides)} at {_shown(point)}"
        agreed.append(sides)
        if not point.drawn and not point.indices:
            return Status.SAMPLED, f"one value agrees to {sides.digits} digits"
    if not _enough(agreed):
        return None, f"only {len(agreed)} points have a value: {trouble}"
    digits = min(s.digits for s in agreed)
    detail = f"{len(agreed)} points agree to {digits} digits: {points.described()}"
    if without:
        detail += f"; no value at {without} points ({trouble})"
    return Status.SAMPLED, detail


def _enough(agreed: list[Sides]) -> bool:
    return len(agreed) >= (ROUGH_ENOUGH if any(s.rough for s in agreed) else ENOUGH)


def compare(step: Step, point: RandomPoint, precision: int, most: int = MOST) -> Sides:
    """Both sides at one point; the precision is raised until it decides, or is ``most``."""
    while precision <= most:
        with mpmath.workprec(precision):
            try:
                sides = _sides(step, point)
            except Imprecise:
                sides = None
        if sides is not None:
            return sides
        precision *= 2
    raise Imprecise(f"undecided with {int(most / 3.33)} digits")


def _sides(step: Step, point: RandomPoint) -> Sides | None:
    """None where this precision does not decide."""
    value = Valuation(point, RULES)
    free = {index: whole(n) for index, n in point.indices.items()}
    left, right = value(step.left, free), value(step.right, free)
    gap = add([left, negative(right)])
    if gap.magnitude > gap.error + GUARD:
        if value.rough and point.is_set:  # nodes of integrals suit common magnitudes
            raise Unsettled("at an extreme point an infinite process is no counterexample")
        return Sides(left, right, gap.value, 0, value.work, value.rough)
    attained = _digits(value.lowest - gap.error)
    needed = ROUGH_DIGITS if value.rough else DIGITS
    spread = mpmath.mp.prec - (value.highest - value.lowest)
    if gap.vanishes and attained >= needed and (value.rough or _digits(spread) >= needed):
        return Sides(left, right, gap.value, min(attained, DIGITS), value.work, value.rough)
    if value.rough:
        raise Unsettled(f"the sides agree to {max(attained, 0)} digits, too few to call them equal")
    return None


def _digits(bits: Bits) -> int:
    return int(min(bits / 3.33, 10**6))


def _apart(sides: Sides) -> str:
    left, right = (mpmath.nstr(s.value, 15) for s in (sides.left, sides.right))
    same = f" (they differ by {mpmath.nstr(sides.gap, 3)})" if left == right else ""
    return f"left {left}, right {right}{same}"


def _shown(point: RandomPoint) -> str:
    values = {_name(k): str(sp.N(v, 5)) for k, v in point.drawn.items()}
    return str(values | {str(i): n for i, n in point.indices.items()})


def _name(key: object) -> str:
    return f"{key[0]}{list(key[1:])}" if isinstance(key, tuple) else str(key)
