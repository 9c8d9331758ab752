"""Softmax: its Jacobian is at most 1/2 and at most its entropy, and its entropy bound stands.

The bounds hold for any number of entries: a variance enters as a polynomial that is not negative
at every value (a lemma of Popoviciu's), and only functions of one or two numbers are cut into
boxes.
"""

import sympy as sp

from theory.certify.inequality import Factored, Inequality
from theory.spectral_concentration.entropy import defect, g, high_mass, q, softmax_steps

high, low = sp.symbols("high low", real=True)
mean, H = sp.Symbol("mean", real=True), sp.Symbol("H", positive=True)
growth = sp.Symbol("E", positive=True)


def half() -> sp.Expr:
    """high^2 + low^2 - (high - low)^2 / 2, from the derivation of the entropy bound."""
    (step,) = (s for s in softmax_steps() if s.name == "the half")
    return step.left.subs({s: {"high": high, "low": low}[s.name] for s in step.left.free_symbols})


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


inside = (-1, 1)
inequalities = (
    Factored(
        "softmax-half", r"$a^2 + b^2 \ge (a - b)^2/2$: the largest entry $a$ and the smallest "
        r"$b$ are apart by at most $\sqrt{2}$ times the norm.",
        half(), {high: inside, low: inside},
    ),
    Factored(
        "popoviciu", r"$(a - b)^2/4 \ge (a - m)(m - b)$ for the largest value $a$, the smallest "
        "$b$ and the mean $m$: a variance is at most a quarter of the squared range; with "
        r"softmax-half, $|J| \le 1/2$ for any number of entries.",
        sp.expand((high - low) ** 2 / 4 - (high - mean) * (mean - low)),
        {high: inside, low: inside, mean: inside},
    ),
    Inequality(
        "jacobian-by-entropy", r"$1 - \exp(-H) \le H$: the softmax Jacobian is at most the "
        "entropy.",
        H - 1 + sp.exp(-H), {H: (0, 64)}, taylor=(H,),
    ),
    Inequality(
        "sign-lemma", r"$D(g) \ge 0$ for $0 \le q \le 1$: fewer high entries have a lower "
        "entropy.",
        sign_of_defect, {q: (0, 1), g: (0, 32)}, taylor=(g,), shape=by_q,
    ),
)  # fmt: skip
