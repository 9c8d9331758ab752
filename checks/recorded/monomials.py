"""Rates from text, such as ``L^-1 + L^-1/3 H^-1/2``: read by a grammar, never evaluated.

sum      = product { "+" product }
product  = factor { [ "*" ] factor } | "1/" factor { "/" factor }
factor   = ( NAME | "log(" NAME ")" ) [ "^" power ]      "**" is read as "^"
power    = [ "-" ] integer [ "/" integer ] | [ "-" ] decimal | "(" power ")"
"""

import re

import sympy as sp

from checks.suite.problem import InputProblem

POWER = r"[-+]?\d{1,9}(?:/\d{1,9}|\.\d{1,9})?"
NAME = r"[A-Za-z_][A-Za-z_0-9]*"
FACTOR = re.compile(
    rf"\s*([*/]?)\s*(?:log\(\s*({NAME})\s*\)|({NAME}))(?:\^(?:\(({POWER})\)|({POWER})))?"
)
LONGEST = 1000  # characters


def read_rate(text: str) -> sp.Expr:
    """The sum of monomials as an expression in positive sizes; InputProblem for anything else."""
    if len(text) > LONGEST:
        raise _problem(f"{len(text)} characters")
    return sp.Add(*(_product(part) for part in text.replace("**", "^").split("+")))


def _product(text: str) -> sp.Expr:
    rest, found = text.strip(), sp.Integer(1)
    inverse = rest.startswith("1/") or rest.startswith("1 /")
    rest = rest[1:].lstrip() if inverse else rest
    if not rest:
        raise _problem(repr(text.strip()))
    first = True
    while rest:
        match = FACTOR.match(rest)
        if match is None or (first and not inverse and match.group(1)):
            raise _problem(repr(rest))
        sign, logarithm, plain, bracketed, bare = match.groups()
        size = sp.Symbol(logarithm or plain, positive=True)
        try:
            power = sp.Rational(bracketed or bare or "1")
        except ZeroDivisionError:
            raise _problem(repr(rest)) from None
        if not power.is_finite or power == 0:
            raise _problem(f"the power {bracketed or bare}")
        found *= (sp.log(size) if logarithm else size) ** (-power if sign == "/" else power)
        rest, first = rest[match.end() :].lstrip(), False
    return found


def _problem(received: str) -> InputProblem:
    return InputProblem(
        expected="a sum of monomials in the sizes and their logarithms, e.g. "
        "“L^-1 + L^-1/3 H^-1/2” or “log(n)^2 n^-1/2”",
        received=received,
        remedy="Constants are estimated and not claimed: leave them out.",
    )
