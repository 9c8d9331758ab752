"""Shallow transformers that are not trained: what is simulated, and what claims read of it.

Sizes: m heads, n samples, T tokens, B a bound of |U|, r repeats. ``most`` and ``samples`` name the
sets of widths and of samples that are simulated together. Simulations take a point and keys and
give named columns, one row a key; other functions read a size's numbers from such a table.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from numerics import in_double
from numerics.engine.quick import quick_jit
from numerics.generated.shallow_transformer_gd import approximation_bound
from numerics.shallow_transformer_gd.boundary import POINTS, boundary_errors
from numerics.shallow_transformer_gd.extremes import QUANTITIES, extreme_values
from numerics.shallow_transformer_gd.long_inputs import (
    kicked,
    repetition_change,
    working_memory,
)
from numerics.shallow_transformer_gd.pool import Pool, approximation_profile, response_pool
from numerics.shallow_transformer_gd.transport import Blocks, Teacher, responses

Size = Mapping[str, int]
Table = Mapping[str, Any]


def levels(least: int, most: int, step: int = 2) -> tuple[int, ...]:
    """A geometric sequence."""
    return tuple(least * step**i for i in range(64) if least * step**i <= most)


# Extremes of one head, by gradient ascent.
def extremes(point: Size, keys: Any, *, quantity: str) -> Table:
    """The largest value that each search has met."""
    place, B = QUANTITIES.index(quantity), float(point.get("B", 1))
    found = extreme_values(jnp.asarray(keys), place, point["T"], B, most=6, dim=2, steps=100)
    return {"largest": found}


# The linearisation error, at three points of the projection set.
MOVED = {256: (16, 40, 100, 256), 512: levels(16, 512), 1024: levels(16, 1024)}


def linearised(
    point: Size, keys: Any, *, place: str, symmetric: bool = True, shrinking: bool = True
) -> Table:
    """Networks of all widths on 16 samples, moved to a place of the projection set."""
    sizes = {"widths": MOVED[point["most"]], "samples": 16, "length": 3, "dim": 3}
    where = POINTS.index(place)
    return boundary_errors(jnp.asarray(keys), where, symmetric, shrinking, **sizes)._asdict()


def unprojected(point: Size, keys: Any) -> Table:
    """Errors where radii do not shrink with m, beside the bound where they do."""
    free = linearised(point, keys, place="coherent", shrinking=False)
    return {"error": free["error"], "bound": linearised(point, keys, place="coherent")["bound"]}


def of_moved(size: Size, table: Table, what: str = "error") -> np.ndarray:
    """sup over the samples of |f - f_lin|, or another column."""
    return table[what][:, MOVED[size["most"]].index(size["m"])]


def below_bound(size: Size, table: Table, averaged: bool = False) -> np.ndarray:
    """The derived bound (over m when ``averaged``) minus the error."""
    share = of_moved(size, table, "bound") / (size["m"] if averaged else 1)
    return share - of_moved(size, table)


# The approximation error, heads drawn from the pool that makes the target.
WIDTHS = levels(4, 512)


@cache
@in_double
def pool(samples: int) -> Pool:
    """One teacher; its pool of 512 heads is the law of the heads."""
    key = jnp.asarray(np.array([0, 20260116], np.uint32))
    return response_pool(key, pool=512, samples=samples, length=6, dim=4)


def profile(point: Size, keys: Any) -> Table:
    """Errors of all widths over numbers of samples from 8 to all."""
    samples = point["samples"]
    counts, pairs = levels(8, samples), np.arange(WIDTHS[-1] // 2)
    ladders = (jnp.asarray(np.array(ladder)) for ladder in (WIDTHS, counts, pairs))
    return approximation_profile(jnp.asarray(keys), pool(samples), *ladders)._asdict()


def approximation(size: Size, table: Table, what: str = "largest", m: int = 64) -> np.ndarray:
    """Largest or mean square error of m heads over n samples."""
    counts, width = levels(8, size["samples"]), WIDTHS.index(size.get("m", m))
    return table[what][:, width, counts.index(size.get("n", counts[-1]))]


def sup_square(size: Size, table: Table) -> np.ndarray:
    """m eps_app^2 over twice its Gaussian slope 2 v, v = m times the largest variance, m = 64."""
    return 64 * approximation(size, table) ** 2 / (4 * float(pool(size["samples"]).variance))


def bound_over_error(size: Size, table: Table, m: int = 64) -> np.ndarray:
    """The bound of the approximation error at probability 0.99 over that error, m heads."""
    # b = sigma0 nu_c + sigma1 (nu_u + nu_w) with radii of three, see `response_pool`.
    bound = float(approximation_bound(float(size["n"]), float(m), 0.01, 9.0))
    return bound / approximation(size, table, m=m)


def needed_width(size: Size, table: Table) -> np.ndarray:
    """The width at which a seed's error, made monotone in m, reaches half a unit."""
    errors = np.stack([approximation(size, table, m=m) for m in WIDTHS], axis=1)
    errors = errors / np.sqrt(float(pool(size["samples"]).variance))
    falling = np.log(np.maximum.accumulate(errors[:, ::-1], axis=1))
    rising = np.log(WIDTHS[::-1])
    return np.exp([np.interp(np.log(0.5), e, rising) for e in falling])


