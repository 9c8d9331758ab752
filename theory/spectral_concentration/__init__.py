r"""Spectral energy concentration, the collapse of attention entropy, and AdamW^2.

Main statement: with tokens in the columns of X, attention A = softmax(X^T Wq^T Wk X / sqrt(dq)) has
columns of entropy at least B_T(nu), nu the norm of the centred logits; softmax Jacobians are at
most 1 - exp(-H), so collapsed entropy stops the gradients of Wq and Wk; and a step capped at
tau sigma_1(W) / sigma_1(update) lets no singular value grow by more than tau sigma_1(W), which
bounds how soon the entropy can collapse. The model is data here (``logits``, ``output``); Jacobians
and gradients are computed from it and compared with what the sheet of the paper states.

References: Qi et al., Taming Transformer Without Using Learning Rate Warmup, ICLR 2025,
arXiv:2505.21910; Zhai et al., Stabilizing Transformer Training by Preventing Attention Entropy
Collapse, ICML 2023.
"""

from functools import cache

import sympy as sp

from theory.calculus.indices import (
    Softmax,
    array,
    canonical,
    define,
    indices,
    instantiate,
    size,
    substitute,
    symbol,
    total,
)
from theory.codegen.function import Function
from theory.language import Assumption, Derivation, Source, Step, Theorem
from theory.spectral_concentration import collapse, entropy, spectra
from theory.spectral_concentration.coverage import COVERAGE, FOUND

# Symbols. Qi's convention: tokens are columns, and every column of A sums to one.
d = size("d", "embedding dimension")
n = size("n", "number of tokens")
dq = size("dq", "head dimension", latex=r"d_q")
dv = size("dv", "value dimension", latex=r"d_v")
e, f, x, y = indices("e f x y", d)
i, j, k, l = indices("i j k l", n)  # noqa: E741  (a token, as in the paper)
c, b = indices("c b", dq)
o, r = indices("o r", dv)
X = array("X", d, n, meaning="tokens, one a column, d by n")
Wq = array("Wq", dq, d, latex=r"W_q", meaning="query weights, dq by d")
Wk = array("Wk", dq, d, latex=r"W_k", meaning="key weights, dq by d")
Wv = array("Wv", dv, d, latex=r"W_v", meaning="value weights, dv by d")
G = array("G", dv, n, meaning="gradient of the loss in the output Y, dv by n")
A = array("A", n, n)
W = array("W", d, d)
P = array("P", n, n, meaning=r"logits before the scaling by $1/\sqrt{d_q}$, $n$ by $n$")
S = array("S", n, n)
Omega = array("Omega", n, n)
M = array("M", d, d)
tokens, norm = entropy.tokens, entropy.nu
sigma, tau, decay = spectra.sigma, spectra.tau, spectra.decay
beta = sp.exp(-norm * sp.sqrt(tokens / (tokens - 1)))
B_T = symbol("B_T", meaning="smallest entropy of a column")
P_stated, A_stated = sp.symbols("P A")

# What the papers state: Zhai et al., Theorem 3.1 (sheet, equation 10).
STATED_BOUND = sp.log(1 + (tokens - 1) * beta) + norm * sp.sqrt(tokens * (tokens - 1)) * beta / (
    1 + (tokens - 1) * beta
)


# Finite model: one attention layer.
def logits(row: sp.Idx, column: sp.Idx) -> sp.Expr:
    """P = X^T Wq^T Wk X; the softmax is taken of P / sqrt(dq)."""
    return total(X[e, row] * Wq[c, e] * Wk[c, f] * X[f, column], e, f, c)


def output(feature: sp.Idx, column: sp.Idx) -> sp.Expr:
    """Y = Wv X A, each column of A a probability."""
    return total(Wv[feature, e] * X[e, i] * A[i, column], e, i)


def loss() -> sp.Expr:
    """The loss to first order in Y: <G, Y> with G = dLoss / dY held fixed."""
    return total(G[o, j] * output(o, j), o, j)


