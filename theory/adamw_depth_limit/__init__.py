r"""AdamW-trained transformers have a forward-backward ODE as their limit in depth and heads.

Main statement: as depth L and heads H grow, the hidden states and backpropagated variables of a
transformer trained by AdamW converge in L^2, uniformly over the initial tokens, to a
forward-backward ODE, a McKean-Vlasov ODE without a causal mask, at rate L^-1 + L^-1/3 H^-1/2.

The finite model is data: ``logit``, ``attention`` as a functional of the token measure, and the
residual scale 1 / (L H). Its adjoint, its head gradients and their scale are computed, by the
calculus of measures and again by the chain rule for N tokens, and the steps prove that they
agree. What AdamW does to the gradients, and where each term of the rate comes from, is in
``theory/adamw_depth_limit/moments.py`` and ``theory/adamw_depth_limit/depth.py``.

References: Gibson, Reisinger, Uniform Scaling Limits in AdamW-Trained Transformers, 2026,
arXiv:2605.11059 (abstract); model and derivation are reconstructed here.
"""

from collections.abc import Callable
from functools import cache

import sympy as sp

from theory.adamw_depth_limit.coverage import COVERAGE, FOUND
from theory.adamw_depth_limit.depth import (
    NOISE_RATE,
    H,
    L,
    depth_steps,
    toy_mean_square,
    toy_symbols,
)
from theory.adamw_depth_limit.moments import (
    adamw_equations,
    largest_update,
    moment_steps,
    moment_symbols,
)
from theory.calculus.indices import (
    Softmax,
    array,
    canonical,
    define,
    indices,
    instantiate,
    size,
    symbol,
    total,
    unfold,
)
from theory.calculus.measure import (
    Mean,
    empirical,
    first_variation,
    lions_derivative,
    mean,
)
from theory.codegen.function import Function
from theory.language import Assumption, Derivation, Source, Step, Theorem
from theory.language.rate import Kind, Rate

# Symbols: N tokens in R^d, keys in R^d_k; one head is (Q, K, V).
N = size("N", "number of tokens")
d = size("d", "embedding dimension")
d_k = size("d_k", "dimension of keys and queries")
a, b, e, f, g = indices("a b e f g", d)
c, o = indices("c o", d_k)
i, j, k, q, t = indices("i j k q t", N)
x = array("x", d, meaning="a query token")
y = array("y", d, meaning="a point of token space")
Y = array("Y", N, d, meaning="the N tokens attended to")
X = array("X", N, d, meaning="hidden states of the N tokens")
P = array(
    "P",
    N,
    d,
    meaning="backpropagated variables, N times the gradient of the loss in the hidden states",
)
dX = array("dX", N, d, latex=r"\mathrm{d}X", meaning="a displacement of the hidden states")
Q = array("Q", d_k, d, meaning="query matrix of a head")
K = array("K", d_k, d, meaning="key matrix")
V = array("V", d, d, meaning="value matrix, output matrix absorbed")
S = array("S", N)  # attention weights of one query
R = array("R", N, N, meaning="attention weights: softmax of the logits of each token")
mass = sp.Symbol("m")  # the law of the tokens; in ``mvode`` of tokens with their adjoints
Z, ratio = sp.Symbol("Z", positive=True), sp.Symbol("ratio", positive=True)
Vector = Callable[[sp.Idx], sp.Expr]


def entry(base: sp.IndexedBase, *row: sp.Basic | int) -> Vector:
    """The vector ``base[row, .]``."""
    return lambda at: base[(*row, at)]


# Finite model.
def logit(query: Vector, key: Vector) -> sp.Expr:
    """x^T Q^T K y / sqrt(d_k)."""
    return total(Q[c, a] * query(a) * K[c, b] * key(b), c, a, b) / sp.sqrt(d_k)


def attention(query: Vector, out: sp.Idx, token: Vector, variable: sp.IndexedBase) -> sp.Expr:
    """A(x, m) = V (mean of y exp(x^T B y)) / (mean of exp(x^T B y)), the mean over m(dy)."""
    weight = sp.exp(logit(query, token))
    mixed = mean(token(f) * weight, variable, mass) / mean(weight, variable, mass)
    return total(V[out, f] * mixed, f)


