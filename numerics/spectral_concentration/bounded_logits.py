"""Logits of attention that do not grow with the weights: alternatives to a cap on steps."""

import jax
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


GAIN, ROUNDS = 4.0, 8


def normed_weights(x: Tokens, Wq: Matrix, Wk: Matrix) -> Logits:
    """sigmaReparam of Zhai et al. on queries and keys: each matrix over its spectral norm.

    The product of both gains is fixed at ``GAIN``. Norms are by power iteration from a fixed
    vector, through whose singular vectors no gradient goes, as in theirs.
    """
    product = (x @ _of_norm_one(Wq)) @ (x @ _of_norm_one(Wk)).swapaxes(-1, -2)
    return GAIN * product / Wq.shape[-1] ** 0.5


def _of_norm_one(W: Matrix) -> Matrix:
    columns = W.shape[-1]
    right = jnp.cos(jnp.arange(columns, dtype=W.dtype)) + 10.0  # generic, and far from zero
    for _ in range(ROUNDS):
        right = _unit(W.T @ (W @ right))
    left, right = jax.lax.stop_gradient((_unit(W @ right), right))
    return W / (left @ W @ right)


def _unit(x: Float[Array, " n"]) -> Float[Array, " n"]:
    return x / jnp.linalg.norm(x)
