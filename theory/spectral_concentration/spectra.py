r"""Singular values under a step: Weyl, concentration, power iteration, and the size of Adam's step.

Inequalities are used in the form "an equality plus a term of known sign": the equality is a step,
the sign its reason.
"""

import sympy as sp

from theory.calculus.indices import array, canonical, indices, size, substitute, total
from theory.language import Step

sigma, tau, decay = sp.symbols("sigma tau decay", positive=True)
sec, epsilon = sp.symbols("sec epsilon", positive=True)
norm, start, target = sp.symbols("norm start target", positive=True)
c, ratio, rounds = sp.symbols("c ratio rounds", positive=True)
b1, b2, steps_ = sp.symbols("b1 b2 t", positive=True)
alpha, delta = sp.symbols("alpha delta", positive=True)
rho, x, count = sp.symbols("rho x j", positive=True)


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
    doubling = sp.log(2) / (2 * sp.log(1 + tau))
    return (
        Step(
            "growth of the largest singular value", growth(), (1 - decay + tau) * sigma,
            "Weyl: |sigma_i(A + B) - sigma_i(A)| <= sigma_1(B), with the step at the cap",
        ),
        Step(
            "shrinkage of the largest singular value", shrinkage(), (1 - decay - tau) * sigma,
            "the other side of Weyl's inequality",
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
            "time to collapse", start * (1 + tau) ** (2 * collapse_time()), target,
            "the logits grow at most by (1 + tau)^2 a step, one factor each for W_q and W_k",
        ),
        Step(
            "doubling", collapse_time().subs(target, 2 * start), doubling,
            "the product doubles after ln 2 / (2 ln(1 + tau)) steps, one factor alone after twice "
            "as many",
        ),
        *_power_steps(),
        *_adam_steps(),
    )  # fmt: skip


def _power_steps() -> tuple[Step, ...]:
    """Power iteration v -> W^T W v / |.| from a unit vector, in the basis of singular vectors."""
    m, rounds_ = size("m"), 2
    j, k = indices("j k", m)
    s, w0, w = array("sigma", m), array("w0", m), array("w", m)
    # w after two rounds, without its norm, which cancels in the quotient |W w|^2 / |w|^2
    after = s[j] ** (2 * rounds_) * w0[j]
    image = substitute(total(s[k] ** 2 * w[k] ** 2, k), w, (j,), after)
    length = substitute(total(w[k] ** 2, k), w, (j,), after)
    moments = [total(s[k] ** (2 * e) * w0[k] ** 2, k) for e in (2 * rounds_ + 1, 2 * rounds_)]
    plain = (c**2 * sigma ** (4 * rounds + 2)) ** (1 / (2 * rounds + 1))
    bounded = {c: (0.1, 0.9), ratio: (0.1, 0.9), rounds: (1, 4)}
    return (
        Step(
            "power iteration is a quotient of moments",
            canonical(image) / canonical(length), canonical(moments[0]) / canonical(moments[1]),
            "k = 2 rounds: |W v|^2 = m_(2k+1) / m_(2k), moments of sigma^2 under the weights w0^2; "
            "log-convex moments make it rise with k and stay below sigma_1^2",
        ),
        Step(
            "power iteration without a gap", sp.expand_log(sp.log(sp.sqrt(plain)), force=True),
            sp.log(c) / (2 * rounds + 1) + sp.log(sigma),
            "with m_0 = 1, m_(2k+1) / m_(2k) >= m_(2k+1)^(1/(2k+1)), of which the top is a part: "
            "c^(1/(2k+1)) sigma_1, in logarithms", bounded,
        ),
        Step(
            "power iteration with a gap", kept_by_power_iteration(),
            1 / sp.sqrt(1 + (1 - c**2) / c**2 * ratio ** (4 * rounds)),
            "the quotient is smallest when all other energy sits at sigma_2", bounded,
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
            "geometric sum", series * (1 - rho), 1 - rho**terms, "five terms; rho = b1^2 / b2",
        ),
        Step(
            "entries of Adam's update",
            (1 - b1) / (1 - b1**terms) * sp.sqrt(lagged) * sp.sqrt((1 - b2**terms) / (1 - b2)),
            entry_bound().subs(steps_, terms),
            "Cauchy-Schwarz after five steps, bias corrections included, epsilon = 0", below_one,
        ),
        Step("the first update", entry_bound().subs(steps_, 1), sp.S.One, "a sign", below_one),
    )  # fmt: skip
