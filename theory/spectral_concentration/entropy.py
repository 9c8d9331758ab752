r"""Softmax and its entropy: the rules of differentiation, and the smallest entropy on a sphere.

Main statement: among logits u of T entries with \|u - mean(u)\| <= nu the entropy of softmax(u)
is smallest at a single spike. The proof is a chain of steps: scaling down the logits raises the
entropy, so the minimiser is on the sphere; a critical point on it has two values; moving mass from
k to k - 1 high entries lowers the entropy; so k = 1.

References: Zhai et al., Stabilizing Transformer Training by Preventing Attention Entropy
Collapse, ICML 2023, Theorem 3.1 (the statement; the proof here is reconstructed).
"""

import sympy as sp

from theory.calculus.indices import (
    array,
    canonical,
    contract_rows,
    indices,
    instantiate,
    size,
    symbol,
    total,
)
from theory.language import Step

T = size("T")
i, a, k = indices("i a k", T)
u, v = array("u", T), array("v", T)
nu = symbol("norm", latex=r"\nu", meaning="Frobenius norm of W", positive=True)
shift = symbol("c", latex=r"\bar u", real=True)
scale = sp.Symbol("s", positive=True)
p_of = symbol("p", latex=r"\pi", positive=True)
q, g = sp.symbols("q g", positive=True)
mu, Z, H = sp.symbols("mu Z H", positive=True)
tokens = symbol(
    "tokens",
    meaning="number of tokens T of a column, at least 2",
    positive=True,
)
al, b = sp.symbols("alpha b", positive=True)


def normaliser(s: sp.Expr = sp.S.One) -> sp.Expr:
    """Z(s u), the sum of exp(s u)."""
    return total(sp.exp(s * u[k]), k)


def weight(at: sp.Idx, s: sp.Expr = sp.S.One) -> sp.Expr:
    """softmax(s u) at one entry."""
    return sp.exp(s * u[at]) / normaliser(s)


def mean(power: int, s: sp.Expr = sp.S.One) -> sp.Expr:
    """E_p[u^power] for p = softmax(s u)."""
    return total(u[k] ** power * weight(k, s), k)


def entropy(s: sp.Expr = sp.S.One) -> sp.Expr:
    """H = log Z - E_p[logits]: no logarithm of a weight, which may underflow."""
    return sp.log(normaliser(s)) - s * mean(1, s)


def jacobian(x: sp.Expr, delta: sp.Expr, y: sp.Expr) -> sp.Expr:
    """d p_x / d u_y in terms of p itself: diag(p) - p p^T."""
    return x * (delta - y)


def softmax_steps() -> tuple[Step, ...]:
    """The rule of differentiation, and what bounds the softmax Jacobian."""
    p = array("p", T, T)  # one distribution a row
    (row,) = indices("j", T)
    J = jacobian(p[row, i], sp.KroneckerDelta(i, a), p[row, a])
    quadratic = contract_rows(canonical(total(v[i] * J * v[a], i, a)), p)
    spread = total(p[row, i] * p[row, a] * (v[i] - v[a]) ** 2, i, a) / 2
    high, low = sp.symbols("high low", real=True)
    return (
        Step(
            "softmax rule", sp.diff(sp.exp(u[i]) / normaliser(), u[a]),
            jacobian(weight(i), sp.KroneckerDelta(i, a), weight(a)),
            r"$d p_i = p_i (d u_i - \sum_k p_k \, d u_k)$, differentiated from $\exp(u) / "
            r"\sum \exp(u)$",
            kind="derived",
        ),
        Step(
            "the constant direction", total(J, a), p[row, i] * (1 - total(p[row, a], a)),
            r"$J \mathbf{1} = 0$, as a row sums to one: a common shift of the logits changes "
            "nothing",
            uses=("columns", "softmax rule"), kind="derived",
        ),
        Step(
            "the Jacobian is a variance", quadratic, contract_rows(canonical(spread), p),
            r"$v^\top J v = \frac{1}{2} \sum p_i p_k (v_i - v_k)^2$, so $J$ is positive "
            "semidefinite",
            uses=("columns", "softmax rule"), kind="derived",
        ),
        Step(
            "trace of the Jacobian",
            contract_rows(total(instantiate(J, {a: i}), i), p), 1 - total(p[row, i] ** 2, i),
            r"the norm of $J$ is at most its trace $1 - |p|^2 \leq 1 - \exp(-H) \leq H$ "
            "(Jensen): a small entropy is a vanishing gradient",
            uses=("columns", "softmax rule", "the Jacobian is a variance"), kind="derived",
        ),
        Step(
            "the half", high**2 + low**2 - (high - low) ** 2 / 2, (high + low) ** 2 / 2,
            "a variance is at most a quarter of the squared range (Popoviciu), and this "
            r"square is positive: so $|J| \leq 1/2$",
            uses=("the Jacobian is a variance",),
        ),
    )  # fmt: skip


