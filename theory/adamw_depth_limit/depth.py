"""Errors of a residual network with H random heads a layer, as its depth L grows.

The mean of the heads is a step 1 / L of Euler's method for an ODE (error of order 1 / L), their
fluctuation a sum of L H independent terms (order (L H)^-1/2). The one-token network
x -> x (1 + (1/(L H)) sum_h v_h) with E v = mu, Var v = sigma^2 can be solved exactly and tests
both constants; the block argument below gives the exponents -1/3 and -1/2 of the uniform bound.
"""

from functools import cache

import sympy as sp

from theory.calculus.gaussian import expectation
from theory.calculus.indices import array, canonical, indices, size, total
from theory.language.step import Step

L, H = sp.symbols("L H", positive=True)
heads = size("heads")
mu, x0, t = sp.symbols("mu x0 t", real=True)
sigma = sp.Symbol("sigma", positive=True)
h, k = indices("h k", heads)
zeta = array("zeta", heads)
amount, motion, blocks = sp.symbols("A B_ B", positive=True)
toy_symbols = {
    x0: "token of the one-token network", mu: "mean of a head's value weight",
    sigma: "standard deviation of a head's value weight",
}  # fmt: skip


@cache
def second_moment() -> sp.Expr:
    """E[(1 + mean of the heads / L)^2] of one layer, by Isserlis; only the variance matters."""
    mean = total(mu + sigma * zeta[h], h) / heads
    square = (1 + mean / L) * (1 + total(mu + sigma * zeta[k], k) / heads / L)
    return canonical(expectation(sp.expand(square), {zeta: 1})).subs(heads, H)


@cache
def toy_mean_square() -> sp.Expr:
    """E (x_L - x_1)^2 of the one-token network with independent layers, exactly."""
    mixed = sp.exp(mu) * (1 + mu / L) ** L
    return x0**2 * (second_moment() ** L - 2 * mixed + sp.exp(2 * mu))


def depth_steps() -> tuple[Step, ...]:
    """The constants of both error terms, and where the exponents of the bound come from."""
    return (*_toy_steps(), *_block_steps())


def power(base: sp.Expr, u: sp.Symbol) -> sp.Expr:
    """``base ** (1 / u)`` to second order in u, for a polynomial base = 1 + O(u)."""
    z = sp.expand(base - 1)
    logarithm = sp.expand((z - z**2 / 2 + z**3 / 3) / u)
    level = logarithm.subs(u, 0)
    rest = sp.expand(logarithm - level)
    return sp.exp(level) * (1 + rest + rest**2 / 2)


@cache
def toy_series() -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Coefficients of 1/L and 1/L^2 in the mean square error, and of 1/L in Euler's error.

    All for x0 = 1, by expansion of the exact expression in u = 1 / L.
    """
    u = sp.Symbol("u", positive=True)
    spread, euler = power(second_moment().subs(L, 1 / u), u), power(1 + mu * u, u)
    series = sp.expand(spread - 2 * sp.exp(mu) * euler + sp.exp(2 * mu))
    return (series.coeff(u, 1), series.coeff(u, 2), sp.expand(euler).coeff(u, 1))


def _toy_steps() -> tuple[Step, ...]:
    first, second, defect = toy_series()
    flow = sp.exp(mu * (1 - t))  # linearised flow from t to 1; the token is exp(mu t)
    curvature = sp.diff(sp.exp(mu * t), t, 2)
    euler = -sp.integrate(sp.powsimp(sp.expand(flow * curvature), combine="exp"), (t, 0, 1)) / 2
    noise = flow**2 * sigma**2 * sp.exp(2 * mu * t)
    spread = sp.integrate(sp.powsimp(sp.expand(noise), combine="exp"), (t, 0, 1))
    bracket = mu**4 / 4 + sigma**4 / (2 * H**2) - (mu**2 + 2 * mu) * sigma**2 / H
    return (
        Step(
            "one layer of the toy", second_moment(), (1 + mu / L) ** 2 + sigma**2 / (L**2 * H),
            "H independent heads: their mean has variance sigma^2 / H",
        ),
        Step(
            "toy: order 1 / L", first, sp.exp(2 * mu) * sigma**2 / H,
            "the mean square error starts with the variance of the heads",
        ),
        Step(
            "toy: order 1 / L^2", second, sp.exp(2 * mu) * bracket,
            "the square of Euler's error, and corrections that vanish with H",
        ),
        Step(
            "Euler constant", euler, defect,
            "-1/2 integral of Phi(1, s) x''(s) ds, against L times Euler's error",
        ),
        Step(
            "CLT variance", spread, sp.expand(first * H),
            "integral of Phi Cov(A) Phi^T, against L H times the mean square error",
        ),
        Step(
            "no rate beats L^-1 + (L H)^-1/2", sp.expand(first / L + second / L**2).subs(sigma, 0),
            sp.expand((euler / L) ** 2),
            "without spread of the heads Euler's term is left, so both terms are needed",
        ),
    )  # fmt: skip


def _block_steps() -> tuple[Step, ...]:
    bound = amount * sp.sqrt(blocks) / sp.sqrt(L * H) + motion / (blocks * sp.sqrt(H))
    best = (2 * motion / amount) ** sp.Rational(2, 3) * L ** sp.Rational(1, 3)
    rate = L ** sp.Rational(-1, 3) * H ** sp.Rational(-1, 2)
    constant = 3 / sp.Integer(2) ** sp.Rational(2, 3)
    constant *= amount ** sp.Rational(2, 3) * motion ** sp.Rational(1, 3)
    return (
        Step(
            "best number of blocks", sp.diff(bound, blocks).subs(blocks, best), sp.S.Zero,
            "cut the depth into B blocks: averages of L H / B heads add up without cancellation, "
            "A sqrt(B / (L H)); the motion within a block costs B_ / (B sqrt(H))",
        ),
        Step(
            "the bound is least there", sp.diff(bound, blocks, 2).subs(blocks, best),
            sp.Rational(3, 4) * amount * best ** sp.Rational(-3, 2) / sp.sqrt(L * H),
            "a positive second derivative",
        ),
        Step(
            "L^-1/3 H^-1/2", bound.subs(blocks, best), constant * rate,
            "the least value has the paper's exponents in both sizes",
        ),
    )  # fmt: skip
