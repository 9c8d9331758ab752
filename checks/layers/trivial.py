"""Claims for layers that do not move over the declared steps."""

import jax.numpy as jnp
import numpy as np
import sympy as sp

from checks.layers.finite import SEEDS, FiniteLayer
from checks.layers.states import NotMeasured
from checks.verdicts import MomentClaim, Mutant, RateClaim
from numerics.layers.paths import batches
from theory.layers.leaves import N

BATCH = 16  # layers of one observation
SLOWEST = -sp.Rational(1, 4)  # of displacements that are not derived to fall, and must


def trivial_claim(slug: str, finite: FiniteLayer) -> RateClaim | MomentClaim:
    """Over the declared steps the statistics move by the derived power of N."""
    moments, steps = finite.moments, finite.layer.steps_exponent or sp.S.Zero
    powers = []
    for s in finite.layer.watch:
        powers += [e + steps for e in moments.orders(moments.means[s])]
        powers += [(e + steps) / 2 for e in moments.orders(moments.covariance(s, s))]
    if not powers or not all(p.is_number for p in powers):
        raise NotMeasured("nothing that is watched ever moves")
    half, power = sp.Rational(1, 2), sp.Max(*powers)
    if power >= 0:
        return _falls(slug, finite, float(SLOWEST))
    # With a second power near the first one, no fit of a rate tells them apart.
    if any(power - half < p < power for p in powers):
        return _falls(slug, finite, float(power))

    def error(size: dict, keys: np.ndarray) -> np.ndarray:
        n = size["N"]
        moved = finite.path_end(n, keys, round(finite.steps(n)))
        return np.abs(moved - finite.start(n)).max(axis=1)

    # No power at all is no rate: then half of the way to it.
    slower = power + half if power + half < 0 else power / 2
    return RateClaim(
        id=f"{slug}/stays", error=error, predicted=N**power, kind="exact", statistic="rms",
        statement=f"Over {finite.layer.steps} steps nothing moves: displacements fall "
        f"like N**({power}).",
        sizes={"N": finite.levels(4)}, next_order=None, margin=0.2, seeds=512, cap=2048,
        mutants=[
            Mutant("slower", f"the power {slower}", {"predicted": N**slower}),
            Mutant("faster", "one half less", {"predicted": N ** (power - half)}),
        ],
    )  # fmt: skip


def _falls(slug: str, finite: FiniteLayer, power: float) -> MomentClaim:
    """Displacements fall at least like a power of N: half of that is seen."""
    levels = finite.levels(4)
    coarse, fine = levels[0], levels[-1]
    expected = power * np.log(fine / coarse)

    def moved(n: int, keys: np.ndarray) -> np.ndarray:
        many = np.asarray(batches(jnp.asarray(keys, jnp.uint32), BATCH))
        far = np.abs(finite.path_end(n, many, round(finite.steps(n))) - finite.start(n))
        return (far.max(axis=1).reshape(len(keys), BATCH) ** 2).mean(axis=1) ** 0.5

    def fall(size: dict, keys: np.ndarray) -> np.ndarray:
        return np.maximum(np.log(moved(fine, keys) / moved(coarse, keys)), expected)

    return MomentClaim(
        id=f"{slug}/stays", sample=fall, sizes={"N": [fine]}, expected=expected,
        statement=f"Over {finite.layer.steps} steps nothing moves: from N = {coarse} to {fine} "
        f"displacements fall by at least half of the power N**({power:g}).",
        tolerance=abs(expected) / 2, seeds=SEEDS // 4, cap=SEEDS,
        mutants=[
            Mutant("stays", "they do not fall", {"expected": 0.0}),
            Mutant("grows", "they grow like that power", {"expected": -expected}),
        ],
    )  # fmt: skip