def softmax_slope(row: sp.Idx, column: sp.Idx, at: sp.Idx, of: sp.Idx) -> sp.Expr:
    """dA[row, column] / dP[at, of], by the softmax rule that a step proves."""
    same = sp.KroneckerDelta(column, of)
    J = entropy.jacobian(A[row, column], sp.KroneckerDelta(row, at), A[at, column])
    return same * J / sp.sqrt(dq)


@cache
def loss_slope(row: sp.Idx, column: sp.Idx) -> sp.Expr:
    """Omega = dLoss / dP, by the chain rule through A."""
    through = sp.diff(loss(), A[k, l])
    return canonical(total(canonical(through) * softmax_slope(k, l, row, column), k, l))


def gradient(of: sp.Indexed, direct: sp.Expr = sp.S.Zero) -> sp.Expr:
    """dLoss / d(of) in terms of Omega: through P, and directly through Y."""
    through = canonical(sp.diff(logits(i, j), of))
    return canonical(total(Omega[i, j] * through, i, j) + direct)


@cache
def gradients() -> dict[str, tuple[sp.Expr, tuple[sp.Idx, ...]]]:
    """The four gradients of one layer, derived."""
    return {
        "Wq": (gradient(Wq[b, x]), (b, x)),
        "Wk": (gradient(Wk[b, x]), (b, x)),
        "Wv": (canonical(sp.diff(loss(), Wv[r, x])), (r, x)),
        "X": (gradient(X[x, l], canonical(sp.diff(loss(), X[x, l]))), (x, l)),
    }


STATEMENT = (
    "one spike",
    "trace of the Jacobian",
    "gradient of $W_q$",
    "gradient of $W_k$",
    "growth of the largest singular value",
    "shrinkage of the largest singular value",
    "time to collapse",
    "rank one is malignant",
    "mass off the maximiser",
    "a definite $W$ is benign",
    "high concentration without collapse of rank",
)
ASIDE: dict[str, tuple[str, ...]] = {
    "Jacobians that the paper states as Kronecker products: equations 2, 3 and 5": (
        "$P$ in $W$",
        "$P$ in $W_q$",
        "$P$ in $W_k$",
        "$P$ in $X$",
        "$W$ is the product of the factors",
        "$Y$ in $A$",
        "$Y$ in $W_v$",
        "$Y$ in $X$, $A$ fixed",
        "the row convention",
    ),
    "further properties of the softmax Jacobian": ("the constant direction", "the half"),
    "the other gradients, for the code, and the rank of one": (
        "gradient of $W_v$",
        "gradient of $X$",
        r"columns of $\Omega$ sum to zero",
    ),
    "between rank one and a definite $W$": (
        "rank $r$ sees projections",
        "inner tokens are outscored",
    ),
    "the form that the code computes": ("the code of the bound",),
    "how the bound behaves": (
        "small norm",
        "small norm, five tokens",
        "large norm",
        "a logarithm below its argument",
        "a logarithm above",
        "the rate of Zhai et al.",
    ),
    "how concentration moves under a perturbation, which a claim measures": (
        "concentration, from above",
        "concentration, from below",
    ),
    "what power iteration misses, hence the assumption exact-norms": (
        "power iteration is a quotient of moments",
        "power iteration without a gap",
        "power iteration with a gap",
    ),
    "how large an uncapped step of Adam can be": (
        "geometric sum",
        "entries of Adam's update",
    ),
}


def derive() -> Derivation:
    """From one layer to gradients, collapse, and the cap of the step."""
    steps = (
        *jacobian_steps(), *entropy.softmax_steps(), *gradient_steps(),
        *collapse.collapse_steps(), *entropy.bound_steps(STATED_BOUND), *spectra.spectral_steps(),
    )  # fmt: skip
    functions = (*gradient_functions(), *scalar_functions())
    return Derivation(steps, functions, STATEMENT, ASIDE)


