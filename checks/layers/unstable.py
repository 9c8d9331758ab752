"""Claims for layers that move too far: by O(1) in one step, or by what grows over the steps."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp

from checks.layers.exact import mean_terms, total
from checks.layers.finite import SEEDS, FiniteLayer
from checks.layers.ladder import SLOW, stays_claim
from checks.layers.onestep import MARGIN
from checks.layers.states import NotMeasured
from checks.verdicts import IdentityClaim, MomentClaim, Mutant
from theory.calculus.networks import Polynomial
from theory.limits import Limit
from theory.limits.numbers import evaluate
from theory.limits.sizes import largest

BATCH = 16  # layers of one observation, at several N
NOTHING = 1e-9


def unstable_claims(
    slug: str, limit: Limit, finite: FiniteLayer
) -> list[MomentClaim | IdentityClaim]:
    """The map of one step, and that it does not shrink; or what grows over the declared steps."""
    orders = (finite.moments.orders(mean) for mean in finite.moments.means.values())
    at_once = any(e.is_nonnegative for o in orders for e in o)
    if at_once if limit.regime == "FAST" else any(e != 0 for e in limit.drift.values()):
        return [_map(slug, finite), _stays(slug, finite)]
    return [_grows(slug, finite)]


def _map(slug: str, finite: FiniteLayer) -> MomentClaim:
    """The mean step is the derived one at each N."""
    levels = finite.levels(3)
    means = {n: total(mean_terms(finite, n), (len(finite.start(n)),)) for n in levels}
    moves = np.abs(means[levels[-1]]) > NOTHING
    if not moves.any():
        raise NotMeasured("the map has a fixed point at the statistics of at=; choose others")

    def expected(power: float = 0.0):
        return lambda size: means[size["N"]][moves] * (levels[0] / size["N"]) ** power

    def sample(size: dict, keys: np.ndarray) -> np.ndarray:
        return finite.increments(size["N"], keys, BATCH, "reduced_step").mean(axis=1)[:, moves]

    return MomentClaim(
        id=f"{slug}/map", sample=sample, expected=expected(), sizes={"N": levels},
        statement=f"One step moves {', '.join(finite.layer.watch)} by the derived map at each N.",
        seeds=SEEDS, cap=4 * SEEDS, margin=MARGIN,
        mutants=[
            Mutant("shrinks-like-noise", "falls like N**-1/2", {"expected": expected(0.5)}),
            Mutant("shrinks", "falls like 1/N", {"expected": expected(1.0)}),
        ],
    )  # fmt: skip


def _stays(slug: str, finite: FiniteLayer) -> IdentityClaim:
    """The exact mean step does not shrink with N."""
    moments, exact = finite.moments, _Sizes(finite)
    tops = {s: moments.orders(mean) for s, mean in moments.means.items()}
    leading = {(s,): part for s, o in tops.items() for e, part in o.items() if e.is_nonnegative}
    n = finite.smallest()
    if leading and exact.largest(leading, finite.numbers(n)) < NOTHING:
        raise NotMeasured("the map has a fixed point at the statistics of at=; choose others")
    means = {(s,): mean for s, mean in moments.means.items()}
    what = f"The largest exact mean step of {', '.join(finite.layer.watch)}"
    return stays_claim(
        f"{slug}/map-stays", what, finite, lambda n, values: exact.largest(means, values)
    )


def _grows(slug: str, finite: FiniteLayer) -> IdentityClaim:
    """Mean steps, or variances of steps, add up to what grows with N."""
    moments, steps = finite.moments, finite.layer.steps_exponent or 0
    parts: dict[tuple[str, ...], Polynomial] = {(s,): m for s, m in moments.means.items()}
    parts |= {(s, s): moments.covariance(s, s) for s in finite.layer.watch}
    power = sp.Max(*(largest(moments.orders(p)) + steps for p in parts.values()))
    if not power.is_number or 0 < power < 2 * SLOW:
        raise NotMeasured(f"the growth, N**({power}), is too slow to be told from none")
    exact, watched = _Sizes(finite), ", ".join(finite.layer.watch)
    what = f"The declared steps times the largest exact mean, or variance, of a step of {watched}"
    return stays_claim(
        f"{slug}/grows", what, finite,
        lambda n, values: finite.steps(n) * exact.largest(parts, values), least=2 * SLOW,
    )  # fmt: skip


class _Sizes:
    """Exact moments at the statistics of a small N, at any N."""

    def __init__(self, finite: FiniteLayer) -> None:
        self.moments = finite.moments
        self.point = finite.statistics(finite.values(finite.smallest()))

    def largest(
        self, parts: Mapping[tuple[str, ...], Polynomial], values: Mapping[str, Any]
    ) -> float:
        """The largest entry."""
        found = []
        for names, part in parts.items():
            axes = self.moments.axes(*names)
            exact = evaluate(self.moments.written(part, axes), axes, {**self.point, **values})
            found.append(float(np.abs(exact).max()))
        return max(found)
