r"""Attention with a random MLP tends to interacting SDEs with common noise that synchronize.

Main statement: N tokens on the sphere S^(d-1) pass through L layers, each attention with weight
T/L and then an MLP with fresh Gaussian weights and weight sqrt(T/L), both followed by LayerNorm
x/|x|. As L grows, the tokens solve an SDE that attention drives and one noise, common to all
tokens, moves; their empirical measure solves an SPDE. Where the noise is coercive relative to
attention, epsilon < -lambda_bar', it draws all tokens together. The layer, ``layer``, is data;
drift, bracket, SPDE, energy identity and exponents are computed from it and compared with what is
stated.

Reference: Agazzi, Bruno, Mosig Garcia, Saviozzi, Romito, Stochastic Scaling Limits and
Synchronization by Noise in Deep Transformer Models, 2026, arXiv:2604.26898.
"""

from functools import cache

import sympy as sp

from theory import layers
from theory.calculus.expansion import continued, one_sided_limit
from theory.calculus.gaussian import expectation
from theory.calculus.indices import (
    Softmax,
    array,
    canonical,
    contract_pairs,
    contract_rows,
    define,
    indices,
    size,
    substitute,
    symbol,
    total,
)
from theory.calculus.stochastic import (
    Diffusion,
    empirical_bracket,
    empirical_drift,
    generator,
    image,
    layer_norm,
    on_sphere,
    project,
    projector,
    stratonovich_correction,
    unit_diagonal,
)
from theory.codegen.function import Function
from theory.language import Assumption, Derivation, Kind, Rate, Source, Step, Theorem
from theory.layers import Layer
from theory.limits.entries import covariance_at, drift_at, sde_of
from theory.noise_synchronization.activations import gaussian_mean, hermite, relu_pair_means
from theory.noise_synchronization.coverage import COVERAGE, FOUND

N = size("N", "number of tokens")
d = size("d", "embedding dimension")
m = size("m", "MLP width")
modes = size("modes")
eps = symbol("epsilon", meaning=r"$\sqrt{T/L}$", positive=True)
beta = symbol("beta", meaning="inverse temperature of the energy", positive=True)
sigma_u = symbol("sigma_u", meaning="standard deviation of the inner biases", positive=True)
sigma_w = symbol("sigma_w", meaning="standard deviation of the outer biases", positive=True)
u = symbol("u", meaning="inner product of two tokens", real=True)
degree = size("degree", "degree of a spherical harmonic")
k_u = symbol("kernel_at_u", latex=r"\kappa(u)", meaning="kappa(u)", positive=True)
k_1 = symbol("kernel_at_one", latex=r"\kappa(1)", meaning="kappa(1)", positive=True)
k_p = symbol("kernel_slope", latex=r"\kappa'(1)", meaning="kappa'(1)", positive=True)
p, q, i, j = indices("p q i j", N)
a, b, c, e, g = indices("a b c e g", d)
(h,), (r,) = indices("h", m), indices("r", modes)
X = array("X", N, d, meaning="tokens, unit vectors, N by d")
A = array("A", N, d, meaning="attention values at $x_i$, $N$ by $d$")
G = array("G", N, d, meaning="values of a vector field (the MLP's output) at the tokens, N by d")
W, b_W, U_w, b_U, Fe = (
    array("W", d, m),
    array("b_W", d),
    array("U", m, d),
    array("b_U", m),
    array("F", N, m),
)
kernel = array(
    "kernel",
    N,
    N,
    meaning=r"noise kernel $K(x_p, x_q) = E[\phi(Z) \phi(Z')] + \sigma_w^2$",
    symmetric=True,
)
Phi = array("Phi", N, N, symmetric=True)
gram = array("u", N, N, latex=r"\mathbf{u}", meaning="inner products of the tokens", symmetric=True)
S = array("S", N, N)
Q = array("Q", d, d, meaning="query matrix")
Kw = array("K", d, d, meaning="key matrix")
V = array("V", d, d, meaning="value matrix")
P = array("P", N, N)
log_weight = array(
    "log_weight",
    N,
    latex=r"\log w",
    meaning="logarithms of the weights of the atoms of mu",
)
gradient = array(
    "gradient", N, d, latex=r"\nabla f", meaning="gradient of a test function f at the tokens"
)
hessian = array(
    "hessian", N, d, d, latex=r"\nabla^2 f",
    meaning="second derivatives of a test function f at the tokens",
)  # fmt: skip
other = array(
    "other", N, d, latex=r"\nabla \psi",
    meaning="gradient of another test function psi at the tokens",
)  # fmt: skip
variance = array("variance", N, meaning="$K(x_i, x_i)$")
x = array("x", d)
y = array("y", d)
sigma, coefficient, order = array("sigma", N, modes), array("a", modes), array("k", modes)


class kappa(sp.Function):
    """The zonal kernel K(x, y) = kappa(<x, y>), with its derivative."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The slope."""
        return kappa_slope(self.args[0])


class kappa_slope(sp.Function):
    """kappa'."""

    nargs = 1


