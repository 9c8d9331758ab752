"""The constants of Adam: how large an update can be, per learning rate."""

import sympy as sp

from theory.adamw_depth_limit.moments import beta1, beta2, largest_update, n
from theory.certify.inequality import Inequality

steps = sp.Symbol("n", positive=True)


def adam_constant() -> sp.Expr:
    """C_n^2 for (beta1, beta2) = (0.9, 0.999), in the number of gradients n, a real number here."""
    squared = sp.powdenest(largest_update() ** 2)
    at = {beta1: sp.Rational(9, 10), beta2: sp.Rational(999, 1000)}
    return squared.subs(n, steps).subs(at)


def early_constant(gradients: int) -> sp.Expr:
    """C_n^2 for a given n, in factors with positive terms."""
    return sp.factor(largest_update().subs(n, gradients) ** 2)


inequalities = (
    Inequality(
        "adam-constant", r"$C_n \le \sqrt{53} < 7.2802$ for $(0.9, 0.999)$ and every $n \in [1, "
        "65536]$.",
        53 - adam_constant(), {steps: (1, 65536)},
    ),
    Inequality(
        "adam-constant-early", r"$C_4 \le \sqrt{5/4}$ for $\beta_1 \in [7/8, 15/16]$, $\beta_2 "
        r"\in [63/64, 1023/1024]$.",
        sp.Rational(5, 4) - early_constant(4),
        {beta1: (sp.Rational(7, 8), sp.Rational(15, 16)),
         beta2: (sp.Rational(63, 64), sp.Rational(1023, 1024))},
    ),
)  # fmt: skip
