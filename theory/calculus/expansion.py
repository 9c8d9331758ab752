"""Expansions in a small parameter and limits in a large size, with a stated remainder."""

from collections.abc import Callable
from dataclasses import dataclass

import mpmath
import sympy as sp

from theory.calculus.indices import Term, canonical, collect, terms


@dataclass(frozen=True)
class Expansion:
    """``sum_k coefficients[k] parameter**k`` plus a remainder.

    ``remainder`` is the Lagrange form: ``parameter**order / order!`` times this derivative,
    taken at some point between zero and the parameter.
    """

    parameter: sp.Symbol
    coefficients: tuple[sp.Expr, ...]
    remainder: sp.Expr

    @property
    def order(self) -> int:
        """The remainder is of this order in the parameter."""
        return len(self.coefficients)

    def expression(self) -> sp.Expr:
        """The polynomial without the remainder."""
        return sp.Add(*(c * self.parameter**k for k, c in enumerate(self.coefficients)))


def taylor(
    expression: sp.Expr, parameter: sp.Symbol, order: int, *rules: Callable[[sp.Expr], sp.Expr]
) -> Expansion:
    """Taylor coefficients below ``order`` at zero of an indexed expression.

    ``rules`` are rewritings applied to every node of a derivative at zero, e.g. that the rows of
    an averaging matrix sum to one.
    """
    derivative, coefficients = expression, []
    for k in range(order):
        at_zero = derivative.subs(parameter, 0)
        for rule in rules:
            at_zero = rule(at_zero)
        coefficients.append(canonical(at_zero) / sp.factorial(k))
        derivative = sp.diff(derivative, parameter)
    return Expansion(parameter, tuple(coefficients), derivative / sp.factorial(order))


def truncate(expression: sp.Expr, parameter: sp.Symbol, order: int) -> sp.Expr:
    """Drop the powers of a small parameter from ``order`` on, in a polynomial in it."""
    kept = []
    for term in terms(expression):
        powers = sp.Poly(term.coefficient, parameter)
        low = sp.Add(*(c * parameter**k for (k,), c in powers.terms() if k < order))
        kept.append(Term(low, term.factors, term.bound))
    return collect(kept)


def leading(expression: sp.Expr, large: sp.Symbol) -> sp.Expr:
    """The limit of an indexed expression as one size tends to infinity, term by term.

    Raises ``ValueError`` when a coefficient diverges.
    """
    return collect(
        Term(large_limit(t.coefficient, large), t.factors, t.bound) for t in terms(expression)
    )


def large_limit(expression: sp.Expr, large: sp.Symbol) -> sp.Expr:
    """The limit of a scalar as ``large`` tends to infinity, by two routes that must agree.

    First by algebra: a rational function of the root of ``1 / large`` is cancelled and taken at
    zero, any other goes to SymPy's ``limit``, which has returned wrong values (minus infinity for
    ``limit(coth(x) - 1/x, x, 0)``, which is zero). Then the answer is held against the
    expression at large values, with 50 digits.
    """
    root = sp.Dummy("root", positive=True)
    inverse = expression.subs(large, root**-2)
    if inverse.is_rational_function(root):
        value = sp.cancel(sp.together(inverse)).subs(root, 0)
    else:
        value = sp.limit(expression, large, sp.oo)
    if value.has(sp.oo, -sp.oo, sp.zoo, sp.nan):
        raise ValueError(f"{expression} has no finite limit as {large} grows; got {value}")
    point = _probe(expression.free_symbols - {large})
    target = _real(value.xreplace(point))
    errors = []
    for power in (8, 16):
        here = expression.xreplace(point | {large: sp.Integer(10) ** power})
        errors.append(abs(_real(here) - target))
    if errors[1] > mpmath.mpf(10) ** -6 * (1 + abs(target)) or errors[1] > errors[0]:
        raise ValueError(f"the limit {value} of {expression} does not agree with its values")
    return value


def one_sided_limit(expression: sp.Expr, variable: sp.Symbol, point: sp.Expr, side: str) -> sp.Expr:
    """The limit at a finite point from one side (``"+"`` or ``"-"``), by two routes.

    SymPy's answer is held against values at distances 1e-20 and 1e-30, with 80 digits.
    """
    value = sp.limit(expression, variable, point, side)
    if value.has(sp.oo, -sp.oo, sp.zoo, sp.nan):
        raise ValueError(f"{expression} has no finite limit at {point}, says SymPy; got {value}")
    at = _probe(expression.free_symbols - {variable})
    sign = 1 if side == "+" else -1
    target = _real(value.xreplace(at))
    errors = []
    for power in (20, 30):
        near = point + sign * sp.Rational(1, 10**power)
        errors.append(abs(_real(expression.xreplace(at | {variable: near})) - target))
    if errors[1] > mpmath.mpf(10) ** -8 * (1 + abs(target)) or errors[1] > errors[0]:
        raise ValueError(f"the limit {value} of {expression} at {point} disagrees with its values")
    return value


def continued(expression: sp.Expr, variable: sp.Symbol, low: sp.Expr, high: sp.Expr) -> sp.Expr:
    """A function on [low, high], continued beyond the ends by its tangents there.

    So that rounding which leaves the interval, and the ends themselves, where the expression has
    a finite value and slope but a singular formula, give finite values and gradients.
    """
    slope = sp.expand(sp.diff(expression, variable))

    def tangent(end: sp.Expr, side: str) -> sp.Expr:
        value = one_sided_limit(expression, variable, end, side)
        return value + one_sided_limit(slope, variable, end, side) * (variable - end)

    return sp.Piecewise(
        (tangent(low, "+"), variable <= low),
        (tangent(high, "-"), variable >= high),
        (expression, True),
    )


def _probe(symbols: set[sp.Basic]) -> dict[sp.Basic, sp.Rational]:
    """A point to compare values at: positive symbols above one, others within (-1, 1)."""
    return {
        s: sp.Rational(7 + 2 * k, 5) if s.is_positive else sp.Rational(3 + k, 17)
        for k, s in enumerate(sorted(symbols, key=str))
    }


def _real(expression: sp.Expr) -> mpmath.mpf:
    """Fifty digits of a real number."""
    real, imaginary = expression.evalf(80, maxn=400).as_real_imag()
    if abs(imaginary) > 1e-40:
        raise ValueError(f"{expression} is not real: {real} + {imaginary} i")
    with mpmath.workdps(50):
        return mpmath.mpf(str(real))
