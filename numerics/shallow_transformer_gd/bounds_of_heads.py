"""Bounds of a network's linearisation error beside what the bounds of single heads add up to."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

from numerics.engine.measuring import Keys, Size, Table
from numerics.generated.shallow_transformer_gd import (
    linearization_bound,
    lipschitz_constant,
    sharp_linearization_bound,
    smoothness_constant,
)
from numerics.shallow_transformer_gd.extremes import head_bounds
from numerics.shallow_transformer_gd.fresh_heads import extremes

# Random sizes: heads, dimension, delta, B, radii of c, U and W, sup of two derivatives.
LOW = (8.0, 2.0, 0.001, 0.1, 0.1, 0.1, 0.1, 0.2, 0.2)
HIGH = (4096.0, 64.0, 0.5, 8.0, 4.0, 4.0, 4.0, 2.0, 2.0)
SIZES = ("m", "d", "delta", "B", "rho_c", "rho_u", "rho_w", "sigma1", "sigma2")


def added_bounds(_: Size, keys: Keys) -> Table:
    """Random sizes; the derived bound, the paper's, and L1 and L2 of a head at the same sizes."""
    drawn = _drawn(jnp.asarray(keys))
    m, d, delta, B, rho_c, rho_u, rho_w, sigma1, sigma2 = drawn.T
    last = rho_c, rho_u, rho_w, sigma1, sigma2
    found = {
        "derived": jax.vmap(sharp_linearization_bound)(m, B, *last),
        "paper": jax.vmap(linearization_bound)(m, d, delta, *last),
        "L1": jax.vmap(lipschitz_constant)(B, sigma1),
        "L2": jax.vmap(smoothness_constant)(B, sigma1, sigma2),
    }
    return dict(zip(SIZES, drawn.T, strict=True)) | found


@jax.jit
def _drawn(keys: UInt32[Array, "seeds 2"]) -> Float[Array, "seeds sizes"]:
    low, high = jnp.log(jnp.asarray(LOW)), jnp.log(jnp.asarray(HIGH))
    return jnp.exp(jax.vmap(lambda key: jax.random.uniform(key, low.shape, float, low, high))(keys))


def nearest(_: Size, keys: Keys) -> Table:
    """The largest gradients that searches meet at |U| = 1 and 4, over their bound; six tokens."""
    return {
        f"{B}": extremes({"T": 6, "B": B}, keys, quantity="gradient")["largest"]
        / head_bounds(float(B))[0]
        for B in (1, 4)
    } | {"cumulant": extremes({"T": 6}, keys, quantity="cumulant")["largest"]}
