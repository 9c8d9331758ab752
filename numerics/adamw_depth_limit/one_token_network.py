"""Networks of one token in one dimension, where attention is a product: x -> x + x mean(V) / L."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from numerics.adamw_depth_limit import Heads, Network, forward
from numerics.adamw_depth_limit.token_problems import by_rows
from numerics.engine.quick import quick_jit

NETWORKS, HEADS = 256, 8  # networks a seed, and the largest number of heads


@partial(quick_jit, level=0)
def _outputs(
    V: Float[Array, "rows networks layers heads"], weights: Float[Array, "rows layers heads"]
) -> Float[Array, "rows networks"]:
    """The last state of each network, from the first state one."""

    def one(values: Float[Array, "layers heads"], shares: Float[Array, "layers heads"]) -> Array:
        any_head = jnp.ones((*values.shape, 1, 1))
        heads = Heads(any_head, any_head, values[..., None, None])
        network = Network(heads, shares, jnp.asarray(len(values)))
        return forward(jnp.ones((1, 1, 1)), network)[-1].squeeze()

    return jax.vmap(jax.vmap(one, (0, None)))(V, weights)


def toy_squares(keys: Any, depth: int, heads: int) -> Float[np.ndarray, " seeds"]:
    """Mean over the networks of a seed of (x_L - x_1)^2; V has mean 1/2 and variance 1."""
    drawn = [
        np.random.default_rng(key).uniform(-(3**0.5), 3**0.5, (NETWORKS, depth, HEADS)) + 0.5
        for key in np.asarray(keys)
    ]
    shares = np.where(np.arange(HEADS) < heads, 1 / (depth * heads), 0.0)
    outputs = by_rows(
        _outputs, np.stack(drawn), np.broadcast_to(shares, (len(drawn), depth, HEADS))
    )
    return ((outputs - np.exp(0.5)) ** 2).mean(axis=1)
