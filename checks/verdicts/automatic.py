"""Mutants for claims that name none: each kind of claim gets errors it must refute."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from theory.language.rate import Kind

from .claim import Claim, Mutant, Real, declared_tiers
from .claims import ConstantClaim, GrowthClaim, IndependenceClaim, RateClaim
from .observations import DecayClaim, IdentityClaim, InequalityClaim, LawClaim, MomentClaim


@lru_cache(maxsize=128)
def mutants_of(claim: Claim) -> tuple[Mutant, ...]:
    """The mutants a claim names, or automatic ones (which need no new data)."""
    if claim.mutants:
        return tuple(claim.mutants)
    if isinstance(claim, RateClaim):
        return _exact(claim) if claim.rate.kind is Kind.EXACT else _bound(claim)
    if isinstance(claim, ConstantClaim):
        return _moved(
            "constant", "planted_factor", 1 + 2 * claim.margin, 1 / (1 + 2 * claim.margin)
        )
    if isinstance(claim, IndependenceClaim):
        twice = (1 + claim.margin) ** 2
        both = _moved("drift", "planted_drift", twice, 1 / twice)
        return both if claim.kind == "equivalent" else both[:1]
    if isinstance(claim, GrowthClaim):
        return _growth(claim)
    if isinstance(claim, MomentClaim):
        margin = 0.25 if claim.margin is None else claim.margin
        shift = 1 + 2 * margin if _tolerant(claim) else 2 * margin
        return _moved("mean", "planted_shift", shift, -shift)
    if isinstance(claim, LawClaim):
        shifted = Mutant("auto-shift", "left shifted", {"planted_shift": 5 * claim.margin})
        return (shifted, Mutant("auto-scale", "left three times wider", {"planted_scale": 3.0}))
    if isinstance(claim, IdentityClaim):
        return _moved("residual", "planted_shift", 2.0, 1e3)
    if isinstance(claim, InequalityClaim):
        return _moved("slack", "planted_shift", 1.01, 2.0)
    if isinstance(claim, DecayClaim):
        both = _moved("rate", "planted_excess", 2 * claim.margin, -2 * claim.margin)
        return both if claim.kind is Kind.EXACT else both[:1]
    raise TypeError(f"no automatic mutants for {type(claim).__name__}; name some in the claim")


def _tolerant(claim: MomentClaim) -> bool:
    return bool(np.any(np.asarray(claim.tolerance) > 0))


def _moved(what: str, name: str, up: Real, down: Real) -> tuple[Mutant, ...]:
    return (
        Mutant(f"auto-{what}-up", f"{what} moved by {name} = {up:.4g}", {name: up}),
        Mutant(f"auto-{what}-down", f"{what} moved by {name} = {down:.4g}", {name: down}),
    )


def _exact(claim: RateClaim) -> tuple[Mutant, ...]:
    """Exponents moved by twice the margin either way, and a floor as large as the finest error."""
    found = []
    step = sp.nsimplify(2 * claim.margin, rational=True)
    for name in claim.rate.sizes:
        size = sp.Symbol(name, positive=True)
        for word, sign in (("faster", -1), ("slower", 1)):
            moved = sp.expand(claim.rate.expression * size ** (sign * step))
            text = f"exponent of {name} moved by {float(step):.3g}, {word} decay claimed"
            found.append(Mutant(f"auto-{word}-{name}", text, {"predicted": moved}))
    return (*found, _floor(1.0))


def _bound(claim: RateClaim) -> tuple[Mutant, ...]:
    """Errors growing over the bound by twice the margin, and a floor.

    A weaker bound would be true, and a stronger one may be true when the bound has slack;
    so the error is moved, onto the bound and then away from it. With several terms the
    constants can trade one size for another: the error then grows in all of them.
    """
    step = 2 * claim.margin
    found = {"": dict.fromkeys(claim.rate.sizes, step)}
    if len(claim.rate.terms) == 1:
        found = {f"-{name}": {name: step} for name in claim.rate.sizes}
    mutants = [
        Mutant(
            f"auto-growth{suffix}",
            f"error on the bound, growing by the power {step:.3g} of {' and '.join(growth)}",
            {"planted_growth": growth},
        )
        for suffix, growth in found.items()
    ]
    on_bound = {"planted_growth": dict.fromkeys(claim.rate.sizes, 0.0)}
    return (*mutants, _floor(1.0 if len(claim.rate.terms) == 1 else 4.0, on_bound))


def _floor(multiple: float, also: Mapping[str, Any] | None = None) -> Mutant:
    text = f"right rate to a wrong limit: {multiple:g} times the finest error added everywhere"
    return Mutant("auto-floor", text, {"planted_floor": multiple, **(also or {})})


def _growth(claim: GrowthClaim) -> tuple[Mutant, ...]:
    other = "power" if claim.law == "log" else "log"
    swapped = Mutant("auto-other-law", f"the {other} law claimed", {"law": other})
    if claim.law == "power":
        return (swapped,)
    levels = [point[claim.size] for point in claim.grid(declared_tiers(claim)[0])]
    power = 4 * claim.margin / float(np.log(max(levels) / min(levels)))
    text = f"value growing by the further power {power:.3g} of {claim.size}"
    return (swapped, Mutant("auto-power", text, {"planted_power": power}))
