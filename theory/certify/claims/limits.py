"""Signs that the limits need: nu(rho), the margin of coercivity, and the constants of Adam."""

import sympy as sp

from theory import noise_synchronization as noise
from theory.adamw_depth_limit.moments import beta1, beta2, largest_update
from theory.adamw_depth_limit.moments import n as count
from theory.certify.inequality import Inequality
from theory.shaped_attention_sde import c_minus, c_plus, nu_of_rho
from theory.shaped_attention_sde import rho as correlation

steps = sp.Symbol("n", positive=True)
dimension = sp.Symbol("d", positive=True)
bias = sp.Symbol("bias", positive=True)  # sigma_w^2
sigma_u, sigma_w = noise.sigma_u, noise.sigma_w


def margin() -> sp.Expr:
    """-lambda_bar of the ReLU in terms of d, sigma_u, sigma_w."""
    value = -sp.cancel(noise.with_relu(noise.LAMBDA_BAR))
    return sp.collect(sp.expand(value), (sigma_u, sigma_w)).subs(noise.d, dimension)


def pair_pull() -> sp.Expr:
    """G_0 of the ReLU for d = 4 and sigma_u = 1/2, in rho: there u = 2 rho - 1, nothing rounded.

    It is the drift of the energy of a pair, zero where the two agree (rho = 1).
    """
    rho, u = noise.rho, noise.u
    at = {noise.d: 4, sigma_u: sp.Rational(1, 2), sigma_w: sp.sqrt(bias)}
    kernel = noise.relu()[0].subs(at)
    scale = noise.SCALE.subs(at)
    (angle,) = sp.solve((u / 4 + at[sigma_u] ** 2) / scale - rho, u)
    drift = noise.G_0.subs(at).subs({noise.kappa(u): kernel, noise.k_1: kernel.subs(rho, 1)})
    return by_bias(drift.subs(u, angle))


def by_bias(expression: sp.Expr) -> sp.Expr:
    """a + b sigma_w^2: both vanish where tokens agree."""
    return sp.collect(sp.expand(expression), bias)


def adam_constant() -> sp.Expr:
    """C_n^2 for (beta1, beta2) = (0.9, 0.999), in the number of gradients n, a real number here."""
    squared = sp.powdenest(largest_update() ** 2)
    at = {beta1: sp.Rational(9, 10), beta2: sp.Rational(999, 1000)}
    return squared.subs(count, steps).subs(at)


def early_constant(gradients: int) -> sp.Expr:
    """C_n^2 for a given n, in factors with positive terms."""
    return sp.factor(largest_update().subs(count, gradients) ** 2)


inequalities = (
    Inequality(
        "nu", "nu(rho) >= 0: a shaped ReLU never lowers a correlation; per (c_plus - c_minus)^2.",
        sp.expand(nu_of_rho() / (c_plus - c_minus) ** 2), {correlation: (-1, 1)},
        taylor=(correlation,), shape=sp.simplify,
    ),
    Inequality(
        "coercivity-margin", "-lambda_bar > 0 for the ReLU, d in [4, 1024], sigma_u and sigma_w in "
        "[1/2, 2].",
        margin() - sp.Rational(1, 64),
        {dimension: (4, 1024), sigma_u: (sp.Rational(1, 2), 2), sigma_w: (sp.Rational(1, 2), 2)},
    ),
    Inequality(
        "coercivity-pair", "Noise lowers the energy of every pair: G_0(u) >= 0 for u in [-1, 1], "
        "ReLU, d = 4, sigma_u = 1/2, sigma_w^2 in [1/4, 1].",
        pair_pull(), {noise.rho: (0, 1), bias: (sp.Rational(1, 4), 1)},
        taylor=(noise.rho,), shape=by_bias,
    ),
    Inequality(
        "adam-constant", "C_n <= sqrt(53) < 7.2802 for (0.9, 0.999) and every n in [1, 65536].",
        53 - adam_constant(), {steps: (1, 65536)},
    ),
    Inequality(
        "adam-constant-early", "C_4 <= sqrt(5/4) for beta1 in [7/8, 15/16], beta2 in [63/64, "
        "1023/1024].",
        sp.Rational(5, 4) - early_constant(4),
        {beta1: (sp.Rational(7, 8), sp.Rational(15, 16)),
         beta2: (sp.Rational(63, 64), sp.Rational(1023, 1024))},
    ),
)  # fmt: skip
