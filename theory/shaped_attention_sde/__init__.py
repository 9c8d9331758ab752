r"""Shaped attention at proportional depth and width has a covariance SDE as its limit.

Main statement: for the shaped transformer of depth d and width n with d / n -> T, the Gram
matrix V = X X^T / n of its m tokens, taken at layer floor(t n), converges in law to the solution
of an SDE. Its drift and covariance, ``STATED``, are the paper's; the finite model, ``layer``, is
data, and the drift and covariance are computed from it. The steps prove that both agree.

References: Noci et al., The Shaped Transformer, NeurIPS 2023, arXiv:2306.17759; Li, Nica, Roy,
The Neural Covariance SDE, 2022, arXiv:2206.02768.
"""

from functools import cache

import sympy as sp

from theory.calculus.expansion import continued, large_limit, leading, taylor, truncate
from theory.calculus.gaussian import covariance, expectation
from theory.calculus.indices import (
    array,
    canonical,
    contract_pairs,
    contract_rows,
    indices,
    instantiate,
    size,
    substitute,
    total,
    unfold,
)
from theory.codegen.function import Cholesky, Definition, Function, Output
from theory.language import Assumption, Derivation, Source, Step, Theorem

# Symbols. The width n is split evenly over the heads: a column is a pair (head, i).
m, heads, w, n_k = size("m"), size("heads"), size("w"), size("n_k")
n = heads * w
gamma, tau0, eps = sp.symbols("gamma tau0 epsilon", positive=True)
c_plus, c_minus = sp.symbols("c_plus c_minus", real=True)
of_attention, of_mlp = sp.symbols("G_attention G_MLP", real=True)
lam = sp.sqrt(1 - gamma**2)
al, be, de, om, nu, ka = indices("alpha beta delta omega nu kappa", m)
h, g, f = indices("h g f", heads)
i, j = indices("i j", w)
(c,) = indices("c", n_k)
V = array("V", m, m, symmetric=True)
M, L, dG, dZ = (array(name, m, m) for name in ("M", "L", "dG", "dZ"))
X = array("X", m, heads, w)
W, W1, W2 = (array(name, heads, w, heads, w) for name in ("W", "W1", "W2"))
WQ, WK = array("WQ", heads, heads, w, n_k), array("WK", heads, heads, w, n_k)
A, Y = array("A", heads, m, m), array("Y", heads, m, m)
b, S1 = array("b", m, m), array("S1", m, m)
S2, Sigma = array("S2", m, m, m, m), array("Sigma", m, m, m, m)

# What the paper states, for an averaging matrix M with rows summing to one (M = 1/m there).
_mean = {a: total(M[a, nu] * V[nu, nu], nu) for a in (al, de)}


def _to_mean(x: sp.Idx, a: sp.Idx) -> sp.Expr:
    """The covariance of token x with the average that token a attends to."""
    return total(M[a, nu] * V[nu, x], nu)


def _between_means(a: sp.Idx, d: sp.Idx) -> sp.Expr:
    return total(M[a, nu] * M[d, ka] * V[nu, ka], nu, ka)


STATED = {
    S1[al, be]: M[al, be] * V[al, al] / 2
    * (V[be, be] - 2 * _to_mean(be, al) + 2 * _between_means(al, al) - _mean[al]),
    S2[al, be, de, om]: M[al, be] * M[de, om] * V[al, de]
    * (V[be, om] - _to_mean(be, de) - _to_mean(om, al) + _between_means(al, de)),
    b[al, be]: gamma**2 / tau0**2
    * (
        total(V[nu, ka] * S2[al, nu, be, ka], nu, ka)
        + total(V[be, nu] * S1[al, nu] + V[al, nu] * S1[be, nu], nu)
    ),
    Sigma[al, be, de, om]: gamma**2 * (2 - gamma**2)
    * (V[al, de] * V[be, om] + V[al, om] * V[be, de])
    + gamma**4 / (heads * tau0**2)
    * total(
        V[al, ka] * V[de, nu] * S2[be, ka, om, nu] + V[al, ka] * V[om, nu] * S2[be, ka, de, nu]
        + V[be, ka] * V[de, nu] * S2[al, ka, om, nu] + V[be, ka] * V[om, nu] * S2[al, ka, de, nu],
        nu, ka,
    ),
}  # fmt: skip


