"""Training loss against the number of heads, and the loss of infinitely many, in closed form.

Heads are drawn from a finite pool of random heads, which is their law: the tangent kernel of
infinitely many heads is the mean over the pool, without a sampling error. Gradient descent with
that kernel leaves the residual (I - 2 eta K / n)^s y after s steps.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike, UInt32

from numerics.generated.shallow_transformer_gd import features
from numerics.randomness.blocks import normals
from numerics.shallow_transformer_gd import network
from numerics.training.projected import Heads, descend, minus
from numerics.training.quick import quick_jit
from numerics.training.transport import Teacher, clip_tokens, labels

ANCHORS = 4


class WidthRun(NamedTuple):
    """Of one run; losses are shares of the mean square of the labels, where a network of 0 is."""

    smallest: Float[Array, "*seeds"]
    floor: Float[Array, "*seeds"]  # loss of infinitely many heads after the same steps
    frozen: Float[Array, "*seeds"]  # the same with c left out of the linearisation
    moved: Float[Array, "*seeds"]  # sqrt(m) times the longest way of a block, c, U or W of a head


def tangent_kernels(
    X: Float[Array, "samples length dim"],
    U: Float[Array, "pool dim"],
    W: Float[Array, "pool dim dim"],
) -> Float[Array, "3 samples samples"]:
    """Kernels of c, of U and of W: means over the pool."""

    def one(x: Array) -> tuple[Array, Array, Array]:
        return jax.vmap(lambda u, w: features(x, w, x[-1], u))(U, W)

    parts = [part.reshape(len(X), -1) for part in jax.vmap(one)(X)]
    return jnp.stack([part @ part.T for part in parts]) / len(U)


def floor_share(
    K: Float[Array, "n n"], y: Float[Array, " n"], step_size: ScalarLike, steps: int
) -> Float[Array, ""]:
    """|(I - 2 eta K / n)^s y|^2 / |y|^2 after s = steps - 1 steps: the last loss of a run."""
    values, vectors = jnp.linalg.eigh(K)
    left = (1 - 2 * step_size / len(y) * values) ** (steps - 1) * (vectors.T @ y)
    return jnp.sum(left**2) / jnp.sum(y**2)


@partial(quick_jit, static_argnames=("most", "samples", "length", "dim", "steps", "pool"))
def width_runs(
    keys: UInt32[Array, "seeds 2"],
    width: ScalarLike,
    radius: ScalarLike,
    symmetric: ScalarLike,
    *,
    most: int,
    samples: int,
    length: int,
    dim: int,
    steps: int,
    pool: int,
) -> WidthRun:
    """One run of projected descent at step size 1 / sqrt(steps) a seed.

    A seed has its own pool, teacher, data and heads; ``width`` of ``most`` heads count, nested.
    Heads come in pairs that cancel, or one by one when not ``symmetric`` (a planted error).
    """
    step_size = 1 / jnp.sqrt(float(steps))
    used = jnp.tile(jnp.arange(most // 2) < width / 2, 2)

    def model(p: Heads, X: Array) -> Array:
        return network(p._replace(c=jnp.where(used, p.c, 0.0)), X, width=width)

    def one(key: Array) -> WidthRun:
        first, second = jax.random.split(key)
        shapes = [(samples, length, dim), (ANCHORS, length, dim), (pool, dim), (pool, dim, dim)]
        X, anchors, U, W = normals(first, shapes)
        X = clip_tokens(X)
        y = labels(Teacher(clip_tokens(anchors), U, W, jnp.full(3, 3.0)), X)
        kernels = tangent_kernels(X, U, W)

        drawn = jax.random.randint(second, (most,), 0, 2 * pool)  # a sign and a head of the pool
        copy = jnp.where(symmetric, jnp.arange(most) % (most // 2), jnp.arange(most))
        opposite = symmetric & (jnp.arange(most) >= most // 2)
        drawn = drawn[copy]
        c = jnp.where((drawn < pool) ^ opposite, 1.0, -1.0)
        start = Heads(c, U[drawn % pool], W[drawn % pool])
        full, radii = jnp.zeros((steps, 0), dtype=int), jnp.full(3, radius)
        last, losses = descend(start, X, y, full, step_size, radii, width, model=model)
        ways = [jnp.where(used, jnp.sqrt(jnp.sum(x.reshape(most, -1) ** 2, 1)), 0.0).max()
                for x in minus(last, start)]  # fmt: skip
        return WidthRun(
            losses.min() / jnp.mean(y**2),
            floor_share(kernels.sum(0), y, step_size, steps),
            floor_share(kernels[1:].sum(0), y, step_size, steps),
            jnp.sqrt(width) * jnp.stack(ways).max(),
        )

    return jax.vmap(one)(keys)
