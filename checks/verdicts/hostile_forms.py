"""Studies made to mislead the rules of limits that no one knows, and of quantiles of the error."""

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from .kinds.limit import LimitClaim
from .kinds.rate import RateClaim
from .study import Hostile, noise, unmeasured

n = sp.Symbol("n", positive=True)
LEVELS = {"n": [2**k for k in range(2, 11)]}
FEWER = {"n": [2**k for k in range(2, 10)]}


def _limit(name: str, right: bool, path: Callable[[Any], Any], **fields: Any) -> Hostile:
    """Three plus a distance with log-normal noise, claimed to settle like 1/n."""
    given = {"sizes": LEVELS, "predicted": 1 / n, **fields}
    claim = LimitClaim(id=f"hostile/{name}", value=unmeasured, **given)
    return Hostile(name, right, claim, lambda rng, count, n: 3 + path(n) * noise(rng, count))


def _quantile(
    name: str, right: bool, rare: Callable[[Any], Any], statistic: str = "quantile 0.9"
) -> Hostile:
    """Errors of order 1/n in most seeds and another in one of five, claimed to be of order 1/n."""
    claim = RateClaim(
        id=f"hostile/{name}", error=unmeasured, sizes=FEWER, predicted=1 / n, statistic=statistic
    )

    def draw(rng: np.random.Generator, count: int, n: int) -> np.ndarray:
        return np.where(rng.random(count) < 0.2, rare(n), 1 / n) * noise(rng, count)

    return Hostile(name, right, claim, draw)


LIMITS = (
    _limit("settling-like-1-over-n", True, lambda n: 1 / n),
    _limit("settling-behind-a-correction", True, lambda n: (1 + 2 / n) / n),
    _limit("settling-faster-than-a-bound", True, lambda n: n**-1.5, kind="upper bound"),
    _limit("settling-more-slowly", False, lambda n: n**-0.75),
    _limit("settling-at-the-edge", False, lambda n: n**-0.9),
    _limit("settling-above-a-half-order", False, lambda n: n**-1.1 * (1 - 0.3 * n**-0.5)),
    _limit("a-logarithm-that-settles-nowhere", False, lambda n: 0.1 * np.log(n)),
    _limit("settling-and-then-drifting", False, lambda n: 1 / n - 0.002 * np.log(n)),
    _limit(
        "settling-nowhere-claimed-slow",
        False,
        lambda n: np.log(np.log(n)),
        predicted=n ** -sp.Rational(1, 5),
    ),
)
QUANTILES = (
    _quantile("quantile-of-one-law", True, lambda n: 3 / n),
    _quantile("quantile-of-rare-slower-errors", False, lambda n: 3 * n**-0.75),
    _quantile("median-that-rare-errors-leave", True, lambda n: 3 * n**-0.75, "quantile 0.3"),
    _quantile("quantile-at-the-edge", False, lambda n: 9 * n**-0.9),
    _quantile("quantile-within-its-margin", True, lambda n: 9 * n**-0.95),
)
