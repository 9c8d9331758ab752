r"""Gradient descent on a shallow transformer: width log n, and no price for length.

Main statement: a one-layer transformer with m heads, trained by projected gradient descent on n
samples of T tokens, has a training error that is bounded by an optimisation term 1 / sqrt(tau), an
approximation term sqrt(log(n) / m) and a linearisation term log(m) / sqrt(m), up to powers of log m
that the Lipschitz constant of a head brings in; T stands in none of them, because softmax attention
and its derivatives are cumulants of a law on the unit ball. A recurrent head has no such bound.

``STATED`` holds what the paper and the reference sheet state, typed once. The finite model, one
head, is in ``theory.shallow_transformer_gd.attention``; the steps compute from it.

References: Arda, Cayci, Eryilmaz, Finite-Time Analysis of Gradient Descent for Shallow
Transformers, AISTATS 2026, arXiv:2601.16514; the recurrent contrast: arXiv:2402.12241.
"""

import sympy as sp

from theory.calculus.expansion import large_limit
from theory.calculus.indices import array, canonical, define, indices, size, symbol, total
from theory.codegen.function import Function
from theory.language import Assumption, Derivation, Kind, Rate, Source, Step, Theorem
from theory.shallow_transformer_gd import attention as head
from theory.shallow_transformer_gd import descent, recurrence
from theory.shallow_transformer_gd.attention import STATED as HEAD
from theory.shallow_transformer_gd.attention import (
    P,
    X,
    a,
    covariance,
    d,
    eta,
    head_functions,
    head_steps,
    k,
    naming_steps,
    q,
    t,
)
from theory.shallow_transformer_gd.concentration import STATED as APPROXIMATION
from theory.shallow_transformer_gd.concentration import (
    b,
    concentration_steps,
    delta,
    eps,
    error_bound,
    m,
    n,
    width_condition,
)
from theory.shallow_transformer_gd.coverage import COVERAGE, FOUND
from theory.shallow_transformer_gd.error_function import (
    DETERMINANT,
    D,
    a2,
    aa,
    ab,
    bb,
    error_function_steps,
    mean_of_slopes,
    mean_of_values,
    tilted,
)
from theory.shallow_transformer_gd.recurrence import sigma1, sigma2

i, j, l = indices("i j l", d)  # noqa: E741
(r,) = indices("r", m)
B = symbol("B", meaning="bound of the norms of all U, with probability 1 - delta", positive=True)
tau = symbol("tau", meaning="number of steps", positive=True)
kappa = sp.Symbol("kappa", positive=True)
rho_c = symbol(
    "rho_c", meaning=r"radius of the projection set in $c$, times $1/\sqrt{m}$", positive=True
)
rho_u = symbol("rho_u", meaning="the same in U", positive=True)
rho_w = symbol("rho_w", meaning="the same in W", positive=True)
B_app = symbol("B_app", latex=r"B_{\mathrm{app}}", meaning="approximation error")
B_lin = symbol("B_lin", latex=r"B_{\mathrm{lin}}", meaning="linearisation error")
L1 = symbol("L1", meaning="Lipschitz constant of a head", positive=True)
L2 = symbol("L2", meaning="smoothness of a head", positive=True)

STATED = {
    "B": sp.sqrt(d) + sp.sqrt(2 * sp.log(m / (2 * delta))) + rho_u / sp.sqrt(m),
    "L1": sigma1 * sp.sqrt(1 + B**2),
    "L2": sigma2 * (1 + B**2) + 8 * sigma1 * sp.sqrt(1 + B**2),
    "L1 sharp": sigma1 * sp.Max(1, B),
    "L2 derived": sigma2 * sp.Max(1, B**2)
    + sigma1 * (kappa * B + sp.sqrt(kappa**2 * B**2 + 4)) / 2,
}  # fmt: skip
KAPPA = 4 / (3 * sp.sqrt(3))  # the largest third cumulant of a law on [-1, 1]


def linearization(lipschitz: sp.Expr, smoothness: sp.Expr, share: sp.Expr) -> sp.Expr:
    """(L1 rho_c r + share L2 r^2) / sqrt(m); the paper's share is 1, Taylor's theorem gives 1/2."""
    radius = sp.sqrt(rho_u**2 + rho_w**2)
    return (lipschitz * rho_c * radius + share * smoothness * radius**2) / sp.sqrt(m)


