"""Attention-only transformers trained by AdamW, and their limit in depth and heads.

A network has L layers of H heads and residual scale 1 / (L H); AdamW sees gradients times L H.
With an initial law of M atoms, heads of one layer that start at the same atom get the same
gradients and stay equal, so a layer of any number of heads costs M heads, with weights that count
them. A layer with every atom once has no sampling error: this exhaustive network is the
infinite-head limit up to Euler's error, which Richardson extrapolation in the depth removes.

Reference: Gibson and Reisinger 2026, arXiv:2605.11059 (abstract); the model is reconstructed.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from numerics.generated.adamw_depth_limit import (
    adjoint_drift,
    hamiltonian,
    head_gradient,
    linearised_drift,
    self_attention,
)

Tokens = Float[Array, "N d"]
FRACTIONS = 4  # states are recorded at depths 0, 1/4, 1/2, 3/4, 1


class Heads(NamedTuple):
    """Query, key and value matrices; leading axes, if any, are layers and heads.

    Arrays are JAX's or NumPy's, here and in the other named tuples.
    """

    Q: Float[Any, "*stack d_k d"]
    K: Float[Any, "*stack d_k d"]
    V: Float[Any, "*stack d d"]


class Data(NamedTuple):
    """Sequences with targets, and the share of each in the training loss.

    The loss of a sequence is half the squared distance of its tokens to their targets, averaged
    over the tokens; so at depth one the backpropagated variable is token minus target. Sequences
    of share zero are not trained on, but recorded.
    """

    inputs: Float[Any, "S N d"]
    targets: Float[Any, "S N d"]
    share: Float[Any, " S"]


class Run(NamedTuple):
    """Hidden states and backpropagated variables (N times the gradient of the loss).

    Axes: training step (0 is before training), sequence, fraction of depth, token, coordinate.
    ``heads`` are the trained parameters, with axes layer and atom (or head).
    """

    x: Float[Any, "steps S fractions N d"]
    p: Float[Any, "steps S fractions N d"]
    heads: Heads


class Network(NamedTuple):
    """Heads of every layer, and their weights in the sum of all branches, which is one.

    Layers beyond ``depth`` have weight zero: padding, so that one compiled function serves all
    depths.
    """

    heads: Heads
    weights: Float[Array, "L M"]
    depth: Int[Array, ""]


InitialLaw = Callable[[PRNGKeyArray, Any, Any], Network]


def atomic(atoms: Heads, layers: int | None = None, most: int | None = None) -> InitialLaw:
    """Heads drawn independently and uniformly from finitely many atoms.

    With ``layers`` and ``most``, upper bounds of depth and heads, both may be traced.
    """
    count = len(atoms.V)

    def draw(key: PRNGKeyArray, depth: Any, heads: Any) -> Network:
        chosen = jax.random.randint(key, (layers or depth, most or heads), 0, count)
        drawn = jnp.where(jnp.arange(most or heads) < heads, 1 / (heads * depth), 0.0)
        return _network(atoms, jnp.einsum("lhm,h->lm", jax.nn.one_hot(chosen, count), drawn), depth)

    return draw


def exhaustive(atoms: Heads, layers: int | None = None) -> InitialLaw:
    """Every atom once in every layer, whatever the number of heads: no sampling error."""

    def draw(key: PRNGKeyArray, depth: Any, heads: Any) -> Network:
        del key, heads
        count = len(atoms.V)
        return _network(atoms, jnp.full((layers or depth, count), 1 / (depth * count)), depth)

    return draw


def uniform_box(d: int, d_k: int, mean_value: float = 0.0) -> InitialLaw:
    """Entries uniform in Xavier's box, V shifted by a multiple of the identity."""

    def draw(key: PRNGKeyArray, depth: Any, heads: Any) -> Network:
        stack = (depth, heads)
        box = box_atoms(key, stack, d, d_k, mean_value)
        return Network(box, jnp.full(stack, 1 / (depth * heads)), jnp.asarray(depth))

    return draw


def _network(atoms: Heads, weights: Float[Array, "L M"], depth: Any) -> Network:
    live = jnp.arange(len(weights)) < depth
    heads = jax.tree.map(lambda w: jnp.broadcast_to(w, (len(weights), *w.shape)), atoms)
    return Network(heads, weights * live[:, None], jnp.asarray(depth))


