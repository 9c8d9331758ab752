"""The finite layer, drawn anew for each seed, and how far it is from its limit."""

import jax
import jax.numpy as jnp
import numpy as np

from .generated import spread

Size = dict[str, int]


def token(width: int) -> jax.Array:
    """An input of norm one."""
    return jnp.ones(width) / jnp.sqrt(width)


def change(size: Size, keys: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """The squared norm of the output less that of the input: one number a seed.

    ``scale`` other than one is a planted error: weights of another variance.
    """
    x = token(size["n"])

    def one(key: jax.Array) -> jax.Array:
        weights = scale * jax.random.normal(key, (len(x), len(x)))
        return jnp.sum((weights @ x) ** 2) / len(x) - jnp.sum(x**2)

    return np.asarray(jax.vmap(one)(jnp.asarray(keys)))


def constant(size: Size) -> float:
    """The root mean square of the change, in units of n**-1/2, by the derived formula."""
    return float(jnp.sqrt(size["n"] * spread(token(size["n"]))))
