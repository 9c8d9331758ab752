"""Removable singularities: the Taylor polynomial near the point, the formula elsewhere.

``log(1 + x) / x`` with its limit put in at zero has the right value there, and the slope of a
constant. Its polynomial has both, and near the point it keeps the digits that the slope of the
formula loses.
"""

from collections.abc import Callable
from typing import Any

import mpmath
import sympy as sp

from theory.codegen.forms import entries, plain

ORDER = 10  # of the first power that is left out
ROUNDING = sp.Rational(1, 2**57)  # a term below this part of the leading one cannot be seen


def without_removable_singularity(cases: sp.Expr) -> sp.Expr:
    """Cases that say ``x == a`` say ``x is near a`` instead, with the polynomial for the value.

    A value that is not the limit of the formula is a jump: it stays. Raises
    ``NotImplementedError`` when the formula has a slope at the point that is not zero, but no
    Taylor series, so that the slope would be lost.
    """
    *special, (formula, last) = _with_default_last(cases)
    if last != sp.true or not special or not all(isinstance(c, sp.Eq) for _, c in special):
        return cases
    branches = []
    for value, condition in special:
        variable, point = _solved(condition)
        if variable is None:
            return cases
        branches.append(_near(sp.sympify(value), formula, variable, point, condition))
    return sp.Piecewise(*(b for b in branches if b is not None), (formula, True))


def with_singularity_filled(formula: sp.Expr) -> sp.Expr | None:
    """A quotient of one variable with its removable singularity at zero filled by the polynomial.

    Such as ``sin(x) / x``, whose slope near zero is a difference of infinite numbers.
    """
    if not isinstance(formula, sp.Add | sp.Mul) or formula.has(sp.Piecewise, sp.Sum):
        return None
    names = {e: sp.Dummy(real=True) for e in entries(formula)}
    scalars = formula.xreplace(names).free_symbols - set(names.values())
    variables = [*names, *scalars]
    if len(variables) != 1:
        return None
    (variable,) = variables
    x = sp.Dummy("x", real=True)
    plainly = plain(formula).xreplace({variable: x})
    if plainly.is_rational_function(x) or not plainly.subs(x, 0).has(sp.nan, sp.zoo, sp.oo, -sp.oo):
        return None
    at = sp.lambdify(x, plainly, "mpmath")
    with mpmath.workdps(60):
        try:
            near = [mpmath.mpmathify(at(s * mpmath.mpf(10) ** -20)) for s in (1, -1)]
        except ZeroDivisionError:
            return None
        if not all(mpmath.isfinite(v) and mpmath.im(v) == 0 for v in near):
            return None
        if abs(near[0] - near[1]) > mpmath.mpf(10) ** -9 * (1 + abs(near[0])):
            return None
    terms = _taylor(plainly, x)
    if terms is None or not _agrees(terms, at, x, {}):
        return None
    polynomial, where = _polynomial(terms, x)
    back = {x: variable}
    return sp.Piecewise((polynomial.xreplace(back), where.xreplace(back)), (formula, True))


def _with_default_last(cases: sp.Expr) -> list[tuple[sp.Expr, sp.Basic]]:
    pairs = [(e, c) for e, c in cases.args]
    if len(pairs) == 2 and isinstance(pairs[0][1], sp.Ne) and pairs[1][1] == sp.true:
        (formula, different), (value, _) = pairs
        return [(value, sp.Eq(*different.args)), (formula, sp.true)]
    return pairs


def _solved(condition: sp.Basic) -> tuple[sp.Expr | None, sp.Expr]:
    for variable, point in (condition.args, condition.args[::-1]):
        if isinstance(variable, sp.Symbol | sp.Indexed) and not point.has(variable):
            return variable, point
    return None, sp.S.Zero


