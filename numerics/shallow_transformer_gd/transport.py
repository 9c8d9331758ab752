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
from numerics.shallow_transformer_gd.blocks import normals

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
    at_anchors = jax.vmap(lambda X: features(X, W, X[-1], U))(teacher.anchors)
    return mean_transport(at_anchors, teacher.radii)


Blocks = tuple[Float[Array, "..."], Float[Array, "... d"], Float[Array, "... d d"]]  # c, U, W


def mean_transport(at_anchors: Blocks, radii: Float[Array, " 3"]) -> Blocks:
    """v of heads whose features at the anchors are known; the anchors are the first axis."""
    nu_c, nu_u, nu_w = radii
    c, u, w = at_anchors
    long = jnp.maximum(1.0, jnp.linalg.norm(w, axis=(-2, -1), keepdims=True) / nu_w)
    return (nu_c * c).mean(0), (nu_u / SLOPE * u).mean(0), (w / long).mean(0)


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


def taught(
    X: Inputs, anchors: Float[Array, "anchors length dim"], U: Float[Array, "pool dim"],
    W: Float[Array, "pool dim dim"],
    radius: ScalarLike = 3.0,
) -> tuple[Blocks, Float[Array, " samples"]]:  # fmt: skip
    """Gradients in c, U, W of each head of a small pool at the samples (first axis), and labels.

    All radii of the teacher are ``radius``. The same as ``labels``, which needs less memory for a
    large pool and compiles for longer.
    """

    def at(x: Float[Array, "length d"]) -> tuple[Array, Array, Array]:
        return jax.vmap(lambda u, w: features(x, w, x[-1], u))(U, W)

    c, u, w = jax.vmap(at)(jnp.concatenate([X, anchors]))
    n = len(X)
    v = mean_transport((c[n:], u[n:], w[n:]), jnp.full(3, radius))
    ours = c[:n], u[:n], w[:n]
    pairs = zip(ours, v, strict=True)
    terms = [part.reshape(n, -1) @ mean.ravel() / len(U) for part, mean in pairs]
    return ours, jnp.stack(terms).sum(0)


@jax.jit
def labels(teacher: Teacher, X: Inputs) -> Float[Array, " samples"]:
    """The target at each input: the mean response of the pool."""
    return responses(teacher, X, teacher.U, teacher.W).mean(0)
