"""How the room states its claims: sizes, seeds of a tier, networks that several ask about."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from checks.verdicts import Experiment, RateClaim, Statements
from numerics.engine.measuring import Table

M, L, N = sp.symbols("M L N", positive=True)
HALF = sp.Rational(1, 2)
SEEDS = {"smoke": 48, "standard": 144, "full": 288}  # networks are trained 48 at once
NETWORKS = "mean-field-flow/networks"  # the draw of claims that train the same networks
state = Statements("mean_field_flow")


def rate(
    name: str, statement: str, predicted: Any, error: Any, slips: Mapping[str, Any], **more: Any
) -> RateClaim:
    """A rate of convergence in mean square over seeds, unless said otherwise."""
    more = {"statistic": "rms", "seeds": SEEDS, **more}
    return state(RateClaim, name, statement, error, slips, predicted=predicted, **more)


def networks(name: str, simulate: Callable[..., Table], **options: Any) -> Experiment:
    """What is measured of networks that are trained for several questions."""
    whole = Experiment(f"{NETWORKS}/{name}", simulate, draw=NETWORKS, block=48)
    return replace(whole, options=options)
