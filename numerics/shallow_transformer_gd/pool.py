"""Approximation error of networks whose heads are drawn from a finite pool of random heads.

The pool is the law of the heads, and the target its mean response: no second sample stands for an
infinite mean, so the error of m/2 drawn pairs goes to zero as m grows, without a floor.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt32

from numerics.engine.quick import quick_jit
from numerics.shallow_transformer_gd.transport import (
    Inputs,
    Teacher,
    random_teacher,
    responses,
    tokens,
)


class Pool(NamedTuple):
    """Responses of the pool's heads at the samples, about their mean, and the largest variance."""

    responses: Float[Array, "pool samples"]
    variance: Float[Array, ""]


class Profile(NamedTuple):
    """Errors by width and by number of samples."""

    largest: Float[Array, "seeds widths counts"]
    mean_square: Float[Array, "seeds widths counts"]


def teacher_and_samples(
    key: PRNGKeyArray, *, pool: int, samples: int, length: int, dim: int, anchors: int = 4
) -> tuple[Teacher, Inputs]:
    """One teacher with its pool of heads, and samples from the law of its inputs."""
    first, second = jax.random.split(key)
    radii = (3.0, 3.0, 3.0)
    teacher = random_teacher(first, length=length, dim=dim, anchors=anchors, pool=pool, radii=radii)
    return teacher, tokens(second, samples, length, dim)


@partial(quick_jit, static_argnames=("pool", "samples", "length", "dim"), level=0)
def response_pool(key: PRNGKeyArray, *, pool: int, samples: int, length: int, dim: int) -> Pool:
    """What the heads of the pool answer to the samples."""
    teacher, X = teacher_and_samples(key, pool=pool, samples=samples, length=length, dim=dim)
    Z = responses(teacher, X, teacher.U, teacher.W)
    Z = Z - Z.mean(0)
    return Pool(Z, (Z**2).mean(0).max())


@partial(quick_jit, level=0)
def approximation_profile(
    keys: UInt32[Array, "seeds 2"],
    pool: Pool,
    widths: Int[Array, " widths"],
    counts: Int[Array, " counts"],
    drawn: Int[Array, " pairs"],
) -> Profile:
    """Largest and mean square error of the mean of m/2 pairs over the first n samples.

    Each seed draws its heads from the pool, with replacement, and puts the samples in an order of
    its own; widths and numbers of samples are nested. ``drawn`` is ``arange`` of the largest m/2.
    """
    size, samples = pool.responses.shape

    def one(key: Array) -> tuple[Array, Array]:
        first, second = jax.random.split(key)
        heads = jax.random.randint(first, drawn.shape, 0, size)
        order = jax.random.permutation(second, samples)
        first_pairs = jnp.where(drawn < widths[:, None] // 2, 1.0, 0.0)
        weights = jnp.zeros((len(widths), size)).at[:, heads].add(first_pairs)
        error = (weights @ pool.responses)[:, order] / (widths[:, None] // 2)
        largest = jax.lax.cummax(jnp.abs(error), axis=1)[:, counts - 1]
        return largest, (jnp.cumsum(error**2, axis=1) / jnp.arange(1, samples + 1))[:, counts - 1]

    return Profile(*jax.lax.map(one, keys))
