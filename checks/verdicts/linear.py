"""Weighted least squares on levels, with a lack-of-fit test and an honest variance."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy import special

from .levels import Levels

MISFIT = 0.002  # level of the lack-of-fit test: a right form loses levels once in 500 looks
ROUNDING = 1e-8  # relative error below which levels are not compared
SINGULAR = 1e-15  # of the variance of all levels: what double precision does not hold of it


def level_weights(levels: Levels) -> Float[np.ndarray, " K"]:
    """Inverse variances, half shrunk to their mean since they are themselves estimated."""
    variance = np.diag(levels.covariance)
    return 1.0 / (0.5 * variance + 0.5 * variance.mean() + ROUNDING**2)


def chi_square(levels: Levels, residual: Float[np.ndarray, " K"]) -> float:
    """Size of residuals by the joint covariance of the levels, or level by level for few seeds."""
    return float(((whitener(levels) @ residual) ** 2).sum())


def whitener(levels: Levels) -> Float[np.ndarray, "K K"]:
    """What makes residuals of the levels a vector whose squared length is their chi-square."""
    covariance = _regular(levels.covariance)
    spare = levels.seeds - len(covariance)
    if spare < 2:
        return np.diag(np.diag(covariance) ** -0.5)
    root = np.linalg.inv(np.linalg.cholesky(covariance))
    return root * (spare / (levels.seeds - 1)) ** 0.5


def _regular(covariance: Float[np.ndarray, "K K"]) -> Float[np.ndarray, "K K"]:
    """With the variance of rounding, so that levels that one seed makes have an inverse."""
    ridge = max(ROUNDING**2, SINGULAR * float(np.trace(covariance)))
    return covariance + ridge * np.eye(len(covariance))


def misfit_unit(least: float, spare: int) -> float:
    """What chi-squares are compared in: where no form fits, the misfit of the best one.

    ``spare``: levels beyond the parameters of a form. As in analysis of variance.
    """
    misfits = spare > 0 and special.chdtrc(spare, least) < MISFIT
    return max(1.0, least / spare) if misfits else 1.0


def least_squares(
    design: Float[np.ndarray, "K p"], weights: Float[np.ndarray, " K"]
) -> Float[np.ndarray, "p K"]:
    """The matrix that takes data to the parameters of a weighted least-squares fit.

    The pseudoinverse drops what is small beside the largest direction: columns are brought to one
    length first, for a floor under a fast decay is small in the unit of the decay and not absent.
    """
    root = np.sqrt(weights)
    columns = design * root[:, None]
    length = np.linalg.norm(columns, axis=0)
    length[length == 0] = 1.0
    return np.linalg.pinv(columns / length) * root / length[:, None]


def unit_columns(logs: Float[np.ndarray, "T K"]) -> Float[np.ndarray, "T K"]:
    """Terms from their logarithms, each in the unit of its largest: none is beyond all doubles."""
    return np.exp(logs - logs.max(axis=1, keepdims=True))


@dataclass(frozen=True)
class Linear:
    """A weighted least-squares step: parameters = ``projector`` (p, K) @ data."""

    projector: Float[np.ndarray, "p K"]
    levels: Levels
    misfit: float
    discrepancy: float
    spare: int

    def variance(
        self, contrasts: Float[np.ndarray, "c p"]
    ) -> tuple[Float[np.ndarray, " c"], Float[np.ndarray, " c"]]:
        """Variance of contrasts of the parameters, and degrees of freedom (Satterthwaite)."""
        rows = contrasts @ self.projector
        sampling = np.maximum(np.einsum("ck,kl,cl->c", rows, self.levels.covariance, rows), 0)
        form = self.discrepancy**2 * (rows**2).sum(axis=1)
        total = sampling + form
        spread = sampling**2 / max(self.levels.seeds - 1, 1) + form**2 / max(self.spare, 1)
        df = np.where(total > 0, total**2 / np.maximum(spread, 1e-300), 1.0)
        return total, np.maximum(df, 1.0)


def linear_solution(
    jacobian: Float[np.ndarray, "K p"],
    weights: Float[np.ndarray, " K"],
    levels: Levels,
    residual: Float[np.ndarray, " K"],
) -> Linear:
    """Least squares with the lack-of-fit test (Hotelling) and the discrepancy it asks for."""
    projector = least_squares(jacobian, weights)
    remainder = np.eye(len(residual)) - jacobian @ projector
    spare = len(residual) - jacobian.shape[1]
    residual = remainder @ residual
    misfit = _hotelling(remainder, levels, residual, spare)
    discrepancy = 0.0
    if misfit < MISFIT:
        sampling = np.trace(remainder @ levels.covariance @ remainder.T)
        excess = residual @ residual - sampling
        discrepancy = float(np.sqrt(max(excess, 0.0) / max(np.trace(remainder @ remainder.T), 1)))
    return Linear(projector, levels, misfit, discrepancy, spare)


def relative_solution(
    levels: Levels, log_fit: Float[np.ndarray, " K"], columns: Float[np.ndarray, "K p"]
) -> tuple[Float[np.ndarray, " p"], Linear]:
    """Least squares of error / fitted error on columns in the same unit: coefficients, and how."""
    relative = relative_levels(levels, log_fit)
    values = relative.log_mean
    solution = linear_solution(columns, level_weights(levels), relative, values)
    return solution.projector @ values, solution


def relative_levels(levels: Levels, log_fit: Float[np.ndarray, " K"]) -> Levels:
    """Levels of error / fitted error, in place of logarithms."""
    values = np.exp(levels.log_mean - log_fit)
    return replace(levels, log_mean=values, covariance=levels.covariance * np.outer(values, values))


def _hotelling(
    remainder: Float[np.ndarray, "K K"],
    levels: Levels,
    residual: Float[np.ndarray, " K"],
    spare: int,
) -> float:
    """p-value of 'the residuals are sampling error', jointly over levels."""
    if spare < 1:
        return 1.0
    noise = remainder @ _regular(levels.covariance) @ remainder.T
    n = levels.seeds
    # With few seeds a joint test sees nothing: level by level, as for data without any noise.
    if n < 4 * spare:
        ratio = float((residual**2 / np.diag(noise)).sum()) / spare
        return float(special.fdtrc(spare, max(n - 1, 1), ratio))
    values, vectors = np.linalg.eigh(noise)
    scores = vectors[:, -spare:].T @ residual
    statistic = float((scores**2 / np.maximum(values[-spare:], 0.1 * ROUNDING**2)).sum())
    return float(special.fdtrc(spare, n - spare, (n - spare) / (spare * (n - 1)) * statistic))