def stated(entry: sp.Indexed) -> sp.Expr:
    """A stated formula with S1 and S2 written out."""
    full = unfold(STATED[entry], S2, (al, be, de, om), STATED[S2[al, be, de, om]])
    return unfold(full, S1, (al, be), STATED[S1[al, be]])


# Finite model: one layer; all weights are independent N(0, 1), fresh in every layer.
def logits(head: sp.Idx, a: sp.Idx, d: sp.Idx) -> sp.Expr:
    """Y = X WQ WK^T X^T / n, for one head."""
    keys = instantiate(total(WK[h, f, j, c] * X[be, f, j], f, j), {h: head, be: d})
    return total(X[a, g, i] * WQ[head, g, i, c] * keys, g, i, c) / n


def shaped(head: sp.Idx, a: sp.Idx, d: sp.Idx) -> sp.Expr:
    """A = I + softmax(Y / tau) - M with 1 / tau = eps; M is the softmax of zero logits."""
    weight = M[a, d] * sp.exp(eps * Y[head, a, d])
    normaliser = total(M[a, nu] * sp.exp(eps * Y[head, a, nu]), nu)
    return sp.KroneckerDelta(a, d) + weight / normaliser - M[a, d]


def layer(a: sp.Idx, head: sp.Idx, column: sp.Idx) -> sp.Expr:
    """X' = lambda X + gamma A X W / sqrt(n), values of the heads side by side."""
    mixed = total(A[head, a, nu] * X[nu, g, j] * W[g, j, head, column], nu, g, j)
    return lam * X[a, head, column] + gamma / sp.sqrt(n) * mixed


def gram(a: sp.Idx, d: sp.Idx) -> sp.Expr:
    """V' = X' X'^T / n."""
    return total(layer(a, h, i) * layer(d, h, i), h, i) / n


def in_terms_of_V(expression: sp.Expr) -> sp.Expr:
    """X X^T = n V."""
    return contract_pairs(expression, X, V, n)


def softmax_coefficients() -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """B = A - I to second order in 1 / tau: its coefficients of order 0, 1, 2."""

    def rows_sum_to_one(expression: sp.Expr) -> sp.Expr:
        return expression.replace(
            lambda e: isinstance(e, sp.Sum) and isinstance(e.function, sp.Indexed)
            and e.function.base == M,
            lambda _: sp.S.One,
        )  # fmt: skip

    B = shaped(h, al, be) - sp.KroneckerDelta(al, be)
    zero, one, two = taylor(B, eps, 3, rows_sum_to_one).coefficients
    return tuple(contract_rows(order, M) for order in (zero, one, two))


def mean_over_logits(expression: sp.Expr) -> sp.Expr:
    """E over WQ, WK of a polynomial in Y and eps, with eps^2 = 1 / (tau0^2 n n_k)."""
    explicit = substitute(expression, Y, (h, al, be), logits(h, al, be))
    mean = in_terms_of_V(expectation(explicit, {WQ: 1, WK: 1}))
    return canonical(mean.subs(eps, 1 / (tau0 * sp.sqrt(n * n_k))))


def with_weak_attention(expression: sp.Expr, order: int) -> sp.Expr:
    """A = I + eps B1 + eps^2 B2 put into a polynomial in A, cut at an order in eps."""
    kept = softmax_coefficients()[:order]
    expansion = sp.KroneckerDelta(al, be) + sp.Add(*(eps**k * B for k, B in enumerate(kept)))
    return truncate(substitute(expression, A, (h, al, be), expansion), eps, order)


def limit_per_layer(expression: sp.Expr) -> sp.Expr:
    """n times a quantity of one layer, as n grows: time is layer index / width."""
    return leading(n * expression, w)


@cache
def attention_moments() -> tuple[sp.Expr, sp.Expr, sp.Expr, sp.Expr]:
    """Drift, covariance given A, covariance of the mean given A, first-order increment."""
    given_A = in_terms_of_V(expectation(gram(al, be), {W: 1}))
    drift = mean_over_logits(with_weak_attention(given_A - V[al, be], 3))
    spread = covariance(gram(al, be), gram(de, om), {W: 1})
    values = in_terms_of_V(with_weak_attention(spread, 1))
    first = canonical(with_weak_attention(given_A, 2) - V[al, be])
    squares = mean_over_logits(first * instantiate(first, {al: de, be: om}))
    return limit_per_layer(drift), limit_per_layer(values), limit_per_layer(squares), first


