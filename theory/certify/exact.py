"""The judge of polynomials: exact rational arithmetic, in python-flint, without the prover."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from theory.certify.inequality import Factored
from theory.certify.replay import Rejected, flint_module


def replay_factors(claim: Factored, constant: str, factors: Sequence[Any]) -> int:
    """Check constant * product of factors^power = the polynomial, and each factor's sign, exactly.

    Returns the number of factors; raises `Rejected` with the reason.
    """
    flint = flint_module()
    names = [str(s) for s in claim.symbols]
    ring = flint.fmpq_mpoly_ctx.get(names, "lex")

    def polynomial(terms: Any) -> Any:
        return ring.from_dict({tuple(e): _fmpq(flint, c) for e, c in terms})

    whole = polynomial([(tuple(0 for _ in names), constant)])
    for power, terms in factors:
        whole = whole * polynomial(terms) ** int(power)
    if whole != polynomial([(e, str(c)) for e, c in claim.terms.items()]):
        raise Rejected("the factors do not multiply to the polynomial of the claim")
    if Fraction(constant) <= 0:
        raise Rejected(f"the constant {constant} is not positive")
    for power, terms in factors:
        if int(power) % 2:
            _require_at_corners(claim, terms)
    return len(factors)


def replay_point(claim: Factored, box: Sequence[Sequence[str]]) -> Fraction:
    """The exact value at a point of the box where the polynomial is negative."""
    point = [Fraction(low) for low, _ in box]
    if not all(low <= x <= high for x, (low, high) in zip(point, claim.ends, strict=True)):
        raise Rejected("the point is not inside the box of the claim")
    found = value_at([(e, str(c)) for e, c in claim.terms.items()], point)
    if found >= 0:
        raise Rejected(f"the polynomial is {found} at the point, which is not negative")
    return found


def value_at(terms: Any, point: Sequence[Fraction]) -> Fraction:
    """A polynomial at a point, exactly."""
    total = Fraction(0)
    for exponents, coefficient in terms:
        part = Fraction(coefficient)
        for x, e in zip(point, exponents, strict=True):
            part *= x**e
        total += part
    return total


def _require_at_corners(claim: Factored, terms: Any) -> None:
    """A polynomial of degree one in each symbol is smallest at a corner."""
    if any(e > 1 for exponents, _ in terms for e in exponents):
        raise Rejected("a factor to an odd power has a degree above one")
    for corner in product(*claim.ends):
        value = value_at(terms, corner)
        if value < 0:
            raise Rejected(f"a factor is {value} at the corner {tuple(map(str, corner))}")


def _fmpq(flint: Any, text: str) -> Any:
    fraction = Fraction(text)
    return flint.fmpq(fraction.numerator, fraction.denominator)
