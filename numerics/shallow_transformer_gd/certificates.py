"""Runs of projected gradient descent that carry their own bound."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

from numerics.engine.quick import quick_jit
from numerics.shallow_transformer_gd import network, paired
from numerics.shallow_transformer_gd.blocks import normals
from numerics.shallow_transformer_gd.projected import (
    Heads,
    descend_certified,
    minus,
    project,
    squared_norm,
)
from numerics.shallow_transformer_gd.transport import clip_tokens, taught

ANCHORS, POOL = 4, 64


class Certified(NamedTuple):
    """Of each run, for two comparison points: the start, and the last point of the first run."""

    mean_loss: Float[Array, "*seeds 2"]
    distance2: Float[Array, "*seeds 2"]
    defect2: Float[Array, "*seeds 2"]
    selfbound: Float[Array, "*seeds 2"]


def _task(
    key: UInt32[Array, " 2"], samples: int, length: int, heads: int, dim: int
) -> tuple[Float[Array, "samples length dim"], Float[Array, " samples"], Heads]:
    """Data, their labels by a teacher, and a network that starts at zero."""
    half = heads // 2
    X, anchors, U, W, z, V, Q = normals(
        key,
        [
            *((samples, length, dim), (ANCHORS, length, dim), (POOL, dim), (POOL, dim, dim)),
            *((half,), (half, dim), (half, dim, dim)),
        ],
    )
    X = clip_tokens(X)
    _, y = taught(X, clip_tokens(anchors), U, W)
    return X, y, paired(jnp.where(z < 0, -1.0, 1.0), V, Q)


@partial(quick_jit, static_argnames=("samples", "length", "heads", "dim", "steps"), level=0)
def certified_runs(
    keys: UInt32[Array, "seeds 2"],
    step_sizes: Float[Array, " seeds"],
    radii: Float[Array, " 3"],
    *,
    samples: int,
    length: int,
    heads: int,
    dim: int,
    steps: int,
) -> Certified:
    """What the certificate needs, for one network, data set, teacher and step size a seed."""

    def one(seed: tuple[Array, Array]) -> Certified:
        key, step_size = seed
        X, y, start = _task(key, samples, length, heads, dim)

        def run(star: Heads, _: None) -> tuple[Heads, Certified]:
            done = descend_certified(
                start, star, X, y, step_size, radii, heads, steps=steps, model=network
            )
            means = done.losses.mean(), squared_norm(minus(start, star)), done.defects.mean()
            return done.params, Certified(*means, done.selfbounds.max())

        return jax.lax.scan(run, start, None, length=2)[1]

    return jax.lax.map(one, (keys, step_sizes))


class Bounded(NamedTuple):
    """Of each run from its start as comparison point: what Theorem 1 needs, and the losses."""

    mean_loss: Float[Array, "*seeds"]
    first_loss: Float[Array, "*seeds"]
    radius2: Float[Array, "*seeds"]  # squared distance of the start to the comparison point
    residual: Float[Array, "*seeds"]  # sup |f - y|
    slope: Float[Array, "*seeds"]  # sup |grad f|
    defect: Float[Array, "*seeds"]  # sup |<grad f_j, phi - star> - (f_j - y_j)|


@partial(quick_jit, static_argnames=("samples", "length", "heads", "dim", "steps"), level=0)
def bounded_runs(
    keys: UInt32[Array, "seeds 2"],
    radii: Float[Array, " 3"],
    *,
    samples: int,
    length: int,
    heads: int,
    dim: int,
    steps: int,
) -> Bounded:
    """Projected descent at the theorem's step 1 / sqrt(steps); the suprema are over the run.

    The comparison point is the last point of the same run, of which a first pass tells.
    """

    def one(key: Array) -> Bounded:
        X, y, start = _task(key, samples, length, heads, dim)

        def run(star: Heads, _: None) -> tuple[Heads, tuple[Array, ...]]:
            def step(params: Heads, _: None) -> tuple[Heads, tuple[Array, ...]]:
                residual = network(params, X) - y
                slopes = jax.jacrev(lambda p: network(p, X))(params)
                flat = jnp.concatenate([s.reshape(samples, -1) for s in slopes], axis=1)
                way = jnp.concatenate([w.ravel() for w in minus(params, star)])
                gradient = jax.tree.map(
                    lambda s: 2 / samples * jnp.tensordot(residual, s, 1), slopes
                )
                moved = jax.tree.map(lambda p, g: p - g / steps**0.5, params, gradient)
                seen = (
                    jnp.mean(residual**2),
                    jnp.abs(residual).max(),
                    jnp.linalg.norm(flat, axis=1).max(),
                    jnp.abs(flat @ way - residual).max(),
                )
                return project(moved, start, radii, heads), seen

            return jax.lax.scan(step, start, None, length=steps)

        star, _ = run(start, None)
        _, (losses, residual, slope, defect) = run(star, None)
        way = squared_norm(minus(start, star))
        return Bounded(losses.mean(), losses[0], way, residual.max(), slope.max(), defect.max())

    return jax.lax.map(one, keys)
