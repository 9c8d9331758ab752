"""Runs that claims measure: many networks beside their exact limits, each run made once.

A run is a pure function of its setting, a size and the keys of its seeds, and is remembered:
claims and planted errors that look at the same networks do not train them again.
"""

from functools import cache, lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, ScalarLike, UInt32

from numerics import in_double
from numerics.engine.quick import quick_jit
from numerics.mean_field_flow import (
    Atoms,
    atomic_law,
    depth_limit,
    draw_weights,
    ensemble,
    half_steps,
    richardson,
    scalar_tokens,
)
from numerics.mean_field_flow.finite_volume import quantiles
from numerics.mean_field_flow.particles import HUBER, RELU, Data, Measured, Particles
from numerics.mean_field_flow.sequences import in_context_regression, permuted_pairs

ROWS, ATOMS = 3, 8
DEEP_ATOMS = 4
LONGEST, ROOM = 8, 16  # depths and numbers of steps up to these share a program
CHUNK = 48  # networks trained at once
RECENT = 256  # runs remembered: those of one claim, not of a whole calibration
MOST_CELLS = 128  # one compiled program serves resolutions up to this
LEVELS = 200  # quantiles at which a density is compared with particles


class Setting(NamedTuple):
    """How networks are trained; depths up to LONGEST and steps up to ROOM share a program.

    ``tied``: all layers have the particles of the first, a planted error.
    """

    depth: int = 4
    decay: float = 0.01
    step: float = 1.0
    steps: int = 4
    data: str = "regression"
    relu: bool = False
    rows: int = ROWS
    tied: bool = False


class Run(NamedTuple):
    """Networks (leading axis: seeds) and the infinite width beside them."""

    finite: Measured
    limit: Measured
    no_decay: Measured  # infinite width without weight decay
    ends: Particles
    limit_end: Particles
    weights: Float[np.ndarray, "seeds L K"]


@cache
@in_double
def data_set(name: str) -> Data:
    """Sequences: ``regression``, ``pairs``, ``positions`` (pairs told apart) or ``digits``."""
    if name == "regression":
        return in_context_regression(jax.random.key(11), 4, context=3, dimension=1)
    if name == "digits":
        from numerics.mean_field_flow.digits import two_digits

        return two_digits(8)
    return permuted_pairs(jax.random.key(13), 2, 3, 1, positions=name == "positions")


@cache
@in_double
def law(rows: int = ROWS) -> Atoms:
    """The atomic initial law of the runs about width."""
    return atomic_law(jax.random.key(12), ATOMS, rows)


def networks(setting: Setting, width: int, keys: Any) -> Run:
    """Train one network of a width for each key, and the infinite width beside them."""
    rows = np.asarray(keys, dtype=np.uint32)
    padded = np.concatenate([rows, np.repeat(rows[-1:], -len(rows) % CHUNK, axis=0)])
    chunks = [padded[k : k + CHUNK].tobytes() for k in range(0, len(padded), CHUNK)]
    runs = [_networks(setting, width, chunk) for chunk in chunks]
    finite, ends, weights = jax.tree.map(
        lambda *x: np.concatenate(x)[: len(rows)], *[(r.finite, r.ends, r.weights) for r in runs]
    )
    return runs[0]._replace(finite=finite, ends=ends, weights=weights)


def _rows(keys: bytes) -> UInt32[np.ndarray, "seeds 2"]:
    return np.frombuffer(keys, dtype=np.uint32).reshape(-1, 2)


@lru_cache(RECENT)
@in_double
def _networks(setting: Setting, width: int, keys: bytes) -> Run:
    longest = max(LONGEST, setting.depth)
    drawn = np.array([draw_weights(key, longest, width, ATOMS) for key in _rows(keys)])
    if setting.tied:
        drawn = np.repeat(drawn[:, :1], longest, axis=1)
    uniform = np.full((2, longest, ATOMS), 1.0 / ATOMS)
    weights = np.concatenate([drawn, uniform])
    lead = weights.shape[:2]
    decays = np.full(len(weights), setting.decay)
    decays[-1] = 0.0
    ends, course = jax.device_get(
        ensemble(
            jax.tree.map(
                lambda x: jax.device_put(np.broadcast_to(x, (*lead, *x.shape))),
                jax.device_get(law(setting.rows).particles),
            ),
            jax.device_put(weights),
            half_steps(setting.depth, longest),
            data_set(setting.data),
            decay=decays,
            step=setting.step,
            steps=setting.steps,
            blocks=RELU if setting.relu else HUBER,
            level=0 if setting.relu else 1,  # few runs use it
            room=ROOM,
        )
    )
    course = jax.tree.map(lambda x: x[:, : setting.steps + 1], course)
    finite, limit, plain = (partial(jax.tree.map, lambda x, k=k: x[k]) for k in (slice(-2), -2, -1))
    parts = finite(course), limit(course), plain(course), finite(ends), limit(ends)
    return Run(*parts, weights[:-2])