# The finite model. LayerNorm does not see a factor, so attention with weight eps^2 and then the MLP
# with weight eps are one normalisation, LN(LN(v) + eps G) = LN(v + eps |v| G) with v = x + eps^2 A,
# and |v| = 1 + eps^2 <x, A> below fourth order. Of the MLP's features only their covariance Phi
# enters, at tokens that attention moved by eps^2; eps^2 = 1 / N here, N being the number of layers.
tokens = size("tokens")
TOKENS, VALUES = layers.state("X", tokens, d), layers.fixed("A", tokens, d)
FEATURES = layers.data(
    "F", m, tokens, covariance=layers.fixed("Phi", tokens, tokens, symmetric=True)
)
OUTER, BIAS = layers.gaussian("W", m, d), layers.gaussian("b_W", d, variance=sigma_w**2)
STEP = 1 / layers.N
LENGTH = 1 + STEP * layers.sum(TOKENS * VALUES, -1, keepdims=True)
FIELD = FEATURES.T @ OUTER / layers.sqrt(m) + BIAS
layer = Layer(
    "attention with a random MLP",
    step={TOKENS: layers.unit(TOKENS + STEP * VALUES + layers.sqrt(STEP) * LENGTH * FIELD)},
    watch={"X": TOKENS},
    scaling={tokens: tokens, d: d, m: m},
    steps=layers.N,
)
# F = phi(Z), features of the token
MLP = define(G, (p, a), total(W[a, h] * Fe[p, h], h) / sp.sqrt(m) + b_W[a])
PREACTIVATION = define("Z", (p, h), total(U_w[h, c] * X[p, c], c) / sp.sqrt(d) + b_U[h])
WEIGHTS = {W: sp.S.One, b_W: sigma_w**2}
LOGITS = total(Q[a, b] * X[i, b] * Kw[a, c] * X[j, c], a, b, c)

# What the paper states.
PROJECTED_ATTENTION = project(X, (p,), a, lambda f: A[p, f])
STATED_DRIFT = PROJECTED_ATTENTION - (d - 1) * k_1 * X[p, a] / 2
STATED_BRACKET = kernel[p, q] * total(projector(X, (p,), a, c) * projector(X, (q,), c, b), c)
G_0 = kappa(u) * (d - 2 + u**2) - k_1 * (d - 1) * u
G_1 = (1 - u**2) * (k_1 - u * kappa(u))
G_BETA = kappa(u) * (d - 2 + u**2 - beta * u * (1 - u**2)) + k_1 * (beta * (1 - u**2) - (d - 1) * u)
DECAY_DENSITY = beta * sp.exp(beta * u) * G_BETA / (sp.exp(beta) - sp.exp(beta * u))
STATED_LAYER_NORM = (
    X[p, a] + eps * PROJECTED_ATTENTION
    - eps**2 * total(A[p, c] * project(X, (p,), c, lambda f: A[p, f]), c) * X[p, a] / 2
    - eps**2 * total(X[p, c] * A[p, c], c) * PROJECTED_ATTENTION
)  # fmt: skip
LAMBDA_BAR = (d - 1) * k_p - (d - 3) * k_1
LAMBDA_1 = (d - 3) * k_p / 2 - (d - 1) * k_1 / 2


def unit(expression: sp.Expr) -> sp.Expr:
    """Tokens are unit vectors; inner products are left as they are."""
    return expression.replace(_is_square_of_a_token, lambda _: sp.S.One)


def _is_square_of_a_token(s: sp.Basic) -> bool:
    if not (isinstance(s, sp.Sum) and len(s.limits) == 1 and s.function.is_Pow):
        return False
    base, power = s.function.as_base_exp()
    return isinstance(base, sp.Indexed) and base.base == X and power == 2


def in_gram(expression: sp.Expr) -> sp.Expr:
    """Inner products of tokens by their Gram matrix u, with u_pp = 1 and K(x, x) = kappa(1)."""
    return unit_diagonal(on_sphere(expression, X, gram), kernel, k_1)


def one_token(expression: sp.Expr) -> sp.Expr:
    """On the sphere, inner products of different tokens written out again."""
    apart = substitute(
        on_sphere(expression, X, gram), define(gram, (p, q), total(X[p, c] * X[q, c], c))
    )
    return canonical(apart)


@cache
def limit() -> Diffusion:
    """The SDE of the tokens, given attention values and the kernel; Phi = kernel - sigma_w^2."""
    found, arrays = sde_of(layer), (X, A, Phi)
    parts = (
        drift_at(found, "X", (p, a), arrays),
        covariance_at(found, "X", (p, a, q, b), arrays),
    )
    features = define(Phi, (p, q), kernel[p, q] - sigma_w**2)
    return Diffusion(X, (p, a), (q, b), *(canonical(substitute(f, features)) for f in parts))


def mean_of_first_order() -> sp.Expr:
    """The mean of X' - X over the weights, to first order in eps: attention has no part in it."""
    moved = layer_norm(X[p, a] + eps * G[p, a], eps, 2, a, unit) - X[p, a]
    return canonical(expectation(substitute(moved, MLP), WEIGHTS) / eps)


@cache
def zonal() -> Diffusion:
    """The same with a zonal kernel: K(x, x) = kappa(1)."""
    process = limit()
    drift = canonical(unit_diagonal(process.drift, kernel, k_1))
    return Diffusion(X, process.at, process.other, drift, process.bracket)


@cache
def gram_process() -> Diffusion:
    """The inner products S_pq = <x_p, x_q>, given the attention values."""
    (s, t) = indices("s t", N)
    return image(zonal(), S, (p, q), (s, t), total(X[p, c] * X[q, c], c), in_gram)


