"""Spectral energy concentration collapses attention entropy, and a capped step delays it.

Generated from theory/spectral_concentration.py by verilimit 0.1.0; never edited by hand.
Regenerate with ``verilimit generate``.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Num

Scalar = float | int | Num[Array, ""]


@jax.custom_jvp
def _expm1(x: Num[Array, "..."] | float) -> Array:
    return jnp.expm1(x)


_expm1.defjvps(lambda g, y, x: g * jnp.exp(x))


def attention_gradients(
    X: Float[Array, "d n"],
    Wq: Float[Array, "dq d"],
    Wk: Float[Array, "dq d"],
    Wv: Float[Array, "dv d"],
    G: Float[Array, "dv n"],
) -> tuple[Float[Array, "dq d"], Float[Array, "dq d"], Float[Array, "dv d"], Float[Array, "d n"]]:
    r"""Gradients of <G, Y> in Wq, Wk, Wv, X for Y = Wv X softmax(X^T Wq^T Wk X / sqrt(dq)).

    Tokens are columns (Qi et al. 2025, arXiv:2505.21910); the softmax normalises them. G is the
    gradient in Y, (dv, n). Equation 6 of the sheet, derived here.

    Formula:
        \sum_{i,j,k} {\Omega}^{k j} {W_k}^{b i} {X}^{i j} {X}^{x k}

    Formula:
        \sum_{i,j,k} {\Omega}^{k j} {W_q}^{b i} {X}^{i k} {X}^{x j}

    Formula:
        \sum_{i,j} {A}^{j i} {G}^{r i} {X}^{x j}

    Formula:
        \sum_{i,j} {A}^{l j} {G}^{i j} {W_v}^{i x} + \sum_{i,j,k} {\Omega}^{k l} {W_k}^{j x}
        {W_q}^{j i} {X}^{i k} + \sum_{i,j,k} {\Omega}^{l k} {W_k}^{j i} {W_q}^{j x} {X}^{i k}

    where
        {A}^{i j} = \mathrm{softmax}_{i}\left(\frac{\sum_{e,f,c} {W_k}^{c f} {W_q}^{c e} {X}^{e
        i} {X}^{f j}}{\sqrt{d_q}}\right)

    where
        {\Omega}^{i j} = \frac{1}{\sqrt{d_q}} \left(\sum_{k,l} {A}^{i j} {G}^{l j} {W_v}^{l k}
        {X}^{k i} - \sum_{k,l,p} {A}^{i j} {A}^{p j} {G}^{l j} {W_v}^{l k} {X}^{k p}\right)
    """
    dq = Wq.shape[0]
    t1 = Wk.T @ Wq
    t2 = t1 @ X
    t3 = t2.T @ X
    A = jax.nn.softmax(t3/jnp.sqrt(dq), axis=0)
    t4 = G.T @ Wv
    t5 = t4 @ X
    XA = X @ A
    t6 = jnp.einsum("ab,ba->b", XA, t4)
    t7 = t5.T - t6[None, :]
    t8 = t7 * A
    Omega = t8/jnp.sqrt(dq)
    t9 = Omega @ X.T
    t10 = t9 @ Wk.T
    t11 = X @ t10
    t12 = X @ Omega
    t13 = Wq @ t12
    t14 = t13 @ X.T
    t15 = A @ G.T
    t16 = X @ t15
    t17 = t15 @ Wv
    t18 = t1 @ t12
    t19 = t9 @ t1
    return t11.T, t14, t16.T, t17.T + t18 + t19.T


def attention(
    X: Float[Array, "d n"],
    Wq: Float[Array, "dq d"],
    Wk: Float[Array, "dq d"],
) -> Float[Array, "n n"]:
    r"""Attention of one layer, tokens in columns: each column sums to one.

    Qi et al. 2025 (arXiv:2505.21910), scaled by 1 / sqrt(dq).

    Formula:
        {A}^{i j}

    where
        {A}^{i j} = \mathrm{softmax}_{i}\left(\frac{\sum_{e,f,c} {W_k}^{c f} {W_q}^{c e} {X}^{e
        i} {X}^{f j}}{\sqrt{d_q}}\right)
    """
    dq = Wq.shape[0]
    t1 = Wk.T @ Wq
    t2 = t1 @ X
    t3 = t2.T @ X
    A = jax.nn.softmax(t3/jnp.sqrt(dq), axis=0)
    return A


def entropy_lower_bound(tokens: Scalar, norm: Scalar) -> Float[Array, ""]:
    r"""Smallest entropy of a softmax of tokens >= 2 logits, norm their norm about the mean.

    Zhai et al. 2023, Theorem 3.1, with any upper bound of the centred norm in place of the
    product of spectral norms; attained by a single spike.

    Formula:
        \frac{\beta \mathrm{gap} \left(\mathrm{tokens} - 1\right)}{\beta \left(\mathrm{tokens} -
        1\right) + 1} + \log{\left(\beta \left(\mathrm{tokens} - 1\right) + 1 \right)}

    where
        \mathrm{gap} = \frac{\nu \sqrt{\mathrm{tokens}}}{\sqrt{\mathrm{tokens} - 1}}

    where
        \beta = e^{- \mathrm{gap}}
    """
    tokens, norm = (1.0 * jnp.asarray(a) for a in (tokens, norm))
    gap = norm*jnp.sqrt(tokens)/jnp.sqrt(tokens - 1)
    beta = jnp.exp(-gap)
    return beta*gap*(tokens - 1)/(beta*(tokens - 1) + 1) + jnp.log1p(beta*(tokens - 1))


def weyl_growth_bound(sigma: Scalar, tau: Scalar, decay: Scalar) -> Float[Array, ""]:
    r"""Largest sigma_1 after one capped step from sigma_1 = sigma; decay = alpha lambda.

    Weyl's inequality; W' = (1 - decay) W - alpha D, alpha sigma_1(D) <= tau sigma_1(W).

    Formula:
        \sigma \tau + \sigma \left(1 - \mathrm{decay}\right)
    """
    sigma, tau, decay = (1.0 * jnp.asarray(a) for a in (sigma, tau, decay))
    return sigma*tau + sigma*(1 - decay)


def weyl_shrink_bound(sigma: Scalar, tau: Scalar, decay: Scalar) -> Float[Array, ""]:
    r"""Smallest sigma_1 after one capped step from sigma_1 = sigma; decay = alpha lambda.

    Weyl's inequality; W' = (1 - decay) W - alpha D, alpha sigma_1(D) <= tau sigma_1(W).

    Formula:
        \sigma \left(1 - \mathrm{decay}\right) - \sigma \tau
    """
    sigma, tau, decay = (1.0 * jnp.asarray(a) for a in (sigma, tau, decay))
    return -sigma*tau + sigma*(1 - decay)


def concentration_bounds(
    sec: Scalar,
    epsilon: Scalar,
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Bounds of sqrt(SEC) after a perturbation of relative Frobenius norm epsilon < 1.

    Reconstructed: the root of the s largest squared singular values is a norm.

    Formula:
        \frac{\sqrt{\mathrm{sec}} - \epsilon}{\epsilon + 1}

    Formula:
        \frac{\epsilon + \sqrt{\mathrm{sec}}}{1 - \epsilon}
    """
    sec, epsilon = (1.0 * jnp.asarray(a) for a in (sec, epsilon))
    return (-epsilon + jnp.sqrt(sec))/(epsilon + 1), (epsilon + jnp.sqrt(sec))/(1 - epsilon)


