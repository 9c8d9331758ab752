"""Attention with a random MLP synchronizes tokens by common noise.

Generated from theory/noise_synchronization.py by verilimit 0.1.0; never edited by hand.
Regenerate with ``verilimit generate``.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Num

Scalar = float | int | Num[Array, ""]


@jax.custom_jvp
def _exp_difference(x: Num[Array, "..."] | float, w: Num[Array, "..."] | float) -> Array:
    return -jnp.sign(x - w) * jnp.exp(jnp.maximum(x, w)) * jnp.expm1(-jnp.abs(x - w))


_exp_difference.defjvps(
    lambda g, y, x, w: jnp.broadcast_to(g * jnp.exp(x), y.shape),
    lambda g, y, x, w: jnp.broadcast_to(-g * jnp.exp(w), y.shape),
)


@jax.custom_jvp
def _bose(x: Num[Array, "..."] | float) -> Array:
    return 1 / jnp.expm1(x)


_bose.defjvps(lambda g, y, x: g * y * _bose(-x))


def attention(
    X: Float[Array, "N d"],
    Q: Float[Array, "d d"],
    K: Float[Array, "d d"],
    V: Float[Array, "d d"],
) -> Float[Array, "N d"]:
    r"""Softmax attention of every token over all tokens, weights shared by the layers.

    Agazzi et al. 2026 (arXiv:2604.26898), finite model.

    Formula:
        \sum_{j,b} {P}^{p j} {V}^{a b} {X}^{j b}

    where
        {P}^{i j} = \mathrm{softmax}_{j}\left(\sum_{a,b,c} {K}^{a c} {Q}^{a b} {X}^{i b} {X}^{j
        c}\right)
    """
    t1 = K.T @ Q
    t2 = t1 @ X.T
    t3 = X @ t2
    P = jax.nn.softmax(t3.T, axis=1)
    PX = P @ X
    t4 = PX @ V.T
    return t4


def measure_attention(
    X: Float[Array, "N d"],
    log_weight: Float[Array, " N"],
    Q: Float[Array, "d d"],
    K: Float[Array, "d d"],
    V: Float[Array, "d d"],
) -> Float[Array, "N d"]:
    r"""Attention over a measure with atoms X, of weight exp(log_weight) up to a factor.

    Agazzi et al. 2026 (arXiv:2604.26898), attention over a measure mu.

    Formula:
        \sum_{j,b} {P}^{p j} {V}^{a b} {X}^{j b}

    where
        {P}^{i j} = \mathrm{softmax}_{j}\left({\log w}^{j} + \sum_{a,b,c} {K}^{a c} {Q}^{a b}
        {X}^{i b} {X}^{j c}\right)
    """
    t1 = K.T @ Q
    t2 = t1 @ X.T
    t3 = X @ t2
    P = jax.nn.softmax((log_weight[:, None] + t3).T, axis=1)
    PX = P @ X
    t4 = PX @ V.T
    return t4


def token_drift(
    X: Float[Array, "N d"],
    Q: Float[Array, "d d"],
    K: Float[Array, "d d"],
    V: Float[Array, "d d"],
    kernel_at_one: Scalar,
) -> Float[Array, "N d"]:
    r"""Ito drift of the tokens; kernel_at_one = kappa(1).

    Agazzi et al. 2026 (arXiv:2604.26898), limiting SDE; derived from one layer.

    Formula:
        \sum_{i,j} {P}^{p i} {V}^{a j} {X}^{i j} - \sum_{i,j,k} {P}^{p i} {V}^{k j} {X}^{i j}
        {X}^{p a} {X}^{p k} - \frac{\kappa(1) \left(d - 1\right)}{2} {X}^{p a}

    where
        {P}^{i j} = \mathrm{softmax}_{j}\left(\sum_{a,b,c} {K}^{a c} {Q}^{a b} {X}^{i b} {X}^{j
        c}\right)
    """
    d = X.shape[1]
    kernel_at_one = 1.0 * jnp.asarray(kernel_at_one)
    t1 = K.T @ Q
    t2 = t1 @ X.T
    t3 = X @ t2
    P = jax.nn.softmax(t3.T, axis=1)
    PX = P @ X
    XV = X @ V
    t4 = jnp.einsum("ab,ab->a", PX, XV)
    t5 = -kernel_at_one*(d - 1)/2 - t4
    t6 = X * t5[:, None]
    t7 = PX @ V.T
    return t6 + t7


def field_drift(
    X: Float[Array, "N d"],
    A: Float[Array, "N d"],
    variance: Float[Array, " N"],
) -> Float[Array, "N d"]:
    r"""Ito drift for any attention values A and any kernel; variance[i] = K(x_i, x_i).

    Derived from one layer; a kernel of frozen features is not zonal.

    Formula:
        {A}^{p a} - \sum_{i} {A}^{p i} {X}^{p a} {X}^{p i} - \left(\frac{d}{2} -
        \frac{1}{2}\right) {X}^{p a} {\mathrm{variance}}^{p}
    """
    d = X.shape[1]
    t1 = jnp.einsum("ab,ab->a", A, X)
    t2 = -t1 - variance*(d/2 - 1/2)
    t3 = X * t2[:, None]
    return A + t3


def projected(X: Float[Array, "N d"], G: Float[Array, "N d"]) -> Float[Array, "N d"]:
    r"""P_x G of every token: the noise of the SDE for a noise field G.

    Agazzi et al. 2026 (arXiv:2604.26898), limiting SDE.

    Formula:
        {G}^{p a} - {X}^{p a} \sum_{_000} {G}^{p _000} {X}^{p _000}
    """
    t1 = jnp.einsum("ab,ab->a", G, X)
    t2 = X * t1[:, None]
    return G - t2


def layer_norm_expansion(
    X: Float[Array, "N d"],
    G: Float[Array, "N d"],
    epsilon: Scalar,
) -> Float[Array, "N d"]:
    r"""LN(x + epsilon G) to second order in epsilon, for unit vectors x.

    Agazzi et al. 2026 (arXiv:2604.26898); derived by Taylor expansion.

    Formula:
        \frac{3 \epsilon^{2}}{2} \sum_{i,j} {G}^{p i} {G}^{p j} {X}^{p a} {X}^{p i} {X}^{p j} -
        \frac{\epsilon^{2}}{2} \sum_{i} \left({G}^{p i}\right)^{2} {X}^{p a} - \epsilon^{2}
        \sum_{i} {G}^{p a} {G}^{p i} {X}^{p i} + \epsilon \left({G}^{p a} - \sum_{i} {G}^{p i}
        {X}^{p a} {X}^{p i}\right) + {X}^{p a}
    """
    epsilon = 1.0 * jnp.asarray(epsilon)
    t1 = jnp.einsum("ab,ab->a", G, X)
    t2 = jnp.einsum("ab,ab->a", G, G)
    t3 = t1 * t1
    t4 = -epsilon**2*t2/2 + 3*epsilon**2*t3/2 - epsilon*t1 + 1
    t5 = X * t4[:, None]
    t6 = -epsilon**2*t1 + epsilon
    t7 = G * t6[:, None]
    return t5 + t7


def energy(X: Float[Array, "N d"], beta: Scalar) -> Float[Array, ""]:
    r"""Interaction energy E_beta of the empirical measure; zero iff all tokens agree.

    Agazzi et al. 2026 (arXiv:2604.26898), energy.

    Formula:
        \frac{\sum_{i,j} \left(e^{\beta} - e^{\beta \sum_{c} {X}^{i c} {X}^{j c}}\right)}{2
        N^{2}}
    """
    N = X.shape[0]
    beta = 1.0 * jnp.asarray(beta)
    t1 = X @ X.T
    t2 = _exp_difference(beta, beta*t1)
    t3 = t2.sum()
    return t3/(2*N**2)


def energy_slope(
    X: Float[Array, "N d"],
    A: Float[Array, "N d"],
    u: Float[Array, "N N"],
    kernel: Float[Array, "N N"],
    kernel_at_one: Scalar,
    beta: Scalar,
) -> Float[Array, ""]:
    r"""dE[energy]/dt for tokens X with Gram matrix u, attention values A, kernel[i, j].

    Agazzi et al. 2026 (arXiv:2604.26898); exact, derived by Ito's formula.

    Formula:
        \frac{\beta^{2}}{2 N^{2}} \left(\sum_{i,j} \kappa(1) e^{\beta {\mathbf{u}}^{i j}}
        \left({\mathbf{u}}^{i j}\right)^{2} - \sum_{i,j} \kappa(1) e^{\beta {\mathbf{u}}^{i j}}
        + \sum_{i,j} e^{\beta {\mathbf{u}}^{i j}} {\mathrm{kernel}}^{i j} {\mathbf{u}}^{i j} -
        \sum_{i,j} e^{\beta {\mathbf{u}}^{i j}} {\mathrm{kernel}}^{i j} \left({\mathbf{u}}^{i
        j}\right)^{3}\right) + \frac{\beta \kappa(1) \left(d - 1\right)}{2 N^{2}} \sum_{i,j}
        e^{\beta {\mathbf{u}}^{i j}} {\mathbf{u}}^{i j} - \frac{\beta \left(d - 2\right)}{2
        N^{2}} \sum_{i,j} e^{\beta {\mathbf{u}}^{i j}} {\mathrm{kernel}}^{i j} - \frac{\beta}{2
        N^{2}} \sum_{i,j} e^{\beta {\mathbf{u}}^{i j}} {\mathrm{kernel}}^{i j}
        \left({\mathbf{u}}^{i j}\right)^{2} + \frac{\beta}{N^{2}} \left(\sum_{i,j,k} e^{\beta
        {\mathbf{u}}^{i j}} {A}^{i k} {X}^{i k} {\mathbf{u}}^{i j} - \sum_{i,j,k} e^{\beta
        {\mathbf{u}}^{i j}} {A}^{i k} {X}^{j k}\right)
    """
    N = X.shape[0]
    d = X.shape[1]
    kernel_at_one, beta = (1.0 * jnp.asarray(a) for a in (kernel_at_one, beta))
    t1 = jnp.exp(beta*u)
    t2 = t1 * u
    t3 = u * u
    t4 = t1 * t3
    t5 = t2 * t3
    t6 = beta**2*(t2 - t5)/(2*N**2) - beta*t1*(d - 2)/(2*N**2) - beta*t4/(2*N**2)
    t7 = jnp.einsum("ab,ab->", t6, kernel)
    t8 = jnp.einsum("ab,ab->a", A, X)
    t9 = t1 * t8[:, None]
    t10 = beta**2*kernel_at_one*t2/(2*N**2) + beta*kernel_at_one*t1*(d - 1)/(2*N**2) + beta*t9/N**2
    t11 = jnp.einsum("ab,ab->", t10, u)
    t12 = A @ X.T
    t13 = jnp.einsum("ab,ab->", t1, t12)
    t14 = t1.sum()
    return t11 + t7 - beta**2*kernel_at_one*t14/(2*N**2) - beta*t13/N**2


def weak_drift(
    X: Float[Array, "N d"],
    A: Float[Array, "N d"],
    gradient: Float[Array, "N d"],
    hessian: Float[Array, "N d d"],
    variance: Float[Array, " N"],
) -> Float[Array, ""]:
    r"""Drift of <mu, f> from the derivatives of f at the tokens; variance[i] = K(x_i, x_i).

    Agazzi et al. 2026 (arXiv:2604.26898), SPDE; derived by Ito's formula.

    Formula:
        \frac{1}{N} \left(\sum_{i,j} {A}^{i j} {\nabla f}^{i j} - \sum_{i,j,k} {A}^{i j} {X}^{i
        j} {X}^{i k} {\nabla f}^{i k}\right) - \frac{d - 1}{2 N} \sum_{i,j} {X}^{i j} {\nabla
        f}^{i j} {\mathrm{variance}}^{i} + \frac{1}{2 N} \left(\sum_{i,j} {\nabla^2 f}^{i j j}
        {\mathrm{variance}}^{i} - \sum_{i,j,k} {X}^{i j} {X}^{i k} {\nabla^2 f}^{i k j}
        {\mathrm{variance}}^{i}\right)
    """
    N = X.shape[0]
    d = X.shape[1]
    t1 = jnp.einsum("ab,abc->ac", X, hessian)
    t2 = -gradient*(d/2 - 1/2)/N - t1/(2*N)
    t3 = jnp.einsum("ab,ab->a", t2, X)
    t4 = jnp.einsum("abb->ab", hessian)
    t5 = t4.sum(axis=1)
    t6 = t3 + t5/(2*N)
    t7 = t6 @ variance
    t8 = jnp.einsum("ab,ab->a", X, gradient)
    t9 = X * t8[:, None]
    t10 = gradient - t9
    t11 = jnp.einsum("ab,ab->", t10, A)
    return t7 + t11/N


def relu_kernel(u: Scalar, d: Scalar, sigma_u: Scalar, sigma_w: Scalar) -> Float[Array, ""]:
    r"""Noise kernel kappa(u) of the ReLU with biases, u = <x, y> on the sphere S^(d-1).

    Agazzi et al. 2026 (arXiv:2604.26898), kernel; derived in polar coordinates.

    Formula:
        \sigma_{w}^{2} + \left(\sigma_{u}^{2} + \frac{1}{d}\right) \left(\begin{cases} 0 &
        \text{for}\: \rho \leq -1 \\\frac{\rho}{2} & \text{for}\: \rho \geq 1 \\\frac{\rho}{2} -
        \frac{\rho \arccos{\left(\rho \right)}}{2 \pi} + \frac{\sqrt{1 - \rho^{2}}}{2 \pi} &
        \text{otherwise} \end{cases}\right)

    where
        \rho = \frac{\sigma_{u}^{2} + \frac{u}{d}}{\sigma_{u}^{2} + \frac{1}{d}}
    """
    u, d, sigma_u, sigma_w = (1.0 * jnp.asarray(a) for a in (u, d, sigma_u, sigma_w))
    rho = (sigma_u**2 + u/d)/(sigma_u**2 + 1/d)
    t1 = jnp.where((rho <= -1) | (rho >= 1), -1/2, rho)
    t2 = (
        jnp.where(rho <= -1, 0, jnp.where(rho >= 1, rho/2, -t1*jnp.arccos(t1)/(2*jnp.pi) + t1/2
        + jnp.sqrt(1 - t1**2)/(2*jnp.pi)))
    )
    return sigma_w**2 + t2*(sigma_u**2 + 1/d)


def relu_slope(u: Scalar, d: Scalar, sigma_u: Scalar) -> Float[Array, ""]:
    r"""kappa'(u) of the ReLU.

    Price's theorem.

    Formula:
        \frac{\frac{1}{2} - \frac{\arccos{\left(\rho \right)}}{2 \pi}}{d}

    where
        \rho = \max\left(-1, \min\left(1, \frac{\sigma_{u}^{2} + \frac{u}{d}}{\sigma_{u}^{2} +
        \frac{1}{d}}\right)\right)
    """
    u, d, sigma_u = (1.0 * jnp.asarray(a) for a in (u, d, sigma_u))
    rho = jnp.maximum(-1, jnp.minimum(1, (sigma_u**2 + u/d)/(sigma_u**2 + 1/d)))
    return (-jnp.arccos(rho)/(2*jnp.pi) + 1/2)/d


def pair_drift(
    u: Scalar,
    kernel_at_u: Scalar,
    kernel_at_one: Scalar,
    d: Scalar,
) -> Float[Array, ""]:
    r"""Drift of u = <x, y> for two tokens without attention; kernel_at_u = kappa(u).

    Follows from the trace identities of Agazzi et al. 2026 (arXiv:2604.26898); derived here.

    Formula:
        \kappa(1) \left(u - d u\right) + \kappa(u) \left(d + u^{2} - 2\right)
    """
    u, kernel_at_u, kernel_at_one, d = (
        1.0 * jnp.asarray(a)
        for a in (u, kernel_at_u, kernel_at_one, d)
    )
    return kernel_at_one*(-d*u + u) + kernel_at_u*(d + u**2 - 2)


def pair_variance(u: Scalar, kernel_at_u: Scalar, kernel_at_one: Scalar) -> Float[Array, ""]:
    r"""d<u>/dt for two tokens without attention.

    Follows from the trace identities of Agazzi et al. 2026 (arXiv:2604.26898); derived here.

    Formula:
        2 \left(\kappa(u) u - \kappa(1)\right) \left(u - 1\right) \left(u + 1\right)
    """
    u, kernel_at_u, kernel_at_one = (1.0 * jnp.asarray(a) for a in (u, kernel_at_u, kernel_at_one))
    return 2*(-kernel_at_one + kernel_at_u*u)*(u - 1)*(u + 1)


def decay_density(
    u: Scalar,
    kernel_at_u: Scalar,
    kernel_at_one: Scalar,
    beta: Scalar,
    d: Scalar,
) -> Float[Array, ""]:
    r"""F(u) for u < 1: the mean energy falls at least at the rate inf F.

    Agazzi et al. 2026 (arXiv:2604.26898), dissipation.

    Formula:
        \frac{\beta \left(\beta \left(\kappa(1) - \kappa(1) u^{2} + \kappa(u) u^{3} - \kappa(u)
        u\right) - d \kappa(1) u + d \kappa(u) + \kappa(1) u + \kappa(u) u^{2} - 2
        \kappa(u)\right)}{e^{\beta \left(1 - u\right)} - 1}
    """
    u, kernel_at_u, kernel_at_one, beta, d = (
        1.0 * jnp.asarray(a)
        for a in (u, kernel_at_u, kernel_at_one, beta, d)
    )
    return (
        beta*(beta*(-kernel_at_one*u**2 + kernel_at_one + kernel_at_u*u**3 - kernel_at_u*u) -
        d*kernel_at_one*u + d*kernel_at_u + kernel_at_one*u + kernel_at_u*u**2 -
        2*kernel_at_u)*_bose(beta*(1 - u))
    )


def exponents(
    kernel_at_one: Scalar,
    kernel_slope: Scalar,
    d: Scalar,
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""lambda_1 and lambda_bar from kappa(1) and kappa'(1).

    Agazzi et al. 2026 (arXiv:2604.26898); derived from two tokens near synchrony.

    Formula:
        \frac{\kappa'(1) \left(d - 3\right)}{2} - \frac{\kappa(1) \left(d - 1\right)}{2}

    Formula:
        \kappa'(1) \left(d - 1\right) - \kappa(1) \left(d - 3\right)
    """
    kernel_at_one, kernel_slope, d = (
        1.0 * jnp.asarray(a)
        for a in (kernel_at_one, kernel_slope, d)
    )
    return (
        -kernel_at_one*(d - 1)/2 + kernel_slope*(d - 3)/2, -kernel_at_one*(d - 3) +
        kernel_slope*(d - 1)
    )


def harmonic_rate(degree: Scalar, d: Scalar, kernel_at_one: Scalar) -> Float[Array, ""]:
    r"""Decay rate of <mu, Y> without attention, for harmonics Y of a degree.

    Derived here: spherical Brownian motion at speed kappa(1).

    Formula:
        \frac{\mathrm{degree} \kappa(1) \left(d + \mathrm{degree} - 2\right)}{2}
    """
    degree, d, kernel_at_one = (1.0 * jnp.asarray(a) for a in (degree, d, kernel_at_one))
    return degree*kernel_at_one*(d + degree - 2)/2


def coercivity_threshold(d: Scalar) -> Float[Array, ""]:
    r"""The ReLU has lambda_bar < 0 iff sigma_u^2 + 2 sigma_w^2 exceeds this; d > 3.

    Agazzi et al. 2026 (arXiv:2604.26898), closed form derived here.

    Formula:
        \frac{2}{d \left(d - 3\right)}
    """
    d = 1.0 * jnp.asarray(d)
    return 2/(d*(d - 3))
