r"""Gradient flow on a deep and wide transformer has a Wasserstein gradient flow as its limit.

Main statement: a residual transformer whose layers average M attention heads and M feed-forward
units with steps 1/(2L) is a particle system in depth and width. As L and M grow, its gradient
flow follows the PDE ``d_tau rho = div(rho G)`` with ``G = grad dQ/drho``, a law rho(. | t) for
every depth t in [0, 1]; outputs and risks are within ``C (1/L + sqrt(log(L+1)/M))``.

The finite model (``attention``, ``feedforward`` and the alternating layer) is data. The depth
equation, the adjoint, dQ/drho, the drift and the closed-form gradients are computed from it; what
the paper and the sheet state is typed once, as ``STATED``, and held against them.

References: Gao et al., Global Convergence in Training Large-Scale Transformers, NeurIPS 2024,
arXiv:2410.23610; Chizat, The Hidden Width of Deep ResNets, 2025, arXiv:2509.10167.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import sympy as sp

from theory.calculus.indices import array, canonical, indices, size, substitute, total, unroll
from theory.calculus.measure import (
    continuity,
    empirical,
    first_variation,
    integrate_label,
    lions_derivative,
    mean,
    transport,
)
from theory.codegen.function import Definition, Function, Output, Softmax
from theory.language import Assumption, Derivation, Kind, Rate, Source, Step, Theorem

# Symbols: D rows and T tokens (columns) of Z; neurons of one feed-forward particle.
D, T, hidden = size("D"), size("T"), size("hidden")
a, b, c, d = indices("a b c d", D)
i, j, q, r, s = indices("i j q r s", T)
n, m, o = indices("n m o", hidden)
Z, p = array("Z", D, T), array("p", D, T)
V, W = array("V", D, D), array("W", D, D)
W1, W2 = array("W1", hidden, D), array("W2", D, hidden)
P = array("P", T, T)  # softmax weights
X, S, S1 = (array(name, hidden, T) for name in ("X", "S", "S1"))  # input, sigma, sigma'
hf, gg, gt = (array(name, D, T) for name in ("hf", "gg", "gt"))
L, M, lam, tau, eps = sp.symbols("L M lambda tau epsilon", positive=True)
x1, x2, t, y, theta, w = sp.symbols("x1 x2 t y theta w", real=True)
rho, rho_t = sp.symbols("rho rho_t")  # a law for every depth; the law at depth t


@dataclass(frozen=True)
class Activation:
    """A scalar function and its slope, as expressions in ``x``."""

    prefix: str
    value: Callable[[sp.Expr], sp.Expr]
    slope: Callable[[sp.Expr], sp.Expr]


def _clip(x: sp.Expr) -> sp.Expr:
    return sp.Min(sp.Max(x, 0), 1)


HUBER = Activation("", lambda x: _clip(x) * (x - _clip(x) / 2), _clip)
RELU = Activation("relu_", lambda x: sp.Max(x, 0), lambda x: (1 + sp.sign(x)) / 2)


# Finite model: one head and one feed-forward particle, and how layers alternate them.
LOGITS = total(Z[a, q] * W[a, b] * Z[b, i], a, b)  # of token i on token q: Z^T W Z
HIDDEN = total(W1[n, b] * Z[b, i], b)
attention = total(V[a, b] * Z[b, q] * P[q, i], b, q)  # f = V Z softmax(Z^T W Z), column-wise
feedforward = total(W2[a, n] * S[n, i], n)  # h = W2 sigma(W1 Z)


def alternating_layer(f: list, h: list, state: list[sp.Symbol], eps: sp.Symbol) -> list[sp.Expr]:
    """One layer: attention with step eps/2, then feed-forward with step eps/2."""
    middle = [x + eps / 2 * fx for x, fx in zip(state, f, strict=True)]
    at_middle = dict(zip(state, middle, strict=True))
    return [
        m + eps / 2 * hx.subs(at_middle, simultaneous=True) for m, hx in zip(middle, h, strict=True)
    ]


def through_softmax(branch: sp.Expr, entry: sp.Indexed) -> sp.Expr:
    """The derivative of a branch in an entry; softmax weights move by P (dl - sum P dl)."""
    slopes = sp.diff(branch, P[r, j])
    moved = sp.diff(LOGITS, entry).subs({q: r, i: j}, simultaneous=True)
    centre = total(P[q, j] * sp.diff(LOGITS, entry).subs(i, j), q)
    return sp.diff(branch, entry) + total(slopes * P[r, j] * (moved - centre), r, j)


def through_activation(branch: sp.Expr, entry: sp.Indexed) -> sp.Expr:
    """The derivative of a branch in an entry; the activation moves by its slope."""
    moved = sp.diff(HIDDEN, entry).subs({n: m, i: j}, simultaneous=True)
    return sp.diff(branch, entry) + total(sp.diff(branch, S[m, j]) * S1[m, j] * moved, m, j)


def paired(derivative: sp.Expr) -> sp.Expr:
    """<derivative, p>."""
    return canonical(total(p[a, i] * derivative, a, i))


@cache
def pulled_back() -> dict[str, sp.Expr]:
    """Gradients of <f, p> and <h, p> in parameters and state, computed from the blocks."""
    return {
        "V": paired(through_softmax(attention, V[c, d])),
        "W": paired(through_softmax(attention, W[c, d])),
        "Z of f": paired(through_softmax(attention, Z[c, s])),
        "W2": paired(through_activation(feedforward, W2[c, o])),
        "W1": paired(through_activation(feedforward, W1[o, c])),
        "Z of h": paired(through_activation(feedforward, Z[c, s])),
    }


# What the sheet states (closed forms; its matrices written out in entries).
def _returned(x: sp.Idx, y: sp.Idx) -> sp.Expr:
    """u_y = (diag(P_y) - P_y P_y^T) Z^T V^T p_y, at token x."""
    back = total(Z[b, x] * V[a, b] * p[a, y], a, b)
    return P[x, y] * (back - total(P[q, y] * Z[b, q] * V[a, b] * p[a, y], a, b, q))


def _felt(x: sp.Idx, y: sp.Idx) -> sp.Expr:
    """q = (W2^T p) * sigma'(W1 Z)."""
    return total(W2[a, x] * p[a, y], a) * S1[x, y]


