"""Networks with fresh weights beside their limit, on the Brownian motion of their own weights.

Given a layer's inner weights its field at the N tokens is linear in Gaussians: it is root(S) Z
with S = F F^T / m + sigma_w^2, F the features there, and Z standard normal. So Z = root(S)^-1 G is
read off the layer that was run, and sqrt(dt) Z is the increment of a Brownian motion over it,
independent of the past. A Brownian bridge fills it in, and the SDE of the N tokens is driven by
it, with root(K) for root(S): a coupling as in Theorem 1.1, made of weights.
"""

from collections.abc import Callable, Mapping
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, ScalarLike

from numerics.engine.activations import NAMES, activation, hermite_squares
from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.generated.noise_synchronization import attention as attention_values
from numerics.generated.noise_synchronization import field_drift, projected
from numerics.noise_synchronization.mlp_fields import (
    Law,
    count,
    inner_weights,
    mlp_field,
    normals,
    symmetric_root,
)
from numerics.noise_synchronization.nested_depths import Limit
from numerics.noise_synchronization.one_token_layer import tokens, without_symmetry
from numerics.noise_synchronization.shared_noise import BIASES, DIMENSION, HORIZON, halves
from numerics.noise_synchronization.token_layers import Attention, layer

PER_LAYER, BRIDGE = 4, 8  # hidden units, and steps of the limit, for each layer of a network
DRAWN = Law(NAMES.index("tanh"), *BIASES)

Weights = Callable[[Float[np.ndarray, "n layers count"]], Float[np.ndarray, "n layers count"]]


def driving_noise(
    z: Float[Array, " count"], X: Float[Array, "N d"], width: int, law: Law, kept: ScalarLike
) -> tuple[Float[Array, "N d"], Float[Array, "N d"]]:
    """The field G of ``mlp_field`` at the tokens, and the standard normals Z with G = root(S) Z.

    The tokens are different points: where two agree S is singular.
    """
    U, b = inner_weights(z, width, X.shape[1], law)
    used = jnp.arange(width) < kept
    F = activation(law.activation)(X @ U.T + b[None]) * used[None]
    covariance = F @ F.T / kept + jnp.asarray(law.sigma_w) ** 2
    G = mlp_field(z, X, width, law, kept=kept)
    return G, jnp.linalg.solve(symmetric_root(covariance), G)


@partial(quick_jit, static_argnums=(9, 10), level=0)
def fresh_errors(
    z: Float[Array, "n most count"],
    bridge: Float[Array, "n most inner N d"],
    X0: Float[Array, "N d"],
    attention: Attention,
    horizon: ScalarLike,
    layers: Int[Array, ""] | int,
    m: ScalarLike,
    law: Law,
    series: Float[Array, " degrees"],
    width: int,
    limits: tuple[Limit, ...],
) -> Float[Array, "n limits"]:
    """Mean square distance of a network to limits, the largest over the times of its layers.

    The network has as many layers, of m hidden units; the first of the normals are its weights.
    ``series`` are the coefficients of the kernel as a polynomial in the correlation. A limit is
    Euler-Maruyama, not drawn back to the sphere; the root of the kernel at its own tokens is what
    it has for features.
    """
    inner, d = bridge.shape[2], X0.shape[1]
    dt = horizon / layers
    step, shift = dt / inner, d * jnp.asarray(law.sigma_u) ** 2

    def root(Y: Float[Array, "N d"]) -> Float[Array, "N N"]:
        rho = jnp.clip((Y @ Y.T + shift) / (1 + shift), -1.0, 1.0)
        return symmetric_root(jnp.polyval(series[::-1], rho))

    def moved(limit: Limit, Y: Array, dB: Float[Array, "N d"]) -> Float[Array, "N d"]:
        terms = limit(root(Y), attention_values(Y, *attention), dB)
        drift = field_drift(Y, terms.attention, terms.variance)
        return Y + step * drift + projected(Y, terms.noise)

    def one(weights: Array, fill: Array) -> Float[Array, " limits"]:
        def advance(k: Array, carry: tuple) -> tuple[Array, tuple, Array]:
            X, paths, worst = carry
            seen = []

            def field(Y: Float[Array, "N d"]) -> Float[Array, "N d"]:
                G, Z = driving_noise(weights[k], Y, width, law, m)
                seen.append(Z)
                return G

            X = layer(X, field, attention, dt)
            dB = jnp.sqrt(step) * (fill[k] - fill[k].mean(0) + seen[0] / jnp.sqrt(inner))
            paths = tuple(
                jax.lax.scan(lambda Y, db, limit=limit: (moved(limit, Y, db), None), Y, dB)[0]
                for limit, Y in zip(limits, paths, strict=True)
            )
            off = jnp.stack([((X - Y) ** 2).sum(-1).mean() for Y in paths])
            return X, paths, jnp.maximum(worst, off)

        start = X0, (X0,) * len(limits), jnp.zeros(len(limits))
        return jax.lax.fori_loop(0, layers, advance, start)[2]

    return jax.vmap(one)(z, bridge)


def fresh(drawn: Float[np.ndarray, "n layers count"]) -> Float[np.ndarray, "n layers count"]:
    """Weights of their own for each layer."""
    return drawn


def fresh_weights(
    point: Size, keys: Keys, *, limits: Mapping[str, Limit], weights: Weights = fresh
) -> Table:
    """Errors of four tokens in R^3 at time 1/4: depths L, L/2, L/4, L/8, each of width 4 L.

    ``weights`` makes those of the layers from independent ones.
    """
    most, number, d = point["L"], 4, DIMENSION
    width = PER_LAYER * most
    z = weights(normals(keys, most, count(width, d)))
    bridge = normals(keys ^ np.uint32(1), most, BRIDGE, number, d)
    sigma_u, sigma_w = BIASES
    series = hermite_squares("tanh", float((1 / d + sigma_u**2) ** 0.5)).copy()
    series[0] += sigma_w**2
    table = {}
    for layers in halves(most, 4):
        found = np.asarray(fresh_errors(
            z, bridge, tokens(number, d), without_symmetry(d), HORIZON, layers,
            PER_LAYER * layers, DRAWN, series, width, tuple(limits.values()),
        ))  # fmt: skip
        table |= {f"{limit}/{layers}": found[:, k] for k, limit in enumerate(limits)}
    return table
