"""The sign that the limit needs: nu(rho), by which a shaped ReLU pulls two tokens together."""

import sympy as sp

from theory.certify.inequality import Inequality
from theory.shaped_attention_sde import c_minus, c_plus, nu_of_rho, rho


def pull() -> sp.Expr:
    """nu per squared difference of the slopes."""
    return sp.expand(nu_of_rho() / (c_plus - c_minus) ** 2)


inequalities = (
    Inequality(
        "nu", r"$\nu(\rho) \ge 0$: a shaped ReLU never lowers a correlation; per $(c_+ - "
        "c_-)^2$.",
        pull, {rho: (-1, 1)},
        taylor=(rho,), shape=sp.simplify,
    ),
)  # fmt: skip
