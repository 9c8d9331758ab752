"""Softmax: its Jacobian is at most 1/2, its entropy bound stands, its third cumulant is bounded.

The bounds hold for any number of entries: expectations enter as polynomials that are not negative
at every value (lemmas of Popoviciu's kind), and only functions of one or two numbers are cut into
boxes.
"""

import sympy as sp

from theory.certify.inequality import Factored, Inequality
from theory.shallow_transformer_gd import KAPPA
from theory.spectral_concentration.entropy import defect, g, high_mass, q, softmax_steps

x, mean = sp.Symbol("x", real=True), sp.Symbol("mean", real=True)
high, low = sp.symbols("high low", real=True)
H, y = sp.Symbol("H", positive=True), sp.Symbol("y", positive=True)
share = sp.Symbol("s", positive=True)  # the squared mean
growth = sp.Symbol("E", positive=True)


def half() -> sp.Expr:
    """high^2 + low^2 - (high - low)^2 / 2, from the derivation of the entropy bound."""
    (step,) = (s for s in softmax_steps() if s.name == "the half")
    return step.left.subs({s: {"high": high, "low": low}[s.name] for s in step.left.free_symbols})


def chord() -> sp.Expr:
    """The line through (x - mean)^3 at x = -1 and x = 1, as a function of x."""
    cube = (x - mean) ** 3
    ends = cube.subs(x, 1), cube.subs(x, -1)
    return sp.expand((ends[0] + ends[1]) / 2 + x * (ends[0] - ends[1]) / 2)


def tangent() -> sp.Expr:
    """The line through (x - mean)^3 at x = 1 that touches it at x - mean = -(1 - mean) / 2."""
    reach = 1 - mean
    return sp.expand(reach**3 + sp.Rational(3, 4) * reach**2 * (x - 1))


def sign_of_defect() -> sp.Expr:
    """D of the entropy bound times a positive factor: linear in q, no quotient.

    D / (q (1 - q)) times the squared normaliser, divided by e^g.
    """
    weight = high_mass().subs(sp.exp(g), growth)
    normaliser = sp.fraction(sp.together(weight))[1]
    reduced = sp.cancel(defect(weight) / (q * (1 - q)) * normaliser**2 / growth)
    return by_q(sp.expand(reduced).subs(growth, sp.exp(g)))


def by_q(expression: sp.Expr) -> sp.Expr:
    """a + b q, so that zeros of a and b at g = 0 are zeros of the interval evaluation."""
    return sp.collect(sp.expand(expression), q)


def chord_value() -> sp.Expr:
    """The squared third moment under the chord, at x = mean, as a polynomial in mean^2."""
    value = sp.expand(chord().subs(x, mean) ** 2)
    return sp.expand(value.subs(mean, sp.sqrt(share)))


inside = (-1, 1)
inequalities = (
    Factored(
        "softmax-half", "high^2 + low^2 >= (high - low)^2 / 2: the range is at most sqrt(2) |v|.",
        half(), {high: inside, low: inside},
    ),
    Factored(
        "popoviciu", "(high - low)^2 / 4 >= (high - m)(m - low): a variance is at most a quarter "
        "of the squared range; with softmax-half, |J| <= 1/2 for any number of entries.",
        sp.expand((high - low) ** 2 / 4 - (high - mean) * (mean - low)),
        {high: inside, low: inside, mean: inside},
    ),
    Inequality(
        "jacobian-by-entropy", "1 - exp(-H) <= H: the softmax Jacobian is at most the entropy.",
        H - 1 + sp.exp(-H), {H: (0, 64)}, taylor=(H,),
    ),
    Inequality(
        "sign-lemma", "D(g) >= 0 for 0 <= q <= 1: fewer high entries have a lower entropy.",
        sign_of_defect(), {q: (0, 1), g: (0, 32)}, taylor=(g,), shape=by_q,
    ),
    Factored(
        "third-cumulant-chord", "(x - m)^3 is below its chord over [-1, 1] for m <= -1/3.",
        sp.expand(chord() - (x - mean) ** 3), {x: inside, mean: (-1, sp.Rational(-1, 3))},
    ),
    Factored(
        "third-cumulant-tangent", "(x - m)^3 is below its tangent from x = 1 for every m.",
        sp.expand(tangent() - (x - mean) ** 3), {x: inside, mean: inside},
    ),
    Factored(
        "third-cumulant", "The chord is at most 4 / (3 sqrt 3) at x = m: squares are compared, as "
        "polynomials in m^2. Attained.",
        sp.expand(KAPPA**2) - chord_value(), {share: (0, 1)},
    ),
    Inequality(
        "third-cumulant-rest", "The tangent is (1 - m)^3 / 4 at x = m, below 4 / (3 sqrt 3) for "
        "m >= -3/8.",
        KAPPA - sp.factor(tangent().subs(x, mean)).subs(mean, 1 - y), {y: (0, sp.Rational(11, 8))},
    ),
)  # fmt: skip
