"""Monomials in N read from a command line: no text is ever evaluated as code."""

import re

import sympy as sp

from theory.layers.leaves import N

NUMBER = r"\d+(?:/\d+)?"
MONOMIAL = re.compile(
    rf"\s*(?:(?P<factor>{NUMBER})\s*(?:\*\s*(?=N))?)?"
    rf"(?P<base>N(?:\s*(?:\*\*|\^)\s*(?P<power>-?{NUMBER}|\(\s*-?{NUMBER}\s*\)))?)?\s*"
)


def monomial(text: str) -> sp.Expr:
    """``2*N**(3/2)`` as an expression: a positive rational times a rational power of N.

    Raises ``ValueError`` for anything else.
    """
    found = MONOMIAL.fullmatch(text)
    if not found or not text.strip():
        raise ValueError(
            f"expected a rational times a power of N, such as N, 3*N**2 or N**(1/2); "
            f"received {text!r}"
        )
    factor = sp.Rational(found["factor"]) if found["factor"] else sp.S.One
    if not factor.is_positive:
        raise ValueError(f"expected a positive number of steps; received {text!r}")
    if not found["base"]:
        return factor
    power = (found["power"] or "1").strip("() ")
    return factor * N ** sp.Rational(power)


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
    return name, sp.Rational(low or 0), sp.Rational(high or 2)
