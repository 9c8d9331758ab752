r"""Shaped attention at proportional depth and width has a covariance SDE as its limit.

Main statement: for the shaped transformer of depth d and width n with d / n -> T, the Gram
matrix V = X X^T / n of its m tokens, taken at layer floor(t n), converges in law to the solution
of an SDE. Its drift and covariance, ``STATED``, are the paper's; the finite model, ``layer``, is
data, and the limit compiler derives drift and covariance from it. The steps prove that both agree.

References: Noci et al., The Shaped Transformer, NeurIPS 2023, arXiv:2306.17759; Li, Nica, Roy,
The Neural Covariance SDE, 2022, arXiv:2206.02768.
"""

from functools import cache

import sympy as sp

from theory import layers
from theory.calculus.expansion import continued, large_limit
from theory.calculus.gaussian import expectation
from theory.calculus.indices import (
    Cholesky,
    array,
    canonical,
    contract_pairs,
    define,
    indices,
    size,
    symbol,
    total,
    unfold,
)
from theory.codegen.function import Function
from theory.language import Assumption, Derivation, Source, Step, Theorem
from theory.layers import Array, Layer
from theory.limits.entries import covariance_at, drift_at, sde_of
from theory.shaped_attention_sde.coverage import COVERAGE, FOUND

# Symbols. The width n is split evenly over the heads: a column is a pair (head, i).
m = size("m", "number of tokens")
heads = size("heads", "number of heads H", latex=r"H")
w = size("w")
n_k = size("n_k")
n = heads * w
gamma = symbol(
    "gamma",
    meaning=r"weight of the branch; the residual has $\sqrt{1 - \gamma^2}$",
    positive=True,
)
tau0 = symbol("tau0", meaning=r"temperature: $\tau = \tau_0 \sqrt{n n_k}$", positive=True)
c_plus = symbol(
    "c_plus",
    latex=r"c_+",
    meaning=r"shape of the ReLU on the right: slope $1 + c_+/\sqrt{n}$",
    real=True,
)
c_minus = symbol(
    "c_minus",
    latex=r"c_-",
    meaning=r"shape of the ReLU on the left: slope $1 + c_-/\sqrt{n}$",
    real=True,
)
of_attention = symbol(
    "G_attention",
    latex=r"G_{\mathrm{attn}}",
    meaning="generator of the SDE of attention, applied to a function of V",
    real=True,
)
of_mlp = symbol(
    "G_MLP",
    latex=r"G_{\mathrm{MLP}}",
    meaning="generator of the SDE of the MLP, applied to a function of V",
    real=True,
)
lam = sp.sqrt(1 - gamma**2)
al, be, de, om, nu, ka = indices("alpha beta delta omega nu kappa", m)
h, g = indices("h g", heads)
V = array("V", m, m, meaning=r"Gram matrix of the tokens, $X X^\top/n$, $m$ by $m$", symmetric=True)
M = array(
    "M",
    m,
    m,
    meaning="averaging matrix: what the softmax of zero logits attends to; rows sum to one",
)
L = array("L", m, m, meaning="Cholesky factor of V")
dG = array("dG", m, m, latex=r"\mathrm{d}G", meaning="m by m Gaussian matrix, from the values")
dZ = array("dZ", m, m, latex=r"\mathrm{d}Z", meaning="m by m Gaussian matrix, from the logits")
b = array("b", m, m, meaning="drift per unit time; one unit of time is n layers")
S1 = array("S1", m, m, meaning=r"mean of $A - I$, times $n \tau_0^2$")
S2 = array("S2", m, m, m, m, meaning=r"covariance of $A - I$, times $n \tau_0^2$")
Sigma = array("Sigma", m, m, m, m, meaning="covariance of the increments of V per unit time")

# What the paper states, for an averaging matrix M with rows summing to one (M = 1/m there).
_mean = {a: total(M[a, nu] * V[nu, nu], nu) for a in (al, de)}


def _to_mean(x: sp.Idx, a: sp.Idx) -> sp.Expr:
    """The covariance of token x with the average that token a attends to."""
    return total(M[a, nu] * V[nu, x], nu)


def _between_means(a: sp.Idx, d: sp.Idx) -> sp.Expr:
    return total(M[a, nu] * M[d, ka] * V[nu, ka], nu, ka)


