"""What a limit rests on where it is assumed: delocalised states (H4)."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from checks.layers.paths import Paths
from checks.layers.states import NotMeasured
from checks.verdicts import MomentClaim, Mutant
from numerics.layers.paths import Start, States, as_given

SEEDS = 128


def spiky(key: jax.Array, states: States) -> States:
    """The first coordinate of a row is one to three times as long as the row; its length stays."""
    times = jax.random.uniform(key, minval=1.0, maxval=3.0)

    def spike(x: jax.Array) -> jax.Array:
        square = (x**2).sum(axis=-1, keepdims=True)
        moved = jnp.concatenate([times * square**0.5, x[..., 1:]], axis=-1)
        return moved * (square / (moved**2).sum(axis=-1, keepdims=True)) ** 0.5

    return {name: spike(x) for name, x in states.items()}


def delocalised(slug: str, paths: Paths) -> MomentClaim:
    """Along the path no coordinate of a state is much larger than the others.

    The logarithm of the fall of the largest share is observed, which heavy tails do not blur; a
    larger fall than derived counts as the derived one, and half of it must be seen.
    """
    coarse, fine = paths.levels[0], paths.n
    if fine < 4 * coarse:
        raise NotMeasured(f"N cannot grow fourfold from {coarse}")
    expected = np.log(np.log(fine) / fine) - np.log(np.log(coarse) / coarse)

    def fall(start: Start = as_given) -> Callable[[dict, np.ndarray], np.ndarray]:
        def sample(size: dict, keys: np.ndarray) -> np.ndarray:
            one, two = (
                paths.finite.path_peak(n, keys, paths.steps(n), start) for n in (fine, coarse)
            )
            return np.maximum(np.log(one / two), expected)

        return sample

    return MomentClaim(
        id=f"{slug}/delocalised", sample=fall(), sizes={"N": [fine]}, expected=expected,
        statement="Along the path the largest x_i**2 / |x|**2 of a state falls, at least like "
        "log N / N: states are delocalised (H4).",
        tolerance=abs(expected) / 2, seeds=SEEDS, cap=4 * SEEDS,
        mutants=[
            Mutant("spiky", "at the start nearly all of a state in one coordinate",
                   {"sample": fall(spiky)}),
            Mutant("stays", "it does not fall", {"expected": 0.0}),
        ],
    )  # fmt: skip
