"""What a network does to tokens that are repeated or exchanged, and the adjoint of one layer.

Networks are drawn anew for each seed: three layers of three heads, two sequences of three tokens.
Functions return one array a seed; what must agree is compared by `distances`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from numerics.adamw_depth_limit import Heads, Network, backward, forward
from numerics.engine.quick import quick_jit
from numerics.generated.adamw_depth_limit import attention

LAYERS, HEADS, SEQUENCES, TOKENS, D, D_K = 3, 3, 2, 3, 4, 2


States = Float[np.ndarray, "seeds S N d"]


class Instance(NamedTuple):
    """A network's heads, tokens and their targets; all with a leading axis of seeds."""

    heads: Heads
    X: States
    Y: States


def draw_instances(keys: Any) -> Instance:
    """Entries of heads uniform in [-1, 1], V shifted by I / 2; tokens and targets normal."""

    def one(key: np.ndarray) -> Instance:
        random, shape = np.random.default_rng(key), (SEQUENCES, TOKENS, D)
        Q, K, V = (random.uniform(-1, 1, (LAYERS, HEADS, n, D)) for n in (D_K, D_K, D))
        return Instance(
            Heads(Q, K, V + np.eye(D) / 2), random.normal(size=shape), random.normal(size=shape)
        )

    return jax.tree.map(lambda *a: np.stack(a), *map(one, np.asarray(keys)))


def _network(heads: Heads) -> Network:
    layers, count = heads.V.shape[:2]
    return Network(heads, jnp.full((layers, count), 1 / (layers * count)), jnp.asarray(layers))


@partial(quick_jit, level=0)
def passes(
    heads: Heads, X: Float[Array, "seeds S N d"], Y: Float[Array, "seeds S N d"]
) -> tuple[Array, Array, Heads]:
    """States, backpropagated variables and head gradients, for each seed."""

    def one(heads: Heads, x: Array, y: Array) -> tuple:
        states = forward(x, _network(heads))
        return states, *backward(states, states[-1] - y, _network(heads), jnp.full(SEQUENCES, 0.5))

    return jax.vmap(one)(heads, X, Y)


@partial(quick_jit, level=0)
def layer_adjoints(
    heads: Heads, X: Float[Array, "seeds S N d"], P: Float[Array, "seeds S N d"]
) -> tuple[Array, Array]:
    """P before one layer: from the adjoint equation, and by JAX."""

    def one(layer: Heads, x: Array, p: Array) -> tuple[Array, Array]:
        network = _network(jax.tree.map(lambda w: w[:1], layer))
        found = backward(jnp.stack([x, x]), p, network, jnp.full(SEQUENCES, 0.5))[0][0]
        return found, _pulled(jax.tree.map(lambda w: w[0], layer), x, p)

    return jax.vmap(one)(heads, X, P)


def _pulled(layer: Heads, X: Float[Array, "S N d"], P: Float[Array, "S N d"]) -> Array:
    """Automatic differentiation of x + mean of the heads, through the attention of one query."""

    def after(x: Array) -> Array:
        heads = jax.vmap(lambda *head: jax.vmap(lambda at: attention(at, x, *head))(x))(*layer)
        return x + heads.mean(0)

    return jax.vjp(jax.vmap(after), X)[1](P)[0]


def distances(left: Any, right: Any) -> Float[np.ndarray, " seeds"]:
    """For each seed, the largest deviation of two trees of arrays over the largest entry."""

    def relative(a: Any, b: Any) -> np.ndarray:
        axes = tuple(range(1, np.ndim(b)))
        return np.abs(np.asarray(a) - b).max(axes) / np.abs(b).max(axes)

    pairs = zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True)
    return np.stack([relative(a, np.asarray(b)) for a, b in pairs]).max(axis=0)


ORDERS = {"repeat": np.arange(6) % TOKENS, "exchange": np.array([2, 0, 1])}


Passes = Callable[[Heads, States, States], Any]
Moved = Callable[[Instance, np.ndarray], Instance]


def rearranged(drawn: Instance, order: Int[np.ndarray, " tokens"]) -> Instance:
    """Tokens in another order, or repeated, each with its target."""
    return drawn._replace(X=drawn.X[:, :, order], Y=drawn.Y[:, :, order])


def symmetry(
    keys: Any, *, move: str, of: Passes = passes, moved: Moved = rearranged
) -> Float[np.ndarray, " seeds"]:
    """Tokens repeated, or exchanged: is what the network does repeated, or exchanged?"""
    drawn, order = draw_instances(keys), ORDERS[move]
    x, p, gradients = of(*drawn)
    expected = (*(np.asarray(a)[:, :, :, order] for a in (x, p)), gradients)
    return distances(of(*moved(drawn, order)), expected)


def adjoint_residual(keys: Any, of: Passes = layer_adjoints) -> Float[np.ndarray, " seeds"]:
    """One layer's backpropagation from the theory, against automatic differentiation."""
    return distances(*of(*draw_instances(keys)))