STATED = {
    "V": total(p[c, i] * Z[d, j] * P[j, i], i, j),
    "W": total(Z[c, j] * _returned(j, i) * Z[d, i], i, j),
    "Z of f": total(V[a, c] * p[a, i] * P[s, i], a, i)
    + total(W[c, b] * Z[b, i] * _returned(s, i), b, i)
    + total(W[b, c] * Z[b, j] * _returned(j, s), b, j),
    "W2": total(p[c, i] * S[o, i], i),
    "W1": total(_felt(o, i) * Z[c, i], i),
    "Z of h": total(W1[n, c] * _felt(n, s), n),
}


# Depth: the alternating layer against the flow of g = (f + h) / 2.
def _generic(name: str, *more: sp.Symbol) -> list[sp.Expr]:
    return [sp.Function(f"{name}{e}")(x1, x2, *more) for e in (1, 2)]


def _along(field: list[sp.Expr], direction: list[sp.Expr]) -> sp.Expr:
    """First component of (d field) direction."""
    return sum(
        (sp.diff(field[0], x) * v for x, v in zip((x1, x2), direction, strict=True)), sp.S.Zero
    )


def _order(expression: sp.Expr, power: int) -> sp.Expr:
    """The coefficient of eps**power."""
    derivative = sp.diff(expression, eps, power).subs(eps, 0).doit()
    return sp.expand(derivative / sp.factorial(power))


@cache
def depth_expansion() -> tuple[sp.Expr, sp.Expr, sp.Expr, sp.Expr]:
    """First and second order in 1/L of a layer, and second order of the flow of g in time t."""
    f, h = _generic("f", t), _generic("h", t)
    g = [(u + v) / 2 for u, v in zip(f, h, strict=True)]
    layer = alternating_layer(f, h, [x1, x2], eps)[0]
    flow = (_along(g, g) + sp.diff(g[0], t)) / 2  # half the second derivative along the flow
    return _order(layer, 1), _order(layer, 2), sp.expand(flow), _along(h, f)


