"""What trained weights say about the weights of this room."""

from collections.abc import Iterator, Sequence

import numpy as np

from checks.properties.checkpoint import Head
from checks.properties.trained import Finding, Measured

GAUSSIAN = 4.0  # standard errors of the kurtosis beyond which weights are not Gaussian


def findings(heads: Sequence[Head], measured: Sequence[Measured]) -> Iterator[Finding]:
    """Excess kurtosis of each matrix against its standard error sqrt(24 / entries)."""
    worst, where = 0.0, heads[0]
    for head in heads:
        for w in (head.Wq, head.Wk, head.Wv):
            centred = w - w.mean()
            variance = (centred**2).mean()
            excess = (centred**4).mean() / variance**2 - 3 if variance > 0 else -3.0
            errors = excess / np.sqrt(24 / w.size)
            if abs(errors) > abs(worst):
                worst, where = float(errors), head
    yield Finding(
        "gaussian-weights", abs(worst) <= GAUSSIAN,
        f"the kurtosis of a matrix differs from a Gaussian's by up to {worst:.1f} standard errors "
        f"(layer {where.layer}, head {where.head})",
    )  # fmt: skip
