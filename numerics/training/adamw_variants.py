"""AdamW with one second moment for a block of parameters, and AdamW with a part left out.

A matrix, or each matrix of a stack in its last two axes, is one block: v is the average of the
squared Frobenius norms of its gradients, so an update of the block is bounded in Frobenius norm by
the constant of one number, whatever the size of the matrix. The sum of squares is used and not
their mean, which would bring the number of entries back. Reconstructed: Gibson and Reisinger 2026
(arXiv:2605.11059) adapt AdamW so that the embedding dimension drops out; their form was not seen.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Num, PyTree

Scalar = float | int | Num[Array, ""]


class Moments(NamedTuple):
    """Number of gradients seen and their two exponential averages."""

    seen: Array
    first: PyTree
    second: PyTree


def scale_by_moments(
    b1: float = 0.9,
    b2: float = 0.999,
    eps: Scalar = 1e-8,
    *,
    blockwise: Scalar = 1.0,
    bias_correction: Scalar = 1.0,
    entries: PyTree = None,
) -> optax.GradientTransformation:
    """``m / (sqrt(v) + eps)`` with one v for each matrix, the last two axes of a parameter.

    ``blockwise`` is one, or zero for one v an entry, which is Adam; ``bias_correction`` is one, or
    zero for none. ``entries``, of the structure of the parameters, divides the sum of squares of a
    block: with the numbers of entries, v is their mean. Raises ValueError for decays outside
    [0, 1).
    """
    if not (0 <= b1 < 1 and 0 <= b2 < 1):
        raise ValueError(
            f"expected decays b1, b2 in [0, 1), received {b1}, {b2}; the defaults are 0.9, 0.999"
        )

    def init(params: PyTree) -> Moments:
        first = jax.tree.map(jnp.zeros_like, params)
        return Moments(jnp.zeros((), int), first, squares(first))

    def squares(gradients: PyTree) -> PyTree:
        if entries is None:
            return jax.tree.map(squared, gradients)
        return jax.tree.map(squared, gradients, entries)

    def squared(gradient: Float[Array, "..."], count: Scalar = 1.0) -> Float[Array, "..."]:
        block = (gradient**2).sum(axis=(-2, -1), keepdims=True) / count
        return blockwise * block + (1 - blockwise) * gradient**2

    def update(updates: PyTree, state: Moments, params: Any = None) -> tuple[PyTree, Moments]:
        del params
        count = state.seen + 1
        first = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state.first, updates)
        second = jax.tree.map(lambda v, s: b2 * v + (1 - b2) * s, state.second, squares(updates))
        c1, c2 = (1 - bias_correction * b**count for b in (b1, b2))
        step = jax.tree.map(lambda m, v: m / c1 / (jnp.sqrt(v / c2) + eps), first, second)
        return step, Moments(count, first, second)

    return optax.GradientTransformation(init, update)


def blockwise_adamw(
    learning_rate: float,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
) -> optax.GradientTransformation:
    """AdamW with one second moment a matrix and decoupled weight decay."""
    return optax.chain(
        scale_by_moments(b1, b2, eps),
        optax.add_decayed_weights(weight_decay),
        optax.scale_by_learning_rate(learning_rate),
    )


class Recipe(NamedTuple):
    """An optimiser as numbers, so that one compiled function serves AdamW and its variants.

    ``decoupled`` is AdamW's weight decay, ``coupled`` the one added to the gradient (L2);
    ``bias_correction`` is 1 or 0; gradients are divided by ``divisor`` first; ``blockwise`` is 1
    for one second moment a matrix and 0 for one an entry. ``entries`` is as in `scale_by_moments`.
    """

    learning_rate: Scalar = 0.05
    eps: Scalar = 1e-2
    decoupled: Scalar = 0.1
    coupled: Scalar = 0.0
    bias_correction: Scalar = 1.0
    divisor: Scalar = 1.0
    blockwise: Scalar = 0.0
    entries: PyTree = None


def variant(recipe: Recipe) -> optax.GradientTransformation:
    """The optimiser of a recipe; the default recipe is ``optax.adamw``."""
    return optax.chain(
        optax.scale(1 / recipe.divisor),
        optax.add_decayed_weights(recipe.coupled),
        scale_by_moments(
            eps=recipe.eps,
            blockwise=recipe.blockwise,
            bias_correction=recipe.bias_correction,
            entries=recipe.entries,
        ),
        optax.add_decayed_weights(recipe.decoupled),
        optax.scale_by_learning_rate(recipe.learning_rate),
    )
