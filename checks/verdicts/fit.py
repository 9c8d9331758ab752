"""Fitting a predicted form with its next-order term and free excess exponents.

The model of the error at level k is

    log e_k = log(sum_i C_i M_ik) + sum_j gamma_j X_jk + log(1 + sum_j a_j x_jk)

with the monomials M of the prediction, X the logarithms of the sizes, and x the next-order
terms scaled to 1 at the coarsest level. The prediction says gamma = 0. Weighted least
squares by Levenberg-Marquardt; the covariance of gamma is propagated from the joint
bootstrap covariance of the levels (a sandwich), so weights affect efficiency only.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import optimize

from .levels import Levels
from .linear import MISFIT, level_weights, linear_solution
from .outcome import t_quantile

TIE = 4.0  # chi-square by which two fits must differ to be told apart
CORRECTION = (-0.8, 4.0)  # range of a_j: at the coarsest level the next order may dominate 4:1


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


@dataclass(frozen=True)
class Fit:
    """Result: ``gamma`` (J,) with ``standard_error`` and ``df``; ``log_fit`` (K,) fitted.

    ``misfit`` is the p-value of the lack-of-fit test, ``kept`` the indices of the points
    used, ``discrepancy`` the relative error of the form that was added when it misfits.
    """

    gamma: Float[np.ndarray, " J"]
    standard_error: Float[np.ndarray, " J"]
    df: Float[np.ndarray, " J"]
    log_fit: Float[np.ndarray, " K"]
    misfit: float
    discrepancy: float
    kept: np.ndarray

    @property
    def width(self) -> float:
        """Half-width of the widest 99 % interval of an excess exponent."""
        quantiles = [t_quantile(0.995, df) for df in self.df]
        return float(np.max(np.array(quantiles) * self.standard_error))


def fit_shape(levels: Levels, shape: Shape) -> Fit:
    """Fit, and when the form misfits, leave out coarse levels or widen the interval.

    The largest window of the finest levels that passes the lack-of-fit test is used; when
    none of five levels or more passes, the one with the narrowest interval, with the
    discrepancy of the form added to the variance of every level.
    """
    everything = np.arange(levels.log_mean.size)
    first = _fit_window(levels, shape, everything)
    if first.misfit >= MISFIT or shape.levels.size == 0:
        return first
    windows = [first]
    for coarsest in np.unique(shape.levels)[1:-4]:
        window = _fit_window(levels, shape, everything[shape.levels >= coarsest])
        if window.misfit >= MISFIT:
            return window
        windows.append(window)
    return min(windows, key=lambda window: window.width)


def _fit_window(levels: Levels, shape: Shape, kept: np.ndarray) -> Fit:
    part, data = shape.select(kept) if shape.levels.size else shape, levels.select(kept)
    weights = level_weights(data)
    theta = _best_fit(part, data.log_mean, weights)
    fitted, jacobian = _model(part, theta)
    terms, sizes = len(part.log_terms), len(part.log_sizes)
    lively = np.abs(jacobian).max(axis=0) > 1e-4  # a term fitted as absent has no direction
    solution = linear_solution(jacobian[:, lively], weights, data, data.log_mean - fitted)
    rows = np.flatnonzero(lively).searchsorted(np.arange(terms, terms + sizes))
    variance, df = solution.variance(np.eye(int(lively.sum()))[rows])
    return Fit(
        theta[terms : terms + sizes],
        np.sqrt(variance),
        df,
        _model(shape, theta)[0],
        solution.misfit,
        solution.discrepancy,
        kept,
    )


def _model(
    shape: Shape, theta: Float[np.ndarray, " p"]
) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, "K p"]]:
    terms, sizes = len(shape.log_terms), len(shape.log_sizes)
    parts = theta[:terms, None] + shape.log_terms
    largest = parts.max(axis=0)
    shares = np.exp(parts - largest)
    total = shares.sum(axis=0)
    factor = 1.0 + theta[terms + sizes :] @ shape.corrections
    value = largest + np.log(total) + theta[terms : terms + sizes] @ shape.log_sizes
    jacobian = np.concatenate([shares / total, shape.log_sizes, shape.corrections / factor])
    return value + np.log(factor), jacobian.T


def _best_fit(
    shape: Shape, target: Float[np.ndarray, " K"], weights: Float[np.ndarray, " K"]
) -> Float[np.ndarray, " p"]:
    terms = len(shape.log_terms)
    rest = np.zeros(len(shape.log_sizes) + len(shape.corrections))
    # Each term's coefficient stays where its largest share is between 1e-8 and everything.
    ceiling = (target - shape.log_terms).max(axis=1)
    low = np.concatenate([ceiling - np.log(1e8), np.full(len(rest), -20.0)])
    high = np.concatenate([ceiling + 5.0, np.full(len(rest), 20.0)])
    corrections = len(shape.corrections)
    if corrections:
        low[-corrections:] = CORRECTION[0] / corrections
        high[-corrections:] = CORRECTION[1]
    starts = [(target - shape.log_terms).mean(axis=1) - np.log(terms)]
    if terms > 1:
        columns = np.exp(shape.log_terms - target).T * np.sqrt(weights)[:, None]
        scale = columns.max(axis=0)
        mixture = optimize.nnls(columns / scale, np.sqrt(weights))[0] / scale
        starts += [np.log(np.maximum(mixture, 1e-3 * np.exp(ceiling)))]
        for alone in range(terms):
            start = ceiling - np.log(1e3)
            start[alone] = (target - shape.log_terms[alone]).mean()
            starts.append(start)
    fits = [_descend(shape, target, weights, np.append(s, rest), low, high) for s in starts]
    # Terms may stand in for each other (one alone, with an excess exponent): of the fits that
    # the data cannot tell apart, the one nearest to the claim speaks.
    enough = min(fit[0] for fit in fits) + TIE / weights.sum()
    excess = slice(terms, terms + len(shape.log_sizes))
    equal = [theta for loss, theta in fits if loss <= enough]
    return min(equal, key=lambda theta: float(np.abs(theta[excess]).max()))


def _descend(
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
    value, jacobian = _model(shape, theta)
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
        new_value, new_jacobian = _model(shape, candidate)
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