MEAN = define(
    S1, (al, be),
    M[al, be] * V[al, al] / 2
    * (V[be, be] - 2 * _to_mean(be, al) + 2 * _between_means(al, al) - _mean[al]),
)  # fmt: skip
COVARIANCE = define(
    S2, (al, be, de, om),
    M[al, be] * M[de, om] * V[al, de]
    * (V[be, om] - _to_mean(be, de) - _to_mean(om, al) + _between_means(al, de)),
)  # fmt: skip
DRIFT = define(
    b, (al, be),
    gamma**2 / tau0**2
    * (
        total(V[nu, ka] * S2[al, nu, be, ka], nu, ka)
        + total(V[be, nu] * S1[al, nu] + V[al, nu] * S1[be, nu], nu)
    ),
)  # fmt: skip
SPREAD = define(
    Sigma, (al, be, de, om),
    gamma**2 * (2 - gamma**2) * (V[al, de] * V[be, om] + V[al, om] * V[be, de])
    + gamma**4 / (heads * tau0**2)
    * total(
        V[al, ka] * V[de, nu] * S2[be, ka, om, nu] + V[al, ka] * V[om, nu] * S2[be, ka, de, nu]
        + V[be, ka] * V[de, nu] * S2[al, ka, om, nu] + V[be, ka] * V[om, nu] * S2[al, ka, de, nu],
        nu, ka,
    ),
)  # fmt: skip
STATED = (MEAN, COVARIANCE, DRIFT, SPREAD)


# Finite model: one layer; all weights are independent N(0, 1), fresh in every layer. A token has a
# column (head, i) of its state; ``Y`` and ``Z`` add up what logits and attention do over layers.
def through(weights: Array) -> Array:
    """X times weights from all columns of a token to those of each head."""
    return layers.sum(TOKENS @ weights, 1)


TOKENS = layers.state("X", heads, m, w)
ADDED_LOGITS, ADDED_WEIGHTS = (layers.state(name, heads, m, m) for name in ("Y", "Z"))
W, W1, W2 = (layers.gaussian(name, heads, heads, w, w) for name in ("W", "W1", "W2"))
WQ, WK = (layers.gaussian(name, heads, heads, w, n_k) for name in ("WQ", "WK"))
AVERAGE = layers.fixed("M", m, m, rows_sum_to_one=True)
LOGITS = through(WQ) @ through(WK).T / n / (tau0 * layers.sqrt(n * n_k))
SHAPED = layers.softmax(LOGITS, AVERAGE) - AVERAGE  # plus the identity, by which values stay
GRAM = layers.sum(TOKENS @ TOKENS.T, 0) / n
SCALING = {w: layers.N, n_k: n_k, heads: heads}
VALUES = through(W) / layers.sqrt(n)

layer = Layer(
    "shaped attention",
    step={
        TOKENS: lam * TOKENS + gamma * (VALUES + SHAPED @ VALUES),
        ADDED_LOGITS: ADDED_LOGITS + LOGITS,
        ADDED_WEIGHTS: ADDED_WEIGHTS + SHAPED,
    },
    watch={"V": GRAM, "Y": ADDED_LOGITS, "Z": ADDED_WEIGHTS},
    scaling=SCALING,
    steps=heads * layers.N,
)
mlp = Layer(
    "residual MLP of slope one",  # to leading order sigma_s is the identity
    step={
        TOKENS: lam * TOKENS
        + gamma * layers.sum((through(W1) / layers.sqrt(n)) @ W2, 1) / layers.sqrt(n)
    },
    watch={"V": GRAM},
    scaling=SCALING,
    steps=heads * layers.N,
)


def mean_of(name: str, *at: sp.Idx) -> sp.Expr:
    """The drift of a statistic of the layer; time is layer over width."""
    return drift_at(sde_of(layer), name, at, (V, M))


def covariance_of(name: str, *at: sp.Idx, model: Layer = layer) -> sp.Expr:
    """The covariance of the increments of a statistic, per unit time."""
    return covariance_at(sde_of(model), name, at, (V, M))


def noise() -> sp.Expr:
    """A linear map of Gaussian matrices, of which a step shows that it has the covariance.

    The values' part is proportional to L (dG + dG^T) L^T. In the logits' part the mean over heads
    of the logits has the law of L dZ L^T / (tau0 sqrt(heads)), with V = L L^T.
    """
    factor = total(L[al, nu] * (dG[nu, ka] + dG[ka, nu]) * L[be, ka], nu, ka)
    Q = define("Q", (al, be), total(L[al, nu] * dZ[nu, ka] * L[be, ka], nu, ka))
    B = define("B", (al, be), M[al, be] * (Q[al, be] - total(M[al, nu] * Q[al, nu], nu)))
    attention = total(B[al, nu] * V[nu, be] + B[be, nu] * V[nu, al], nu)
    return gamma * sp.sqrt((2 - gamma**2) / 2) * factor + gamma**2 / (
        tau0 * sp.sqrt(heads)
    ) * unfold(attention, B, Q)


# Shaped MLP: sigma_s(x) = s_plus max(x, 0) + s_minus min(x, 0) with s = 1 + c / sqrt(n).
rho = symbol("rho", meaning="correlation of two tokens", real=True)
phi = sp.Symbol("phi", positive=True)
width = symbol("n", meaning="width n", positive=True)
theta, radius = sp.symbols("theta r", positive=True)


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