STATEMENT = (
    "attention is a mean",
    "largest gradient",
    "largest curvature",
    "linearisation bound",
    "approximation error",
    "price of one more sample",
    "Theorem 1",
    "no length in the variance",
)
ASIDE: dict[str, tuple[str, ...]] = {
    "the form that the code computes": (
        "$M U$, named",
        "third cumulant, named",
        "first derivative, named",
        "second derivative, named",
    ),
    "the tangent kernel of erf in closed form, for the code": (
        "bell integral",
        "mean of two slopes of erf",
        "determinant",
        "mean of two erfs",
        "mean of two erfs, closed",
        "tilted covariance",
    ),
    "how the bounds of the paper compare": ("growth of the bound", "against the paper"),
    "solved for the width, for the code": ("width condition",),
    "a bound without the logarithm, for one sample": ("mean square",),
    "a sharper bound than that of the paper, by which runs are certified": (
        "square completed",
        "self-bounding weight",
        "certificate",
        "iterations",
    ),
    "gradient descent seen at the samples, for the code": ("step in function space",),
    "the contrast: a recurrent head pays for length": (
        "recurrent derivative",
        "recurrent curvature",
        "geometric recursion",
        "contracting regime",
        "critical regime",
        "expanding regime",
        "kick and cancel",
        "kick and cancel, next token",
    ),
    "an example of a longer input": ("replication",),
}


def derive() -> Derivation:
    """From one head to the bounds."""
    steps = (
        *head_steps(),
        *naming_steps(),
        *constant_steps(),
        *error_function_steps(),
        *linearization_steps(),
    )
    steps += (*concentration_steps(), *descent.descent_steps(), *descent.function_space_steps())
    steps += recurrence.recurrence_steps()
    functions = (*head_functions(), *kernel_functions(), *bound_functions())
    return Derivation((*steps, *length_steps()), functions, STATEMENT, ASIDE)


def constant_steps() -> tuple[Step, ...]:
    """Constants of one head, the same for every number of tokens."""
    share, z, x = (
        sp.Symbol("share", positive=True),
        sp.Symbol("zeta", real=True),
        sp.Symbol("x", real=True),
    )
    mean = HEAD["attention"]
    norms = total(P[t] * X[t, k] ** 2, t, k) - total(mean**2, k)
    two = sp.exp(x) / (sp.exp(x) + sp.exp(-x))
    cube = two * (1 - sp.tanh(x)) ** 3 + (1 - two) * (-1 - sp.tanh(x)) ** 3
    form = sp.Matrix([[0, sigma1], [sigma1, sigma1 * kappa * B]])
    top = max(form.eigenvals(), key=lambda value: value.subs({sigma1: 1, kappa: 1, B: 1}))
    third = -2 * z * (1 - z**2)
    return (
        Step(
            "trace", total(covariance(k, l) * sp.KroneckerDelta(k, l), k, l), norms,
            r"$\operatorname{tr} M = \sum P |X|^2 - |a|^2 \leq 1 - |a|^2$ for tokens in the "
            "unit ball",
            uses=("covariance of the tokens",), kind="derived",
        ),
        Step(
            "two tokens are tanh", two - (1 - two), sp.tanh(x).rewrite(sp.exp),
            r"tokens $1$ and $-1$ with $q = 1$: $a = \tanh W$",
        ),
        Step(
            "third cumulant of two tokens", cube, third.subs(z, sp.tanh(x)),
            r"$-2 \tanh (1 - \tanh^2)$: a law on $-1$ and $1$",
            uses=("third cumulant", "two tokens are tanh"),
        ),
        Step(
            "third cumulant, extremal", KAPPA - third,
            2 * (z + 1 / sp.sqrt(3)) ** 2 * (2 / sp.sqrt(3) - z),
            r"not negative for $|z| < 1$, so at most $4 / (3 \sqrt{3})$, at $z = -1 / \sqrt{3}$",
            uses=("third cumulant of two tokens",),
        ),
        Step(
            "largest gradient", share + (1 - share) * B**2 - (share + (1 - share) ** 2 * B**2),
            share * (1 - share) * B**2,
            r"$|a|^2$ is the share; $|a|^2 + |M U|^2$ lies below a chord, so below $\max(1, B^2)$",
            {share: (0, 1)},
            uses=(
                "tokens-in-ball",
                "bounded-activation", "gradient in $U$", "gradient in $W$", "trace",
            ),
        ),
        Step(
            "largest curvature", top, sigma1 * (kappa * B + sp.sqrt(kappa**2 * B**2 + 4)) / 2,
            r"top eigenvalue of the form $2 |u| |w| + \kappa B |w|^2$, times $\sigma_1$",
            uses=(
                "tokens-in-ball", "bounded-activation", "second derivative",
                "third cumulant, extremal",
            ),
        ),
    )  # fmt: skip


