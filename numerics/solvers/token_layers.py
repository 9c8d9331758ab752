"""Layers of attention and random MLP on the sphere, and networks made of them."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike

from numerics.generated.noise_synchronization import attention as attention_values
from numerics.randomness.mlp_fields import Law, mlp_field

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


@partial(jax.jit, static_argnames=("width", "activation", "records", "independent"))
def walk(
    z: Float[Array, "n steps ..."],
    X0: Float[Array, "N d"],
    attention: Attention | None,
    dt: ScalarLike,
    *,
    width: int,
    activation: str,
    sigma_u: ScalarLike,
    sigma_w: ScalarLike,
    records: int,
    independent: bool = False,
) -> Float[Array, "n times N d"]:
    """Networks from given normals, at ``records`` equally spaced layers and the start.

    ``independent`` is a planted error: normals have an axis for the tokens, of which each gets an
    MLP of its own.
    """
    law = Law(activation, sigma_u, sigma_w)

    def field(weights: Float[Array, "..."], Y: Float[Array, "N d"]) -> Float[Array, "N d"]:
        if independent:
            return jax.vmap(lambda w, y: mlp_field(w, y[None], width, law)[0])(weights, Y)
        return mlp_field(weights, Y, width, law)

    def step(X: Float[Array, "N d"], weights: Float[Array, "..."]) -> tuple[Array, None]:
        return layer(X, partial(field, weights), attention, dt), None

    def block(X: Float[Array, "N d"], chunk: Float[Array, "..."]) -> tuple[Array, Array]:
        X, _ = jax.lax.scan(step, X, chunk)
        return X, X

    def one(path: Float[Array, "steps ..."]) -> Float[Array, "times N d"]:
        chunks = path.reshape(records, path.shape[0] // records, *path.shape[1:])
        return jnp.concatenate([X0[None], jax.lax.scan(block, X0, chunks)[1]])

    return jax.vmap(one)(z)