def jacobian_steps() -> tuple[Step, ...]:
    """Kronecker Jacobians, entry by entry: (B kron A)[(j, i), (l, k)] = B[j, l] A[i, k]."""
    through_W = total(X[e, i] * W[e, f] * X[f, j], e, f)
    WX = total(W[e, f] * X[f, j], f)
    delta = sp.KroneckerDelta
    merged = total(Wq[c, e] * Wk[c, f], c)
    rows = total(X[e, j] * Wk[c, e] * Wq[c, f] * X[f, i], e, f, c)
    return (
        Step(
            "$P$ in $W$", sp.diff(through_W, W[x, y]), X[y, j] * X[x, i],
            r"$X^\top \otimes X^\top$ (equation 2): its singular values are products "
            r"$\sigma_i \sigma_j$ of $X$, its rank is the square of that of $X$", kind="derived",
        ),
        Step(
            "$P$ in $W_q$", sp.diff(logits(i, j), Wq[b, x]), total(X[e, j] * Wk[b, e], e) * X[x, i],
            r"$(X^\top W_k^\top \otimes X^\top) K$: the commutation $K$ exchanges the indices "
            "of $W_q$ (equation 3)",
            kind="derived",
        ),
        Step(
            "$P$ in $W_k$", sp.diff(logits(i, j), Wk[b, x]), X[x, j] * total(X[e, i] * Wq[b, e], e),
            r"$X^\top \otimes X^\top W_q^\top$ (equation 3)", kind="derived",
        ),
        Step(
            "$P$ in $X$", sp.diff(through_W, X[x, l]),
            instantiate(WX, {e: x}) * delta(i, l) + delta(j, l) * total(X[e, i] * W[e, x], e),
            r"$((W X)^\top \otimes I) K + I \otimes X^\top W$ (equation 3)", kind="derived",
        ),
        Step(
            "$W$ is the product of the factors", logits(i, j),
            total(X[e, i] * merged * X[f, j], e, f), r"$W = W_q^\top W_k$", kind="definition",
        ),
        Step(
            "$Y$ in $A$", sp.diff(output(o, j), A[k, l]),
            delta(j, l) * total(Wv[o, e] * X[e, k], e),
            r"$I \otimes W_v X$ (equation 5)", kind="derived",
        ),
        Step(
            "$Y$ in $W_v$", sp.diff(output(o, j), Wv[r, x]),
            delta(o, r) * total(X[x, i] * A[i, j], i),
            r"$(X A)^\top \otimes I$ (equation 5)", kind="derived",
        ),
        Step(
            "$Y$ in $X$, $A$ fixed", sp.diff(output(o, j), X[x, l]), A[l, j] * Wv[o, x],
            r"$A^\top \otimes W_v$ (equation 5)", kind="derived",
        ),
        Step(
            "the row convention", rows, logits(i, j),
            r"tokens in rows, $H = X^\top$: $H W_Q W_K^\top H^\top$ with $W_Q = W_k^\top$ and "
            r"$W_K = W_q^\top$ is $P^\top$, so a row softmax there is this column softmax: "
            "transposing exchanges queries and keys",
        ),
    )  # fmt: skip


