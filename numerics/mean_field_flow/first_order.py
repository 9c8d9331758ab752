"""First-order effects in width, and flows from different starts that are followed to their end."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.engine.streams import stream
from numerics.mean_field_flow import at_every_layer, ball, draw_weights, ensemble, half_steps
from numerics.mean_field_flow.particles import Particles, forward, pairings
from numerics.mean_field_flow.runs import ATOMS, Draw, data_set, law
from numerics.mean_field_flow.stationary import stationary_points

ENDS, WIDE, LONG = 2, 16, 200  # depth, width and steps of flows that are followed to their end


@partial(quick_jit, static_argnums=2, level=0)
def _output_covariance(
    particles: Particles, inputs: Float[Array, "n D T"], row: int
) -> Float[Array, "n n"]:
    depth, count = particles.V.shape[:2]
    weights, eta = jnp.full((depth, count), 1.0 / count), half_steps(depth)

    def one(H: Float[Array, "D T"]) -> Float[Array, "L K"]:
        last, states = forward(particles, weights, eta, H)
        costate = jnp.zeros_like(last).at[row, -1].set(1.0)
        return pairings(particles, weights, eta, states, costate)[1][0]

    paired = jax.vmap(one)(inputs)
    centred = paired - paired.mean(axis=2, keepdims=True)
    return jnp.einsum("alk,blk->ab", centred, centred) / (depth * count)


def start_covariance(depth: int) -> Float[np.ndarray, "n n"]:
    """M L times the derived covariance of untrained outputs about infinite width.

    A particle moves the output by dQ/drho = <g, p> of it, p the adjoint of the output; layers and
    particles are independent.
    """
    data = data_set("regression")
    return np.asarray(_output_covariance(at_every_layer(law(), depth), data.inputs, data.row))


def start_spread(depth: int) -> float:
    """The root mean square over the data of the standard deviations of that covariance."""
    return float(np.sqrt(np.diag(start_covariance(depth)).mean()))


@partial(quick_jit, static_argnums=4, level=0)
def _untrained(
    particles: Particles, weights: Array, eta: Array, inputs: Array, row: int
) -> Float[Array, "seeds n"]:
    def outputs(w: Float[Array, "L K"]) -> Float[Array, " n"]:
        return jax.vmap(lambda H: forward(particles, w, eta, H)[0][row, -1])(inputs)

    return jax.vmap(outputs)(weights)


def before_training(point: Size, keys: Keys, *, draw: Draw = draw_weights) -> Table:
    """sqrt(M L) times untrained outputs off infinite width, and their length, as ``law``."""
    depth, data = point["L"], data_set("regression")
    drawn = np.array([draw(key, depth, point["M"], ATOMS) for key in np.asarray(keys)])
    weights = np.concatenate([drawn, np.full((1, depth, ATOMS), 1.0 / ATOMS)])
    start, eta = at_every_layer(law(), depth), half_steps(depth)
    outputs = np.asarray(_untrained(start, weights, eta, data.inputs, data.row))
    return _with_length(np.sqrt(point["M"] * depth) * (outputs[:-1] - outputs[-1]))


def gaussian_outputs(
    point: Size, keys: Keys, *, times: float = 1.0, together: float = 1.0
) -> Table:
    """Gaussian vectors with the derived covariance, ``times`` as long.

    Covariances of different outputs are multiplied by ``together``.
    """
    covariance = start_covariance(point["L"])
    covariance = np.where(np.eye(len(covariance)), covariance, together * covariance)
    values, vectors = np.linalg.eigh(covariance)
    root = times * vectors * np.sqrt(np.maximum(values, 0.0))
    drawn = [stream(key).normal(size=len(values)) for key in np.asarray(keys)]
    return _with_length(np.array(drawn) @ root.T)


def _with_length(vectors: Float[np.ndarray, "seeds n"]) -> Table:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return {"law": np.concatenate([vectors, length], axis=1)}


# Flows in the plane: radius of the start, and N for a decay of 1/N.
FLOWS = ((6.0, 10), (2.0, 10), (2.0, 30), (2.0, 100), (2.0, 300))
NARROW, TIME = 8, 150
SEARCH = ("penalised", "moved", "slowness")  # what is asked of L-BFGS


def inverse(n: int) -> float:
    """1/n."""
    return 1 / n


def to_the_end(_: Size, keys: Keys, *, decay_of: Callable[[int], float] = inverse) -> Table:
    """Q and R at the ends of FLOWS, ``Q/radius/N`` and ``R/radius/N``, regression in the plane.

    ``rest``: Q at decay 0.1 where L-BFGS finds no descent, from particles of its own; ``moved``:
    how far it went, over where it began; ``slowness``: its |G|^2 / (Q decay) in the end.
    """
    data, rows = data_set("plane"), np.asarray(keys)
    shape = ENDS, NARROW
    drawn = [ball(key, ENDS * NARROW, data.inputs.shape[1]) for key in rows]
    drawn = jax.tree.map(lambda *x: np.stack(x).reshape(-1, *shape, *x[0].shape[1:]), *drawn)
    starts = [jax.tree.map(lambda x, r=r: r / 4 * x, drawn) for r, _ in FLOWS]
    particles = jax.tree.map(lambda *x: jnp.concatenate(x), *starts)
    weights = jnp.full((len(particles.V), *shape), 1.0 / NARROW)
    decays = np.repeat([decay_of(n) for _, n in FLOWS], len(rows))
    run: dict[str, Any] = {"decay": decays, "step": 1.0, "steps": TIME, "level": 0}
    course = ensemble(particles, weights, half_steps(ENDS), data, **run)[1]
    ends = {"Q": course.penalised[:, TIME], "R": course.risk[:, TIME]}
    split = {what: np.split(np.asarray(values), len(FLOWS)) for what, values in ends.items()}
    found = [stationary_points(key, data, [0.1]) for key in jax.device_put(rows)]
    rest, moved, slow = (np.concatenate([getattr(one, name) for one in found]) for name in SEARCH)
    return {"rest": rest, "moved": moved, "slowness": slow} | {
        f"{what}/{radius:g}/{n}": part
        for what, parts in split.items()
        for (radius, n), part in zip(FLOWS, parts, strict=True)
    }


def two_starts(_: Size, keys: Keys) -> Table:
    """Q by time along flows from small and from large particles, decay 0.1."""

    def start(key: np.ndarray, radius: float) -> Particles:
        drawn = ball(key, ENDS * WIDE, data_set("regression").inputs.shape[1])
        return jax.tree.map(lambda x: radius / 4 * x.reshape(ENDS, WIDE, *x.shape[1:]), drawn)

    starts = [start(key, radius) for radius in (2.0, 6.0) for key in np.asarray(keys)]
    particles = jax.tree.map(lambda *x: jnp.stack(x), *starts)
    data = data_set("regression")
    weights = jnp.full((len(starts), ENDS, WIDE), 1.0 / WIDE)
    run: dict[str, Any] = {"decay": 0.1, "step": 1.0, "steps": LONG, "level": 0}
    course = ensemble(particles, weights, half_steps(ENDS), data, **run)[1]
    small, large = np.split(np.asarray(course.penalised), 2)
    return {"small": small, "large": large}
