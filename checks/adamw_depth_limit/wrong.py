"""Wrong networks of random heads: what the claims about depth must refute."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from numerics.adamw_depth_limit import Heads
from numerics.adamw_depth_limit.token_problems import Keys, Weights, random_weights
from numerics.adamw_depth_limit.token_symmetry import (
    D_K,
    HEADS,
    Instance,
    States,
    layer_adjoints,
    passes,
)
from numerics.engine.quick import quick_jit
from numerics.generated.adamw_depth_limit import attention_token_jacobian


def tied(keys: Keys, depth: int, heads: int) -> Weights:
    """The heads of all layers are those of the first."""
    return np.repeat(random_weights(keys, 1, heads) / depth, depth, axis=1)


# Passes
def masked(heads: Heads, X: States, Y: States) -> tuple[Any, Any, Any]:
    """In place of the states the drift of the first layer, where token i attends to 0 .. i only."""
    _, p, gradients = passes(heads, X, Y)
    Q, K, V = (w[:, 0] for w in heads)
    logits = np.einsum("khqa,khqb,ksia,ksjb->khsij", Q, K, X, X, optimize=True) / D_K**0.5
    weights = np.tril(np.exp(logits))
    weights /= weights.sum(-1, keepdims=True)
    drift = np.einsum("khef,khsij,ksjf->ksie", V, weights, X, optimize=True)[:, None] / HEADS
    return drift, p, gradients


def unscaled(heads: Heads, X: States, Y: States) -> tuple[Any, Any, Any]:
    """Backpropagated variables are plain gradients, not N times them."""
    x, p, gradients = passes(heads, X, Y)
    return x, np.asarray(p) / X.shape[2], gradients


def placed(heads: Heads, X: States, Y: States) -> tuple[Any, Any, Any]:
    """Each token has a number added that depends on its place."""
    return passes(heads, X + 0.01 * np.arange(X.shape[2])[:, None], Y)


def targets_stay(drawn: Instance, order: Int[np.ndarray, " tokens"]) -> Instance:
    """Tokens change their places and leave their targets behind."""
    return drawn._replace(X=drawn.X[:, :, order])


# Adjoints
@partial(quick_jit, level=0)
def _own(heads: Heads, X: Array, P: Array) -> Array:
    def token(layer: Heads, x: Array, at: Array, cotangent: Array) -> Array:
        jacobians = jax.vmap(partial(attention_token_jacobian, at, x))(*layer)
        return cotangent + jnp.einsum("meg,e->g", jacobians, cotangent) / HEADS

    def tokens(layer: Heads, x: Array, p: Array) -> Array:
        return jax.vmap(partial(token, layer, x))(x, p)

    first = jax.tree.map(lambda w: w[:, 0], heads)
    return jax.vmap(lambda layer, *seqs: jax.vmap(partial(tokens, layer))(*seqs))(first, X, P)


def without_lions(heads: Heads, X: States, P: States) -> tuple[Any, Any]:
    """The Lions term is dropped: a token's influence on the others does not count."""
    return _own(heads, X, P), layer_adjoints(heads, X, P)[1]


def one_percent(heads: Heads, X: States, P: States) -> tuple[Any, Any]:
    """The adjoint is too large by 1 %."""
    found, expected = layer_adjoints(heads, X, P)
    return 1.01 * np.asarray(found), expected
