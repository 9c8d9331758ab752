"""Gradient descent on shallow transformers: what is simulated, and what claims read of it.

Sizes: m heads, T tokens, L a lag. ``most`` names the set of widths or of lengths that is simulated
together. Simulations take a point and keys and give named columns, one row a key.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from numerics.generated.shallow_transformer_gd import training_bound
from numerics.shallow_transformer_gd.autoregressive import lagged_runs
from numerics.shallow_transformer_gd.certificates import bounded_runs, certified_runs, relative_room
from numerics.shallow_transformer_gd.fresh_heads import Size, Table, levels
from numerics.shallow_transformer_gd.lengths import DESIGNS, HEADS, length_losses
from numerics.shallow_transformer_gd.widths import width_runs


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


def width_run(
    point: Size,
    keys: Any,
    *,
    radius: float = 3.0,
    shrinking: bool = True,
    symmetric: bool = True,
) -> Table:
    """Two networks of each width on 8 samples of 4 tokens."""
    sizes = {"samples": 8, "length": 4, "dim": 3, "pool": 128, "copies": 2}
    sizes |= {"widths": TRAINED[point["most"]], "steps": point["steps"]}
    how = radius, shrinking, symmetric
    return blockwise(lambda some: width_runs(some, *how, **sizes), keys, 32)._asdict()


def excess(size: Size, table: Table, floor: str = "floor") -> np.ndarray:
    """Distance of the smallest loss of a run from a floor, over the mean square of the labels.

    The root mean square over the networks of a seed; ``floor``: a column, or none.
    """
    smallest = table["smallest"][:, :, TRAINED[size["most"]].index(size["m"])]
    left = smallest - (table[floor][:, None] if floor else 0.0)
    return np.sqrt(np.mean(left**2, axis=1))


def room_left(size: Size, table: Table) -> np.ndarray:
    """CLOSE minus sqrt(m) times the longest way of a block."""
    return CLOSE - table["moved"][:, TRAINED[size["most"]].index(size["m"])]


# Training loss against the number of tokens.
def length_run(point: Size, keys: Any, *, design: str, head: str = "softmax") -> Table:
    """Smallest loss of a run, and the loss at its start: 16 heads, 32 samples, 10 steps."""
    sizes = {"base": 4, "samples": 32, "heads": 16, "dim": 4, "steps": 10, "most": point["most"]}
    place = DESIGNS.index(design), HEADS.index(head)
    T = jnp.asarray(point["T"])
    smallest, first = blockwise(lambda some: length_losses(some, T, *place, **sizes), keys, 32)
    return {"smallest": smallest, "first": first}


# Values that return after L steps, and the certificate.
def lagged(point: Size, keys: Any, *, weight: float) -> Table:
    """300 steps on 128 windows; a softmax network when the recurrent weight is 0.

    The largest gradient in recurrent weights (0: attention matrices) of a run.
    """
    sizes = {"samples": 128, "heads": 32, "steps": 300}
    run = lagged_runs(jnp.asarray(keys), weight, recurrent=weight > 0, lag=point["L"], **sizes)
    return {"gradient": run.gradient}


RATE, STEPS = 0.125, 40


def certified(_: Size, keys: Any) -> Table:
    """Room below the certificate, or of its premise, at the worse of two comparison points.

    Runs of 16 heads on 16 samples of 4 tokens, within radius one.
    """
    sizes = {"samples": 16, "length": 4, "heads": 16, "dim": 4, "steps": STEPS}
    run = certified_runs(jnp.asarray(keys), RATE, jnp.asarray(np.ones(3)), **sizes)
    weights = {
        "whole": {},
        "no distance": {"distance": 0.0},
        "no defect": {"defect": 0.0},
    }
    full = {"distance": 1.0, "defect": 1.0}
    return {
        name: relative_room(run, step_size=RATE, steps=STEPS, **full | wrong)
        for name, wrong in weights.items()
    }


def bounded(_: Size, keys: Any) -> Table:
    """Theorem 1's right side with the numbers of a run, over its mean loss and its first loss.

    Runs as above, 64 steps at the theorem's own step. ``no error``: without the sup of the errors.
    """
    sizes = {"samples": 16, "length": 4, "heads": 16, "dim": 4, "steps": 64}
    run = bounded_runs(jnp.asarray(keys), jnp.ones(3), **sizes)

    def bound(defect: float = 1.0) -> np.ndarray:
        terms = run.radius2, run.residual, run.slope, 64.0, defect * run.defect
        return np.asarray(jax.vmap(training_bound, (0, 0, 0, None, 0))(*terms))

    return {
        "over mean": bound() / np.asarray(run.mean_loss),
        "over first": bound() / np.asarray(run.first_loss),
        "no error": bound(0.0) / np.asarray(run.mean_loss),
    }
