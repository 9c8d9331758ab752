"""Noise kernels by other routes: the ReLU's by quadrature, the least decay in closed form."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.special import ndtr

from numerics.engine.measuring import Size
from numerics.noise_synchronization import (
    coercivity,
    dissipation_rate,
    fast_kernel,
    kernel,
    kernel_slope,
)

NODES, SHARES = np.polynomial.legendre.leggauss(64)
FAR = 9.0  # deviations, where the half line ends


def relu_means(rho: float) -> tuple[float, float]:
    """E[x+ y+] and P(x > 0, y > 0) of unit Gaussians: the mean over y given x, then over x."""
    x, rest = FAR / 2 * (NODES + 1), np.sqrt(1 - rho**2)
    density = FAR / 2 * SHARES * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    z = rho * x / rest
    given = rest * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) + rho * x * ndtr(z)
    return float(density @ (x * given)), float(density @ ndtr(z))


def kernel_residuals(
    _: Size, keys: Any, *, biased: bool = True, outer: float = 1.0
) -> dict[str, np.ndarray]:
    """The largest relative residual of kernel and slope for a draw of u, d and the biases.

    Planted errors: without the inner bias (``biased``); ``outer`` times the outer one.
    """
    return {"residual": np.array([_residual(key, biased, outer) for key in keys])}


def _residual(key: Any, biased: bool, outer: float) -> float:
    random = np.random.default_rng(key)
    u, d = float(random.uniform(-0.9, 0.9)), int(random.integers(2, 12))
    sigma_u, sigma_w = random.uniform(0.2, 1.0, 2)
    inner = sigma_u**2 if biased else 0.0
    square = 1 / d + inner
    second, both = relu_means((u / d + inner) / square)
    value = square * second + outer * sigma_w**2
    law = {"d": d, "sigma_u": float(sigma_u), "sigma_w": float(sigma_w)}
    off = (
        kernel("relu", u, **law) / value - 1,
        fast_kernel("relu", **law)(jnp.asarray(u)) / value - 1,
        kernel_slope("relu", u, d=d, sigma_u=law["sigma_u"]) * d / both - 1,
    )
    return max(abs(float(x)) for x in off)


ACTIVATIONS = ("relu", "tanh", "sigmoid")


def end_residuals(
    _: Size, keys: Any, *, both: bool = True, factor: float = 2.0
) -> dict[str, np.ndarray]:
    """How far lambda_bar', searched on a grid, is from its closed form; random coercive laws.

    Planted errors: the end at u = -1 left out (``both``), exp(``factor`` beta) for exp(2 beta).
    """
    return {"residual": np.array([_end(np.random.default_rng(k), both, factor) for k in keys])}


def _end(random: np.random.Generator, both: bool, factor: float) -> float:
    activation, d = str(random.choice(ACTIVATIONS)), int(random.integers(4, 40))
    beta, sigma_u, sigma_w = 10.0 ** random.uniform(-1.5, 1), *random.uniform(0, 1, 2)
    law = {"d": d, "sigma_u": float(sigma_u), "sigma_w": float(sigma_w)}
    ends = coercivity(activation, **law)
    if ends.lambda_bar >= 0:
        return _end(random, both, factor)
    apart = ends.kappa_1 + float(kernel(activation, -1.0, **law))
    other = -beta * (d - 1) * apart / np.expm1(factor * beta)
    closed = max(ends.lambda_bar, other) if both else ends.lambda_bar
    return abs(dissipation_rate(activation, beta=float(beta), **law) / closed - 1)