def linearization_steps() -> tuple[Step, ...]:
    """The distance of a network from its linearisation."""
    c0, dc, h0, dh, lin = (array(name, m) for name in ("c0", "dc", "h0", "dh", "lin"))
    network = total((c0[r] + dc[r]) * (h0[r] + dh[r]), r) - total(c0[r] * h0[r], r)
    linear = total(dc[r] * h0[r] + c0[r] * lin[r], r)
    radius = sp.Symbol("radius", positive=True)
    one_head = rho_c / sp.sqrt(m) * L1 * radius / sp.sqrt(m) + L2 * (radius / sp.sqrt(m)) ** 2 / 2
    D0, D1, D2, D3, dv = sp.symbols("D0 D1 D2 D3 delta_c", real=True)

    def along(sign: int) -> sp.Expr:
        step = sign * eps
        return D0 + step * D1 + step**2 * D2 / 2 + step**3 * D3 / 6

    pair = sp.expand((1 + dv * eps) * along(1) + (-1 + dv * eps) * along(-1))
    y = sp.Symbol("y", positive=True)
    paper = linearization(STATED["L1"], STATED["L2"], sp.S.One) * sp.sqrt(m) / B**2
    norms = (STATED["B"] ** 2 / sp.log(m)).subs(m, sp.exp(y**2))
    return (
        Step(
            "linearisation error", network - linear,
            total(dc[r] * dh[r] + c0[r] * (dh[r] - lin[r]), r),
            r"times $\sqrt{m}$: what the tangent at the initial point does not see", kind="derived",
        ),
        Step(
            "linearisation bound", m / sp.sqrt(m) * one_head,
            linearization(L1, L2, sp.Rational(1, 2)).subs(rho_w, sp.sqrt(radius**2 - rho_u**2)),
            r"Lemma 3 with Taylor's $1/2$: $m$ heads, moved by $\rho_c / \sqrt{m}$ and the "
            r"radius over $\sqrt{m}$",
            uses=("linearisation error", "largest gradient", "largest curvature"),
        ),
        Step(
            "pair, third order", pair,
            2 * eps * (dv * D0 + D1) + eps**3 * (D3 / 3 + dv * D2),
            "the two heads of a pair cancel to second order, so at the transported point "
            r"(10) the error is of order $1/m$, not $1/\sqrt{m}$",
            uses=("symmetric-start",), kind="derived",
        ),
        Step(
            "growth of the bound", large_limit(paper, B) * large_limit(norms, y),
            2 * sigma2 * (rho_u**2 + rho_w**2),
            r"$\sqrt{m} / \log m$ times the paper's bound: it grows like $B^2 / \sqrt{m}$, "
            r"$B^2$ like $2 \log m$ ($m = \exp(y^2)$)",
            uses=("linearisation bound",),
        ),
    )  # fmt: skip


def length_steps() -> tuple[Step, ...]:
    """The number of tokens enters nothing."""
    (copy,) = indices("copy", size("copies"))
    logits = total(X[t, i] * eta[i], i)
    once = total(sp.exp(logits) * X[t, k], t) / total(sp.exp(logits), t)
    often = total(sp.exp(logits) * X[t, k], t, copy) / total(sp.exp(logits), t, copy)
    room = total(P[t] * (1 - total(X[t, k] ** 2, k)), t)
    spread = head.attention(k) * head.attention(l) + covariance(k, l)
    return (
        Step(
            "no length in the variance",
            1 - total(spread * sp.KroneckerDelta(k, l), k, l),
            head.normalised(room),
            r"$1 - |a|^2 - \operatorname{tr} M$ is the mean of $1 - |X_t|^2$, not negative, "
            "for every number of tokens: the weights sum to one",
            uses=("tokens-in-ball", "trace", "largest gradient", "largest curvature"),
            kind="identity",
        ),
        Step(
            "replication",
            canonical(often),
            canonical(once),
            "every token repeated: nothing changes, at any length",
            kind="derived",
        ),
    )


