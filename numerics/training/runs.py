"""Runs that claims measure: many networks beside their exact limits, each run made once.

A run is a pure function of its setting, a size and the keys of its seeds, and is remembered:
claims and planted errors that look at the same networks do not train them again.
"""

from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, ScalarLike, UInt32

from numerics.mean_field_flow import (
    Atoms,
    at_every_layer,
    atomic_law,
    depth_limit,
    ensemble,
    half_steps,
    richardson,
)
from numerics.solvers.finite_volume import quantiles
from numerics.training import scalar_tokens
from numerics.training.particles import HUBER, RELU, Data, Measured, Particles
from numerics.training.sequences import in_context_regression, permuted_pairs

ROWS, ATOMS = 3, 8
DEEP_ATOMS = 4
LEVELS = 200  # quantiles at which a density is compared with particles


class Setting(NamedTuple):
    """How networks are trained; the compiled program depends on the last four fields only."""

    depth: int = 4
    decay: float = 0.01
    step: float = 0.5
    data: str = "regression"
    longest: int = 4
    steps: int = 16
    relu: bool = False
    rows: int = ROWS


class Run(NamedTuple):
    """Networks (leading axis: seeds) and the infinite width beside them."""

    finite: Measured
    limit: Measured
    ends: Particles
    limit_end: Particles
    weights: Float[Array, "seeds L K"]


@cache
def data_set(name: str) -> Data:
    """Sequences: ``regression``, ``pairs``, ``positions`` (pairs told apart) or ``digits``."""
    if name == "regression":
        return in_context_regression(jax.random.key(11), 4, context=3, dimension=1)
    if name == "digits":
        from numerics.training.digits import two_digits

        return two_digits(8)
    return permuted_pairs(jax.random.key(13), 2, 3, 1, positions=name == "positions")


@cache
def law(rows: int = ROWS) -> Atoms:
    """The atomic initial law of the runs about width."""
    return atomic_law(jax.random.key(12), ATOMS, rows)


def networks(setting: Setting, width: int, keys: Any) -> Run:
    """Train one network of a width for each key, and the infinite width beside them."""
    return _networks(setting, width, np.asarray(keys, dtype=np.uint32).tobytes())


def _rows(keys: bytes) -> UInt32[np.ndarray, "seeds 2"]:
    return np.frombuffer(keys, dtype=np.uint32).reshape(-1, 2)


@cache
def _networks(setting: Setting, width: int, keys: bytes) -> Run:
    chances, shape = np.full(ATOMS, 1.0 / ATOMS), (setting.longest,)
    counts = [np.random.default_rng(k).multinomial(width, chances, shape) for k in _rows(keys)]
    uniform = np.full((1, setting.longest, ATOMS), 1.0 / ATOMS)
    weights = jnp.asarray(np.concatenate([np.array(counts) / width, uniform]))
    start = at_every_layer(law(setting.rows), setting.longest)
    ends, course = ensemble(
        jax.tree.map(lambda x: jnp.broadcast_to(x, (len(weights), *x.shape)), start),
        weights,
        half_steps(setting.depth, setting.longest),
        data_set(setting.data),
        decay=setting.decay,
        step=setting.step,
        steps=setting.steps,
        blocks=RELU if setting.relu else HUBER,
    )
    first, last = (partial(jax.tree.map, lambda x, k=k: x[k]) for k in (slice(-1), -1))
    return Run(first(course), last(course), first(ends), last(ends), weights[:-1])


class Deep(NamedTuple):
    """Infinitely wide networks of one depth, each with an initial law of its own."""

    start: Float[Array, "seeds n"]  # outputs before training
    end: Float[Array, "seeds n"]  # outputs after training
    risk: Float[Array, " seeds"]  # after training


@partial(jax.jit, static_argnames="count")
def _laws(keys: Array, count: int) -> Atoms:
    return jax.vmap(lambda key: atomic_law(key, count, ROWS))(keys)


def deep_networks(depth: int, keys: Any, longest: int = 64) -> Deep:
    """Outputs at a depth before and after training, at infinite width."""
    return _deep_networks(depth, np.asarray(keys, dtype=np.uint32).tobytes(), longest)


@cache
def _deep_networks(depth: int, keys: bytes, longest: int) -> Deep:
    laws = _laws(jnp.asarray(_rows(keys)), DEEP_ATOMS)
    seeds = len(_rows(keys))
    start = jax.tree.map(
        lambda x: jnp.broadcast_to(x[:, None], (seeds, longest, *x.shape[1:])), laws.particles
    )
    uniform = jnp.full((seeds, longest, DEEP_ATOMS), 1.0 / DEEP_ATOMS)
    eta = half_steps(depth, longest)
    data = data_set("regression")
    _, course = ensemble(start, uniform, eta, data, decay=0.01, step=0.5, steps=4)
    return Deep(course.outputs[:, 0], course.outputs[:, -1], course.risk[:, -1])


def infinite_depth(keys: Any, longest: int = 64) -> Deep:
    """The same at infinite depth, by Richardson extrapolation."""
    fine = deep_networks(longest, keys, longest)
    return jax.tree.map(richardson, deep_networks(longest // 2, keys, longest), fine)


@jax.jit
def depth_limits(
    keys: UInt32[Array, "seeds 2"], alternation: ScalarLike = 1.0
) -> tuple[Float[Array, "seeds n"], Float[Array, "seeds n"]]:
    """Untrained outputs at infinite depth and width, and the coefficient of their 1/L error."""
    data = data_set("regression")
    solve = partial(depth_limit, inputs=data.inputs, row=data.row, alternation=alternation)
    return jax.vmap(solve)(_laws(keys, DEEP_ATOMS))


FLOW = {"depth": 3, "time": 3.0}


@jax.jit
def _flowed_particles(keys: UInt32[Array, "seeds 2"]) -> Float[Array, "seeds L N"]:
    def one(key: Array) -> Array:
        data = scalar_tokens.random_pairs(key)
        return scalar_tokens.flow_particles(data, count=LEVELS, decay=0.1, steps=16, **FLOW)

    return jax.vmap(one)(keys)


@partial(jax.jit, static_argnames="cells")
def _density_quantiles(
    keys: UInt32[Array, "seeds 2"], cells: int, decay: ScalarLike
) -> Float[Array, "seeds L N"]:
    edges = jnp.linspace(-scalar_tokens.EDGE, scalar_tokens.EDGE, cells + 1)
    levels = (jnp.arange(LEVELS) + 0.5) / LEVELS

    def one(key: Array) -> Array:
        data = scalar_tokens.random_pairs(key)
        mass = scalar_tokens.flow_density(data, cells=cells, decay=decay, steps=cells, **FLOW)
        return jax.vmap(lambda m: quantiles(m, edges, levels))(mass)

    return jax.vmap(one)(keys)


def density_error(keys: Any, cells: int, decay: float = 0.1) -> Float[Array, " seeds"]:
    """Wasserstein-1 distance of the density, with a decay, from particles with decay 0.1."""
    rows = jnp.asarray(keys)
    return jnp.abs(_density_quantiles(rows, cells, decay) - _flowed_particles(rows)).mean((1, 2))
