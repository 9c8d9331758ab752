"""Errors of shallow transformers that are not trained: what the claims measure, one number a seed.

Sizes: m heads, n samples, T tokens, B a bound of |U|, r repeats. Sizes and planted errors that
concern the same networks share a run (``remembered``); ``most`` and ``samples`` name the sets of
widths and of samples that are simulated together.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from numerics.engine.remembered import remembered
from numerics.shallow_transformer_gd.boundary import POINTS, Linearised, boundary_errors
from numerics.shallow_transformer_gd.extremes import QUANTITIES, extreme_values
from numerics.shallow_transformer_gd.long_inputs import (
    Kicked,
    kicked,
    repetition_change,
    working_memory,
)
from numerics.shallow_transformer_gd.pool import Pool, Profile, approximation_profile, response_pool

Size = Mapping[str, int]
Measure = Callable[[Size, Any], np.ndarray]


def levels(least: int, most: int, step: int = 2) -> tuple[int, ...]:
    """A geometric sequence."""
    return tuple(least * step**i for i in range(64) if least * step**i <= most)


# Extremes of one head, by gradient ascent.
@remembered(64)
def extremes(keys: Any, quantity: str, length: int, B: float) -> jax.Array:
    """The largest value that each search has met."""
    place = QUANTITIES.index(quantity)
    return extreme_values(keys, place, length, B, most=6, dim=2, steps=100)


def below(quantity: str, bound: Callable[[float], Any]) -> Measure:
    """Slack of a bound that depends on B and not on T."""

    def slack(size: Size, keys: Any) -> np.ndarray:
        B = float(size.get("B", 1))
        return float(bound(B)) - np.asarray(extremes(keys, quantity, size["T"], B))

    return slack


# The linearisation error, at three points of the projection set.
MOVED = {256: (16, 40, 100, 256), 512: levels(16, 512), 1024: levels(16, 1024)}


@remembered(16)
def moved(keys: Any, most: int, point: str, symmetric: bool, shrinking: bool) -> Linearised:
    """Networks of all widths on 16 samples."""
    sizes = {"widths": MOVED[most], "samples": 16, "length": 3, "dim": 3}
    return boundary_errors(keys, POINTS.index(point), symmetric, shrinking, **sizes)


def linear_error(point: str, what: str = "error", symmetric: bool = True) -> Measure:
    """sup over the samples of |f - f_lin|, or another field of ``Linearised``."""

    def error(size: Size, keys: Any) -> np.ndarray:
        found = getattr(moved(keys, size["most"], point, symmetric, True), what)
        return np.asarray(found)[:, MOVED[size["most"]].index(size["m"])]

    return error


def linear_slack(shrinking: bool = True, averaged: bool = False) -> Measure:
    """The sharp bound minus the error at the coherent point."""

    def slack(size: Size, keys: Any) -> np.ndarray:
        place = MOVED[size["most"]].index(size["m"])
        bound = moved(keys, size["most"], "coherent", True, True).bound
        error = moved(keys, size["most"], "coherent", True, shrinking).error
        share = np.asarray(bound) / (size["m"] if averaged else 1)
        return (share - np.asarray(error))[:, place]

    return slack


# The approximation error, heads drawn from the pool that makes the target.
WIDTHS = levels(4, 512)


@cache
def pool(samples: int) -> Pool:
    """One teacher; its pool of 512 heads is the law of the heads."""
    key = jnp.asarray(np.array([0, 20260116], np.uint32))
    return response_pool(key, pool=512, samples=samples, length=6, dim=4)


@remembered(64)
def profile(keys: Any, samples: int) -> Profile:
    """Errors of all widths over numbers of samples from 8 to all."""
    counts, pairs = levels(8, samples), np.arange(WIDTHS[-1] // 2)
    ladders = (jnp.asarray(np.array(ladder)) for ladder in (WIDTHS, counts, pairs))
    return approximation_profile(keys, pool(samples), *ladders)


def approximation(size: Size, keys: Any, what: str = "largest", m: int = 64) -> np.ndarray:
    """Largest or mean square error of m heads over n samples."""
    found = getattr(profile(keys, size["samples"]), what)
    width = WIDTHS.index(size.get("m", m))
    counts = levels(8, size["samples"])
    return np.asarray(found)[:, width, counts.index(size.get("n", counts[-1]))]


def sup_square(size: Size, keys: Any) -> np.ndarray:
    """m eps_app^2 over twice its Gaussian slope 2 v, v = m times the largest variance, m = 64."""
    return 64 * approximation(size, keys) ** 2 / (4 * float(pool(size["samples"]).variance))


def needed_width(size: Size, keys: Any) -> np.ndarray:
    """The width at which a seed's error, made monotone in m, reaches half a unit."""
    errors = np.stack([approximation(size, keys, m=m) for m in WIDTHS], axis=1)
    errors = errors / np.sqrt(float(pool(size["samples"]).variance))
    falling = np.log(np.maximum.accumulate(errors[:, ::-1], axis=1))
    rising = np.log(WIDTHS[::-1])
    return np.exp([np.interp(np.log(0.5), e, rising) for e in falling])


# Repeated tokens, the recurrent contrast, memory.
REPEATS, LENGTHS = (2, 16), (4, 16, 64)


def drawn(keys: Any, draw: Callable[[np.random.Generator], np.ndarray]) -> jax.Array:
    """One draw a seed."""
    return jnp.asarray(np.array([draw(np.random.default_rng(key)) for key in np.asarray(keys)]))


@remembered(16)
def repeated(keys: Any) -> jax.Array:
    """Relative change of outputs when tokens are repeated: heads, repeats, seeds."""
    X = drawn(keys, lambda rng: 0.3 * rng.standard_normal((4, 3)))
    return repetition_change(X, repeats=REPEATS)


def replication(size: Size, keys: Any, normalised: bool = True) -> np.ndarray:
    """Relative change of the network's output when every token is repeated."""
    return np.asarray(repeated(keys))[0 if normalised else 1, REPEATS.index(size["r"])]


@remembered(16)
def kicks(keys: Any) -> Kicked:
    """Recurrent and softmax heads; w between 0.8 and 1.3, |u| between 1.5 and 3, a seed."""
    return kicked(drawn(keys, lambda rng: rng.uniform([0.8, 1.5], [1.3, 3.0])), lengths=LENGTHS)


def kick(size: Size, keys: Any, head: str = "recurrent", formula: str = "formula") -> np.ndarray:
    """Relative deviation of a gradient from w^(T-2) tanh |u|."""
    seen, at = kicks(keys), LENGTHS.index(size["T"])
    return np.abs(np.asarray(getattr(seen, head))[at] / np.asarray(getattr(seen, formula))[at] - 1)


def contrast(head: str = "attention", per_token: bool = False) -> Measure:
    """Slack of L1 sharp on the inputs that make the recurrent gradient grow."""

    def slack(size: Size, keys: Any) -> np.ndarray:
        seen, at = kicks(keys), LENGTHS.index(size["T"])
        bound = np.asarray(seen.bound)[at] / (size["T"] if per_token else 1)
        return bound - np.abs(np.asarray(getattr(seen, head))[at])

    return slack


def temporary_bytes(size: Size, keys: Any, online: bool) -> np.ndarray:
    """Working memory of the attention of 16 heads; tokens given, not counted."""
    return np.full(len(keys), working_memory(size["T"], online))
