"""How large the gradient, the curvature and the third cumulant of one head can be made."""

import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike, UInt32

from numerics.engine.quick import quick_jit
from numerics.generated.shallow_transformer_gd import (
    features,
    head_curvature,
    lipschitz_constant,
    smoothness_constant,
    third_cumulant,
)
from numerics.shallow_transformer_gd.ascent import largest_value
from numerics.shallow_transformer_gd.blocks import cut

SIGMA1, SIGMA2 = 1.0, 4 / (3 * 3**0.5)  # of tanh
Start = tuple[Array, Array, Array, Array, Array]


def unit(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """The vector at length one."""
    return x / jnp.linalg.norm(x, axis=-1, keepdims=True)


def in_ball(X: Float[Array, "T d"]) -> Float[Array, "T d"]:
    """Tokens clipped to norm one."""
    return X / jnp.maximum(1.0, jnp.linalg.norm(X, axis=-1, keepdims=True))


def gradient_norm(point: Start, B: ScalarLike) -> Float[Array, ""]:
    """Norm of the gradient in (U, W) of a head with |U| = B and a query of norm one."""
    X, W, U, q, _ = point
    _, by_U, by_W = features(in_ball(X), W, unit(q), jnp.asarray(B) * unit(U))
    return jnp.sqrt(jnp.sum(by_U**2) + jnp.sum(by_W**2))


def curvature(point: Start, B: ScalarLike) -> Float[Array, ""]:
    """Absolute second derivative along a direction of norm one: at most the Hessian's norm."""
    X, W, U, q, along = point
    u, w = unit(along)[: len(U)], unit(along)[len(U) :].reshape(W.shape)
    return jnp.abs(head_curvature(in_ball(X), W, unit(q), jnp.asarray(B) * unit(U), u, w))


def cumulant(point: Start, B: ScalarLike) -> Float[Array, ""]:
    """Third cumulant along unit vectors; ``B`` is not used."""
    X, W, U, xi, _ = point
    q = jnp.zeros(len(U)).at[0].set(1.0)
    return third_cumulant(in_ball(X), W, q, unit(U), jnp.outer(unit(xi), q))


QUANTITIES = ("gradient", "curvature", "cumulant")


@partial(quick_jit, static_argnames=("most", "dim", "steps"), level=0)
def extreme_values(
    keys: UInt32[Array, "seeds 2"],
    quantity: ScalarLike,
    length: ScalarLike,
    B: ScalarLike,
    *,
    most: int,
    dim: int,
    steps: int,
) -> Float[Array, " seeds"]:
    """The largest value found from one random start a seed.

    ``quantity`` is a place in ``QUANTITIES``. ``length`` divides ``most``: fewer tokens are
    repeated up to ``most``, which changes nothing, so that one compilation serves all lengths.
    """
    repeated = jnp.arange(most) % length
    shapes = [(most, dim), (dim, dim), (dim,), (dim,), (dim + dim**2,)]

    def climb(f: Callable[[Start, ScalarLike], Array]) -> Callable[[Array], tuple[Array, Array]]:
        def value(point: Array) -> Array:
            X, W, U, q, along = cut(point, shapes)
            return f((X[repeated], W, U, q, along), B)

        return jax.value_and_grad(value)

    branches = [climb(f) for f in (gradient_norm, curvature, cumulant)]

    def one(key: Array) -> Array:
        numbers = sum(math.prod(shape) for shape in shapes)
        start = jax.random.normal(key, (numbers,))
        return largest_value(partial(jax.lax.switch, quantity, branches), start, steps=steps)

    return jax.vmap(one)(keys)


@partial(quick_jit, level=0)
def head_bounds(B: float | Float[Array, ""]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Derived bounds of the gradient and of the curvature of a tanh head with |U| <= B."""
    return lipschitz_constant(B, SIGMA1), smoothness_constant(B, SIGMA1, SIGMA2)
