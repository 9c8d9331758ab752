"""How many independent terms make a mean accurate at n points at once: where log n comes from.

A term Z with |Z| <= b1 + b_w |M U|, U standard Gaussian and M of Frobenius norm at most one, is
unbounded, so Hoeffding's lemma does not apply; convexity and one Gaussian moment replace it.
"""

import sympy as sp

from theory.calculus.gaussian import expectation
from theory.calculus.indices import array, indices, size, symbol, total
from theory.language.step import Step

m = size("m", "number of heads, even")
n = size("n", "number of samples")
eps = symbol("epsilon", meaning="wanted accuracy", positive=True)
delta = symbol("delta", meaning="probability of failure", positive=True)
b = symbol(
    "b",
    meaning=r"$\sigma_0 \nu_c + \sigma_1 \nu_u + \sigma_1 \nu_w$, size of the target",
    positive=True,
)
lam = sp.Symbol("lambda", positive=True)
EXPONENT = 2 * lam**2 * b**2  # log E exp(lambda (Z - E Z)) is at most this
STATED = {
    "error": 4 * b * sp.sqrt(sp.log(2 * n / delta) / m),
    "error in the paper": 2 * b * sp.sqrt(2 * sp.log(2 * n / delta) / m),
    "width": 16 * b**2 * sp.log(2 * n / delta) / eps**2,
}  # the sheet's, and the paper's Lemma 5


def log_tail() -> sp.Expr:
    """log P(the mean of m/2 terms is off by eps at one of n points), by the best lambda."""
    exponent = -lam * eps + EXPONENT / (m / 2)
    (best,) = sp.solve(sp.diff(exponent, lam), lam)
    return sp.log(2 * n) + exponent.subs(lam, best)


def solved(unknown: sp.Symbol) -> sp.Expr:
    """The tail set to delta and solved, for the error or for the width."""
    logs = sp.Symbol("logs", positive=True)  # log(2 n) - log(delta)
    (value,) = sp.solve(log_tail() - sp.log(2 * n) + logs, unknown)
    return value.subs(logs, sp.log(2 * n / delta))


def error_bound() -> sp.Expr:
    """The approximation error at n points, with probability 1 - delta."""
    return solved(eps)


def width_condition() -> sp.Expr:
    """The width at which that error is eps."""
    return solved(m)


def concentration_steps() -> tuple[Step, ...]:
    """From one term to the error at n points."""
    b1, bw = sp.symbols("b1 bw", positive=True)
    x, y = symbol("x", latex=r"\lambda_1", real=True), symbol("y", latex=r"\lambda_2", real=True)
    bell = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    cosh = sp.integrate(sp.expand(sp.exp(2 * lam * b * x) * bell), (x, -sp.oo, sp.oo))
    pairs, variance = size("pairs"), sp.Symbol("variance", positive=True)
    e, f = indices("e f", pairs)
    Z = array("Z", pairs)
    return (
        Step(
            "convexity", (b1 + bw) * (b1 + bw * y**2) - (b1 + bw * y) ** 2, b1 * bw * (1 - y) ** 2,
            r"$|Z|^2 \leq b (b_1 + b_w |M U|^2)$ with $b = b_1 + b_w$, though $|M U|$ is not "
            "bounded",
        ),
        Step(
            "Gaussian moment", sp.simplify(cosh), sp.exp(EXPONENT),
            r"$E \operatorname{cosh}(2 \lambda b g)$; $\operatorname{cosh}\sqrt{\cdot}$ is "
            r"convex: $E \exp(\lambda (Z - E Z))$ is at most this",
            uses=("convexity",),
        ),
        Step(
            "Chernoff", log_tail(), sp.log(2 * n) - m * eps**2 / (16 * b**2),
            r"the best $\lambda$ for $m/2$ independent pairs; $n$ points and two signs",
            uses=("symmetric-start", "Gaussian moment"),
        ),
        Step(
            "approximation error", error_bound(), STATED["error"], r"the tail set to $\delta$",
            uses=("bounded-activation", "realisable", "pair, third order", "Chernoff"),
        ),
        Step(
            "width condition", width_condition(), STATED["width"], "the same, for the width",
            uses=("approximation error",),
        ),
        Step(
            "against the paper", error_bound(), sp.sqrt(2) * STATED["error in the paper"],
            "both heads of a pair share $U$ and $W$: $m/2$ independent terms cost a factor "
            r"$\sqrt{2}$",
            uses=("approximation error",),
        ),
        Step(
            "price of one more sample", sp.diff(m * error_bound() ** 2, n) * n, 16 * b**2,
            r"$m$ times the squared bound is linear in $\log n$",
            uses=("approximation error",),
        ),
        Step(
            "mean square", expectation(total(Z[e] * Z[f], e, f) / pairs**2, {Z: variance}),
            2 * variance / (2 * pairs),
            "at one point the mean of $m/2$ pairs has variance $2/m$: the mean square error "
            r"needs no $\log n$", kind="derived",
        ),
    )  # fmt: skip
