"""The ReLU's noise kernel and its slope by quadrature, against every way that has them."""

from typing import Any

import numpy as np
from scipy.special import ndtr

from numerics.engine.measuring import Size
from numerics.noise_synchronization import fast_kernel, kernel, kernel_slope

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
        fast_kernel("relu", **law)(np.asarray(u)) / value - 1,
        kernel_slope("relu", u, d=d, sigma_u=law["sigma_u"]) * d / both - 1,
    )
    return max(abs(float(x)) for x in off)
