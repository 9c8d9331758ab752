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

from functools import cache

import sympy as sp

from theory.calculus.indices import array, canonical, define, symbol, total
from theory.calculus.limits import one_sided_limit
from theory.calculus.measure import (
    continuity,
    empirical,
    first_variation,
    integrate_label,
    lions_derivative,
    mean,
    transport,
)
from theory.codegen.function import Function
from theory.language import Assumption, Derivation, Kind, Rate, Source, Step, Theorem
from theory.mean_field_flow.coverage import COVERAGE, FOUND
from theory.mean_field_flow.scalar_tokens import scalar_steps, tied_functions, y
from theory.mean_field_flow.transformer import (
    HUBER,
    RELU,
    W1,
    W2,
    WEIGHTS,
    D,
    T,
    V,
    W,
    Z,
    a,
    attention,
    attention_functions,
    b,
    block_steps,
    c,
    feedforward,
    feedforward_functions,
    hidden_layer,
    i,
    p,
    pulled_back,
    s,
)

hf = array("hf", D, T, latex=r"h'f", meaning="derivative of h along f")
gg = array("gg", D, T, latex=r"g'g", meaning="derivative of g along g")
gt = array("gt", D, T, latex=r"\dot g", meaning="change of g with depth")
L = symbol("L", meaning="depth: number of layers; t in [0, 1] is layer / L", positive=True)
M = symbol("M", meaning="width: particles in a layer", positive=True)
lam = symbol("lambda", meaning="weight decay", positive=True)
tau = symbol("tau", meaning="training time, scaled by M L", positive=True)
eps = sp.Symbol("epsilon", positive=True)
t = symbol("t", meaning="depth in [0, 1]", real=True)
theta = symbol("theta", meaning="parameters of an attention head, V and W", real=True)
w = symbol("w", meaning="parameters of a feed-forward particle, W1 and W2", real=True)
x1, x2 = sp.symbols("x1 x2", real=True)
rho = symbol("rho", meaning="law of the particles at each depth")
rho_t = sp.Symbol("rho_t")  # a law for every depth; the law at depth t


def alternating_layer(f: list, h: list, state: list[sp.Symbol], eps: sp.Symbol) -> list[sp.Expr]:
    """One layer: attention with step eps/2, then feed-forward with step eps/2."""
    middle = [x + eps / 2 * fx for x, fx in zip(state, f, strict=True)]
    at_middle = dict(zip(state, middle, strict=True))
    return [
        m + eps / 2 * hx.subs(at_middle, simultaneous=True) for m, hx in zip(middle, h, strict=True)
    ]


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
            "a layer moves by $g/L$ to first order: alternating $f$ and $h$ averages them, (3.1)",
            kind="derived",
        ),
        Step(
            "layer, second order", second, h_along_f / 4,
            "feed-forward sees the state that attention has moved: $h' f / 4$", kind="derived",
        ),
        Step(
            "depth defect", second - flow, defect,
            "layer minus flow over time $1/L$, times $L^2$: the local error, hence global "
            "order $1/L$",
            uses=("depth equation", "layer, second order"), kind="derived",
        ),
    )  # fmt: skip


# Width: the risk as a functional of rho(. | t), with the state T(t) and its multiplier p(t).
state, adjoint = sp.Function("T")(t), sp.Function("p")(t)
branch_f, branch_h = sp.Function("f")(state, theta), sp.Function("h")(state, w)
beta = (theta, w)


velocity = mean((branch_f + branch_h) / 2, beta, rho, t)
constraint = adjoint * (velocity - sp.diff(state, t))
risk = sp.Function("R")  # of the state at the end of the depth
last = state.subs(t, 1)


def lagrangian() -> sp.Expr:
    """Q = R(T(1)) + decay, plus p times the depth equation.

    Where its derivative in T is zero, its variation in rho is that of Q along the depth equation.
    """
    decay = lam / 2 * mean(theta**2 + w**2, beta, rho, t)
    return risk(last) + sp.Integral(constraint + decay, (t, 0, 1))


