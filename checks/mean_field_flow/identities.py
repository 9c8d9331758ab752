"""Exact identities of finite networks: residuals of closed forms, adjoint, functional derivative.

Each function takes a network and returns relative residuals by name: ``right`` for the identity,
the others for the slips that are natural here, which must be seen.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32

from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.engine.streams import stream
from numerics.generated import mean_field_flow as formulas
from numerics.mean_field_flow import ball, half_steps
from numerics.mean_field_flow.particles import (
    HUBER,
    RELU,
    Data,
    Particles,
    backward,
    drift,
    forward,
    layer_average,
    pairings,
    squared_norm,
)
from numerics.mean_field_flow.scalar_tokens import Drift, Pairs, penalised_risk, random_pairs

ROWS, TOKENS, DEPTH, WIDTH, DECAY = 3, 4, 3, 4, 0.1
BLOCKS = (formulas.attention, formulas.feedforward)


Residuals = dict[str, Float[Array, ""]]


def relative(found: Any, wanted: Any) -> Float[Array, ""]:
    """Largest difference over the largest entry, over all arrays of two trees."""
    pairs = list(zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True))
    return jnp.max(jnp.stack([jnp.abs(a - b).max() / jnp.abs(b).max() for a, b in pairs]))


class Network(NamedTuple):
    """A network with weights that sum to one in each layer, a state and a costate."""

    particles: Particles
    weights: Float[Array, "L K"]
    state: Float[Array, "D T"]
    costate: Float[Array, "D T"]


def draw(keys: UInt32[np.ndarray, "seeds 2"]) -> Network:
    """A random network for each key; leading axis: seeds."""

    def one(key: np.ndarray) -> Network:
        drawn, random = ball(key, DEPTH * WIDTH, ROWS), stream(key)
        particles = jax.tree.map(lambda x: x.reshape(DEPTH, WIDTH, *x.shape[1:]), drawn)
        weights = jax.device_put(random.dirichlet(np.ones(WIDTH), DEPTH))
        state, costate = map(jax.device_put, random.normal(size=(2, ROWS, TOKENS)))
        return Network(particles, weights, state, costate)

    return jax.tree.map(lambda *x: jax.device_put(np.stack(x)), *[one(key) for key in keys])


def gradient_residuals(network: Network) -> Residuals:
    """Generated gradients of one head and one unit against automatic differentiation.

    And so the velocity of the adjoint, against that of the state.

    ``transposed`` swaps W and its transpose in the gradient in the state, as the paper's G.3
    does; ``uncentred`` forgets that the weights of the softmax sum to one.
    """
    V, W, W1, W2 = jax.tree.map(lambda x: x[0, 0], network.particles)
    Z, p = network.state, network.costate
    wanted = jax.vjp(formulas.attention, Z, V, W)[1](p)
    gradients = formulas.attention_gradient(Z, p, V, W)
    right = relative((formulas.attention_pullback(Z, p, V, W), *gradients), wanted)
    for blocks in (HUBER, RELU):
        wanted_h = jax.vjp(blocks.feedforward, Z, W1, W2)[1](p)
        found = (blocks.pullback(Z, p, W1, W2), *blocks.gradient(Z, p, W1, W2))
        # All neurons of a particle may be off: compare with a number of order one.
        gap = [jnp.abs(a - b).max() for a, b in zip(found, wanted_h, strict=True)]
        right = jnp.maximum(right, jnp.max(jnp.stack(gap)))
    particle = (V, W, W1, W2)
    wanted_p = jax.vjp(lambda z: formulas.block_velocity(z, *particle), Z)[1](p)[0]
    right = jnp.maximum(right, relative(-formulas.adjoint_velocity(Z, p, *particle), wanted_p))
    weights = jax.nn.softmax(Z.T @ W @ Z, axis=0)
    return {
        "right": right,
        "transposed": relative(formulas.attention_pullback(Z, p, V, W.T), wanted[0]),
        "uncentred": relative(Z @ (weights * (Z.T @ V.T @ p)) @ Z.T, wanted[2]),
    }


def exponential(x: Float[Array, "k k"]) -> Float[Array, "k k"]:
    """exp(x) by 60 terms of its series: to rounding for norms up to 10."""

    def add(n: Array, both: tuple[Array, Array]) -> tuple[Array, Array]:
        total, term = both
        term = term @ x / n
        return total + term, term

    one = jnp.eye(len(x))
    return jax.lax.fori_loop(1, 61, add, (one, one))[0]


def adjoint_residuals(network: Network) -> Residuals:
    """Adjoint at the input against automatic differentiation through the network.

    ``separated`` composes all attention, then all feed-forward, as the paper prints it; ``plain``
    is the exponential of the sum of all Jacobians, its (3.3).
    """
    particles, weights, state, costate = network
    eta = half_steps(DEPTH)
    _, pull, states = jax.vjp(lambda H: forward(particles, weights, eta, H), state, has_aux=True)
    wanted = pull(costate)[0]
    flat = lambda block: lambda z: block(z.reshape(ROWS, TOKENS)).ravel()  # noqa: E731

    def jacobians(own: tuple) -> tuple[Array, Array]:
        (V, W, W1, W2), w, Z, middle = own
        f = layer_average(formulas.attention, w, V, W)
        h = layer_average(formulas.feedforward, w, W1, W2)
        return jax.jacfwd(flat(f))(Z.ravel()), jax.jacfwd(flat(h))(middle.ravel())

    of_f, of_h = (
        eta[:, None, None] * x for x in jax.vmap(jacobians)((particles, weights, *states))
    )
    one = jnp.eye(ROWS * TOKENS)
    separated = jax.lax.scan(
        lambda product, jacobian: ((one + jacobian) @ product, None),
        one,
        jnp.concatenate([of_f, of_h]),
    )[0]

    def against(through: Array) -> Array:
        return relative((through.T @ costate.ravel()).reshape(ROWS, TOKENS), wanted)

    return {
        "right": relative(backward(particles, weights, eta, states, costate)[0], wanted),
        "separated": against(separated),
        "plain": against(exponential((of_f + of_h).sum(axis=0))),
    }


def variation_residuals(network: Network) -> Residuals:
    """dQ/drho at every particle against the derivative of Q in the weight of that particle.

    ``no-decay`` forgets the weight decay; ``one-costate`` pairs attention with the adjoint at the
    end of its layer, not in the middle.
    """
    particles, weights, state, _ = network
    eta = half_steps(DEPTH)

    def penalised(w: Array) -> tuple[Array, tuple]:
        last, states = forward(particles, w, eta, state)
        risk = 0.5 * (last[-1, -1] - 1.0) ** 2
        return risk + 0.5 * DECAY * squared_norm(particles, w, eta), (last, states)

    slope, (last, states) = jax.grad(penalised, has_aux=True)(weights)
    costate = jnp.zeros_like(last).at[-1, -1].set(last[-1, -1] - 1.0)

    _, (paired, ends) = pairings(particles, weights, eta, states, costate)
    V, W, W1, W2 = particles
    each = (jax.vmap(jax.vmap(block, (None, 0, 0))) for block in BLOCKS)
    f, h = (of(Z, *own) for of, Z, own in zip(each, states, ((V, W), (W1, W2)), strict=True))
    late = jnp.einsum("lij,lkij->lk", ends, f + h) / 2
    squares = sum(jnp.sum(x**2, axis=(-2, -1)) for x in particles)
    wanted = slope / (2 * eta[:, None])
    return {
        "right": relative(paired + DECAY / 2 * squares, wanted),
        "no-decay": relative(paired, wanted),
        "one-costate": relative(late + DECAY / 2 * squares, wanted),
    }


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


SCALAR_DEPTH, SCALAR_WIDTH = 3, 4


def scalar_token_residuals(drifts: Mapping[str, Drift]) -> Callable[[Size, Keys], Table]:
    """Drifts of scalar tokens against L M times the slope, by JAX, of the network's risk."""

    @partial(quick_jit, level=0)
    def residuals(pairs: Pairs, points: Float[Array, "seeds L M"]) -> Residuals:
        def one(data: Pairs, y: Array) -> Residuals:
            wanted = y.size * jax.grad(penalised_risk)(y, data, DECAY)
            equal = jnp.full(y.shape, 1.0 / y.shape[1])
            return {
                name: relative(of(y, equal, y, data, DECAY), wanted) for name, of in drifts.items()
            }

        return jax.vmap(one)(pairs, points)

    def simulate(_: Size, keys: Keys) -> Table:
        drawn = [random_pairs(key) for key in keys]
        shape = SCALAR_DEPTH, SCALAR_WIDTH
        points = np.stack([stream(key, SCALAR_DEPTH).normal(size=shape) for key in keys])
        return residuals(
            jax.tree.map(lambda *x: jax.device_put(np.stack(x)), *drawn), jax.device_put(points)
        )

    return simulate
