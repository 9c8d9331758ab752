"""Bounds of the derivatives of tanh, silu and gelu, on the stated intervals."""

import sympy as sp

from theory.certify.inequality import Factored, Inequality
from theory.shallow_transformer_gd import KAPPA

x, t = sp.Symbol("x", real=True), sp.Symbol("t", real=True)
share = sp.Symbol("s", positive=True)  # tanh^2
REACH = 16
gelu = x * (1 + sp.erf(x / sp.sqrt(2))) / 2
silu = x / (1 + sp.exp(-x))


def in_tanh(order: int) -> sp.Expr:
    """A derivative of tanh as a polynomial in t = tanh x."""
    return sp.expand(sp.diff(sp.tanh(x), x, order).subs(sp.tanh(x), t))


def squared(expression: sp.Expr) -> sp.Expr:
    """The square of a polynomial in t as one in s = t^2."""
    return sp.expand(sp.expand(expression**2).subs(t, sp.sqrt(share)))


def between(name: str, function: sp.Expr, order: int, least: str, most: str) -> tuple:
    """Two inequalities: a derivative is at least and at most a decimal number."""
    value = sp.diff(function, x, order)
    words = f"the derivative of order {order} of {name}, |x| <= {REACH}"
    box = {x: (-REACH, REACH)}
    kind = {1: "slope", 2: "curvature"}[order]
    return (
        Inequality(f"{name}-{kind}-low", f"{words}, is at least {least}.",
                   value - sp.Rational(least), box, taylor=(x,)),
        Inequality(f"{name}-{kind}-high", f"{words}, is at most {most}.",
                   sp.Rational(most) - value, box, taylor=(x,)),
    )  # fmt: skip


inequalities = (
    Factored("tanh-slope-low", "tanh' >= 0, a polynomial in t = tanh x.", in_tanh(1), {t: (-1, 1)}),
    Factored("tanh-slope-high", "tanh' <= 1.", sp.expand(1 - in_tanh(1)), {t: (-1, 1)}),
    Factored(
        "tanh-curvature", "|tanh''| <= 4 / (3 sqrt 3), compared as squares. Attained.",
        sp.expand(KAPPA**2) - squared(in_tanh(2)), {share: (0, 1)},
    ),
    *between("silu", silu, 1, "-0.1", "1.1"),
    *between("silu", silu, 2, "-0.1", "0.5"),  # 1/2 is attained at zero
    *between("gelu", gelu, 1, "-0.13", "1.13"),
    *between("gelu", gelu, 2, "-0.22", "0.8"),
)  # fmt: skip
