"""Claims for layers that have no equation: statistics that do not close, drifts that jump."""

import numpy as np
import sympy as sp

from checks.layers.exact import mean_terms, total
from checks.layers.finite import SEEDS, FiniteLayer
from checks.layers.onestep import MARGIN
from checks.layers.states import NotMeasured
from checks.verdicts import IdentityClaim, MomentClaim, Mutant
from theory.layers.layer import Layer
from theory.limits import Limit
from theory.limits.closed import two_states
from theory.limits.reading import read

BATCH = 16  # layers of one observation, at several N
WITNESS = 3  # the N of witnesses


def witness_claims(slug: str, layer: Layer) -> list[MomentClaim]:
    """Two states that agree in the statistics have different mean steps, as derived.

    Both states see the same draws, and their difference is observed. Were the statistics closed,
    it would have mean zero.
    """
    values = _witness(layer)
    pair = [FiniteLayer(layer, v) for v in values]
    first, second = (total(mean_terms(f, WITNESS), (len(f.start(WITNESS)),)) for f in pair)
    gap = first - second
    if not np.abs(gap).max() > 1e-9:
        raise NotMeasured("the two states of the witness have equal mean steps at N = 3")

    def sample(size: dict, keys: np.ndarray) -> np.ndarray:
        one, two = (f.increments(WITNESS, keys, 4 * BATCH) for f in pair)
        return (one - two).mean(axis=1)

    wrong = {"closed": 0.0, "halved": 0.5, "doubled": 2.0, "sign": -1.0}
    names = [old.data.name for old in layer.step]
    shown = " and ".join(
        "; ".join(f"{k} = {np.asarray(v[k]).tolist()}" for k in names if k in v) for v in values
    )
    return [
        MomentClaim(
            id=f"{slug}/witness", sample=sample, expected=gap, seeds=SEEDS, cap=4 * SEEDS,
            statement=f"{shown} agree in {', '.join(layer.watch)}, and their mean steps differ as "
            f"derived: no equation in what is watched alone is true.",
            margin=MARGIN,
            mutants=[
                Mutant(k, "the mean step is a function of what is watched" if not f else
                       f"the difference times {f}", {"expected": gap * f})
                for k, f in wrong.items()
            ],
        )
    ]  # fmt: skip


def _witness(layer: Layer) -> tuple[dict, dict]:
    moments = read(layer)
    steps = layer.steps_exponent or sp.S.Zero
    for mean in moments.means.values():
        for e, part in moments.orders(mean).items():
            matters = moments.open_states(part) and (e + steps).is_nonnegative
            if matters and (pair := two_states(moments, part)) is not None:
                return pair
    raise NotMeasured("no two states are known whose mean steps differ")


def ill_posed_claim(slug: str, limit: Limit, finite: FiniteLayer) -> IdentityClaim:
    """On the two sides of the place where the drift jumps, steps are the two derived drifts."""
    layer = finite.layer
    places = [j.args[0] for e in limit.drift.values() for j in e.atoms(sp.sign, sp.Heaviside)]
    if len(layer.watch) != 1 or len(places) != 1 or not places[0].is_Symbol:
        raise NotMeasured("the place where the drift jumps is not one statistic at zero")
    ((name, statistic),) = layer.watch.items()
    if statistic not in layer.step:
        raise NotMeasured(f"the states in which {name} is near zero are not known")
    n, near = finite.smallest(), 1e-6
    sides = [FiniteLayer(layer, {name: sign * near}) for sign in (1, -1)]
    drifts = [float(limit.evaluate("drift", name, at={name: sign * near})) for sign in (1, -1)]

    def residual(of: list[float]):
        def sample(size: dict, keys: np.ndarray) -> np.ndarray:
            found = np.zeros(len(keys))
            for side, drift in zip(sides, of, strict=True):
                steps = finite.steps(n) * side.increments(n, keys, BATCH).mean(axis=1)[:, 0]
                found = np.maximum(found, np.abs(steps - drift))
            return found / (1 + np.abs(of).max())

        return sample

    middle = [sum(drifts) / 2] * 2
    noise = max(float(limit.evaluate("covariance", name, at={name: s * near})) for s in (1, -1))
    spread = (noise * finite.steps(n) / BATCH) ** 0.5  # of a mean step times the steps, this near
    return IdentityClaim(
        id=f"{slug}/two-drifts", residual=residual(drifts), sizes={"N": [n]}, seeds=8, cap=8,
        tolerance=1e-9 + 8 * spread,
        statement=f"At {name} = {near:g} and {-near:g} the mean step, times the steps, is "
        f"{drifts[0]:g} and {drifts[1]:g}: no continuous drift, and no noise that would help.",
        mutants=[Mutant("continuous", "the drift is continuous", {"residual": residual(middle)}),
                 Mutant("exchanged", "the sides exchanged", {"residual": residual(drifts[::-1])})],
    )  # fmt: skip
