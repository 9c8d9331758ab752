"""Attention with a random MLP, its common-noise limit, and the exponents of synchronization.

Finite model: N unit vectors, L layers x -> LN(x + T/L Attn) -> LN(y + sqrt(T/L) G(y)) with
LN(v) = v/|v| and G an MLP with fresh Gaussian weights, the same for all tokens. Limit: the SDE
of theory/noise_synchronization, whose noise at the N tokens is Gaussian with covariance
kappa(<x, y>) I and can be drawn exactly. Agazzi et al. 2026, arXiv:2604.26898.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, ScalarLike, UInt32

from numerics.engine.activations import activation as activation_of
from numerics.engine.activations import hermite_squares, pair_mean, slope_of
from numerics.generated import noise_synchronization as generated
from numerics.noise_synchronization.mlp_fields import Key, Law, fresh_field
from numerics.noise_synchronization.token_layers import Attention, layer, normalised

Kernel = Callable[[Float[Array, "*shape"]], Float[Array, "*shape"]]
JITTER = 1e-12  # relative; the Gram matrix of tokens that agree is singular


class Coercivity(NamedTuple):
    """kappa(1), kappa'(1), half the rate of log(1 - u), the rate of the mean of 1 - u."""

    kappa_1: float
    kappa_prime_1: float
    lambda_1: float
    lambda_bar: float


def simple_attention(d: int, *, beta: float | int, scale: float | int) -> Attention:
    """Q^T K = beta I and V = scale I, as in the paper's simulations; scale is +1, 0 or -1 there."""
    eye = np.eye(d)
    return Attention(*(jax.device_put(factor * eye) for factor in (beta, 1.0, scale)))


def uniform_tokens(key: Key, tokens: int, d: int) -> Float[Array, "tokens d"]:
    """Independent uniform points on the sphere."""
    return normalised(jax.random.normal(key, (tokens, d)))


# Kernels and exponents.
def kernel(
    activation: str,
    u: Float[Array, "*shape"] | float,
    *,
    d: int,
    sigma_u: float | int,
    sigma_w: float | int,
) -> Float[Array, "*shape"]:
    """Noise kernel kappa(u), accurate to 1e-10: ReLU in closed form, others by quadrature.

    ``u`` in [-1, 1] are inner products of unit vectors in R^d. Raises ValueError for an unknown
    activation, a dimension below 2, negative deviations or u outside [-1, 1].
    """
    _check_law(activation, d, sigma_u, sigma_w)
    at = np.asarray(u, dtype=float)
    if not np.all(np.abs(at) <= 1 + 1e-12):
        raise ValueError(
            f"expected inner products u in [-1, 1]; received {u}; normalise the tokens"
        )
    if activation == "relu":
        return _relu_kernels(at, d, sigma_u, sigma_w)
    scale, rho = _correlation(at, d, sigma_u)
    return pair_mean(activation_of(activation), scale, rho, sigma_w**2, 1.0)


def kernel_slope(
    activation: str, u: Float[Array, "*shape"] | float, *, d: int, sigma_u: float | int
) -> Float[Array, "*shape"]:
    """kappa'(u) = E[phi'(Z_x) phi'(Z_y)] / d."""
    _check_law(activation, d, sigma_u, 0.0)
    at = np.asarray(u, dtype=float)
    if activation == "relu":
        return _relu_slopes(at, d, sigma_u)
    scale, rho = _correlation(at, d, sigma_u)
    return pair_mean(slope_of(activation), scale, rho, 0.0, 1 / d)


def fast_kernel(activation: str, *, d: int, sigma_u: float | int, sigma_w: float | int) -> Kernel:
    """kappa as a function for inner loops: closed form, or a polynomial (Hermite series)."""
    _check_law(activation, d, sigma_u, sigma_w)
    if activation == "relu":
        return jnp.vectorize(lambda u: generated.relu_kernel(u, d, sigma_u, sigma_w))
    series = jnp.asarray(_series(activation, d, sigma_u, sigma_w)[::-1].copy())
    square = 1 / d + sigma_u**2
    return lambda u: jnp.polyval(series, jnp.clip((u / d + sigma_u**2) / square, -1.0, 1.0))