def adjoint_steps() -> tuple[Step, ...]:
    """The adjoint, from the zero of the derivative of the Lagrangian in the state."""
    s, (here, rate) = sp.Dummy("s", real=True), sp.symbols("x dx", real=True)
    change, (end, p_dot) = sp.Function("v")(t), sp.symbols("p_1 dp", real=True)
    at = {state: here, sp.diff(state, t): rate}  # T and dT/dt at the depth t
    moved = {here: here + s * change, rate: rate + s * sp.diff(change, t)}
    first = sp.diff(constraint.subs(at).subs(moved, simultaneous=True), s).subs(s, 0).doit()
    slope = mean(sp.diff((branch_f + branch_h).subs(at) / 2, here), beta, rho, t)
    inside = adjoint * slope + sp.diff(adjoint, t)  # what multiplies the change
    (found,) = sp.solve(inside.subs(sp.diff(adjoint, t), p_dot), p_dot)
    at_the_end = sp.diff(risk(here + s * rate), s).subs(s, 0).doit() - end * rate
    (found_end,) = sp.solve(at_the_end, end)
    return (
        Step(
            "derivative in the state", first,
            inside * change - sp.diff(adjoint * change, t),
            r"by parts: $d L/d T = (R'(T(1)) - p(1)) v(1) + \int (p \langle d g/d T\rangle + "
            r"d p/d t) v \, d t$, for every change $v$ of the state that is zero at depth zero",
            uses=("depth equation",), kind="derived",
        ),
        Step(
            "adjoint equation", found, -adjoint * slope,
            r"$d L/d T = 0$ inside: $d p/d t = -\langle d g/d T\rangle p$, solved for $d p/d t$",
            uses=("derivative in the state",),
        ),
        Step(
            "end of the adjoint", found_end, sp.diff(risk(here), here),
            "$d L/d T = 0$ at the end: $p(1) = R'(T(1))$; this is where the data enter",
            uses=("derivative in the state",),
        ),
    )  # fmt: skip


@cache
def drift() -> tuple[sp.Expr, sp.Expr]:
    """(G_f, G_h): the Lions derivative of Q at depth t."""
    gradient = lions_derivative(lagrangian(), rho, beta, t)
    return tuple(sp.expand(part) for part in gradient)


def width_steps() -> tuple[Step, ...]:
    """dQ/drho, the drift, the PDE and its laws, for one data point (means over data are linear)."""
    phi, density = sp.Function("phi")(*beta), sp.Function("u")(*beta)
    G = drift()
    down = tuple(-part for part in G)
    Q = lagrangian()
    u, v = array("u", D), array("v", D, latex=r"\delta T")
    du = array("du", D, latex=r"\delta g")
    A = array("A", D, D, latex="g'")
    dp = -total(A[b, a] * u[b], b)
    dT = total(A[a, b] * v[b], b) + du[a]
    gradient = [sp.diff(phi, z) for z in beta]
    along_G = sp.Add(*(u_ * v_ for u_, v_ in zip(gradient, G, strict=True)))
    divergence = sum(sp.diff(phi * density * part, z) for part, z in zip(G, beta, strict=True))
    return (
        Step(
            "pairing of adjoint and variation",
            total(dp * v[a] + u[a] * dT, a), total(u[a] * du[a], a),
            r"$d p = -A^\top p$ and $d(\delta T) = A \, \delta T + \int g \, d \chi$: the "
            r"rate of $\langle p, \delta T\rangle$ is $\langle p, \int g \, d \chi\rangle$; "
            "integrated over depth it is the first variation of the risk",
            uses=("adjoint equation", "end of the adjoint"),
        ),
        Step(
            "functional derivative", first_variation(Q, rho, beta, t),
            adjoint * (branch_f + branch_h) / 2 + lam / 2 * (theta**2 + w**2),
            r"$d Q/d \rho = \langle g, p\rangle + \lambda |\beta|^2 / 2$ (3.4)",
            uses=("pairing of adjoint and variation",), kind="derived",
        ),
        Step(
            "drift of attention", G[0], adjoint * sp.diff(branch_f, theta) / 2 + lam * theta,
            "Lions derivative of $Q$: $G_f$",
            uses=("functional derivative",), kind="derived",
        ),
        Step(
            "drift of feed-forward", G[1], adjoint * sp.diff(branch_h, w) / 2 + lam * w,
            "Lions derivative of $Q$: $G_h$",
            uses=("functional derivative",), kind="derived",
        ),
        Step(
            "PDE, weak form", transport(mean(phi, beta, rho_t), rho_t, beta, down),
            -mean(along_G, beta, rho_t),
            r"mass moves with velocity $-G$, and only in $\beta$: $d/d \tau$ of the mean of "
            r"$\phi$",
            uses=("drift of attention", "drift of feed-forward"),
        ),
        Step(
            "PDE, strong form",
            phi * continuity(density, beta, down), divergence - density * along_G,
            r"$\phi \operatorname{div}(u G) = \operatorname{div}(\phi u G) - u \nabla\phi "
            r"\cdot G$: both forms of (3.5) agree",
            uses=("PDE, weak form",),
        ),
        Step(
            "dissipation", transport(Q, rho, beta, down, t),
            -integrate_label(mean(G[0] ** 2 + G[1] ** 2, beta, rho, t), t),
            r"$d Q/d \tau = -\int |G|^2$; (D.25) of the paper prints it without the minus",
            uses=("PDE, weak form", "functional derivative"),
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
                "$M L$ times the gradient of the finite risk is the drift $G$ at the "
                "particle, with the adjoint carried back through interleaved half-layers "
                "(2.6, 2.7)",
                kind="derived",
            )
        )
        field = [mean(v, beta, measures[layer]) for v in block([x1, x2], beta)]
        costate = [
            u + sum(v * sp.diff(g, x) for v, g in zip(costate, field, strict=True)) / 4
            for u, x in zip(costate, (x1, x2), strict=True)
        ]
    return tuple(steps)


