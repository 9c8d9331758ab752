"""Systems of tokens that share noise: widths of the MLP, particles of one conditional law."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, ScalarLike
from scipy.optimize import linear_sum_assignment

from numerics.generated.noise_synchronization import attention as attention_values
from numerics.generated.noise_synchronization import field_drift, projected
from numerics.randomness.activations import activation as activation_of
from numerics.randomness.mlp_fields import (
    Frozen,
    Law,
    frozen_features,
    inner_weights,
    symmetric_root,
)
from numerics.solvers.token_layers import Attention, layer, normalised


@partial(jax.jit, static_argnames=("activation",))
def width_coupling(
    z: Float[Array, "n layers inner"],
    noise: Float[Array, "n layers N d"],
    X0: Float[Array, "N d"],
    attention: Attention,
    dt: ScalarLike,
    widths: Float[Array, " levels"],
    kappa_of: Float[Array, " degrees"],
    *,
    activation: str,
    sigma_u: ScalarLike,
    sigma_w: ScalarLike,
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


@partial(jax.jit, static_argnames=("activation", "records"))
def two_systems(
    noise: Float[Array, "n systems steps R d"],
    X0: Float[Array, "n systems N d"],
    frozen: Frozen,
    attention: Attention,
    dt: ScalarLike,
    *,
    activation: str,
    records: int,
) -> Float[Array, "n systems times N d"]:
    """Particle systems of the limiting SDE, each with its own start and its own interaction.

    Systems with equal rows of ``noise`` share it. To run fewer particles than N, repeat them: the
    empirical measure, and so the interaction, is the same.
    """

    def step(X: Float[Array, "N d"], dB: Float[Array, "R d"]) -> tuple[Array, None]:
        F = frozen_features(frozen, X, activation)
        drift = field_drift(X, attention_values(X, *attention), (F**2).sum(1))
        return normalised(X + dt * drift + jnp.sqrt(dt) * projected(X, F @ dB)), None

    def block(X: Float[Array, "N d"], chunk: Float[Array, "..."]) -> tuple[Array, Array]:
        X, _ = jax.lax.scan(step, X, chunk)
        return X, X

    def one(path: Float[Array, "steps R d"], start: Float[Array, "N d"]) -> Array:
        chunks = path.reshape(records, -1, *path.shape[1:])
        return jnp.concatenate([start[None], jax.lax.scan(block, start, chunks)[1]])

    return jax.vmap(jax.vmap(one))(noise, X0)


def squared_transport(x: Float[np.ndarray, "N d"], y: Float[np.ndarray, "N d"]) -> float:
    """W_2^2 of two empirical measures of equally many points: the best assignment."""
    cost = ((x[:, None] - y[None]) ** 2).sum(-1)
    return float(cost[linear_sum_assignment(cost)].mean())