def coercivity(
    activation: str, *, d: int, sigma_u: float | int, sigma_w: float | int
) -> Coercivity:
    """The constants of synchronization; the mean energy decays if lambda_bar < 0."""
    at_one = float(kernel(activation, 1.0, d=d, sigma_u=sigma_u, sigma_w=sigma_w))
    slope = float(kernel_slope(activation, 1.0, d=d, sigma_u=sigma_u))
    lambda_1, lambda_bar = _exponents(at_one, slope, d)
    return Coercivity(at_one, slope, float(lambda_1), float(lambda_bar))


def dissipation_rate(
    activation: str,
    *,
    d: int,
    sigma_u: float | int,
    sigma_w: float | int,
    beta: float | int,
    grid: int = 1001,
) -> float:
    """lambda_bar' = -inf F over [-1, 1]: E[energy] grows at most at this rate, without attention.

    Negative means decay. The infimum is taken on a grid, refined around its least point, and at
    the end u = 1, where F is -lambda_bar.
    """
    if not beta > 0:
        raise ValueError(f"expected an inverse temperature beta > 0; received {beta}")
    ends = coercivity(activation, d=d, sigma_u=sigma_u, sigma_w=sigma_w)

    def values(u: Float[np.ndarray, " points"]) -> Float[Array, " points"]:
        if activation == "relu":
            there = _relu_kernels(u, d, sigma_u, sigma_w)
        else:
            series = _series(activation, d, sigma_u, sigma_w)
            there = np.polynomial.polynomial.polyval(_correlation(u, d, sigma_u)[1], series)
        return _densities(u, there, ends.kappa_1, beta, d)

    def least(low: float, high: float) -> tuple[float, float]:
        u = np.linspace(low, high, grid)
        found = np.asarray(values(u))
        k = int(np.argmin(found))
        return float(u[k]), float(found[k])

    end = 1 - 1e-6
    where, value = least(-1.0, end)
    step = 2.0 / grid
    _, refined = least(max(-1.0, where - step), min(end, where + step))
    return max(-value, -refined, ends.lambda_bar)


# Paths.
def network_path(
    key: Key,
    X0: Float[Array, "N d"],
    *,
    layers: int,
    mlp_width: int,
    horizon: float | int,
    activation: str,
    sigma_u: float | int,
    sigma_w: float | int,
    attention: Attention | None,
    samples: int,
    records: int | None = None,
) -> Float[Array, "samples times N d"]:
    """Tokens of independent networks at equally spaced times, the start included.

    ``samples`` networks share the start X0 and the attention; ``records`` of the ``layers`` are
    kept (all by default; it must divide them). Raises ValueError for tokens off the sphere.
    """
    _check_path(X0, activation, sigma_u, sigma_w, layers, samples, records)

    law = Law(activation, sigma_u, sigma_w)

    def step(k: Key, X: Float[Array, "N d"], dt: ScalarLike) -> Float[Array, "N d"]:
        return layer(X, lambda Y: fresh_field(k, Y, mlp_width, law), attention, dt)

    return _paths(step, key, X0, layers, horizon, samples, records or layers)


def limit_path(
    key: Key,
    X0: Float[Array, "N d"],
    *,
    steps: int,
    horizon: float | int,
    activation: str,
    sigma_u: float | int,
    sigma_w: float | int,
    attention: Attention | None,
    samples: int,
    records: int | None = None,
) -> Float[Array, "samples times N d"]:
    """Tokens of the limiting SDE, with noise of exactly the limit's law at the N points.

    Euler-Maruyama for the Ito SDE, drawn back to the sphere after every step; weak order one in
    the step. Arguments as in ``network_path``.
    """
    _check_path(X0, activation, sigma_u, sigma_w, steps, samples, records)
    N, d = X0.shape
    kappa = fast_kernel(activation, d=d, sigma_u=sigma_u, sigma_w=sigma_w)
    at_one = kernel(activation, 1.0, d=d, sigma_u=sigma_u, sigma_w=sigma_w)

    def step(k: Key, X: Float[Array, "N d"], dt: ScalarLike) -> Float[Array, "N d"]:
        covariance = kappa(X @ X.T) + JITTER * at_one * jnp.eye(N)
        noise = jnp.linalg.cholesky(covariance) @ jax.random.normal(k, (N, d))
        drift = (
            generated.field_drift(X, jnp.zeros_like(X), jnp.full(N, at_one))
            if attention is None
            else generated.token_drift(X, *attention, at_one)
        )
        return normalised(X + dt * drift + jnp.sqrt(dt) * generated.projected(X, noise))

    return _paths(step, key, X0, steps, horizon, samples, records or steps)


