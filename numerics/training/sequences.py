"""Data: in-context regression, pairs that permutation cannot tell apart, and digits."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from numerics.training.particles import Data
from numerics.training.quick import quick_jit

Key = Array


def in_context_regression(key: Key, n: int = 8, context: int = 4, dimension: int = 2) -> Data:
    """``n`` sequences of linear regression, labels noiseless; Gao et al. 2024, section 2.1.

    A column is ``[x; y; position]`` with x uniform in [-1, 1]^dimension, y = w . x for a unit
    vector w of the sequence, position 1; the last column is the query: its y is 0, position -1.
    """
    inputs, labels = _regression(key, n, context, dimension)
    return Data(inputs, labels, dimension)


@partial(quick_jit, static_argnums=(1, 2, 3), level=0)
def _regression(
    key: Key, n: int, context: int, dimension: int
) -> tuple[Float[Array, "n D T"], Float[Array, " n"]]:
    of_x, of_w = jax.random.split(key)
    x = jax.random.uniform(of_x, (n, dimension, context + 1), minval=-1.0, maxval=1.0)
    w = jax.random.normal(of_w, (n, dimension))
    y = jnp.einsum("nd,ndt->nt", w / jnp.linalg.norm(w, axis=1, keepdims=True), x)
    position = jnp.ones((n, 1, context + 1)).at[:, :, -1].set(-1.0)
    shown = y.at[:, -1].set(0.0)[:, None]
    return jnp.concatenate([x, shown, position], axis=1), y[:, -1]


def permuted_pairs(
    key: Key, pairs: int = 4, context: int = 4, dimension: int = 2, *, positions: bool = False
) -> Data:
    """Sequences and their copies with context tokens permuted, labels 1/2 and -1/2.

    A permutation-equivariant network gives both the same answer, so its risk is at least 1/8.
    With ``positions`` the context tokens carry distinct numbers, which tell the copies apart.
    """
    data = in_context_regression(key, pairs, context, dimension)
    shown, tokens = np.asarray(data.inputs), data.inputs.shape[2]
    order = [*np.roll(np.arange(tokens - 1), 1), -1]
    both = np.concatenate([shown, shown[:, :, order]])
    if positions:
        both[:, -1, :-1] = np.linspace(0.25, 1.0, tokens - 1)
    labels = np.repeat([0.5, -0.5], pairs)
    return Data(jnp.asarray(both), jnp.asarray(labels), data.row)