def _near(
    value: sp.Expr, formula: sp.Expr, variable: sp.Expr, point: sp.Expr, case: sp.Basic
) -> tuple[sp.Expr, sp.Basic] | None:
    """The polynomial in place of the value, and where it may be used."""
    h = sp.Dummy("h", real=True)
    shifted = plain(formula).xreplace({variable: point + h})
    named = {e: sp.Dummy(f"e{k}", real=True) for k, e in enumerate(entries(shifted))}
    shifted, value_ = (
        shifted.xreplace(named),
        plain(value.xreplace({variable: point})).xreplace(named),
    )
    numbers = _some_numbers((shifted.free_symbols | value_.free_symbols) - {h})
    at = sp.lambdify(h, shifted.xreplace(numbers), "mpmath")
    with mpmath.workdps(60):
        try:
            near = [at(sign * mpmath.mpf(10) ** -20) for sign in (1, -1)]
        except ZeroDivisionError:
            return value, case
        here = mpmath.mpmathify(sp.N(value_.xreplace(numbers), 50))
        if any(abs(v - here) > mpmath.mpf(10) ** -9 * (1 + abs(here)) for v in near):
            return value, case  # a jump: the gradient on either side is that of its own branch
    terms = _taylor(shifted, h)
    if terms is None or not _agrees(terms, at, h, numbers):
        return _without_series(value, at, here, formula, case)
    back = {h: variable - point} | {new: old for old, new in named.items()}
    polynomial, where = _polynomial(terms, h)
    return polynomial.xreplace(back), where.xreplace(back)


def _polynomial(terms: list[sp.Expr], h: sp.Dummy) -> tuple[sp.Expr, sp.Basic]:
    """The polynomial, and where the terms left out are below the rounding of the leading one."""
    polynomial = sp.horner(sp.Add(*(c * h**k for k, c in enumerate(terms[:ORDER]))), wrt=h)
    low = next(k for k, c in enumerate(terms) if c != 0)
    omitted = sp.Add(*(abs(c * h ** (k - low)) for k, c in enumerate(terms) if k >= ORDER))
    small = omitted <= ROUNDING * abs(terms[low])
    if not all(c.is_number for c in terms):
        return polynomial, small
    halves = (sp.Rational(1, 2) ** k for k in range(60))
    return polynomial, abs(h) < next(r for r in halves if small.subs(h, r) == sp.true)


def _taylor(shifted: sp.Expr, h: sp.Dummy) -> list[sp.Expr] | None:
    """The first coefficients at zero, if there are any and SymPy finds a power series."""
    try:
        found = sp.expand(sp.series(shifted, h, 0, ORDER + 2).removeO())
    except (NotImplementedError, ValueError, TypeError, AttributeError, sp.PoleError):
        return None
    if not found.is_polynomial(h):
        return None
    terms = [sp.simplify(found.coeff(h, k)) for k in range(ORDER + 2)]
    return terms if any(c != 0 for c in terms[:ORDER]) else None


def _agrees(
    terms: list[sp.Expr], at: Callable[[Any], Any], h: sp.Dummy, numbers: dict[sp.Basic, sp.Expr]
) -> bool:
    """SymPy's series is held against values on both sides of the point."""
    sizes = [mpmath.mpmathify(sp.N(c.xreplace(numbers), 60)) for c in terms]
    with mpmath.workdps(90):
        for near in (mpmath.mpf(sign) / 10**power for sign in (1, -1) for power in (3, 5)):
            sum_ = mpmath.fsum(c * near**k for k, c in enumerate(sizes[:ORDER]))
            left_out = sum(abs(c * near**k) for k, c in enumerate(sizes) if k >= ORDER)
            if abs(at(near) - sum_) > 2 * left_out + mpmath.mpf(10) ** -45:
                return False
    return True


def _without_series(
    value: sp.Expr, at: Callable[[Any], Any], here: Any, formula: sp.Expr, case: sp.Basic
) -> tuple[sp.Expr, sp.Basic] | None:
    """The value, if the slope is zero; nothing, if the formula can be evaluated at the point."""
    with mpmath.workdps(60):
        tiny = mpmath.mpf(10) ** -20
        slopes = [(at(sign * tiny) - here) / (sign * tiny) for sign in (1, -1)]
    if all(abs(s) < 1e-9 for s in slopes):
        return value, case
    variable, point = _solved(case)
    assert variable is not None
    times = formula.xreplace({sp.log(variable): sp.Dummy("log", real=True)})
    if formula.has(sp.log(variable)) and times.subs(variable, point) == value:
        return None  # x log x is zero at zero
    raise NotImplementedError(
        f"{formula} has the limit {value} at {case}, with a slope that is not zero and no Taylor "
        f"series, so that no case distinction gives both; write it without that case"
    )


def _some_numbers(symbols: set[sp.Basic]) -> dict[sp.Basic, sp.Expr]:
    """A point to compare values at."""
    return {
        s: sp.Integer(2 + k) if s.is_integer else sp.Rational(10 + k, 7)
        for k, s in enumerate(sorted(symbols, key=str))
    }
