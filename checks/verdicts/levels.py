"""From errors of seeds to one number a level, with the covariance between levels.

The seed is the unit of inference: seeds share their randomness across levels, so levels
are never resampled apart. The statistics are functions of means over seeds; for their
linearisation the joint bootstrap over seeds with infinitely many resamples is known in
closed form (Efron and Tibshirani, An Introduction to the Bootstrap, section 5.5): the
covariance of the rows' influences over their number. It is used in place of drawing resamples,
and a test compares the two.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from .values import Undecided

SMALLEST = 1e-300  # stands for zero under a logarithm
ROUNDED = 1e-12  # of the largest value: values so near each other are one
MULTIPLES = 1e5  # steps of a lattice: every larger multiple is near a whole number


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

    def to_power(self, power: int) -> "Levels":
        """The levels of a power of the statistic."""
        return replace(self, log_mean=power * self.log_mean, covariance=power**2 * self.covariance)


def refuse_copies(values: Float[np.ndarray, "n K"]) -> None:
    """Raise `Undecided` where seeds repeat others at all levels: they would be counted twice.

    Several rows occur more than once, and rows that are equal in one column are equal in all, which
    independent draws of a few values are not. Values on a lattice (counts) may be equal, and so may
    errors without any randomness, or one value that stands out, such as zero.
    """
    first = np.unique(values[:, 0])
    if len(first) == len(values) or is_lattice(first):
        return
    rows, repeats = np.unique(values, axis=0, return_counts=True)
    varying = [count for column in values.T if (count := len(np.unique(column))) > 1]
    if (repeats > 1).sum() > 1 and len(varying) > 1 and set(varying) == {len(rows)}:
        raise Undecided(
            f"{len(values) - len(rows)} of {len(values)} seeds repeat others at every level, and "
            "each draw counts once: return a new draw for each key, or let the cap be the "
            f"{len(rows)} that there are",
            final=True,
        )


def is_lattice(values: Float[np.ndarray, " u"]) -> bool:
    """Whether sorted values differ by multiples of their least difference, but for rounding."""
    steps = np.diff(values)
    steps = steps[steps > ROUNDED * np.abs(values).max(initial=0.0)]
    steps = steps / steps.min(initial=np.inf)
    return bool(np.all((np.abs(steps - np.rint(steps)) <= 1e-6 * steps) & (steps <= MULTIPLES)))


def summarize(errors: Float[np.ndarray, "n K"], statistic: str) -> Levels:
    """Log statistic of each column, with the joint bootstrap covariance of the logs.

    ``statistic``: mean, rms, geometric (mean of logs) or weak (|mean| of signed values).
    """
    n, levels = errors.shape
    sign = np.ones(levels)
    if statistic == "geometric":
        if np.any(errors <= 0):
            raise Undecided(
                "the error is 0 for some seed, and a geometric mean needs its logarithm; judge the "
                "mean or rms",
                final=True,
            )
        logs = np.log(errors)
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