RADII = (3.0, 2.0, 0.5)  # of c, U, W; the last one is short enough to clip


@partial(quick_jit, level=0)
def _responses(anchors: Array, X: Array, U: Array, W: Array) -> tuple[Array, Array, Array]:
    """Of the pool, by JAX of a head written out, and that with W not moved."""

    def head(x: Array, c: Array, u: Array, w: Array) -> Array:
        return c * jnp.tanh(u @ (jax.nn.softmax(x @ w @ x[-1]) @ x))

    def one(anchors: Array, x: Array, u: Array, w: Array) -> tuple[Array, Array, Array]:
        own, (r_c, r_u, r_w) = (jnp.ones(()), u, w), RADII
        slopes = [jax.grad(head, (1, 2, 3))(anchor, *own) for anchor in anchors]
        clipped = [s * jnp.minimum(1.0, r_w / jnp.sqrt((s**2).sum())) for _, _, s in slopes]
        c, u_moved, w_moved = (
            jnp.stack(parts).mean(0)
            for parts in ([s for s, _, _ in slopes], [s for _, s, _ in slopes], clipped)
        )
        moved: Blocks = (r_c * c, r_u * u_moved, w_moved)
        teacher = Teacher(anchors, u[None], w[None], jnp.asarray(RADII))
        found = responses(teacher, x[None], u[None], w[None])[0, 0]

        def along(v: Blocks) -> Array:
            return jax.jvp(partial(head, x), own, v)[1]

        return found, along(moved), along((moved[0], moved[1], 0 * w_moved))

    return jax.vmap(one)(anchors, X, U, W)


def pool_responses(_: Size, keys: Any) -> Table:
    """Responses of the pool to its transport, against a head and its transport written out.

    ``noise`` is of variance one and knows no head; ``frozen`` leaves out what moves W. Relative.
    """
    random = [np.random.default_rng(key) for key in np.asarray(keys)]
    shapes = ((3, 6, 4), (6, 4), (4,), (4, 4), ())
    anchors, X, U, W, noise = (
        jnp.asarray(np.stack([rng.standard_normal(shape) for rng in random])) for shape in shapes
    )
    found, plain, frozen = map(np.asarray, _responses(anchors, X, U, W))
    scale = np.maximum(np.abs(plain), 1.0)
    given = {"right": found, "noise": np.asarray(noise), "frozen": frozen}
    return {name: np.abs(values - plain) / scale for name, values in given.items()}


# Repeated tokens, the recurrent contrast, memory.
REPEATS, LENGTHS = (2, 16), (4, 16, 64)


def drawn(keys: Any, draw: Callable[[np.random.Generator], np.ndarray]) -> jax.Array:
    """One draw a seed."""
    return jnp.asarray(np.array([draw(np.random.default_rng(key)) for key in np.asarray(keys)]))


def repeated(_: Size, keys: Any) -> Table:
    """Relative change of outputs when tokens are repeated: by heads and repeats."""
    X = drawn(keys, lambda rng: 0.3 * rng.standard_normal((4, 3)))
    return {"change": np.moveaxis(np.asarray(repetition_change(X, repeats=REPEATS)), -1, 0)}


def replication(size: Size, table: Table, normalised: bool = True) -> np.ndarray:
    """Relative change of the network's output when every token is repeated."""
    return table["change"][:, 0 if normalised else 1, REPEATS.index(size["r"])]


def kicks(_: Size, keys: Any) -> Table:
    """Recurrent and softmax heads; w between 0.8 and 1.3, |u| between 1.5 and 3, a seed."""
    pairs = drawn(keys, lambda rng: rng.uniform([0.8, 1.5], [1.3, 3.0]))
    return {name: x.T for name, x in kicked(pairs, lengths=LENGTHS)._asdict().items()}


def kick(size: Size, table: Table, head: str = "recurrent", formula: str = "formula") -> np.ndarray:
    """Relative deviation of a gradient from w^(T-2) tanh |u|."""
    at = LENGTHS.index(size["T"])
    return np.abs(table[head][:, at] / table[formula][:, at] - 1)


def contrast(
    size: Size, table: Table, head: str = "attention", per_token: bool = False
) -> np.ndarray:
    """Slack of sigma1 max(1, B) on the inputs that make the recurrent gradient grow."""
    at = LENGTHS.index(size["T"])
    return table["bound"][:, at] / (size["T"] if per_token else 1) - np.abs(table[head][:, at])


def memory(point: Size, keys: Any) -> Table:
    """Working memory of the attention of 16 heads; tokens given, not counted."""
    queries = {"last": False, "fixed": True}
    return {
        query: np.full(len(keys), working_memory(point["T"], online))
        for query, online in queries.items()
    }
