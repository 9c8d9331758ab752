r"""Singular values under a step: Weyl, concentration, power iteration, and the size of Adam's step.

Inequalities are used in the form "an equality plus a term of known sign": the equality is a step,
the sign its reason.
"""

import sympy as sp

from theory.calculus.indices import (
    array,
    canonical,
    define,
    indices,
    size,
    substitute,
    symbol,
    total,
)
from theory.language import Step

sigma = symbol("sigma", meaning="largest singular value before the step", positive=True)
tau = symbol("tau", meaning="cap: largest relative step", positive=True)
decay = symbol("decay", meaning="learning rate times weight decay, in [0, 1]", positive=True)
sec = symbol("sec", meaning="spectral energy concentration before the perturbation", positive=True)
epsilon = symbol("epsilon", meaning="relative Frobenius norm of the perturbation", positive=True)
norm = symbol("norm", latex=r"\nu", meaning="Frobenius norm of W", positive=True)
start = symbol("start", latex=r"\nu_0", meaning="norm of the logits at the start", positive=True)
target = symbol("target", latex=r"\nu_*", meaning="norm that is to be reached", positive=True)
c = symbol("c", meaning="part of the start vector in the top space", positive=True)
ratio = symbol("ratio", meaning=r"$\sigma_2/\sigma_1$", positive=True)
rounds = symbol("rounds", meaning="rounds of power iteration", positive=True)
b1 = symbol("b1", meaning="Adam's first decay rate", positive=True)
b2 = symbol("b2", meaning="Adam's second decay rate", positive=True)
steps_ = symbol("t", meaning="number of steps taken", positive=True)
alpha, delta = sp.symbols("alpha delta", positive=True)
rho, x, count = sp.symbols("rho x j", positive=True)


def logits_after(count: sp.Expr) -> sp.Expr:
    """Largest norm of the logits after some steps without decay, a factor each for W_q and W_k."""
    factor = (growth() / sigma).subs(decay, 0)
    return start * sp.expand(factor) ** (2 * count)


def growth() -> sp.Expr:
    """Largest sigma_1 after W' = (1 - decay) W - alpha D, with alpha sigma_1(D) <= tau sigma."""
    return ((1 - decay) * sigma + alpha * delta).subs(delta, tau * sigma / alpha)


def shrinkage() -> sp.Expr:
    """Lower bound of sigma_1 after the same step."""
    return ((1 - decay) * sigma - alpha * delta).subs(delta, tau * sigma / alpha)


def concentration_after(sign: int) -> sp.Expr:
    """sqrt(SEC) after a perturbation of relative Frobenius norm epsilon: most (1), least (-1).

    sqrt(sum of the s largest sigma^2) is a norm, at most Frobenius': numerator and denominator
    each move by at most |E| = epsilon |W|.
    """
    kept, moved = sp.sqrt(sec) * norm, epsilon * norm
    return sp.expand((kept + sign * moved) / norm) / sp.expand((norm - sign * moved) / norm)


def collapse_time() -> sp.Expr:
    """Steps for which start (1 + tau)^(2 t) is below target: two factors grow by 1 + tau each."""
    return sp.log(target / start) / (2 * sp.log(1 + tau))


def kept_by_power_iteration() -> sp.Expr:
    """Lower bound of the estimate over sigma_1 with a gap: all other energy sits in sigma_2."""
    top = c**2 * sigma ** (4 * rounds + 2)
    spread = c**2 * sigma ** (4 * rounds) + (1 - c**2) * (ratio * sigma) ** (4 * rounds)
    return 1 / sp.sqrt(sp.powsimp(sp.expand_power_base(sp.expand(sigma**2 * spread / top))))


def entry_bound() -> sp.Expr:
    """Largest entry of Adam's update, by Cauchy-Schwarz between weights b1^s and b2^s."""
    first = (1 - b1) / (1 - b1**steps_)
    second = (1 - b2**steps_) / (1 - b2)
    geometric = (1 - (b1**2 / b2) ** steps_) / (1 - b1**2 / b2)
    return first * sp.sqrt(second * geometric)


