"""A transformer as a weighted particle system in depth: passes, drift, and Heun steps in time.

Layer l holds K particles with weights that sum to one. With weights 1/M it is a network of width
M; with weights (number of copies) / M on the atoms of an atomic initial law it is also one, since
particles that start at one point of one layer stay together; with the probabilities of the atoms
it is the infinite width itself. So one compiled function serves every width and the limit.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike

from numerics.generated import mean_field_flow as formulas


class Particles(NamedTuple):
    """Heads and feed-forward units of a network, or their drift; leading axes are free."""

    V: Float[Array, "*lead D D"]
    W: Float[Array, "*lead D D"]
    W1: Float[Array, "*lead hidden D"]
    W2: Float[Array, "*lead D hidden"]


class Data(NamedTuple):
    """Sequences (n, D, T) with labels (n,); the answer is read from ``row`` of the last token."""

    inputs: Float[Array, "n D T"]
    labels: Float[Array, " n"]
    row: int


class Blocks(NamedTuple):
    """Value, gradient and pullback of the feed-forward branch, generated for one activation."""

    feedforward: Callable[..., Array]
    gradient: Callable[..., tuple[Array, Array]]
    pullback: Callable[..., Array]


HUBER = Blocks(formulas.feedforward, formulas.feedforward_gradient, formulas.feedforward_pullback)
RELU = Blocks(
    formulas.relu_feedforward,
    formulas.relu_feedforward_gradient,
    formulas.relu_feedforward_pullback,
)


class Measured(NamedTuple):
    """What one evaluation of the drift tells: outputs (n,), risk, penalised risk, mean |G|^2.

    ``imbalance`` is the mean over neurons of | |W1 row|^2 - |W2 column|^2 |.
    """

    outputs: Float[Array, "*time n"]
    risk: Float[Array, "*time"]
    penalised: Float[Array, "*time"]
    dissipation: Float[Array, "*time"]
    imbalance: Float[Array, "*time"]


def layer_average(
    block: Callable[..., Array], weights: Float[Array, " K"], *particles: Float[Array, "K _ _"]
) -> Callable[..., Array]:
    """The weighted mean of a block over the particles of a layer, as a function of the state."""

    def average(*state: Float[Array, "D T"]) -> Float[Array, "D T"]:
        values = jax.vmap(lambda *own: block(*state, *own))(*particles)
        return jnp.tensordot(weights, values, 1)

    return average


def forward(
    particles: Particles,
    weights: Float[Array, "L K"],
    eta: Float[Array, " L"],
    state: Float[Array, "D T"],
    blocks: Blocks = HUBER,
) -> tuple[Float[Array, "D T"], tuple[Float[Array, "L D T"], Float[Array, "L D T"]]]:
    """State after the last layer, and before and in the middle of every layer (2.4).

    ``eta`` holds the steps of the half-layers, 1/(2L); a layer with step zero is not there, and
    nothing is computed for it.
    """

    def layer(Z: Array, own: tuple) -> tuple[Array, tuple[Array, Array]]:
        return jax.lax.cond(own[2] > 0, there, lambda Z, own: (Z, (Z, Z)), Z, own)

    def there(Z: Array, own: tuple) -> tuple[Array, tuple[Array, Array]]:
        (V, W, W1, W2), w, eta = own
        middle = Z + eta * layer_average(formulas.attention, w, V, W)(Z)
        after = middle + eta * layer_average(blocks.feedforward, w, W1, W2)(middle)
        return after, (Z, middle)

    return jax.lax.scan(layer, state, (particles, weights, eta))


def backward(
    particles: Particles,
    weights: Float[Array, "L K"],
    eta: Float[Array, " L"],
    states: tuple[Float[Array, "L D T"], Float[Array, "L D T"]],
    costate: Float[Array, "D T"],
    blocks: Blocks = HUBER,
) -> tuple[Float[Array, "D T"], Particles]:
    """Adjoint at the input, and (1/2) grad <f, p>, (1/2) grad <h, p> for every particle (2.7)."""

    def layer(p: Array, own: tuple) -> tuple[Array, Particles]:
        return jax.lax.cond(own[2] > 0, there, lambda p, own: (p, zeros), p, own)

    def there(p: Array, own: tuple) -> tuple[Array, Particles]:
        (V, W, W1, W2), w, step, Z, middle = own
        dW1, dW2 = jax.vmap(lambda *x: blocks.gradient(middle, p, *x))(W1, W2)
        p = p + step * layer_average(blocks.pullback, w, W1, W2)(middle, p)
        dV, dW = jax.vmap(lambda *x: formulas.attention_gradient(Z, p, *x))(V, W)
        p = p + step * layer_average(formulas.attention_pullback, w, V, W)(Z, p)
        return p, Particles(dV / 2, dW / 2, dW1 / 2, dW2 / 2)

    zeros = jax.tree.map(lambda x: jnp.zeros_like(x[0]), particles)
    return jax.lax.scan(layer, costate, (particles, weights, eta, *states), reverse=True)


def pairings(
    particles: Particles,
    weights: Float[Array, "L K"],
    eta: Float[Array, " L"],
    states: tuple[Float[Array, "L D T"], Float[Array, "L D T"]],
    costate: Float[Array, "D T"],
) -> tuple[Float[Array, "D T"], tuple[Float[Array, "L K"], Float[Array, "L D T"]]]:
    """Adjoint at the input, and <g, p> of every particle: what its weight does to the output.

    With them the adjoint at the end of every layer.
    """

    def layer(p: Array, own: tuple) -> tuple[Array, tuple[Array, Array]]:
        (V, W, W1, W2), w, step, Z, middle = own
        h = jax.vmap(lambda *x: jnp.sum(p * formulas.feedforward(middle, *x)))(W1, W2)
        between = p + step * layer_average(formulas.feedforward_pullback, w, W1, W2)(middle, p)
        heads = jax.vmap(lambda *x: formulas.attention(Z, *x))(V, W)
        f = jnp.sum(between * heads, axis=(1, 2))
        before = between + step * layer_average(formulas.attention_pullback, w, V, W)(Z, between)
        return before, ((f + h) / 2, p)

    return jax.lax.scan(layer, costate, (particles, weights, eta, *states), reverse=True)


def squared_norm(
    particles: Particles, weights: Float[Array, "L K"], eta: Float[Array, " L"]
) -> Float[Array, ""]:
    """Mean over depth and width of the squared norm of a particle."""
    return mean(jnp.stack([jnp.sum(x**2, axis=(-2, -1)) for x in particles]).sum(0), weights, eta)


def mean(
    values: Float[Array, "L K"], weights: Float[Array, "L K"], eta: Float[Array, " L"]
) -> Float[Array, ""]:
    """Mean over depth and width of a number that each particle has."""
    return 2 * eta @ jnp.sum(weights * values, axis=1)


def drift(
    particles: Particles,
    weights: Float[Array, "L K"],
    eta: Float[Array, " L"],
    data: Data,
    decay: ScalarLike,
    blocks: Blocks = HUBER,
) -> tuple[Particles, Measured]:
    """G at every particle (also at those of weight zero), and what was measured on the way."""

    def one(H: Float[Array, "D T"], label: Float[Array, ""]) -> tuple[Array, Particles]:
        last, states = forward(particles, weights, eta, H, blocks)
        residual = last[data.row, -1] - label
        costate = jnp.zeros_like(last).at[data.row, -1].set(residual)
        return last[data.row, -1], backward(particles, weights, eta, states, costate, blocks)[1]

    outputs, gradients = jax.vmap(one)(data.inputs, data.labels)
    G = jax.tree.map(lambda g, x: g.mean(axis=0) + decay * x, gradients, particles)
    risk = 0.5 * jnp.mean((outputs - data.labels) ** 2)
    penalised = risk + 0.5 * decay * squared_norm(particles, weights, eta)
    gap = jnp.sum(particles.W1**2, axis=-1) - jnp.sum(particles.W2**2, axis=-2)
    imbalance = mean(jnp.abs(gap).mean(axis=-1), weights, eta)
    return G, Measured(outputs, risk, penalised, squared_norm(G, weights, eta), imbalance)


def descend(
    particles: Particles,
    weights: Float[Array, "L K"],
    eta: Float[Array, " L"],
    data: Data,
    decay: ScalarLike,
    step: ScalarLike,
    steps: int,
    blocks: Blocks = HUBER,
    taken: ScalarLike | None = None,
) -> tuple[Particles, Measured]:
    """Gradient flow d beta/d tau = -G by Heun's method (order 2); ``steps + 1`` measurements.

    One loop over half-steps, so that the drift is compiled once; only the first ``taken`` steps
    are taken, after which all measurements are zero.
    """
    last = 2 * (steps if taken is None else taken)

    def half(carry: tuple, k: Array) -> tuple[tuple, Measured]:
        return jax.lax.cond(k <= last, go, lambda carry, k: (carry, nothing), carry, k)

    def go(carry: tuple, k: Array) -> tuple[tuple, Measured]:
        base, held, point = carry
        G, measured = drift(point, weights, eta, data, decay, blocks)
        predict = k % 2 == 0
        ahead = jax.tree.map(
            lambda x, g, h: x - step * jnp.where(predict, g, (g + h) / 2), base, G, held
        )
        base, held = jax.tree.map(
            lambda old, new: jnp.where(predict, old, new), (base, G), (ahead, held)
        )
        return (base, held, ahead), measured

    start = (particles, particles, particles)
    nothing = jax.tree.map(
        lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(go, start, jnp.array(0))[1]
    )
    (end, _, _), course = jax.lax.scan(half, start, jnp.arange(2 * steps + 1))
    return end, jax.tree.map(lambda c: c[::2], course)
