"""Runs of gradient descent on shallow transformers: what the claims measure, one number a seed.

Sizes: m heads, T tokens, L a lag. Sizes and planted errors that concern the same networks share a
run (``remembered``); ``most`` names the set of widths or of lengths that is simulated together.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from numerics.engine.remembered import remembered
from numerics.shallow_transformer_gd.autoregressive import Followed, lagged_runs
from numerics.shallow_transformer_gd.certificates import Certified, certified_runs, relative_room
from numerics.shallow_transformer_gd.fresh_heads import Measure, Size, levels
from numerics.shallow_transformer_gd.lengths import DESIGNS, HEADS, length_losses
from numerics.shallow_transformer_gd.widths import WidthRun, width_runs


def blockwise(run: Callable[[jax.Array], Any], keys: Any, block: int) -> Any:
    """``run`` of ``block`` seeds at a time, so that it is compiled for one number of seeds.

    The last ones are padded and dropped.
    """
    count = len(keys)
    block = min(block, count)
    padded = np.pad(np.asarray(keys), ((0, -count % block), (0, 0)), mode="edge")
    parts = [run(jnp.asarray(padded[i : i + block])) for i in range(0, count, block)]
    return jax.tree.map(lambda *arrays: np.concatenate(arrays)[:count], *parts)


# Training loss against the number of heads, above the loss of infinitely many.
TRAINED = {128: levels(16, 128), 256: levels(32, 256), 512: levels(32, 512)}
CLOSE = 0.25  # a radius that descent without projection leaves


@remembered(64)
def width_run(
    keys: Any, most: int, steps: int, radius: float, shrinking: bool, symmetric: bool
) -> WidthRun:
    """Two networks of each width on 8 samples of 4 tokens."""
    sizes = {"samples": 8, "length": 4, "dim": 3, "pool": 128, "copies": 2}
    sizes |= {"widths": TRAINED[most], "steps": steps}
    return blockwise(lambda some: width_runs(some, radius, shrinking, symmetric, **sizes), keys, 32)


def excess(floor: str = "floor", symmetric: bool = True) -> Measure:
    """Distance of the smallest loss of a run from a floor, over the mean square of the labels.

    The root mean square over the networks of a seed; ``floor``: a field of ``WidthRun``, or none.
    """

    def error(size: Size, keys: Any) -> np.ndarray:
        run = width_run(keys, size["most"], size["steps"], 3.0, True, symmetric)
        smallest = run.smallest[:, :, TRAINED[size["most"]].index(size["m"])]
        left = smallest - (getattr(run, floor)[:, None] if floor else 0.0)
        return np.sqrt(np.mean(left**2, axis=1))

    return error


def room_left(radius: float = CLOSE, shrinking: bool = True) -> Measure:
    """CLOSE minus sqrt(m) times the longest way of a block, projected to radius / sqrt(m)."""

    def slack(size: Size, keys: Any) -> np.ndarray:
        run = width_run(keys, size["most"], size["steps"], radius, shrinking, True)
        return CLOSE - run.moved[:, TRAINED[size["most"]].index(size["m"])]

    return slack


# Training loss against the number of tokens.
@remembered(64)
def length_run(
    keys: Any, length: int, most: int, design: str, head: str
) -> tuple[np.ndarray, np.ndarray]:
    """Smallest loss of a run, and the loss at its start: 16 heads, 32 samples, 10 steps."""
    sizes = {"base": 4, "samples": 32, "heads": 16, "dim": 4, "steps": 10, "most": most}
    place = DESIGNS.index(design), HEADS.index(head)
    T = jnp.asarray(length)
    return blockwise(lambda some: length_losses(some, T, *place, **sizes), keys, 32)


def trained_loss(design: str, head: str = "softmax", relative: bool = True) -> Measure:
    """Smallest loss of a run, over the loss at the start when ``relative``."""

    def error(size: Size, keys: Any) -> np.ndarray:
        smallest, first = length_run(keys, size["T"], size["most"], design, head)
        return smallest / first if relative else smallest

    return error


# Values that return after L steps, and the certificate.
@remembered(64)
def lagged(keys: Any, L: int, weight: float) -> Followed:
    """300 steps on 128 windows; a softmax network when the recurrent weight is 0."""
    sizes = {"samples": 128, "heads": 32, "steps": 300}
    return lagged_runs(keys, weight, recurrent=weight > 0, lag=L, **sizes)


def below_growth(weight: float, power: float) -> Measure:
    """L^power over the largest gradient in recurrent weights (0: attention matrices) of a run."""
    return lambda size, keys: (
        size["L"] ** power / np.asarray(lagged(keys, size["L"], weight).gradient)
    )


RATE, STEPS = 0.125, 40


@remembered(16)
def certified(keys: Any) -> Certified:
    """Runs of 16 heads on 16 samples of 4 tokens, within radius one."""
    sizes = {"samples": 16, "length": 4, "heads": 16, "dim": 4, "steps": STEPS}
    return certified_runs(keys, RATE, jnp.asarray(np.ones(3)), **sizes)


def certificate_slack(distance: float = 1.0, defect: float = 1.0) -> Measure:
    """Room below the certificate, or of its premise, at the worse of two comparison points."""
    weights = partial(relative_room, step_size=RATE, steps=STEPS, distance=distance, defect=defect)
    return lambda size, keys: np.asarray(weights(certified(keys)))
