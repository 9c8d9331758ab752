"""From errors of seeds to one number a level, with the covariance between levels.

The seed is the unit of inference: seeds share their randomness across levels, so levels
are never resampled apart. The statistics are functions of means over seeds; for their
linearisation the joint bootstrap over seeds with infinitely many resamples is known in
closed form (Efron and Tibshirani, An Introduction to the Bootstrap, section 5.5): the
covariance of the rows' influences over their number. It is used in place of drawing resamples,
and a test compares the two.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

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

    def select(self, keep: Int[np.ndarray, " kept"]) -> "Levels":
        """The levels with the given indices."""
        covariance = self.covariance[np.ix_(keep, keep)]
        return Levels(self.log_mean[keep], covariance, self.seeds, self.sign[keep])


def summarize(errors: Float[np.ndarray, "n K"], statistic: str) -> Levels:
    """Log statistic of each column, with the joint bootstrap covariance of the logs.

    ``statistic``: mean, rms, geometric (mean of logs) or weak (|mean| of signed values).
    """
    n, levels = errors.shape
    sign = np.ones(levels)
    if statistic == "geometric":
        logs = np.log(np.maximum(errors, SMALLEST))
        centre, influence = logs.mean(axis=0), logs - logs.mean(axis=0)
    else:
        power = 2 if statistic == "rms" else 1
        values = errors**power
        mean = values.mean(axis=0)
        size = np.maximum(np.abs(mean), SMALLEST)
        if statistic == "weak":
            sign = np.where(mean < 0, -1.0, 1.0)
        centre, influence = np.log(size) / power, (values - mean) / size / power
    return Levels(centre, influence.T @ influence / (n * max(n - 1, 1)), n, sign)