@cache
def pair() -> tuple[sp.Expr, sp.Expr]:
    """Drift and half the bracket of u = <x, y> for two tokens without attention."""
    process = gram_process()
    drift = substitute(process.drift, define(A, (p, a), sp.S.Zero))
    spread = process.bracket_at((p, q), (p, q)) / 2
    entries = {gram[p, q]: u, kernel[p, q]: kappa(u)}
    return tuple(sp.expand(in_gram(f).xreplace(entries)) for f in (drift, spread))


def energy(of: sp.IndexedBase) -> sp.Expr:
    """E_beta of the empirical measure, in the entries of a Gram matrix."""
    return total(sp.exp(beta) - sp.exp(beta * of[i, j]), i, j) / (2 * N**2)


@cache
def energy_slope() -> sp.Expr:
    """dE[energy]/dt given the tokens and their attention values."""
    slope = generator(gram_process(), energy(S))
    return in_gram(
        slope.replace(
            lambda f: isinstance(f, sp.Indexed) and f.base == S, lambda f: gram[f.indices]
        )
    )


@cache
def correction() -> sp.Expr:
    """The Stratonovich correction of the derived noise, at the token p."""
    points = {p: x, q: y}

    def at_points(f: sp.Indexed) -> sp.Expr:
        if f.base == kernel:
            return kappa(total(x[c] * y[c], c))
        return points[f.indices[0]][f.indices[1]]

    field = limit().bracket.replace(lambda f: isinstance(f, sp.Indexed), at_points)
    traced = stratonovich_correction(field, x, y, (a, b))
    back = traced.replace(
        lambda f: isinstance(f, sp.Indexed) and f.base == x, lambda f: X[p, f.indices[0]]
    )
    return canonical(unit_diagonal(on_sphere(unit(back), X, gram), gram, sp.S.One))


def expansion_of_layer_norm() -> sp.Expr:
    """LN(x + eps A) below third order in eps."""
    return layer_norm(X[p, a] + eps * A[p, a], eps, 3, a, unit)


def weak_form() -> tuple[sp.Expr, sp.Expr]:
    """Drift of <mu, f> and bracket of <mu, f>, <mu, g>, for arbitrary f and g."""
    drift = unit_diagonal(one_token(empirical_drift(zonal(), gradient, hessian)), kernel, k_1)
    return canonical(drift), empirical_bracket(zonal(), gradient, other)


def stated_weak_form() -> tuple[sp.Expr, sp.Expr]:
    """<mu, grad f . P Attn> + kappa(1)/2 <mu, Laplacian f>; <mu x mu, K P grad f . P grad psi>.

    The Laplacian is that of the sphere.
    """
    flat = total(projector(X, (p,), a, b) * hessian[p, a, b], a, b)
    laplacian = flat - (d - 1) * total(X[p, a] * gradient[p, a], a)
    transport = total(gradient[p, a] * PROJECTED_ATTENTION, a)

    def along(slopes: sp.IndexedBase, at: sp.Idx) -> sp.Expr:
        return project(X, (at,), e, lambda f: slopes[at, f])

    pairs = kernel[p, q] * total(along(gradient, p) * along(other, q), e)
    return total(transport + k_1 * laplacian / 2, p) / N, total(pairs, p, q) / N**2


def karhunen_loeve() -> sp.Expr:
    """Bracket of noises sigma_k P dB^k, with sum_k sigma_k(x) sigma_k(y) = K(x, y)."""

    def along(slopes: sp.IndexedBase) -> sp.Expr:
        return total(sigma[p, r] * slopes[p, a] * projector(X, (p,), a, e), a, p) / N

    product = total(along(gradient) * along(other), r, e)
    return contract_pairs(product, sigma, kernel, sp.S.One)


# Two tokens, linear statistics, exponents.
w_, h_, curvature = (
    sp.Symbol("w", real=True),
    sp.Symbol("h", positive=True),
    sp.Symbol("kappa2", real=True),
)
delta = symbol("delta", meaning="values of attention are V = -delta I", real=True)
apart = array("h", N, N, symmetric=True)


def at_synchrony(expression: sp.Expr) -> sp.Expr:
    """The value at u = 1, with kappa(1) and kappa'(1) as symbols."""
    return expression.subs(u, 1).subs({kappa(1): k_1, kappa_slope(1): k_p})


def repulsion() -> sp.Expr:
    """d(1 - <x_p, x_q>)/dt by attention with V = -delta I alone, to first order near synchrony.

    All inner products are 1 - h_pq with small h. The weights P of the softmax do not depend on
    the token at synchrony, whatever the logits are.
    """
    values = -delta * total(P[p, j] * X[j, a], j)
    moved = in_gram(substitute(gram_process().drift, define(A, (p, a), values)))
    silent = substitute(moved, define(kernel, (p, q), sp.S.Zero)).subs(k_1, 0)
    scaled = substitute(silent, define(gram, (p, q), 1 - h_ * apart[p, q]))
    slope = unit_diagonal(sp.diff(scaled, h_).subs(h_, 0), apart, sp.S.Zero)
    common = substitute(slope, define(P, (p, q), P[i, q]))  # row i for every row
    return -canonical(contract_rows(common, P))


def one_point() -> tuple[sp.Expr, sp.Expr]:
    """Drift and bracket of w = <x, pole> without attention; the pole is written as x_q."""
    pole = array("pole", d)
    process, height = zonal(), total(pole[c] * X[p, c], c)
    found = []
    for part in (generator(process, height), generator(process, height**2 / 2)):
        free = substitute(part, define(A, (p, a), sp.S.Zero))
        found.append(in_gram(free.replace(_is_entry_of(pole), lambda f: X[q, f.indices[0]])))
    drift, square = (f.xreplace({gram[p, q]: w_}) for f in found)
    return drift, sp.expand(2 * (square - w_ * drift))


