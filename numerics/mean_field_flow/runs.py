"""Many networks beside their exact limits: pure functions of a setting, a size and keys."""

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

from numerics import in_double
from numerics.engine.measuring import Keys
from numerics.mean_field_flow import (
    Atoms,
    atomic_law,
    draw_weights,
    ensemble,
    half_steps,
)
from numerics.mean_field_flow.particles import HUBER, RELU, Data, Measured, Particles
from numerics.mean_field_flow.sequences import in_context_regression, permuted_pairs

ROWS, ATOMS = 3, 8
LONGEST, ROOM = 8, 16  # depths and numbers of steps up to these share a program
Draw = Callable[[Array, int, int, int], Array]  # of key, depth, width and number of atoms


class Setting(NamedTuple):
    """How networks are trained; depths up to LONGEST and steps up to ROOM share a program."""

    depth: int = 4
    decay: float = 0.01
    step: float = 1.0
    steps: int = 4
    data: str = "regression"
    relu: bool = False
    rows: int = ROWS


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
    """Sequences: ``regression`` in a line or in the ``plane``, ``pairs``, ``positions`` (pairs told
    apart) or ``digits``."""
    if name == "plane":
        return in_context_regression(jax.random.key(11), 8, context=4, dimension=2)
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


@in_double
def networks(setting: Setting, width: int, keys: Keys, draw: Draw = draw_weights) -> Run:
    """Train one network of a width for each key, and the infinite width beside them."""
    longest = max(LONGEST, setting.depth)
    drawn = np.array([draw(key, longest, width, ATOMS) for key in np.asarray(keys)])
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