DEFECT = hf[a, i] / 4 - gg[a, i] / 2 - gt[a, i] / 2


def depth_steps() -> tuple[Step, ...]:
    """The depth equation and what a layer misses of it."""
    f, h = _generic("f", t), _generic("h", t)
    g = [(u + v) / 2 for u, v in zip(f, h, strict=True)]
    first, second, flow, h_along_f = depth_expansion()
    defect = DEFECT.subs({hf[a, i]: h_along_f, gg[a, i]: _along(g, g), gt[a, i]: sp.diff(g[0], t)})
    return (
        Step(
            "depth equation", first, g[0],
            "a layer moves by g/L to first order: alternating f and h averages them, (3.1)",
        ),
        Step(
            "layer, second order", second, h_along_f / 4,
            "feed-forward sees the state that attention has moved: h' f / 4",
        ),
        Step(
            "depth defect", second - flow, defect,
            "layer minus flow over time 1/L, times L^2: the local error, hence global order 1/L",
        ),
    )  # fmt: skip


# Width: the risk as a functional of rho(. | t), with the state T(t) and its multiplier p(t).
state, adjoint = sp.Function("T")(t), sp.Function("p")(t)
branch_f, branch_h = sp.Function("f")(state, theta), sp.Function("h")(state, w)
beta = (theta, w)


def lagrangian() -> sp.Expr:
    """Q plus p times the depth equation: its variation in rho is that of Q, since d/dT is zero."""
    velocity = mean((branch_f + branch_h) / 2, beta, rho, t)
    decay = lam / 2 * mean(theta**2 + w**2, beta, rho, t)
    return sp.Integral(adjoint * (velocity - sp.diff(state, t)) + decay, (t, 0, 1))


@cache
def drift() -> tuple[sp.Expr, sp.Expr]:
    """(G_f, G_h): the Lions derivative of Q at depth t."""
    gradient = lions_derivative(lagrangian(), rho, beta, t)
    return tuple(sp.expand(part) for part in gradient)


def width_steps() -> tuple[Step, ...]:
    """dQ/drho, the drift, the PDE and its laws; for one data point, the mean over data is linear."""
    phi, density = sp.Function("phi")(*beta), sp.Function("u")(*beta)
    G = drift()
    down = tuple(-part for part in G)
    Q = lagrangian()
    u, v, du = array("u", D), array("v", D), array("du", D)
    A = array("A", D, D)
    dp = -total(A[b, a] * u[b], b)
    dT = total(A[a, b] * v[b], b) + du[a]
    divergence = sum(sp.diff(phi * density * part, z) for part, z in zip(G, beta, strict=True))
    flux = density * sum(sp.diff(phi, z) * part for part, z in zip(G, beta, strict=True))
    return (
        Step(
            "pairing of adjoint and variation", total(dp * v[a] + u[a] * dT, a), total(u[a] * du[a], a),
            "dp = -A^T p and d(delta T) = A delta T + integral g dchi: the rate of <p, delta T> is "
            "<p, integral g dchi>; integrated over depth it is the first variation of the risk",
        ),
        Step(
            "functional derivative", first_variation(Q, rho, beta, t),
            adjoint * (branch_f + branch_h) / 2 + lam / 2 * (theta**2 + w**2),
            "dQ/drho = <g, p> + lambda |beta|^2 / 2 (3.4)",
        ),
        Step(
            "drift of attention", G[0], adjoint * sp.diff(branch_f, theta) / 2 + lam * theta,
            "Lions derivative of Q: G_f",
        ),
        Step(
            "drift of feed-forward", G[1], adjoint * sp.diff(branch_h, w) / 2 + lam * w,
            "Lions derivative of Q: G_h",
        ),
        Step(
            "PDE, weak form", transport(mean(phi, beta, rho_t), rho_t, beta, down),
            -mean(sum(sp.diff(phi, z) * part for part, z in zip(G, beta, strict=True)), beta, rho_t),
            "mass moves with velocity -G, and only in beta: d/dtau of the mean of phi",
        ),
        Step(
            "PDE, strong form", phi * continuity(density, beta, down), divergence - flux,
            "phi div(u G) = div(phi u G) - u grad phi . G: both forms of (3.5) agree",
        ),
        Step("mass", transport(mean(sp.S.One, beta, rho_t), rho_t, beta, down), sp.S.Zero, "phi = 1: each depth keeps mass one"),
        Step(
            "dissipation", transport(Q, rho, beta, down, t),
            -integrate_label(mean(G[0] ** 2 + G[1] ** 2, beta, rho, t), t),
            "dQ/dtau = -integral of |G|^2; (D.25) of the paper prints it without the minus",
        ),
    )  # fmt: skip