def collapse_time(start: Scalar, target: Scalar, tau: Scalar) -> Float[Array, ""]:
    r"""Steps during which logits that start at norm start stay below target, at cap tau.

    Reconstructed: W_q and W_k each grow by at most 1 + tau a step.

    Formula:
        \frac{\log{\left(\frac{\nu_*}{\nu_0} \right)}}{2 \log{\left(\tau + 1 \right)}}
    """
    start, target, tau = (1.0 * jnp.asarray(a) for a in (start, target, tau))
    return jnp.log(target/start)/(2*jnp.log1p(tau))


def power_iteration_share(c: Scalar, ratio: Scalar, rounds: Scalar) -> Float[Array, ""]:
    r"""Least share of sigma_1 that power iteration finds after some rounds.

    Reconstructed: c is the start's part in the top space, ratio sigma_2 / sigma_1.

    Formula:
        \frac{1}{\sqrt{1 - \mathrm{ratio}^{4 \mathrm{rounds}} + \frac{\mathrm{ratio}^{4
        \mathrm{rounds}}}{c^{2}}}}
    """
    c, ratio, rounds = (1.0 * jnp.asarray(a) for a in (c, ratio, rounds))
    return 1/jnp.sqrt(-_expm1(4*rounds*jnp.log(ratio)) + ratio**(4*rounds)/c**2)


def adam_entry_bound(b1: Scalar, b2: Scalar, t: Scalar) -> Float[Array, ""]:
    r"""Largest entry of Adam's update at step t, for epsilon = 0 and b1^2 < b2.

    Reconstructed: Cauchy-Schwarz; 1 at t = 1, about 7.27 for (0.9, 0.999) as t grows.

    Formula:
        \frac{\sqrt{\frac{\left(1 - b_{2}^{t}\right) \left(1 -
        \left(\frac{b_{1}^{2}}{b_{2}}\right)^{t}\right)}{\left(1 - b_{2}\right) \left(1 -
        \frac{b_{1}^{2}}{b_{2}}\right)}} \left(1 - b_{1}\right)}{1 - b_{1}^{t}}
    """
    b1, b2, t = (1.0 * jnp.asarray(a) for a in (b1, b2, t))
    return (
        -jnp.sqrt(_expm1(t*jnp.log(b2))*_expm1(t*jnp.log(b1**2/b2))/((1 - b2)*(-b1**2/b2 +
        1)))*(1 - b1)/_expm1(t*jnp.log(b1))
    )
