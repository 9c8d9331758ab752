"""Search for the largest value of a function by gradient ascent, for bounds that must hold."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float


def largest_value(
    objective: Callable[[Any], Array], start: Any, *, steps: int, rate: float = 0.1
) -> Float[Array, ""]:
    """The largest value that Adam meets on its way up from ``start``, a tree of arrays."""
    optimizer = optax.adam(rate)

    def step(state: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], Array]:
        point, moments = state
        value, slope = jax.value_and_grad(objective)(point)
        change, moments = optimizer.update(jax.tree.map(jnp.negative, slope), moments)
        return (optax.apply_updates(point, change), moments), value

    (last, _), values = jax.lax.scan(step, (start, optimizer.init(start)), None, length=steps)
    return jnp.maximum(jnp.max(values), objective(last))
