"""Search for the largest value of a function by gradient ascent, for bounds that must hold."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float


def largest_value(
    value_and_slope: Callable[[Array], tuple[Array, Array]],
    start: Float[Array, " n"],
    *,
    steps: int,
    rate: float = 0.1,
) -> Float[Array, ""]:
    """The largest value that Adam meets in so many steps up from ``start``.

    ``value_and_slope`` is ``jax.value_and_grad`` of a function, or a choice between several.
    """
    optimizer = optax.adam(rate)

    def step(state: tuple[Array, optax.OptState], _: None) -> tuple[tuple, Array]:
        point, moments = state
        value, slope = value_and_slope(point)
        change, moments = optimizer.update(-slope, moments)
        return (point + change, moments), value

    return jnp.max(jax.lax.scan(step, (start, optimizer.init(start)), None, length=steps)[1])
