"""Tails of a studentised mean whose observations are skew: Hall's transformation."""

import numpy as np
from jaxtyping import Float

from .data import Real

SHOWN = 1.25  # the skewness of a law over that of a sample


def bent(t: float, skew: Real) -> float:
    """Hall's transformation of a studentised mean whose distribution is skew."""
    return t if skew == 0 else ((1 + skew * t / 3) ** 3 - 1) / skew + skew / 6


def unbent(x: float, skew: Real) -> float:
    """Its inverse."""
    if skew == 0:
        return x
    return 3 / skew * (float(np.cbrt(1 + skew * (x - skew / 6))) - 1)


def least_bent(t: float, skew: Real) -> float:
    """The least of the transformation over skewnesses up to this one: beyond it turns up again.

    A skewness that takes from a tail is that of rare observations which a sample may lack.
    """
    if t <= 0 or skew >= 0:
        return bent(t, skew)
    return bent(t, max(skew, -2.25 * (2 * t**2 + 1) / t**3))


def third_cumulant(x: Float[np.ndarray, " n"]) -> float:
    """Skewness of the law of the observations, 0 when they do not vary.

    Samples show less skewness than their law has: a quarter is added.
    """
    centred = x - x.mean()
    second = float((centred**2).mean())
    return SHOWN * float((centred**3).mean()) / second**1.5 if second > 0 else 0.0
