"""Training loss against the number of heads, and the loss of infinitely many, in closed form.

Heads are drawn from a finite pool of random heads, which is their law: the tangent kernel of
infinitely many heads is the mean over the pool, without a sampling error. Gradient descent with
that kernel is a step in function space, the same matrix each time (the theory's step of that name).
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt32

from numerics.engine.quick import quick_jit
from numerics.generated.shallow_transformer_gd import residual_step
from numerics.shallow_transformer_gd.blocks import normals
from numerics.shallow_transformer_gd.ladders import (
    Pairing,
    Widths,
    descend_all,
    ladder,
    largest_ways,
    start_heads,
)
from numerics.shallow_transformer_gd.projected import Heads
from numerics.shallow_transformer_gd.transport import Blocks, clip_tokens, taught

ANCHORS = 4


class WidthRun(NamedTuple):
    """Of one run; losses are shares of the mean square of the labels, where a network of 0 is."""

    smallest: Float[Array, "*seeds copies widths"]
    kernels: Float[Array, "*seeds 3 samples samples"]  # of infinitely many heads: of c, of U, of W
    labels: Float[Array, "*seeds samples"]
    moved: Float[Array, "*seeds widths"]  # sqrt(m) times the longest way of a block of a head


def tangent_kernels(of_pool: Blocks) -> Float[Array, "3 samples samples"]:
    """Kernels of c, of U and of W, from the features of a pool as ``taught`` gives them."""
    size = of_pool[0].shape[1]
    parts = [part.reshape(len(part), -1) for part in of_pool]
    return jnp.stack([part @ part.T for part in parts]) / size


def floor_share(
    K: Float[Array, "n n"],
    y: Float[Array, " n"],
    step_size: float | Float[Array, ""],
    steps: int | Int[Array, ""],
) -> Float[Array, ""]:
    """Loss of infinitely many heads over that at their start, at the last loss of a run.

    The residual is -y at the start; steps - 1 steps in function space multiply it.
    """
    left = jax.lax.fori_loop(0, steps - 1, lambda _, r: residual_step(K, r, step_size), -y)
    return jnp.sum(left**2) / jnp.sum(y**2)


@partial(
    quick_jit, static_argnames=("widths", "samples", "length", "dim", "steps", "pool", "copies")
)
def width_runs(
    keys: UInt32[Array, "seeds 2"],
    pairing: Pairing,
    radii: Float[Array, " total"],
    *,
    widths: Widths,
    samples: int,
    length: int,
    dim: int,
    steps: int,
    pool: int,
    copies: int,
) -> WidthRun:
    """Runs of projected descent at step size 1 / sqrt(steps), ``copies`` of each width a seed.

    A seed has its own pool, teacher and data; each copy has its own heads. Blocks of a head stay
    within its radius of their start.
    """
    step_size = 1 / jnp.sqrt(float(steps))
    networks, most = ladder(widths), max(widths)

    def one(key: Array) -> WidthRun:
        first, second = jax.random.split(key)
        shapes = [(samples, length, dim), (ANCHORS, length, dim), (pool, dim), (pool, dim, dim)]
        X, anchors, U, W = normals(first, shapes)
        X = clip_tokens(X)
        of_pool, y = taught(X, clip_tokens(anchors), U, W)
        kernels = tangent_kernels(of_pool)

        def run(drawn: Array) -> tuple[Array, Array]:  # a sign and a head of the pool
            heads = Heads(jnp.where(drawn < pool, 1.0, -1.0), U[drawn % pool], W[drawn % pool])
            start = start_heads(heads, pairing)
            last, losses = descend_all(networks, start, X, y, step_size, radii, steps=steps)
            return losses.min(0), largest_ways(networks, last, start)

        smallest, moved = jax.vmap(run)(jax.random.bits(second, (copies, most)) % (2 * pool))
        return WidthRun(smallest / jnp.mean(y**2), kernels, y, moved.max(0))

    return jax.lax.map(one, keys)