def consequence_steps() -> tuple[Step, ...]:
    """What follows for the risk, and the printed formulas that are wrong."""
    o, delta, r_, kappa, mass = sp.symbols("o delta r kappa m", positive=True)
    scale, left_norm, right_norm, value = sp.symbols("c A B value", real=True)
    shear = symbol("a_shear", latex="a", real=True)
    nilpotent = sp.Matrix([[0, shear], [0, 0]])
    fields = [sp.Function(name)(state) for name in ("F", "K")]  # f and h are linear: z times these
    linear = {f: z * F for f, z, F in zip((branch_f, branch_h), beta, fields, strict=True)}
    down = [-G.subs(linear).doit() for G in drift()]
    halved = mean((theta**2 + w**2) / 2, beta, rho_t)
    moved = adjoint * mean(sum(linear.values(), sp.S.Zero) / 2, beta, rho_t)
    ordered = (nilpotent.T / 2).exp() * (nilpotent / 2).exp()
    plain = ((nilpotent + nilpotent.T) / 2).exp()

    def variation(factor: sp.Expr | int) -> sp.Expr:
        """dQ/drho at (factor theta_1, theta_2): one part homogeneous, the decay quadratic."""
        return factor * value + lam / 2 * (factor**2 * left_norm**2 + right_norm**2)

    (residual,) = sp.solve(sp.Eq(kappa * r_, lam * mass), r_)
    return (
        Step(
            "risk decomposition", ((o + delta - y) ** 2 - (o - y) ** 2) / 2,
            (o - y) * delta + delta**2 / 2, "exact: first order while the residual is not zero",
        ),
        Step(
            "virial balance", sp.expand(transport(halved, rho_t, beta, down)),
            sp.expand(-moved - 2 * lam * halved),
            r"blocks linear in their outer parameters: $d/d \tau$ of half the squared norm at "
            r"depth $t$ is $-p \, d T/d t - \lambda m(t)$, so at a stationary point $-\int p "
            r"\, d T = \lambda m$",
            uses=("drift of attention", "drift of feed-forward", "outer layer is linear"),
            kind="derived",
        ),
        Step(
            "virial balance of $Q$",
            one_sided_limit((residual**2 / 2 + lam / 2 * mass) / lam, lam, sp.S.Zero, "+"),
            mass / 2,
            r"$p$ is the residual $r$ times a solution of the same equation, so $\kappa r = "
            r"\lambda m$; with $\kappa$ and $m$ of order one $R = r^2 / 2$ is of order "
            r"$\lambda^2$, $Q$ of order $\lambda$",
            uses=("virial balance",),
        ),
        Step(
            "homogeneity", variation(scale) - scale * variation(1),
            lam / 2 * ((scale**2 - scale) * left_norm**2 + (1 - scale) * right_norm**2),
            r"E.1 of the paper prints $(|c| - 1) \lambda |\theta_1|^2$; with $\lambda "
            r"|\beta|^2 / 2$ in $Q$",
            uses=("functional derivative",),
        ),
        Step(
            "ordered exponential", ordered[1, 1], 1 + shear**2 / 4,
            "adjoint through a shear on $[0, 1/2]$, then its transpose on $[1/2, 1]$",
            uses=("adjoint equation",),
        ),
        Step(
            "plain exponential", plain[1, 1], sp.cosh(shear / 2),
            r"exp of the integral, as (3.3), C.14 and D.18 print it: $1 + a^2/8 + \dots$, not "
            "$1 + a^2/4$",
            uses=("ordered exponential",),
        ),
    )  # fmt: skip


