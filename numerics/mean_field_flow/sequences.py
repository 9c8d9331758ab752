"""Data: in-context regression, pairs that permutation cannot tell apart, and digits."""

import jax
import numpy as np
from jaxtyping import Array

from numerics.engine.streams import stream
from numerics.mean_field_flow.particles import Data

Key = Array


def in_context_regression(key: Key, n: int = 8, context: int = 4, dimension: int = 2) -> Data:
    """``n`` sequences of linear regression, labels noiseless; Gao et al. 2024, section 2.1.

    A column is ``[x; y; position]`` with x uniform in [-1, 1]^dimension, y = w . x for a unit
    vector w of the sequence, position 1; the last column is the query: its y is 0, position -1.
    """
    random = stream(key)
    x = random.uniform(-1.0, 1.0, (n, dimension, context + 1))
    w = random.normal(size=(n, dimension))
    y = np.einsum("nd,ndt->nt", w / np.linalg.norm(w, axis=1, keepdims=True), x)
    position, shown = np.ones((n, 1, context + 1)), y[:, None].copy()
    position[:, :, -1], shown[:, :, -1] = -1.0, 0.0
    inputs = np.concatenate([x, shown, position], axis=1)
    return Data(jax.device_put(inputs), jax.device_put(y[:, -1]), dimension)


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
    return Data(jax.device_put(both), jax.device_put(labels), data.row)