R = array("rho", m, m, latex=r"\varrho")
correlation = define(R, (al, be), V[al, be] / sp.sqrt(V[al, al] * V[be, be]))


def drift_of_mlp() -> sp.Expr:
    """gamma^2 nu(rho) sqrt(V V), continued beyond rho = -1 and 1 by its tangents."""
    nu_everywhere = continued(nu_of_rho(), rho, sp.S.NegativeOne, sp.S.One)
    return gamma**2 * nu_everywhere.subs(rho, R[al, be]) * sp.sqrt(V[al, al] * V[be, be])


STATEMENT = ("attention mean", "attention covariance", "drift", "covariance", "noise factor")
ASIDE: dict[str, tuple[str, ...]] = {
    "the block with an MLP, which the statement leaves out": (
        "one layer, exact",
        r"$\nu$",
        "residual MLP",
        "block",
    ),
}


def derive() -> Derivation:
    """From the layer to the SDE."""
    drift, spread = mean_of("V", al, be), covariance_of("V", al, be, de, om)
    mlp_spread = covariance_of("V", al, be, de, om, model=mlp)
    return Derivation(
        steps=(
            *attention_steps(drift, spread), *noise_steps(spread), *mlp_steps(mlp_spread),
            *block_steps(),
        ),
        functions=(
            Function(
                define("attention_drift", (al, be), drift), (V, M, gamma, tau0),
                "Drift of the Gram matrix V of m tokens, per unit time t = layer / width.",
                "Noci et al. 2023 (arXiv:2306.17759), drift of the covariance SDE; derived from "
                "one layer. M is the averaging matrix of the softmax, rows sum to one.",
            ),
            Function(
                define("attention_covariance", (al, be, de, om), spread),
                (V, M, gamma, tau0, heads),
                "Covariance of the increments of V, per unit time t = layer / width.",
                "Noci et al. 2023 (arXiv:2306.17759), Sigma; values and logits together; heads "
                "concatenated.",
            ),
            Function(
                define("noise_increment", (al, be), canonical(noise())),
                (V, M, gamma, tau0, heads, dG, dZ),
                "Noise of V for independent Gaussian matrices dG, dZ: no root of a covariance.",
                "Derived here: its covariance is attention_covariance, times the variance of the "
                "entries of dG and dZ (the time step).",
                definitions=(define(L, (al, be), Cholesky(V)),),
            ),
            Function(
                define("mlp_drift", (al, be), drift_of_mlp()), (V, c_plus, c_minus, gamma),
                "Drift of V from a residual shaped ReLU layer, per unit time t = layer / width.",
                "Li, Nica, Roy 2022 (arXiv:2206.02768); the printed sign of rho arccos(rho) in the "
                "lecture notes is wrong, derived here.",
                definitions=(correlation,),
            ),
            Function(
                define("mlp_covariance", (al, be, de, om), mlp_spread), (V, gamma),
                "Covariance of the increments of V from a residual shaped MLP, per unit time.",
                "Derived here; hidden width equal to the width.",
            ),
        ),
        statement=STATEMENT,
        aside=ASIDE,
    )  # fmt: skip


def attention_steps(drift: sp.Expr, spread: sp.Expr) -> tuple[Step, ...]:
    """The attention part, against what the paper states."""
    same = sp.KroneckerDelta(h, g)
    return (
        Step(
            "covariance of the logits", tau0**2 * covariance_of("Y", h, al, be, g, de, om),
            same * V[al, de] * V[be, om],
            r"the covariance of the logits over $\tau$, added up over $n$ layers, times "
            r"$\tau_0^2$: heads are independent, and the key dimension does not matter",
            uses=("gaussian-weights",), kind="derived",
        ),
        Step(
            "attention mean", tau0**2 * mean_of("Z", h, al, be), MEAN[al, be],
            r"softmax to second order in $1/\tau$, mean over the logits, added up over $n$ "
            "layers: $S_1$",
            uses=(
                "rows-sum-to-one", "fixed-branch-weight", "small-remainders",
                "covariance of the logits",
            ),
            kind="derived",
        ),
        Step(
            "attention covariance", tau0**2 * covariance_of("Z", h, al, be, g, de, om),
            same * COVARIANCE[al, be, de, om],
            "the first order of the softmax is linear in the logits: $S_2$",
            uses=(
                "rows-sum-to-one", "fixed-branch-weight", "small-remainders",
                "covariance of the logits",
            ),
            kind="derived",
        ),
        Step(
            "drift", drift, unfold(b[al, be], *STATED),
            r"mean over the values, then over the logits: $\gamma^2 E[B V + V B^\top + B V "
            r"B^\top]$",
            uses=("gaussian-weights", "attention mean", "attention covariance"), kind="derived",
        ),
        Step(
            "covariance", spread, unfold(Sigma[al, be, de, om], *STATED),
            r"$2 \lambda^2 \gamma^2$ and $\gamma^4$ from the values; $\gamma^4 "
            r"\operatorname{Cov}(B V + V B^\top)$ from the logits, which $H$ independent "
            "heads average by $1/H$",
            uses=("gaussian-weights", "fixed-branch-weight", "attention covariance"),
            kind="derived",
        ),
    )  # fmt: skip