def _is_entry_of(base: sp.IndexedBase) -> object:
    return lambda f: isinstance(f, sp.Indexed) and f.base == base


def decay_density() -> sp.Expr:
    """F(u): E_beta falls at least at the rate inf F."""
    return beta * density(u, k_u) / (sp.exp(beta * (1 - u)) - 1)


def density(at: sp.Expr, kernel_there: sp.Expr) -> sp.Expr:
    """G(u) = G_0 + beta G_1 as derived, with the kernel's value at u given."""
    drift, spread = pair()
    return (drift + beta * spread).subs(kappa(u), kernel_there).subs(u, at)


# Activations: the ReLU with biases, and Hermite series.
rho = sp.Symbol("rho", real=True)
SCALE = 1 / d + sigma_u**2  # s^2, the variance of a pre-activation
CORRELATION = define(rho, (), (u / d + sigma_u**2) / SCALE)
HERMITE = total(coefficient[r] ** 2 * rho ** order[r], r) + sigma_w**2


@cache
def relu() -> tuple[sp.Expr, sp.Expr]:
    """kappa and kappa' of the ReLU, in rho; kappa' = E[phi' phi'] / d by Price's theorem."""
    second, both_positive = relu_pair_means(rho)
    return SCALE * second + sigma_w**2, both_positive / d


def with_relu(expression: sp.Expr) -> sp.Expr:
    """kappa(1) and kappa'(1) of the ReLU put in."""
    value, slope = (f.subs(rho, 1) for f in relu())
    return expression.subs({k_1: value, k_p: slope})


def with_hermite(expression: sp.Expr) -> sp.Expr:
    """kappa(1) and kappa'(1) of a Hermite series without input bias: s^2 = 1/d, rho = u."""
    return expression.subs({k_1: HERMITE.subs(rho, 1), k_p: sp.diff(HERMITE, rho).subs(rho, 1)})


def mehler() -> tuple[sp.Expr, sp.Expr]:
    """E of two Hermite polynomials of correlated Gaussians, degrees 0 to 3, all pairs at once."""
    g1, g2 = sp.symbols("g1 g2")
    left, right = sp.symbols("l0:4"), sp.symbols("r0:4")
    correlated = rho * g1 + sp.sqrt(1 - rho**2) * g2
    series = (
        sum(weight * hermite(k, z) for k, weight in enumerate(weights))
        for weights, z in ((left, g1), (right, correlated))
    )
    pairs = enumerate(zip(left, right, strict=True))
    diagonal = sp.Add(*(x_ * y_ * rho**k for k, (x_, y_) in pairs))
    return gaussian_mean(sp.expand(sp.Mul(*series)), g1, g2), diagonal


STATEMENT = (
    "drift",
    "cross-bracket",
    "SPDE, drift",
    "SPDE, modes",
    "decay density",
    r"$\bar\lambda$",
    r"$\lambda_1$",
    "attention near synchrony",
)
ASIDE: dict[str, tuple[str, ...]] = {
    "for the existence of the coupling, which is quoted and measured, not derived": (
        "lipschitz-activation",
    ),
    "for the decay of the energy: an inequality of Gronwall's kind, which is quoted and measured": (
        "coercivity",
        "forcing",
    ),
    "a property of the limit, by which its simulation is tested": (
        "Stratonovich",
        "harmonics of degree 1",
        "harmonics of degree 2",
        "harmonics of degree 3",
        "harmonics of degree 4",
        "edge of the decay density",
    ),
    "the exponents for a given activation": (
        "ReLU kernel",
        "ReLU slope",
        r"ReLU $\lambda_1$",
        "ReLU coercivity",
        "Mehler",
        r"Hermite $\bar\lambda$",
        r"Hermite $\lambda_1$",
    ),
}


def derive() -> Derivation:
    """From the layer to the SDE, the SPDE, the energy identity and the exponents."""
    return Derivation(
        steps=(*layer_steps(), *measure_steps(), *pair_steps(), *activation_steps()),
        functions=(*token_functions(), *pair_functions()),
        statement=STATEMENT,
        aside=ASIDE,
    )