def gradient_steps() -> tuple[Step, ...]:
    """The gradients against their matrix form, which is stated in the sheet (equation 6)."""
    mixed = total(Wv[o, e] * X[e, i] * G[o, j], o, e)  # S = (Wv X)^T G
    centre = total(A[k, j] * S[k, j], k)
    stated_omega = A[i, j] * (S[i, j] - centre) / sp.sqrt(dq)
    in_S = substitute(stated_omega, define(S, (i, j), mixed))
    moment = total(X[x, i] * Omega[i, j] * X[y, j], i, j)  # M = X Omega X^T
    found = gradients()
    back = total(Wk[b, y] * moment, y)
    ahead = total(Wq[b, x] * moment, x)
    WX = total(Wq[c, x] * Wk[c, f] * X[f, j] * Omega[l, j], c, f, j)
    WtX = total(Wk[c, x] * Wq[c, f] * X[f, i] * Omega[i, l], c, f, i)
    direct = total(Wv[o, x] * G[o, j] * A[l, j], o, j)
    columns = A[i, j] * (S[i, j] - centre)
    return (
        Step(
            r"$\Omega$", loss_slope(i, j), in_S,
            "the loss's derivative in $P$: $A$ times $S$ less its mean under $A$",
            uses=("softmax rule",), kind="derived",
        ),
        Step(
            "gradient of $W_q$", found["Wq"][0], back, r"$W_k M^\top$ with $M = X \Omega X^\top$",
            uses=(r"$\Omega$",), kind="derived",
        ),
        Step(
            "gradient of $W_k$", found["Wk"][0], instantiate(ahead, {y: x}), "$W_q M$",
            uses=(r"$\Omega$",), kind="derived",
        ),
        Step(
            "gradient of $W_v$", found["Wv"][0], total(G[r, j] * X[x, i] * A[i, j], i, j),
            r"$G (X A)^\top$",
            kind="derived",
        ),
        Step(
            "gradient of $X$", found["X"][0], direct + WX + WtX,
            r"$W_v^\top G A^\top + W X \Omega^\top + W^\top X \Omega$",
            uses=(r"$\Omega$",), kind="derived",
        ),
        Step(
            r"columns of $\Omega$ sum to zero",
            canonical(total(columns, i)), centre - total(A[i, j], i) * centre,
            r"zero, because a column of $A$ sums to one: the rank of $\Omega$ is at most $n - 1$",
            uses=("columns", r"$\Omega$"), kind="derived",
        ),
    )  # fmt: skip


def gradient_functions() -> tuple[Function, ...]:
    """The gradients of one layer as code."""
    attention = Softmax(logits(i, j) / sp.sqrt(dq), i)
    definitions = (
        define(A, (i, j), attention),
        define(Omega, (i, j), loss_slope(i, j)),
    )
    return (
        Function(
            tuple(define(f"in_{of}", axes, found) for of, (found, axes) in gradients().items()),
            (X, Wq, Wk, Wv, G),
            "Gradients of <G, Y> in Wq, Wk, Wv, X for Y = Wv X softmax(X^T Wq^T Wk X / sqrt(dq)).",
            "Tokens are columns (Qi et al. 2025, arXiv:2505.21910); the softmax normalises them. "
            "G is the gradient in Y, (dv, n). Equation 6 of the sheet, derived here.",
            definitions, "attention_gradients",
        ),
        Function(
            define("attention", (i, j), A[i, j]), (X, Wq, Wk),
            "Attention of one layer, tokens in columns: each column sums to one.",
            "Qi et al. 2025 (arXiv:2505.21910), scaled by 1 / sqrt(dq).",
            definitions=definitions[:1],
        ),
    )  # fmt: skip


def scalar_functions() -> tuple[Function, ...]:
    """The bounds as code."""
    gap, low = sp.symbols("gap beta", positive=True)
    weyl = "Weyl's inequality; W' = (1 - decay) W - alpha D, alpha sigma_1(D) <= tau sigma_1(W)."
    return (
        Function(
            define("entropy_lower_bound", (), entropy.spike_entropy_of_gap(gap, low)),
            (tokens, norm),
            "Smallest entropy of a softmax of tokens >= 2 logits, norm their norm about the mean.",
            "Zhai et al. 2023, Theorem 3.1, with any upper bound of the centred norm in place of "
            "the product of spectral norms; attained by a single spike.",
            definitions=(
                define(gap, (), entropy.spike_gap()), define(low, (), sp.exp(-gap)),
            ),
        ),
        Function(
            define("weyl_growth_bound", (), spectra.growth()), (sigma, tau, decay),
            "Largest sigma_1 after one capped step from sigma_1 = sigma; decay = alpha lambda.",
            weyl,
        ),
        Function(
            define("weyl_shrink_bound", (), spectra.shrinkage()), (sigma, tau, decay),
            "Smallest sigma_1 after one capped step from sigma_1 = sigma; decay = alpha lambda.",
            weyl,
        ),
        Function(
            (
                define("least", (), spectra.concentration_after(-1)),
                define("most", (), spectra.concentration_after(1)),
            ),
            (spectra.sec, spectra.epsilon),
            "Bounds of sqrt(SEC) after a perturbation of relative Frobenius norm epsilon < 1.",
            "Reconstructed: the root of the s largest squared singular values is a norm.",
            name="concentration_bounds",
        ),
        Function(
            define("collapse_time", (), spectra.collapse_time()),
            (spectra.start, spectra.target, tau),
            "Steps during which logits that start at norm start stay below target, at cap tau.",
            "Reconstructed: W_q and W_k each grow by at most 1 + tau a step.",
        ),
        Function(
            define("power_iteration_share", (), spectra.kept_by_power_iteration()),
            (spectra.c, spectra.ratio, spectra.rounds),
            "Least share of sigma_1 that power iteration finds after some rounds.",
            "Reconstructed: c is the start's part in the top space, ratio sigma_2 / sigma_1.",
        ),
        Function(
            define("adam_entry_bound", (), spectra.entry_bound()),
            (spectra.b1, spectra.b2, spectra.steps_),
            "Largest entry of Adam's update at step t, for epsilon = 0 and b1^2 < b2.",
            "Reconstructed: Cauchy-Schwarz; 1 at t = 1, about 7.27 for (0.9, 0.999) as t grows.",
        ),
    )  # fmt: skip


