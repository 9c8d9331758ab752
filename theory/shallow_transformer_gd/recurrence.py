"""A recurrent head h_t = tanh(w h_(t-1) + z_t): its gradients, their bounds, and a worst case.

The bounds, with x = sigma1 |w| and p_t = 1 + x + ... + x^(t-1), grow with the length for x >= 1;
the inputs ``kick and cancel`` show that the gradient itself does.
"""

import sympy as sp

from theory.calculus.expansion import large_limit
from theory.calculus.indices import symbol
from theory.language.step import Step

w = symbol("w", latex=r"\omega", meaning="recurrent weight", real=True)
z = symbol("z", meaning=r"its input, $\langle u, x_t\rangle$", real=True)
x = symbol("x", latex="|w|", positive=True)
h = symbol("h", meaning="state of a recurrent head", real=True)
gradient = symbol("gradient", meaning="its derivative in w", real=True)
norm = symbol("norm", meaning="norm of the first input", positive=True)
length = symbol("length", meaning="number of tokens", positive=True)
t = sp.Symbol("t", integer=True, positive=True)
sigma0 = symbol("sigma0", meaning="sup of the activation", positive=True)
sigma1 = symbol("sigma1", meaning="sup of its slope", positive=True)
sigma2 = symbol("sigma2", meaning="sup of its curvature", positive=True)


def recurrent_step() -> tuple[sp.Expr, sp.Expr]:
    """The state and its derivative in w after one token, from those before."""
    before = sp.Function("before")(w)
    after = sp.tanh(w * before + z)
    slope = sp.diff(after, w).subs(sp.Derivative(before, w), gradient)
    return after.subs(before, h), slope.subs(before, h)


def kick_and_cancel() -> sp.Expr:
    """d h_T / d w for z = (norm, -w h_1, 0, ...): the second token cancels what the first left."""
    return sp.tanh(norm) * w ** (length - 2)


def unrolled(tokens: int) -> sp.Expr:
    """The same derivative, from the model itself for a given number of tokens."""
    inputs = sp.symbols(f"z0:{tokens}", real=True)
    state = sp.S.Zero
    for token in inputs:
        state = sp.tanh(w * state + token)
    derivative = sp.diff(state, w)
    fixed = {inputs[0]: norm, inputs[1]: -w * sp.tanh(norm), **dict.fromkeys(inputs[2:], 0)}
    return derivative.subs(fixed)


def geometric(steps: sp.Expr) -> sp.Expr:
    """p_t in closed form, for x other than 1."""
    return (x**steps - 1) / (x - 1)


def curvature_at_one(steps: sp.Symbol) -> sp.Expr:
    """E_T at x = 1, where p_t = t: the recursion is a sum."""
    k = sp.Symbol("k", integer=True, positive=True)
    source = sigma2 * sigma0**2 * (k - 1) ** 2 + 2 * sigma0 * sigma1**2 * (k - 2)
    return sp.expand(sp.summation(source, (k, 2, steps)))


def recurrence_steps() -> tuple[Step, ...]:
    """Recursions of the derivatives, their solutions in the three regimes, and the worst case."""
    before, after = sp.Function("before")(w), symbol("after", latex=r"h'", real=True)
    first, second = sp.symbols("first second", real=True)
    value = sp.tanh(w * before + z)
    curvature = sp.diff(value, w, 2).subs(
        {sp.Derivative(before, (w, 2)): second, sp.Derivative(before, w): first}
    )
    slopes = {sp.tanh(w * before + z): after}
    stated = -2 * after * (1 - after**2) * (before + w * first) ** 2
    stated += (1 - after**2) * (2 * first + w * second)
    T = sp.Symbol("T", positive=True)
    leading = sigma2 * sigma0**2 / (x * (x - 1) ** 3) * x ** (2 * t)
    source = sigma2 * sigma0**2 * x ** (2 * t - 2) / (x - 1) ** 2
    _, step = recurrent_step()
    return (
        Step(
            "recurrent derivative", step.subs({h: before, gradient: first}),
            (1 - value**2) * (before + w * first),
            r"$d h_t / d w = \sigma' (h_{t-1} + w \, d h_{t-1} / d w)$", kind="derived",
        ),
        Step(
            "recurrent curvature", curvature.subs(slopes).subs(before, h), stated.subs(before, h),
            r"differentiated again: $E_t \leq \sigma_2 (\dots)^2 + \sigma_1 (2 "
            r"|\mathrm{first}| + |w| E_{t-1})$",
            uses=("recurrent derivative",), kind="derived",
        ),
        Step(
            "geometric recursion", geometric(t), sp.expand(1 + x * geometric(t - 1)),
            r"$p_t = 1 + x p_{t-1}$, and $|d h_T / d w| \leq \sigma_0 \sigma_1 p_{T-1}$",
            {x: (1.1, 2)},
            uses=("recurrent derivative",),
        ),
        Step(
            "contracting regime", geometric(t), 1 / (1 - x) - x**t / (1 - x),
            "for $x < 1$ at most $1 / (1 - x)$, for every length", {x: (0.1, 0.9)},
            uses=("geometric recursion",),
        ),
        Step(
            "critical regime", large_limit(curvature_at_one(T) / T**3, T), sigma2 * sigma0**2 / 3,
            r"for $x = 1$ the bound of the curvature grows like $T^3 \sigma_2 \sigma_0^2 / 3$",
            uses=("recurrent curvature", "geometric recursion"),
        ),
        Step(
            "expanding regime", leading - x * leading.subs(t, t - 1), source,
            "for $x > 1$ the solution $x^{2 t}$ of the recursion of the curvature: "
            "exponential in $T$",
            {x: (1.1, 2)},
            uses=("recurrent curvature",),
        ),
        Step(
            "kick and cancel", unrolled(6), kick_and_cancel().subs(length, 6),
            "the model itself, differentiated with its inputs held fixed, for six tokens",
            uses=("recurrent derivative",), kind="derived",
        ),
        Step(
            "kick and cancel, next token",
            step.subs({h: 0, z: 0, gradient: kick_and_cancel()}), sp.powsimp(w * kick_and_cancel()),
            "from a state of zero with no input each token multiplies the derivative by w",
            uses=("recurrent derivative",), kind="derived",
        ),
    )  # fmt: skip