def spike_entropy(count: sp.Expr = tokens) -> sp.Expr:
    """The entropy of softmax(u*), u* the mean-zero spike of norm nu among ``count`` entries."""
    up, down = nu * sp.sqrt((count - 1) / count), -nu / sp.sqrt(count * (count - 1))
    normal = sp.exp(up) + (count - 1) * sp.exp(down)
    return sp.log(normal) - (up * sp.exp(up) + (count - 1) * down * sp.exp(down)) / normal


def two_level_norm() -> sp.Expr:
    """Squared norm, about its mean, of logits with a fraction q of entries higher by g."""
    return tokens * (q * (g - q * g) ** 2 + (1 - q) * (q * g) ** 2)


def high_mass() -> sp.Expr:
    """The probability of the high entries: pi."""
    return q * sp.exp(g) / (q * sp.exp(g) + 1 - q)


def divergence(pi: sp.Expr) -> sp.Expr:
    """KL(softmax | uniform) of two-level logits = log T - entropy: that of two coins."""
    return pi * sp.log(pi / q) + (1 - pi) * sp.log((1 - pi) / (1 - q))


def defect(pi: sp.Expr) -> sp.Expr:
    """D, with q (1 - q) dKL/dq = -D on the sphere."""
    return pi - q - g * pi * (1 - pi) * (1 - g * (1 - 2 * q) / 2)


def bound_steps(stated: sp.Expr) -> tuple[Step, ...]:
    """The entropy bound: from the entropy to its smallest value, against what is stated."""
    variance = mean(2, scale) - mean(1, scale) ** 2
    moved = canonical(total(sp.exp(shift) * sp.exp(u[k]), k))
    logit = sp.log(p_of) + sp.log(Z)
    critical = p_of * (logit - (sp.log(Z) - H)) - mu * logit
    pieces = (
        Step(
            "gradient of the entropy", sp.diff(entropy(), u[a]), -weight(a) * (u[a] - mean(1)),
            "$d H / d u_a = -p_a (u_a - E_p[u])$",
            uses=("softmax rule",), kind="derived",
        ),
        Step(
            "only centred logits count", sp.exp(shift) * sp.exp(u[i]) / moved, weight(i),
            "a shift $c$ of all logits changes no weight: the norm about the mean may stand "
            "in the bound", kind="derived",
        ),
        Step(
            "on the sphere", sp.diff(entropy(scale), scale), -scale * variance,
            r"$d H(s u) / d s = -s \operatorname{Var} \leq 0$: the minimiser has the largest "
            "norm allowed",
            uses=("gradient of the entropy", "only centred logits count"), kind="derived",
        ),
        Step(
            "two values", sp.diff(critical, p_of, 2), 1 / p_of + mu / p_of**2,
            r"on the sphere $p (u - E_p[u]) = \mu u$, a function of $p$ that is convex: at "
            "most two roots, so $k$ entries are high and $T - k$ are low",
            uses=("gradient of the entropy", "on the sphere"),
        ),
    )  # fmt: skip
    return (*pieces, *_fewer_high_entries(), *_single_spike(stated), *_large_norm(stated))


