"""What AdamW does to a history of gradients that was chosen to move it as far as it can."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from numerics.adamw_depth_limit.adamw_variants import Recipe, variant
from numerics.engine.quick import quick_jit

COUNT = 200


def worst_histories(keys: Any) -> Float[np.ndarray, "seeds count"]:
    """Gradients that grow by beta2 / beta1 a step, the worst case, times noise in [1, 1.3]."""
    growth = 1e-3 * (0.999 / 0.9) ** np.arange(COUNT)
    noise = [np.random.default_rng(key).uniform(1, 1.3, COUNT) for key in np.asarray(keys)]
    return growth * np.stack(noise)


@partial(quick_jit, level=0)
def largest_parameter(
    gradients: Float[Array, "seeds count"], recipe: Recipe
) -> Float[Array, " seeds"]:
    """Largest absolute value of a parameter that starts at one, for each history."""
    optimizer = variant(recipe)

    def one(history: Float[Array, " count"]) -> Float[Array, ""]:
        def step(carry: tuple, g: Array) -> tuple[tuple, Array]:
            theta, memory = carry
            update, memory = optimizer.update(g[None, None], memory, theta)
            return (theta + update, memory), (theta + update).squeeze()

        start = jnp.ones((1, 1))
        path = jax.lax.scan(step, (start, optimizer.init(start)), history)[1]
        return jnp.abs(path).max()

    return jax.vmap(one)(gradients)


FAST = Recipe(learning_rate=0.5, eps=1e-12, decoupled=1.0)