def noise() -> sp.Expr:
    """A linear map of Gaussian matrices with the covariance of the increment.

    The values' part is proportional to L (dG + dG^T) L^T. In the logits' part the mean over heads
    of Y eps sqrt(n) has the law of L dZ L^T / (tau0 sqrt(heads)), with V = L L^T.
    """
    _, values, _, first = attention_moments()
    weight = sp.factor(values.coeff(V[al, de] * V[be, om]))
    factor = total(L[al, nu] * (dG[nu, ka] + dG[ka, nu]) * L[be, ka], nu, ka)
    mean_logits = total(L[al, nu] * dZ[nu, ka] * L[be, ka], nu, ka) / (tau0 * sp.sqrt(heads))
    attention = substitute(first.subs(eps, 1), Y, (h, al, be), mean_logits)
    return sp.sqrt(weight / 2) * factor + attention


# Shaped MLP: sigma_s(x) = s_plus max(x, 0) + s_minus min(x, 0) with s = 1 + c / sqrt(n).
rho, phi = sp.Symbol("rho", real=True), sp.Symbol("phi", positive=True)
theta, radius, width = sp.symbols("theta r n", positive=True)


@cache
def arc_cosine() -> sp.Expr:
    """E[max(x, 0) max(y, 0)], unit Gaussians with correlation rho = cos(phi), in polar form."""
    radial = sp.integrate(radius**3 * sp.exp(-(radius**2) / 2), (radius, 0, sp.oo))
    product = sp.expand_trig(sp.cos(theta) * sp.cos(theta - phi))
    angular = sp.integrate(product, (theta, phi - sp.pi / 2, sp.pi / 2))
    polar = sp.expand_trig(radial * angular / (2 * sp.pi))
    return sp.expand(
        polar.subs({sp.sin(phi): sp.sqrt(1 - rho**2), sp.cos(phi): rho, phi: sp.acos(rho)})
    )


@cache
def shaped_activation() -> tuple[sp.Expr, sp.Expr]:
    """E[sigma_s(x) sigma_s(y)], and the c that makes c E[sigma_s(x)^2] one."""
    s_plus, s_minus = (1 + c_ / sp.sqrt(width) for c_ in (c_plus, c_minus))
    same, opposite = (
        arc_cosine(),
        arc_cosine().subs(rho, -rho).subs(sp.acos(-rho), sp.pi - sp.acos(rho)),
    )
    second = (s_plus**2 + s_minus**2) * same - 2 * s_plus * s_minus * opposite
    return second, 1 / sp.expand(second.subs(rho, 1))


@cache
def nu_of_rho() -> sp.Expr:
    """What the shaped ReLU adds to the correlation per layer / width."""
    second, scale = shaped_activation()
    return sp.factor(large_limit(width * (scale * second - rho), width))


@cache
def mlp_spread() -> sp.Expr:
    """Covariance of the increment of a residual MLP; to leading order sigma_s is the identity."""

    def block(a: sp.Idx, head: sp.Idx, column: sp.Idx) -> sp.Expr:
        hidden = total(X[a, g, j] * W1[g, j, f, i], g, j) / sp.sqrt(n)
        out = total(instantiate(hidden, {}) * W2[f, i, head, column], f, i) / sp.sqrt(n)
        return lam * X[a, head, column] + gamma * out

    def after(a: sp.Idx, d: sp.Idx) -> sp.Expr:
        k, q = indices("k", heads)[0], indices("q", w)[0]
        return total(block(a, k, q) * block(d, k, q), k, q) / n

    both = {W1: 1, W2: 1}
    return limit_per_layer(in_terms_of_V(covariance(after(al, be), after(de, om), both)))


R = array("rho", m, m)
correlation = Definition(R, (al, be), V[al, be] / sp.sqrt(V[al, al] * V[be, be]))


def drift_of_mlp() -> sp.Expr:
    """gamma^2 nu(rho) sqrt(V V), continued beyond rho = -1 and 1 by its tangents."""
    nu_everywhere = continued(nu_of_rho(), rho, sp.S.NegativeOne, sp.S.One)
    return gamma**2 * nu_everywhere.subs(rho, R[al, be]) * sp.sqrt(V[al, al] * V[be, be])


