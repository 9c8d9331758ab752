"""Activations by name, and Gaussian means of them: kernels, slopes, Hermite series.

Quadrature is the trapezoidal rule on the line, which converges geometrically for functions
analytic in a strip: its step is chosen from the strip of phi(s .), s the standard deviation.
"""

from collections.abc import Callable
from functools import cache, lru_cache, partial
from math import pi

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int, ScalarLike

from numerics import in_double

Activation = Callable[[Float[Array, "*shape"]], Float[Array, "*shape"]]

ACTIVATIONS: dict[str, Activation] = {
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "silu": jax.nn.silu,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "erf": jax.scipy.special.erf,
}
NAMES = tuple(ACTIVATIONS)
SMOOTH = tuple(name for name in ACTIVATIONS if name != "relu")
ODD = ("tanh", "erf")
WIDEST = 30.0  # largest standard deviation that the quadrature is made for
DEGREES = 128


def activation(name: str | int | Int[Array, ""]) -> Activation:
    """The function of that name; ValueError for a name that is not in ``ACTIVATIONS``.

    Compiled code that serves all activations takes the index in ``NAMES`` instead.
    """
    if not isinstance(name, str):
        return lambda x: jax.lax.switch(name, tuple(ACTIVATIONS.values()), x)
    if name not in ACTIVATIONS:
        raise ValueError(
            f"expected an activation among {', '.join(ACTIVATIONS)}; received {name!r}; "
            f"choose one of them"
        )
    return ACTIVATIONS[name]


@cache
def slope_of(name: str) -> Activation:
    """The derivative of the activation of that name."""
    return jnp.vectorize(jax.grad(activation(name)))


def line(
    scale: float, reach: float = 10.0
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Nodes and weights for standard Gaussian means of smooth functions of ``scale * x``."""
    if not 0 < scale <= WIDEST:
        raise ValueError(
            f"expected pre-activations with a standard deviation in (0, {WIDEST:g}]; received "
            f"{scale:g}; lower sigma_u, or rescale the activation"
        )
    strip = min(3.0, 1.2 / scale)
    half = int(np.ceil(reach * 37 / (2 * pi * strip)))
    nodes = np.linspace(-reach, reach, 2 * half + 1)
    weights = np.exp(-(nodes**2) / 2)
    return nodes, weights / weights.sum()


@partial(jax.jit, static_argnames=("f", "scale"))
def pair_mean(
    f: Activation, scale: float, rho: Float[ArrayLike, "*shape"], shift: ScalarLike = 0.0,
    factor: ScalarLike = 1.0,
) -> Float[Array, "*shape"]:  # fmt: skip
    """``factor E f(scale x) f(scale y) + shift``, x and y unit Gaussians of correlation rho.

    f is smooth: analytic near the real line.
    """
    x, weights = line(scale)
    fx = jnp.asarray(weights) * f(jnp.asarray(scale * x))

    def at(r: Float[Array, ""]) -> Float[Array, ""]:
        mixed = r * x[:, None] + jnp.sqrt(jnp.maximum(1 - r * r, 0.0)) * x[None, :]
        return fx @ (f(scale * mixed) @ jnp.asarray(weights))

    rho = jnp.asarray(rho)
    return factor * jax.lax.map(at, rho.ravel()).reshape(rho.shape) + shift


@lru_cache(maxsize=64)
@in_double
def hermite_squares(name: str, scale: float) -> Float[np.ndarray, " degrees"]:
    """``a_k**2`` with ``phi(scale x) = sum_k a_k h_k(x)``, cut where nothing is left.

    Then ``E phi(scale x) phi(scale y) = sum_k a_k**2 rho**k``, positive definite when cut
    anywhere. Raises ValueError when the series converges too slowly to be of use.
    """
    x, weights = line(max(scale, 2.0), reach=14.0)  # fine enough for the polynomials, too
    values = np.asarray(activation(name)(jnp.asarray(scale * x)))
    before, now, squares = np.zeros_like(x), np.ones_like(x), []
    whole = float(weights @ values**2)
    for k in range(DEGREES):
        squares.append(float((weights * values) @ now) ** 2)
        if abs(sum(squares) - whole) <= 1e-14 * whole:
            break
        before, now = now, (x * now - np.sqrt(k) * before) / np.sqrt(k + 1)
    if abs(missing := 1 - sum(squares) / whole) > 1e-10:
        raise ValueError(
            f"expected an activation with a short Hermite series; received {name} at standard "
            f"deviation {scale:g}, of which {DEGREES} degrees miss {missing:.1e}; lower sigma_u, "
            f"or use 'relu', which has a closed form"
        )
    return np.array(squares)