def block_steps() -> tuple[Step, ...]:
    """The closed-form gradients, for matrices of any size, and what follows from their form."""
    x = array("x", T)
    weight = {token: sp.exp(x[token]) / total(sp.exp(x[i]), i) for token in (q, r)}
    derived = pulled_back()
    named = tuple(
        Step(
            f"gradient in {name}", derived[name], STATED[name],
            "chain rule through softmax or activation, against the closed form of the sheet",
        )
        for name in STATED
    )  # fmt: skip
    degree = sp.Symbol("degree", positive=True)

    def euler(expression: sp.Expr) -> sp.Expr:
        """Put sigma(x) = x sigma'(x) / degree: sigma is positively homogeneous."""
        return substitute(expression, S, (n, i), HIDDEN * S1[n, i] / degree)

    return (
        Step(
            "softmax rule", sp.diff(weight[q], x[r]),
            weight[q] * (sp.KroneckerDelta(q, r) - weight[r]), "dP_q = P_q (dl_q - sum P dl)",
        ),
        *named,
        Step(
            "value is linear", total(V[c, d] * derived["V"], c, d), paired(attention),
            "<V, grad_V <f, p>> = <f, p>: f is linear in V",
        ),
        Step(
            "outer layer is linear", total(W2[c, o] * derived["W2"], c, o), paired(feedforward),
            "<W2, grad_W2 <h, p>> = <h, p>: h is linear in W2; with the step before, the virial "
            "identity d/dtau (|V|^2 + |W2|^2) / 2 = -E integral <dT, p> - lambda (|V|^2 + |W2|^2)",
        ),
        Step(
            "balancedness", total(W1[o, c] * derived["W1"], c),
            degree * euler(total(W2[c, o] * derived["W2"], c)),
            "for sigma of degree q, row o of W1 and column o of W2: <W1, grad> = q <W2, grad>, so "
            "|W1|^2 - q |W2|^2 of a neuron decays exactly like exp(-2 lambda tau)",
        ),
    )  # fmt: skip


def particle_steps() -> tuple[Step, ...]:
    """Two layers of two particles, composed and differentiated: the drift at finite size."""
    thetas, ws = sp.symbols("theta1:5", real=True), sp.symbols("w1:5", real=True)
    points = [
        list(zip(thetas[2 * k : 2 * k + 2], ws[2 * k : 2 * k + 2], strict=True)) for k in (0, 1)
    ]
    measures = sp.symbols("rho1:3")
    # Linear blocks whose Jacobians do not commute: a shear along each axis.
    f = lambda z, e: [e[0] * z[1], sp.S.Zero]  # noqa: E731
    h = lambda z, e: [sp.S.Zero, e[1] * z[0]]  # noqa: E731
    z, halves = [x1, x2], []
    for law in measures:
        for block in (f, h):
            halves.append(z)
            z = [u + mean(v, beta, law) / 4 for u, v in zip(z, block(z, beta), strict=True)]
    decay = sum(mean(theta**2 + w**2, beta, law) for law in measures)
    risk = (z[0] + z[1] - y) ** 2 / 2 + lam / 4 * decay
    for law, atoms in zip(measures, points, strict=True):
        risk = empirical(risk, law, atoms)
    costate = [z[0] + z[1] - y] * 2
    steps = []
    # Backwards through h, f, h, f: interleaved, as (2.4) has them.
    for k in (3, 2, 1, 0):
        layer, block, which = k // 2, (f, h)[k % 2], k % 2
        pairing = sum(u * v for u, v in zip(costate, block(halves[k], beta), strict=True)) / 2
        gradient = sp.diff(pairing + lam / 2 * (theta**2 + w**2), beta[which])
        at = dict(zip(beta, points[layer][0], strict=True))
        for law, atoms in zip(measures, points, strict=True):
            gradient = empirical(gradient, law, atoms)
        own = points[layer][0][which]
        steps.append(
            Step(
                f"particle gradient, half-layer {k + 1} of 4",
                4 * sp.diff(risk, own),
                gradient.subs(at),
                "M L times the gradient of the finite risk is the drift G at the particle, with "
                "the adjoint carried back through interleaved half-layers (2.6, 2.7)",
            )
        )
        field = [mean(v, beta, measures[layer]) for v in block([x1, x2], beta)]
        costate = [
            u + sum(v * sp.diff(g, x) for v, g in zip(costate, field, strict=True)) / 4
            for u, x in zip(costate, (x1, x2), strict=True)
        ]
    return tuple(steps)


