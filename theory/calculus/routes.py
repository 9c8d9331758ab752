"""Two routes to a limit, by algebra and by SymPy, both held against values."""

from math import lcm

import sympy as sp

from theory.calculus.asymptotics import leading_term
from theory.calculus.functions import ELEMENTARY
from theory.calculus.gate import Disagreement, confirm
from theory.calculus.puiseux import LOG, Undecided


def by_algebra(expression: sp.Expr, variable: sp.Symbol, point: sp.Expr, side: str) -> sp.Expr:
    """The limit as a rational function of a root, or by a Puiseux series.

    Raises ``Disagreement`` if there is no limit or values contradict it, else ``Undecided``.
    """
    h, near = _approached(expression, variable, point, side)
    value = _rational(near, h)
    if value is None:
        factor, rest = near.as_independent(h, as_Add=False)
        power, coefficient = leading_term(rest, h)
        if power < 0 and not coefficient.is_zero:
            raise Disagreement("it diverges")
        if power <= 0 and coefficient.is_zero:
            raise Undecided("the leading term is beyond the powers that were tried")
        limit = sp.S.Zero if power > 0 else _rational(coefficient.subs(LOG, 1 / h), h)
        if limit is None:
            raise Undecided(f"the limit of {coefficient}")
        value = factor * limit
    if not computable(near):
        raise Undecided("its values may take for ever")
    return _checked(near, h, value)


def by_sympy(expression: sp.Expr, variable: sp.Symbol, point: sp.Expr, side: str) -> sp.Expr:
    """SymPy's answer, which may take for ever or be wrong: ask in a process with a time limit."""
    value = sp.limit(expression, variable, point, side)
    h, near = _approached(expression, variable, point, side)
    return _checked(near, h, value)


def computable(expression: sp.Expr) -> bool:
    """Whether values at huge arguments come at once: no sums, no arrays, no slow functions."""
    fast = all(isinstance(f, ELEMENTARY) for f in expression.atoms(sp.Function))
    return fast and not expression.has(sp.Indexed, sp.Sum, sp.Product, sp.Integral)


def _approached(
    expression: sp.Expr, variable: sp.Symbol, point: sp.Expr, side: str
) -> tuple[sp.Symbol, sp.Expr]:
    """The expression as a function of a positive distance that falls to zero."""
    h = sp.Dummy("h", positive=True)
    if point == sp.oo:
        return h, expression.subs(variable, 1 / h)
    return h, expression.subs(variable, point + h if side == "+" else point - h)


def _rational(near: sp.Expr, h: sp.Symbol) -> sp.Expr | None:
    """The value at zero of a rational function of a root of h; none of any other."""
    exponents = [p.exp for p in near.atoms(sp.Pow) if p.base.has(h) and p.exp.is_Rational]
    root = sp.Dummy("root", positive=True)
    inside = near.subs(h, root ** lcm(*(int(e.q) for e in exponents)))
    if not inside.is_rational_function(root):
        return None
    return sp.cancel(sp.together(inside)).subs(root, 0)


def _checked(near: sp.Expr, h: sp.Symbol, value: sp.Expr) -> sp.Expr:
    if value.has(sp.oo, -sp.oo, sp.zoo, sp.nan, sp.AccumBounds, sp.Limit):
        raise Disagreement(f"got {value}")
    confirm(near, h, value)
    return value