def _paths(
    step: Callable[..., Float[Array, "N d"]], key: Key, X0: Float[Array, "N d"], steps: int,
    horizon: float | int, samples: int, records: int,
) -> Float[Array, "samples times N d"]:  # fmt: skip
    """Run a random step ``steps`` times for every sample and keep some of the states."""

    def block(X: Float[Array, "N d"], keys: UInt32[Array, "..."]) -> tuple[Array, Array]:
        end, _ = jax.lax.scan(lambda x, k: (step(k, x, horizon / steps), None), X, keys)
        return end, end

    def one(k: Key) -> Float[Array, "times N d"]:
        keys = jax.random.split(k, steps).reshape(records, steps // records, -1)
        _, kept = jax.lax.scan(block, X0, keys)
        return jnp.concatenate([X0[None], kept])

    raw = jax.random.key_data(key) if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else key
    return jax.jit(jax.vmap(one))(jax.random.split(raw, samples))


_relu_kernels = jax.jit(jnp.vectorize(generated.relu_kernel))
_relu_slopes = jax.jit(jnp.vectorize(generated.relu_slope))
_densities = jax.jit(jax.vmap(generated.decay_density, (0, 0, None, None, None)))
_exponents = jax.jit(generated.exponents)


def _series(
    activation: str, d: int, sigma_u: float | int, sigma_w: float | int
) -> Float[np.ndarray, " degrees"]:
    """Coefficients of kappa as a polynomial in the correlation of pre-activations."""
    series = hermite_squares(activation, float((1 / d + sigma_u**2) ** 0.5)).copy()
    series[0] += sigma_w**2
    return series


def _correlation(
    u: Float[np.ndarray, "*shape"], d: int, sigma_u: float | int
) -> tuple[float, Float[np.ndarray, "*shape"]]:
    """Standard deviation of a pre-activation and the correlation of two."""
    square = 1 / d + sigma_u**2
    return float(square**0.5), np.asarray(np.clip((u / d + sigma_u**2) / square, -1.0, 1.0))


def _check_law(activation: str, d: int, sigma_u: float | int, sigma_w: float | int) -> None:
    activation_of(activation)
    if d < 2:
        raise ValueError(f"expected an embedding dimension d of at least 2; received {d}")
    if sigma_u < 0 or sigma_w < 0:
        raise ValueError(
            f"expected standard deviations of at least 0; received sigma_u={sigma_u}, "
            f"sigma_w={sigma_w}; pass the deviation, not its negative"
        )


def _check_path(
    X0: Float[Array, "N d"], activation: str, sigma_u: float | int, sigma_w: float | int,
    steps: int, samples: int, records: int | None,
) -> None:  # fmt: skip
    _check_law(activation, X0.shape[1], sigma_u, sigma_w)
    lengths = np.linalg.norm(np.asarray(X0), axis=1)
    if not np.all(np.abs(lengths - 1) < 1e-6):
        raise ValueError(
            f"expected tokens X0 on the unit sphere; received lengths {lengths}; divide each row "
            f"by its length"
        )
    if steps < 1 or samples < 1:
        raise ValueError(f"expected at least one layer and sample; received {steps}, {samples}")
    if records is not None and (records < 1 or steps % records):
        raise ValueError(
            f"expected a number of records that divides the {steps} layers; received {records}"
        )