def depth_functions() -> tuple[Function, ...]:
    """Right sides of the depth equation and of its adjoint, and the leading error in 1/L."""
    derived, layer = pulled_back(), hidden_layer(HUBER)
    velocity = (attention + feedforward) / 2
    back = -(derived["Z of f"] + derived["Z of h"]) / 2
    return (
        Function(
            define("block_velocity", (a, i), velocity), (Z, V, W, W1, W2),
            "Velocity g = (f + h) / 2 of the state in depth, under one particle.",
            "Gao et al. 2024 (arXiv:2410.23610), (3.1).", (*WEIGHTS, *layer[:2]),
        ),
        Function(
            define("adjoint_velocity", (c, s), canonical(back)), (Z, p, V, W, W1, W2),
            "Velocity of the adjoint p in depth, under one particle.",
            "Gao et al. 2024 (arXiv:2410.23610), (C.12); not the plain exponential of (3.3).",
            (*WEIGHTS, layer[0], layer[2]),
        ),
        Function(
            define("depth_defect", (a, i), DEFECT), (hf, gg, gt),
            "Local error of a layer times L^2: hf = dh f, gg = dg g, gt the change of g in depth.",
            "Derived here from the alternating layer.",
        ),
    )  # fmt: skip


STATEMENT = (
    "depth equation",
    "depth defect",
    "adjoint equation",
    "end of the adjoint",
    "drift of attention",
    "drift of feed-forward",
    "PDE, weak form",
    "PDE, strong form",
)
ASIDE: dict[str, tuple[str, ...]] = {
    "for the convergence itself, which is quoted and measured, not derived": (
        "bounded-data",
        "growth",
        "local-lipschitz",
        "bounded-start",
        "independent-start",
    ),
    "laws of the flow, by which its simulation is tested": (
        "dissipation",
        "value is linear",
        "outer layer is linear",
        "balancedness",
    ),
    "the drift of softmax attention and of a feed-forward layer in closed form, for the code": (
        "softmax rule",
        "gradient in $V$",
        "gradient in $W$",
        "gradient in $Z$ of $f$",
        "gradient in $W_2$",
        "gradient in $W_1$",
        "gradient in $Z$ of $h$",
        "slope of the activation",
    ),
    "a second route to the drift: two layers of two particles, without a calculus of measures": (
        "particle gradient, half-layer 4 of 4",
        "particle gradient, half-layer 3 of 4",
        "particle gradient, half-layer 2 of 4",
        "particle gradient, half-layer 1 of 4",
    ),
    "a second route to the closed forms: two tokens of one dimension": (
        "scalar tokens, softmax",
        "scalar tokens, first token",
        "scalar tokens, second token",
        "scalar tokens, $G_V$",
        "scalar tokens, $G_W$",
        r"scalar tokens, $\partial f_1 / \partial u_1$",
        r"scalar tokens, $\partial f_1 / \partial u_2$",
        r"scalar tokens, $\partial f_2 / \partial u_1$",
        r"scalar tokens, $\partial f_2 / \partial u_2$",
        "scalar tokens, exchange",
    ),
    "consequences for the risk at a stationary point": (
        "risk decomposition",
        "virial balance",
        "virial balance of $Q$",
    ),
    "printed formulas of the paper that are wrong": (
        "homogeneity",
        "ordered exponential",
        "plain exponential",
    ),
}