def self_attention(token: sp.Idx, out: sp.Idx) -> sp.Expr:
    """A at a token of the empirical measure, with R its attention weights."""
    return total(V[out, f] * R[token, q] * X[q, f], f, q)


def layer(token: sp.Idx, out: sp.Idx) -> sp.Expr:
    """x' = x + (1 / (L H)) sum of A over the heads; the part of one head."""
    return X[token, out] + self_attention(token, out) / (L * H)


A = attention(entry(x), e, entry(y), y)
D_x = array(
    "D_x", N, d, d, latex="D_xA", meaning="derivative of attention in the query, at a token"
)
d_m = array(
    "d_m", N, N, d, d, latex=r"\partial_mA",
    meaning="Lions derivative of attention in the law of the tokens, at two tokens",
)  # fmt: skip
BACKWARD = total(D_x[t, e, g] * P[t, e], e) + total(d_m[i, t, e, g] * P[i, e], i, e) / N
hamiltonian = total(P[i, e] * self_attention(i, e), i, e) / N


# Between a measure and its tokens.
def fold(expression: sp.Expr) -> sp.Expr:
    """Means against exp(x^T B y) as sums over the tokens Y with softmax weights S.

    ``mean(phi exp) = Z sum_j S_j phi(Y_j)`` with Z = mean(exp), and exp at a new point y is Z times
    ``ratio``; in a quotient of means Z cancels.
    """

    def softmax(node: Mean) -> sp.Expr:
        (weight,) = node.function.atoms(sp.exp)
        phi = node.function.xreplace({weight: sp.S.One})
        (token,) = indices("token", N)
        moved = {n for n in phi.atoms(sp.Indexed) if n.base == node.variable}
        at = {n: Y[(token, *n.indices)] for n in moved}
        return Z if phi == 1 else Z * total(S[token] * phi.xreplace(at), token)

    folded = expression.replace(lambda n: isinstance(n, Mean), softmax)
    return canonical(folded.replace(lambda n: isinstance(n, sp.exp), lambda _: Z * ratio))


def spelled_out(expression: sp.Expr) -> sp.Expr:
    """The softmax weights and the ratio of a folded expression as quotients of exponentials."""
    normaliser = total(sp.exp(logit(entry(x), entry(Y, k))), k)
    explicit = sp.exp(logit(entry(x), entry(Y, j))) / normaliser
    new = sp.exp(logit(entry(x), entry(y))) * N / normaliser
    return unfold(expression, define(S, (j,), explicit)).xreplace({ratio: new})


def at_tokens(expression: sp.Expr, query: sp.Idx, point: sp.Idx) -> sp.Expr:
    """A folded expression for N tokens: x is token ``query``, y is token ``point``, Y is X."""
    seen = unfold(expression, define(S, (k,), R[query, k])).xreplace({ratio: N * R[query, point]})
    to = {x: lambda at: X[(query, *at)], Y: lambda at: X[at], y: lambda at: X[(point, *at)]}
    return seen.xreplace({n: to[n.base](n.indices) for n in seen.atoms(sp.Indexed) if n.base in to})


# First route: attention as a functional of the token measure.
@cache
def token_jacobian() -> sp.Expr:
    """D_x A, component (e, g)."""
    return fold(sp.diff(A, x[g]))


@cache
def flat_derivative() -> sp.Expr:
    """dA/dm (y), component e."""
    return fold(first_variation(A, mass, y))


@cache
def lions() -> sp.Expr:
    """d_m A (y), component (e, g)."""
    return fold(lions_derivative(A, mass, y[g]))


# Second route: the chain rule through the softmax of N tokens.
def derivative(expression: sp.Expr, by: sp.Indexed) -> sp.Expr:
    """The derivative of an expression in R and in the arrays that R depends on."""
    row, at, other = indices("row at other", N)
    change = canonical(sp.diff(logit(entry(X, row), entry(X, at)), by))
    mean_change = total(R[row, other] * instantiate(change, {at: other}), other)
    through = sp.diff(expression, R[row, at]) * R[row, at] * (change - mean_change)
    return canonical(sp.diff(expression, by) + total(through, row, at))


@cache
def adjoint() -> sp.Expr:
    """-dP/dt, component (t, g): N times the gradient of the Hamiltonian in a token."""
    return canonical(N * derivative(hamiltonian, X[t, g]))


