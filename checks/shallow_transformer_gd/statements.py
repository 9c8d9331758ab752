"""How the room states its claims: tiers, sizes, exponents, draws of networks."""

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from checks.verdicts import Experiment, Statements, dtype_tolerance

TIERS = ("smoke", "standard", "full")
m, n, T = sp.symbols("m n T", positive=True)
HALF, QUARTER = sp.Rational(1, 2), sp.Rational(1, 4)
ROUNDING = dtype_tolerance(np.float64, operations=64)

state = Statements("shallow_transformer_gd")


def experiment(
    draw: str, simulate: Callable[..., Any], name: str = "", together: str = "", **options: Any
) -> Experiment:
    """Networks of one draw, which several claims and planted errors ask about."""
    whole = Experiment(state.name(draw), simulate, together=together)
    return whole.changed(name, **options) if name else whole


def by_tier(name: str, *levels: tuple[int, ...]) -> dict[str, dict[str, list[int]]]:
    """Levels of a size for the three tiers."""
    return {tier: {name: list(some)} for tier, some in zip(TIERS, levels, strict=True)}