def derive() -> Derivation:
    """From the layer to the SDE."""
    drift, values, squares, _ = attention_moments()
    spread = canonical(values + squares)
    return Derivation(
        steps=(
            *attention_steps(drift, values, squares), *noise_steps(spread), *mlp_steps(),
            *block_steps(),
        ),
        functions=(
            Function(
                "attention_drift", (V, M, gamma, tau0), Output(drift, (al, be)),
                "Drift of the Gram matrix V of m tokens, per unit time t = layer / width.",
                "Noci et al. 2023 (arXiv:2306.17759), drift of the covariance SDE; derived from "
                "one layer. M is the averaging matrix of the softmax, rows sum to one.",
            ),
            Function(
                "attention_covariance", (V, M, gamma, tau0, heads),
                Output(spread, (al, be, de, om)),
                "Covariance of the increments of V, per unit time t = layer / width.",
                "Noci et al. 2023 (arXiv:2306.17759), Sigma; values and logits together; heads "
                "concatenated.",
            ),
            Function(
                "noise_increment", (V, M, gamma, tau0, heads, dG, dZ),
                Output(canonical(noise()), (al, be)),
                "Noise of V for independent Gaussian matrices dG, dZ: no root of a covariance.",
                "Derived here: its covariance is attention_covariance, times the variance of the "
                "entries of dG and dZ (the time step).",
                definitions=(Definition(L, (al, be), Cholesky(V)),),
            ),
            Function(
                "mlp_drift", (V, c_plus, c_minus, gamma), Output(drift_of_mlp(), (al, be)),
                "Drift of V from a residual shaped ReLU layer, per unit time t = layer / width.",
                "Li, Nica, Roy 2022 (arXiv:2206.02768); the printed sign of rho arccos(rho) in the "
                "lecture notes is wrong, derived here.",
                definitions=(correlation,),
            ),
            Function(
                "mlp_covariance", (V, gamma), Output(mlp_spread(), (al, be, de, om)),
                "Covariance of the increments of V from a residual shaped MLP, per unit time.",
                "Derived here; hidden width equal to the width.",
            ),
        ),
    )  # fmt: skip


def attention_steps(drift: sp.Expr, values: sp.Expr, squares: sp.Expr) -> tuple[Step, ...]:
    """The attention part, against what the paper states."""
    _, one, two = softmax_coefficients()
    pair = Y[h, al, be] * Y[g, de, om]
    again = instantiate(one, {al: de, be: om})
    from_values, from_logits = stated(Sigma[al, be, de, om]).args
    return (
        Step(
            "covariance of the logits", tau0**2 * n * mean_over_logits(eps**2 * pair),
            sp.KroneckerDelta(g, h) * V[al, de] * V[be, om],
            "Isserlis over W_Q and W_K: the covariance of the logits, times tau0^2 n / tau^2; "
            "exact for every key dimension",
        ),
        Step(
            "attention mean", tau0**2 * limit_per_layer(mean_over_logits(eps * one + eps**2 * two)),
            STATED[S1[al, be]], "softmax to second order in 1 / tau, mean over the logits: S1",
        ),
        Step(
            "attention covariance", tau0**2 * n * mean_over_logits(eps**2 * one * again),
            sp.KroneckerDelta(h, h) * STATED[S2[al, be, de, om]],
            "the first order of the softmax is linear in the logits: S2",
        ),
        Step(
            "drift", drift, stated(b[al, be]),
            "mean over the values, then over the logits: gamma^2 E[B V + V B^T + B V B^T]",
        ),
        Step(
            "values", values, from_values,
            "2 lambda^2 gamma^2 from the cross term and gamma^4 from the square of the values",
        ),
        Step(
            "logits", squares, from_logits,
            "gamma^4 Cov(B V + V B^T): H independent heads average it by 1 / H",
        ),
    )  # fmt: skip


def noise_steps(spread: sp.Expr) -> tuple[Step, ...]:
    """The factor has the covariance of the increment."""
    left, right = noise(), instantiate(noise(), {al: de, be: om})
    mean = expectation(left * right, {dG: 1, dZ: 1})
    return (
        Step(
            "noise factor", contract_pairs(mean, L, V, sp.S.One), spread,
            "L L^T = V: the covariance of the noise factor is that of the increment",
        ),
    )  # fmt: skip


