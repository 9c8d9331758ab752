"""What AdamW makes of a history of gradients: a bounded, Lipschitz map with weight decay.

With gradients g_0 .. g_(n-1) the bias-corrected moments are m = sum_s a_s g_s and
v = sum_s w_s g_s^2, whose weights sum to one; the update is U = m / (sqrt(v) + eps) and the
parameters move by theta -> (1 - eta lam) theta - eta U. Three lemmas, each as steps:

1. bounded: |m| <= C_n sqrt(v), by Cauchy and Schwarz, with an explicit constant;
2. compact support: |theta| <= max(|theta_0|, C / lam) when eta lam <= 1, for any gradients;
3. Lipschitz: |U - U'| <= 2 C_n / eps times the weighted distance of the histories.

With one second moment for a whole block of parameters the same holds in the Frobenius norm,
without the number of entries. Reference: derived here; the optimiser is Loshchilov and Hutter,
Decoupled Weight Decay Regularization, 2019, arXiv:1711.05101.
"""

import sympy as sp

from theory.calculus.indices import array, indices, size, total
from theory.language.step import Step

n, entries = size("n"), size("entries")
beta1, beta2 = sp.symbols("beta1 beta2", positive=True)
eta, lam, eps = sp.symbols("eta lambda epsilon", positive=True)
s, r = indices("s r", n)
(p,) = indices("p", entries)
a, g, q = array("a", n), array("g", n, entries), array("q", n)  # w = q^2
inside = {beta1: (0.5, 0.9), beta2: (0.91, 0.99)}
moment_symbols = {
    n: "number of gradients seen, the training step plus one",
    beta1: "decay of the first moment", beta2: "decay of the second moment",
}  # fmt: skip


def weights(beta: sp.Symbol, at: sp.Expr, count: sp.Expr) -> sp.Expr:
    """Weight of gradient ``at`` in a bias-corrected exponential average of ``count`` gradients."""
    return (1 - beta) * beta ** (count - 1 - at) / (1 - beta**count)


def largest_update() -> sp.Expr:
    """C_n: the largest |m| / sqrt(v) of any history of n gradients; its square is sum a^2 / w."""
    fade = beta1**2 / beta2
    geometric = (1 - fade**n) / (1 - fade)
    squared = (1 - beta1) ** 2 / (1 - beta2) * (1 - beta2**n) / (1 - beta1**n) ** 2
    return sp.sqrt(squared * geometric)


def moment_steps() -> tuple[Step, ...]:
    """The three lemmas and their blockwise form."""
    return (*_weight_steps(), *_bound_steps(), *_lipschitz_steps())


def _weight_steps() -> tuple[Step, ...]:
    correction = (1 - beta1**n) / (1 - beta1 ** (n + 1))
    history = total(weights(beta1, s, n) ** 2 / weights(beta2, s, n), s)
    return (
        Step(
            "weights of the history", beta1 * correction * weights(beta1, s, n),
            weights(beta1, s, n + 1),
            "m -> beta1 m + (1 - beta1) g and bias correction: an old gradient's weight",
            inside,
        ),
        Step(
            "weight of the newest gradient", (1 - beta1) / (1 - beta1 ** (n + 1)),
            weights(beta1, n, n + 1), "the same recursion, for the gradient just seen", inside,
        ),
        Step(
            "weights sum to one", total(weights(beta2, s, n), s), sp.S.One,
            "a bias-corrected moment is an average", inside,
        ),
        Step(
            "largest update", sp.sqrt(history), largest_update(),
            "C_n^2 = sum of a_s^2 / w_s, a geometric series", inside,
        ),
    )  # fmt: skip


def _bound_steps() -> tuple[Step, ...]:
    m = total(a[s] * g[s, p], s)
    v = total(q[s] ** 2 * total(g[s, p] ** 2, p), s)
    constant = total(a[s] ** 2 / q[s] ** 2, s)
    wedge = sp.expand((a[s] / q[s] * q[r] * g[r, p] - a[r] / q[r] * q[s] * g[s, p]) ** 2)
    small = {eta: (0.01, 0.5), lam: (0.1, 1)}
    C, excess = sp.symbols("C excess", positive=True)
    decayed = (1 - eta * lam) * (C / lam + excess) + eta * C
    return (
        Step(
            "block update is bounded", constant * v - total(m**2, p),
            total(wedge, s, r, p) / 2,
            "Lagrange's identity: sum a^2/w times v minus |m|^2 is a sum of squares, for a "
            "block of any number of entries; one entry is AdamW",
        ),
        Step(
            "entrywise update grows", total(C**2, p), entries * C**2,
            "each entry of AdamW may reach C: the Frobenius norm pays the number of entries",
        ),
        Step(
            "compact support", decayed - C / lam, (1 - eta * lam) * excess,
            "decoupled decay: what exceeds C / lambda shrinks, so the parameters stay "
            "below max(|theta_0|, C / lambda)",
            small,
        ),
    )  # fmt: skip


def _lipschitz_steps() -> tuple[Step, ...]:
    m, m_, root, root_ = sp.symbols("m m_ root root_", positive=True)
    update = m / (root + eps) - m_ / (root_ + eps)
    split = (m - m_) / (root + eps) + m_ * (root_ - root) / ((root + eps) * (root_ + eps))
    return (
        Step(
            "Lipschitz in the history", update, split,
            "|m - m'| and |sqrt v - sqrt v'| are at most C |g - g'|_w and |g - g'|_w (sqrt v is a "
            "norm), and m' / (sqrt v' + eps) <= C: the Lipschitz constant is 2 C / eps",
        ),
    )  # fmt: skip