@cache
def head_gradient() -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Gradient of <P, A> in Q (o, g), K (o, g) and V (b, g), averaged over the tokens."""
    (b_,) = indices("b_out", d)
    by_Q, by_K, by_V = (derivative(hamiltonian, w) for w in (Q[o, g], K[o, g], V[b_, g]))
    return by_Q, by_K, by_V


@cache
def linearised() -> sp.Expr:
    """The change of the drift at token i, component e, when the tokens move by dX."""
    change = derivative(self_attention(i, e), X[t, g])
    return canonical(total(change * dX[t, g], t, g))


def mvode() -> tuple[sp.Expr, sp.Expr]:
    """-dP/dt at token t from the Hamiltonian of the law of (X, P), and by the adjoint formula.

    z[0] is a token, z[1] its adjoint; both sides are taken at an empirical measure.
    """
    z, u, v = (array(name, 2, d) for name in ("z", "u", "v"))
    points = array("points", N, 2, d)

    def drift(at: sp.IndexedBase, out: sp.Idx) -> sp.Expr:
        return attention(entry(at, 0), out, entry(v, 0), v)

    energy = mean(total(z[1, e] * drift(z, e), e), z, mass)
    own = total(z[1, e] * sp.diff(drift(z, e), z[0, g]), e)
    others = total(u[1, e] * lions_derivative(drift(u, e), mass, z[0, g]), e)
    sides = lions_derivative(energy, mass, z[0, g]), own + mean(others, u, mass)

    def at_token(side: sp.Expr) -> sp.Expr:
        found = empirical(side, mass, points)
        entries = [n for n in found.atoms(sp.Indexed) if n.base == z]
        return found.xreplace({n: points[(t, *n.indices)] for n in entries})

    return at_token(sides[0]), at_token(sides[1])


STATEMENT = (
    "forward equation",
    "adjoint",
    "McKean-Vlasov form",
    "raw gradient",
    "weights of the history",
    "weight of the newest gradient",
    "$L^{-1/3} H^{-1/2}$",
)
ASIDE: dict[str, tuple[str, ...]] = {
    "a second route to a step": ("token Jacobian, explicit", "empirical measure"),
    "laws of the system, by which its simulation is tested": (
        "adjoint is the transpose",
        "Hamiltonian is conserved",
    ),
    "the form that the code computes": ("ratio",),
    "why there is the assumption no-mask": ("a causal mask breaks it",),
    "the contrast to blockwise AdamW": ("entrywise update grows",),
    "a network of one token, whose error is known: what no rate beats": (
        "one layer of the toy",
        "toy: order $1/L$",
        "toy: order $1/L^2$",
        "Euler constant",
        "CLT variance",
        "no rate beats $L^{-1} + (L H)^{-1/2}$",
    ),
}


def derive() -> Derivation:
    """From one layer to the forward-backward system, its gradients and the rate."""
    return Derivation(
        steps=(*measure_steps(), *system_steps(), *moment_steps(), *depth_steps()),
        functions=functions(),
        statement=STATEMENT,
        aside=ASIDE,
    )


def measure_steps() -> tuple[Step, ...]:
    """Derivatives of attention, against the formulas of the reference sheet."""
    ybar = total(S[j] * Y[j, f], j)
    spread = Y[j, f] - ybar
    along = total(K[c, b] * Q[c, g] * Y[j, b], c, b) / sp.sqrt(d_k)
    xB = total(Q[c, a] * x[a] * K[c, g], c, a) / sp.sqrt(d_k)
    explicit = sp.diff(total(V[e, f] * spelled_out(ybar), f), x[g])
    shift, (tok,) = sp.Symbol("s", real=True), indices("tok", N)
    logits, change = array("logits", N), array("change", N)
    moved = sp.exp(logits[i] + shift * change[i])
    weight = moved / total(instantiate(moved, {i: tok}), tok)
    at_zero = weight.subs(shift, 0)
    others = total(instantiate(at_zero, {i: q}) * change[q], q)
    ell = array("ell", N)
    here = sp.Symbol("ell_y", real=True)
    return (
        Step(
            "softmax rule", sp.diff(weight, shift).subs(shift, 0), at_zero * (change[i] - others),
            r"$d R_j = R_j (d l_j - \sum_k R_k d l_k)$: the chain rule used for $N$ tokens",
            kind="derived",
        ),
        Step(
            "token Jacobian", token_jacobian(), total(V[e, f] * S[j] * spread * along, f, j),
            r"$D_x A = V \operatorname{Cov}(y) B^\top$, the covariance under the attention "
            "weights", kind="derived",
        ),
        Step(
            "token Jacobian, explicit", spelled_out(token_jacobian()), explicit,
            "second route: derivative of the quotient of exponential sums", kind="derived",
        ),
        Step(
            "flat derivative", flat_derivative(), ratio * total(V[e, f] * (y[f] - ybar), f),
            r"$\partial_m A(y) = V (e^{x^\top B y} / Z)(y - \bar y)$", kind="derived",
        ),
        Step(
            "Lions derivative", lions(),
            ratio * (V[e, g] + total(V[e, f] * (y[f] - ybar), f) * xB),
            r"its gradient in $y$: $V (e^{x^\top B y} / Z)(I + (y - \bar y) x^\top B)$",
            uses=("flat derivative",), kind="derived",
        ),
        Step(
            "empirical measure", linearised(),
            total(at_tokens(token_jacobian(), i, i) * dX[i, g], g)
            + total(at_tokens(lions(), i, t) * dX[t, g], t, g) / N,
            r"the chain rule for $N$ tokens: $d A(x_i) = D_x A \, d x_i + \frac{1}{N} \sum_t "
            r"(\partial_m A)(x_t) \, d x_t$",
            uses=("softmax rule", "token Jacobian", "Lions derivative"), kind="derived",
        ),
        Step(
            "ratio", sp.exp(here) / (total(sp.exp(ell[j]), j) / N),
            1 / (total(sp.exp(ell[j] - here), j) / N),
            "the form that is computed: differences of logits cannot lose digits",
        ),
    )  # fmt: skip


def system_steps() -> tuple[Step, ...]:
    """The forward-backward system, its symmetries, and the gradients of the heads."""
    own = define(D_x, (t, e, g), at_tokens(token_jacobian(), t, t))
    others = define(d_m, (i, t, e, g), at_tokens(lions(), i, t))
    increment = L * H * (layer(i, e) - X[i, e])
    backward = unfold(BACKWARD, own, others)  # the adjoint equation as stated, by measures
    by_state, by_adjoint = (N * derivative(hamiltonian, z[t, g]) for z in (X, P))
    through = total(P[i, e] / N * layer(i, e), i, e)
    dQ, dK, dV = head_gradient()
    u = total(V[e, f] * P[i, e], e)
    centred = X[j, f] - total(R[i, q] * X[q, f], q)
    cov_u = total(R[i, j] * X[j, a] * centred * u, j, f)
    by_Q = total(K[o, a] * cov_u * X[i, g], i, a) / (N * sp.sqrt(d_k))
    by_K = total(Q[o, b] * X[i, b] * instantiate(cov_u, {a: g}), i, b) / (N * sp.sqrt(d_k))
    first, second, l_11, l_12 = sp.symbols("x_1 x_2 l_11 l_12", real=True)
    both, alone = sp.exp(l_11) + sp.exp(l_12), sp.exp(l_11)
    mixed = (sp.exp(l_11) * first + sp.exp(l_12) * second) / both
    masked = sp.exp(l_11) * first / alone
    (b_out,) = indices("b_out", d)
    return (
        Step(
            "forward equation", canonical(increment), self_attention(i, e),
            "one head moves a token by its attention, $1/(L H)$ of it a layer: the mean over "
            "$H$ independent heads is that over their law, and $L$ layers make unit time",
            uses=("independent-heads",), kind="definition",
        ),
        Step(
            "adjoint", adjoint(), backward,
            r"one step of backpropagation, times $N$: $D_x A^\top P$ plus the mean of "
            r"$(\partial_m A)^\top P$",
            uses=("softmax rule", "token Jacobian", "Lions derivative"), kind="derived",
        ),
        Step(
            "McKean-Vlasov form", *mvode(),
            r"$-d P/d t$ is the gradient of the variation of the Hamiltonian $E\langle P, "
            r"A(X, \operatorname{Law} X)\rangle$: one equation for every number of tokens",
            uses=("no-mask", "Lions derivative"),
        ),
        Step(
            "adjoint is the transpose", total(P[i, e] * linearised(), i, e),
            total(backward * dX[t, g], t, g),
            r"so $\frac{d}{d t} \sum_i \langle P_i, d X_i\rangle = 0$ along the linearised flow",
            uses=("adjoint", "empirical measure"), kind="derived",
        ),
        Step(
            "Hamiltonian is conserved", total(by_state * self_attention(t, g), t, g),
            total(by_adjoint * backward, t, g),
            r"$\partial_X H \cdot d X/d t = \partial_P H \cdot (-d P/d t)$, both slopes "
            "differentiated: $d H/d t = 0$ when the law of the heads does not depend on depth",
            uses=("forward equation", "adjoint"), kind="identity",
        ),
        Step(
            "gradient in $Q$", dQ, by_Q,
            r"$K \operatorname{Cov}(y) V^\top p x^\top / \sqrt{d_k}$, mean over the tokens",
            uses=("softmax rule",), kind="derived",
        ),
        Step(
            "gradient in $K$", dK, by_K,
            r"$Q x (\operatorname{Cov}(y) V^\top p)^\top / \sqrt{d_k}$, mean over the "
            "tokens",
            uses=("softmax rule",), kind="derived",
        ),
        Step(
            "gradient in $V$", dV, total(P[i, b_out] * R[i, j] * X[j, g], i, j) / N,
            r"$p \bar y^\top$, mean over the tokens", kind="derived",
        ),
        Step(
            "raw gradient", L * H * derivative(through, V[b_out, g]), dV,
            r"backpropagation through one layer, $p = N \, d l/d x$: the gradient of the loss "
            r"is $1/(L H)$ times that of $\langle p, A\rangle$, so AdamW's $\epsilon$ must "
            "scale or training freezes",
            uses=("scaled-epsilon", "gradient in $Q$", "gradient in $K$", "gradient in $V$"),
        ),
        Step(
            "a causal mask breaks it", mixed - masked, sp.exp(l_12) / both * (second - first),
            "two tokens, $V = 1$: the first sees the mixture, or itself only with a mask; to "
            "exchange tokens no longer exchanges their drifts, and no measure describes them",
        ),
    )  # fmt: skip


def functions() -> tuple[Function, ...]:
    """What becomes code."""
    rows = define(S, (j,), Softmax(logit(entry(x), entry(Y, j)), j))
    table = define(R, (i, j), Softmax(logit(entry(X, i), entry(X, j)), j))
    gap = logit(entry(x), entry(Y, j)) - logit(entry(x), entry(y))
    new_point = define(ratio, (), N / total(sp.exp(gap), j))
    note = "Reconstructed; Gibson and Reisinger 2026 (arXiv:2605.11059) use a model of this kind."
    (b_out,) = indices("b_out", d)
    dQ, dK, dV = head_gradient()
    return (
        Function(
            define("attention", (e,), fold(A)), (x, Y, Q, K, V),
            "Attention of one query x over the tokens Y, one head.", note, (rows,),
        ),
        Function(
            define("attention_token_jacobian", (e, g), token_jacobian()), (x, Y, Q, K, V),
            "Derivative of attention in the query, the tokens held fixed.", note, (rows,),
        ),
        Function(
            define("attention_lions_derivative", (e, g), lions()), (x, Y, y, Q, K, V),
            "Lions derivative of attention in the law of the tokens, at the point y.",
            note + " At y = Y_j, 1/N of it is the derivative of attention in the token Y_j.",
            (rows, new_point),
        ),
        Function(
            define("self_attention", (i, e), self_attention(i, e)), (X, Q, K, V),
            "Drift of all tokens, one head.", note, (table,),
        ),
        Function(
            define("linearised_drift", (i, e), linearised()), (X, dX, Q, K, V),
            "Change of the drift when the tokens move by dX, one head.", note, (table,),
        ),
        Function(
            define("adjoint_drift", (t, g), adjoint()), (X, P, Q, K, V),
            "-dP/dt of the backpropagated variables P = N dloss/dX, one head.", note, (table,),
        ),
        Function(
            define("hamiltonian", (), hamiltonian), (X, P, Q, K, V),
            "Mean over the tokens of <P, A>, one head.", note, (table,),
        ),
        Function(
            (
                define("in_Q", (o, g), dQ), define("in_K", (o, g), dK),
                define("in_V", (b_out, g), dV),
            ),
            (X, P, Q, K, V),
            "Gradients of the Hamiltonian in Q, K, V: L H times those of the loss.", note, (table,),
            "head_gradient",
        ),
        Function(
            define("largest_update", (), largest_update()), tuple(moment_symbols),
            "C_n: the largest |m| / sqrt(v) that AdamW can reach after n gradients.",
            "Derived here by Cauchy and Schwarz; finite for all n when beta1^2 < beta2.",
        ),
        Function(
            define("toy_mean_square", (), toy_mean_square()), (*toy_symbols, L, H),
            "E (x_L - x_1)^2 of the one-token network against its limit, exact at every size.",
            "Derived here.",
        ),
    )  # fmt: skip


error = symbol(
    "error",
    meaning="$L^2$ norm of the largest error over the initial tokens, of hidden states and "
    "backpropagated variables",
)
constant = symbol("c_0", meaning="a constant without L, H and the number of tokens", positive=True)
rate = Rate(L**-1 + NOISE_RATE, Kind.UPPER_BOUND)
time = symbol("tau", meaning="depth in [0, 1]: layer / L", real=True)
heads = symbol("nu", meaning="law of the heads (Q, K, V) at a depth, after the steps taken")


def over_heads(value: sp.Expr) -> sp.Expr:
    """The mean over the law of the heads."""
    return Mean(value, sp.Tuple(Q, K, V), heads)


theorem = Theorem(
    title="AdamW-trained transformers have a forward-backward ODE as their limit",
    statement=(
        "Let depth $L$ and number of heads $H$ grow, residual branches scaled by $1/(L H)$, "
        "heads initialised independently with a compactly supported law, for a fixed number of "
        "AdamW steps. The hidden states and backpropagated variables converge in mean square, "
        "uniformly over compact sets of initial tokens, to a forward-backward ODE at rate "
        "$L^{-1} + L^{-1/3} H^{-1/2}$, with constants that do not depend on the number of "
        "tokens; without a causal mask the limit is a McKean-Vlasov ODE. With blockwise AdamW "
        "the constants do not depend on the embedding dimension either."
    ),
    equations=(
        sp.Eq(sp.Derivative(X[i, e], time), over_heads(self_attention(i, e)), evaluate=False),
        sp.Eq(-sp.Derivative(P[t, g], time), over_heads(BACKWARD), evaluate=False),
        *adamw_equations,
        sp.Le(error, sp.Mul(constant, rate.expression, evaluate=False), evaluate=False),
    ),
    reference="Gibson, Reisinger, Uniform Scaling Limits in AdamW-Trained Transformers, 2026, "
    "arXiv:2605.11059",
    source=Source.ABSTRACT,
    source_note=(
        "Only the abstract was at hand. From it: the rate as an upper bound, $L^2$ and "
        "uniform over the initial condition, hidden states with backpropagated variables, "
        "the McKean-Vlasov ODE without a causal mask, constants free of the number of "
        "tokens, and of the embedding dimension after an adaptation of AdamW. Ours: the "
        r"attention formula, the loss, the scale $1/(L H)$ and $\epsilon$ on gradients times "
        "$L H$, blockwise AdamW, all derivatives, the three lemmas on AdamW, the block "
        "argument for the exponents, and the sharper exponents $(1/2, 1/2)$ of our model. A "
        "finite grid can refute an upper bound; it cannot prove it."
    ),
    assumptions=(
        Assumption("compact-heads", "The law of the heads at initialisation has compact support."),
        Assumption("independent-heads", "Heads are independent over layers and within a layer."),
        Assumption("no-mask", "Attention is not masked (for the McKean-Vlasov form)."),
        Assumption("fixed-steps", "The number of training steps does not grow with $L$ or $H$."),
        Assumption(
            "scaled-epsilon", r"AdamW sees gradients times $L H$, or $\epsilon$ is divided by $L "
            "H$."
        ),
        Assumption("weight-decay", r"$\eta \lambda \le 1$ and $\beta_1^2 < \beta_2$."),
    ),
    rate=rate,
    derive=derive,
    coverage=COVERAGE,
    found=FOUND,
)  # fmt: skip
