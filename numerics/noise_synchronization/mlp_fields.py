"""Random fields of a one-hidden-layer MLP: fresh weights, given normals, or frozen features.

A field is built from standard normals, so that sizes and couplings can share them; how the
normals were made (a key, a table of seeds) does not matter here.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, ScalarLike, UInt32

from numerics.engine.activations import activation as activation_of

Key = PRNGKeyArray | UInt32[Array, "2"]


class Law(NamedTuple):
    """Activation (its name, or its index) and deviations of the inner and outer biases."""

    activation: str | int | Int[Array, ""]
    sigma_u: ScalarLike
    sigma_w: ScalarLike


class Frozen(NamedTuple):
    """Features sigma_r(x) = phi(U_r x / sqrt(d) + b_r) / sqrt(R), the same at all times."""

    U: Float[Array, "R d"]
    b: Float[Array, " R"]


def count(width: int, d: int) -> int:
    """How many normals a fresh MLP from R^d to R^d of that width takes."""
    return width * (2 * d + 1) + d


def normals(keys: UInt32[np.ndarray, "n 2"], *shape: int) -> Float[np.ndarray, "n ..."]:
    """Standard normals, one independent block a key: the same key gives the same block."""
    return np.stack([np.random.default_rng(key).standard_normal(shape) for key in keys])


def inner_weights(
    z: Float[Array, " count"], width: int, d: int, law: Law
) -> tuple[Float[Array, "{width} {d}"], Float[Array, " {width}"]]:
    """U / sqrt(d) and b_U from the first normals."""
    U = z[: width * d].reshape(width, d) / jnp.sqrt(d)
    return U, jnp.asarray(law.sigma_u) * z[width * d : width * (d + 1)]


def mlp_field(
    z: Float[Array, " count"], X: Float[Array, "N d"], width: int, law: Law,
    sign: ScalarLike = 1.0, kept: ScalarLike | None = None,
) -> Float[Array, "N d"]:  # fmt: skip
    """G = W phi(U x / sqrt(d) + b_U) / sqrt(m) + b_W at the tokens, from normals in a row.

    There are ``count(width, d)``; ``sign`` multiplies W and b_W: with -1, the antithetic field.
    ``kept`` (all by default) is the width m of a network of the first units alone.
    """
    d, m = X.shape[1], width if kept is None else kept
    U, b = inner_weights(z, width, d, law)
    outer = z[width * (d + 1) :]
    W = outer[: width * d].reshape(d, width) * (jnp.arange(width) < m)[None] / jnp.sqrt(m)
    features = activation_of(law.activation)(X @ U.T + b[None, :])
    return jnp.asarray(sign) * (
        features @ W.T + jnp.asarray(law.sigma_w) * outer[None, width * d :]
    )


def fresh_field(key: Key, X: Float[Array, "N d"], width: int, law: Law) -> Float[Array, "N d"]:
    """The same with weights drawn from a key."""
    return mlp_field(jax.random.normal(key, (count(width, X.shape[1]),)), X, width, law)


def frozen_features(frozen: Frozen, X: Float[Array, "N d"], activation: str) -> Float[Array, "N R"]:
    """sigma_r(x_i): their products summed over r are the kernel of the frozen field."""
    rank, d = frozen.U.shape
    pre = X @ frozen.U.T / jnp.sqrt(d) + frozen.b[None, :]
    return activation_of(activation)(pre) / jnp.sqrt(rank)


def symmetric_root(covariance: Float[Array, "N N"]) -> Float[Array, "N N"]:
    """The positive square root, with rounding below zero cut."""
    values, vectors = jnp.linalg.eigh(covariance)
    return (vectors * jnp.sqrt(jnp.maximum(values, 0.0))[None, :]) @ vectors.T
