"""Logits of attention that do not grow with the weights: an alternative to a cap on steps."""

import jax.numpy as jnp
from jaxtyping import Array, Float

Tokens = Float[Array, "... tokens d"]
Matrix = Float[Array, "d dq"]
Logits = Float[Array, "... tokens tokens"]


def normed_tokens(x: Tokens, Wq: Matrix, Wk: Matrix) -> Logits:
    """QK-norm, its gains fixed at one: queries and keys of norm sqrt(dq), over sqrt(dq)."""

    def unit(y: Array) -> Array:
        return y / jnp.sqrt((y**2).sum(-1, keepdims=True) + 1e-6)

    return Wq.shape[-1] ** 0.5 * unit(x @ Wq) @ unit(x @ Wk).swapaxes(-1, -2)
