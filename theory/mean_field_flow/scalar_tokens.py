"""Scalar tokens: one row, two tokens, everything explicit: a second route to the formulas."""

import sympy as sp

from theory.calculus.indices import define, symbol, unroll
from theory.codegen.function import Function
from theory.language import Step
from theory.mean_field_flow.transformer import LOGITS, D, P, T, V, W, Z, a, attention, i, q

y = symbol("y", meaning="a tied scalar particle, V = W = y", real=True)
u1 = symbol("u1", meaning="first scalar token", real=True)
u2 = symbol("u2", meaning="second scalar token", real=True)
q1 = symbol("q1", meaning="adjoint of the first token", real=True)
q2 = symbol("q2", meaning="adjoint of the second token", real=True)
v, omega = sp.symbols("v omega", real=True)


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


def _explicit(entries: dict[sp.Indexed, sp.Expr]) -> dict[sp.Expr, sp.Expr]:
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
            tuple(define(f"d{u}", (), part) for u, part in zip(state, velocity, strict=True)),
            (*state, y), "Velocity of two scalar tokens under one particle.", source,
            name="tied_velocity",
        ),
        Function(
            tuple(define(f"back_{u}", (), -sp.diff(pairing, u)) for u in state),
            (*state, *costate, y),
            "Velocity of the adjoint of two scalar tokens under one particle.", source,
            name="tied_adjoint_velocity",
        ),
        Function(
            define("tied_gradient", (), sp.diff(pairing, y)), (*state, *costate, y),
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
        "$G_V$": (sp.diff(pairing, v), (q1 * (u2 + gap * s1) + q2 * (u2 + gap * s2)) / 2),
        "$G_W$": (
            sp.diff(pairing, omega),
            v / 2 * gap**2 * (q1 * u1 * s1 * (1 - s1) + q2 * u2 * s2 * (1 - s2)),
        ),
        r"$\partial f_1 / \partial u_1$": (
            sp.diff(f1, u1),
            v * (s1 + gap * s1 * (1 - s1) * omega * (2 * u1 - u2)),
        ),
        r"$\partial f_1 / \partial u_2$": (
            sp.diff(f1, u2),
            v * (1 - s1 - gap * s1 * (1 - s1) * omega * u1),
        ),
        r"$\partial f_2 / \partial u_1$": (
            sp.diff(f2, u1),
            v * (s2 + gap * s2 * (1 - s2) * omega * u2),
        ),
        r"$\partial f_2 / \partial u_2$": (
            sp.diff(f2, u2),
            v * (1 - s2 + gap * s2 * (1 - s2) * omega * (u1 - 2 * u2)),
        ),
        "exchange": (f1.subs({u1: u2, u2: u1}, simultaneous=True), f2),
    }
    reasons = {"exchange": "exchanging the tokens exchanges the outputs: no block of this kind can "
               "tell permuted inputs apart, so it is not universal (A4(ii))"}  # fmt: skip
    return tuple(
        Step(
            f"scalar tokens, {name}",
            left,
            right,
            reasons.get(name, "second route: $D = 1$, two tokens"),
            kind="identity" if name == "softmax" else "derived",
        )
        for name, (left, right) in stated.items()
    )
