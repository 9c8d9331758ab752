"""Networks of several depths and their limit on one Brownian path, features frozen.

With the features frozen, the field of a layer is a finite sum of Brownian increments, which all
depths share exactly: a strong error can be measured without knowing the coupling of a proof.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike

from numerics.generated.noise_synchronization import attention as attention_values
from numerics.generated.noise_synchronization import field_drift, projected, weak_drift
from numerics.randomness.mlp_fields import Frozen, frozen_features
from numerics.solvers.token_layers import Attention, layer


class Slip(NamedTuple):
    """Planted errors of a limit: factor on the Ito correction, attention as noise, no sharing."""

    ito: float | int = 1.0
    attention_in_noise: float | int = 0.0
    independent: float | int = 0.0


class Nested(NamedTuple):
    """Errors of networks of several depths on one Brownian path."""

    grid: Float[Array, "*n levels"]  # largest mean square distance to the limit on grid times
    between: Float[Array, "*n levels"]  # the same over all times, the network held constant
    residual: Float[Array, "..."]  # (*n, levels, 2, d): the SPDE's weak form for x_a and x_a^2


@partial(jax.jit, static_argnames=("activation",))
def nested(
    z: Float[Array, "n fine R d"],
    X0: Float[Array, "N d"],
    frozen: Frozen,
    attention: Attention,
    horizon: ScalarLike,
    depths: Float[Array, " levels"],
    slip: Slip,
    *,
    activation: str,
) -> Nested:
    """Networks of several depths and the limit on the same Brownian motions, frozen features.

    The limit is Euler-Maruyama for the Ito SDE on the fine grid and is *not* drawn back to the
    sphere: a wrong Ito correction shows. A network of depth L sums the increments of fine/L steps.
    """
    fine, N = z.shape[1], X0.shape[0]
    step, strides = horizon / fine, fine / depths
    features = partial(frozen_features, frozen, activation=activation)
    d = X0.shape[1]
    axes = jnp.eye(d)

    def noise(F: Float[Array, "N R"], dB: Float[Array, "R d"]) -> Float[Array, "N d"]:
        rolled = jax.vmap(lambda f, i: f @ jnp.roll(dB, i, axis=0))(F, jnp.arange(N))
        return (1 - slip.independent) * (F @ dB) + slip.independent * rolled

    def terms(F: Float[Array, "N R"], A: Float[Array, "N d"], dB: Array, dt: ScalarLike) -> tuple:
        """Attention of the drift, variances, noise."""
        a = slip.attention_in_noise
        extra = a * A * dB[0, 0]
        return (1 - a) * A, slip.ito * (F**2).sum(1), noise(F, dB) + extra

    def of_limit(X: Float[Array, "N d"], dB: Float[Array, "R d"]) -> Float[Array, "N d"]:
        A, variance, G = terms(features(X), attention_values(X, *attention), dB, step)
        return X + step * field_drift(X, A, variance) + projected(X, G)

    def of_network(
        X: Float[Array, "N d"], dB: Float[Array, "R d"], dt: ScalarLike
    ) -> tuple[Float[Array, "N d"], Float[Array, "2 d"]]:
        after = layer(X, lambda Y: features(Y) @ dB / jnp.sqrt(dt), attention, dt)
        A, variance, G = terms(features(X), attention_values(X, *attention), dB, dt)

        def left(c: Float[Array, " d"], square: ScalarLike) -> Float[Array, ""]:
            """Of the test function f(x) = <c, x> or <c, x^2>."""
            gradient = c[None] * (1 + square * (2 * X - 1))
            hessian = jnp.broadcast_to(2 * square * jnp.diag(c), (N, d, d))
            change = ((after - X) * (1 + square * (after + X - 1))) @ c
            drift = weak_drift(X, A, gradient, hessian, variance)
            return change.mean() - dt * drift - (gradient * projected(X, G)).sum(1).mean()

        over_axes = jax.vmap(left, (0, None))
        return after, jnp.stack([over_axes(axes, 0.0), over_axes(axes, 1.0)])

    def advance(carry: tuple, now: tuple) -> tuple[tuple, None]:
        X, nets, sums, found = carry
        k, dB = now
        X, sums = of_limit(X, dB), sums + dB[None]
        moved, left = jax.vmap(of_network)(nets, sums, step * strides)
        due = (k + 1) % strides == 0
        nets = jnp.where(due[:, None, None], moved, nets)
        sums = jnp.where(due[:, None, None], 0.0, sums)
        off = ((nets - X[None]) ** 2).sum(-1).mean(-1)
        found = Nested(
            jnp.maximum(found.grid, jnp.where(due, off, 0.0)),
            jnp.maximum(found.between, off),
            found.residual + jnp.where(due[:, None, None], left, 0.0),
        )
        return (X, nets, sums, found), None

    def one(path: Float[Array, "fine R d"]) -> Nested:
        dB = jnp.sqrt(step) * path
        levels = len(depths)
        zero = jnp.zeros(levels)
        start = (
            X0, jnp.broadcast_to(X0, (levels, *X0.shape)),
            jnp.zeros((levels, *path.shape[1:])), Nested(zero, zero, jnp.zeros((levels, 2, d))),
        )  # fmt: skip
        return jax.lax.scan(advance, start, (jnp.arange(fine), dB))[0][3]

    return jax.vmap(one)(z)