def _fewer_high_entries() -> tuple[Step, ...]:
    """KL to uniform decreases in the fraction q of high entries, at fixed norm."""
    s = sp.Symbol("s", positive=True)
    gap = s / sp.sqrt(q * (1 - q))
    on_sphere = high_mass().subs(g, gap)
    left = q * (1 - q) * sp.diff(divergence(on_sphere), q)
    pi = high_mass()
    derivative = pi * (1 - pi) * g * (2 * (pi - q) + g * (1 - 2 * pi) * (1 - 2 * q) / 2)
    inside = {q: (0.05, 0.95), s: (0.1, 1)}
    coin, other = (1 - sp.tanh(al)) / 2, (1 + sp.tanh(b)) / 2
    bracket = 2 * (other - coin) + (al + b) * (1 - 2 * other) * (1 - 2 * coin)
    signs = sp.tanh(al) * sp.tanh(b) * (sp.coth(al) - al + sp.coth(b) - b)
    return (
        Step(
            "norm of two levels", two_level_norm(), tokens * q * (1 - q) * g**2,
            r"with norm $\nu$ the levels differ by $g = \nu / \sqrt{T q (1 - q)}$",
            uses=("two values",), kind="derived",
        ),
        Step(
            "slope in the fraction", left, -defect(on_sphere).subs(g, gap),
            r"$q (1 - q) \, d\mathrm{KL}/d q = -D$, with $q = k/T$ and the norm fixed", inside,
            uses=("norm of two levels",),
        ),
        Step(
            "$D$ starts at zero", high_mass() - q,
            q * (1 - q) * (sp.exp(g) - 1) / (1 + q * (sp.exp(g) - 1)),
            r"$\pi = q$ at $g = 0$, and there $D = \pi - q$",
            uses=("slope in the fraction",),
        ),
        Step(
            "$D$ in the gap", sp.diff(defect(pi), g), derivative,
            r"positive whenever $(1 - 2 \pi)(1 - 2 q) \geq 0$", {q: (0.05, 0.95)},
            uses=("slope in the fraction",),
        ),
        Step(
            "one sign change", bracket.rewrite(sp.exp), signs.rewrite(sp.exp),
            r"otherwise $q < 1/2 < \pi$: with $\tanh(\alpha) = 1 - 2 q$ and $\tanh(b) = 2 \pi "
            "- 1$ the bracket has the sign of a decreasing function of $b$",
            uses=("$D$ in the gap",),
        ),
        Step(
            "that function decreases", sp.diff(sp.coth(b) - b, b), -1 / sp.sinh(b) ** 2 - 1,
            "so $D$ rises, then falls",
            uses=("one sign change",),
        ),
        Step(
            "$D$ at infinity", defect(1 - Z) - (1 - q),
            -Z * (1 + g * (1 - Z) * (1 - g * (1 - 2 * q) / 2)),
            r"$1 - \pi = Z$ is exponentially small in $g$: $D$ tends to $1 - q > 0$, and $D "
            r"\geq 0$ throughout",
            uses=("$D$ starts at zero", "$D$ in the gap", "that function decreases"),
        ),
    )  # fmt: skip


