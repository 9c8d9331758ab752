"""Projected gradient descent for a sum of heads: each head stays near where it began.

The projection set is a product of balls, one for each block of each head, of radius
``radius / sqrt(width)`` about the initial value, so that projecting is clipping block by block.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, ScalarLike


class Heads(NamedTuple):
    """Trainable weights: outputs ``c``, values ``U``, query-key matrices ``W`` of all heads."""

    c: Float[Array, " heads"]
    U: Float[Array, "heads dim"]
    W: Float[Array, "heads dim dim"]


Model = Callable[[Heads, Float[Array, "n T d"]], Float[Array, " n"]]


Block = Float[Array, "heads ..."]


class Descent(NamedTuple):
    """A run: the last weights, and what each step saw before it moved.

    ``losses``: mean squared errors; ``defects``: mean squares of <grad f_j, phi - star> - (f_j -
    y_j) over the samples; ``selfbounds``: |grad L|^2 / (4 L), at most the squared gradient Gamma^2.
    """

    params: Heads
    losses: Float[Array, " steps"]
    defects: Float[Array, " steps"]
    selfbounds: Float[Array, " steps"]


def squared_norm(tree: Heads) -> Float[Array, ""]:
    """Sum of the squares of all weights."""
    return sum((jnp.sum(leaf**2) for leaf in tree), start=jnp.zeros(()))


def minus(left: Heads, right: Heads) -> Heads:
    """Difference of weights."""
    return Heads(*(x - y for x, y in zip(left, right, strict=True)))


def clipped(change: Block, radius: ScalarLike | Block) -> Block:
    """Each head's block, shortened to the radius (one, or one a head) where it is longer."""
    axes = tuple(range(1, change.ndim))
    square = jnp.sum(change**2, axis=axes, keepdims=True) if axes else change**2
    # The root is taken of one where nothing is clipped, so that gradients stay finite.
    outside = square > jnp.asarray(radius) ** 2
    return change * jnp.where(outside, radius / jnp.sqrt(jnp.where(outside, square, 1.0)), 1.0)


def project(params: Heads, centre: Heads, radii: Float[Array, " 3"], width: ScalarLike) -> Heads:
    """The nearest point of the projection set about ``centre``, for a width of so many heads."""
    limits = radii / jnp.sqrt(width)
    moves = minus(params, centre)
    return Heads(*(z + clipped(x, r) for z, x, r in zip(centre, moves, limits, strict=True)))


@partial(jax.jit, static_argnames="model")
def descend(
    start: Heads,
    X: Float[Array, "samples length dim"],
    y: Float[Array, " samples"],
    batches: Int[Array, "steps batch"],
    step_size: ScalarLike,
    radii: Float[Array, " 3"],
    width: ScalarLike,
    *,
    model: Model,
) -> tuple[Heads, Float[Array, " steps"]]:
    """Gradient steps on the mean squared error of the batches, projected; losses before each step.

    An empty row of ``batches`` (batch size zero) means all samples; the losses are those of the
    batch that the step uses.
    """
    full = batches.shape[1] == 0

    def step(params: Heads, rows: Int[Array, " batch"]) -> tuple[Heads, Float[Array, ""]]:
        inputs, labels = (X, y) if full else (X[rows], y[rows])
        loss, gradient = jax.value_and_grad(lambda p: jnp.mean((model(p, inputs) - labels) ** 2))(
            params
        )
        moved = Heads(*(p - step_size * g for p, g in zip(params, gradient, strict=True)))
        return project(moved, start, radii, width), loss

    return jax.lax.scan(step, start, batches)


@partial(jax.jit, static_argnames=("steps", "model"))
def descend_certified(
    start: Heads,
    star: Heads,
    X: Float[Array, "samples length dim"],
    y: Float[Array, " samples"],
    step_size: ScalarLike,
    radii: Float[Array, " 3"],
    width: ScalarLike,
    *,
    steps: int,
    model: Model,
) -> Descent:
    """Full-batch descent that records the defects with respect to the comparison point ``star``."""

    def step(params: Heads, _: None) -> tuple[Heads, tuple[Array, Array, Array]]:
        f, pull = jax.vjp(lambda p: model(p, X), params)
        residual = f - y
        (gradient,) = pull(2 * residual / len(y))
        _, slope = jax.jvp(lambda p: model(p, X), (params,), (minus(params, star),))
        loss = jnp.mean(residual**2)
        seen = loss, jnp.mean((slope - residual) ** 2), squared_norm(gradient) / (4 * loss)
        moved = Heads(*(p - step_size * g for p, g in zip(params, gradient, strict=True)))
        return project(moved, start, radii, width), seen

    last, seen = jax.lax.scan(step, start, None, length=steps)
    return Descent(last, *seen)
