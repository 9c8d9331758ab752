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
    atomic_law,
    depth_limit,
    ensemble,
    half_steps,
    richardson,
)
from numerics.solvers.finite_volume import quantiles
from numerics.training import scalar_tokens
from numerics.training.particles import HUBER, RELU, Data, Measured, Particles
from numerics.training.quick import quick_jit
from numerics.training.sequences import in_context_regression, permuted_pairs

ROWS, ATOMS = 3, 8
DEEP_ATOMS = 4
MOST_CELLS = 128  # one compiled program serves resolutions up to this
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
    weights: Float[np.ndarray, "seeds L K"]


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
    return quick_jit(lambda key: atomic_law(key, ATOMS, rows))(jax.random.key(12))


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
    weights = np.concatenate([np.array(counts) / width, uniform])
    lead = weights.shape[:2]
    ends, course = jax.device_get(
        ensemble(
            jax.tree.map(
                lambda x: jnp.asarray(np.broadcast_to(x, (*lead, *x.shape))),
                jax.device_get(law(setting.rows).particles),
            ),
            jnp.asarray(weights),
            half_steps(setting.depth, setting.longest),
            data_set(setting.data),
            decay=setting.decay,
            step=setting.step,
            steps=setting.steps,
            blocks=RELU if setting.relu else HUBER,
        )
    )
    first, last = (partial(jax.tree.map, lambda x, k=k: x[k]) for k in (slice(-1), -1))
    return Run(first(course), last(course), first(ends), last(ends), weights[:-1])


class Deep(NamedTuple):
    """Infinitely wide networks of one depth, each with an initial law of its own."""

    start: Float[np.ndarray, "seeds n"]  # outputs before training
    end: Float[np.ndarray, "seeds n"]  # outputs after training
    risk: Float[np.ndarray, " seeds"]  # after training


def _laws(keys: UInt32[Array, "seeds 2"]) -> Atoms:
    return jax.vmap(lambda key: atomic_law(key, DEEP_ATOMS, ROWS))(keys)


_draw_laws = quick_jit(_laws)


def deep_networks(depth: int, keys: Any, longest: int = 64) -> Deep:
    """Outputs at a depth before and after training, at infinite width."""
    return _deep_networks(depth, np.asarray(keys, dtype=np.uint32).tobytes(), longest)


@cache
def _deep_networks(depth: int, keys: bytes, longest: int) -> Deep:
    laws = _draw_laws(jnp.asarray(_rows(keys)))
    seeds = len(_rows(keys))
    start = jax.tree.map(
        lambda x: jnp.asarray(np.broadcast_to(x, (longest, *x.shape)).swapaxes(0, 1)),
        jax.device_get(laws.particles),
    )
    uniform = jnp.asarray(np.full((seeds, longest, DEEP_ATOMS), 1.0 / DEEP_ATOMS))
    eta, data = half_steps(depth, longest), data_set("regression")
    _, course = jax.device_get(ensemble(start, uniform, eta, data, decay=0.01, step=0.5, steps=4))
    return Deep(course.outputs[:, 0], course.outputs[:, -1], course.risk[:, -1])


def infinite_depth(keys: Any, longest: int = 64) -> Deep:
    """The same at infinite depth, by Richardson extrapolation."""
    fine = deep_networks(longest, keys, longest)
    return jax.tree.map(richardson, deep_networks(longest // 2, keys, longest), fine)


@partial(quick_jit, static_argnums=2)
def _depth_limits(
    keys: UInt32[Array, "seeds 2"], inputs: Float[Array, "n D T"], row: int, alternation: ScalarLike
) -> tuple[Float[Array, "seeds n"], Float[Array, "seeds n"]]:
    solve = partial(depth_limit, inputs=inputs, row=row, alternation=alternation)
    return jax.vmap(solve)(_laws(keys))


def depth_limits(
    keys: Any, alternation: float = 1.0
) -> tuple[Float[np.ndarray, "seeds n"], Float[np.ndarray, "seeds n"]]:
    """Untrained outputs at infinite depth and width, and the coefficient of their 1/L error."""
    data = data_set("regression")
    return jax.device_get(_depth_limits(jnp.asarray(keys), data.inputs, data.row, alternation))


FLOW: dict[str, Any] = {"depth": 3, "time": 3.0}


@quick_jit
def _flowed_particles(keys: UInt32[Array, "seeds 2"]) -> Float[Array, "seeds L N"]:
    def one(key: Array) -> Array:
        data = scalar_tokens.random_pairs(key)
        return scalar_tokens.flow_particles(data, count=LEVELS, decay=0.1, steps=16, **FLOW)

    return jax.vmap(one)(keys)


@partial(quick_jit, static_argnums=3)
def _density_quantiles(
    keys: UInt32[Array, "seeds 2"], cells: ScalarLike, decay: ScalarLike, most: int
) -> Float[Array, "seeds L N"]:
    levels = (jnp.arange(LEVELS) + 0.5) / LEVELS

    def one(key: Array) -> Array:
        data = scalar_tokens.random_pairs(key)
        mass, edges = scalar_tokens.flow_density(
            data, cells=cells, most=most, decay=decay, steps=cells, **FLOW
        )
        return jax.vmap(lambda m: quantiles(m, edges, levels))(mass)

    return jax.vmap(one)(keys)


def density_error(keys: Any, cells: int, decay: float = 0.1) -> Float[np.ndarray, " seeds"]:
    """Wasserstein-1 distance of the density, with a decay, from particles with decay 0.1."""
    rows = jnp.asarray(keys)
    found = _density_quantiles(rows, cells, decay, max(cells, MOST_CELLS))
    return np.abs(np.asarray(found) - np.asarray(_flowed_particles(rows))).mean((1, 2))
