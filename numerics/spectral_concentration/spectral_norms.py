"""Largest singular values of a stack of matrices: estimated by power iteration, or exact."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from numerics.engine.leaves import real, wide


def spectral_norms(
    matrix: Inexact[Array, "*stack m n"], start: Inexact[Array, "*stack n"], rounds: Any
) -> tuple[Inexact[Array, "*stack"], Inexact[Array, "*stack n"]]:
    """Estimates of sigma_1 from below by power iteration, and the vectors reached.

    Each round is v <- W^* W v / norm; a vector in the null space is kept as it was.
    """
    # A common scale, so that squares neither overflow nor vanish.
    scale = jnp.max(jnp.abs(matrix), axis=(-2, -1), initial=0)
    unit = matrix / jnp.where(scale > 0, scale, 1)[..., None, None]

    def turn(_: Any, vector: Array) -> Array:
        image = jnp.einsum("...mn,...n->...m", unit, vector)
        pulled = jnp.einsum("...mn,...m->...n", unit.conj(), image)
        size = length(pulled)[..., None]
        return jnp.where(size > 0, pulled / jnp.where(size > 0, size, 1), vector)

    vector = jax.lax.fori_loop(0, rounds, turn, start)
    return scale * length(jnp.einsum("...mn,...n->...m", unit, vector)), vector


def exact_norms(matrix: Array, start: Array) -> tuple[Array, Array]:
    """Largest singular values; the vectors stay as they were."""
    if matrix.size == 0:
        return jnp.zeros(matrix.shape[:-2], real(matrix)), start
    return jnp.linalg.norm(matrix, ord=2, axis=(-2, -1)), start


def length(vectors: Inexact[Array, "*stack n"]) -> Inexact[Array, "*stack"]:
    """Norms, whose gradient at zero is zero and not NaN."""
    zero = jnp.all(vectors == 0, axis=-1)
    return jnp.where(zero, 0, jnp.linalg.norm(jnp.where(zero[..., None], 1, vectors), axis=-1))


def starts(weight: Array) -> Inexact[Array, "2 ..."]:
    """A fixed start that is generic, the same for all matrices; vectors need none."""
    if weight.ndim < 2:
        return jnp.zeros(2, wide(weight))
    vector = np.random.default_rng(0).standard_normal(weight.shape[-1])
    return jnp.broadcast_to(
        jnp.asarray(vector / np.linalg.norm(vector), wide(weight)),
        (2, *weight.shape[:-2], weight.shape[-1]),
    )
