"""Fitting a predicted form with its next-order term and free excess exponents.

The model of the error at level k is

    log e_k = log(sum_i C_i M_ik) + sum_j gamma_j X_jk + log(1 + sum_j a_j x_jk)

with the monomials M of the prediction, X the logarithms of the sizes, and x the next-order
terms scaled to 1 at the coarsest level. The prediction says gamma = 0. Weighted least
squares by Levenberg-Marquardt; the covariance of gamma is propagated from the joint
bootstrap covariance of the levels (a sandwich), so weights affect efficiency only.

A claim is about sizes at which its rate is what is seen, so the a_j have a declared range. The fit
may leave it, for else the exponent would depend on where the range ends; it then supports nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import optimize

from theory.language.rate import Kind

from .data import Real
from .levels import SMALLEST, Levels
from .linear import MISFIT, chi_square, least_squares, level_weights, linear_solution
from .model import Shape, descend, model
from .outcome import t_quantile

TIE = 4.0  # chi-square by which two fits must differ to be told apart
CORRECTION = (-0.8, 4.0)  # range of a_j: at the coarsest level the next order may dominate 4:1
LEAST = -0.999  # the fit may go so far below, and above until 4:1 holds at the finest level
SURE = 25.0  # by which one must be worse to be given up when it is nearer to the claim
FAR = (0.25, 0.08, 0.02)  # of that end of the range: where large coefficients are looked for
DOUBT = (
    f"the next-order term is no correction (expected {CORRECTION[0]:g} to {CORRECTION[1]:g} times "
    "the leading term at the coarsest level): use finer levels, or name the right next order"
)
Region = tuple[Real, Real]


@dataclass(frozen=True)
class Fit:
    """Result: ``gamma`` (J,) with ``standard_error`` and ``df``; ``log_fit`` (K,) fitted.

    ``misfit`` is the p-value of the lack-of-fit test, ``kept`` the indices of the points
    used, ``discrepancy`` the relative error of the form that was added when it misfits.
    ``doubt`` says, when a next-order term is or may be out of its range, why nothing is supported.
    """

    gamma: Float[np.ndarray, " J"]
    standard_error: Float[np.ndarray, " J"]
    df: Float[np.ndarray, " J"]
    log_fit: Float[np.ndarray, " K"]
    misfit: float
    discrepancy: float
    kept: np.ndarray
    doubt: str = ""

    @property
    def width(self) -> float:
        """Half-width of the widest 99 % interval of an excess exponent."""
        quantiles = [t_quantile(0.995, df) for df in self.df]
        return float(np.max(np.array(quantiles) * self.standard_error))


def allowed(kind: Kind, margin: Real) -> Region:
    """The excess exponents, or missing shares of a rate of decay, that a claim admits."""
    return (-margin if kind is Kind.EXACT else -np.inf, margin)


def fit_shape(
    levels: Levels, shape: Shape, region: Region = (0.0, 0.0), *, bounded: bool = False
) -> Fit:
    """Fit, and when the form misfits, leave out coarse levels or widen the interval.

    ``region``: the excess exponents that the claim admits; of fits that the data cannot tell apart
    the nearest to it is taken. ``bounded``: next-order terms keep to the range of corrections.

    The largest window of the finest levels that passes the lack-of-fit test is used; when
    none of five levels or more passes, the one with the narrowest interval, with the
    discrepancy of the form added to the variance of every level.
    """
    everything = np.arange(levels.log_mean.size)
    first = _fit_window(levels, shape, everything, region, bounded)
    if first.misfit >= MISFIT or shape.levels.size == 0:
        return first
    windows = [first]
    for coarsest in np.unique(shape.levels)[1:-4]:
        finer = everything[shape.levels >= coarsest]
        window = _fit_window(levels, shape, finer, region, bounded)
        if window.misfit >= MISFIT:
            return window
        windows.append(window)
    return min(windows, key=lambda window: window.width)


def least_misfit(
    levels: Levels, shape: Shape, within: Any = (-np.inf, np.inf), *, bounded: bool = False
) -> float:
    """The smallest chi-square of any fit on all levels with excess exponents ``within``.

    ``within`` is one region (low, high), or one for each size.
    """
    low, high = _box(shape, levels.log_mean, bounded)
    excess = slice(len(shape.log_terms), len(shape.log_terms) + len(shape.log_sizes))
    low[excess], high[excess] = np.clip(within, low[excess][:, None], high[excess][:, None]).T
    fits = _fits(shape, levels, level_weights(levels), low, high)
    return min(chi_square(levels, levels.log_mean - model(shape, theta)[0]) for theta in fits)


def _fit_window(
    levels: Levels, shape: Shape, kept: np.ndarray, region: Region, bounded: bool
) -> Fit:
    part, data = shape.select(kept) if shape.levels.size else shape, levels.select(kept)
    weights = level_weights(data)
    low, high = _box(part, data.log_mean, bounded)
    theta, doubtful = _best_fit(part, data, weights, low, high, region)
    fitted, jacobian = model(part, theta)
    terms, sizes = len(part.log_terms), len(part.log_sizes)
    lively = np.abs(jacobian).max(axis=0) > 1e-4  # a term fitted as absent has no direction
    solution = linear_solution(jacobian[:, lively], weights, data, data.log_mean - fitted)
    rows = np.flatnonzero(lively).searchsorted(np.arange(terms, terms + sizes))
    variance, df = solution.variance(np.eye(int(lively.sum()))[rows])
    return Fit(
        theta[terms : terms + sizes],
        np.sqrt(variance),
        df,
        model(shape, theta)[0],
        solution.misfit,
        solution.discrepancy,
        kept,
        doubt=DOUBT if doubtful else "",
    )


def _box(
    shape: Shape, target: Float[np.ndarray, " K"], bounded: bool
) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, " p"]]:
    """Ranges of the parameters: each term's largest share is between 1e-8 and everything."""
    ceiling = (target - shape.log_terms).max(axis=1)
    sizes, count = np.ones(len(shape.log_sizes)), len(shape.corrections)
    smallest = np.maximum(shape.corrections.min(axis=1, initial=1.0), SMALLEST)
    least, most = np.full(count, LEAST), CORRECTION[1] / smallest
    if bounded:
        least, most = np.full(count, CORRECTION[0]), np.full(count, CORRECTION[1])
    low = [ceiling - np.log(1e8), -20.0 * sizes, least / max(count, 1)]
    high = [ceiling + 5.0, 20.0 * sizes, most]
    return np.concatenate(low), np.concatenate(high)


