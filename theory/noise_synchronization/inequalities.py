"""Signs that the limit needs: the margin of coercivity, and the pull of noise on a pair."""

import sympy as sp

from theory import noise_synchronization as noise
from theory.certify.inequality import Inequality

dimension = sp.Symbol("d", positive=True)
bias = sp.Symbol("bias", positive=True)  # sigma_w^2
sigma_u, sigma_w = noise.sigma_u, noise.sigma_w


def margin() -> sp.Expr:
    """-lambda_bar - 1/64 of the ReLU in terms of d, sigma_u, sigma_w."""
    value = -sp.cancel(noise.with_relu(noise.LAMBDA_BAR))
    value = sp.collect(sp.expand(value), (sigma_u, sigma_w)).subs(noise.d, dimension)
    return value - sp.Rational(1, 64)


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


inequalities = (
    Inequality(
        "coercivity-margin", r"$-\bar\lambda > 0$ for the ReLU, $d \in [4, 1024]$, $\sigma_u$ "
        r"and $\sigma_w$ in $[1/2, 2]$.",
        margin,
        {dimension: (4, 1024), sigma_u: (sp.Rational(1, 2), 2), sigma_w: (sp.Rational(1, 2), 2)},
    ),
    Inequality(
        "coercivity-pair", r"Noise lowers the energy of every pair: $G_0(u) \ge 0$ for $u \in "
        r"[-1, 1]$, ReLU, $d = 4$, $\sigma_u = 1/2$, $\sigma_w^2 \in [1/4, 1]$.",
        pair_pull, {noise.rho: (0, 1), bias: (sp.Rational(1, 4), 1)},
        taylor=(noise.rho,), shape=by_bias,
    ),
)  # fmt: skip
