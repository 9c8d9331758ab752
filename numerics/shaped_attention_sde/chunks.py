"""Many independent samples with few compilations and bounded memory."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key, UInt32

Keys = Key[Array, " samples"] | UInt32[Array, "samples 2"]

CHUNK = 1024


def in_chunks(sample: Callable[[Keys], Any], keys: Keys, chunk: int = CHUNK) -> Any:
    """``sample(keys)`` for a function that maps keys to arrays with one leading entry a key.

    It is called with a power of two of keys, at most ``chunk`` at a time (the last ones are
    padded and dropped), so that a jitted function is compiled for few shapes.
    """
    count = len(keys)
    chunk = min(chunk, 1 << max(count - 1, 0).bit_length())
    parts = []
    for start in range(0, count, chunk):
        some = keys[start : start + chunk]
        padded = jnp.concatenate([some, jnp.repeat(some[-1:], chunk - len(some), axis=0)])
        parts.append(jax.tree.map(partial(_first, len(some)), sample(padded)))
    return jax.tree.map(lambda *xs: jnp.concatenate(xs), *parts)


def _first(count: int, samples: Array) -> Array:
    return samples[:count]
