"""Systems of tokens that share noise: widths of the MLP, measures on the same atoms."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, ScalarLike
from scipy.optimize import linear_sum_assignment

from numerics.engine.activations import activation as activation_of
from numerics.engine.quick import quick_jit
from numerics.generated.noise_synchronization import field_drift, measure_attention, projected
from numerics.noise_synchronization.mlp_fields import (
    Frozen,
    Law,
    frozen_features,
    inner_weights,
    symmetric_root,
)
from numerics.noise_synchronization.token_layers import Attention, layer, normalised

JITTER = 1e-12  # the Gram matrix of atoms that have met is singular


@partial(quick_jit, static_argnums=9, level=0)
def width_coupling(
    z: Float[Array, "n layers inner"],
    noise: Float[Array, "n layers N d"],
    X0: Float[Array, "N d"],
    attention: Attention,
    dt: ScalarLike,
    widths: Float[Array, " levels"],
    kappa_of: Float[Array, " degrees"],
    sigma_u: ScalarLike,
    sigma_w: ScalarLike,
    activation: str,
) -> Float[Array, "n levels"]:
    """Largest mean square distance of networks of several widths to one of infinite width.

    In each layer the field of width m is, given its inner weights, Gaussian with the covariance
    of its features; it is drawn as root(covariance) Z with the same Z as the infinitely wide
    field. ``kappa_of`` are the coefficients of the kernel as a polynomial in the correlation.
    """
    d = X0.shape[1]
    law = Law(activation, sigma_u, sigma_w)
    most = z.shape[2] // (d + 1)
    scale = 1 / d + sigma_u**2

    def finite(inner: Float[Array, " inner"], Z: Array, m: ScalarLike, X: Array) -> Array:
        U, b = inner_weights(inner, most, d, law)
        kept = jnp.arange(most) < m

        def field(Y: Float[Array, "N d"]) -> Float[Array, "N d"]:
            F = activation_of(activation)(Y @ U.T + b[None]) * kept[None]
            return symmetric_root(F @ F.T / m + sigma_w**2) @ Z

        return layer(X, field, attention, dt)

    def infinite(Z: Float[Array, "N d"], X: Float[Array, "N d"]) -> Float[Array, "N d"]:
        def field(Y: Float[Array, "N d"]) -> Float[Array, "N d"]:
            rho = jnp.clip((Y @ Y.T / d + sigma_u**2) / scale, -1.0, 1.0)
            return symmetric_root(jnp.polyval(kappa_of[::-1], rho)) @ Z

        return layer(X, field, attention, dt)

    def advance(carry: tuple, now: tuple) -> tuple[tuple, None]:
        wide, nets, worst = carry
        inner, Z = now
        wide = infinite(Z, wide)
        nets = jax.vmap(lambda m, X: finite(inner, Z, m, X))(widths, nets)
        off = ((nets - wide[None]) ** 2).sum(-1).mean(-1)
        return (wide, nets, jnp.maximum(worst, off)), None

    def one(inner: Float[Array, "layers inner"], Z: Float[Array, "layers N d"]) -> Array:
        levels = len(widths)
        start = X0, jnp.broadcast_to(X0, (levels, *X0.shape)), jnp.zeros(levels)
        return jax.lax.scan(advance, start, (inner, Z))[0][2]

    return jax.vmap(one)(z, noise)


@partial(quick_jit, static_argnums=6)
def weighted_systems(
    noise: Float[Array, "n systems steps R d"],
    log_weights: Float[Array, "n systems K"],
    X0: Float[Array, "K d"],
    frozen: Frozen,
    attention: Attention,
    dt: ScalarLike,
    activation: str,
) -> Float[Array, "n systems steps K d"]:
    """Solutions of the SPDE from measures on the same atoms, each with its own weights.

    Under common noise an atom moves as one, so a measure with K atoms keeps K atoms: both N tokens
    that start at atoms and the conditional law of one token are such solutions, without error.
    Systems with equal rows of ``noise`` share it; the attention of each is over its own measure.
    """

    def one(
        path: Float[Array, "steps R d"], log_weight: Float[Array, " K"]
    ) -> Float[Array, "steps K d"]:
        def step(X: Float[Array, "K d"], dB: Float[Array, "R d"]) -> tuple[Array, Array]:
            F = frozen_features(frozen, X, activation)
            A = measure_attention(X, log_weight, *attention)
            drift = field_drift(X, A, (F**2).sum(1))
            X = normalised(X + dt * drift + jnp.sqrt(dt) * projected(X, F @ dB))
            return X, X

        return jax.lax.scan(step, X0, path)[1]

    return jax.vmap(jax.vmap(one))(noise, log_weights)


@partial(quick_jit, static_argnums=5)
def weighted_limit(
    noise: Float[Array, "n steps K d"],
    log_weights: Float[Array, "n K"],
    X0: Float[Array, "K d"],
    attention: Attention,
    dt: ScalarLike,
    covariance: Callable[[Array], Array],
) -> Float[Array, "n K d"]:
    """Ends of solutions of the SPDE from weights on K atoms, noise exact in law.

    ``covariance`` is that of the noise at the atoms (times I), of their Gram matrix.
    """
    eye = jnp.eye(len(X0))

    def one(path: Float[Array, "steps K d"], log_weight: Float[Array, " K"]) -> Array:
        def step(X: Float[Array, "K d"], Z: Float[Array, "K d"]) -> tuple[Array, None]:
            gram = covariance(X @ X.T)
            A = measure_attention(X, log_weight, *attention)
            drift = field_drift(X, A, jnp.diag(gram))
            noise = jnp.linalg.cholesky(gram + JITTER * eye) @ Z
            return normalised(X + dt * drift + jnp.sqrt(dt) * projected(X, noise)), None

        return jax.lax.scan(step, X0, path)[0]

    return jax.vmap(one)(noise, log_weights)


def squared_transport(
    x: Float[np.ndarray, "K d"],
    counts: Int[np.ndarray, " K"],
    y: Float[np.ndarray, "K d"],
) -> float:
    """W_2^2 of the measures with counts[k] parts at x[k] and with equal parts at every y[k].

    Exact, as the best assignment of equal parts: the number of parts must be a multiple or a
    divisor of K.
    """
    K, N = len(y), int(counts.sum())
    parts = np.lcm(K, N)
    left = np.repeat(x, counts * (parts // N), axis=0)
    right = np.repeat(y, parts // K, axis=0)
    cost = ((left[:, None] - right[None]) ** 2).sum(-1)
    return float(cost[linear_sum_assignment(cost)].mean())
