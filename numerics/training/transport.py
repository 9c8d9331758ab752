"""Targets that a network of random heads can reach: transports of the initial weights.

A transport moves each head by v = (v_c, v_u, v_w); its target is the mean of
phi_c v_c + <phi_u, v_u> + <phi_w, v_w> over random heads, phi the gradient of a head. The teacher
of the experiments (arXiv:2601.16514, section 6.1) takes v from the features at a few anchor inputs.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, ScalarLike

from numerics.generated.shallow_transformer_gd import attention_head, features
from numerics.randomness.blocks import normals
from numerics.training.projected import Heads

SLOPE = 1.0  # sup |tanh'|; sup |tanh| is one, too
Inputs = Float[Array, "samples length dim"]


class Teacher(NamedTuple):
    """Anchor inputs, the pool of random heads that stands for the mean, and the radii of v."""

    anchors: Float[Array, "anchors length dim"]
    U: Float[Array, "pool dim"]
    W: Float[Array, "pool dim dim"]
    radii: Float[Array, " 3"]


def tokens(key: PRNGKeyArray, samples: int, length: int, dim: int) -> Inputs:
    """Independent N(0, I) tokens, clipped to norm one."""
    return clip_tokens(jax.random.normal(key, (samples, length, dim)))


def clip_tokens(drawn: Inputs) -> Inputs:
    """Tokens shortened to norm one where they are longer."""
    return drawn / jnp.maximum(1.0, jnp.linalg.norm(drawn, axis=-1, keepdims=True))


def transport(teacher: Teacher, U: Float[Array, " dim"], W: Float[Array, "dim dim"]) -> tuple[
    Float[Array, ""], Float[Array, " dim"], Float[Array, "dim dim"]
]:  # fmt: skip
    """v for one head: its features at the anchors, scaled or clipped to the radii, averaged."""
    nu_c, nu_u, nu_w = teacher.radii

    def at_anchor(X: Float[Array, "length dim"]) -> tuple[Array, Array, Array]:
        c, u, w = features(X, W, X[-1], U)
        long = jnp.maximum(1.0, jnp.linalg.norm(w) / nu_w)
        return nu_c * c, nu_u / SLOPE * u, w / long

    return jax.tree.map(lambda v: v.mean(0), jax.vmap(at_anchor)(teacher.anchors))


def response(
    X: Float[Array, "length dim"],
    U: Float[Array, " dim"],
    W: Float[Array, "dim dim"],
    v: tuple[Float[Array, ""], Float[Array, " dim"], Float[Array, "dim dim"]],
) -> Float[Array, ""]:
    """phi_c v_c + <phi_u, v_u> + <phi_w, v_w> of one head, by one forward derivative."""

    def head(U: Array, W: Array) -> Array:
        return jnp.tanh(U @ attention_head(X, W, X[-1]))

    value, slope = jax.jvp(head, (U, W), v[1:])
    return value * v[0] + slope


def responses(
    teacher: Teacher, X: Inputs, U: Float[Array, "heads dim"], W: Float[Array, "heads dim dim"]
) -> Float[Array, "heads samples"]:
    """The response of each head to each input, heads one block after the other."""

    def one(head: tuple[Array, Array]) -> Array:
        v = transport(teacher, *head)
        return jax.vmap(lambda x: response(x, *head, v))(X)

    return jax.lax.map(one, (U, W), batch_size=64)


def random_teacher(
    key: PRNGKeyArray, *, length: int, dim: int, anchors: int, pool: int, radii: tuple[float, ...]
) -> Teacher:
    """A teacher with anchors from the law of the inputs."""
    drawn = normals(key, [(anchors, length, dim), (pool, dim), (pool, dim, dim)])
    return Teacher(clip_tokens(drawn[0]), drawn[1], drawn[2], jnp.asarray(radii, dtype=float))


@jax.jit
def labels(teacher: Teacher, X: Inputs) -> Float[Array, " samples"]:
    """The target at each input: the mean response of the pool."""
    return responses(teacher, X, teacher.U, teacher.W).mean(0)


@jax.jit
def transported(params: Heads, teacher: Teacher, width: ScalarLike | None = None) -> Heads:
    """Point (10) of the paper: each head moved by its transport, signed by its output weight.

    ``width``: the number of heads that count, when some are padding.
    """
    v_c, v_u, v_w = jax.vmap(lambda U, W: transport(teacher, U, W))(params.U, params.W)
    scale = 1 / jnp.sqrt(len(params.c) if width is None else width)
    return Heads(
        params.c + scale * v_c,
        params.U + scale * params.c[:, None] * v_u,
        params.W + scale * params.c[:, None, None] * v_w,
    )
