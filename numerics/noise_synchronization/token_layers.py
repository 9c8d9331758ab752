"""Layers of attention and random MLP on the sphere, and networks made of them."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike

from numerics.engine.quick import quick_jit
from numerics.generated.noise_synchronization import attention as attention_values
from numerics.noise_synchronization.mlp_fields import Law, mlp_field

Field = Callable[[Float[Array, "N d"]], Float[Array, "N d"]]


class Attention(NamedTuple):
    """Query, key and value matrices, the same in all layers."""

    Q: Float[Array, "d d"]
    K: Float[Array, "d d"]
    V: Float[Array, "d d"]


def normalised(v: Float[Array, "*batch d"]) -> Float[Array, "*batch d"]:
    """LN(v) = v / |v|."""
    return v / jnp.linalg.norm(v, axis=-1, keepdims=True)


def layer(
    X: Float[Array, "N d"], field: Field, attention: Attention | None, dt: ScalarLike
) -> Float[Array, "N d"]:
    """One layer: attention with weight dt, then the field with weight sqrt(dt)."""
    Y = X if attention is None else normalised(X + dt * attention_values(X, *attention))
    return normalised(Y + jnp.sqrt(dt) * field(Y))


@partial(quick_jit, static_argnums=(6, 7))
def walk(
    z: Float[Array, "n steps count"],
    X0: Float[Array, "N d"],
    attention: Attention,
    dt: ScalarLike,
    law: Law,
    m: ScalarLike,
    width: int,
    records: int,
) -> Float[Array, "n times N d"]:
    """Networks from given normals, at ``records`` equally spaced layers and the start.

    The law names its activation by index and m is the width of the MLP, at most ``width``: all
    laws and widths share one compilation.
    """

    pulled = jnp.any(attention.V != 0)  # attention that adds nothing is not computed

    def step(X: Float[Array, "N d"], weights: Float[Array, " count"]) -> tuple[Array, Array]:
        field = partial(mlp_field, weights, width=width, law=law, kept=m)
        X = jax.lax.cond(
            pulled,
            lambda x: layer(x, field, attention, dt),
            lambda x: layer(x, field, None, dt),
            X,
        )
        return X, X

    def one(path: Float[Array, "steps count"]) -> Float[Array, "times N d"]:
        every = len(path) // records
        return jnp.concatenate([X0[None], jax.lax.scan(step, X0, path)[1][every - 1 :: every]])

    return jax.vmap(one)(z)
