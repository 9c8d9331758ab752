"""Gradient descent on shallow transformers: what is simulated.

Sizes: m heads, T tokens, L a lag. Widths and lengths are nested and simulated together, named by
their largest. Simulations take a point and keys and give named columns, one row a key.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.shallow_transformer_gd.autoregressive import lagged_runs
from numerics.shallow_transformer_gd.certificates import bounded_runs, certified_runs
from numerics.shallow_transformer_gd.fresh_heads import by_level, levels
from numerics.shallow_transformer_gd.ladders import Ladder, Pairing, in_pairs, ladder, shrinking
from numerics.shallow_transformer_gd.lengths import DESIGNS, Attend, length_losses
from numerics.shallow_transformer_gd.widths import floor_share, width_runs


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
TRAINED = {  # by the widest network: all of them, and the number of steps
    128: (levels(16, 128), 9),
    256: (levels(32, 256), 16),
    512: (levels(32, 512), 36),
}


def width_run(
    point: Size,
    keys: Keys,
    *,
    reach: float = 3.0,
    pairs: Callable[[Ladder], Pairing] = in_pairs,
    radius: Callable[[Ladder], Array] = shrinking,
) -> Table:
    """Two networks of each width up to m on 8 samples of 4 tokens, within ``reach`` radii."""
    widths, steps = TRAINED.get(point["m"], ((point["m"],), 9))
    sizes = {"samples": 8, "length": 4, "dim": 3, "pool": 128, "copies": 2}
    sizes |= {"widths": widths, "steps": steps}
    networks = ladder(widths)
    how = pairs(networks), reach * radius(networks)
    run = blockwise(lambda some: width_runs(some, *how, **sizes), keys, 32)
    table = by_level({"smallest": run.smallest}, widths, 2) | by_level({"moved": run.moved}, widths)
    steps = np.full(len(keys), steps)
    return table | {"kernels": run.kernels, "labels": run.labels, "steps": steps}


@partial(quick_jit, level=0)
def floors(K: Float[Array, "seeds n n"], y: Float[Array, "seeds n"], steps: Any) -> Array:
    """Losses of infinitely many heads after so many steps of size 1/sqrt(steps)."""
    return jax.vmap(lambda K, y: floor_share(K, y, 1 / jnp.sqrt(steps), steps))(K, y)


SAMPLE_STEPS = 9


def sample_run(
    point: Size,
    keys: Keys,
    *,
    reach: float = 3.0,
    pairs: Callable[[Ladder], Pairing] = in_pairs,
) -> Table:
    """Networks of widths m, m/2, ..., m/8 on n samples of 4 tokens, and infinitely many heads.

    ``floor`` is the loss of the latter, ``of U and W`` that without the kernel of c.
    """
    widths = levels(point["m"] // 8, point["m"])
    sizes = {"samples": point["n"], "length": 4, "dim": 3, "pool": 128, "copies": 2}
    sizes |= {"widths": widths, "steps": SAMPLE_STEPS}
    networks = ladder(widths)
    how = pairs(networks), reach * shrinking(networks)

    def run(some: Array) -> tuple[Array, Array, Array]:
        found = width_runs(some, *how, **sizes)
        K = found.kernels
        least = (floors(of.sum(1), found.labels, SAMPLE_STEPS) for of in (K, K[:, 1:]))
        return found.smallest, *least

    smallest, floor, rest = blockwise(run, keys, 8)  # n^2 kernels a seed: kept for eight
    return by_level({"smallest": smallest}, widths, 2) | {"floor": floor, "of U and W": rest}


# Training loss against the number of tokens.
def length_run(point: Size, keys: Keys, *, design: str, attend: Attend | None = None) -> Table:
    """Smallest loss of a run, and the loss at its start: 16 heads, 32 samples, 10 steps.

    At lengths T, T/2, ..., 4.
    """
    sizes = {"base": 4, "samples": 32, "heads": 16, "dim": 4, "steps": 10, "most": point["T"]}
    how: dict[str, Any] = {**sizes, "attend": attend}
    table, place = {}, DESIGNS.index(design)
    for T in levels(4, point["T"]):
        length = jnp.asarray(T)
        run = blockwise(lambda some, T=length: length_losses(some, T, place, **how), keys, 32)
        table |= {f"smallest/{T}": run[0], f"first/{T}": run[1]}
    return table


# Values that return after L steps, and the certificate.
def lagged(point: Size, keys: Keys, *, weight: float) -> Table:
    """300 steps on 128 windows; a softmax network when the recurrent weight is 0.

    The largest gradient in recurrent weights (0: attention matrices) of a run.
    """
    sizes = {"samples": 128, "heads": 32, "steps": 300}
    run = lagged_runs(jnp.asarray(keys), weight, recurrent=weight > 0, lag=point["L"], **sizes)
    return {"gradient": run.gradient}


RATE, FAST, STEPS = 0.125, 2.0, 40


def certified(_: Size, keys: Keys) -> Table:
    """What the certificate needs, at two comparison points.

    Runs of 16 heads on 16 samples of 4 tokens, within radius one.
    """
    return _certified(keys, np.full(len(keys), RATE))


def certified_near_limit(_: Size, keys: Keys, *, share: float = 0.9) -> Table:
    """The same at steps of a share of 1/(4 Gamma^2), Gamma as a run at the step FAST has it."""
    first = _certified(keys, np.full(len(keys), FAST))
    return _certified(keys, share / (4 * np.asarray(first["selfbound"]).max(axis=1)))


def _certified(keys: Keys, step_sizes: Float[np.ndarray, " seeds"]) -> Table:
    sizes = {"samples": 16, "length": 4, "heads": 16, "dim": 4, "steps": STEPS}
    steps = jnp.asarray(step_sizes)
    run = certified_runs(jnp.asarray(keys), steps, jnp.asarray(np.ones(3)), **sizes)
    return run._asdict() | {"step": step_sizes}


BOUNDED_STEPS = 64


def bounded(_: Size, keys: Keys) -> Table:
    """What Theorem 1 needs: runs as above, at the theorem's own step."""
    sizes = {"samples": 16, "length": 4, "heads": 16, "dim": 4, "steps": BOUNDED_STEPS}
    return bounded_runs(jnp.asarray(keys), jnp.ones(3), **sizes)._asdict()
