"""Networks of many layers: inner products, harmonics, energies, distances near synchrony.

All networks are four tokens in R^5 under an MLP of width 1 or 2, in blocks of equally many
networks: one compilation serves them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from numerics import in_double
from numerics.engine.activations import NAMES, hermite_squares
from numerics.engine.measuring import Keys, Size
from numerics.engine.quick import quick_jit
from numerics.generated import noise_synchronization as generated
from numerics.noise_synchronization import Kernel, simple_attention
from numerics.noise_synchronization.mlp_fields import Law, count, normals
from numerics.noise_synchronization.one_token_layer import LAW, batched, relu_kernel, tokens
from numerics.noise_synchronization.shared_noise import BIASES
from numerics.noise_synchronization.token_couplings import weighted_limit
from numerics.noise_synchronization.token_layers import Attention, walk

D, WIDTH, ROWS = 5, 2, 1024
HORIZON = 2.0
FOUR = tokens(4, D)


@in_double
def values(scale: float) -> Attention:
    """Attention with beta = 1 and values V = scale I."""
    return simple_attention(D, beta=1.0, scale=scale)


STILL, PULL = values(0.0), values(1.0)
SIGMOID = Law("sigmoid", 0.0, 0.0)
UNBIASED = Law("relu", 0.0, 0.0)
ODD = Law("tanh", 0.0, 0.0)


def networks(
    keys: Keys, depth: int, batch: int, X0: Float[np.ndarray, "4 5"], law: Law,
    horizon: float | int, attention: Attention = STILL, m: int = WIDTH,
) -> Float[np.ndarray, "seeds batch 7 4 5"]:  # fmt: skip
    """``batch`` networks a seed, at six equally spaced times and the start."""
    seeds = max(1, ROWS // batch)
    coded = Law(NAMES.index(str(law.activation)), law.sigma_u, law.sigma_w)
    parts = []
    for first in range(0, len(keys), seeds):
        z = batched(keys[first : first + seeds], batch, depth, count(WIDTH, D))
        padded = np.concatenate([z, np.zeros((seeds * batch - len(z), *z.shape[1:]))])
        path = walk(
            padded, X0, attention, horizon / depth, coded, m, WIDTH, 6,
        )  # fmt: skip
        parts.append(np.asarray(path)[: len(z)])
    found = np.concatenate(parts)
    return found.reshape(len(keys), batch, *found.shape[1:])


# The law of two tokens
def network_products(size: Size, keys: Keys) -> Float[np.ndarray, " seeds"]:
    """<X, Y> at time 2 for two orthogonal tokens in R^5, one network of MLP width m a seed."""
    ends = networks(keys, size["L"], 1, np.eye(D)[:4], LAW, HORIZON, m=size["m"])[:, 0, -1]
    return (ends[:, 0] * ends[:, 1]).sum(1)


@partial(quick_jit, static_argnums=(1, 2))
def _diffusion(z: Float[Array, "n steps"], kappa: Kernel, between: Kernel) -> Float[Array, " n"]:
    dt, at_one = HORIZON / z.shape[1], kappa(jnp.asarray(1.0))

    def step(u: Float[Array, " n"], g: Float[Array, " n"]) -> tuple[Float[Array, " n"], None]:
        there = between(u)
        drift = generated.pair_drift
        push = jax.vmap(lambda x, q: drift(x, q, at_one, 5.0))(u, there)
        spread = jax.vmap(lambda x, q: generated.pair_variance(x, q, at_one))(u, there)
        noise = jnp.sqrt(dt * jnp.maximum(spread, 0.0)) * g
        return jnp.clip(u + dt * push + noise, -1.0, 1.0), None

    return jax.lax.scan(step, jnp.zeros(len(z)), z.T)[0]


KAPPA = relu_kernel(D)


def diffusion_products(
    size: Size, keys: Keys, kappa: Kernel = KAPPA, between: Kernel | None = None
) -> Float[np.ndarray, " seeds"]:
    """The same for the autonomous diffusion of <X, Y>, by Euler-Maruyama with 4 L steps.

    ``kappa`` is the kernel of the noise, ``between`` that of two tokens where it is another.
    """
    return np.asarray(_diffusion(normals(keys, 4 * size["L"]), kappa, between or kappa))


# Both orders of the limits in depth and number of tokens: start uniform on four atoms
TIME = 1.0
MANY_LAW = Law("tanh", *BIASES)


def order_parameters(
    X: Float[np.ndarray, "seeds 4 5"], weights: Float[np.ndarray, "seeds 4"]
) -> Float[np.ndarray, "seeds 2"]:
    """First coordinate and squared length of the mean token."""
    mean = np.einsum("nk,nka->na", weights, X)
    return np.stack([mean[:, 0], (mean**2).sum(1)], axis=1)


def tokens_first(size: Size, keys: Keys) -> Float[np.ndarray, "seeds 2"]:
    """N to infinity at depth L: the network moves the whole law, whose atoms stay atoms."""
    ends = networks(keys, size["L"], 1, FOUR, MANY_LAW, TIME, PULL)[:, 0, -1]
    return order_parameters(ends, np.full((len(keys), 4), 0.25))


SERIES = 14  # terms of the kernel's Hermite series; the others are below 1e-7 of it


def covariance(u: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """That of the noise, of inner products: a polynomial in the correlation of pre-activations."""
    sigma_u, sigma_w = BIASES
    with jax.ensure_compile_time_eval():  # the series are numbers, also where u is traced
        series = hermite_squares("tanh", (1 / D + sigma_u**2) ** 0.5)[:SERIES]
    shift = D * sigma_u**2
    correlation = jnp.clip((u + shift) / (1 + shift), -1.0, 1.0)
    return jnp.polyval(jnp.asarray(series[::-1].copy()), correlation) + sigma_w**2


def depth_first(
    size: Size, keys: Keys, covariance: Callable[[Array], Array] = covariance,
    attention: Attention = PULL,
) -> Float[np.ndarray, "seeds 2"]:  # fmt: skip
    """L to infinity with N tokens, drawn from the law: the SDE, by Euler-Maruyama in L steps."""
    counts = np.array([np.random.default_rng(k).multinomial(size["N"], [0.25] * 4) for k in keys])
    z = normals(keys ^ np.uint32(1), size["L"], 4, D)
    with np.errstate(divide="ignore"):
        log_weights = np.log(counts)
    ends = weighted_limit(z, log_weights, FOUR, attention, TIME / size["L"], covariance)
    return order_parameters(np.asarray(ends), counts / size["N"])


# One token: harmonics
HARMONIC_TIMES = np.linspace(0.0, 1.5, 7)


def heights(point: Size, keys: Keys, batch: int = 64) -> dict[str, Any]:
    """Mean over networks and tokens of the zonal harmonics of degree 1 and 2 around the start."""
    paths = networks(keys, point["L"], batch, FOUR, LAW, 1.5)
    w = np.einsum("nbtia,ia->nbti", paths, FOUR)
    harmonics = {"1": w, "2": (5 * w**2 - 1) / 4}
    return {degree: np.abs(values.mean(axis=(1, 3))) for degree, values in harmonics.items()}


# Synchronization
ENERGY_TIMES = np.linspace(0.0, 3.0, 7)
_energies = quick_jit(jax.vmap(lambda X: generated.energy(X, 1.0)))


def sigmoid_paths(
    point: Size, keys: Keys, attention: Attention, batch: int = 16
) -> Float[np.ndarray, "seeds {batch} 7 4 5"]:
    """Four tokens in R^5 under an MLP with a sigmoid: networks of a seed, at ENERGY_TIMES."""
    return networks(keys, point["L"], batch, FOUR, SIGMOID, 3.0, attention)


def mean_energy(paths: Float[np.ndarray, "seeds batch 7 4 5"]) -> Float[np.ndarray, "seeds 7"]:
    """Mean energy (beta = 1) over the networks of a seed."""
    energies = np.asarray(_energies(paths.reshape(-1, 4, D)))
    return energies.reshape(paths.shape[:3]).mean(1)


NEAR_TIMES = np.linspace(0.0, 1.5, 7)


def near_pairs(gap: float) -> Float[np.ndarray, "4 5"]:
    """Two pairs of tokens at that distance, to first order."""
    points = np.eye(D)[[0, 0, 2, 2]]
    points[[1, 3], [1, 3]] = gap
    return points / np.linalg.norm(points, axis=1, keepdims=True)


NEAR = near_pairs(1e-3)


def cluster(gap: float) -> Float[np.ndarray, "4 5"]:
    """Four tokens within that distance of each other, to first order."""
    points = np.eye(D)[[0, 0, 0, 0]] + gap * np.eye(D)[:4] * [[0], [1], [1], [1]]
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def gaps(
    keys: Keys, depth: int, batch: int, law: Law, horizon: float,
    start: Float[np.ndarray, "4 5"] = NEAR, attention: Attention = STILL,
) -> np.ndarray:  # fmt: skip
    """1 - <x, y> = |x - y|^2 / 2 over its start, without cancellation, for near pairs."""
    paths = networks(keys, depth, batch, start, law, horizon, attention)
    h = ((paths[:, :, :, ::2] - paths[:, :, :, 1::2]) ** 2).sum(-1) / 2
    return h / h[:, :, :1]


def near_curve(size: Size, keys: Keys, batch: int = 64) -> Float[np.ndarray, "seeds 7"]:
    """Mean of 1 - <x, y> over its start, for tokens near synchrony, sigmoid, R^5."""
    return gaps(keys, size["L"], batch, SIGMOID, 1.5).mean(axis=(1, 3))


def relu_growth(size: Size, keys: Keys, batch: int = 64) -> Float[np.ndarray, "seeds 2"]:
    """Growth of 1 - <x, y> and of its logarithm over time 1, unbiased ReLU, R^5, near synchrony."""
    ratio = gaps(keys, size["L"], batch, UNBIASED, 1.0)[:, :, -1]
    return np.stack([ratio.mean(axis=(1, 2)), np.log(ratio).mean(axis=(1, 2))], axis=1)


REPULSION = (0.1, 0.5)  # below and above the threshold -lambda_bar / 2 = 0.24 of the sigmoid


def repelled_growth(
    size: Size, keys: Keys, batch: int = 64, repulsion: tuple[float, float] = REPULSION
) -> Float[np.ndarray, "seeds 2"]:
    """Growth of 1 - <x, y> over time 1 near synchrony, with values V = -delta I, sigmoid, R^5.

    ``repulsion``: the two delta.
    """
    found = []
    for delta in repulsion:
        pushed = values(-delta)
        ratio = gaps(keys, size["L"], batch, SIGMOID, 1.0, cluster(1e-3), pushed)
        found.append(ratio[:, :, -1].mean(axis=(1, 2)))
    return np.stack(found, axis=1)


def antipode_residual(
    size: Size,
    keys: Keys,
    law: Law = ODD,
) -> Float[np.ndarray, " seeds"]:
    """|X + Y| at the end for tokens that start as antipodes; zero for an odd MLP."""
    X0 = np.concatenate([FOUR[:2], -FOUR[:2]])
    ends = networks(keys, size["L"], 1, X0, law, 1.0)[:, 0, -1]
    return np.linalg.norm(ends[:, :2] + ends[:, 2:], axis=-1).max(1)
