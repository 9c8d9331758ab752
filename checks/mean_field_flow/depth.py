"""Claims about depth at infinite width: the rate, and its coefficient."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from checks.mean_field_flow import wrong
from checks.mean_field_flow.statements import HALF, L, rate
from checks.verdicts import Column, Experiment, With
from numerics.engine.measuring import Size, Table
from numerics.mean_field_flow import depths

depth = {
    "sizes": {
        "smoke": {"L": [4, 6, 8, 12, 16]},
        "standard": {"L": [4, 8, 12, 16, 24]},
        "full": {"L": [4, 8, 12, 16, 24]},
    },
    "seeds": {"smoke": 8, "standard": 16, "full": 32},
}


def of_all_depths(name: str, simulate: Callable[..., Table], measure: Any) -> Column:
    """What is read of networks of all depths, which start from the same laws."""
    draw = "mean-field-flow/depths"
    return Experiment(f"{draw}/{name}", simulate, draw).column(measure, lambda size: {})


def off_limit(size: Size, table: Table, limit: str = "end/limit") -> np.ndarray:
    """Root mean square of trained output minus infinite depth."""
    return np.sqrt(np.mean((table["end/{L}".format_map(size)] - table[limit]) ** 2, axis=1))


def remainder(size: Size, table: Table, factor: float = 1.0) -> np.ndarray:
    """Root mean square of untrained output minus limit minus coefficient / L."""
    first = factor * table["coefficient"] / size["L"]
    left = table["start/{L}".format_map(size)] - table["start/limit"] - first
    return np.sqrt(np.mean(left**2, axis=1))


at_rest = of_all_depths("at-rest", depths.across_depth, remainder)
moving = of_all_depths("moving", depths.across_depth_moving, remainder)


def with_defect(right: Column, name: str, defect: depths.Defect) -> Column:
    """The remainder with another local defect."""
    return replace(right, experiment=right.experiment.changed(name, defect=defect))


depth_claims = (
    rate(
        "output-in-depth",
        "Trained outputs at infinite width are off infinite depth by exactly the order $1/L$.",
        1 / L,
        replace(at_rest, of=off_limit),
        {
            "second-order": ("$1/L^2$, as for symmetric splitting", L**-2),
            "half": (r"$1/\sqrt{L}$", L**-HALF),
            "wrong-limit": ("depth 5 as limit", With(limit="end/5")),
        },
        **depth,
    ),
    rate(
        "depth-coefficient",
        "Untrained outputs are off infinite depth by the derived coefficient over $L$, up to "
        "$1/L^2$.",
        L**-2,
        at_rest,
        {
            "simultaneous": (
                "attention and feed-forward of a layer see the same state",
                with_defect(at_rest, "simultaneous", wrong.simultaneous),
            ),
            "whole-steps": (
                "half-layers with steps $1/L$",
                With(factor=2.0),
            ),
        },
        **depth,
    ),
    rate(
        "depth-coefficient-of-a-moving-law",
        "The same where the law changes with depth: the coefficient has the change of $g$ with "
        "$t$.",
        L**-2,
        moving,
        {
            "change-unseen": (
                "the change of $g$ with depth left out",
                with_defect(moving, "unchanging", wrong.unchanging),
            ),
            "first-order": ("$1/L$", 1 / L),
        },
        **depth,
    ),
)