def box_atoms(
    key: PRNGKeyArray, stack: tuple[int, ...], d: int, d_k: int, mean_value: float
) -> Heads:
    """Independent heads with entries uniform in Xavier's box, V shifted by ``mean_value`` I."""
    parts = jax.random.split(key, 3)
    shapes = ((*stack, d_k, d), (*stack, d_k, d), (*stack, d, d))
    bounds = [(6 / (shape[-1] + shape[-2])) ** 0.5 for shape in shapes]
    Q, K, V = (
        jax.random.uniform(k, shape, minval=-bound, maxval=bound)
        for k, shape, bound in zip(parts, shapes, bounds, strict=True)
    )
    return Heads(Q, K, V + mean_value * jnp.eye(d))


# One layer and one network.
def mean_drift(X: Tokens, heads: Heads, weights: Float[Array, " M"]) -> Tokens:
    """Weighted sum over the heads of a layer of their attention."""
    return jnp.tensordot(weights, jax.vmap(partial(self_attention, X))(*heads), 1)


def mean_adjoint(X: Tokens, P: Tokens, heads: Heads, weights: Float[Array, " M"]) -> Tokens:
    """Weighted sum over the heads of -dP/dt."""
    return jnp.tensordot(weights, jax.vmap(partial(adjoint_drift, X, P))(*heads), 1)


def forward(X: Float[Array, "S N d"], network: Network) -> Float[Array, "layers S N d"]:
    """Hidden states before every layer, and after the last: depth + 1 of them."""

    def step(r: Array, states: Array) -> Array:
        heads = jax.tree.map(lambda w: w[r], network.heads)
        move = jax.vmap(lambda x: mean_drift(x, heads, network.weights[r]))(states[r])
        return states.at[r + 1].set(states[r] + move)

    start = jnp.zeros((len(network.weights) + 1, *X.shape)).at[0].set(X)
    return jax.lax.fori_loop(0, network.depth, step, start)


def backward(
    states: Float[Array, "layers S N d"],
    last: Float[Array, "S N d"],
    network: Network,
    share: Float[Array, " S"],
) -> tuple[Float[Array, "layers S N d"], Heads]:
    """Backpropagated variables at the same places, and L H times the gradients of the heads.

    ``last`` is N times the gradient of the loss in the output, ``share`` weighs the sequences. A
    head's gradient pairs the state before its layer with the variable after it.
    """

    def one(x: Tokens, p: Tokens, heads: Heads, weights: Array) -> tuple[Tokens, tuple]:
        gradients = jax.vmap(partial(head_gradient, x, p))(*heads)
        return p + mean_adjoint(x, p, heads, weights), gradients

    def step(done: Array, carry: tuple[Array, Heads]) -> tuple[Array, Heads]:
        variables, gradients = carry
        r = network.depth - 1 - done
        heads = jax.tree.map(lambda w: w[r], network.heads)
        before, found = jax.vmap(one, (0, 0, None, None))(
            states[r], variables[r + 1], heads, network.weights[r]
        )
        found = Heads(*(jnp.tensordot(share, g, 1) for g in found))
        return variables.at[r].set(before), jax.tree.map(
            lambda all_, g: all_.at[r].set(g), gradients, found
        )

    start = jnp.zeros_like(states).at[network.depth].set(last)
    zero = jax.tree.map(jnp.zeros_like, network.heads)
    return jax.lax.fori_loop(0, network.depth, step, (start, zero))


def train_network(
    network: Network, data: Data, *, steps: int, optimizer: optax.GradientTransformation
) -> Run:
    """Train a given network; ``optimizer`` sees gradients times L H."""
    at = jnp.arange(FRACTIONS + 1) * network.depth // FRACTIONS

    def step(carry: tuple[Heads, Any, Heads], _step: None) -> tuple[tuple, tuple]:
        heads, memory, _unused = carry
        now = network._replace(heads=heads)
        states = forward(data.inputs, now)
        last = states[network.depth] - data.targets
        variables, gradients = backward(states, last, now, data.share)
        updates, memory = optimizer.update(gradients, memory, heads)
        seen = tuple(jnp.moveaxis(a[at], 0, 1) for a in (states, variables))
        return (optax.apply_updates(heads, updates), memory, heads), seen

    # One more pass than steps: its states are recorded, its update is dropped.
    start = (network.heads, optimizer.init(network.heads), network.heads)
    (_, _, trained), (x, p) = jax.lax.scan(step, start, None, length=steps + 1)
    return Run(x, p, trained)


