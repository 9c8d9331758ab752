"""The model of the error at every level, its derivatives, and one descent of its misfit."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Shape:
    """The data of the model: ``log_terms`` (T, K), ``log_sizes`` (J, K), ``corrections``.

    ``corrections`` has shape (J, K) or (0, K). ``levels`` (K,) orders points from coarse
    to fine for windows; empty when points have no single order.
    """

    log_terms: Float[np.ndarray, "T K"]
    log_sizes: Float[np.ndarray, "J K"]
    corrections: Float[np.ndarray, "A K"]
    levels: Float[np.ndarray, " order"]

    def select(self, keep: np.ndarray) -> "Shape":
        """The points with the given indices."""
        terms, sizes, corrections = (
            part[:, keep] for part in (self.log_terms, self.log_sizes, self.corrections)
        )
        return Shape(terms, sizes, corrections, self.levels[keep])


def model(
    shape: Shape, theta: Float[np.ndarray, " p"]
) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, "K p"]]:
    """Log errors (K,), and their derivatives by log C, gamma and a, in this order (K, p)."""
    terms, sizes = len(shape.log_terms), len(shape.log_sizes)
    parts = theta[:terms, None] + shape.log_terms
    largest = parts.max(axis=0)
    shares = np.exp(parts - largest)
    total = shares.sum(axis=0)
    factor = 1.0 + theta[terms + sizes :] @ shape.corrections
    value = largest + np.log(total) + theta[terms : terms + sizes] @ shape.log_sizes
    jacobian = np.concatenate([shares / total, shape.log_sizes, shape.corrections / factor])
    return value + np.log(factor), jacobian.T


def descend(
    shape: Shape,
    target: Float[np.ndarray, " K"],
    weights: Float[np.ndarray, " K"],
    theta: Float[np.ndarray, " p"],
    low: Float[np.ndarray, " p"],
    high: Float[np.ndarray, " p"],
) -> tuple[float, Float[np.ndarray, " p"]]:
    """Levenberg-Marquardt with bounds; returns the weighted sum of squares and theta."""
    weights = weights / weights.sum()
    theta, damping = np.clip(theta, low, high), 1e-6
    value, jacobian = model(shape, theta)
    loss = float(weights @ (target - value) ** 2)
    for _ in range(60):
        gradient = jacobian.T @ (weights * (target - value))
        free = ~(((theta <= low) & (gradient < 0)) | ((theta >= high) & (gradient > 0)))
        normal = (jacobian.T * weights) @ jacobian
        scale = np.diag(normal) + 1e-14
        system = (normal + damping * np.diag(scale))[np.ix_(free, free)]
        step = np.zeros_like(theta)
        step[free] = np.linalg.solve(system, gradient[free])
        candidate = np.clip(theta + step, low, high)
        new_value, new_jacobian = model(shape, candidate)
        new_loss = float(weights @ (target - new_value) ** 2)
        if new_loss <= loss:
            finished = loss - new_loss <= 1e-10 * loss + 1e-26
            theta, value, jacobian, loss = candidate, new_value, new_jacobian, new_loss
            damping = max(damping / 10, 1e-12)
            if finished:
                break
        else:
            damping = max(10 * damping, 1e-9)
            if damping > 1e8:
                break
    return loss, theta
