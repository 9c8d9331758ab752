"""Errors of systems that share their noise: depths, widths of the MLP, numbers of tokens."""

from collections.abc import Mapping
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32

from numerics.measurements.one_token_layer import tokens
from numerics.noise_synchronization import simple_attention
from numerics.randomness.activations import hermite_squares
from numerics.randomness.mlp_fields import Frozen, normals
from numerics.solvers.nested_depths import Nested, Slip, nested
from numerics.solvers.token_couplings import squared_transport, two_systems, width_coupling

Size = Mapping[str, int]
Keys = UInt32[np.ndarray, "n 2"]
RANK = 16
DIMENSION, HORIZON = 3, 0.25
TRUE = Slip()


def frozen(d: int) -> Frozen:
    """Fixed features, one draw: part of the model, not of the sample."""
    rng = np.random.default_rng([RANK, d])
    U, b = rng.standard_normal((RANK, d)), rng.standard_normal(RANK) / 2
    return Frozen(jnp.asarray(U), jnp.asarray(b))


@lru_cache(maxsize=16)
def _nested(keys: bytes, number: int, fine: int, depths: tuple[int, ...], slip: Slip) -> Nested:
    rows = np.frombuffer(keys, np.uint32).reshape(-1, 2)
    z = jnp.asarray(normals(rows, fine, RANK, DIMENSION))
    attention = simple_attention(DIMENSION, beta=1.0, scale=1.0)
    levels = jnp.asarray(depths, float)
    start, features = tokens(number, DIMENSION), frozen(DIMENSION)
    return nested(z, start, features, attention, HORIZON, levels, slip, activation="tanh")


def depth_error(size: Size, keys: Keys, what: str, slip: Slip = TRUE) -> Float[np.ndarray, " n"]:
    """One of the errors of ``Nested`` at depth L, N tokens in R^3, time 1/4.

    The limit runs on ``fine`` steps; all depths fine/16, fine/32, ... of one call share a run.
    """
    depths = tuple(size["fine"] // 2**j for j in range(4, 4 + size["levels"]))
    run = _nested(keys.tobytes(), size["N"], size["fine"], depths, slip)
    found = np.asarray(getattr(run, what))[:, depths.index(size["L"])]
    return np.sqrt((found**2).mean(axis=(1, 2))) if what == "residual" else found


WIDTH_LAW = (0.3, 0.2)  # sigma_u, sigma_w


@lru_cache(maxsize=4)
def _widths(
    keys: bytes, layers: int, widths: tuple[int, ...], sigma_w: float
) -> Float[Array, "n levels"]:
    rows, d, number = np.frombuffer(keys, np.uint32).reshape(-1, 2), 4, 3
    inner = jnp.asarray(normals(rows, layers, max(widths) * (d + 1)))
    noise = jnp.asarray(normals(rows ^ np.uint32(1), layers, number, d))
    squares = hermite_squares("tanh", float((1 / d + WIDTH_LAW[0] ** 2) ** 0.5))
    series = jnp.asarray(squares).at[0].add(sigma_w**2)
    return width_coupling(
        inner, noise, tokens(number, d), simple_attention(d, beta=1.0, scale=1.0), 1 / layers,
        jnp.asarray(widths, float), series, activation="tanh",
        sigma_u=WIDTH_LAW[0], sigma_w=WIDTH_LAW[1],
    )  # fmt: skip


def width_error(size: Size, keys: Keys, sigma_w: float = WIDTH_LAW[1]) -> Float[np.ndarray, " n"]:
    """Mean square distance of widths m and infinity, coupled layer by layer; largest over layers.

    ``sigma_w`` is that of the infinitely wide network: another value plants a wrong limit.
    """
    widths = tuple(size["most"] // 2**j for j in range(5))
    return np.asarray(_widths(keys.tobytes(), size["L"], widths, sigma_w))[
        :, widths.index(size["m"])
    ]


def chaos_error(
    size: Size, keys: Keys, steps: int = 16, shared: bool = True
) -> Float[np.ndarray, " n"]:
    """W_2^2 of two N-particle systems with independent starts and common noise, largest over time.

    By the triangle inequality at most four times the mean of W_2^2(mu^N, mu), and for particles
    that are independent given the noise at least that mean. ``shared`` = False gives each system
    its own noise: a planted error.
    """
    N, most, d = size["N"], size["most"], size["d"]
    noise = normals(keys, 2, steps, RANK, d)
    noise = np.stack([noise[:, 0], noise[:, 0 if shared else 1]], axis=1)
    start = normals(keys ^ np.uint32(1), 2, most, d)[:, :, :N]
    start = np.tile(start / np.linalg.norm(start, axis=-1, keepdims=True), (1, 1, most // N, 1))
    found = two_systems(
        jnp.asarray(noise), jnp.asarray(start), frozen(d), simple_attention(d, beta=1.0, scale=1.0),
        1 / steps, activation="tanh", records=2,
    )  # fmt: skip
    ends = np.asarray(found)[:, :, :, :N]
    return np.array(
        [max(squared_transport(x, y) for x, y in zip(*pair, strict=True)) for pair in ends]
    )
