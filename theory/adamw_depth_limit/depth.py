"""Errors of a residual network with H random heads a layer, as its depth L grows.

The mean of the heads is a step 1 / L of Euler's method for an ODE (error of order 1 / L), their
fluctuation a sum of L H independent terms (order (L H)^-1/2). The one-token network
x -> x (1 + (1/(L H)) sum_h v_h) with E v = mu, Var v = sigma^2 can be solved exactly and tests
both constants; the block argument below gives the exponents -1/3 and -1/2 of the uniform bound.
"""

from functools import cache

import sympy as sp

from theory.calculus.gaussian import expectation
from theory.calculus.indices import array, canonical, indices, size, symbol, total
from theory.language.step import Step

L = symbol("L", meaning="depth, the number of layers", positive=True)
H = symbol("H", meaning="number of heads a layer", positive=True)
heads = size("heads")
mu = symbol("mu", meaning="mean of a head's value weight", real=True)
x0 = symbol("x0", meaning="token of the one-token network", real=True)
t = sp.Symbol("t", real=True)
sigma = symbol("sigma", meaning="standard deviation of a head's value weight", positive=True)
h, k = indices("h k", heads)
zeta = array("zeta", heads)
layers = size("layers")
l, r = indices("l r", layers)  # noqa: E741
zetas = array("zetas", layers, heads)
blocks = sp.Symbol("B", positive=True)
speed = symbol(
    "speed", latex="s", positive=True,
    meaning="how fast the state moves in depth, times a Lipschitz constant of attention",
)  # fmt: skip
position = sp.Symbol("j", integer=True)
toy_symbols = (x0, mu, sigma)
# What the heads add to the paper's rate; the block argument reaches it.
NOISE_RATE = L ** sp.Rational(-1, 3) * H ** sp.Rational(-1, 2)


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
            r"$H$ independent heads: their mean has variance $\sigma^2 / H$",
            uses=("independent-heads",), kind="derived",
        ),
        Step(
            "toy: order $1/L$", first, sp.exp(2 * mu) * sigma**2 / H,
            "the mean square error starts with the variance of the heads",
            uses=("one layer of the toy",), kind="derived",
        ),
        Step(
            "toy: order $1/L^2$", second, sp.exp(2 * mu) * bracket,
            "the square of Euler's error, and corrections that vanish with $H$",
            uses=("one layer of the toy",), kind="derived",
        ),
        Step(
            "Euler constant", euler, defect,
            r"$-\frac{1}{2} \int \Phi(1, s) x''(s) \, d s$, against $L$ times Euler's error",
            uses=("one layer of the toy",), kind="derived",
        ),
        Step(
            "CLT variance", spread, sp.expand(first * H),
            r"$\int \Phi \operatorname{Cov}(A) \Phi^\top$, against $L H$ times the mean "
            "square error",
            uses=("toy: order $1/L$",), kind="derived",
        ),
        Step(
            "no rate beats $L^{-1} + (L H)^{-1/2}$",
            sp.expand(first / L + second / L**2).subs(sigma, 0),
            sp.expand((euler / L) ** 2),
            "without spread of the heads Euler's term is left, so both terms are needed",
            uses=("toy: order $1/L$", "toy: order $1/L^2$", "Euler constant"),
        ),
    )  # fmt: skip


@cache
def noise_of_layers() -> sp.Expr:
    """E of the squared sum, over some layers, of what H random heads add beside their mean."""
    one, two = (total(sigma * zetas[at], *at) / (L * heads) for at in ((l, h), (r, k)))
    return canonical(expectation(one * two, {zetas: 1})).subs(heads, H)


def motion_in_blocks() -> sp.Expr:
    """The noise of each layer, times what the state has moved since its block began, summed."""
    layer = sp.sqrt(noise_of_layers().subs(layers, 1))
    moved = sp.summation(speed * position / L, (position, 0, L / blocks - 1))
    return sp.expand(blocks * layer * moved)


def _block_steps() -> tuple[Step, ...]:
    """Heads at a frozen state average within a block; blocks add up without cancellation."""
    average = blocks * sp.sqrt(noise_of_layers().subs(layers, L / blocks))
    motion = motion_in_blocks()
    bound = average + motion + sigma * speed / (2 * L * sp.sqrt(H))  # motion is negative there
    (best,) = sp.solve(sp.diff(bound, blocks), blocks)
    largest = sp.Rational(3, 2) * sigma * speed ** sp.Rational(1, 3)
    return (
        Step(
            "noise of a block", noise_of_layers(), sigma**2 * layers / (L**2 * H),
            "Isserlis over the heads of some layers, each of weight $1/(L H)$",
            uses=("independent-heads", "forward equation"), kind="derived",
        ),
        Step(
            "blocks", average, sigma * sp.sqrt(blocks / (L * H)),
            "cut the depth into $B$ blocks of $L / B$ layers with the state frozen in each: "
            "what the blocks add does not cancel",
            uses=("noise of a block", "adjoint"),
        ),
        Step(
            "motion within a block", motion,
            sigma * speed / (2 * sp.sqrt(H)) * (1 / blocks - 1 / L),
            "the state is not frozen: a layer's noise changes with what the state, of bounded "
            "speed, has moved since the block began",
            uses=("noise of a block", "compact support", "Lipschitz in the history"),
        ),
        Step(
            "best number of blocks", best, speed ** sp.Rational(2, 3) * L ** sp.Rational(1, 3),
            "where the derivative of the sum of both vanishes",
            uses=("blocks", "motion within a block"),
        ),
        Step(
            "$L^{-1/3} H^{-1/2}$", bound.subs(blocks, best),
            largest * NOISE_RATE,
            "the least value of the sum has the paper's exponents in both sizes",
            uses=("best number of blocks",),
        ),
    )  # fmt: skip
