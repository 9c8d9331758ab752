"""The sizes and the numbers of seeds that a claim is given: what they may be, and at which tier."""

import itertools
from collections.abc import Collection, Mapping, Set
from typing import Any

import numpy as np

from .data import Real, Size
from .values import ClaimError

TIERS = ("smoke", "standard", "full")
SIZES = "{'n': [8, 16, 32, 64]}, or such a mapping for each tier"
POINTS = "[{'n': 8, 'm': 2}, {'n': 16, 'm': 2}], each of the same names, or a tier's"


def of_tier(value: Any, tier: str, what: str) -> Any:
    """What is given for a tier, or for all of them; ValueError for a tier that is left out."""
    if not isinstance(value, Mapping):
        return value
    if tier not in value:
        raise ValueError(
            f"{what} has no tier {tier!r}: expected it among the tiers, received "
            f"{list(map(str, value))}; add it, or give one for all"
        )
    return value[tier]


def product_of(sizes: Any, tier: str, claim_id: str) -> tuple[Size, ...]:
    """All combinations of the levels, in their order; ClaimError for what is no such mapping."""
    named = {} if sizes is None else sizes
    if isinstance(named, Mapping) and named and all(isinstance(v, Mapping) for v in named.values()):
        named = of_tier(named, tier, f"{claim_id}: sizes")
    if not _has_names(named) or not all(map(_has_levels, named.values())):
        raise ClaimError(
            f"claim {claim_id}: expected sizes as names with their levels, e.g. {SIZES}; received "
            f"{sizes!r}; give every size a list of levels"
        )
    return tuple(
        {name: level_of(n, claim_id) for name, n in zip(named, levels, strict=True)}
        for levels in itertools.product(*named.values())
    )


def given_points(points: Any, tier: str, claim_id: str) -> tuple[Size, ...]:
    """Points as they are listed; ClaimError for what is no list of sizes by name."""
    listed = of_tier(points, tier, f"{claim_id}: points")
    if not _has_levels(listed) or not all(_has_names(p) and p.keys() == listed[0].keys()
                                          for p in listed):  # fmt: skip
        raise ClaimError(
            f"claim {claim_id}: expected points as a list of sizes by name, e.g. {POINTS}; "
            f"received {points!r}; give every point the same sizes"
        )
    return tuple({name: level_of(n, claim_id) for name, n in p.items()} for p in listed)


def level_of(level: Any, claim_id: str = "") -> Real:
    """A level as plain data: whole numbers as int, others as float; else ClaimError."""
    if isinstance(level, bool) or not isinstance(level, int | float | np.integer | np.floating):
        of = f"claim {claim_id}: " if claim_id else ""
        raise ClaimError(
            f"{of}expected sizes that are numbers, received {level!r}; give integers or floats"
        )
    return int(level) if float(level).is_integer() else float(level)


def check_counts(claim_id: str, name: str, value: Any, least: int) -> None:
    """Numbers of seeds are whole, at least ``least``, or such numbers by tier."""
    if value is None:
        return
    counts = value.values() if isinstance(value, Mapping) else (value,)
    whole = (int, np.integer)
    if any(not isinstance(n, whole) or isinstance(n, bool) or n < least for n in counts):
        raise ClaimError(
            f"claim {claim_id}: expected {name} of at least {least}, whole numbers; received "
            f"{value!r}"
        )


def _has_names(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) for name in value)


def _has_levels(value: Any) -> bool:
    if not isinstance(value, Collection) or isinstance(value, str | bytes | Mapping | Set):
        return False
    return len(value) > 0
