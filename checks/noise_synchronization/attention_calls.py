"""Attention by hand against every place of the room that calls it: networks, limits, measures.

Five tokens in R^4; query, key and value matrices at random, without a symmetry: where one is
exchanged or transposed, the residual is of order one.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from numerics import double
from numerics.engine.measuring import Size, Table
from numerics.generated.noise_synchronization import attention
from numerics.noise_synchronization.mlp_fields import Frozen
from numerics.noise_synchronization.nested_depths import common_noise, nested
from numerics.noise_synchronization.token_couplings import weighted_limit, weighted_systems
from numerics.noise_synchronization.token_layers import Attention, layer

DT = 0.5
with double():
    STILL = Frozen(jnp.zeros((2, 4)), jnp.zeros(2))  # features zero: nothing but attention moves
Tokens = Float[np.ndarray, "N d"]


def by_hand(X: Tokens, Q: np.ndarray, K: np.ndarray, V: np.ndarray) -> Tokens:
    """Softmax over j of <Q x_i, K x_j>, applied to V x_j."""
    scores = np.array([[(Q @ x) @ (K @ y) for y in X] for x in X])
    weights = np.exp(scores)
    return np.array([sum(w * (V @ y) for w, y in zip(row, X, strict=True)) for row in weights]) / (
        weights.sum(axis=1, keepdims=True)
    )


def unit(X: np.ndarray) -> np.ndarray:
    """Each token on the sphere."""
    return X / np.linalg.norm(X, axis=-1, keepdims=True)


def tangent(X: Tokens, A: Tokens) -> Tokens:
    """The part of A along the sphere."""
    return A - (A * X).sum(axis=1, keepdims=True) * X


def calls(X: Tokens, own: Attention, A: Tokens) -> dict[str, tuple[Any, Any]]:
    """What each place gives, and what it should give where attention is A.

    A layer and the solutions of the SPDE after one step without noise; of network and SDE after
    one step their mean square distance.
    """
    x = jnp.asarray(X)
    equal, along = np.zeros(len(X)), unit(X + DT * tangent(X, A))
    gap = unit(X + DT * A) - (X + DT * tangent(X, A))
    pair = nested(
        jnp.zeros((1, 1, 1, 2, 4)), x, STILL, own, DT, jnp.ones(1), (common_noise,),
        "tanh",
    )  # fmt: skip
    systems = weighted_systems(
        jnp.zeros((1, 1, 1, 2, 4)), equal[None, None], x, STILL, own, DT, "tanh"
    )
    limit = weighted_limit(jnp.zeros((1, 1, 5, 4)), equal[None], x, own, DT, jnp.zeros_like)
    return {
        "function": (attention(x, *own), A),
        "layer": (layer(x, jnp.zeros_like, own, DT), unit(X + DT * A)),
        "networks and SDE": (pair.grid[0], np.full((1, 1), (gap**2).sum(-1).mean())),
        "systems": (systems[0, 0, 0], along),
        "measure": (limit[0], along),
    }


def residuals(_: Size, keys: Any) -> Table:
    """The largest relative residual of a draw; ``exchanged``, ``transposed``: of wrong calls."""
    found: dict[str, list[float]] = {"right": [], "exchanged": [], "transposed": []}
    for key in keys:
        X, Q, K, V = np.split(np.random.default_rng(key).standard_normal((17, 4)), (5, 9, 13))
        X = unit(X)
        A = by_hand(X, Q, K, V)
        ways = {
            "right": Attention(*map(jnp.asarray, (Q, K, V))),
            "exchanged": Attention(*map(jnp.asarray, (K, Q, V))),
            "transposed": Attention(*map(jnp.asarray, (Q, K, V.T))),
        }
        for name, own in ways.items():
            pairs = calls(X, own, A).values()
            off = [np.abs(np.asarray(a) - b).max() / np.abs(b).max() for a, b in pairs]
            found[name].append(max(off) if name == "right" else min(off))
    return {name: np.array(values) for name, values in found.items()}
