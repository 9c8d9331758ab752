"""Bounds of the derivatives of tanh, silu and gelu on intervals, and of a third cumulant.

The last holds for any number of entries of a softmax: expectations enter as polynomials that are
not negative at every value.
"""

import sympy as sp

from theory.certify.inequality import Factored, Inequality
from theory.shallow_transformer_gd import KAPPA

x, t = sp.Symbol("x", real=True), sp.Symbol("t", real=True)
mean, y = sp.Symbol("mean", real=True), sp.Symbol("y", positive=True)
share = sp.Symbol("s", positive=True)  # a square: of tanh, of the mean
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
    words = rf"the derivative of order {order} of {name}, $|x| \le {REACH}$"
    box = {x: (-REACH, REACH)}
    kind = {1: "slope", 2: "curvature"}[order]
    return (
        Inequality(f"{name}-{kind}-low", f"{words}, is at least {least}.",
                   value - sp.Rational(least), box, taylor=(x,)),
        Inequality(f"{name}-{kind}-high", f"{words}, is at most {most}.",
                   sp.Rational(most) - value, box, taylor=(x,)),
    )  # fmt: skip


def chord() -> sp.Expr:
    """The line through (x - mean)^3 at x = -1 and x = 1, as a function of x."""
    cube = (x - mean) ** 3
    ends = cube.subs(x, 1), cube.subs(x, -1)
    return sp.expand((ends[0] + ends[1]) / 2 + x * (ends[0] - ends[1]) / 2)


def tangent() -> sp.Expr:
    """The line through (x - mean)^3 at x = 1 that touches it at x - mean = -(1 - mean) / 2."""
    reach = 1 - mean
    return sp.expand(reach**3 + sp.Rational(3, 4) * reach**2 * (x - 1))


def chord_value() -> sp.Expr:
    """The squared third moment under the chord, at x = mean, as a polynomial in mean^2."""
    value = sp.expand(chord().subs(x, mean) ** 2)
    return sp.expand(value.subs(mean, sp.sqrt(share)))


inside = (-1, 1)
inequalities = (
    Factored("tanh-slope-low", r"$\tanh' \ge 0$, a polynomial in $t = \tanh x$.",
             in_tanh(1), {t: (-1, 1)}),
    Factored("tanh-slope-high", r"$\tanh' \le 1$.", sp.expand(1 - in_tanh(1)), {t: (-1, 1)}),
    Factored(
        "tanh-curvature", r"$|\tanh''| \le 4/(3 \sqrt{3})$, compared as squares. Attained.",
        sp.expand(KAPPA**2) - squared(in_tanh(2)), {share: (0, 1)},
    ),
    *between("silu", silu, 1, "-0.1", "1.1"),
    *between("silu", silu, 2, "-0.1", "0.5"),  # 1/2 is attained at zero
    *between("gelu", gelu, 1, "-0.13", "1.13"),
    *between("gelu", gelu, 2, "-0.22", "0.8"),
    Factored(
        "third-cumulant-chord", r"$(x - m)^3$ is below its chord over $[-1, 1]$ for $m \le "
        "-1/3$.",
        sp.expand(chord() - (x - mean) ** 3), {x: inside, mean: (-1, sp.Rational(-1, 3))},
    ),
    Factored(
        "third-cumulant-tangent", "$(x - m)^3$ is below its tangent from $x = 1$ for every $m$.",
        sp.expand(tangent() - (x - mean) ** 3), {x: inside, mean: inside},
    ),
    Factored(
        "third-cumulant", r"The chord is at most $4/(3 \sqrt{3})$ at $x = m$: squares are "
        "compared, as polynomials in $m^2$. Attained.",
        sp.expand(KAPPA**2) - chord_value(), {share: (0, 1)},
    ),
    Inequality(
        "third-cumulant-rest", r"The tangent is $(1 - m)^3/4$ at $x = m$, below $4/(3 \sqrt{3})$ "
        r"for $m \ge -3/8$.",
        KAPPA - sp.factor(tangent().subs(x, mean)).subs(mean, 1 - y), {y: (0, sp.Rational(11, 8))},
    ),
)  # fmt: skip
