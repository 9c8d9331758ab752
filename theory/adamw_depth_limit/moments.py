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

from theory.calculus.indices import array, define, indices, size, substitute, symbol, total
from theory.language.step import Step

n = size("n", "number of gradients seen, the training step plus one")
entries = size("entries")
beta1 = symbol("beta1", meaning="decay of the first moment", positive=True)
beta2 = symbol("beta2", meaning="decay of the second moment", positive=True)
eta = symbol("eta", meaning="learning rate", positive=True)
lam = symbol("lambda", meaning="weight decay", positive=True)
eps = symbol("epsilon", meaning=r"AdamW's $\epsilon$, for gradients times $L H$", positive=True)
theta = symbol("theta", meaning="an entry of Q, K or V of a head", real=True)
theta_next = symbol("theta_next", latex=r"\theta^+", meaning="the entry after the step", real=True)
first = symbol("m_hat", latex=r"\hat m", meaning="average of the gradients seen", real=True)
second = symbol("v_hat", latex=r"\hat v", meaning="average of their squares", nonnegative=True)
history = array("gamma", n, meaning="gradients seen, L H times those of the loss")
s, r = indices("s r", n)
(p,) = indices("p", entries)
a, g, q = array("a", n), array("g", n, entries), array("q", n)  # w = q^2
inside = {beta1: (0.5, 0.9), beta2: (0.91, 0.99)}
moment_symbols = (n, beta1, beta2)


def weights(beta: sp.Symbol, at: sp.Expr, count: sp.Expr) -> sp.Expr:
    """Weight of gradient ``at`` in a bias-corrected exponential average of ``count`` gradients."""
    return (1 - beta) * beta ** (count - 1 - at) / (1 - beta**count)


def average(beta: sp.Symbol, values: sp.IndexedBase, power: int) -> sp.Expr:
    """The bias-corrected exponential average of powers of the gradients."""
    return total(weights(beta, s, n) * values[s] ** power, s)


def update(average: sp.Expr, square: sp.Expr, parameter: sp.Expr) -> sp.Expr:
    """AdamW: decoupled decay, and the average over the root of the average of squares."""
    return (1 - eta * lam) * parameter - eta * average / (sp.sqrt(square) + eps)


adamw_equations = tuple(
    sp.Eq(left, right, evaluate=False)
    for left, right in (
        (theta_next, update(first, second, theta)),
        (first, average(beta1, history, 1)),
        (second, average(beta2, history, 2)),
    )
)


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
    old = symbol("m_old", latex=r"\bar m", real=True)  # average before the newest gradient
    newest = symbol("g_new", latex=r"g_n", real=True)
    recursion = beta1 * (1 - beta1**n) * old + (1 - beta1) * newest
    return (
        Step(
            "bias-corrected recursion", recursion / (1 - beta1 ** (n + 1)),
            beta1 * correction * old + weights(beta1, n, n + 1) * newest,
            r"$m \to \beta_1 m + (1 - \beta_1) g$ with $m = 1 - \beta_1^n$ times the average "
            "before",
        ),
        Step(
            "weights of the history", beta1 * correction * weights(beta1, s, n),
            weights(beta1, s, n + 1),
            r"$m \to \beta_1 m + (1 - \beta_1) g$ and bias correction: an old gradient's weight",
            inside,
            uses=("bias-corrected recursion",),
        ),
        Step(
            "weight of the newest gradient", (1 - beta1) / (1 - beta1 ** (n + 1)),
            weights(beta1, n, n + 1), "the same recursion, for the gradient just seen", inside,
            uses=("bias-corrected recursion",), kind="definition",
        ),
        Step(
            "weights sum to one", total(weights(beta2, s, n), s), sp.S.One,
            "a bias-corrected moment is an average", inside,
            uses=("weights of the history", "weight of the newest gradient"),
        ),
        Step(
            "largest update", sp.sqrt(history), largest_update(),
            r"$C_n^2 = \sum_s a_s^2 / w_s$, a geometric series", inside,
            uses=("weight-decay", "weights of the history", "weight of the newest gradient"),
        ),
    )  # fmt: skip


def _bound_steps() -> tuple[Step, ...]:
    m = total(a[s] * g[s, p], s)
    v = total(q[s] ** 2 * total(g[s, p] ** 2, p), s)
    constant = total(a[s] ** 2 / q[s] ** 2, s)
    entry = total(q[s] ** 2 * g[s, p] ** 2, s)  # v of one entry
    extreme = define(g, (s, p), a[s] / q[s] ** 2)
    wedge = sp.expand((a[s] / q[s] * q[r] * g[r, p] - a[r] / q[r] * q[s] * g[s, p]) ** 2)
    small = {eta: (0.01, 0.5), lam: (0.1, 1)}
    C, excess = sp.symbols("C excess", positive=True)
    decayed = (1 - eta * lam) * (C / lam + excess) + eta * C
    return (
        Step(
            "block update is bounded", constant * v - total(m**2, p),
            total(wedge, s, r, p) / 2,
            r"Lagrange's identity: $\sum a^2/w$ times $v$ minus $|m|^2$ is a sum of squares, "
            "for a block of any number of entries; one entry is AdamW",
            uses=("weights sum to one", "largest update"),
        ),
        Step(
            "entrywise update grows", total(substitute(m, extreme) ** 2, p),
            constant * total(substitute(entry, extreme), p),
            "for gradients $a / w$ every entry has $m^2 = C^2 v$, its largest: the Frobenius "
            "norm of AdamW's update is then $C$ times the root of the number of entries",
            uses=("largest update",),
        ),
        Step(
            "compact support", decayed - C / lam, (1 - eta * lam) * excess,
            r"decoupled decay: what exceeds $C / \lambda$ shrinks, so the parameters stay "
            r"below $\max(|\theta_0|, C / \lambda)$",
            small,
            uses=("compact-heads", "fixed-steps", "weight-decay", "block update is bounded"),
        ),
    )  # fmt: skip


def _lipschitz_steps() -> tuple[Step, ...]:
    m, root = sp.symbols("m root", positive=True)
    m_ = symbol("m_", latex="m'", positive=True)
    root_ = symbol("root_", latex=r"\mathrm{root}'", positive=True)
    update = m / (root + eps) - m_ / (root_ + eps)
    split = (m - m_) / (root + eps) + m_ * (root_ - root) / ((root + eps) * (root_ + eps))
    return (
        Step(
            "Lipschitz in the history", update, split,
            r"$|m - m'|$ and $|\sqrt{v} - \sqrt{v'}|$ are at most $C |g - g'|_w$ and $|g - "
            r"g'|_w$ ($\sqrt{v}$ is a norm), and $m' / (\sqrt{v'} + \epsilon) \leq C$: the "
            r"Lipschitz constant is $2 C / \epsilon$",
            uses=("fixed-steps", "scaled-epsilon", "weights sum to one", "largest update"),
        ),
    )  # fmt: skip
