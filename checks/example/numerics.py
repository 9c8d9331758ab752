"""The finite layer, drawn anew for each seed, and how far it is from its limit."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from .generated import spread

Size = dict[str, int]
Weights = Callable[[jax.Array, int], jax.Array]


def token(width: int) -> jax.Array:
    """An input of norm one."""
    return jnp.ones(width) / jnp.sqrt(width)


def gaussian(key: jax.Array, width: int) -> jax.Array:
    """The weights of the theorem: independent, of variance one."""
    return jax.random.normal(key, (width, width))


def too_large(key: jax.Array, width: int) -> jax.Array:
    """A planted error: the variance is not one."""
    return 1.25 * gaussian(key, width)


def drawn_twice(key: jax.Array, width: int) -> jax.Array:
    """A planted error: each row comes twice, so that rows are not independent."""
    half = gaussian(key, width)[: width // 2]
    return jnp.concatenate([half, half])


def change(size: Size, keys: np.ndarray, weights: Weights = gaussian) -> np.ndarray:
    """The squared norm of the output less that of the input: one number a seed."""
    width = size["n"]
    x = token(width)

    def one(key: jax.Array) -> jax.Array:
        return jnp.sum((weights(key, width) @ x) ** 2) / width - jnp.sum(x**2)

    return np.asarray(jax.vmap(one)(jnp.asarray(keys)))


def constant(size: Size) -> float:
    """The root mean square of the change, in units of n**-1/2, by the derived formula."""
    return float(jnp.sqrt(size["n"] * spread(token(size["n"]))))