def _single_spike(stated: sp.Expr) -> tuple[Step, ...]:
    """k = 1: the bound in closed form, its slope and its expansion."""
    inside = {tokens: (2, 40)}
    spike = 1 / (1 + (tokens - 1) * sp.exp(-nu * sp.sqrt(tokens / (tokens - 1))))
    slope = -nu * tokens / (tokens - 1) * spike * (1 - spike)
    order = [sp.diff(spike_entropy(), nu, j).subs(nu, 0) / sp.factorial(j) for j in range(3)]
    five = [sp.diff(stated.subs(tokens, 5), nu, j).subs(nu, 0) / sp.factorial(j) for j in range(4)]
    return (
        Step(
            "one spike", spike_entropy(), stated, "$k = 1$ in closed form: the bound", inside,
            uses=(
                "at-least-two-tokens", "norm of two levels", "slope in the fraction",
                "$D$ at infinity",
            ),
        ),
        Step(
            "the code of the bound", spike_entropy_of_gap(spike_gap(), sp.exp(-spike_gap())),
            stated, "with the gap of the levels in place of the levels", inside,
            uses=("one spike",), kind="definition",
        ),
        Step(
            "the bound decreases", sp.diff(stated, nu), slope,
            r"$-\nu$ times the variance of the unit spike under its softmax", inside,
            uses=("one spike",),
        ),
        Step(
            "small norm", order[0] + order[1] * nu + order[2] * nu**2,
            sp.log(tokens) - nu**2 / (2 * tokens), r"$\log T - \nu^2 / (2 T) + O(\nu^3)$", inside,
            uses=("one spike",),
        ),
        Step(
            "small norm, five tokens", sp.Add(*(c * nu**j for j, c in enumerate(five))),
            sp.log(5) - nu**2 / 10 - sp.sqrt(5) * nu**3 / 50,
            "the third order, as a second route to the first two",
            uses=("one spike",),
        ),
    )  # fmt: skip


def _large_norm(stated: sp.Expr) -> tuple[Step, ...]:
    """For a large norm the bound is nu sqrt(T (T - 1)) beta, with an explicit remainder."""
    inside = {tokens: (2, 40)}
    x = sp.Symbol("x", positive=True)
    beta = sp.exp(-nu * sp.sqrt(tokens / (tokens - 1)))
    leading = nu * sp.sqrt(tokens * (tokens - 1)) * beta
    rest = (tokens - 1) * beta
    quotient = sp.log(1 + rest) / rest * sp.sqrt((tokens - 1) / tokens) / nu
    excess = sp.sqrt(tokens / (tokens - 1)) - 1
    return (
        Step(
            "large norm", stated / leading, 1 / (1 + rest) + quotient,
            r"the share of the bound in $\nu \sqrt{T (T - 1)} \beta$; $(T - 1) \beta$ is "
            r"exponentially small and $\log(1 + x) / x$ lies between $1 / (1 + x)$ and $1$: "
            "the share tends to one",
            inside,
            uses=("one spike",),
        ),
        Step(
            "a logarithm below its argument", sp.diff(x - sp.log(1 + x), x), x / (1 + x),
            r"nonnegative, and the difference vanishes at $0$: $\log(1 + x) \leq x$",
        ),
        Step(
            "a logarithm above", sp.diff(sp.log(1 + x) - x / (1 + x), x), x / (1 + x) ** 2,
            r"nonnegative, and the difference vanishes at $0$: $\log(1 + x) \geq x / (1 + x)$",
        ),
        Step(
            "the rate of Zhai et al.", leading,
            tokens * nu * sp.exp(-nu) * sp.sqrt((tokens - 1) / tokens) * sp.exp(-nu * excess),
            r"$T \nu \exp(-\nu)$ times a factor that is bounded below only while $\nu$ is at "
            r"most of order $T$: $\sqrt{T / (T - 1)} - 1$ is about $1 / (2 T)$, so for $T$ "
            r"fixed the bound is smaller than $T \nu \exp(-\nu)$ by an exponential factor", inside,
            uses=("large norm",),
        ),
    )  # fmt: skip


def spike_entropy_of_gap(gap: sp.Expr, low: sp.Expr) -> sp.Expr:
    """The entropy of a spike whose other weights are ``low = exp(-gap)`` times its own.

    Nothing overflows for a large norm, unlike in ``spike_entropy``; a step holds them equal.
    """
    normal = 1 + (tokens - 1) * low
    return sp.log(normal) + (tokens - 1) * gap * low / normal


def spike_gap() -> sp.Expr:
    """The gap of a single spike of norm nu: q = 1 / T in nu^2 = T q (1 - q) g^2."""
    squared = sp.factor(sp.cancel(two_level_norm().subs(q, 1 / tokens) / g**2))
    return nu / sp.sqrt(squared)