def layer_steps() -> tuple[Step, ...]:
    """LayerNorm, the moments of the MLP, drift and bracket."""
    process = limit()
    both = PREACTIVATION[p, h] * PREACTIVATION[q, h]
    fields = MLP[p, a] * MLP[q, b]
    return (
        Step(
            "LayerNorm", expansion_of_layer_norm(), STATED_LAYER_NORM,
            r"$(x + \epsilon w) / |x + \epsilon w|$ to second order, $|x| = 1$: $-\langle x, w "
            r"\rangle P w$ has a minus",
            uses=("tokens-on-the-sphere",), kind="derived",
        ),
        Step(
            "pre-activations", expectation(both, {U_w: 1, b_U: sigma_u**2}),
            total(X[p, c] * X[q, c], c) / d + sigma_u**2,
            r"mean over $U$ and $b_U$: the Gaussian law whose correlation the kernel depends on",
            uses=("fresh-gaussian-weights",), kind="derived",
        ),
        Step(
            "MLP covariance", contract_pairs(expectation(fields, WEIGHTS), Fe, Phi, m),
            sp.KroneckerDelta(a, b) * (Phi[p, q] + sigma_w**2),
            r"$E[G G^\top] = K I$, exact for every width: the $m$ of the sum cancels $1/m$",
            uses=("fresh-gaussian-weights", "pre-activations"), kind="derived",
        ),
        Step(
            "order of the mean", mean_of_first_order(), sp.S.Zero,
            r"$G$ is centred: no drift of order $\sqrt{T/L}$",
            uses=("LayerNorm", "MLP covariance"), kind="derived",
        ),
        Step(
            "drift", zonal().drift, STATED_DRIFT,
            r"mean of one layer to order $T/L$: $E|P G|^2 = (d - 1) \kappa(1)$",
            uses=(
                "fixed-attention", "small-remainders", "LayerNorm", "MLP covariance",
                "order of the mean",
            ),
            kind="derived",
        ),
        Step(
            "cross-bracket", process.bracket, STATED_BRACKET,
            r"covariance of the increments of two tokens: $K(x_p, x_q) P_p P_q$",
            uses=("small-remainders", "LayerNorm", "MLP covariance"), kind="derived",
        ),
        Step(
            "Stratonovich", correction(), -(d - 1) * kappa(1) * X[p, a] / 2,
            "the Ito drift of the noise is its Stratonovich correction, nothing else",
            uses=("drift", "cross-bracket"), kind="derived",
        ),
    )  # fmt: skip


def measure_steps() -> tuple[Step, ...]:
    """The SPDE, harmonics, and the energy."""
    (drift, noise), (stated_drift, stated_noise) = weak_form(), stated_weak_form()
    w_drift, w_bracket = one_point()
    harmonics = tuple(
        Step(
            f"harmonics of degree {k}",
            w_drift * sp.diff(f, w_) + w_bracket * sp.diff(f, w_, 2) / 2,
            -k_1 * k * (k + d - 2) * f / 2,
            r"the one-point motion is spherical Brownian motion at speed $\kappa(1)$",
            uses=("drift", "cross-bracket"),
            kind="derived",
        )
        for k in (1, 2, 3, 4)
        for f in [sp.expand_func(sp.gegenbauer(k, d / 2 - 1, w_))]
    )
    return (
        Step(
            "SPDE, drift", drift, stated_drift,
            r"Ito's formula for $\langle \mu, f \rangle$ with arbitrary derivatives of $f$ at "
            "the tokens: the "
            "empirical measure solves the SPDE exactly, for every N",
            uses=("drift", "cross-bracket"), kind="derived",
        ),
        Step(
            "SPDE, noise", noise, stated_noise,
            "bracket of the means of two test functions, for arbitrary slopes at the tokens",
            uses=("cross-bracket",), kind="derived",
        ),
        Step(
            "SPDE, modes", stated_noise, karhunen_loeve(),
            r"Karhunen–Loève: $\sum_k \sigma_k \sigma_k = K$, with a Brownian motion in "
            r"$\mathbb{R}^d$ for each mode",
            uses=("SPDE, noise",),
        ),
        *harmonics,
        Step(
            "energy identity", energy_slope(), stated_energy_slope(),
            r"Ito's formula for $E_\beta$ in the Gram matrix; no inequality",
            uses=("drift", "cross-bracket"), kind="derived",
        ),
    )  # fmt: skip


def stated_energy_slope() -> sp.Expr:
    """-beta <e^(beta u) y . P_x Attn(x)> - (beta / 2) <e^(beta u) G(u)>."""
    pull = total(A[i, a] * X[j, a], a) - gram[i, j] * total(A[i, a] * X[i, a], a)
    noise = G_BETA.subs(kappa(u), kernel[i, j]).subs(u, gram[i, j])
    return -beta / N**2 * total(sp.exp(beta * gram[i, j]) * (pull + noise / 2), i, j)


def pair_steps() -> tuple[Step, ...]:
    """Two tokens without attention, and the exponents near synchrony."""
    drift, spread = pair()
    near = k_1 - k_p * h_ + curvature * h_**2 / 2  # kappa near u = 1
    edge = one_sided_limit(decay_density().subs(k_u, near).subs(u, 1 - h_), h_, sp.S.Zero, "+")
    slope = at_synchrony(sp.diff(drift, u))
    quadratic = at_synchrony(sp.diff(spread, u, 2)) / 2
    return (
        Step(
            "two tokens, drift", drift, G_0,
            r"$u = \langle x, y \rangle$ is autonomous without attention",
            uses=("drift", "cross-bracket"), kind="derived",
        ),
        Step("two tokens, noise", spread, G_1, "half the bracket of u", uses=("cross-bracket",),
            kind="derived",
        ),
        Step(
            "exponential of u", drift * beta + spread * beta**2, beta * G_BETA,
            r"the generator on $e^{\beta u}$, divided by $e^{\beta u}$",
            uses=("two tokens, drift", "two tokens, noise"),
        ),
        Step(
            "decay density", decay_density().subs(k_u, kappa(u)), DECAY_DENSITY,
            r"$e^\beta - e^{\beta u}$ drawn out: the infimum of this is the dissipation rate",
            uses=("energy identity", "exponential of u"), kind="definition",
        ),
        Step(
            "edge of the decay density", edge, -LAMBDA_BAR, r"$F(1-) = -\bar\lambda$",
            uses=("decay density",),
        ),
        Step(
            r"$\bar\lambda$", slope, LAMBDA_BAR,
            r"$h = 1 - u$ near $0$: $dh = \bar\lambda h\,dt$ and noise",
            uses=("two tokens, drift",), kind="derived",
        ),
        Step(
            "attention near synchrony", repulsion(), 2 * delta * apart[p, q],
            r"$V = -\delta I$ drives $h$ apart at $2 \delta$: the mean moves at $\bar\lambda + "
            r"2 \delta$",
            uses=("drift", r"$\bar\lambda$"), kind="derived",
        ),
        Step(
            "noise of h", 2 * quadratic, 4 * (k_1 + k_p),
            r"$d\langle h \rangle/dt$ over $h^2$, near synchrony",
            uses=("two tokens, noise",), kind="derived",
        ),
        Step(
            r"$\lambda_1$", slope * h_ * sp.diff(sp.log(h_), h_)
            + quadratic * h_**2 * sp.diff(sp.log(h_), h_, 2),
            2 * LAMBDA_1, r"$\log h$ near $0$ moves at the rate $2 \lambda_1$",
            uses=(r"$\bar\lambda$", "noise of h"),
        ),
    )  # fmt: skip


