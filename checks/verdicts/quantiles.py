"""Quantiles of the error: theorems that hold with probability 1 - delta.

The standard error of the logarithm of a sample quantile needs no density: it is a quarter of the
distance between the order statistics two binomial deviations below and above it (McKean and
Schrader, A comparison of methods for studentizing the sample median, 1984). That distance is a sum
of about as many independent spacings as there are ranks between the two, so its square has about
half as many degrees of freedom, and those are what tests of quantiles count, not the seeds.
Quantiles at two levels are as dependent as the events that errors are not above them.
"""

import re
from typing import Any, cast

import numpy as np
from jaxtyping import Float

from .claim import Claim, declared_tiers
from .levels import Levels, summarize
from .values import ClaimError, Undecided

WIDTH = 2.0  # binomial deviations, either way
LEAST = 16  # seeds expected on either side of a quantile: below it no normal law is near


def quantile_of(statistic: Any) -> float | None:
    """The 0.9 of ``"quantile 0.9"``; None for what is no such text."""
    found = re.fullmatch(r"quantile (0\.[0-9]+)", statistic) if isinstance(statistic, str) else None
    share = float(found[1]) if found else 0.0
    return share if 0 < share < 1 else None


def check_statistic(claim: Claim, choices: tuple[str, ...]) -> None:
    """One of the choices, or a quantile that the seeds can reach; else ClaimError."""
    claim_id, statistic = claim.id, cast(Any, claim).statistic
    if not isinstance(statistic, str) or not (statistic in choices or quantile_of(statistic)):
        raise ClaimError(
            f"claim {claim_id}: expected statistic in {choices} or 'quantile 0.9' with a number "
            f"between 0 and 1, received {statistic!r}"
        )
    share = quantile_of(statistic)
    if share is None:
        return
    for tier in declared_tiers(claim):
        most, needed = claim.at(tier).looks[-1], seeds_needed(share)
        if most < needed:
            raise ClaimError(
                f"claim {claim_id}: expected statistic {statistic!r} with seeds for it, {needed} "
                f"or more, received looks up to {most} in tier {tier}; name seeds={needed}, or "
                "choose a quantile nearer to the median"
            )


def seeds_needed(share: float) -> int:
    """So many seeds that a quantile has enough on its smaller side."""
    return int(np.ceil(LEAST / min(share, 1 - share) * (1 - 1e-12)))


def summarized(errors: Float[np.ndarray, "n K"], statistic: str) -> Levels:
    """`levels.summarize`, or the quantile that the statistic names."""
    share = quantile_of(statistic)
    return summarize(errors, statistic) if share is None else quantile_levels(errors, share)


def quantile_levels(errors: Float[np.ndarray, "n K"], share: float) -> Levels:
    """Logarithms of the quantiles of the columns, and their covariance over seeds.

    Raises Undecided where too few seeds are on one side of it, or errors are tied around it.
    """
    n = len(errors)
    rare = min(share, 1 - share)
    if n * rare < LEAST - 1e-9:
        raise Undecided(
            f"a quantile {share:g} of {n} seeds has about {n * rare:.1f} on its smaller side, "
            f"expected {LEAST}; use {seeds_needed(share)} seeds or more"
        )
    ordered = np.sort(errors, axis=0)
    reach = WIDTH * (n * share * (1 - share)) ** 0.5
    low, middle, high = (
        ordered[min(max(int(np.ceil(rank)), 1), n) - 1]
        for rank in (n * share - reach, n * share, n * share + reach)
    )
    if np.any(low <= 0):
        raise Undecided("a quantile of the error is 0, or nearly: its logarithm is needed")
    if np.any((np.ptp(ordered, axis=0) > 0) & (low == high)):
        raise Undecided(
            "errors are tied around their quantile, which then has no standard error", final=True
        )
    spread = np.log(high / low) / (2 * WIDTH)
    below = (errors <= middle) - (errors <= middle).mean(axis=0)
    scale = np.sqrt((below**2).sum(axis=0))
    influence = below / np.where(scale > 0, scale, 1.0) * spread
    counted = n if not spread.any() else int(reach) + 1
    return Levels(np.log(middle), influence.T @ influence, counted, np.ones(errors.shape[1]))
