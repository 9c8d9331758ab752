"""First-order effects in width and depth, and the network itself as another side of the drift."""

from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, ScalarLike

from numerics import in_double
from numerics.engine.quick import quick_jit
from numerics.mean_field_flow import (
    Atoms,
    at_every_layer,
    ball,
    depth_limit,
    ensemble,
    half_steps,
)
from numerics.mean_field_flow.identities import DECAY, DEPTH, WIDTH, Network, Residuals, relative
from numerics.mean_field_flow.particles import Data, Particles, drift, forward, pairings
from numerics.mean_field_flow.runs import data_set, law, laws_of

LONGEST_MOVED = 32  # layers of networks whose law changes with depth
ENDS, WIDE, LONG = 2, 16, 200  # depth, width and steps of flows that are followed to their end


def plain_output(
    particles: Particles, eta: Float[Array, " L"], state: Float[Array, "D T"]
) -> Float[Array, "D T"]:
    """A network of particles of equal weight, written out: softmax over the keys, rounded ReLU."""

    def layer(Z: Array, own: tuple) -> tuple[Array, None]:
        (V, W, W1, W2), step = own
        shares = jax.nn.softmax(jnp.einsum("ci,mcd,dj->mij", Z, W, Z), axis=1)
        Z = Z + step * jnp.einsum("mac,ci,mij->maj", V, Z, shares).mean(0)
        felt = W1 @ Z
        knee = jnp.clip(felt, 0.0, 1.0)
        return Z + step * (W2 @ (knee * (felt - knee / 2))).mean(0), None

    return jax.lax.scan(layer, state, (particles, eta))[0]


def training_residuals(network: Network) -> Residuals:
    """The drift against L M times the slope of the penalised risk of the network written out.

    ``no-decay`` leaves the decay out of the drift, ``whole-steps`` takes half-layers of twice the
    length, ``attention-twice`` trains the heads twice as fast.
    """
    particles, _, state, costate = network
    equal, eta = jnp.full((DEPTH, WIDTH), 1.0 / WIDTH), half_steps(DEPTH)
    inputs = jnp.stack([state, costate])
    data = Data(inputs, jnp.array([1.0, -1.0]), 0)

    def penalised(particles: Particles) -> Array:
        last = jax.vmap(lambda H: plain_output(particles, eta, H)[data.row, -1])(inputs)
        squares = sum(jnp.sum(x**2) for x in particles) / (DEPTH * WIDTH)
        return jnp.mean((last - data.labels) ** 2) / 2 + DECAY / 2 * squares

    wanted = jax.tree.map(lambda g: DEPTH * WIDTH * g, jax.grad(penalised)(particles))
    G, _ = drift(particles, equal, eta, data, DECAY)
    without, _ = drift(particles, equal, eta, data, 0.0)
    whole, _ = drift(particles, equal, 2 * eta, data, DECAY)
    return {
        "right": relative(G, wanted),
        "no-decay": relative(without, wanted),
        "whole-steps": relative(whole, wanted),
        "attention-twice": relative(G._replace(V=2 * G.V, W=2 * G.W), wanted),
    }


@lru_cache
@in_double
def start_spread(depth: int) -> float:
    """sqrt(M L) times the derived standard deviation of untrained outputs about infinite width.

    A particle moves the output by dQ/drho = <g, p> of it, p the adjoint of the output; layers and
    particles are independent.
    """
    data, particles = data_set("regression"), at_every_layer(law(), depth)
    count = particles.V.shape[1]
    weights, eta = jnp.full((depth, count), 1.0 / count), half_steps(depth)

    def one(H: Float[Array, "D T"]) -> Float[Array, ""]:
        last, states = forward(particles, weights, eta, H)
        costate = jnp.zeros_like(last).at[data.row, -1].set(1.0)
        _, (paired, _) = pairings(particles, weights, eta, states, costate)
        return jnp.var(paired, axis=1).mean()

    return float(jnp.sqrt(quick_jit(jax.vmap(one), level=0)(data.inputs).mean()))


def apart(keys: Any, *, steps: int = LONG) -> Float[np.ndarray, " seeds"]:
    """Relative distance of Q between flows from small and from large particles, decay 0.1."""

    def start(key: np.ndarray, radius: float) -> Particles:
        drawn = ball(key, ENDS * WIDE, data_set("regression").inputs.shape[1])
        return jax.tree.map(lambda x: radius / 4 * x.reshape(ENDS, WIDE, *x.shape[1:]), drawn)

    starts = [start(key, radius) for radius in (2.0, 6.0) for key in np.asarray(keys)]
    particles = jax.tree.map(lambda *x: jnp.stack(x), *starts)
    data = data_set("regression")
    weights = jnp.full((len(starts), ENDS, WIDE), 1.0 / WIDE)
    run: dict[str, Any] = {"decay": 0.1, "step": 1.0, "steps": LONG, "level": 0}
    course = ensemble(particles, weights, half_steps(ENDS), data, **run)[1]
    small, large = np.split(np.asarray(course.penalised[:, steps]), 2)
    return np.abs(large / small - 1)


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


@partial(quick_jit, level=0)
def _moved_limits(laws: Atoms, inputs: Array, seen: ScalarLike) -> tuple[Array, Array]:
    row = data_set("regression").row

    def one(particles: Particles, motion: Particles) -> tuple[Array, Array]:
        return depth_limit(Atoms(particles), inputs, row=row, motion=motion, seen=seen)

    return jax.vmap(one)(laws.particles, _moving(laws))


def moved_remainder(depth: int, keys: Any, *, seen: float = 1.0) -> Float[np.ndarray, " seeds"]:
    """As `errors.depth_remainder`, for a law that changes with depth.

    ``seen`` 0: the coefficient lacks that change.
    """
    laws = laws_of(np.asarray(keys, dtype=np.uint32).tobytes())
    inputs = data_set("regression").inputs
    found = np.asarray(_moved_outputs(laws, jnp.asarray(float(depth)), inputs))
    limit, coefficient = map(np.asarray, _moved_limits(laws, inputs, seen))
    return np.sqrt(np.mean((found - limit - coefficient / depth) ** 2, axis=1))