def activation_steps() -> tuple[Step, ...]:
    """Kernels and the coercivity condition."""
    value, slope = relu()
    theta, inside = sp.acos(rho), {rho: (-1.0, 1.0)}
    bias = sigma_u**2 + 2 * sigma_w**2
    left, right = mehler()
    terms = (order[r] * (d - 1) - (d - 3)), ((d - 3) * order[r] - (d - 1)) / 2
    sums = [total(coefficient[r] ** 2 * t, r) for t in terms]
    return (
        Step(
            "ReLU kernel", value,
            SCALE / (2 * sp.pi) * (sp.sqrt(1 - rho**2) + rho * (sp.pi - theta)) + sigma_w**2,
            r"polar coordinates; $\rho = (u/d + \sigma_u^2) / s^2$", inside,
            uses=("pre-activations",), kind="derived",
        ),
        Step(
            "ReLU slope", sp.diff(value, rho) / (d * SCALE), slope,
            r"chain rule, $d\rho/du = 1 / (d s^2)$, against $E[\varphi' \varphi'] / d$: the "
            "$1/d$ stays", inside,
            uses=("ReLU kernel",), kind="derived",
        ),
        Step(
            r"ReLU $\lambda_1$", with_relu(LAMBDA_1), -1 / (2 * d) - bias * (d - 1) / 4,
            "negative for every bias and dimension",
            uses=("ReLU slope", r"$\lambda_1$"),
        ),
        Step(
            "ReLU coercivity", with_relu(LAMBDA_BAR), (d - 3) * (2 / (d * (d - 3)) - bias) / 2,
            r"negative iff $\sigma_u^2 + 2 \sigma_w^2 > 2 / (d (d - 3))$, $d > 3$",
            uses=("ReLU slope", r"$\bar\lambda$"),
        ),
        Step(
            "Mehler", left, right,
            r"$E h_j(x) h_k(y) = \rho^k \delta_{jk}$, degrees 0 to 3", inside,
        ),
        Step(
            r"Hermite $\bar\lambda$", with_hermite(LAMBDA_BAR), sums[0] - (d - 3) * sigma_w**2,
            "only the mean of the activation ($k = 0$) and the bias help coercivity",
            uses=("Mehler", r"$\bar\lambda$"),
        ),
        Step(
            r"Hermite $\lambda_1$", with_hermite(LAMBDA_1), sums[1] - (d - 1) * sigma_w**2 / 2,
            r"$k = 0$ and $k = 1$ help; $k \ge 2$ hurt when $d$ is large",
            uses=("Mehler", r"$\lambda_1$"),
        ),
    )  # fmt: skip


# What becomes code. ``heads`` of the attention: one softmax, values V x_j.
ATTENTION_WEIGHTS = define(P, (i, j), Softmax(LOGITS, j))
MEASURE_WEIGHTS = define(P, (i, j), Softmax(LOGITS + log_weight[j], j))
ATTENTION = total(P[p, j] * V[a, b] * X[j, b], j, b)
PAPER = "Agazzi et al. 2026 (arXiv:2604.26898)"