def noise_steps(spread: sp.Expr) -> tuple[Step, ...]:
    """The factor has the covariance of the increment."""
    increment = define("dV", (al, be), noise())
    mean = expectation(increment[al, be] * increment[de, om], {dG: 1, dZ: 1})
    return (
        Step(
            "noise factor", contract_pairs(mean, L, V, sp.S.One), spread,
            r"$L L^\top = V$: the covariance of the noise factor is that of the increment",
            uses=("positive-definite-start", "covariance"),
        ),
    )  # fmt: skip


def mlp_steps(spread: sp.Expr) -> tuple[Step, ...]:
    """The shaped MLP."""
    second, scale = shaped_activation()
    bracket = (c_plus - c_minus) ** 2 * (sp.sqrt(1 - rho**2) - rho * sp.acos(rho)) / (2 * sp.pi)
    inside = {rho: (-1, 1), width: (1, 100)}
    return (
        Step(
            "one layer, exact", width * (scale * second - rho), scale * bracket,
            "the shaped ReLU at finite width: no limit is taken", inside,
            uses=("gaussian-weights",), kind="derived",
        ),
        Step(
            r"$\nu$", nu_of_rho(), bracket, r"$c$ tends to one: $\nu(\rho)$, with a minus", inside,
            uses=("one layer, exact",), kind="derived",
        ),
        Step(
            "residual MLP", spread,
            2 * gamma**2 * (V[al, de] * V[be, om] + V[al, om] * V[be, de]),
            r"$\gamma^2 (2 - \gamma^2)$ from the outer weights, $\gamma^4$ from the inner ones",
            uses=("gaussian-weights",), kind="derived",
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
            uses=("drift", "covariance", r"$\nu$", "residual MLP"),
        ),
    )  # fmt: skip


theorem = Theorem(
    title="Shaped attention has a covariance SDE as its limit",
    statement=(
        "Let depth and width $n$ of residual layers of shaped attention (softmax less $M$ plus the "
        "identity, at a temperature that grows with the width) grow in proportion, for fixed $m$ "
        "tokens with a positive definite Gram matrix. The Gram matrix $V$ of the tokens, taken at "
        "layer $t n$, converges in law, locally (stopped at exits from compact sets), to the "
        "solution of "
        r"$dV = b(V)\,dt + \Sigma(V)^{1/2}\,dB$."
    ),
    equations=tuple(sp.Eq(d.array[d.axes], d.expression, evaluate=False) for d in STATED),
    reference="Noci et al., The Shaped Transformer, NeurIPS 2023, arXiv:2306.17759; Li, Nica, Roy, "
    "The Neural Covariance SDE, 2022, arXiv:2206.02768",
    source=Source.RECONSTRUCTED,
    source_note=(
        r"The form of $S_1$, $S_2$, $b$ and $\Sigma$ is remembered from the paper, whose text "
        "was not at hand, for uniform averages ($M = 1/m$) and one head; the general "
        "averaging matrix (causal masks), the heads factor and the noise factor are ours. "
        r"The MLP part follows lecture notes on Li, Nica, Roy with the sign of $\rho "
        r"\arccos(\rho)$ corrected."
    ),
    assumptions=(
        Assumption("positive-definite-start", "$V$ is positive definite at the start."),
        Assumption("rows-sum-to-one", "The averaging matrix has rows that sum to one."),
        Assumption(
            "gaussian-weights",
            "All weights are independent standard Gaussians, fresh in each layer.",
        ),
        Assumption(
            "fixed-branch-weight",
            r"$\gamma \in (0, 1]$ and $\tau_0$ do not depend on the width.",
        ),
        Assumption(
            "small-remainders",
            "What the softmax has beyond its second order in the logits is of lower order than a "
            "layer's mean and variance, uniformly on compact sets, and no step is large "
            "(hypotheses H1 to H3 of the compiler).",
        ),
    ),
    rate=None,
    derive=derive,
    coverage=COVERAGE,
    found=FOUND,
    words=(
        symbol("t", meaning="layer over width", positive=True),
        symbol("B", meaning="Brownian motion", real=True),
    ),
)  # fmt: skip
