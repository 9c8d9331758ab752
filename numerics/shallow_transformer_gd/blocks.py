"""Many Gaussian arrays from one draw: compiling the generator once is much of a short run."""

import math
from collections.abc import Sequence

import jax
from jaxtyping import Array, Float, PRNGKeyArray


def normals(
    key: PRNGKeyArray, shapes: Sequence[tuple[int, ...]]
) -> tuple[Float[Array, "..."], ...]:
    """Independent standard Gaussian arrays of the given shapes, cut from one long draw."""
    return cut(jax.random.normal(key, (sum(math.prod(shape) for shape in shapes),)), shapes)


def cut(
    values: Float[Array, " n"], shapes: Sequence[tuple[int, ...]]
) -> tuple[Float[Array, "..."], ...]:
    """One array after the other, of the given shapes, from a long one."""
    found, start = [], 0
    for shape in shapes:
        found.append(values[start : start + math.prod(shape)].reshape(shape))
        start += math.prod(shape)
    return tuple(found)