def token_functions() -> tuple[Function, ...]:
    """Functions of N tokens on the sphere."""
    drift = substitute(zonal().drift, define(A, (p, a), ATTENTION))
    frozen = canonical(
        limit().drift.replace(_is_entry_of(kernel), lambda f: variance[f.indices[0]])
    )
    weak = one_token(empirical_drift(limit(), gradient, hessian))
    any_kernel = weak.replace(_is_entry_of(kernel), lambda f: variance[f.indices[0]])
    layer_norm_ = STATED_LAYER_NORM.replace(_is_entry_of(A), lambda f: G[f.indices])
    return (
        Function(
            define("attention", (p, a), ATTENTION), (X, Q, Kw, V),
            "Softmax attention of every token over all tokens, weights shared by the layers.",
            f"{PAPER}, finite model.", definitions=(ATTENTION_WEIGHTS,),
        ),
        Function(
            define("measure_attention", (p, a), ATTENTION), (X, log_weight, Q, Kw, V),
            "Attention over a measure with atoms X, of weight exp(log_weight) up to a factor.",
            f"{PAPER}, attention over a measure mu.", definitions=(MEASURE_WEIGHTS,),
        ),
        Function(
            define("token_drift", (p, a), canonical(drift)), (X, Q, Kw, V, k_1),
            "Ito drift of the tokens; kernel_at_one = kappa(1).",
            f"{PAPER}, limiting SDE; derived from one layer.", definitions=(ATTENTION_WEIGHTS,),
        ),
        Function(
            define("field_drift", (p, a), frozen), (X, A, variance),
            "Ito drift for any attention values A and any kernel; variance[i] = K(x_i, x_i).",
            "Derived from one layer; a kernel of frozen features is not zonal.",
        ),
        Function(
            define("projected", (p, a), project(X, (p,), a, lambda f: G[p, f])), (X, G),
            "P_x G of every token: the noise of the SDE for a noise field G.",
            f"{PAPER}, limiting SDE.",
        ),
        Function(
            define("layer_norm_expansion", (p, a), canonical(layer_norm_)), (X, G, eps),
            "LN(x + epsilon G) to second order in epsilon, for unit vectors x.",
            f"{PAPER}; derived by Taylor expansion.",
        ),
        Function(
            define("energy", (), energy(gram).replace(_is_entry_of(gram), _inner)), (X, beta),
            "Interaction energy E_beta of the empirical measure; zero iff all tokens agree.",
            f"{PAPER}, energy.",
        ),
        Function(
            define("energy_slope", (), energy_slope()), (X, A, gram, kernel, k_1, beta),
            "dE[energy]/dt for tokens X with Gram matrix u, attention values A, kernel[i, j].",
            f"{PAPER}; exact, derived by Ito's formula.",
        ),
        Function(
            define("weak_drift", (), any_kernel), (X, A, gradient, hessian, variance),
            "Drift of <mu, f> from the derivatives of f at the tokens; variance[i] = K(x_i, x_i).",
            f"{PAPER}, SPDE; derived by Ito's formula.",
        ),
    )  # fmt: skip


def _inner(entry: sp.Indexed) -> sp.Expr:
    s, t = entry.indices
    return total(X[s, c] * X[t, c], c)


def pair_functions() -> tuple[Function, ...]:
    """Functions of the inner product of two tokens, and exponents."""
    drift, spread = (f.subs(kappa(u), k_u) for f in pair())
    return (
        Function(
            define("relu_kernel", (), relu_everywhere()), (u, d, sigma_u, sigma_w),
            "Noise kernel kappa(u) of the ReLU with biases, u = <x, y> on the sphere S^(d-1).",
            f"{PAPER}, kernel; derived in polar coordinates.", definitions=(CORRELATION,),
        ),
        Function(
            define("relu_slope", (), relu()[1]), (u, d, sigma_u),
            "kappa'(u) of the ReLU.", "Price's theorem.",
            definitions=(define(rho, (), sp.Max(-1, sp.Min(1, CORRELATION.expression))),),
        ),
        Function(
            define("pair_drift", (), sp.collect(drift, (k_u, k_1))), (u, k_u, k_1, d),
            "Drift of u = <x, y> for two tokens without attention; kernel_at_u = kappa(u).",
            f"Follows from the trace identities of {PAPER}; derived here.",
        ),
        Function(
            define("pair_variance", (), 2 * sp.factor(spread)), (u, k_u, k_1),
            "d<u>/dt for two tokens without attention.",
            f"Follows from the trace identities of {PAPER}; derived here.",
        ),
        Function(
            define("decay_density", (), decay_density()), (u, k_u, k_1, beta, d),
            "F(u) for u < 1: the mean energy falls at least at the rate inf F.",
            f"{PAPER}, dissipation.",
        ),
        Function(
            (define("lambda_1", (), LAMBDA_1), define("lambda_bar", (), LAMBDA_BAR)),
            (k_1, k_p, d), "lambda_1 and lambda_bar from kappa(1) and kappa'(1).",
            f"{PAPER}; derived from two tokens near synchrony.", name="exponents",
        ),
        Function(
            define("harmonic_rate", (), k_1 * degree * (degree + d - 2) / 2), (degree, d, k_1),
            "Decay rate of <mu, Y> without attention, for harmonics Y of a degree.",
            "Derived here: spherical Brownian motion at speed kappa(1).",
        ),
        Function(
            define("coercivity_threshold", (), 2 / (d * (d - 3))), (d,),
            "The ReLU has lambda_bar < 0 iff sigma_u^2 + 2 sigma_w^2 exceeds this; d > 3.",
            f"{PAPER}, closed form derived here.",
        ),
    )  # fmt: skip


def relu_everywhere() -> sp.Expr:
    """The ReLU kernel, continued beyond rho = -1 and 1 by its tangents."""
    return SCALE * continued(relu_pair_means(rho)[0], rho, sp.S.NegativeOne, sp.S.One) + sigma_w**2


