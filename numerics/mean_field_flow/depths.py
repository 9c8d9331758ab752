"""Networks of infinite width at many depths, beside infinite depth and the first order in 1/L."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.generated.mean_field_flow import depth_defect
from numerics.mean_field_flow import (
    Atoms,
    Defect,
    atomic_law,
    depth_limit,
    ensemble,
    half_steps,
    richardson,
)
from numerics.mean_field_flow.particles import Particles, forward
from numerics.mean_field_flow.runs import ROWS, data_set

DEEP_ATOMS = 4
DEPTHS = (4, 5, 6, 8, 12, 16, 24)
FINE = 64  # infinite depth is extrapolated from this and its half
LONGEST_MOVED = 32  # layers of networks whose law changes with depth


class Deep(NamedTuple):
    """Infinitely wide networks of one depth, each with an initial law of its own."""

    start: Float[np.ndarray, "seeds n"]  # outputs before training
    end: Float[np.ndarray, "seeds n"]  # outputs after training


def laws_of(keys: Keys) -> Atoms:
    """An atomic law for each key; leading axis: seeds."""
    drawn = [atomic_law(key, DEEP_ATOMS, ROWS) for key in np.asarray(keys)]
    return jax.tree.map(lambda *x: jax.device_put(np.stack(x)), *drawn)


def deep_networks(depth: int, laws: Atoms, longest: int = FINE) -> Deep:
    """Outputs at a depth before and after training, at infinite width."""
    start = jax.tree.map(
        lambda x: jax.device_put(np.broadcast_to(x, (longest, *x.shape)).swapaxes(0, 1)),
        jax.device_get(laws.particles),
    )
    uniform = jax.device_put(np.full(start.V.shape[:3], 1.0 / DEEP_ATOMS))
    eta, data = half_steps(depth, longest), data_set("regression")
    flow = {"decay": 0.01, "step": 0.5, "steps": 4, "level": 0}
    _, course = jax.device_get(ensemble(start, uniform, eta, data, **flow))
    return Deep(course.outputs[:, 0], course.outputs[:, -1])


@partial(quick_jit, static_argnums=(2, 3), level=0)
def _limits(
    laws: Atoms, inputs: Float[Array, "n D T"], row: int, defect: Defect
) -> tuple[Float[Array, "seeds n"], Float[Array, "seeds n"]]:
    return jax.vmap(partial(depth_limit, inputs=inputs, row=row, defect=defect))(laws)


def across_depth(_: Size, keys: Keys, *, defect: Defect = depth_defect) -> Table:
    """Outputs at DEPTHS and at infinite depth, after training (``end/...``) and before.

    ``coefficient`` is that of the 1/L error before training, as the local ``defect`` makes it.
    """
    laws, data = laws_of(keys), data_set("regression")
    runs = {depth: deep_networks(depth, laws) for depth in (*DEPTHS, FINE // 2, FINE)}
    limit, coefficient = _limits(laws, data.inputs, data.row, defect)
    table = {f"start/{depth}": run.start for depth, run in runs.items()}
    table |= {f"end/{depth}": run.end for depth, run in runs.items()}
    infinite = richardson(runs[FINE // 2].end, runs[FINE].end)
    return table | {"end/limit": infinite, "start/limit": limit, "coefficient": coefficient}


def _moving(laws: Atoms) -> Particles:
    """Each atom moves to the place of the next from depth 0 to 1; leading axis: seeds."""
    return jax.tree.map(lambda x: jnp.roll(x, -1, axis=1) - x, laws.particles)


@partial(quick_jit, level=0)
def _moved_outputs(laws: Atoms, depth: Array, inputs: Array) -> Float[Array, "seeds n"]:
    at = jnp.arange(LONGEST_MOVED) / depth
    eta = jnp.where(jnp.arange(LONGEST_MOVED) < depth, 0.5 / depth, 0.0)

    def one(particles: Particles, motion: Particles) -> Float[Array, " n"]:
        layers = jax.tree.map(lambda x, v: x + at[:, None, None, None] * v, particles, motion)
        weights = jnp.full(layers.V.shape[:2], 1.0 / layers.V.shape[1])
        row = data_set("regression").row
        return jax.vmap(lambda H: forward(layers, weights, eta, H)[0][row, -1])(inputs)

    return jax.vmap(one)(laws.particles, _moving(laws))


@partial(quick_jit, static_argnums=2, level=0)
def _moved_limits(laws: Atoms, inputs: Array, defect: Defect) -> tuple[Array, Array]:
    row = data_set("regression").row

    def one(particles: Particles, motion: Particles) -> tuple[Array, Array]:
        return depth_limit(Atoms(particles), inputs, row=row, motion=motion, defect=defect)

    return jax.vmap(one)(laws.particles, _moving(laws))


def across_depth_moving(_: Size, keys: Keys, *, defect: Defect = depth_defect) -> Table:
    """The same before training, for laws that change with depth."""
    laws, inputs = laws_of(keys), data_set("regression").inputs
    limit, coefficient = _moved_limits(laws, inputs, defect)
    table = {"start/limit": limit, "coefficient": coefficient}
    for depth in DEPTHS:
        table[f"start/{depth}"] = _moved_outputs(laws, jnp.asarray(float(depth)), inputs)
    return table
