"""Expansions in a small parameter, with a stated remainder; limits come with them."""

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp
from sympy.core.function import AppliedUndef

from theory.algebra.given import given
from theory.calculus.asymptotics import series
from theory.calculus.indices import canonical
from theory.calculus.limits import continued as continued
from theory.calculus.limits import large_limit as large_limit
from theory.calculus.limits import leading as leading
from theory.calculus.limits import one_sided_limit as one_sided_limit
from theory.calculus.puiseux import LOG, Undecided

INFINITE = (sp.oo, -sp.oo, sp.zoo, sp.nan)
NOT_SMOOTH = (
    sp.Abs, sp.sign, sp.Max, sp.Min, sp.Piecewise, sp.Heaviside, sp.DiracDelta, sp.floor,
    sp.ceiling, sp.frac, sp.arg, sp.re, sp.im, sp.conjugate, sp.KroneckerDelta, sp.Mod,
    sp.SingularityFunction, sp.LeviCivita,
)  # fmt: skip


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
    an averaging matrix sum to one. Removable singularities are removed; the expansion of a
    positive parameter is one-sided. Raises ``ValueError`` where there is no such expansion, as of
    |x|, sqrt(x) and a function with another value at zero, or none is found.
    """
    if not isinstance(order, int):
        raise TypeError(f"taylor: expected an order, a whole number; received {order!r}")
    derivatives = [given(expression, "taylor")]
    for _ in range(order):
        derivatives.append(sp.diff(derivatives[-1], parameter))
    *lower, last = derivatives
    smooth = _smooth(expression, parameter)
    values = [derivative.subs(parameter, 0) for derivative in lower] if smooth else []
    if not smooth or any(value.has(*INFINITE) for value in values):
        values = _derivatives(expression, parameter, order)
        if not parameter.is_positive:
            _require_no_jump(expression, parameter, values)
    coefficients = []
    for k, at_zero in enumerate(values):
        for rule in rules:
            at_zero = rule(at_zero)
        coefficients.append(canonical(at_zero) / sp.factorial(k))
    return Expansion(parameter, tuple(coefficients), last / sp.factorial(order))


def _smooth(node: sp.Basic, parameter: sp.Symbol) -> bool:
    """Whether every function and power is met at zero where it is analytic."""
    if not node.has(parameter):
        return True
    if not all(_smooth(a, parameter) for a in node.args):
        return False
    if isinstance(node, sp.Pow):
        exact = node.exp.is_Integer and node.exp.is_nonnegative
        return exact or canonical(node.base.subs(parameter, 0)) != 0
    if isinstance(node, NOT_SMOOTH):
        return False
    if isinstance(node, sp.Function) and not isinstance(node, AppliedUndef):
        slots = [sp.Dummy() for _ in node.args]
        at = dict(zip(slots, (a.subs(parameter, 0) for a in node.args), strict=True))
        function = node.func(*slots)
        values = (g.subs(at) for g in (function, sp.diff(function, slots[-1])))
        return not any(v.has(*INFINITE) for v in values)
    return not any(limit.has(*INFINITE) for limit in getattr(node, "limits", ()))


def _derivatives(expression: sp.Expr, parameter: sp.Symbol, order: int) -> list[sp.Expr]:
    """Derivatives at zero below ``order`` of a series without other powers, from both sides."""
    sides = [_one_sided(expression, parameter, order, sp.S.One)]
    if not parameter.is_nonnegative:
        sides.append(_one_sided(expression, parameter, order, sp.S.NegativeOne))
    for k, (right, left) in enumerate(zip(sides[0], sides[-1], strict=True)):
        if canonical(right - left) != 0:
            raise ValueError(
                f"{expression} has no expansion at {parameter} = 0: the coefficient of order {k} "
                f"is {right} from the right and {left} from the left"
            )
    return [sp.factorial(k) * c for k, c in enumerate(sides[0])]


def _require_no_jump(expression: sp.Expr, parameter: sp.Symbol, values: list[sp.Expr]) -> None:
    """The value at zero, where the expression has one, must be that of the series beside it."""
    if not values or not expression.has(*NOT_SMOOTH):
        return
    at_zero = expression.subs(parameter, 0)
    if at_zero.has(*INFINITE, sp.AccumBounds):
        return
    if canonical(at_zero - values[0]) != 0:
        raise ValueError(
            f"{expression} has no expansion at {parameter} = 0: it is {at_zero} there and tends "
            f"to {values[0]} from both sides"
        )


def _one_sided(
    expression: sp.Expr, parameter: sp.Symbol, order: int, sign: sp.Expr
) -> list[sp.Expr]:
    h = sp.Dummy("h", positive=True)
    try:
        for depth in (order + 2, 2 * order + 4, 4 * order + 8):
            found = series(expression.subs(parameter, sign * h), h, depth, flat=False)
            if found.cut > order:
                break
        else:
            raise Undecided(f"the powers up to {order} were not found")
    except Undecided as why:
        raise ValueError(f"no expansion of {expression} at {parameter} = 0: {why}") from None
    for p, c in found.terms.items():
        whole = p.is_Integer and p >= 0
        if (p < order and not whole) or (p <= order and c.has(LOG)):
            shown = (c * h**p).subs(LOG, -sp.log(h)).subs(h, sign * parameter)
            raise ValueError(f"no expansion of {expression} to order {order}: it contains {shown}")
    return [found.terms.get(sp.Integer(k), sp.S.Zero) * sign**k for k in range(order)]