theorem = Theorem(
    title="Spectral energy concentration collapses attention entropy, and a capped step delays it",
    statement=(
        r"Attention columns over the tokens have entropy at least $B_T(\nu)$, $\nu$ the norm of "
        "their centred logits, and this is attained. The norm of the softmax Jacobian is at most "
        "one minus the exponential of minus the entropy: entropy that has collapsed stops $W_q$ "
        r"and $W_k$. If every step is capped at $\tau$ times the ratio of the largest singular "
        r"values of matrix and update, then each singular value stays within $\tau$ times the "
        r"largest of what weight decay leaves of it. While $\sigma_1(X)$ does not grow, the "
        r"entropy then stays above a level for at least $\ln(\nu_* / \nu_0) / (2 \ln(1 + \tau))$ "
        r"steps, where $B_T(\nu_*)$ is the level and $\nu_0 = \sigma_1(X)^2 \sigma_1(W_q) "
        r"\sigma_1(W_k) / \sqrt{d_q}$ at the start is below $\nu_*$. Where logits are large, "
        r"$W_q^\top W_k$ of rank one makes attention sparse and of low rank (malignant); a "
        "definite one, with tokens of equal norm in it, makes it the identity (benign); spectral "
        "concentration alone does neither for two or more singular values."
    ),
    equations=(
        sp.Eq(B_T, STATED_BOUND, evaluate=False),
        sp.Eq(P[i, j], logits(i, j), evaluate=False),
    ),
    reference="Qi et al., Taming Transformer Without Using Learning Rate Warmup, ICLR 2025, "
    "arXiv:2505.21910; Zhai et al., Stabilizing Transformer Training by Preventing Attention "
    "Entropy Collapse, ICML 2023",
    source=Source.RECONSTRUCTED,
    source_note=(
        "The texts of the papers were not at hand. From the abstract, digests and public "
        r"reviews of Qi et al.: the model, $d P/d W = X^\top \otimes X^\top$ and its rank, "
        "SEC, the capped rate. Their Theorem 1 was not seen; exact statements about rank "
        r"one, definite $W$ and a counterexample for $s \geq 2$ stand in its place. The "
        "entropy bound is Theorem 3.1 of Zhai et al. as restated by others, with a proof of "
        r"our own and the factor $1/\sqrt{d_q}$ that they leave out. Gradients, perturbation "
        "bounds, the time to collapse, the error of power iteration and the lines of the "
        "algorithm are reconstructed. The column softmax is an assumption."
    ),
    assumptions=(
        Assumption("columns", "The softmax normalises columns: they sum to one."),
        Assumption("at-least-two-tokens", "There are at least two tokens."),
        Assumption("exact-norms", "The cap uses exact norms (power iteration misses a part)."),
        Assumption("decay-at-most-one", "Learning rate times weight decay is in [0, 1]."),
    ),
    rate=None,
    derive=derive,
    coverage=COVERAGE,
    found=FOUND,
)  # fmt: skip