# Scalar tokens (D = 1, two tokens): everything is explicit. Tied: V = W = y, one dimension.
u1, u2, q1, q2, v, omega = sp.symbols("u1 u2 q1 q2 v omega", real=True)


def logistic(x: sp.Expr) -> sp.Expr:
    """1 / (1 + exp(-x)), in a form that cannot overflow."""
    return (1 + sp.tanh(x / 2)) / 2


def scalar_tokens(value: sp.Expr, logit: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """f of two scalar tokens from the attention of matrices, softmax written out."""
    entries = {Z[0, 0]: u1, Z[0, 1]: u2, V[0, 0]: value, W[0, 0]: logit}

    def at_sizes(expression: sp.Expr) -> sp.Expr:
        return unroll(expression, {D: 1, T: 2}).xreplace(_explicit(entries))

    def attended(token: int) -> sp.Expr:
        logits = [at_sizes(LOGITS.subs({q: other, i: token})) for other in (0, 1)]
        first = logistic(sp.factor(logits[0] - logits[1]))  # softmax of two logits
        weights = {P[0, token]: first, P[1, token]: 1 - first}
        body = attention.subs({a: 0, i: token})
        return at_sizes(body).xreplace(_explicit(weights))

    return attended(0), attended(1)


def _explicit(entries: dict[sp.Indexed, sp.Expr]) -> dict[sp.Indexed, sp.Expr]:
    """The same entries of the arrays with explicit sizes, as ``unroll`` leaves them."""
    return {unroll(e, {D: 1, T: 2}): x for e, x in entries.items()}


def tied_functions() -> tuple[Function, ...]:
    """Velocity, adjoint velocity and gradient of the scalar-token model with V = W = y."""
    velocity = [part / 2 for part in scalar_tokens(y, y)]
    pairing = q1 * velocity[0] + q2 * velocity[1]
    state, costate = (u1, u2), (q1, q2)
    source = "Scalar-token model of the sheet with tied weights V = W = y; attention only."
    return (
        Function(
            "tied_velocity", (*state, y), tuple(Output(part) for part in velocity),
            "Velocity of two scalar tokens under one particle.", source,
        ),
        Function(
            "tied_adjoint_velocity", (*state, *costate, y),
            tuple(Output(-sp.diff(pairing, token)) for token in state),
            "Velocity of the adjoint of two scalar tokens under one particle.", source,
        ),
        Function(
            "tied_gradient", (*state, *costate, y), Output(sp.diff(pairing, y)),
            "d/dy of <g, p>: the drift without weight decay.", source,
        ),
    )  # fmt: skip


def scalar_steps() -> tuple[Step, ...]:
    """The scalar-token model: explicit softmax against the logistic form and its derivatives."""
    f1, f2 = scalar_tokens(v, omega)
    s1, s2 = (logistic(omega * token * (u1 - u2)) for token in (u1, u2))
    gap = u1 - u2
    pairing = (q1 * f1 + q2 * f2) / 2
    softmax = sp.exp(u1) / (sp.exp(u1) + sp.exp(u2))
    stated = {
        "softmax": (softmax, logistic(u1 - u2)),
        "first token": (f1, v * (u2 + gap * s1)),
        "second token": (f2, v * (u2 + gap * s2)),
        "G_V": (sp.diff(pairing, v), (q1 * (u2 + gap * s1) + q2 * (u2 + gap * s2)) / 2),
        "G_W": (
            sp.diff(pairing, omega),
            v / 2 * gap**2 * (q1 * u1 * s1 * (1 - s1) + q2 * u2 * s2 * (1 - s2)),
        ),
        "df1/du1": (sp.diff(f1, u1), v * (s1 + gap * s1 * (1 - s1) * omega * (2 * u1 - u2))),
        "df1/du2": (sp.diff(f1, u2), v * (1 - s1 - gap * s1 * (1 - s1) * omega * u1)),
        "df2/du1": (sp.diff(f2, u1), v * (s2 + gap * s2 * (1 - s2) * omega * u2)),
        "df2/du2": (sp.diff(f2, u2), v * (1 - s2 + gap * s2 * (1 - s2) * omega * (u1 - 2 * u2))),
        "exchange": (f1.subs({u1: u2, u2: u1}, simultaneous=True), f2),
    }
    reasons = {"exchange": "exchanging the tokens exchanges the outputs: no block of this kind can "
               "tell permuted inputs apart, so it is not universal (A4(ii))"}  # fmt: skip
    return tuple(
        Step(
            f"scalar tokens, {name}",
            left,
            right,
            reasons.get(name, "second route: D = 1, two tokens"),
        )
        for name, (left, right) in stated.items()
    )


def consequence_steps() -> tuple[Step, ...]:
    """What follows for the risk, and the printed formulas that are wrong."""
    o, delta, r_, kappa, mass = sp.symbols("o delta r kappa m", positive=True)
    scale, left_norm, right_norm, value = sp.symbols("c A B value", real=True)
    nilpotent = sp.Matrix([[0, 1], [0, 0]])
    half = sp.Rational(1, 2)
    ordered = (nilpotent.T / 2).exp() * (nilpotent / 2).exp()
    plain = ((nilpotent + nilpotent.T) / 2).exp()

    def variation(factor: sp.Expr) -> sp.Expr:
        """dQ/drho at (factor theta_1, theta_2): one part homogeneous, the decay quadratic."""
        return factor * value + lam / 2 * (factor**2 * left_norm**2 + right_norm**2)

    residual = lam * mass / kappa
    return (
        Step(
            "risk decomposition", ((o + delta - y) ** 2 - (o - y) ** 2) / 2,
            (o - y) * delta + delta**2 / 2, "exact: first order while the residual is not zero",
        ),
        Step(
            "virial balance", sp.solve(sp.Eq(kappa * r_, lam * mass), r_)[0] ** 2 / 2,
            lam**2 * mass**2 / (2 * kappa**2),
            "at a stationary point -E integral <dT, p> = lambda m; p is proportional to the "
            "residual, so with kappa and m of order one R = r^2 / 2 is of order lambda^2",
        ),
        Step(
            "virial balance of Q", sp.limit((residual**2 / 2 + lam / 2 * mass) / lam, lam, 0), mass / 2,
            "Q = R + lambda m / 2 is of order lambda",
        ),
        Step(
            "homogeneity", variation(scale) - scale * variation(1),
            lam / 2 * ((scale**2 - scale) * left_norm**2 + (1 - scale) * right_norm**2),
            "E.1 of the paper prints (|c| - 1) lambda |theta_1|^2; with lambda |beta|^2 / 2 in Q",
        ),
        Step(
            "ordered exponential", ordered[1, 1], sp.Rational(5, 4),
            "adjoint through N1 on [0, 1/2], then N2 = N1^T on [1/2, 1]",
        ),
        Step(
            "plain exponential", plain[1, 1], sp.cosh(half),
            "exp of the integral, as (3.3), C.14 and D.18 print it: 1.1276..., not 5/4",
        ),
        *(
            Step(
                f"slope of the activation, {where}", sp.diff(HUBER.value(y).subs(_clip(y), knee), y),
                HUBER.slope(y).subs(_clip(y), knee), "huberized ReLU, piece by piece",
            )
            for where, knee in (("between the knees", y), ("above", sp.S.One))
        ),
    )  # fmt: skip


def hidden_layer(activation: Activation) -> tuple[Definition, ...]:
    """Input, value and slope of the neurons."""
    return (
        Definition(X, (n, i), HIDDEN),
        Definition(S, (n, i), activation.value(X[n, i])),
        Definition(S1, (n, i), activation.slope(X[n, i])),
    )


WEIGHTS = (Definition(P, (q, i), Softmax(LOGITS, q)),)
CLOSED = "Closed form derived from the block, equal to that of the sheet; Gao et al. 2024, App. G."


def attention_functions() -> tuple[Function, ...]:
    """One head: value, gradients, and what it sends back to the state."""
    derived = pulled_back()
    return (
        Function(
            "attention", (Z, V, W), Output(attention, (a, i)),
            "One attention head, f = V Z softmax(Z^T W Z), softmax down each column.",
            "Gao et al. 2024 (arXiv:2410.23610), (2.3).", WEIGHTS,
        ),
        Function(
            "attention_gradient", (Z, p, V, W), (Output(derived["V"], (c, d)), Output(derived["W"], (c, d))),
            "Gradients of <f, p> in V and W.", CLOSED, WEIGHTS,
        ),
        Function(
            "attention_pullback", (Z, p, V, W), Output(derived["Z of f"], (c, s)),
            "Gradient of <f, p> in the state Z.", CLOSED, WEIGHTS,
        ),
    )  # fmt: skip


def feedforward_functions(activation: Activation, word: str) -> tuple[Function, ...]:
    """One feed-forward particle: value, gradients, and what it sends back to the state."""
    derived, layer = pulled_back(), hidden_layer(activation)
    gradients = (Output(derived["W1"], (o, c)), Output(derived["W2"], (c, o)))
    return (
        Function(
            f"{activation.prefix}feedforward", (Z, W1, W2), Output(feedforward, (a, i)),
            f"One feed-forward particle, h = W2 sigma(W1 Z), sigma the {word}.",
            "Gao et al. 2024 (arXiv:2410.23610), App. G.", layer[:2],
        ),
        Function(
            f"{activation.prefix}feedforward_gradient", (Z, p, W1, W2), gradients,
            f"Gradients of <h, p> in W1 and W2, sigma the {word}.", CLOSED, layer,
        ),
        Function(
            f"{activation.prefix}feedforward_pullback", (Z, p, W1, W2), Output(derived["Z of h"], (c, s)),
            f"Gradient of <h, p> in the state Z, sigma the {word}.", CLOSED, (layer[0], layer[2]),
        ),
    )  # fmt: skip


def depth_functions() -> tuple[Function, ...]:
    """Right sides of the depth equation and of its adjoint, and the leading error in 1/L."""
    derived, layer = pulled_back(), hidden_layer(HUBER)
    velocity = (attention + feedforward) / 2
    back = -(derived["Z of f"] + derived["Z of h"]) / 2
    return (
        Function(
            "block_velocity", (Z, V, W, W1, W2), Output(velocity, (a, i)),
            "Velocity g = (f + h) / 2 of the state in depth, under one particle.",
            "Gao et al. 2024 (arXiv:2410.23610), (3.1).", (*WEIGHTS, *layer[:2]),
        ),
        Function(
            "adjoint_velocity", (Z, p, V, W, W1, W2), Output(canonical(back), (c, s)),
            "Velocity of the adjoint p in depth, under one particle.",
            "Gao et al. 2024 (arXiv:2410.23610), (C.12); not the plain exponential of (3.3).",
            (*WEIGHTS, layer[0], layer[2]),
        ),
        Function(
            "depth_defect", (hf, gg, gt), Output(DEFECT, (a, i)),
            "Local error of a layer times L^2: hf = dh f, gg = dg g, gt the change of g with depth.",
            "Derived here from the alternating layer.",
        ),
    )  # fmt: skip


def derive() -> Derivation:
    """From the alternating layer and its two blocks to the PDE, its laws and the gradients."""
    return Derivation(
        steps=(
            *depth_steps(), *width_steps(), *block_steps(), *particle_steps(), *scalar_steps(),
            *consequence_steps(),
        ),
        functions=(
            *attention_functions(), *feedforward_functions(HUBER, "huberized ReLU"),
            *feedforward_functions(RELU, "ReLU"), *depth_functions(), *tied_functions(),
        ),
    )  # fmt: skip


_law, _G = sp.Function("rho")(sp.Symbol("beta"), t, tau), sp.Symbol("G")
theorem = Theorem(
    title="Gradient flow on a deep and wide transformer has a Wasserstein gradient flow as its limit",
    statement=(
        "Let attention heads and feed-forward units be drawn independently from rho_0(. | t) with "
        "bounded support, M of each in every one of L layers with steps 1/(2L), and trained by "
        "gradient flow with weight decay lambda, time scaled by M L. Then the law of the particles "
        "at depth t follows d_tau rho = div(rho G) with G = grad dQ/drho, and for each training "
        "time, with probability 1 - 3 exp(-delta), outputs, risk and penalised risk are within "
        "C (1/L + sqrt((delta + log(L+1)) / M)) of their limits."
    ),
    equations=(
        sp.Eq(sp.Derivative(_law, tau), sp.Function("div")(_law * _G), evaluate=False),
        sp.Eq(_G, sp.Function("grad")(sp.Symbol("Q_rho")), evaluate=False),
    ),
    reference="Gao, Cao, Li, He, Wang, Liu, Klusowski, Fan, Global Convergence in Training "
    "Large-Scale Transformers, NeurIPS 2024, arXiv:2410.23610, Theorem 3.1; Chizat, The Hidden "
    "Width of Deep ResNets, 2025, arXiv:2509.10167",
    source=Source.QUOTED,
    source_note=(
        "Model, PDE and Theorem 3.1 follow the reference sheet, which read the paper in full in one "
        "version. The closed-form gradients, the depth defect, the virial identity and its "
        "consequence R ~ lambda^2, balancedness, the risk decomposition and the scalar-token model "
        "are reconstructed here. The sharper rate 1/L + 1/sqrt(L M), for any M, is from the abstract "
        "of Chizat 2025. Corrected: the adjoint is a time-ordered exponential and half-layers are "
        "interleaved; the homogeneity identity of E.1 (the sheet's own correction lacks a factor "
        "1/2); universality (A4(ii)) fails for these permutation-equivariant blocks. The virial "
        "consequence assumes that the limit is stationary and interpolates with bounded weights."
    ),
    notation={
        L: "depth: number of layers; t in [0, 1] is layer / L", M: "width: particles in a layer",
        lam: "weight decay", tau: "training time, scaled by M L", t: "depth in [0, 1]",
        sp.Symbol("beta"): "a particle: (V, W, W1, W2)", rho: "law of the particles at each depth",
        _G: "drift: gradient of the functional derivative in the particle",
        sp.Symbol("Q_rho"): "functional derivative of the penalised risk Q, E <g, p> + lambda |beta|^2/2",
        Z: "state: D rows, one column a token", p: "adjoint of the state, same shape",
        V: "value matrix of a head", W: "logit matrix of a head, W_K^T W_Q",
        W1: "inner feed-forward weights", W2: "outer feed-forward weights",
        hf: "derivative of h along f", gg: "derivative of g along g", gt: "change of g with depth",
        D: "rows of the state", T: "tokens", hidden: "neurons of one feed-forward particle",
        u1: "first scalar token", u2: "second scalar token", q1: "adjoint of the first token",
        q2: "adjoint of the second token", y: "a tied scalar particle, V = W = y",
    },
    assumptions=(
        Assumption("bounded-data", "Tokens and labels are bounded on the support of the data (A1)."),
        Assumption("growth", "Blocks grow at most quadratically in the parameters (A2)."),
        Assumption("local-lipschitz", "Gradients of the blocks are locally Lipschitz in mean (A3)."),
        Assumption("bounded-start", "rho_0(. | t) has bounded support and is Lipschitz in depth."),
        Assumption("independent-start", "Initial particles are independent."),
    ),
    rate=Rate(1 / L + sp.sqrt(sp.log(L)) / sp.sqrt(M), Kind.UPPER_BOUND),
    derive=derive,
)  # fmt: skip
