"""Conservation laws in one dimension: mass moves between cells, and only there."""

import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike


def upwind_rate(
    mass: Float[Array, "*lead cells"], velocity: Float[Array, "*lead faces"], width: ScalarLike
) -> Float[Array, "*lead cells"]:
    """``d mass / d time`` of cells, first-order upwind, no flux through the two ends.

    ``mass`` is the mass in each cell, ``velocity`` that at the inner faces (cells - 1). Each
    flux leaves one cell and enters its neighbour, so the total mass is exact; with a step of at
    most ``width / (2 max |velocity|)`` an Euler step keeps mass nonnegative. Order 1 in width.
    """
    flux = (
        jnp.maximum(velocity, 0) * mass[..., :-1] + jnp.minimum(velocity, 0) * mass[..., 1:]
    ) / width
    wall = jnp.zeros_like(flux[..., :1])
    padded = jnp.concatenate([wall, flux, wall], axis=-1)
    return padded[..., :-1] - padded[..., 1:]


def quantiles(
    mass: Float[Array, " cells"], edges: Float[Array, " edges"], levels: Float[Array, " levels"]
) -> Float[Array, " levels"]:
    """Quantiles of a density that is constant in each cell."""
    distribution = jnp.concatenate([jnp.zeros(1), jnp.cumsum(mass)])
    return jnp.interp(levels, distribution / distribution[-1], edges)