def mlp_steps() -> tuple[Step, ...]:
    """The shaped MLP."""
    second, scale = shaped_activation()
    bracket = (c_plus - c_minus) ** 2 * (sp.sqrt(1 - rho**2) - rho * sp.acos(rho)) / (2 * sp.pi)
    inside = {rho: (-1, 1), width: (1, 100)}
    return (
        Step(
            "one layer, exact", width * (scale * second - rho), scale * bracket,
            "the shaped ReLU at finite width: no limit is taken", inside,
        ),
        Step("nu", nu_of_rho(), bracket, "c tends to one: nu(rho), with a minus", inside),
        Step(
            "residual MLP", mlp_spread(),
            2 * gamma**2 * (V[al, de] * V[be, om] + V[al, om] * V[be, de]),
            "gamma^2 (2 - gamma^2) from the outer weights, gamma^4 from the inner ones",
        ),
    )  # fmt: skip


def block_steps() -> tuple[Step, ...]:
    """Attention, then the MLP: a layer acts on functions of V as 1 + generator / n + O(n^-2).

    Nothing else of the model enters: to the order of the limit any two layers add up, in either
    order, so that the symbols may stand for operators that do not commute.
    """
    both = (1 + of_attention / width) * (1 + of_mlp / width)
    return (
        Step(
            "block", large_limit(width * (both - 1), width), of_attention + of_mlp,
            "the expectation over the MLP given attention, then over attention: drift and "
            "covariance of the block are the sums",
        ),
    )  # fmt: skip


theorem = Theorem(
    title="Shaped attention has a covariance SDE as its limit",
    statement=(
        "Let depth d and width n grow with d / n -> T, for fixed m tokens with a positive "
        "definite Gram matrix. The Gram matrix V = X X^T / n of the tokens, taken at layer "
        "floor(t n), converges in law, locally (stopped at exits from compact sets), to the "
        "solution of dV = b(V) dt + Sigma(V)^(1/2) dB."
    ),
    equations=tuple(sp.Eq(left, right, evaluate=False) for left, right in STATED.items()),
    reference="Noci et al., The Shaped Transformer, NeurIPS 2023, arXiv:2306.17759; Li, Nica, Roy, "
    "The Neural Covariance SDE, 2022, arXiv:2206.02768",
    source=Source.RECONSTRUCTED,
    source_note=(
        "The form of S1, S2, b and Sigma is remembered from the paper, whose text was not at hand, "
        "for uniform averages (M = 1/m) and one head; the general averaging matrix (causal masks), "
        "the heads factor and the noise factor are ours. The MLP part follows lecture notes on Li, "
        "Nica, Roy with the sign of rho arccos(rho) corrected."
    ),
    notation={
        V: "Gram matrix of the tokens, X X^T / n, m by m",
        M: "averaging matrix: what the softmax of zero logits attends to; rows sum to one",
        b: "drift per unit time; one unit of time is n layers",
        Sigma: "covariance of the increments of V per unit time",
        S1: "mean of A - I, times n tau0^2", S2: "covariance of A - I, times n tau0^2",
        m: "number of tokens", gamma: "weight of the branch; the residual has sqrt(1 - gamma^2)",
        tau0: "temperature: tau = tau0 sqrt(n n_k)", heads: "number of heads H",
        L: "Cholesky factor of V", dG: "m by m Gaussian matrix, from the values",
        dZ: "m by m Gaussian matrix, from the logits",
        c_plus: "shape of the ReLU on the right: slope 1 + c_plus / sqrt(n)",
        c_minus: "shape of the ReLU on the left: slope 1 + c_minus / sqrt(n)",
        rho: "correlation of two tokens", width: "width n",
        of_attention: "generator of the SDE of attention, applied to a function of V",
        of_mlp: "generator of the SDE of the MLP, applied to a function of V",
    },
    assumptions=(
        Assumption("positive-definite-start", "V_0 is positive definite."),
        Assumption("rows-sum-to-one", "The averaging matrix has rows that sum to one."),
        Assumption("gaussian-weights", "All weights are independent N(0, 1), fresh in each layer."),
        Assumption("fixed-branch-weight", "gamma in (0, 1] and tau0 do not depend on the width."),
    ),
    rate=None,
    derive=derive,
)  # fmt: skip
