"""What claims ask of their fields when they are built: ValueError that names the claim."""

import numbers
from typing import Any

import numpy as np
import sympy as sp

from theory.language.rate import Kind, Rate

from .claim import Claim, declared_tiers

STATISTICS = ("mean", "rms", "geometric", "weak")


def normal_rate(predicted: Rate | sp.Expr, kind: str | Kind | None) -> tuple[Kind, Rate]:
    """A Rate of the wanted kind; plain symbols are taken to be positive sizes."""
    if isinstance(predicted, Rate):
        if kind is None or Kind(kind) is predicted.kind:
            return predicted.kind, predicted
        return Kind(kind), Rate(predicted.expression, Kind(kind))
    if isinstance(predicted, str):
        raise TypeError(
            f"expected a Rate or a SymPy expression, received the text {predicted!r}, which is not "
            "evaluated; write it with sp.Symbol"
        )
    expression = sp.sympify(predicted, strict=True)
    symbols = {s: sp.Symbol(str(s), positive=True) for s in expression.free_symbols}
    kind = Kind.EXACT if kind is None else Kind(kind)
    return kind, Rate(sp.expand(expression.subs(symbols)), kind)


def check_margin(claim: Any) -> None:
    """A margin is a positive, finite number; those of SymPy and fractions become floats."""
    margin = claim.margin
    if not _is_real(margin) or not 0 < float(margin) < float("inf"):
        raise ValueError(f"claim {claim.id}: expected a positive margin, received {margin!r}")
    object.__setattr__(claim, "margin", float(margin))


def check_next_order(name: str, order: Any) -> None:
    """A next order is a positive number, "auto" or None: it is that of a term that vanishes."""
    if order is None or order == "auto":
        return
    known = not isinstance(order, str | bool) and sp.sympify(order, strict=True).is_number
    if not known or not 0 < float(order) < float("inf"):
        raise ValueError(
            f'claim {name}: expected next_order above 0, "auto" or None, received {order!r}'
        )


def check_resolution(name: str, resolution: Any) -> None:
    """A resolution is a number of at least 0, or a function of the size."""
    if resolution is None or callable(resolution):
        return
    if not _is_real(resolution) or not 0 <= float(resolution) < float("inf"):
        raise ValueError(
            f"claim {name}: expected a resolution of at least 0, or a function of the size, "
            f"received {resolution!r}"
        )


def _is_real(value: Any) -> bool:
    """Whether it is a real number: of Python, NumPy or SymPy, and no truth value."""
    if isinstance(value, sp.Expr):
        return bool(value.is_number and value.is_extended_real)
    return isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)


def check_choice(name: str, what: str, value: str, choices: tuple[str, ...]) -> None:
    """A field has one of the values that it may have."""
    if value not in choices:
        raise ValueError(f"claim {name}: expected {what} in {choices}, received {value!r}")


def check_levels(claim: Claim, rate: Rate, *, oriented: bool = False) -> None:
    """There are points enough in every tier to see the rate.

    ``oriented``: it is known that sizes grow, in whatever unit; else small ones look like steps.
    """
    for tier in declared_tiers(claim):
        points = claim.at(tier).points
        missing = set(rate.sizes) - set(points[0])
        if missing:
            raise ValueError(
                f"claim {claim.id}: the rate {rate.expression} depends on {sorted(missing)}, which "
                f"the sizes {sorted(points[0])} do not have; add levels for it"
            )
        logs = {str(log.args[0]) for log in rate.expression.atoms(sp.log)}
        if any(point[name] < 2 for point in points for name in logs):
            raise ValueError(f"claim {claim.id}: a logarithm of {logs} needs levels of at least 2")
        for name in () if oriented else rate.sizes:
            falls = all(point[name] <= 1 for point in points)
            if falls and any(powers.get(name, 0) > 0 for powers in rate.exponents()):
                raise ValueError(
                    f"claim {claim.id}: {name} seems to go to zero; sizes go to infinity: claim a "
                    f"rate in 1/{name} at the inverse levels"
                )
        if len(points) < 4:
            raise ValueError(
                f"claim {claim.id}: expected at least 4 size points in tier {tier}, "
                f"got {len(points)}"
            )
    for name in rate.sizes:
        check_level_count(claim, name, 4 if len(rate.sizes) == 1 else 2)


def chosen_size(claim: Claim, size: str, least: int) -> str:
    """The size that a claim is about, by default its first; it needs ``least`` levels."""
    size = size or next(iter(claim.at(declared_tiers(claim)[0]).points[0]))
    check_level_count(claim, size, least)
    return size


def check_level_count(claim: Claim, size: str, least: int) -> None:
    """Every tier has at least so many levels of a size."""
    for tier in declared_tiers(claim):
        points = claim.at(tier).points
        if any(size not in point for point in points):
            raise ValueError(f"claim {claim.id}: no levels for {size!r} in {points[0]}; add them")
        levels = {point[size] for point in points}
        if len(levels) < least:
            raise ValueError(
                f"claim {claim.id}: expected at least {least} levels of {size} in tier {tier}, "
                f"received {sorted(levels)}; fewer cannot tell a law from an accident"
            )
