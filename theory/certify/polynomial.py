"""Polynomials: z3 looks for a point where one is negative, factors show why there is none."""

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from random import Random
from typing import Any

import sympy as sp

from theory.certify.inequality import Factored, terms_of

SECONDS = 20
SAMPLES = 2000


def factors(claim: Factored) -> tuple[str, list]:
    """A positive constant, and (power, terms) of each factor with its sign turned to be positive.

    A factor to an odd power that is negative at the centre of the box is turned, and so is the
    constant.
    """
    constant, found = sp.factor_list(claim.expression, *claim.symbols)
    centre = [(low + high) / 2 for low, high in claim.ends]
    listed = []
    for factor, power in found:
        terms = terms_of(factor, claim.symbols)
        if power % 2 and _value(terms, centre) < 0:
            terms, constant = {e: -c for e, c in terms.items()}, -constant
        listed.append([int(power), [[list(e), str(c)] for e, c in sorted(terms.items())]])
    return str(constant), listed


def counterexample(claim: Factored) -> list[Fraction] | None:
    """A rational point of the box where the polynomial is negative, from z3; None if there is none.

    Also None when z3 gives up or the point has no rational neighbour of its kind.
    """
    z3 = _module()
    unknowns = [z3.Real(str(s)) for s in claim.symbols]
    solver = z3.SolverFor("QF_NRA")
    solver.set("timeout", SECONDS * 1000)
    for unknown, (low, high) in zip(unknowns, claim.ends, strict=True):
        solver.add(unknown >= z3.Q(low.numerator, low.denominator))
        solver.add(unknown <= z3.Q(high.numerator, high.denominator))
    solver.add(_in_z3(z3, claim, unknowns) < 0)
    if solver.check() != z3.sat:
        return None
    model = solver.model()
    point = [_rational(z3, model.eval(u, model_completion=True)) for u in unknowns]
    inside = all(low <= x <= high for x, (low, high) in zip(point, claim.ends, strict=True))
    return point if inside and _value(claim.terms, point) < 0 else None


def sample(claim: Factored, seed: int) -> tuple[Fraction, list[Fraction]]:
    """The smallest value at random rational points, and where it is, both exact."""
    random = Random(seed)
    points = [
        [low + Fraction(random.random()) * (high - low) for low, high in claim.ends]
        for _ in range(SAMPLES)
    ]
    worst = min(points, key=lambda point: _value(claim.terms, point))
    return _value(claim.terms, worst), worst


def _in_z3(z3: Any, claim: Factored, unknowns: Sequence[Any]) -> Any:
    total = z3.RealVal(0)
    for exponents, coefficient in claim.terms.items():
        part = z3.Q(coefficient.numerator, coefficient.denominator)
        for unknown, exponent in zip(unknowns, exponents, strict=True):
            for _ in range(exponent):
                part = part * unknown
        total = total + part
    return total


def _rational(z3: Any, value: Any) -> Fraction:
    near = value.approx(30) if z3.is_algebraic_value(value) else value
    return Fraction(near.numerator_as_long(), near.denominator_as_long())


def _value(terms: dict[tuple, Fraction], point: Sequence[Fraction]) -> Fraction:
    return sum(
        (c * prod(x**e for x, e in zip(point, es, strict=True)) for es, c in terms.items()),
        Fraction(0),
    )


def _module() -> Any:
    try:
        import z3
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"proofs of polynomials need z3: expected it to be installed, received “{error}”; "
            f"install it with: pip install 'verilimit[certify]'"
        ) from error
    return z3
