"""Rates from text, such as ``L^-1 + L^-1/3 H^-1/2``: read by a grammar, never evaluated.

rate     = sum | "sqrt(" sum ")"
sum      = product { "+" product }
product  = factor { [ "*" ] factor } | "1/" factor { "/" factor }
factor   = ( NAME | "log(" NAME ")" ) [ "^" power ]      "**" is read as "^"
power    = [ "-" ] integer [ "/" integer ] | [ "-" ] decimal | "(" power ")"
A power is not 0 and at most 100, and factors are told apart by a space, "*" or "/".
"""

import re

import sympy as sp

from checks.suite.problem import InputProblem

POWER = r"[-+]?[0-9]{1,9}(?:/[0-9]{1,9}|\.[0-9]{1,9})?"
NAME = r"[A-Za-z_][A-Za-z_0-9]*"
# A factor ends where the next begins: “n^1e9” is no product of n and e9.
FACTOR = re.compile(
    rf"\s*([*/]?)\s*(?:log\(\s*({NAME})\s*\)|({NAME}))(?:\^(?:\(({POWER})\)|({POWER})))?"
    r"(?![\w.^(])",
    re.ASCII,
)
QUADRATURE = re.compile(r"\s*sqrt\s*\((.*)\)\s*", re.DOTALL)
LONGEST, MOST, LARGEST = 1000, 16, 100  # characters, monomials, the absolute value of a power


def read_rate(text: str) -> sp.Expr:
    """The sum, or its root, as an expression in positive sizes; InputProblem for anything else."""
    if not isinstance(text, str):
        raise _problem(f"a {type(text).__name__}")
    root = QUADRATURE.fullmatch(text)
    parts = (root.group(1) if root else text).replace("**", "^").split("+")
    if len(text) > LONGEST or len(parts) > MOST:
        raise _problem(f"{len(text)} characters and {len(parts)} monomials")
    terms = list(map(_product, parts))
    if root and len(terms) == 1:  # no sum: SymPy's root of a squared logarithm is no monomial
        factors = [factor.as_base_exp() for factor in sp.Mul.make_args(terms[0])]
        return sp.Mul(*(base ** (power / 2) for base, power in factors))
    return sp.sqrt(sp.Add(*terms)) if root else sp.Add(*terms)


def _product(text: str) -> sp.Expr:
    rest, powers = text.strip(), dict[sp.Expr, sp.Rational]()
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
        base = sp.log(size) if logarithm else size
        before = powers.get(base, sp.Rational(0))
        powers[base] = sp.Rational(before + (-power if sign == "/" else power))
        rest, first = rest[match.end() :].lstrip(), False
    wrong = [base for base, power in powers.items() if power == 0 or abs(power) > LARGEST]
    if wrong:
        raise _problem(f"the power {float(powers[wrong[0]]):g} of {wrong[0]} in {text.strip()!r}")
    return sp.Mul(*(base**power for base, power in powers.items()))


def _problem(received: str) -> InputProblem:
    return InputProblem(
        expected="a sum of monomials in the sizes and their logarithms, e.g. "
        "“L^-1 + L^-1/3 H^-1/2” or “log(n)^2 n^-1/2”, at most 16 of powers up to 100, or the root "
        "of one, “sqrt(L^-2 + 1/n)”",
        received=received,
        remedy="Constants are estimated and not claimed: leave them out. Names of sizes are "
        "letters, digits and _.",
    )