def derive() -> Derivation:
    """From the alternating layer and its two blocks to the PDE, its laws and the gradients."""
    return Derivation(
        steps=(
            *depth_steps(), *adjoint_steps(), *width_steps(), *block_steps(), *particle_steps(),
            *scalar_steps(),
            *consequence_steps(),
        ),
        functions=(
            *attention_functions(), *feedforward_functions(HUBER, "huberized ReLU"),
            *feedforward_functions(RELU, "ReLU"), *depth_functions(), *tied_functions(),
        ),
        statement=STATEMENT,
        aside=ASIDE,
    )  # fmt: skip


_density = sp.Function("u")(theta, w, tau)
_G = sp.Function("G_f")(theta), sp.Function("G_h")(w)
_drift = [adjoint * sp.diff(f, z) / 2 + lam * z for f, z in ((branch_f, theta), (branch_h, w))]


theorem = Theorem(
    title="Gradient flow on a deep, wide transformer has a Wasserstein gradient flow as its limit",
    statement=(
        r"Let attention heads and feed-forward units be drawn independently from "
        r"$\rho_0(\cdot \mid t)$ with bounded support, $M$ of each in every one of $L$ layers with "
        r"steps $1/(2L)$, and trained by gradient flow with weight decay $\lambda$, time scaled by "
        r"$M L$. Then the law $\rho$ of the particles at depth $t$ follows the Wasserstein "
        r"gradient flow of the penalised risk, and for each training time, with probability "
        r"$1 - \epsilon$, outputs, risk and penalised risk are within a constant, which depends on "
        r"that time, times $1/L + \sqrt{\log(3(L+1)/\epsilon)/M}$ of their limits."
    ),
    equations=(
        sp.Eq(sp.diff(state, t), velocity, evaluate=False),
        sp.Eq(
            sp.diff(adjoint, t),
            -adjoint * mean(sp.diff((branch_f + branch_h) / 2, state), beta, rho, t),
            evaluate=False,
        ),
        sp.Eq(adjoint.subs(t, 1), sp.diff(risk(last), last), evaluate=False),
        *(sp.Eq(g, value, evaluate=False) for g, value in zip(_G, _drift, strict=True)),
        sp.Eq(
            sp.diff(_density, tau),
            sp.Add(*(sp.Derivative(_density * g, z) for g, z in zip(_G, beta, strict=True))),
            evaluate=False,
        ),
    ),
    reference="Gao, Cao, Li, He, Wang, Liu, Klusowski, Fan, Global Convergence in Training "
    "Large-Scale Transformers, NeurIPS 2024, arXiv:2410.23610, Theorem 3.1; Chizat, The Hidden "
    "Width of Deep ResNets, 2025, arXiv:2509.10167",
    source=Source.QUOTED,
    source_note=(
        "Model, PDE and Theorem 3.1 follow the reference sheet, which read one version of "
        "the paper in full. The closed-form gradients, the depth defect, the virial identity "
        r"and its consequence $R \sim \lambda^2$, balancedness, the risk decomposition and "
        r"the scalar-token model are reconstructed here. The sharper rate $1/L + 1/\sqrt{L "
        "M}$, for any $M$, is from the abstract of Chizat 2025. Corrected: the adjoint is a "
        "time-ordered exponential; half-layers are interleaved; the homogeneity identity of "
        "E.1 (the sheet's own correction lacks a factor $1/2$); universality (A4(ii)) fails "
        "for these permutation-equivariant blocks. The virial consequence assumes that the "
        "limit is stationary and interpolates with bounded weights."
    ),
    assumptions=(
        Assumption("bounded-data", "Tokens and labels of the data are bounded (A1)."),
        Assumption("growth", "Blocks grow at most quadratically in the parameters (A2)."),
        Assumption("local-lipschitz", "Gradients of blocks are locally Lipschitz in mean (A3)."),
        Assumption(
            "bounded-start",
            r"$\rho_0(\cdot \mid t)$ has bounded support and is Lipschitz in depth.",
        ),
        Assumption("independent-start", "Initial particles are independent."),
    ),
    rate=Rate(1 / L + sp.sqrt(sp.log(L)) / sp.sqrt(M), Kind.UPPER_BOUND),
    derive=derive,
    coverage=COVERAGE,
    found=FOUND,
    words=(symbol("epsilon", meaning="probability that the bound fails", positive=True),),
)  # fmt: skip
