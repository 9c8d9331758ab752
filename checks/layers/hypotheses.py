"""Claims about what a limit rests on: no jumps (H3), delocalised states where assumed (H4).

Both say that a positive number falls as N grows. The logarithm of its fall is observed, which
heavy tails do not blur; a larger fall than derived counts as the derived one, and half of it must
be seen.
"""

from collections.abc import Callable

import numpy as np

from checks.layers.paths import Paths
from checks.layers.states import NotMeasured
from checks.verdicts import MomentClaim, Mutant

BATCH, SEEDS = 64, 128
Measure = Callable[[int, np.ndarray], np.ndarray]


def no_jumps(slug: str, paths: Paths) -> MomentClaim:
    """The number of steps times E |step|^4 falls like the inverse of that number."""
    finite = paths.finite
    if not finite.moving:
        raise NotMeasured("nothing that is watched is random")

    def fourth(n: int, keys: np.ndarray) -> np.ndarray:
        d = finite.increments(n, keys, BATCH, "reduced_step")
        d = d - d.mean(axis=1, keepdims=True)
        return finite.steps(n) * (d**4).sum(axis=-1).mean(axis=1)

    def in_jumps(n: int, keys: np.ndarray) -> np.ndarray:
        # Of jumps that come about once on the way, and do not shrink: alike at every N.
        return fourth(fine, keys if n == fine else keys[::-1] ^ np.uint32(1))

    coarse, fine = paths.levels[0], paths.n
    return _falls(
        f"{slug}/no-jumps", paths, fourth, -np.log(finite.steps(fine) / finite.steps(coarse)),
        f"The number of steps times the mean of step**4 of {', '.join(finite.layer.watch)} falls "
        f"at least like its inverse: no jumps (H3).",
        [("jumps", "noise of the same covariance that comes in rare jumps", in_jumps)],
    )  # fmt: skip


def delocalised(slug: str, paths: Paths) -> MomentClaim:
    """Along the path no coordinate of a state is much larger than the others."""
    finite, steps = paths.finite, {n: paths.steps(n) for n in paths.levels}

    def peak(spiky: bool) -> Measure:
        return lambda n, keys: finite.path_peak(n, keys, steps[n], spiky)

    coarse, fine = paths.levels[0], paths.n
    expected = np.log(np.log(fine) / fine) - np.log(np.log(coarse) / coarse)
    return _falls(
        f"{slug}/delocalised", paths, peak(False), expected,
        "Along the path the largest x_i**2 / |x|**2 of a state falls, at least like log N / N: "
        "states are delocalised (H4).",
        [("spiky", "at the start nearly all of a state in one coordinate", peak(True))],
    )  # fmt: skip


def _falls(
    name: str, paths: Paths, measure: Measure, expected: float, statement: str,
    wrong: list[tuple[str, str, Measure]],
) -> MomentClaim:  # fmt: skip
    coarse, fine = paths.levels[0], paths.n
    if fine < 4 * coarse:
        raise NotMeasured(f"N cannot grow fourfold from {coarse}")

    def fall(of: Measure) -> Callable[[dict, np.ndarray], np.ndarray]:
        return lambda size, keys: np.maximum(
            np.log(of(size["N"], keys) / of(coarse, keys)), expected
        )

    return MomentClaim(
        id=name, statement=statement, sample=fall(measure), sizes={"N": [fine]},
        expected=expected, tolerance=abs(expected) / 2, seeds=SEEDS, cap=4 * SEEDS,
        mutants=[Mutant(key, words, {"sample": fall(of)}) for key, words, of in wrong]
        + [Mutant("stays", "it does not fall", {"expected": 0.0})],
    )  # fmt: skip