def _fits(
    shape: Shape,
    levels: Levels,
    weights: Float[np.ndarray, " K"],
    low: Float[np.ndarray, " p"],
    high: Float[np.ndarray, " p"],
) -> list[Float[np.ndarray, " p"]]:
    """Where descents end that start at each term alone, at all, and at large corrections."""
    starts = _starts(shape, levels.log_mean, weights, high)
    return [descend(shape, levels.log_mean, weights, start, low, high)[1] for start in starts]


def _starts(
    shape: Shape,
    target: Float[np.ndarray, " K"],
    weights: Float[np.ndarray, " K"],
    high: Float[np.ndarray, " p"],
) -> list[Float[np.ndarray, " p"]]:
    terms = len(shape.log_terms)
    rest = np.zeros(len(shape.log_sizes) + len(shape.corrections))
    ceiling = (target - shape.log_terms).max(axis=1)
    starts = [np.append((target - shape.log_terms).mean(axis=1) - np.log(terms), rest)]
    if terms == 1:
        return starts + _far_starts(shape, target, weights, high)
    columns = np.exp(shape.log_terms - target).T * np.sqrt(weights)[:, None]
    scale = columns.max(axis=0)
    mixture = optimize.nnls(columns / scale, np.sqrt(weights))[0] / scale
    starts += [np.append(np.log(np.maximum(mixture, 1e-3 * np.exp(ceiling))), rest)]
    for alone in range(terms):
        start = ceiling - np.log(1e3)
        start[alone] = (target - shape.log_terms[alone]).mean()
        starts.append(np.append(start, rest))
    return starts


def _best_fit(
    shape: Shape,
    levels: Levels,
    weights: Float[np.ndarray, " K"],
    low: Float[np.ndarray, " p"],
    high: Float[np.ndarray, " p"],
    region: Region,
) -> tuple[Float[np.ndarray, " p"], bool]:
    """The parameters, and whether they may only refute."""
    terms, target = len(shape.log_terms), levels.log_mean
    fits = _fits(shape, levels, weights, low, high)

    def distance(theta: Float[np.ndarray, " p"]) -> tuple[float, bool, float]:
        excess = theta[terms : terms + len(shape.log_sizes)]
        outside = np.maximum(np.maximum(excess - region[1], region[0] - excess), 0.0)
        dominated = _dominates(theta[terms + len(shape.log_sizes) :])
        return float(outside.max()), dominated, float(np.abs(excess).max())

    # Terms may stand in for each other (one alone, with an excess exponent): of the fits that
    # the data cannot tell apart, the one nearest to the claim speaks.
    misfit = [chi_square(levels, target - model(shape, theta)[0]) for theta in fits]
    least, unit = min(misfit), max(1.0, min(misfit) / len(target))
    tied = [t for t, misfit in zip(fits, misfit, strict=True) if misfit <= least + TIE * unit]
    nearest = min(tied, key=distance)
    # A large next-order term bends the likelihood: no standard error says what it may explain.
    excess = slice(terms, terms + len(shape.log_sizes))
    if distance(nearest)[0] > 0 and terms == 1 and len(shape.corrections):
        low[excess], high[excess] = region
        large = distance(nearest)[1]
        for theta in _fits(shape, levels, weights, low, high):
            loss = chi_square(levels, target - model(shape, theta)[0])
            if (large or distance(theta)[1]) and loss <= least + SURE * unit:
                return theta, True
    return nearest, distance(nearest)[1]


def _dominates(coefficients: Float[np.ndarray, " A"]) -> bool:
    """Whether a next-order term is out of the range in which it is a correction."""
    low, high = CORRECTION[0] / max(coefficients.size, 1), CORRECTION[1]
    return bool(np.any((coefficients <= low) | (coefficients >= high)))


def _far_starts(
    shape: Shape,
    target: Float[np.ndarray, " K"],
    weights: Float[np.ndarray, " K"],
    high: Float[np.ndarray, " p"],
) -> list[Float[np.ndarray, " p"]]:
    """For large next-order terms of one monomial, the rest of the fit: minima are far apart."""
    starts, count = [], len(shape.corrections)
    design = np.concatenate([np.ones((1, len(target))), shape.log_sizes]).T
    projector = least_squares(design, weights)
    for part in FAR if count else ():
        far = part * high[len(high) - count :]
        rest = target - shape.log_terms[0] - np.log1p(far @ shape.corrections)
        starts.append(np.append(projector @ rest, far))
    return starts