def kernel_functions() -> tuple[Function, ...]:
    """The tangent kernel given W, activation erf."""
    M = array("M", d, d, symmetric=True, meaning="token covariance under P")
    M2 = array("M2", d, d, symmetric=True, meaning="that of another input")
    q2 = array("q2", d, meaning="query of another input")
    inner = total(M[i, j] * M2[j, k] * tilted(k, i), i, j, k)
    queries = sp.Symbol("queries", real=True)
    kernel = mean_of_values() + mean_of_slopes().subs(DETERMINANT, D) * (
        ab + queries * canonical(inner)
    )
    return (
        Function(
            define("erf_kernel_given_weights", (), kernel), (a, a2, M, M2, q, q2),
            "Tangent kernel K_c + K_u + K_w of two inputs given W, mean over U, activation erf.",
            "arXiv:2601.16514, Lemma 4; closed form derived here: a, a2 are the attention of two "
            "inputs, M, M2 their token covariances, q, q2 their queries.",
            definitions=(
                define(aa, (), total(a[i] ** 2, i)),
                define(bb, (), total(a2[i] ** 2, i)),
                define(ab, (), total(a[i] * a2[i], i)),
                define(queries, (), total(q[i] * q2[i], i)),
                define(D, (), DETERMINANT),
            ),
        ),
    )  # fmt: skip


def bound_functions() -> tuple[Function, ...]:
    """Terms of the bounds, and the constants in them."""
    paper = "arXiv:2601.16514"
    state, slope = recurrence.recurrent_step()
    bound = linearization(STATED["L1"], STATED["L2"], sp.S.One).subs(B, STATED["B"])
    sharp = linearization(STATED["L1 sharp"], STATED["L2 derived"], sp.Rational(1, 2))
    return (
        Function(
            define("approximation_bound", (), error_bound()), (n, m, delta, b),
            "Approximation error at the transported point, with probability 1 - delta.",
            f"{paper}, Lemma 5 for n samples and m heads; the constant 4 is derived here for m/2 "
            "independent pairs (the paper has 2 sqrt(2)); b = sigma0 nu_c + sigma1 (nu_u + nu_w).",
        ),
        Function(
            define("required_width", (), sp.ceiling(width_condition())),
            (n, eps, delta, b),
            "Smallest number of heads whose approximation bound is at most epsilon.",
            f"{paper}, Lemma 5, solved for m; logarithmic in the number n of samples.",
        ),
        Function(
            define("linearization_bound", (), bound),
            (m, d, delta, rho_c, rho_u, rho_w, sigma1, sigma2),
            "Linearisation error over the projection set, with probability 1 - delta.",
            f"{paper}, Lemmas 2 and 3 with the paper's constants; B bounds the norms of all U.",
        ),
        Function(
            define("sharp_linearization_bound", (), sharp.subs(kappa, KAPPA)),
            (m, B, rho_c, rho_u, rho_w, sigma1, sigma2),
            "Linearisation error over the projection set, for |U| <= B.",
            "Derived here: constants below the paper's, and the 1/2 of Taylor's theorem.",
        ),
        Function(
            define("lipschitz_constant", (), STATED["L1 sharp"]), (B, sigma1),
            "Largest gradient of a head for |U| <= B, for every number of tokens.",
            "Derived here; the paper has sigma1 sqrt(1 + B^2).",
        ),
        Function(
            define("smoothness_constant", (), STATED["L2 derived"].subs(kappa, KAPPA)),
            (B, sigma1, sigma2),
            "Bound of the second derivative of a head for |U| <= B, for every number of tokens.",
            "Derived here, not attained; the paper has sigma2 (1 + B^2) + 8 sigma1 sqrt(1 + B^2).",
        ),
        Function(
            define("certificate", (), descent.certificate()),
            (descent.distance2, descent.rate, descent.steps, descent.defect2),
            "Bound of the mean loss over a run of projected gradient descent.",
            "Derived here, for steps of at most 1 / (4 Gamma^2); distance2 to the comparison "
            "point, defect2 the mean square of <grad f_j, phi - star> - r_j, over the run.",
        ),
        Function(
            define("training_bound", (), descent.theorem_bound()),
            (descent.distance2, descent.R, descent.Gamma, descent.steps, descent.worst),
            "Bound of the mean loss over a run at step 1 / sqrt(steps): Theorem 1.",
            f"{paper}, Theorem 1, with constants: R = sup |f - y|, Gamma = sup |grad f|, worst the "
            "sum of the approximation, linearisation and change-of-features errors.",
        ),
        Function(
            define("residual_step", (descent.j,), descent.residual_after()),
            (descent.K, descent.r, descent.rate),
            "Residuals at the samples after one step of gradient descent on the linearisation.",
            "Derived here, from the model and the loss; K is the tangent kernel at the samples.",
        ),
        Function(
            (define("state", (), state), define("derivative", (), slope)),
            (recurrence.h, recurrence.gradient, recurrence.w, recurrence.z),
            "State of a recurrent head and its derivative in w, after one more token.",
            "The contrast: h_t = tanh(w h_(t-1) + z_t); derived from the model.",
            name="recurrent_step",
        ),
        Function(
            define("kick_and_cancel_gradient", (), recurrence.kick_and_cancel()),
            (recurrence.w, recurrence.norm, recurrence.length),
            "Derivative in w of a recurrent head for inputs that cancel its state after one token.",
            "Derived here; |w| > 1 makes it exponential in the length.",
        ),
    )  # fmt: skip