L = symbol("L", meaning="depth", positive=True)
drift_ = array("b", N, d, meaning="Ito drift per unit time")
bracket_ = array("B", N, d, N, d, meaning="d<X, X>/dt, cross-bracket of two tokens")
weak_drift = symbol(
    "b_f",
    latex="b_{f}",
    meaning="drift of <mu, f> per unit time, mu the empirical measure of the tokens",
    real=True,
)
weak_bracket = symbol(
    "B_fpsi",
    latex=r"B_{f \psi}",
    meaning="d<<mu, f>, <mu, psi>>/dt, the bracket",
    real=True,
)
F_ = symbol("F", meaning=r"decay density; $-\bar\lambda'$ is its infimum over $u \in [-1, 1]$")
bar = symbol(
    "lambda_bar",
    latex=r"\bar\lambda",
    meaning="rate of the mean of 1 - u near synchrony",
    real=True,
)
one = symbol("lambda_1", meaning="half the rate of log(1 - u) near synchrony", real=True)
width = symbol("m", meaning="MLP width", positive=True)
bar_prime = symbol(
    "lambda_bar'",
    latex=r"\bar\lambda'",
    meaning="minus the infimum of F; negative, or nothing decays",
    real=True,
)
forcing = symbol(
    "epsilon_A",
    meaning=r"growth rate of the energy that attention alone allows: $d E/d t \le \epsilon_A E$",
    nonnegative=True,
)
time = symbol("t", meaning="time, T l / L after l layers", positive=True)
growth = symbol(
    "g",
    meaning="rate of the mean of 1 - u near synchrony, with V = -delta I",
    real=True,
)
energy_t = symbol("E_t", meaning=r"mean of $E_\beta$ at time $t$", positive=True)
energy_0 = symbol("E_0", meaning=r"mean of $E_\beta$ at the start", positive=True)

theorem = Theorem(
    title="Attention with a random MLP synchronizes tokens by common noise",
    statement=(
        r"$N$ tokens on the sphere pass $L$ layers of attention (weight $T/L$) and of an MLP with "
        r"fresh Gaussian weights (weight $\sqrt{T/L}$), each followed by a projection on the "
        r"sphere. For every $N$, $T$, $m$ and $L \ge 2$ they can be coupled to the solution of an "
        "SDE on the sphere, with a noise common to all tokens, such that the mean square "
        r"distance, sup over $t \le T$, is at most a constant, which depends on $N$ and $T$, "
        r"times $\log L / L + 1/m$; the empirical measure solves an SPDE, whose weak form is "
        "stated: drift and bracket of the means of test functions. If attention alone lets the "
        r"energy grow at most at a rate $\epsilon < -\bar\lambda'$, the mean energy decays at "
        r"least at the rate $-(\bar\lambda' + \epsilon)$: the noise synchronizes the tokens. "
        r"$\bar\lambda < 0$ alone is not enough: near synchrony values $V = -\delta I$ add "
        r"$2 \delta$ to $\bar\lambda$."
    ),
    equations=(
        sp.Eq(drift_[p, a], STATED_DRIFT, evaluate=False),
        sp.Eq(bracket_[p, a, q, b], STATED_BRACKET, evaluate=False),
        *(
            sp.Eq(name, stated, evaluate=False)
            for name, stated in zip((weak_drift, weak_bracket), stated_weak_form(), strict=True)
        ),
        sp.Eq(bar, LAMBDA_BAR, evaluate=False),
        sp.Eq(one, LAMBDA_1, evaluate=False),
        sp.Eq(F_, DECAY_DENSITY.subs(kappa(u), k_u), evaluate=False),
        sp.Le(energy_t, sp.exp((forcing + bar_prime) * time) * energy_0),
        sp.Eq(growth, bar + 2 * delta, evaluate=False),
    ),
    reference="Agazzi, Bruno, Mosig Garcia, Saviozzi, Romito, Stochastic Scaling Limits and "
    "Synchronization by Noise in Deep Transformer Models, 2026, arXiv:2604.26898",
    source=Source.QUOTED,
    source_note=(
        "Model, SDE, rates, SPDE, energy and exponents are the paper's, read in copies that "
        "disagree in places (readings: see the page of this room). Reconstructed here: the "
        "one-step test, the two-token diffusion, the weak limit at fixed MLP width, the decay of "
        "harmonics, the Hermite form, and the sign of the second-order term of LayerNorm."
    ),
    assumptions=(
        Assumption("tokens-on-the-sphere", r"All initial tokens are unit vectors, $d \ge 2$."),
        Assumption(
            "fresh-gaussian-weights",
            "MLP weights are independent standard Gaussians, their biases centred Gaussians, fresh "
            "in each layer and shared by all tokens.",
        ),
        Assumption(
            "fixed-attention",
            "Attention is bounded and the same in all layers, Lipschitz in the token and, in the "
            "Wasserstein-2 distance, in the law of the tokens.",
        ),
        Assumption(
            "small-remainders",
            "What LayerNorm has beyond its second order in the branches is of lower order than a "
            "layer's mean and variance, and no step is large (hypotheses H1 to H3 of the "
            "compiler).",
        ),
        Assumption(
            "lipschitz-activation",
            "The activation is Lipschitz, no polynomial and not almost everywhere constant.",
        ),
        Assumption(
            "coercivity",
            r"For the decay of the energy: the MLP is not almost surely odd and $\bar\lambda < 0$ "
            "(needs $d > 3$).",
        ),
        Assumption(
            "forcing",
            r"For the decay of the energy: along attention alone $E_\beta$ grows at most at the "
            r"rate $\epsilon < -\bar\lambda'$: the noise is coercive relative to the drift of "
            r"attention.",
        ),
    ),
    rate=Rate(sp.log(L) / L + 1 / width, Kind.UPPER_BOUND),
    derive=derive,
    coverage=COVERAGE,
    found=FOUND,
    words=(symbol("T", meaning="time that L layers take", positive=True),),
)  # fmt: skip
