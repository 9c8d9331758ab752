"""Claims about deviations from infinite width: constant, law, tails, growth in time, depth."""

from typing import Any

import numpy as np
import sympy as sp

from checks.mean_field_flow import wrong
from checks.mean_field_flow.statements import HALF, SEEDS, L, M, networks, rate, state
from checks.verdicts import (
    ConstantClaim,
    Experiment,
    FrequencyClaim,
    IndependenceClaim,
    LawClaim,
    With,
)
from numerics.engine.measuring import Size, Table
from numerics.mean_field_flow import errors, first_order

short = networks("short", errors.short_training)
tied = short.changed("tied", draw=wrong.tied)
levels: dict[str, Any] = {
    "sizes": {
        "smoke": {"M": [1, 16, 256], "L": [2, 8]},
        "standard": {"M": [1, 16, 256], "L": [4, 8, 16]},
        "full": {"M": [1, 4, 16, 256], "L": [2, 4, 8, 16]},
    },
    "cap": {"smoke": 192, "standard": 576, "full": 1152},
}


def over_derived(_: Size, table: Table, times: float = 1.0, power: int = 1) -> np.ndarray:
    """Untrained outputs about infinite width, over their derived spread without (M L)^(-1/2)."""
    return table["start"] / (times * table["spread"] ** power)


constant_claim = state(
    ConstantClaim,
    "clt-constant",
    r"Before training, $\sqrt{M L}$ times the deviation of the outputs from infinite width is "
    r"the one that $\langle g, p \rangle$ of a particle gives, to 15 %.",
    short.column(over_derived),
    {
        "whole": ("$f + h$ for their half", With(times=2.0)),
        "variance": ("variance for standard deviation", With(power=2)),
    },
    predicted=(M * L) ** -HALF,
    constant=1.0,
    statistic="rms",
    margin=0.15,
    next_order=None,
    seeds=SEEDS,
    **levels,
)

DEVIATIONS = (1.0, 2.0)


def beyond(size: Size, table: Table, power: float = 0.5) -> np.ndarray:
    """Is an error, before or after training, above the quantile of a Gaussian vector's norm?

    A Gaussian vector whose squares have the mean v is longer than
    sqrt(v (1 + 2 sqrt(delta) + 2 delta)) with probability exp(-delta) at most.
    """
    spread = table["spread"] / (size["M"] * size["L"]) ** power
    factors = [np.sqrt(1 + 2 * np.sqrt(delta) + 2 * delta) for delta in DEVIATIONS]
    return np.stack(
        [table[time] > factor * spread for time in ("start", "end") for factor in factors], 1
    )


tails_claim = state(
    FrequencyClaim,
    "tails",
    r"Outputs are off infinite width by more than $\sqrt{1 + 2\sqrt{\delta} + 2\delta}$ times the "
    r"derived spread with probability $\exp(-\delta)$ at most, before and after a short training.",
    short.column(beyond),
    {
        "tied-layers": ("all layers have the particles of the first", tied.column(beyond)),
        "depth-like-bias": ("a spread of order $1/(M L)$", With(power=1.0)),
    },
    events=tuple(f"{time}, delta = {delta:g}" for time in ("start", "end") for delta in DEVIATIONS),
    low=0.0,
    high=tuple(float(np.exp(-delta)) for _ in range(2) for delta in DEVIATIONS),
    source="reconstructed",
    seeds=SEEDS,
    **levels,
)
growth = networks("growth", errors.training_time)


def over_time(size: Size, table: Table, power: float = 1.0) -> np.ndarray:
    """The distance of particles from their limits over training time."""
    return table["particles"] / size["tau"] ** power


growth_claim = state(
    IndependenceClaim,
    "growth-in-time",
    "Particles leave their limits at most in proportion to training time (the proof allows a "
    "double exponential).",
    growth.column(over_time),
    {
        "quarter": (r"at most in proportion to $\tau^{1/4}$", With(power=0.25)),
        "decay-reversed": (
            "weight decay with the wrong sign",
            growth.changed("reversed", decay=-0.1).column(over_time),
        ),
    },
    kind="no growth",
    sizes={"tau": [2, 4, 8, 16]},
    statistic="rms",
    source="reconstructed",
    seeds=SEEDS,
)
gaussian = Experiment(
    "mean-field-flow/law-at-start/gaussian", first_order.gaussian_outputs,
    draw="mean-field-flow/law-at-start", side="right",
)  # fmt: skip
untrained = Experiment("mean-field-flow/law-at-start", first_order.before_training)
law_claim = state(
    LawClaim,
    "law-at-start",
    r"Before training, at width 256, $\sqrt{M L}$ times the outputs off infinite width is within a "
    "distance of 0.1 of the law of a Gaussian vector with the derived covariance, its length "
    "included.",
    untrained["law"],
    {
        "wider": ("a spread of 1.3 for 1", {"right": gaussian.changed("wider", times=1.3)["law"]}),
        "apart": (
            "outputs of different sequences independent",
            {"right": gaussian.changed("apart", together=0.0)["law"]},
        ),
        "tied-layers": (
            "all layers have the particles of the first",
            untrained.changed("tied", draw=wrong.tied)["law"],
        ),
    },
    right=gaussian["law"],
    sizes={"M": [256], "L": [4]},
    tolerance=0.02,
    margin=0.1,
    seeds={"smoke": 2048, "standard": 4096, "full": 8192},
)
fluctuation_claim = rate(
    "fluctuation-in-width-and-depth",
    r"Layers are independent: the distance to infinite width is exactly of order $1/\sqrt{M L}$, "
    "for every width, $M = 1$ included.",
    (M * L) ** -HALF,
    short["end"],
    {
        "depth-does-not-help": (
            r"$1/\sqrt{M}$ at almost any depth",
            M**-HALF * L ** -sp.Rational(1, 100),
        ),
        "depth-like-bias": (r"$1/(\sqrt{M} L)$", M**-HALF / L),
        "tied-layers": (
            "all layers have the particles of the first",
            {"error": tied["end"], "seeds": 48, "cap": 48},
        ),
    },
    margin=0.15,
    next_order=None,
    source="abstract",
    **levels,
)
