"""Monomials in N read from a command line: no text is ever evaluated as code."""

import re

import sympy as sp

from theory.layers.leaves import N

NUMBER = r"\d+(?:/\d+)?"
DIGITS = 6  # of a numerator or a denominator, at most
MONOMIAL = re.compile(
    rf"\s*(?:(?P<factor>{NUMBER})\s*(?:\*\s*(?=N))?)?"
    rf"(?P<base>N(?:\s*(?:\*\*|\^)\s*"
    rf"(?P<power>-?\d+(?P<over>\s*/\s*\d+)?|\(\s*-?{NUMBER}\s*\)))?)?\s*"
)


def monomial(text: str) -> sp.Expr:
    """``2*N**(3/2)`` as an expression: a positive rational times a rational power of N.

    Raises ``ValueError`` for anything else, ``N**1/2`` too: it may mean either of two.
    """
    found = MONOMIAL.fullmatch(text)
    if not found or not text.strip():
        raise ValueError(
            f"expected a rational times a power of N, such as N, 3*N**2 or N**(1/2); "
            f"received {text!r}"
        )
    if found["over"]:
        power, _, over = "".join(found["power"].split()).partition("/")
        raise ValueError(
            f"{text.strip()} may be read in two ways; write the power as N**({power}/{over}), or "
            f"the factor first, 1/{over}*N**{power}"
        )
    factor = rational(found["factor"]) if found["factor"] else sp.S.One
    if not factor.is_positive:
        raise ValueError(f"expected a positive number of steps; received {text!r}")
    if not found["base"]:
        return factor
    power = (found["power"] or "1").strip("() ")
    return factor * N ** rational(power)


def rational(text: str) -> sp.Rational:
    """``-3/2`` as a number; ``ValueError`` for a division by zero, or too many digits."""
    above, _, below = text.lstrip("-").partition("/")
    if max(len(above), len(below)) > DIGITS:
        raise ValueError(f"expected numbers of at most {DIGITS} digits; received {len(text)}")
    if below and not int(below):
        raise ValueError(f"expected a denominator other than zero; received {text}")
    return sp.Rational(text)


def exponent_ranges(text: str) -> list[tuple[str, sp.Rational, sp.Rational]]:
    """``p:0:2,q`` as one or two names, each with two rationals.

    Raises ``ValueError`` for anything else.
    """
    found = [exponent_range(part.strip()) for part in text.split(",")]
    if len(found) > 2:
        raise ValueError(f"expected one or two exponents, p or p,q; received {text!r}")
    return found


def exponent_range(text: str) -> tuple[str, sp.Rational, sp.Rational]:
    """``p`` or ``p:0:2`` as a name and two rationals, 0 and 2 by default.

    Raises ``ValueError`` for anything else.
    """
    found = re.fullmatch(rf"(\w+)(?::(-?{NUMBER}):(-?{NUMBER}))?", text)
    if not found:
        raise ValueError(
            f"expected an exponent, p, or one with a range, p:0:2 or p:1/2:1; received {text!r}"
        )
    name, low, high = found.groups()
    return name, rational(low or "0"), rational(high or "2")
