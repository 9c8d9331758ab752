"""AdamW-trained transformers have a forward-backward ODE as their limit.

Generated from theory/adamw_depth_limit.py by verilimit 0.1.0; never edited by hand.
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


@jax.custom_jvp
def _bose(x: Num[Array, "..."] | float) -> Array:
    return 1 / jnp.expm1(x)


_bose.defjvps(lambda g, y, x: g * y * _bose(-x))


def attention(
    x: Float[Array, " d"],
    Y: Float[Array, "N d"],
    Q: Float[Array, "d_k d"],
    K: Float[Array, "d_k d"],
    V: Float[Array, "d d"],
) -> Float[Array, " d"]:
    r"""Attention of one query x over the tokens Y, one head.

    Reconstructed; Gibson and Reisinger 2026 (arXiv:2605.11059) use a model of this kind.

    Formula:
        \sum_{i,j} {S}^{i} {V}^{e j} {Y}^{i j}

    where
        {S}^{j} = \mathrm{softmax}_{j}\left(\frac{\sum_{c,a,b} {K}^{c b} {Q}^{c a} {Y}^{j b}
        {x}^{a}}{\sqrt{d_{k}}}\right)
    """
    d_k = Q.shape[0]
    Qx = Q @ x
    t1 = jnp.einsum("a,ab->b", Qx, K)
    t2 = Y @ t1
    S = jax.nn.softmax(t2/jnp.sqrt(d_k), axis=0)
    t3 = jnp.einsum("a,ab->b", S, Y)
    t4 = V @ t3
    return t4


def attention_token_jacobian(
    x: Float[Array, " d"],
    Y: Float[Array, "N d"],
    Q: Float[Array, "d_k d"],
    K: Float[Array, "d_k d"],
    V: Float[Array, "d d"],
) -> Float[Array, "d d"]:
    r"""Derivative of attention in the query, the tokens held fixed.

    Reconstructed; Gibson and Reisinger 2026 (arXiv:2605.11059) use a model of this kind.

    Formula:
        \frac{1}{\sqrt{d_{k}}} \left(\sum_{i,j,k,l} {K}^{l j} {Q}^{l g} {S}^{i} {V}^{e k} {Y}^{i
        j} {Y}^{i k} - \sum_{i,j,k,l,p} {K}^{p k} {Q}^{p g} {S}^{i} {S}^{j} {V}^{e l} {Y}^{i k}
        {Y}^{j l}\right)

    where
        {S}^{j} = \mathrm{softmax}_{j}\left(\frac{\sum_{c,a,b} {K}^{c b} {Q}^{c a} {Y}^{j b}
        {x}^{a}}{\sqrt{d_{k}}}\right)
    """
    d_k = Q.shape[0]
    Qx = Q @ x
    t1 = jnp.einsum("a,ab->b", Qx, K)
    t2 = Y @ t1
    S = jax.nn.softmax(t2/jnp.sqrt(d_k), axis=0)
    t3 = Y * S[:, None]
    t4 = t3.T @ Y
    t5 = jnp.einsum("a,ab->b", S, Y)
    t6 = t5[:, None] * t5
    t7 = t4.T - t6
    t8 = t7 @ V.T
    t9 = t8.T
    t10 = t9 @ K.T
    t11 = t10 @ Q
    return t11/jnp.sqrt(d_k)


def attention_lions_derivative(
    x: Float[Array, " d"],
    Y: Float[Array, "N d"],
    y: Float[Array, " d"],
    Q: Float[Array, "d_k d"],
    K: Float[Array, "d_k d"],
    V: Float[Array, "d d"],
) -> Float[Array, "d d"]:
    r"""Lions derivative of attention in the law of the tokens, at the point y.

    Reconstructed; Gibson and Reisinger 2026 (arXiv:2605.11059) use a model of this kind. At y =
    Y_j, 1/N of it is the derivative of attention in the token Y_j.

    Formula:
        \mathrm{ratio} {V}^{e g} + \frac{\mathrm{ratio}}{\sqrt{d_{k}}} \left(\sum_{i,j,k} {K}^{k
        g} {Q}^{k i} {V}^{e j} {x}^{i} {y}^{j} - \sum_{i,j,k,l} {K}^{l g} {Q}^{l j} {S}^{i}
        {V}^{e k} {Y}^{i k} {x}^{j}\right)

    where
        {S}^{j} = \mathrm{softmax}_{j}\left(\frac{\sum_{c,a,b} {K}^{c b} {Q}^{c a} {Y}^{j b}
        {x}^{a}}{\sqrt{d_{k}}}\right)

    where
        \mathrm{ratio} = \frac{N}{\sum_{j} e^{\frac{\sum_{c,a,b} {K}^{c b} {Q}^{c a} {Y}^{j b}
        {x}^{a}}{\sqrt{d_{k}}} - \frac{\sum_{c,a,b} {K}^{c b} {Q}^{c a} {x}^{a}
        {y}^{b}}{\sqrt{d_{k}}}}}
    """
    N = Y.shape[0]
    d_k = Q.shape[0]
    Qx = Q @ x
    t1 = jnp.einsum("a,ab->b", Qx, K)
    t2 = Y @ t1
    S = jax.nn.softmax(t2/jnp.sqrt(d_k), axis=0)
    Ky = K @ y
    KyQx = Ky @ Qx
    t3 = jax.nn.logsumexp((-KyQx + t2)/jnp.sqrt(d_k), axis=0)
    t4 = jnp.exp(-t3)
    ratio = N*t4
    Vy = V @ y
    t5 = Vy[:, None] * t1
    t6 = jnp.einsum("a,ab->b", S, Y)
    t7 = V @ t6
    t8 = t1[:, None] * t7
    return V*ratio + ratio*(t5 - t8.T)/jnp.sqrt(d_k)


def self_attention(
    X: Float[Array, "N d"],
    Q: Float[Array, "d_k d"],
    K: Float[Array, "d_k d"],
    V: Float[Array, "d d"],
) -> Float[Array, "N d"]:
    r"""Drift of all tokens, one head.

    Reconstructed; Gibson and Reisinger 2026 (arXiv:2605.11059) use a model of this kind.

    Formula:
        \sum_{f,q} {R}^{i q} {V}^{e f} {X}^{q f}

    where
        {R}^{i j} = \mathrm{softmax}_{j}\left(\frac{\sum_{c,a,b} {K}^{c b} {Q}^{c a} {X}^{i a}
        {X}^{j b}}{\sqrt{d_{k}}}\right)
    """
    d_k = Q.shape[0]
    t1 = K.T @ Q
    t2 = t1 @ X.T
    t3 = X @ t2
    R = jax.nn.softmax((t3/jnp.sqrt(d_k)).T, axis=1)
    RX = R @ X
    t4 = RX @ V.T
    return t4


def linearised_drift(
    X: Float[Array, "N d"],
    dX: Float[Array, "N d"],
    Q: Float[Array, "d_k d"],
    K: Float[Array, "d_k d"],
    V: Float[Array, "d d"],
) -> Float[Array, "N d"]:
    r"""Change of the drift when the tokens move by dX, one head.

    Reconstructed; Gibson and Reisinger 2026 (arXiv:2605.11059) use a model of this kind.

    Formula:
        \sum_{j,k} {R}^{i j} {V}^{e k} {\mathrm{d}X}^{j k} + \frac{1}{\sqrt{d_{k}}}
        \left(\sum_{j,k,l,p,q} {K}^{q k} {Q}^{q l} {R}^{i j} {V}^{e p} {X}^{i l} {X}^{j p}
        {\mathrm{d}X}^{j k} + \sum_{j,k,l,p,q} {K}^{q k} {Q}^{q l} {R}^{i j} {V}^{e p} {X}^{j k}
        {X}^{j p} {\mathrm{d}X}^{i l} - \sum_{j,k,l,p,q,r} {K}^{r l} {Q}^{r p} {R}^{i j} {R}^{i
        k} {V}^{e q} {X}^{i p} {X}^{j q} {\mathrm{d}X}^{k l} - \sum_{j,k,l,p,q,r} {K}^{r l}
        {Q}^{r p} {R}^{i j} {R}^{i k} {V}^{e q} {X}^{j l} {X}^{k q} {\mathrm{d}X}^{i p}\right)

    where
        {R}^{i j} = \mathrm{softmax}_{j}\left(\frac{\sum_{c,a,b} {K}^{c b} {Q}^{c a} {X}^{i a}
        {X}^{j b}}{\sqrt{d_{k}}}\right)
    """
    d_k = Q.shape[0]
    t1 = K.T @ Q
    t2 = t1 @ X.T
    t3 = X @ t2
    R = jax.nn.softmax((t3/jnp.sqrt(d_k)).T, axis=1)
    t4 = dX @ t2
    t5 = X @ t1
    t6 = t5 @ dX.T
    t7 = -t4.T - t6.T
    t8 = jnp.einsum("ab,ab->a", t7, R)
    t9 = t4.T + t6.T + t8[:, None]
    t10 = t9 * R
    t11 = t10 @ X
    RdX = R @ dX
    t12 = RdX + t11/jnp.sqrt(d_k)
    t13 = t12 @ V.T
    return t13


def adjoint_drift(
    X: Float[Array, "N d"],
    P: Float[Array, "N d"],
    Q: Float[Array, "d_k d"],
    K: Float[Array, "d_k d"],
    V: Float[Array, "d d"],
) -> Float[Array, "N d"]:
    r"""-dP/dt of the backpropagated variables P = N dloss/dX, one head.

    Reconstructed; Gibson and Reisinger 2026 (arXiv:2605.11059) use a model of this kind.

    Formula:
        \sum_{i,j} {P}^{i j} {R}^{i t} {V}^{j g} + \frac{1}{\sqrt{d_{k}}} \left(\sum_{i,j,k,l,p}
        {K}^{p g} {P}^{i j} {Q}^{p k} {R}^{i t} {V}^{j l} {X}^{i k} {X}^{t l} + \sum_{i,j,k,l,p}
        {K}^{p j} {P}^{t k} {Q}^{p g} {R}^{t i} {V}^{k l} {X}^{i j} {X}^{i l} -
        \sum_{i,j,k,l,p,q} {K}^{q g} {P}^{i k} {Q}^{q l} {R}^{i j} {R}^{i t} {V}^{k p} {X}^{i l}
        {X}^{j p} - \sum_{i,j,k,l,p,q} {K}^{q k} {P}^{t l} {Q}^{q g} {R}^{t i} {R}^{t j} {V}^{l
        p} {X}^{i k} {X}^{j p}\right)

    where
        {R}^{i j} = \mathrm{softmax}_{j}\left(\frac{\sum_{c,a,b} {K}^{c b} {Q}^{c a} {X}^{i a}
        {X}^{j b}}{\sqrt{d_{k}}}\right)
    """
    d_k = Q.shape[0]
    t1 = K.T @ Q
    t2 = t1 @ X.T
    t3 = X @ t2
    R = jax.nn.softmax((t3/jnp.sqrt(d_k)).T, axis=1)
    PV = P @ V
    RX = R @ X
    t4 = jnp.einsum("ab,ab->a", PV, RX)
    t5 = t2 * t4
    t6 = PV.T - t5/jnp.sqrt(d_k)
    t7 = t6 @ R
    t8 = PV @ X.T
    t9 = t8 * R
    t10 = t2 @ t9
    t11 = X @ t1
    t12 = t9 @ t11
    t13 = RX @ t1
    t14 = t13 * t4[:, None]
    return t7.T + (t10.T + t12 - t14)/jnp.sqrt(d_k)


def hamiltonian(
    X: Float[Array, "N d"],
    P: Float[Array, "N d"],
    Q: Float[Array, "d_k d"],
    K: Float[Array, "d_k d"],
    V: Float[Array, "d d"],
) -> Float[Array, ""]:
    r"""Mean over the tokens of <P, A>, one head.

    Reconstructed; Gibson and Reisinger 2026 (arXiv:2605.11059) use a model of this kind.

    Formula:
        \frac{\sum_{i,e} {P}^{i e} \sum_{f,q} {R}^{i q} {V}^{e f} {X}^{q f}}{N}

    where
        {R}^{i j} = \mathrm{softmax}_{j}\left(\frac{\sum_{c,a,b} {K}^{c b} {Q}^{c a} {X}^{i a}
        {X}^{j b}}{\sqrt{d_{k}}}\right)
    """
    N = X.shape[0]
    d_k = Q.shape[0]
    t1 = K.T @ Q
    t2 = t1 @ X.T
    t3 = X @ t2
    R = jax.nn.softmax((t3/jnp.sqrt(d_k)).T, axis=1)
    t4 = P.T @ R
    t5 = V @ X.T
    t6 = jnp.einsum("ab,ab->", t4, t5)
    return t6/N


def head_gradient(
    X: Float[Array, "N d"],
    P: Float[Array, "N d"],
    Q: Float[Array, "d_k d"],
    K: Float[Array, "d_k d"],
    V: Float[Array, "d d"],
) -> tuple[Float[Array, "d_k d"], Float[Array, "d_k d"], Float[Array, "d d"]]:
    r"""Gradients of the Hamiltonian in Q, K, V: L H times those of the loss.

    Reconstructed; Gibson and Reisinger 2026 (arXiv:2605.11059) use a model of this kind.

    Formula:
        \frac{1}{N \sqrt{d_{k}}} \left(\sum_{i,j,k,l,p} {K}^{o k} {P}^{i l} {R}^{i j} {V}^{l p}
        {X}^{i g} {X}^{j k} {X}^{j p} - \sum_{i,j,k,l,p,q} {K}^{o l} {P}^{i p} {R}^{i j} {R}^{i
        k} {V}^{p q} {X}^{i g} {X}^{j l} {X}^{k q}\right)

    Formula:
        \frac{1}{N \sqrt{d_{k}}} \left(\sum_{i,j,k,l,p} {P}^{i k} {Q}^{o l} {R}^{i j} {V}^{k p}
        {X}^{i l} {X}^{j g} {X}^{j p} - \sum_{i,j,k,l,p,q} {P}^{i l} {Q}^{o p} {R}^{i j} {R}^{i
        k} {V}^{l q} {X}^{i p} {X}^{j q} {X}^{k g}\right)

    Formula:
        \frac{\sum_{i,j} {P}^{i b_{out}} {R}^{i j} {X}^{j g}}{N}

    where
        {R}^{i j} = \mathrm{softmax}_{j}\left(\frac{\sum_{c,a,b} {K}^{c b} {Q}^{c a} {X}^{i a}
        {X}^{j b}}{\sqrt{d_{k}}}\right)
    """
    N = X.shape[0]
    d_k = Q.shape[0]
    t1 = K.T @ Q
    t2 = t1 @ X.T
    t3 = X @ t2
    R = jax.nn.softmax((t3/jnp.sqrt(d_k)).T, axis=1)
    PV = P @ V
    t4 = PV @ X.T
    t5 = t4 * R
    t6 = t5 @ X
    RX = R @ X
    t7 = jnp.einsum("ab,ab->a", PV, RX)
    t8 = RX * t7[:, None]
    t9 = t6 - t8
    t10 = t9 @ K.T
    t11 = t10.T
    t12 = t11 @ X
    t13 = Q @ X.T
    t14 = t13 @ t5
    t15 = t13 * t7
    t16 = t15 @ R
    t17 = t14 - t16
    t18 = t17 @ X
    t19 = P.T @ R
    t20 = t19 @ X
    return t12/(N*jnp.sqrt(d_k)), t18/(N*jnp.sqrt(d_k)), t20/N


def largest_update(n: Scalar, beta1: Scalar, beta2: Scalar) -> Float[Array, ""]:
    r"""C_n: the largest |m| / sqrt(v) that AdamW can reach after n gradients.

    Derived here by Cauchy and Schwarz; finite for all n when beta1^2 < beta2.

    Formula:
        \sqrt{\frac{\left(1 - \beta_{2}^{n}\right) \left(1 -
        \left(\frac{\beta_{1}^{2}}{\beta_{2}}\right)^{n}\right)}{\left(1 -
        \beta_{1}^{n}\right)^{2} \left(1 - \beta_{2}\right) \left(1 -
        \frac{\beta_{1}^{2}}{\beta_{2}}\right)}} \left|{\beta_{1} - 1}\right|
    """
    n, beta1, beta2 = (1.0 * jnp.asarray(a) for a in (n, beta1, beta2))
    return (
        jnp.sqrt(_expm1(n*jnp.log(beta2))*_expm1(n*jnp.log(beta1**2/beta2))/((1 -
        beta2)*(-beta1**2/beta2 + 1)))*jnp.abs(beta1 - 1)*jnp.abs(_bose(n*jnp.log(beta1)))
    )


def toy_mean_square(
    x0: Scalar,
    mu: Scalar,
    sigma: Scalar,
    L: Scalar,
    H: Scalar,
) -> Float[Array, ""]:
    r"""E (x_L - x_1)^2 of the one-token network against its limit, exact at every size.

    Derived here.

    Formula:
        x_{0}^{2} \left(\left(\frac{H L^{2} + 2 H L \mu + H \mu^{2} + \sigma^{2}}{H
        L^{2}}\right)^{L} - 2 \left(1 + \frac{\mu}{L}\right)^{L} e^{\mu} + e^{2 \mu}\right)
    """
    x0, mu, sigma, L, H = (1.0 * jnp.asarray(a) for a in (x0, mu, sigma, L, H))
    return (
        x0**2*(((H*L**2 + 2*H*L*mu + H*mu**2 + sigma**2)/(H*L**2))**L - 2*(1 +
        mu/L)**L*jnp.exp(mu) + jnp.exp(2*mu))
    )