class Deep(NamedTuple):
    """Infinitely wide networks of one depth, each with an initial law of its own."""

    start: Float[np.ndarray, "seeds n"]  # outputs before training
    end: Float[np.ndarray, "seeds n"]  # outputs after training
    risk: Float[np.ndarray, " seeds"]  # after training


def laws_of(keys: bytes) -> Atoms:
    """An atomic law for each key; leading axis: seeds."""
    drawn = [atomic_law(key, DEEP_ATOMS, ROWS) for key in _rows(keys)]
    return jax.tree.map(lambda *x: jax.device_put(np.stack(x)), *drawn)


def deep_networks(depth: int, keys: Any, longest: int = 64) -> Deep:
    """Outputs at a depth before and after training, at infinite width."""
    return _deep_networks(depth, np.asarray(keys, dtype=np.uint32).tobytes(), longest)


@lru_cache(RECENT)
@in_double
def _deep_networks(depth: int, keys: bytes, longest: int) -> Deep:
    laws = laws_of(keys)
    seeds = len(_rows(keys))
    start = jax.tree.map(
        lambda x: jax.device_put(np.broadcast_to(x, (longest, *x.shape)).swapaxes(0, 1)),
        jax.device_get(laws.particles),
    )
    uniform = jax.device_put(np.full((seeds, longest, DEEP_ATOMS), 1.0 / DEEP_ATOMS))
    eta, data = half_steps(depth, longest), data_set("regression")
    flow = {"decay": 0.01, "step": 0.5, "steps": 4, "level": 0}
    _, course = jax.device_get(ensemble(start, uniform, eta, data, **flow))
    return Deep(course.outputs[:, 0], course.outputs[:, -1], course.risk[:, -1])


def infinite_depth(keys: Any, longest: int = 64) -> Deep:
    """The same at infinite depth, by Richardson extrapolation."""
    fine = deep_networks(longest, keys, longest)
    return jax.tree.map(richardson, deep_networks(longest // 2, keys, longest), fine)


@partial(quick_jit, static_argnums=2, level=0)
def _depth_limits(
    laws: Atoms, inputs: Float[Array, "n D T"], row: int, alternation: ScalarLike
) -> tuple[Float[Array, "seeds n"], Float[Array, "seeds n"]]:
    solve = partial(depth_limit, inputs=inputs, row=row, alternation=alternation)
    return jax.vmap(solve)(laws)


def depth_limits(
    keys: Any, alternation: float = 1.0
) -> tuple[Float[np.ndarray, "seeds n"], Float[np.ndarray, "seeds n"]]:
    """Untrained outputs at infinite depth and width, and the coefficient of their 1/L error."""
    return _limits_of(np.asarray(keys, dtype=np.uint32).tobytes(), alternation)


@lru_cache(RECENT)
@in_double
def _limits_of(
    keys: bytes, alternation: float
) -> tuple[Float[np.ndarray, "seeds n"], Float[np.ndarray, "seeds n"]]:
    data, laws = data_set("regression"), laws_of(keys)
    return jax.device_get(_depth_limits(laws, data.inputs, data.row, alternation))


FLOW: dict[str, Any] = {"depth": 3, "time": 3.0}


@partial(quick_jit, level=0)
def _flowed_particles(pairs: scalar_tokens.Pairs) -> Float[Array, "seeds L N"]:
    def one(data: scalar_tokens.Pairs) -> Array:
        return scalar_tokens.flow_particles(data, count=LEVELS, decay=0.1, steps=16, **FLOW)

    return jax.vmap(one)(pairs)


@partial(quick_jit, static_argnums=4)
def _density_quantiles(
    pairs: scalar_tokens.Pairs, cells: ScalarLike, decay: ScalarLike, factor: ScalarLike, most: int
) -> Float[Array, "seeds L N"]:
    levels = (jnp.arange(LEVELS) + 0.5) / LEVELS

    def one(data: scalar_tokens.Pairs) -> Array:
        mass, edges = scalar_tokens.flow_density(
            data, cells=cells, most=most, decay=decay, factor=factor, steps=cells, **FLOW
        )
        return jax.vmap(lambda m: quantiles(m, edges, levels))(mass)

    return jax.vmap(one)(pairs)


def density_error(
    keys: Any, cells: int, decay: float = 0.1, factor: float = 1.0
) -> Float[np.ndarray, " seeds"]:
    """Wasserstein-1 distance of the density, with a decay, from particles with decay 0.1.

    ``factor``: before the drift of the density that comes from the risk.
    """
    pairs, particles = _beside(np.asarray(keys, dtype=np.uint32).tobytes())
    found = _density_quantiles(pairs, cells, decay, factor, max(cells, MOST_CELLS))
    return np.abs(np.asarray(found) - particles).mean((1, 2))


@lru_cache(RECENT)
@in_double
def _beside(keys: bytes) -> tuple[scalar_tokens.Pairs, Float[np.ndarray, "seeds L N"]]:
    drawn = [scalar_tokens.random_pairs(key) for key in _rows(keys)]
    pairs = jax.tree.map(lambda *x: jax.device_put(np.stack(x)), *drawn)
    return pairs, np.asarray(_flowed_particles(pairs))
