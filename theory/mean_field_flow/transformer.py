"""The blocks of a transformer, one attention head and one feed-forward unit, and their gradients.

Everything is in index notation, for matrices of any size. Gradients are computed by the chain
rule through the softmax or the activation; ``STATED`` holds the closed forms that a reference
sheet states, and ``block_steps`` the equalities between both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import sympy as sp

from theory.calculus.indices import (
    Definition,
    Softmax,
    array,
    canonical,
    define,
    indices,
    size,
    substitute,
    total,
)
from theory.codegen.function import Function
from theory.language import Step

# Symbols: D rows and T tokens (columns) of Z; neurons of one feed-forward particle.
D = size("D", "rows of the state")
T = size("T", "tokens")
hidden = size("hidden", "neurons of one feed-forward particle")
a, b, c, d = indices("a b c d", D)
i, j, q, r, s = indices("i j q r s", T)
n, m, o = indices("n m o", hidden)
Z = array("Z", D, T, meaning="state: D rows, one column a token")
p = array("p", D, T, meaning="adjoint of the state, same shape")
V = array("V", D, D, meaning="value matrix of a head")
W = array("W", D, D, meaning=r"logit matrix of a head, $W_K^\top W_Q$")
W1 = array("W1", hidden, D, meaning="inner feed-forward weights")
W2 = array("W2", D, hidden, meaning="outer feed-forward weights")
P = array("P", T, T)  # softmax weights
X, S, S1 = (array(name, hidden, T) for name in ("X", "S", "S1"))  # input, sigma, sigma'


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
WORDS = ("$V$", "$W$", "$Z$ of $f$", "$W_2$", "$W_1$", "$Z$ of $h$")  # the same, in prose


def activation_step() -> Step:
    """The slope of the huberized ReLU, whatever its clip is."""
    x = sp.Symbol("x", real=True)
    clip = sp.Function("clip")(x)
    value, slope = (f(x).subs(_clip(x), clip) for f in (HUBER.value, HUBER.slope))
    return Step(
        "slope of the activation", sp.diff(value, x), slope + sp.diff(clip, x) * (x - clip),
        "huberized ReLU: the clip moves only where it is $x$, so the second term vanishes",
        kind="derived",
    )  # fmt: skip


def block_steps() -> tuple[Step, ...]:
    """The closed-form gradients, for matrices of any size, and what follows from their form."""
    x = array("x", T, latex=r"\ell")
    weight = {token: sp.exp(x[token]) / total(sp.exp(x[i]), i) for token in (q, r)}
    derived = pulled_back()
    named = tuple(
        Step(
            f"gradient in {text}", derived[name], STATED[name],
            "chain rule through softmax or activation, against the closed form of the sheet",
            uses=("softmax rule",) if name in ("V", "W", "Z of f") else (), kind="derived",
        )
        for name, text in zip(STATED, WORDS, strict=True)
    )  # fmt: skip
    degree = sp.Symbol("degree", positive=True)

    def euler(expression: sp.Expr) -> sp.Expr:
        """Put sigma(x) = x sigma'(x) / degree: sigma is positively homogeneous."""
        return substitute(expression, define(S, (n, i), HIDDEN * S1[n, i] / degree))

    return (
        Step(
            "softmax rule", sp.diff(weight[q], x[r]),
            weight[q] * (sp.KroneckerDelta(q, r) - weight[r]),
            r"$d P_q = P_q (d l_q - \sum P \, d l)$",
            kind="derived",
        ),
        *named, activation_step(),
        Step(
            "value is linear", total(V[c, d] * derived["V"], c, d), paired(attention),
            r"$\langle V, \nabla_V \langle f, p\rangle\rangle = \langle f, p\rangle$: $f$ is "
            "linear in $V$",
            uses=("gradient in $V$",), kind="derived",
        ),
        Step(
            "outer layer is linear", total(W2[c, o] * derived["W2"], c, o), paired(feedforward),
            r"$\langle W_2, \nabla_{W_2} \langle h, p\rangle\rangle = \langle h, p\rangle$: "
            r"$h$ is linear in $W_2$; with the step before, the virial identity $\frac{d}{d "
            r"\tau} (|V|^2 + |W_2|^2) / 2 = -E \int \langle d T, p\rangle - \lambda (|V|^2 + "
            "|W_2|^2)$",
            uses=("gradient in $W_2$", "value is linear"), kind="derived",
        ),
        Step(
            "balancedness", total(W1[o, c] * derived["W1"], c),
            degree * euler(total(W2[c, o] * derived["W2"], c)),
            r"for $\sigma$ of degree $q$, row $o$ of $W_1$ and column $o$ of $W_2$: $\langle "
            r"W_1, \nabla\rangle = q \langle W_2, \nabla\rangle$, so $|W_1|^2 - q |W_2|^2$ of "
            r"a neuron decays exactly like $\exp(-2 \lambda \tau)$",
            uses=("gradient in $W_1$", "gradient in $W_2$"), kind="derived",
        ),
    )  # fmt: skip


def hidden_layer(activation: Activation) -> tuple[Definition, ...]:
    """Input, value and slope of the neurons."""
    return (
        define(X, (n, i), HIDDEN),
        define(S, (n, i), activation.value(X[n, i])),
        define(S1, (n, i), activation.slope(X[n, i])),
    )


WEIGHTS = (define(P, (q, i), Softmax(LOGITS, q)),)
CLOSED = "Closed form derived from the block, equal to that of the sheet; Gao et al. 2024, App. G."


def attention_functions() -> tuple[Function, ...]:
    """One head: value, gradients, and what it sends back to the state."""
    derived = pulled_back()
    return (
        Function(
            define("attention", (a, i), attention), (Z, V, W),
            "One attention head, f = V Z softmax(Z^T W Z), softmax down each column.",
            "Gao et al. 2024 (arXiv:2410.23610), (2.3).", WEIGHTS,
        ),
        Function(
            (define("in_V", (c, d), derived["V"]), define("in_W", (c, d), derived["W"])),
            (Z, p, V, W), "Gradients of <f, p> in V and W.", CLOSED, WEIGHTS, "attention_gradient",
        ),
        Function(
            define("attention_pullback", (c, s), derived["Z of f"]), (Z, p, V, W),
            "Gradient of <f, p> in the state Z.", CLOSED, WEIGHTS,
        ),
    )  # fmt: skip


def feedforward_functions(activation: Activation, word: str) -> tuple[Function, ...]:
    """One feed-forward particle: value, gradients, and what it sends back to the state."""
    derived, layer = pulled_back(), hidden_layer(activation)
    gradients = define("in_W1", (o, c), derived["W1"]), define("in_W2", (c, o), derived["W2"])
    return (
        Function(
            define(f"{activation.prefix}feedforward", (a, i), feedforward), (Z, W1, W2),
            f"One feed-forward particle, h = W2 sigma(W1 Z), sigma the {word}.",
            "Gao et al. 2024 (arXiv:2410.23610), App. G.", layer[:2],
        ),
        Function(
            gradients, (Z, p, W1, W2), f"Gradients of <h, p> in W1 and W2, sigma the {word}.",
            CLOSED, layer, f"{activation.prefix}feedforward_gradient",
        ),
        Function(
            define(f"{activation.prefix}feedforward_pullback", (c, s), derived["Z of h"]),
            (Z, p, W1, W2),
            f"Gradient of <h, p> in the state Z, sigma the {word}.", CLOSED, (layer[0], layer[2]),
        ),
    )  # fmt: skip
