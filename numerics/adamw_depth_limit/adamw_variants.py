"""AdamW with one second moment for a block of parameters, and AdamW with a part left out.

A matrix, or each matrix of a stack in its last two axes, is one block, and so is a vector: v is the
average of the squared Frobenius norms of its gradients, so an update of the block is bounded in
Frobenius norm by the constant of one number, whatever the size of the matrix. The sum of squares is
used and not their mean, which would bring the number of entries back. Reconstructed: Gibson and
Reisinger 2026 (arXiv:2605.11059) adapt AdamW so that the embedding dimension drops out; their form
was not seen.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Inexact, PyTree

from numerics.engine.leaves import cast, is_decay, real, wide

Scalar = Any  # a number or an array without axes, traced or not


class Moments(NamedTuple):
    """Number of gradients seen and their two exponential averages."""

    seen: Array
    first: PyTree
    second: PyTree


def scale_by_moments(
    b1: Scalar = 0.9,
    b2: Scalar = 0.999,
    eps: Scalar = 1e-8,
    *,
    eps_root: Scalar = 0.0,
    blockwise: Scalar = 1.0,
    bias_correction: Scalar = 1.0,
    entries: PyTree = None,
) -> optax.GradientTransformationExtraArgs:
    """``m / (sqrt(v + eps_root) + eps)`` with one v for each matrix, the last two axes.

    ``blockwise`` is one, or zero for one v an entry, which is Adam; ``bias_correction`` is one, or
    zero for none. ``entries``, of the structure of the parameters, divides the sum of squares of a
    block: with the numbers of entries, v is their mean. All numbers may be traced. Moments are of
    float32 at least, updates of the type of the parameters. Raises ValueError for decays outside
    [0, 1), and in ``init`` for parameters that are no floating-point numbers.
    """
    if not (is_decay(b1) and is_decay(b2)):
        raise ValueError(
            f"expected decays b1, b2 in [0, 1), received {b1}, {b2}; the defaults are 0.9, 0.999"
        )

    def init(params: PyTree) -> Moments:
        first = jax.tree.map(lambda w: jnp.zeros(w.shape, wide(w)), params)
        return Moments(jnp.zeros((), int), first, squares(first))

    def squares(gradients: PyTree) -> PyTree:
        if entries is None:
            return jax.tree.map(squared, gradients)
        return jax.tree.map(squared, gradients, entries)

    def squared(gradient: Inexact[Array, "..."], count: Scalar = 1.0) -> Float[Array, "..."]:
        square = jnp.real(gradient * gradient.conj())
        axes = tuple(range(max(gradient.ndim - 2, 0), gradient.ndim))
        block = square.sum(axis=axes, keepdims=True) / count
        return (blockwise * block + (1 - blockwise) * square).astype(real(gradient))

    def update(
        updates: PyTree, state: Moments, params: Any = None, **unused: Any
    ) -> tuple[PyTree, Moments]:
        del unused
        count = state.seen + 1
        slope = cast(updates, state.first)
        first = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state.first, slope)
        second = jax.tree.map(lambda v, s: b2 * v + (1 - b2) * s, state.second, squares(slope))
        c1, c2 = (1 - bias_correction * b**count for b in (b1, b2))
        step = jax.tree.map(
            lambda m, v: m / c1 / (jnp.sqrt(v / c2 + eps_root) + eps), first, second
        )
        after = Moments(count, cast(first, state.first), cast(second, state.second))
        return cast(step, updates if params is None else params), after

    return optax.GradientTransformationExtraArgs(init, update)


def blockwise_adamw(
    learning_rate: Any,
    b1: Scalar = 0.9,
    b2: Scalar = 0.999,
    eps: Scalar = 1e-8,
    weight_decay: Any = 1e-2,
    *,
    eps_root: Scalar = 0.0,
    mask: Any = None,
) -> optax.GradientTransformationExtraArgs:
    """AdamW with one second moment a matrix and decoupled weight decay.

    Arguments are those of ``optax.adamw``: ``learning_rate`` a number or a schedule, ``mask`` which
    parameters decay, ``eps_root`` above zero for gradients through a step.
    """
    return optax.chain(
        scale_by_moments(b1, b2, eps, eps_root=eps_root),
        optax.add_decayed_weights(weight_decay, mask),
        optax.scale_by_learning_rate(learning_rate),
        optax.stateless(cast),  # a traced rate of 64 bits widens updates of 32
    )


class Recipe(NamedTuple):
    """An optimiser as numbers, so that one compiled function serves AdamW and its variants.

    ``decoupled`` is AdamW's weight decay, ``coupled`` the one added to the gradient (L2);
    ``bias_correction`` is 1 or 0; gradients are multiplied by ``factor`` first; ``blockwise`` is 1
    for one second moment a matrix and 0 for one an entry. ``entries`` is as in `scale_by_moments`.
    """

    learning_rate: Scalar = 0.05
    eps: Scalar = 1e-2
    decoupled: Scalar = 0.1
    coupled: Scalar = 0.0
    bias_correction: Scalar = 1.0
    factor: Scalar = 1.0
    blockwise: Scalar = 0.0
    entries: PyTree = None


def variant(recipe: Recipe) -> optax.GradientTransformationExtraArgs:
    """The optimiser of a recipe; the default recipe is ``optax.adamw``."""
    return optax.chain(
        optax.scale(recipe.factor),
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
