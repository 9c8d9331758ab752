"""Networks of several depths on one Brownian path, features frozen: errors to limit and SPDE.

With the features frozen, the field of a layer is a finite sum of Brownian increments, which all
depths share exactly: a strong error can be measured without knowing the coupling of a proof.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, ScalarLike

from numerics.engine.quick import quick_jit
from numerics.generated.noise_synchronization import attention as attention_values
from numerics.generated.noise_synchronization import field_drift, projected, weak_drift
from numerics.noise_synchronization.mlp_fields import Frozen, frozen_features
from numerics.noise_synchronization.token_layers import Attention, layer


class Slip(NamedTuple):
    """Planted errors of a limit: factor on the Ito correction, attention as noise, no sharing."""

    ito: float | int | Float[Array, "*slips"] = 1.0
    attention_in_noise: float | int | Float[Array, "*slips"] = 0.0
    scrambled: float | int | Float[Array, "*slips"] = 0.0


class Nested(NamedTuple):
    """Mean square distances of networks of several depths to limits, right and wrong ones."""

    grid: Float[Array, "*n slips levels"]  # the largest on grid times
    between: Float[Array, "*n slips levels"]  # over all times, the network held constant


def stacked(slips: tuple[Slip, ...]) -> Slip:
    """Several slips as one, with an axis for ``vmap``."""
    return Slip(*(jax.device_put(np.array(values, float)) for values in zip(*slips, strict=True)))


def scrambled(F: Float[Array, "N R"]) -> Float[Array, "N R"]:
    """Features with which token i sees the Brownian motions in an order of its own."""
    number, rank = F.shape
    order = (jnp.arange(rank)[None] - jnp.arange(number)[:, None]) % rank
    return jnp.take_along_axis(F, order, axis=1)


def limit_terms(
    slip: Slip, F: Float[Array, "N R"], A: Float[Array, "N d"], dB: Float[Array, "R d"]
) -> tuple[Float[Array, "N d"], Float[Array, " N"], Float[Array, "N d"]]:
    """Attention of the drift, variances and noise of the limit, with a slip."""
    noise = ((1 - slip.scrambled) * F + slip.scrambled * scrambled(F)) @ dB
    a = slip.attention_in_noise
    return (1 - a) * A, slip.ito * (F**2).sum(1), noise + a * A * dB[0, 0]


def network_step(
    X: Float[Array, "N d"], dB: Float[Array, "R d"], dt: ScalarLike, frozen: Frozen,
    attention: Attention, activation: str,
) -> Float[Array, "N d"]:  # fmt: skip
    """One layer whose field is made of Brownian increments over dt."""
    scaled = dB / jnp.sqrt(dt)
    return layer(X, lambda Y: frozen_features(frozen, Y, activation) @ scaled, attention, dt)


@partial(quick_jit, static_argnums=7)
def nested(
    z: Float[Array, "n coarse inner R d"],
    X0: Float[Array, "N d"],
    frozen: Frozen,
    attention: Attention,
    horizon: ScalarLike,
    strides: Float[Array, " levels"],
    slips: Slip,
    activation: str,
) -> Nested:
    """Networks of several depths and limits on the same Brownian motions.

    A limit is Euler-Maruyama for the Ito SDE on coarse * inner steps and is *not* drawn back to
    the sphere: a wrong Ito correction shows. Networks have coarse / stride layers.
    """
    coarse, inner = z.shape[1:3]
    step, dt = horizon / (coarse * inner), horizon / coarse
    levels, number = len(strides), jnp.shape(slips.ito)[0]

    def of_limit(slip: Slip, X: Float[Array, "N d"], dB: Array) -> Float[Array, "N d"]:
        F = frozen_features(frozen, X, activation)
        A, variance, G = limit_terms(slip, F, attention_values(X, *attention), dB)
        return X + step * field_drift(X, A, variance) + projected(X, G)

    def distance(nets: Array, limits: Array) -> Float[Array, "slips levels"]:
        return ((nets[None] - limits[:, None]) ** 2).sum(-1).mean(-1)

    def fine(nets: Array, carry: tuple, dB: Array) -> tuple[tuple, None]:
        limits, worst = carry
        limits = jax.vmap(of_limit, (0, 0, None))(slips, limits, dB)
        return (limits, jnp.maximum(worst, distance(nets, limits))), None

    def advance(carry: tuple, now: tuple) -> tuple[tuple, None]:
        limits, nets, sums, found = carry
        k, dB = now
        (limits, between), _ = jax.lax.scan(partial(fine, nets), (limits, found.between), dB)
        due, nets, sums = advanced(k, nets, sums + dB.sum(0)[None])
        off = jnp.where(due, distance(nets, limits), 0.0)
        return (limits, nets, sums, Nested(jnp.maximum(found.grid, off), between)), None

    def advanced(k: Array, nets: Array, sums: Array) -> tuple[Bool[Array, " levels"], Array, Array]:
        due = (k + 1) % strides == 0
        moved = jax.vmap(
            lambda X, s, stride: network_step(X, s, dt * stride, frozen, attention, activation)
        )(nets, sums, strides)
        kept = due[:, None, None]
        return due, jnp.where(kept, moved, nets), jnp.where(kept, 0.0, sums)

    def one(path: Float[Array, "coarse inner R d"]) -> Nested:
        zero = jnp.zeros((number, levels))
        start = (
            jnp.broadcast_to(X0, (number, *X0.shape)), jnp.broadcast_to(X0, (levels, *X0.shape)),
            jnp.zeros((levels, *path.shape[2:])), Nested(zero, zero),
        )  # fmt: skip
        return jax.lax.scan(advance, start, (jnp.arange(coarse), jnp.sqrt(step) * path))[0][3]

    return jax.vmap(one)(z)


def shares(slip: Slip) -> Float[np.ndarray, " 5"]:
    """What a slip makes of the five parts of the weak form: ones and zeros for none."""
    a, ito, s = float(slip.attention_in_noise), float(slip.ito), float(slip.scrambled)
    return np.array([1 - a, ito, 1 - s, s, a])


@partial(quick_jit, static_argnums=6)
def weak_parts(
    z: Float[Array, "n most R d"],
    layers: ScalarLike,
    X0: Float[Array, "N d"],
    frozen: Frozen,
    attention: Attention,
    horizon: ScalarLike,
    activation: str,
) -> tuple[Float[Array, "n tests"], Float[Array, "n 5 tests"]]:
    """Change of <mu, f> along a network, and the parts of the SPDE's weak form summed over layers.

    The Brownian increments are the network's own, the first ``layers`` of z; f = x_a and x_a^2 for
    each axis a. Parts: drift of attention and of the Ito correction, noise, noise in scrambled
    order, attention as noise; the weak form has the first three.
    """
    dt = horizon / layers
    N, d = X0.shape
    eye, flat = jnp.eye(d), jnp.zeros((d, N, d, d))
    bent = jnp.broadcast_to(2 * jnp.einsum("ka,ab->kab", eye, eye)[:, None], flat.shape)
    hessians = jnp.concatenate([flat, bent])
    linear = jnp.broadcast_to(eye[:, None], (d, N, d))

    def rates(X: Float[Array, "N d"], dB: Float[Array, "R d"]) -> Float[Array, "5 tests"]:
        F, A = frozen_features(frozen, X, activation), attention_values(X, *attention)
        slopes = jnp.concatenate([linear, 2 * linear * X[None]])
        drift = jax.vmap(weak_drift, (None, None, 0, 0, None))
        along = jax.vmap(lambda G: jnp.einsum("tna,na->t", slopes, projected(X, G)) / N)
        fields = jnp.stack([F @ dB, scrambled(F) @ dB, A * dB[0, 0]])
        attracted = drift(X, A, slopes, hessians, jnp.zeros(N))
        corrected = drift(X, jnp.zeros_like(A), slopes, hessians, (F**2).sum(1))
        return jnp.concatenate([dt * jnp.stack([attracted, corrected]), along(fields)])

    def one(path: Float[Array, "most R d"]) -> tuple[Array, Float[Array, "5 tests"]]:
        def advance(k: Array, carry: tuple) -> tuple[Array, Array]:
            (X, sums), dB = carry, jnp.sqrt(dt) * path[k]
            moved = network_step(X, dB, dt, frozen, attention, activation)
            return moved, sums + rates(X, dB)

        X, sums = jax.lax.fori_loop(0, layers, advance, (X0, jnp.zeros((5, 2 * d))))
        return jnp.concatenate([(X - X0).mean(0), (X**2 - X0**2).mean(0)]), sums

    return jax.vmap(one)(z)
