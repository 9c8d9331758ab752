"""Growth of an error relative to an upper bound with several terms.

A bound ``e <= C_1 M_1 + C_2 M_2 + ...`` with free constants holds when, for some constants,
the ratio of error to bound grows in no size. The ratio at unit constants may grow on a
finite grid although the bound holds, so the constants most favourable to the claim are
taken. The sampling error of the slopes does not depend on the constants: choosing them
leaves the error probabilities as they are.
"""

import numpy as np
from jaxtyping import Float

from .fit import Fit
from .levels import Levels
from .linear import least_squares, level_weights
from .model import Shape

SPAN, STEPS = np.log(1e6), 61  # range of log C_i around equal shares, and scan resolution


def fit_bound(levels: Levels, shape: Shape) -> Fit:
    """Slopes (J,) of log(error / bound) on the log sizes, constants chosen favourably."""
    weights = level_weights(levels)
    design = np.concatenate([np.ones((1, shape.log_sizes.shape[1])), shape.log_sizes]).T
    projector = least_squares(design, weights)[1:]
    target = projector @ levels.log_mean
    log_bound = _favourable(shape, projector, target)
    gamma = target - projector @ log_bound
    variance = np.einsum("jk,kl,jl->j", projector, levels.covariance, projector)
    offset = np.average(levels.log_mean - log_bound - gamma @ shape.log_sizes, weights=weights)
    fitted = log_bound + gamma @ shape.log_sizes + offset
    df = np.full(len(gamma), max(levels.seeds - 1.0, 1.0))
    return Fit(gamma, np.sqrt(variance), df, fitted, 1.0, 0.0, np.arange(len(fitted)))


def _favourable(
    shape: Shape, projector: Float[np.ndarray, "J K"], target: Float[np.ndarray, " J"]
) -> Float[np.ndarray, " K"]:
    """Log bound (K,) whose constants make the largest slope of the ratio smallest."""
    terms = shape.log_terms - shape.log_terms.mean(axis=1, keepdims=True)
    constants = np.zeros(len(terms))
    width = SPAN
    for _ in range(4 if len(terms) == 2 else 12):
        for i in range(1, len(terms)):
            trial = np.repeat(constants[:, None], STEPS, axis=1)
            trial[i] += np.linspace(-width, width, STEPS)
            bounds = np.logaddexp.reduce(trial[:, :, None] + terms[:, None], axis=0)
            growth = (target[:, None] - projector @ bounds.T).max(axis=0)
            constants = trial[:, int(np.argmin(growth))]
        width *= 0.15 if len(terms) == 2 else 0.6
    return np.logaddexp.reduce(constants[:, None] + terms, axis=0)
