"""Runs of projected gradient descent that carry their own bound."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike, UInt32

from numerics.randomness.blocks import normals
from numerics.shallow_transformer_gd import network, paired
from numerics.training.projected import Heads, descend_certified, minus, squared_norm
from numerics.training.quick import quick_jit
from numerics.training.transport import Teacher, clip_tokens, labels

ANCHORS, POOL = 4, 64


class Certified(NamedTuple):
    """Of each run, for two comparison points: the start, and the last point of the first run."""

    mean_loss: Float[Array, "seeds 2"]
    distance2: Float[Array, "seeds 2"]
    defect2: Float[Array, "seeds 2"]
    selfbound: Float[Array, "seeds 2"]


@partial(quick_jit, static_argnames=("samples", "length", "heads", "dim", "steps"))
def certified_runs(
    keys: UInt32[Array, "seeds 2"],
    step_size: ScalarLike,
    radii: Float[Array, " 3"],
    *,
    samples: int,
    length: int,
    heads: int,
    dim: int,
    steps: int,
) -> Certified:
    """What the certificate needs, for one network, data set and teacher a seed."""

    def one(key: Array) -> Certified:
        half = heads // 2
        X, anchors, U, W, z, V, Q = normals(
            key,
            [
                *((samples, length, dim), (ANCHORS, length, dim), (POOL, dim), (POOL, dim, dim)),
                *((half,), (half, dim), (half, dim, dim)),
            ],
        )
        X = clip_tokens(X)
        y = labels(Teacher(clip_tokens(anchors), U, W, jnp.full(3, 3.0)), X)
        start = paired(jnp.where(z < 0, -1.0, 1.0), V, Q)

        def run(star: Heads, _: None) -> tuple[Heads, Certified]:
            done = descend_certified(
                start, star, X, y, step_size, radii, heads, steps=steps, model=network
            )
            means = done.losses.mean(), squared_norm(minus(start, star)), done.defects.mean()
            return done.params, Certified(*means, done.selfbounds.max())

        return jax.lax.scan(run, start, None, length=2)[1]

    return jax.lax.map(one, keys)
