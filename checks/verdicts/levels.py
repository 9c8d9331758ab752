"""From errors of seeds to one number a level, with the covariance between levels.

The seed is the unit of inference: seeds share their randomness across levels, so all
levels are resampled together (Efron's bootstrap of rows).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

RESAMPLES = 1000
SMALLEST = 1e-300  # stands for zero under a logarithm


@dataclass(frozen=True)
class Levels:
    """Logarithms of a statistic at every level, and their covariance over seeds.

    ``log_mean`` has shape (K,), ``covariance`` (K, K); ``seeds`` is their number;
    ``sign`` (K,) is the sign of the statistic, -1 possible for weak errors only.
    """

    log_mean: Float[np.ndarray, " K"]
    covariance: Float[np.ndarray, "K K"]
    seeds: int
    sign: Float[np.ndarray, " K"]

    @property
    def relative_error(self) -> Float[np.ndarray, " K"]:
        """Standard error of the statistic over the statistic, at every level."""
        return np.sqrt(np.diag(self.covariance))

    def select(self, keep: np.ndarray) -> "Levels":
        """The levels with the given indices."""
        covariance = self.covariance[np.ix_(keep, keep)]
        return Levels(self.log_mean[keep], covariance, self.seeds, self.sign[keep])


def summarize(errors: Float[np.ndarray, "n K"], statistic: str) -> Levels:
    """Log statistic of each column, with the bootstrap covariance of the logs.

    ``statistic``: mean, rms, geometric (mean of logs) or weak (|mean| of signed values).
    """
    powers = {"rms": 2, "mean": 1, "weak": 1, "geometric": 1}
    values = errors**2 if statistic == "rms" else errors
    if statistic == "geometric":
        values = np.log(np.maximum(errors, SMALLEST))
    centre = values.mean(axis=0)
    resampled = bootstrap_weights(len(errors)) @ values
    sign = np.where(centre < 0, -1.0, 1.0) if statistic == "weak" else np.ones(len(centre))
    if statistic != "geometric":
        centre = np.log(np.maximum(sign * centre, SMALLEST)) / powers[statistic]
        # Linear in the mean, so that a resample near zero does not blow up the logarithm.
        relative = resampled / np.maximum(np.abs(values.mean(axis=0)), SMALLEST)
        resampled = relative / powers[statistic]
    resampled = resampled - resampled.mean(axis=0)
    # A resample of n rows has (n - 1)/n of the variance of a mean.
    inflation = len(errors) / max(len(errors) - 1, 1)
    covariance = inflation * resampled.T @ resampled / (RESAMPLES - 1)
    return Levels(centre, covariance, len(errors), sign)


@lru_cache(maxsize=32)
def bootstrap_weights(n: int) -> Float[np.ndarray, "resamples {n}"]:
    """Weights of resampled rows, (RESAMPLES, n), each row summing to one.

    They depend on n alone, not on the data, so that a judgement is repeatable.
    """
    rng = np.random.default_rng([n, RESAMPLES])
    return rng.multinomial(n, np.full(n, 1.0 / n), size=RESAMPLES) / n