def train(
    key: PRNGKeyArray,
    data: Data,
    *,
    depth: int,
    heads: int,
    steps: int,
    optimizer: optax.GradientTransformation,
    initial_law: InitialLaw,
) -> Run:
    """A network of independent heads, trained for some steps of full-batch gradient descent.

    ``optimizer`` sees gradients times L H (``optax.adamw`` or
    ``numerics.adamw_depth_limit.adamw_variants.blockwise_adamw``). Raises ValueError for
    impossible sizes.
    """
    if depth < FRACTIONS or depth % FRACTIONS:
        raise ValueError(
            f"expected a depth that {FRACTIONS} divides, received {depth}: states are recorded at "
            f"{FRACTIONS + 1} equal steps of depth; use e.g. {FRACTIONS * (depth // FRACTIONS + 1)}"
        )
    if heads < 1 or steps < 0:
        raise ValueError(f"expected heads >= 1 and steps >= 0, received {heads} and {steps}")
    if data.inputs.shape != data.targets.shape or data.share.shape != data.inputs.shape[:1]:
        raise ValueError(
            f"expected one target for each token and one share for each sequence, received inputs "
            f"{data.inputs.shape}, targets {data.targets.shape}, shares {data.share.shape}"
        )
    return train_network(initial_law(key, depth, heads), data, steps=steps, optimizer=optimizer)


def limit(
    data: Data, atoms: Heads, *, steps: int, optimizer: optax.GradientTransformation, depth: int
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """States and backpropagated variables with infinitely many heads and layers.

    Exhaustive networks of ``depth`` and twice the depth, extrapolated: ``2 x_2L - x_L``, whose
    error is of order ``depth ** -2``.
    """

    def at(layers: int) -> Run:
        network = exhaustive(atoms)(jax.random.PRNGKey(0), layers, 1)
        return train_network(network, data, steps=steps, optimizer=optimizer)

    coarse, fine = at(depth), at(2 * depth)
    return 2 * fine.x - coarse.x, 2 * fine.p - coarse.p


# Leading errors before training, when the limit is an autonomous ODE.
class Constants(NamedTuple):
    """At depth one: L times Euler's error, and L H times the covariance of the heads' noise."""

    euler: Float[Any, "N d"]
    covariance: Float[Any, "Nd Nd"]


def leading_errors(X: Tokens, atoms: Heads, steps: int = 64) -> Constants:
    """The two leading errors of the hidden states of one sequence, by their ODEs.

    ``e' = J e - x''/2`` and ``C' = J C + C J^T + Cov(A)`` along ``x' = Gamma(x)``, with J the
    linearised drift; Tsitouras' method of order 5 with equal steps.
    """
    weights = jnp.full(len(atoms.V), 1 / len(atoms.V))

    def J(x: Tokens, dx: Tokens) -> Tokens:
        return jnp.tensordot(weights, jax.vmap(partial(linearised_drift, x, dx))(*atoms), 1)

    def rate(t: Array, state: tuple[Array, Array, Array], args: None) -> tuple:
        x, e, C = state
        values = jax.vmap(partial(self_attention, x))(*atoms).reshape(len(weights), -1)
        mean = weights @ values
        centred = values - mean
        drift = mean.reshape(x.shape)
        columns = jax.vmap(lambda c: J(x, c.reshape(x.shape)).ravel())(C.T)
        noise = (centred * weights[:, None]).T @ centred
        return drift, J(x, e) - J(x, drift) / 2, columns.T + columns + noise

    start = (X, jnp.zeros_like(X), jnp.zeros((X.size, X.size)))
    _, e, C = _solved(rate, start, steps)
    return Constants(e, C)


def energy_drift(X: Tokens, P: Tokens, atoms: Heads, adjoint: Callable = mean_adjoint) -> Array:
    """Relative change of the Hamiltonian along the forward-backward ODE, from depth 0 to 1."""
    weights = jnp.full(len(atoms.V), 1 / len(atoms.V))

    def rate(t: Array, state: tuple[Array, Array], args: None) -> tuple[Array, Array]:
        x, p = state
        return mean_drift(x, atoms, weights), -adjoint(x, p, atoms, weights)

    def energy(x: Tokens, p: Tokens) -> Array:
        return weights @ jax.vmap(partial(hamiltonian, x, p))(*atoms)

    before = energy(X, P)
    return jnp.abs(energy(*_solved(rate, (X, P), 64)) - before) / jnp.abs(before)


def _solved(rate: Callable, start: tuple, steps: int) -> tuple:
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(rate), diffrax.Tsit5(), 0.0, 1.0, 1.0 / steps, start, max_steps=steps + 1
    )
    return jax.tree.map(lambda a: a[0], solution.ys)