theorem = Theorem(
    title="Gradient descent on a shallow transformer needs width log n and pays nothing for length",
    statement=(
        r"Let $m$ heads with symmetric initialisation be trained by projected gradient descent "
        r"with step $1/\sqrt{\tau}$ on $n$ samples of $T$ tokens in the unit ball, with noiseless "
        r"labels from the transportation class. With probability $1 - \delta - \delta'$, the "
        r"smallest training error over $\tau$ steps is at most a constant, which depends on "
        r"activation and radii alone, times $L_1^4/\sqrt{\tau} + L_1 (B_{\mathrm{app}} + "
        r"B_{\mathrm{lin}} + (L_1 + L_2)/\sqrt{m})$, the last for the change of features: $n$ "
        r"enters by $\log n$ in $B_{\mathrm{app}}$, and $T$ enters nowhere."
    ),
    equations=(
        sp.Eq(a[k], HEAD["attention"], evaluate=False),
        sp.Eq(L1, STATED["L1"], evaluate=False),
        sp.Eq(L2, STATED["L2"], evaluate=False),
        sp.Eq(B, STATED["B"], evaluate=False),
        sp.Eq(B_app, APPROXIMATION["error in the paper"], evaluate=False),
        sp.Eq(B_lin, linearization(L1, L2, sp.S.One), evaluate=False),
    ),
    reference="Arda, Cayci, Eryilmaz, Finite-Time Analysis of Gradient Descent for Shallow "
    "Transformers, AISTATS 2026, arXiv:2601.16514, Theorem 1 and Lemmas 1 to 5",
    source=Source.QUOTED,
    source_note=(
        "Model, lemmas and Theorem 1 were read in the main text of version 1; its appendices "
        "and proofs were not at hand. The abstract of version 2 (2 April 2026) no longer says that "
        "the rates are confirmed by experiments; it says that transformers are compared with "
        "recurrent networks. Reconstructed here: the cumulant form and its "
        "constants, the sub-Gaussian constant (Lemma 5 needs more than Hoeffding, as the "
        r"features in $W$ are not bounded; for $m/2$ independent pairs it is $\sqrt{2}$ "
        "larger than the paper's), the proof of Theorem 1 with its constants, the "
        "self-bounding certificate, the closed kernel for erf, and the recurrent head, for "
        "which only abstract-level statements of arXiv:2402.12241 were at hand."
    ),
    assumptions=(
        Assumption("tokens-in-ball", "Tokens and queries have norm at most one."),
        Assumption("bounded-activation", "The activation has two derivatives; all are bounded."),
        Assumption("realisable", "Labels are noiseless values of a bounded transport."),
        Assumption("radii", "Each radius of the projection set is at least that of the target."),
        Assumption(
            "symmetric-start",
            "Heads come in pairs with equal $U$, $W$ and opposite signs.",
        ),
        Assumption("step-size", r"$1/\sqrt{\tau}$; for the certificate at most $1/(4 \Gamma^2)$."),
    ),
    rate=Rate(  # L_1^2 and L_2 grow like log m
        sp.log(m) ** 2 / sp.sqrt(tau)
        + sp.sqrt(sp.log(m)) * sp.sqrt(sp.log(n)) / sp.sqrt(m)
        + sp.log(m) ** sp.Rational(3, 2) / sp.sqrt(m),
        Kind.UPPER_BOUND,
    ),
    derive=derive,
    coverage=COVERAGE,
    found=FOUND,
)  # fmt: skip
