"""Networks of many layers: inner products, harmonics, energies, distances near synchrony."""

from collections.abc import Mapping
from functools import lru_cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, ScalarLike, UInt32

from numerics.generated import noise_synchronization as generated
from numerics.measurements.one_token_layer import LAW, batched, per_seed, relu_kernel, tokens
from numerics.randomness.mlp_fields import Law, count, normals
from numerics.solvers.token_layers import normalised, walk

Size = Mapping[str, int]
Keys = UInt32[np.ndarray, "n 2"]
HORIZON = 2.0
PAIR = np.eye(5)[:2]
SIGMOID = Law("sigmoid", 0.0, 0.0)
UNBIASED = Law("relu", 0.0, 0.0)


def networks(
    z: Float[np.ndarray, "n steps ..."], X0: Float[np.ndarray, "N d"], width: int, law: Law,
    horizon: float | int, records: int, *, independent: bool = False,
) -> Float[Array, "n times N d"]:  # fmt: skip
    """Networks without attention from given normals."""
    return walk(
        jnp.asarray(z), jnp.asarray(X0), None, horizon / z.shape[1], width=width,
        activation=law.activation, sigma_u=law.sigma_u, sigma_w=law.sigma_w, records=records,
        independent=independent,
    )  # fmt: skip


# The law of two tokens
def network_products(size: Size, keys: Keys) -> Float[np.ndarray, " n"]:
    """<X, Y> at time 2 for two orthogonal tokens in R^5, one network of MLP width m a seed."""
    z = normals(keys, size["L"], count(size["m"], 5))
    ends = networks(z, PAIR, size["m"], LAW, HORIZON, 1)[:, -1]
    return np.asarray((ends[:, 0] * ends[:, 1]).sum(1))


@partial(jax.jit, static_argnames="inner")
def _diffusion(z: Float[Array, "n steps"], common: ScalarLike, inner: int) -> Float[Array, " n"]:
    kappa = relu_kernel(inner)
    dt, at_one = HORIZON / z.shape[1], kappa(jnp.asarray(1.0))

    def step(u: Float[Array, " n"], g: Float[Array, " n"]) -> tuple[Float[Array, " n"], None]:
        there = common * kappa(u)
        drift = generated.pair_drift
        push = jax.vmap(lambda x, q: drift(x, q, at_one, 5.0))(u, there)
        spread = jax.vmap(lambda x, q: generated.pair_variance(x, q, at_one))(u, there)
        noise = jnp.sqrt(dt * jnp.maximum(spread, 0.0)) * g
        return jnp.clip(u + dt * push + noise, -1.0, 1.0), None

    return jax.lax.scan(step, jnp.zeros(len(z)), z.T)[0]


def diffusion_products(
    size: Size, keys: Keys, common: float | int = 1.0, inner: int = 5
) -> Float[np.ndarray, " n"]:
    """The same for the autonomous diffusion of <X, Y>, by Euler-Maruyama with 4 L steps.

    ``common`` = 0 takes the noise of the tokens as independent, ``inner`` = 1 forgets the
    division of pre-activations by sqrt(d).
    """
    return np.asarray(_diffusion(jnp.asarray(normals(keys, 4 * size["L"])), common, inner))


# One token: harmonics
HARMONIC_TIMES = np.linspace(0.0, 1.5, 7)


@lru_cache(maxsize=2)
def _heights(keys: bytes, depth: int, batch: int) -> Float[Array, "rows times"]:
    rows = np.frombuffer(keys, np.uint32).reshape(-1, 2)
    z = batched(rows, batch, depth, count(2, 5))
    return networks(z, np.eye(5)[:1], 2, LAW, 1.5, 6)[:, :, 0, 0]


def harmonic_curve(size: Size, keys: Keys, batch: int = 128) -> Float[np.ndarray, "n 7"]:
    """Mean over a batch of the zonal harmonic of degree 1 or 2 around the token's start."""
    w = _heights(keys.tobytes(), size["L"], batch)
    return np.abs(per_seed(w if size["degree"] == 1 else (5 * w**2 - 1) / 4, len(keys)))


# Synchronization
ENERGY_TIMES = np.linspace(0.0, 3.0, 7)


def energy_curve(
    size: Size, keys: Keys, batch: int = 16, independent: bool = False
) -> Float[np.ndarray, "n 7"]:
    """Mean energy (beta = 1) of four tokens in R^5 with a sigmoid, without attention."""
    shape = (size["L"], 4, count(2, 5)) if independent else (size["L"], count(2, 5))
    z = batched(keys, batch, *shape)
    paths = networks(z, np.asarray(tokens(4, 5)), 2, SIGMOID, 3.0, 6, independent=independent)
    energies = jax.jit(jax.vmap(jax.vmap(lambda X: generated.energy(X, 1.0))))(paths)
    return per_seed(energies, len(keys))


NEAR_TIMES = np.linspace(0.0, 1.5, 7)


def near_pair(d: int, gap: float | int) -> Float[np.ndarray, "2 {d}"]:
    """Two tokens at that distance, to first order."""
    points = np.eye(d)[[0, 0]]
    points[1, 1] = gap
    return np.asarray(normalised(jnp.asarray(points)))


def gaps(paths: Float[Array, "n times 2 d"]) -> Float[Array, "n times"]:
    """1 - <x, y> = |x - y|^2 / 2, without cancellation."""
    return ((paths[:, :, 0] - paths[:, :, 1]) ** 2).sum(-1) / 2


def near_curve(size: Size, keys: Keys, batch: int = 128) -> Float[np.ndarray, "n 7"]:
    """Mean of 1 - <x, y> over its start, for two tokens near synchrony, sigmoid, R^5."""
    z = batched(keys, batch, size["L"], count(2, 5))
    h = gaps(networks(z, near_pair(5, 1e-3), 2, SIGMOID, 1.5, 6))
    return per_seed(h / h[:, :1], len(keys))


def relu_growth(size: Size, keys: Keys, batch: int = 64) -> Float[np.ndarray, "n 2"]:
    """Growth of 1 - <x, y> and of its logarithm over time 1, unbiased ReLU, R^8, near synchrony."""
    z = batched(keys, batch, size["L"], count(4, 8))
    h = gaps(networks(z, near_pair(8, 1e-3), 4, UNBIASED, 1.0, 1))
    ratio = h[:, -1] / h[:, 0]
    return per_seed(jnp.stack([ratio, jnp.log(ratio)], axis=1), len(keys))


def antipode_residual(
    size: Size,
    keys: Keys,
    law: Law = Law("tanh", 0.0, 0.0),  # noqa: B008
) -> Float[np.ndarray, " n"]:
    """|X + Y| at the end for tokens that start as antipodes; zero for an odd MLP."""
    X0 = np.concatenate([np.eye(4)[:1], -np.eye(4)[:1]])
    ends = networks(normals(keys, size["L"], count(4, 4)), X0, 4, law, 1.0, 1)[:, -1]
    return np.asarray(jnp.linalg.norm(ends.sum(1), axis=-1))