def spectral_steps() -> tuple[Step, ...]:
    """The equalities behind the bounds, each against its stated form."""
    m = size("m")
    (j,) = indices("j", m)
    s = array("sigma", m, latex=r"\varsigma")
    p, q = array("p_pair", m, latex=r"\xi"), array("q_pair", m, latex=r"\zeta")
    in_pair = total(s[j] * p[j] * q[j], j)  # u^T W v in the basis of singular vectors of W
    missing = total((sigma - s[j]) * (p[j] ** 2 + q[j] ** 2), j) / 2
    missing += total(s[j] * (p[j] - q[j]) ** 2, j) / 2
    lengths = (total(p[j] ** 2, j) + total(q[j] ** 2, j)) / 2
    return (
        Step(
            "a pair of unit vectors", sigma * lengths - in_pair, missing,
            r"for unit vectors $\sigma_1 - u^\top W v$ is a sum of terms that are not "
            r"negative, so $\sigma_1$ is the largest $u^\top W v$, hence a norm: Weyl's "
            r"inequality for $\sigma_1$",
        ),
        Step(
            "growth of the largest singular value", growth(), (1 - decay + tau) * sigma,
            r"$\sigma_1(A + B) \leq \sigma_1(A) + \sigma_1(B)$, with the step at the cap",
            uses=("exact-norms", "decay-at-most-one", "a pair of unit vectors"),
        ),
        Step(
            "shrinkage of the largest singular value", shrinkage(), (1 - decay - tau) * sigma,
            r"the other side: $\sigma_1(A) \leq \sigma_1(A + B) + \sigma_1(B)$",
            uses=("exact-norms", "decay-at-most-one", "a pair of unit vectors"),
        ),
        Step(
            "concentration, from above", concentration_after(1),
            (sp.sqrt(sec) + epsilon) / (1 - epsilon), "the triangle inequality of a Ky Fan norm",
        ),
        Step(
            "concentration, from below", concentration_after(-1),
            (sp.sqrt(sec) - epsilon) / (1 + epsilon), "the same, backwards",
        ),
        Step(
            "time to collapse", sp.solve(logits_after(steps_) - target, steps_)[0], collapse_time(),
            r"the logits of tokens that stay grow at most by $(1 + \tau)^2$ a step, one factor "
            "each for $W_q$ and $W_k$",
            uses=("growth of the largest singular value", "one spike", "the bound decreases"),
        ),
        *_power_steps(),
        *_adam_steps(),
    )  # fmt: skip


def _power_steps() -> tuple[Step, ...]:
    """Power iteration v -> W^T W v / |.| from a unit vector, in the basis of singular vectors."""
    m, rounds_ = size("m"), 2
    j, k = indices("j k", m)
    s, w0, w = array("sigma", m, latex=r"\varsigma"), array("w0", m), array("w", m)
    # w after two rounds, without its norm, which cancels in the quotient |W w|^2 / |w|^2
    after = s[j] ** (2 * rounds_) * w0[j]
    image = substitute(total(s[k] ** 2 * w[k] ** 2, k), define(w, (j,), after))
    length = substitute(total(w[k] ** 2, k), define(w, (j,), after))
    moments = [total(s[k] ** (2 * e) * w0[k] ** 2, k) for e in (2 * rounds_ + 1, 2 * rounds_)]
    plain = (c**2 * sigma ** (4 * rounds + 2)) ** (1 / (2 * rounds + 1))
    bounded = {c: (0.1, 0.9), ratio: (0.1, 0.9), rounds: (1, 4)}
    return (
        Step(
            "power iteration is a quotient of moments",
            canonical(image) / canonical(length), canonical(moments[0]) / canonical(moments[1]),
            r"$k = 2$ rounds: $|W v|^2 = m_{2k+1} / m_{2k}$, moments of $\sigma^2$ under the "
            "weights $w_0^2$; log-convex moments make it rise with $k$ and stay below "
            r"$\sigma_1^2$", kind="derived",
        ),
        Step(
            "power iteration without a gap", sp.expand_log(sp.log(sp.sqrt(plain)), force=True),
            sp.log(c) / (2 * rounds + 1) + sp.log(sigma),
            r"with $m_0 = 1$, $m_{2k+1} / m_{2k} \geq m_{2k+1}^{1/(2k+1)}$, of which the top "
            r"is a part: $c^{1/(2k+1)} \sigma_1$, in logarithms", bounded,
            uses=("power iteration is a quotient of moments",),
        ),
        Step(
            "power iteration with a gap", kept_by_power_iteration(),
            1 / sp.sqrt(1 + (1 - c**2) / c**2 * ratio ** (4 * rounds)),
            r"the quotient is smallest when all other energy sits at $\sigma_2$", bounded,
            uses=("power iteration is a quotient of moments",),
        ),
    )  # fmt: skip


def _adam_steps() -> tuple[Step, ...]:
    """Entries of Adam's update: |m| <= (1 - b1) sum (b1 / sqrt(b2))^s b2^(s/2) |g|."""
    terms = 5
    series = sum(rho**e for e in range(terms))
    lagged = sum(((b1 / sp.sqrt(b2)) ** e) ** 2 for e in range(terms))
    below_one = {b1: (0.5, 0.95), b2: (0.95, 0.999)}
    return (
        Step(
            "geometric sum", series * (1 - rho), 1 - rho**terms,
            r"five terms; $\rho = b_1^2 / b_2$",
        ),
        Step(
            "entries of Adam's update",
            (1 - b1) / (1 - b1**terms) * sp.sqrt(lagged) * sp.sqrt((1 - b2**terms) / (1 - b2)),
            entry_bound().subs(steps_, terms),
            r"Cauchy-Schwarz after five steps, bias corrections included, $\epsilon = 0$",
            below_one,
            uses=("geometric sum",),
        ),
    )  # fmt: skip
