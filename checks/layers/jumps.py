"""Jumps, claimed or excluded: the fourth moment of a step, exact at each N.

A mean over draws does not see what comes once in many layers; the exact moment does, where it is
not hidden by the noise of the largest N.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from checks.layers.exact import inexact
from checks.layers.finite import SEEDS, FiniteLayer
from checks.layers.ladder import Reading, falls_claim, stays_claim
from checks.layers.onestep import MARGIN
from checks.layers.states import NotMeasured
from checks.verdicts import IdentityClaim, MomentClaim, Mutant
from theory.limits import Limit
from theory.limits.numbers import evaluate

BATCH = 64  # layers of one observation, at several N
MOST = 6  # products in an increment whose fourth power is averaged within seconds


def no_jumps(slug: str, limit: Limit, finite: FiniteLayer) -> list[IdentityClaim]:
    """Over the steps the fourth moment of each statistic's step falls."""
    if not limit.hypotheses["H3"].startswith("PROVED"):
        raise NotMeasured("ASSUMED, and draws do not show what comes once in many layers")
    if why := inexact(finite):
        raise NotMeasured(f"{why}, and draws do not show what comes once in many layers")
    return [
        falls_claim(
            f"{slug}/no-jumps-{s}", f"{_what(finite, s)}, exact (H3)", finite, _fourth(finite, s)
        )
        for s in finite.layer.watch
        if finite.moments.increments[s]
    ]


def jump_claims(slug: str, finite: FiniteLayer) -> list[MomentClaim | IdentityClaim]:
    """Over the steps the fourth moment of a step is what is derived, and does not fall."""
    found: list[MomentClaim | IdentityClaim] = []
    for k, name in enumerate(finite.layer.watch):
        if not finite.layer.watch[name].shape:
            found.append(_sampled(f"{slug}/jumps-{name}", k, name, finite))
            what, size = f"{_what(finite, name)}, exact", _fourth(finite, name)
            found.append(stays_claim(f"{slug}/jumps-{name}-stay", what, finite, size))
    return found


def _what(finite: FiniteLayer, name: str) -> str:
    steps = finite.layer.steps
    return f"The number of steps, {steps}, times E[(step of {name})**4]"


def _fourth(finite: FiniteLayer, name: str) -> Reading:
    """The fourth moment times the steps, the largest entry, at the statistics of a small N."""
    moments = finite.moments
    if len(moments.increments[name]) > MOST:
        raise NotMeasured(
            f"PROVED and not measured: the fourth moment of {name} takes too long, and draws do "
            f"not show what comes once in many layers"
        )
    axes, fourth = moments.axes(name), moments.fourth(name)
    if moments.open_states(fourth):
        raise NotMeasured(f"the fourth moment of {name} is no function of what is watched")
    written = moments.written(fourth, axes)
    point = finite.statistics(finite.values(finite.smallest()))

    def size(n: int, values: Mapping[str, Any]) -> float:
        exact = evaluate(written, axes, {**point, **values})
        return float(np.abs(exact).max()) * finite.steps(n)

    return size


def _sampled(claim: str, k: int, name: str, finite: FiniteLayer) -> MomentClaim:
    levels, fourth = finite.levels(4), _fourth(finite, name)

    def expected(size: dict, power: float = 0.0) -> float:
        n = size["N"]
        values = finite.values(n)
        return fourth(n, {**values, **finite.statistics(values)}) * (levels[0] / n) ** power

    def sample(size: dict, keys: np.ndarray) -> np.ndarray:
        d = finite.increments(size["N"], keys, BATCH)[..., k]
        return finite.steps(size["N"]) * (d**4).mean(axis=1)

    return MomentClaim(
        id=claim, sample=sample, expected=expected, sizes={"N": levels},
        statement=f"{_what(finite, name)} is as derived at each N: there are jumps in the limit.",
        seeds=2 * SEEDS, cap=8 * SEEDS, margin=MARGIN,
        mutants=[
            Mutant(
                m, f"falls like N**-{f:g}, as without jumps",
                {"expected": lambda size, f=f: expected(size, f)},
            )
            for m, f in {"falls-slowly": 0.5, "falls-like-noise": 1.0}.items()
        ],
    )  # fmt: skip
