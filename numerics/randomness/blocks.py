"""Many Gaussian arrays from one draw: compiling the generator once is much of a short run."""

import math
from collections.abc import Sequence

import jax
from jaxtyping import Array, Float, PRNGKeyArray


def normals(
    key: PRNGKeyArray, shapes: Sequence[tuple[int, ...]]
) -> tuple[Float[Array, "..."], ...]:
    """Independent standard Gaussian arrays of the given shapes, cut from one long draw."""
    drawn = jax.random.normal(key, (sum(math.prod(shape) for shape in shapes),))
    found, start = [], 0
    for shape in shapes:
        found.append(drawn[start : start + math.prod(shape)].reshape(shape))
        start += math.prod(shape)
    return tuple(found)
