"""Shallow transformers that are not trained: what is simulated.

Sizes: m heads, n samples, T tokens, B a bound of |U|. Widths and numbers of samples are nested and
simulated together, named by their largest. Simulations take a point and keys and give named
columns, one row a key.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from numerics import in_double
from numerics.engine.measuring import Keys, Size, Table
from numerics.generated.shallow_transformer_gd import attention_head
from numerics.shallow_transformer_gd import Attend
from numerics.shallow_transformer_gd.boundary import POINTS, boundary_errors
from numerics.shallow_transformer_gd.extremes import QUANTITIES, extreme_values
from numerics.shallow_transformer_gd.ladders import Ladder, Pairing, in_pairs, ladder, shrinking
from numerics.shallow_transformer_gd.long_inputs import (
    kicked,
    repetition_change,
    working_memory,
)
from numerics.shallow_transformer_gd.pool import Pool, approximation_profile, response_pool


def levels(least: int, most: int, step: int = 2) -> tuple[int, ...]:
    """A geometric sequence."""
    return tuple(least * step**i for i in range(64) if least * step**i <= most)


# Extremes of one head, by gradient ascent.
def extremes(point: Size, keys: Keys, *, quantity: str) -> Table:
    """The largest value that each search has met."""
    place, B = QUANTITIES.index(quantity), float(point.get("B", 1))
    found = extreme_values(jnp.asarray(keys), place, point["T"], B, most=6, dim=2, steps=100)
    return {"largest": found}


# The linearisation error, at three points of the projection set.
MOVED = {256: (16, 40, 100, 256), 512: levels(16, 512), 1024: levels(16, 1024)}


def linearised(
    point: Size,
    keys: Keys,
    *,
    place: str,
    pairs: Callable[[Ladder], Pairing] = in_pairs,
    radius: Callable[[Ladder], Array] = shrinking,
) -> Table:
    """Networks of all widths up to m on 16 samples, moved to a place of the projection set."""
    widths = MOVED.get(point["m"], (point["m"],))
    sizes = {"widths": widths, "samples": 16, "length": 3, "dim": 3}
    networks, where = ladder(widths), POINTS.index(place)
    run = boundary_errors(jnp.asarray(keys), where, pairs(networks), radius(networks), **sizes)
    return by_level(run._asdict(), widths)


def by_level(columns: Table, levels: tuple[int, ...], axis: int = 1) -> dict[str, Any]:
    """One column for each level along an axis, ``name/level``."""
    return {
        f"{name}/{level}": np.take(np.asarray(column), place, axis)
        for name, column in columns.items()
        for place, level in enumerate(levels)
    }


# The approximation error, heads drawn from the pool that makes the target.
WIDTHS = levels(4, 512)
POOL = {"pool": 512, "length": 6, "dim": 4}


@cache
@in_double
def pool(samples: int) -> Pool:
    """One teacher; its pool of 512 heads is the law of the heads."""
    return response_pool(pool_key(), samples=samples, **POOL)


def pool_key() -> jax.Array:
    """Of the one teacher."""
    return jnp.asarray(np.array([0, 20260116], np.uint32))


def profile(point: Size, keys: Keys) -> Table:
    """Errors of all widths (second axis) over numbers of samples from 8 to n.

    ``variance``: the largest of the responses.
    """
    counts, pairs = levels(8, point["n"]), np.arange(WIDTHS[-1] // 2)
    ladders = (jnp.asarray(np.array(ladder)) for ladder in (WIDTHS, counts, pairs))
    drawn = pool(point["n"])
    found = approximation_profile(jnp.asarray(keys), drawn, *ladders)._asdict()
    return by_level(found, counts, 2) | {"variance": np.full(len(keys), drawn.variance)}


# Repeated tokens, the recurrent contrast, memory.
REPEATS, LENGTHS = (2, 16), (4, 16, 64)


def drawn(keys: Keys, draw: Callable[[np.random.Generator], np.ndarray]) -> jax.Array:
    """One draw a seed."""
    return jnp.asarray(np.array([draw(np.random.default_rng(key)) for key in np.asarray(keys)]))


def repeated(_: Size, keys: Keys, *, attend: Attend = attention_head) -> Table:
    """Relative change of outputs when tokens are repeated."""
    X = drawn(keys, lambda rng: 0.3 * rng.standard_normal((4, 3)))
    return by_level({"change": repetition_change(X, repeats=REPEATS, attend=attend)}, REPEATS, 0)


def kicks(_: Size, keys: Keys) -> Table:
    """Recurrent and softmax heads; w between 0.8 and 1.3, |u| between 1.5 and 3, a seed."""
    pairs = drawn(keys, lambda rng: rng.uniform([0.8, 1.5], [1.3, 3.0]))
    seen = kicked(pairs, lengths=LENGTHS)._asdict()
    return by_level(seen, LENGTHS, 0) | {"w": pairs[:, 0], "norm": pairs[:, 1]}


def memory(point: Size, keys: Keys) -> Table:
    """Working memory of the attention of 16 heads; tokens given, not counted."""
    queries = {"last": False, "fixed": True}
    return {
        query: np.full(len(keys), working_memory(point["T"], online))
        for query, online in queries.items()
    }
