"""The judge of polynomials: exact rational arithmetic, in python-flint, without the prover."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from theory.certify import form
from theory.certify.form import Rejected
from theory.certify.inequality import Factored
from theory.certify.replay import flint_module

Terms = Mapping[tuple[int, ...], Fraction]


def replay_factors(claim: Factored, constant: Any, factors: Any) -> int:
    """Check constant * product of factors^power = the polynomial, and each factor's sign, exactly.

    Returns the number of factors; raises `Rejected` with the reason.
    """
    flint = flint_module()
    degrees = [max((e[i] for e in claim.terms), default=0) for i in range(len(claim.symbols))]
    ring = flint.fmpq_mpoly_ctx.get([str(s) for s in claim.symbols], "lex")

    def polynomial(terms: Terms) -> Any:
        return ring.from_dict({e: flint.fmpq(c.numerator, c.denominator) for e, c in terms.items()})

    first, powers = form.fraction(constant, "the constant"), []
    for factor in form.items(factors, "the factors"):
        power, terms = form.items(factor, "a factor", 2)
        powers.append(
            (form.whole(power, "a power", 1, sum(degrees)), form.polynomial(terms, degrees))
        )
    _require_degrees(degrees, powers)
    whole = polynomial({(0,) * len(degrees): first})
    for power, terms in powers:
        whole = whole * polynomial(terms) ** power
    if whole != polynomial(claim.terms):
        raise Rejected("the factors do not multiply to the polynomial of the claim")
    if first <= 0:
        raise Rejected(f"the constant {first} is not positive")
    for power, terms in powers:
        if power % 2:
            _require_at_corners(claim, terms)
    return len(powers)


def _require_degrees(degrees: Sequence[int], powers: Sequence[tuple[int, Terms]]) -> None:
    """Degrees of a product add; so this bounds what is multiplied before anything is."""
    for i, degree in enumerate(degrees):
        if sum(p * max((e[i] for e in terms), default=0) for p, terms in powers) != degree:
            raise Rejected("the factors do not multiply to the polynomial of the claim")


def replay_point(claim: Factored, box: Any) -> Fraction:
    """The exact value at a point of the box where the polynomial is negative."""
    pairs = [
        form.items(pair, "an interval", 2) for pair in form.items(box, "the box", len(claim.ends))
    ]
    point = [form.fraction(low, "a coordinate") for low, high in pairs if low == high]
    if len(point) < len(pairs):
        raise Rejected("the counter-box of a polynomial is expected to be a point")
    if not all(low <= x <= high for x, (low, high) in zip(point, claim.ends, strict=True)):
        raise Rejected("the point is not inside the box of the claim")
    found = value_at(claim.terms, point)
    if found >= 0:
        raise Rejected(f"the polynomial is {found} at the point, which is not negative")
    return found


def value_at(terms: Terms, point: Sequence[Fraction]) -> Fraction:
    """A polynomial at a point, exactly."""
    total = Fraction(0)
    for exponents, coefficient in terms.items():
        part = coefficient
        for x, e in zip(point, exponents, strict=True):
            part *= x**e
        total += part
    return total


def _require_at_corners(claim: Factored, terms: Terms) -> None:
    """A polynomial of degree one in each symbol is smallest at a corner."""
    if any(e > 1 for exponents in terms for e in exponents):
        raise Rejected("a factor to an odd power has a degree above one")
    for corner in product(*claim.ends):
        value = value_at(terms, corner)
        if value < 0:
            raise Rejected(f"a factor is {value} at the corner {tuple(map(str, corner))}")
