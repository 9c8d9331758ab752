"""Claims about approximation: heads drawn from the pool that makes the target."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np

from checks.shallow_transformer_gd import readings
from checks.shallow_transformer_gd.responses import pool_responses
from checks.shallow_transformer_gd.statements import (
    HALF,
    QUARTER,
    ROUNDING,
    by_tier,
    experiment,
    m,
    state,
)
from checks.verdicts import (
    Column,
    GrowthClaim,
    IdentityClaim,
    IndependenceClaim,
    InequalityClaim,
    RateClaim,
    With,
    drifting,
    dtype_tolerance,
    growing,
)
from numerics.engine.measuring import Keys, Size, Table
from numerics.generated.shallow_transformer_gd import approximation_bound, required_width
from numerics.shallow_transformer_gd import fresh_heads as fresh

# N3, N3b, N4: approximation error, heads drawn from the pool that makes the target.
SAMPLES = {"smoke": 1024, "standard": 4096, "full": 4096}
pooled = {"seeds": {"smoke": 128, "standard": 512, "full": 2048}}
pool = experiment("pool", fresh.profile, together="n")


def of_pool(reading: Callable[..., Any]) -> Column:
    """What is read of the pool: all widths are simulated together."""
    return pool.column(reading, lambda size: {"n": size["n"]})


largest, sup_square, needed_width = map(
    of_pool, (readings.approximation, readings.sup_square, readings.needed_width)
)
mean_square = of_pool(partial(readings.approximation, what="mean_square"))


def counted(least: int, step: int = 2) -> dict[str, Any]:
    """Numbers of samples from ``least`` to all of them, by tier; the same heads and samples."""
    sizes = by_tier("n", *(fresh.levels(least, n, step) for n in SAMPLES.values()))
    return {"sizes": sizes} | pooled


heads_moved = experiment("responses", pool_responses)


def widths_asked(_: Size, keys: Keys) -> Table:
    """Random accuracies, the width that is asked for, and the bound near that width.

    ``bound/k``: k heads more, over the accuracy.
    """
    low, high = [2.0, 0.05, 0.001, 0.5], [1e4, 1.0, 0.1, 3.0]
    rows = [np.random.default_rng(key).uniform(low, high) for key in np.asarray(keys)]
    n, epsilon, delta, b = np.transpose(rows)
    width = jax.vmap(required_width)(n, epsilon, delta, b)
    bound = jax.vmap(approximation_bound)
    near = {k: np.asarray(bound(n, width + k, delta, b)) for k in range(-2, 2)}
    return {f"bound/{k}": values / epsilon for k, values in near.items()}


def not_least(_: Size, table: Table, more: int = 0) -> np.ndarray:
    """By how much the bound at a width is above the accuracy, or at one head less below it."""
    at, before = table[f"bound/{more}"], table[f"bound/{more - 1}"]
    return np.maximum(at - 1, 0) + np.maximum(1 - before, 0)


asked = experiment("widths-asked", widths_asked)


def over_error(divisor: float) -> Column:
    """The slack of Lemma 5's bound, divided, relative to the error."""
    return of_pool(lambda size, table: readings.bound_over_error(size, table) / divisor - 1)


quarter_power = (r"$n^{1/4}$ for $\log n$", growing("n", 0.25))
power_claimed = ("a power law claimed", {"law": "power"})
approximation_claims = (
    state(
        GrowthClaim, "log-n",
        r"$m \epsilon^2$ grows like $\log n$, with at most twice its variance as slope, for the "
        r"largest approximation error $\epsilon$", sup_square,
        {
            "quarter-power": quarter_power,
            "power-claimed": power_claimed,
            "slope": ("a slope of half the variance", {"slope_bound": 0.25}),
        },
        law="log", slope_bound=1.0, **counted(8),
    ),
    state(
        GrowthClaim, "required-width", r"The width needed for a given accuracy grows like $\log "
        "n$",
        needed_width, {"quarter-power": quarter_power, "power-claimed": power_claimed},
        law="log", **counted(8),
    ),
    state(
        IndependenceClaim, "mean-square",
        "The mean square of the approximation error changes by less than a tenth with $n$",
        mean_square,
        {
            "largest": ("the largest error for the mean square", sup_square),
            "drift": ("a growth by 25 % over the range", drifting("n", 1.25)),
        },
        size="n", margin=0.1, **counted(64, 4),
    ),
    state(
        RateClaim, "approximation", r"The largest approximation error falls like $1/\sqrt{m}$",
        largest,
        {"one-over-m": ("$1/m$", 1 / m), "quarter": ("$m^{-1/4}$", m**-QUARTER)}, source="quoted",
        sizes={k: {"m": fresh.WIDTHS[2:], "n": [n]} for k, n in SAMPLES.items()},
        predicted=m**-HALF, kind="exact",
        next_order=HALF, **pooled,
    ),
    state(
        InequalityClaim, "approximation-bound",
        "The largest approximation error of 64 heads is at most the bound of Lemma 5, with the "
        "constant of independent pairs and at probability 0.99; it is loose",
        over_error(1.0),
        {
            "two-hundredth": ("a two-hundredth of the bound", over_error(200.0)),
            "thousandth": ("a thousandth of the bound", over_error(1000.0)),
        },
        source="quoted", **counted(16, 4),
    ),
    state(
        IdentityClaim, "least-width",
        "The width that Lemma 5, with that constant, asks for is the least at which its bound is "
        r"at most $\epsilon$",
        asked.column(not_least),
        {
            "more": ("one head more", With(more=1)),
            "fewer": ("one head fewer", With(more=-1)),
        },
        tolerance=ROUNDING, seeds=256,
    ),
    state(
        IdentityClaim, "responses",
        "The responses of heads, and of the pool that the claims about approximation ask, are "
        "derivatives of a softmax head along the transport that the anchors give",
        heads_moved["right"],
        {
            "noise": (
                "Gaussian noise of the same variance for the pool", heads_moved["noise"]
            ),
            "frozen": ("$W$ not moved", heads_moved["frozen"]),
        },
        tolerance=dtype_tolerance(np.float64, operations=64), seeds=64,
    ),
)  # fmt: skip
