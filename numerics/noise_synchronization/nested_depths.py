"""Networks of several depths on one Brownian path, features frozen: errors to limit and SPDE.

With the features frozen, the field of a layer is a finite sum of Brownian increments, which all
depths share exactly: a strong error can be measured without knowing the coupling of a proof.
A limit is given by its terms, so that networks can be held against several on the same path.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, ScalarLike

from numerics.engine.quick import quick_jit
from numerics.generated.noise_synchronization import attention as attention_values
from numerics.generated.noise_synchronization import field_drift, projected, weak_drift
from numerics.noise_synchronization.mlp_fields import Frozen, frozen_features
from numerics.noise_synchronization.token_layers import Attention, layer


class Terms(NamedTuple):
    """What moves the tokens of a limit: attention, variances of the field, noise."""

    attention: Float[Array, "N d"]
    variance: Float[Array, " N"]
    noise: Float[Array, "N d"]


Limit = Callable[[Array, Array, Array], Terms]  # of features (N, R), attention (N, d), dB (R, d)


def common_noise(F: Float[Array, "N R"], A: Float[Array, "N d"], dB: Float[Array, "R d"]) -> Terms:
    """The limit: all tokens see the same Brownian motions, each through its features."""
    return Terms(A, (F**2).sum(1), F @ dB)


class Nested(NamedTuple):
    """Mean square distances of networks of several depths to limits."""

    grid: Float[Array, "*n limits levels"]  # the largest on grid times
    between: Float[Array, "*n limits levels"]  # over all times, the network held constant


def network_step(
    X: Float[Array, "N d"], dB: Float[Array, "R d"], dt: ScalarLike, frozen: Frozen,
    attention: Attention, activation: str,
) -> Float[Array, "N d"]:  # fmt: skip
    """One layer whose field is made of Brownian increments over dt."""
    scaled = dB / jnp.sqrt(dt)
    return layer(X, lambda Y: frozen_features(frozen, Y, activation) @ scaled, attention, dt)


@partial(quick_jit, static_argnums=(6, 7))
def nested(
    z: Float[Array, "n coarse inner R d"],
    X0: Float[Array, "N d"],
    frozen: Frozen,
    attention: Attention,
    horizon: ScalarLike,
    strides: Float[Array, " levels"],
    limits: tuple[Limit, ...],
    activation: str,
) -> Nested:
    """Networks of several depths and limits on the same Brownian motions.

    A limit is Euler-Maruyama for the Ito SDE on coarse * inner steps and is *not* drawn back to
    the sphere: a wrong Ito correction shows. Networks have coarse / stride layers.
    """
    coarse, inner = z.shape[1:3]
    step, dt = horizon / (coarse * inner), horizon / coarse
    levels, number = len(strides), len(limits)

    def moved(paths: Float[Array, "limits N d"], dB: Array) -> Float[Array, "limits N d"]:
        F = jax.vmap(lambda X: frozen_features(frozen, X, activation))(paths)
        A = jax.vmap(lambda X: attention_values(X, *attention))(paths)
        each = [limit(f, a, dB) for limit, f, a in zip(limits, F, A, strict=True)]
        terms = jax.tree.map(lambda *parts: jnp.stack(parts), *each)
        drift = jax.vmap(field_drift)(paths, terms.attention, terms.variance)
        return paths + step * drift + jax.vmap(projected)(paths, terms.noise)

    def distance(nets: Array, paths: Array) -> Float[Array, "limits levels"]:
        return ((nets[None] - paths[:, None]) ** 2).sum(-1).mean(-1)

    def fine(nets: Array, carry: tuple, dB: Array) -> tuple[tuple, None]:
        paths, worst = carry
        paths = moved(paths, dB)
        return (paths, jnp.maximum(worst, distance(nets, paths))), None

    def advance(carry: tuple, now: tuple) -> tuple[tuple, None]:
        paths, nets, sums, found = carry
        k, dB = now
        (paths, between), _ = jax.lax.scan(partial(fine, nets), (paths, found.between), dB)
        due, nets, sums = advanced(k, nets, sums + dB.sum(0)[None])
        off = jnp.where(due, distance(nets, paths), 0.0)
        return (paths, nets, sums, Nested(jnp.maximum(found.grid, off), between)), None

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


@partial(quick_jit, static_argnums=(6, 7))
def weak_parts(
    z: Float[Array, "n most R d"],
    layers: ScalarLike,
    X0: Float[Array, "N d"],
    frozen: Frozen,
    attention: Attention,
    horizon: ScalarLike,
    limits: tuple[Limit, ...],
    activation: str,
) -> tuple[Float[Array, "n tests"], Float[Array, "n limits tests"]]:
    """Change of <mu, f> along a network, and what each limit's weak form says, summed over layers.

    The Brownian increments are the network's own, the first ``layers`` of z; f = x_a and x_a^2 for
    each axis a.
    """
    dt = horizon / layers
    N, d = X0.shape
    eye, flat = jnp.eye(d), jnp.zeros((d, N, d, d))
    bent = jnp.broadcast_to(2 * jnp.einsum("ka,ab->kab", eye, eye)[:, None], flat.shape)
    hessians = jnp.concatenate([flat, bent])
    linear = jnp.broadcast_to(eye[:, None], (d, N, d))

    def rates(X: Float[Array, "N d"], dB: Float[Array, "R d"]) -> Float[Array, "limits tests"]:
        F, A = frozen_features(frozen, X, activation), attention_values(X, *attention)
        slopes = jnp.concatenate([linear, 2 * linear * X[None]])

        def weak(terms: Terms) -> Float[Array, " tests"]:
            drift = jax.vmap(weak_drift, (None, None, 0, 0, None))
            along = jnp.einsum("tna,na->t", slopes, projected(X, terms.noise)) / N
            return along + dt * drift(X, terms.attention, slopes, hessians, terms.variance)

        each = [limit(F, A, dB) for limit in limits]
        return jax.vmap(weak)(jax.tree.map(lambda *parts: jnp.stack(parts), *each))

    def one(path: Float[Array, "most R d"]) -> tuple[Array, Float[Array, "limits tests"]]:
        def advance(k: Array, carry: tuple) -> tuple[Array, Array]:
            (X, sums), dB = carry, jnp.sqrt(dt) * path[k]
            moved = network_step(X, dB, dt, frozen, attention, activation)
            return moved, sums + rates(X, dB)

        X, sums = jax.lax.fori_loop(0, layers, advance, (X0, jnp.zeros((len(limits), 2 * d))))
        return jnp.concatenate([(X - X0).mean(0), (X**2 - X0**2).mean(0)]), sums

    return jax.vmap(one)(z)
