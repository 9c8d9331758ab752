"""The rules in use elsewhere, as their documentation states them: do they accept a claim?

Each sees all seeds at once and answers yes or no; None where it has nothing to say of such a claim.
Rules of orders read the means of the errors; of a quantity whose limit no one knows, the
differences of neighbouring levels.

- slope: least squares of the logarithms, within 0.3 of the claimed order; a common tolerance.
- SciML: DiffEqDevTools' mean of log2 ratios of neighbours, within the 0.2 of its tests.
- diffrax: least squares of the logarithms, within the 0.9 of its tests.
- interval: the claimed order is in the 95 % interval of the regression.
- mlmc: Giles' regression over the levels but the coarsest (Acta Numerica 2015), within the margin.
- GCI: the observed order of the three finest levels, within the 10 % that counts as asymptotic
  (Roache 1998; Oberkampf and Roy 2010).
- DKWM: TensorFlow Probability's ``assert_true_mean_equal_by_dkwm``, false failures 1e-6.
- confseq: the predictable plug-in empirical Bernstein sequence of Waudby-Smith and Ramdas (2024),
  95 %: the expected mean is never outside. This and DKWM are for means of bounded observations.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from theory.language.rate import Kind, Rate

from .claim import Claim
from .data import Data
from .kinds.limit import LimitClaim
from .kinds.moment import MomentClaim
from .kinds.rate import RateClaim
from .outcome import t_quantile
from .shapes import log_prediction

COMPARED = (RateClaim, LimitClaim, MomentClaim)  # kinds that some rule says something of


@dataclass(frozen=True)
class Orders:
    """What a rule of orders reads: means from coarse to fine, and the order that is claimed.

    ``decay`` is minus the logarithm of the prediction, over the claimed ``order``: the logarithm of
    the size, for one monomial in one. ``values``: the means of what converges, if of one size.
    """

    logs: Float[np.ndarray, " K"]
    decay: Float[np.ndarray, " K"]
    order: float
    bound: bool
    margin: float
    values: Float[np.ndarray, " V"] | None

    def accepts(self, found: float, tolerance: float) -> bool:
        """Whether an order is the claimed one; of a bound, whether it is no lower."""
        return found >= self.order - tolerance and (self.bound or found <= self.order + tolerance)

    def slope(self, first: int = 0) -> float:
        """Minus the slope of least squares from a level on."""
        return -float(np.polyfit(self.decay[first:], self.logs[first:], 1)[0])


def orders_of(claim: Claim, data: Data) -> Orders | None:
    """The means of a claim of a rate; None for other claims."""
    if isinstance(claim, RateClaim) and claim.statistic == "mean":
        means = data.matrix("error").mean(axis=0)
        return _orders(claim.rate, float(claim.margin), data, means, means)
    if isinstance(claim, LimitClaim):
        means = data.matrix("value").mean(axis=0)
        coarse = data.select(range(len(means) - 1))
        return _orders(claim.rate, float(claim.margin), coarse, np.abs(np.diff(means)), means)
    return None


def _orders(
    rate: Rate,
    margin: float,
    data: Data,
    errors: Float[np.ndarray, " K"],
    values: Float[np.ndarray, " V"],
) -> Orders:
    one = len(rate.sizes) == len(rate.terms) == 1
    order = -float(next(iter(rate.exponents()[0].values()))) if one else 1.0
    decay = -log_prediction(rate, data) / order
    rank = np.argsort(decay, kind="stable")
    bound = rate.kind is Kind.UPPER_BOUND
    return Orders(np.log(errors[rank]), decay[rank], order, bound, margin, values if one else None)


def slope(claim: Claim, data: Data) -> bool | None:
    """The slope within 0.3."""
    found = orders_of(claim, data)
    return None if found is None else found.accepts(found.slope(), 0.3)


def diffrax(claim: Claim, data: Data) -> bool | None:
    """The slope within 0.9."""
    found = orders_of(claim, data)
    return None if found is None else found.accepts(found.slope(), 0.9)


def sciml(claim: Claim, data: Data) -> bool | None:
    """The mean of the local orders within 0.2."""
    found = orders_of(claim, data)
    if found is None:
        return None
    steps = np.diff(found.decay)
    local = -np.diff(found.logs)[steps > 1e-9] / steps[steps > 1e-9]
    return found.accepts(float(local.mean()), 0.2)


def interval(claim: Claim, data: Data) -> bool | None:
    """The 95 % interval of the regression contains the order."""
    found = orders_of(claim, data)
    if found is None:
        return None
    centred = found.decay - found.decay.mean()
    residual = found.logs - found.logs.mean() + found.slope() * centred
    df = len(centred) - 2
    variance = float(residual @ residual / df / (centred @ centred))
    return found.accepts(found.slope(), t_quantile(0.975, df) * variance**0.5)


def mlmc(claim: Claim, data: Data) -> bool | None:
    """Regression over the levels but the coarsest, within the margin."""
    found = orders_of(claim, data)
    if found is None or found.values is None:
        return None
    return found.accepts(found.slope(0 if isinstance(claim, LimitClaim) else 1), found.margin)


def gci(claim: Claim, data: Data) -> bool | None:
    """The order of the changes between the three finest levels, within a tenth of it."""
    found = orders_of(claim, data)
    if found is None or found.values is None:
        return None
    coarse, fine = np.diff(found.values)[-2:]
    if coarse * fine <= 0:
        return False
    ratio = found.decay[-1] - found.decay[-2]
    return found.accepts(float(np.log(coarse / fine) / ratio), 0.1 * found.order)


def dkwm(claim: Claim, data: Data) -> bool | None:
    """The expected mean is within those of all laws in the DKWM band around the sample."""
    found = _bounded(claim, data)
    if found is None:
        return None
    values, expected = found
    envelope = float(np.sqrt(-np.log(1e-6 / 2) / (2 * len(values))))
    return 1 - _largest_mean(1 - values, envelope) <= expected <= _largest_mean(values, envelope)


def _largest_mean(values: Float[np.ndarray, " n"], envelope: float) -> float:
    """With the lowest part of the mass moved to 1."""
    mass = np.full(len(values), 1 / len(values))
    gone = np.clip(envelope - np.arange(len(values)) / len(values), 0, mass)
    return float((mass - gone) @ np.sort(values) + gone.sum())


def confseq(claim: Claim, data: Data) -> bool | None:
    """The expected mean is in the 95 % confidence sequence after every observation."""
    found = _bounded(claim, data)
    if found is None:
        return None
    x, expected = found
    t = np.arange(1, len(x) + 1)
    mean = (0.5 + np.cumsum(x)) / (t + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2)) / (t + 1)
    before, spread = np.append(0.5, mean[:-1]), np.append(0.25, variance[:-1])
    bet = np.minimum(0.5, np.sqrt(2 * np.log(2 / 0.05) / (spread * t * np.log1p(t))))
    total = np.cumsum(bet)
    centre = np.cumsum(bet * x) / total
    cost = np.cumsum((x - before) ** 2 * (-np.log1p(-bet) - bet))
    return bool(np.all(np.abs(centre - expected) <= (np.log(2 / 0.05) + cost) / total))


def _bounded(claim: Claim, data: Data) -> tuple[Float[np.ndarray, " n"], float] | None:
    """Observations and the expected mean in the unit of the bounds; None without any."""
    if not isinstance(claim, MomentClaim) or claim.bounds is None:
        return None
    low, high = (float(np.ravel(end)[0]) for end in claim.bounds)
    values = (data.arrays["sample"][0].reshape(data.seeds) - low) / (high - low)
    return values, (float(np.ravel(claim.expected_at(data.points[0]))[0]) - low) / (high - low)


RIVALS: dict[str, Callable[[Claim, Data], bool | None]] = {
    "slope 0.3": slope,
    "SciML 0.2": sciml,
    "diffrax 0.9": diffrax,
    "interval": interval,
    "mlmc": mlmc,
    "GCI": gci,
    "DKWM": dkwm,
    "confseq": confseq,
}
