"""Claims for layers without a limit: a negative verdict is a statement that can be tested."""

import numpy as np
import sympy as sp

from checks.layers.exact import mean_terms, total
from checks.layers.finite import SEEDS, FiniteLayer
from checks.layers.onestep import MARGIN
from checks.layers.states import NotMeasured
from checks.verdicts import IdentityClaim, MomentClaim, Mutant, RateClaim
from theory.layers.layer import Layer
from theory.limits import Limit
from theory.limits.closed import two_states
from theory.limits.numbers import evaluate
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


def jump_claim(slug: str, finite: FiniteLayer) -> list[MomentClaim]:
    """The fourth moment over the steps does not fall with N, and is what is derived."""
    levels, found = finite.levels(4), []
    power = float(finite.layer.steps_exponent or 0)
    for k, name in enumerate(finite.layer.watch):
        if finite.layer.watch[name].shape:
            continue

        def expected(size: dict, factor: float = 0.0, name: str = name) -> float:
            n, moments = size["N"], finite.moments
            values = finite.values(n)
            written = moments.written(moments.fourth(name), moments.axes(name))
            exact = evaluate(written, [], {**values, **finite.statistics(values)})
            return float(exact) * n**power * (levels[0] / n) ** factor

        def sample(size: dict, keys: np.ndarray, k: int = k) -> np.ndarray:
            d = finite.increments(size["N"], keys, 4 * BATCH)[..., k]
            return size["N"] ** power * (d**4).mean(axis=1)

        wrong = {"falls-slowly": 0.5, "falls-like-noise": 1.0}
        found.append(
            MomentClaim(
                id=f"{slug}/jumps-{name}", sample=sample, expected=expected, sizes={"N": levels},
                statement=f"N**{power:g} E[(step of {name})**4] is as derived at each N and does "
                f"not fall: there are jumps in the limit.",
                seeds=2 * SEEDS, cap=8 * SEEDS, margin=MARGIN,
                mutants=[
                    Mutant(
                        m, f"falls like N**-{f:g}, as without jumps",
                        {"expected": lambda size, f=f, of=expected: of(size, f)},
                    )
                    for m, f in wrong.items()
                ],
            )
        )  # fmt: skip
    return found


def trivial_claim(slug: str, finite: FiniteLayer) -> RateClaim:
    """Over the declared steps the statistics move by the derived power of N."""
    moments, steps = finite.moments, finite.layer.steps_exponent or sp.S.Zero
    powers = []
    for s in finite.layer.watch:
        powers += [e + steps for e in moments.orders(moments.means[s])]
        powers += [(e + steps) / 2 for e in moments.orders(moments.covariance(s, s))]
    if not powers or not all(p.is_number for p in powers):
        raise NotMeasured("nothing that is watched ever moves")
    power = sp.Max(*powers)

    def error(size: dict, keys: np.ndarray) -> np.ndarray:
        n = size["N"]
        moved = finite.path_end(n, keys, round(finite.steps(n)))
        return np.abs(moved - finite.start(n)).max(axis=1)

    N = sp.Symbol("N", positive=True)
    half = sp.Rational(1, 2)
    return RateClaim(
        id=f"{slug}/stays", error=error, predicted=N**power, kind="exact", statistic="rms",
        statement=f"Over {finite.layer.steps} steps nothing moves: displacements fall "
        f"like N**({power}).",
        sizes={"N": finite.levels(4)}, next_order=None, margin=0.2, seeds=512, cap=2048,
        mutants=[
            Mutant("slower", "one half more", {"predicted": N ** (power + half)}),
            Mutant("faster", "one half less", {"predicted": N ** (power - half)}),
        ],
    )  # fmt: skip


def unstable_claim(slug: str, finite: FiniteLayer) -> MomentClaim:
    """The mean step does not shrink with N."""
    levels = finite.levels(3)
    means = {n: total(mean_terms(finite, n), (len(finite.start(n)),)) for n in levels}
    moves = np.abs(means[levels[-1]]) > 1e-9
    if not moves.any():
        raise NotMeasured("the map has a fixed point at the statistics of at=; choose others")

    def expected(power: float = 0.0):
        return lambda size: means[size["N"]][moves] * (levels[0] / size["N"]) ** power

    def sample(size: dict, keys: np.ndarray) -> np.ndarray:
        return finite.increments(size["N"], keys, BATCH, "reduced_step").mean(axis=1)[:, moves]

    return MomentClaim(
        id=f"{slug}/map", sample=sample, expected=expected(), sizes={"N": levels},
        statement=f"One step moves {', '.join(finite.layer.watch)} by the derived map at each N: "
        f"it does not shrink, and there is no limit over many steps.",
        seeds=SEEDS, cap=4 * SEEDS, margin=MARGIN,
        mutants=[
            Mutant("shrinks-like-noise", "falls like N**-1/2", {"expected": expected(0.5)}),
            Mutant("shrinks", "falls like 1/N", {"expected": expected(1.0)}),
        ],
    )  # fmt: skip


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
    return IdentityClaim(
        id=f"{slug}/two-drifts", residual=residual(drifts), sizes={"N": [n]}, seeds=8, cap=8,
        tolerance=1e-9,
        statement=f"At {name} = {near:g} and {-near:g} the mean step, times the steps, is "
        f"{drifts[0]:g} and {drifts[1]:g}: no continuous drift, and no noise that would help.",
        mutants=[Mutant("continuous", "the drift is continuous", {"residual": residual(middle)}),
                 Mutant("exchanged", "the sides exchanged", {"residual": residual(drifts[::-1])})],
    )  # fmt: skip
