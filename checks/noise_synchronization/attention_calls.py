"""What drifts, by hand, against every place of the room that computes it: limits and measures.

Five tokens in R^4; query, key and value matrices at random, without a symmetry: where one is
exchanged or transposed, the residual is of order one. The Brownian motions stand still, features
do not vanish: what is left beside attention is Ito's correction.
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
    FROZEN = Frozen(jnp.asarray([[1.0, -2.0, 0.5, 1.0], [0.0, 1.0, 1.0, -1.0]]), jnp.ones(2))
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


def kernel(u: Any) -> Any:
    """A covariance of the noise, of inner products."""
    return 0.5 + 0.25 * u


def variances(X: Tokens) -> Float[np.ndarray, "N 1"]:
    """K(x, x) of the frozen features."""
    U, b = np.asarray(FROZEN.U), np.asarray(FROZEN.b)
    return (np.tanh(X @ U.T / X.shape[1] ** 0.5 + b) ** 2).mean(axis=1, keepdims=True)


def calls(
    X: Tokens, own: Attention, A: Tokens, dimensions: float
) -> dict[str, tuple[Any, Any]]:  # fmt: skip
    """What each place gives, and what it should give where attention is A.

    A layer and the solutions of the SPDE after one step without noise; of network and SDE after
    one step their mean square distance. Ito's correction has ``dimensions``, d - 1.
    """
    x, equal = jnp.asarray(X), np.zeros(len(X))

    def drift(variance: Any) -> Tokens:
        return X + DT * (tangent(X, A) - dimensions / 2 * variance * X)

    gap = unit(X + DT * A) - drift(variances(X))
    pair = nested(
        jnp.zeros((1, 1, 1, 2, 4)), x, FROZEN, own, DT, jnp.ones(1), (common_noise,),
        "tanh",
    )  # fmt: skip
    systems = weighted_systems(
        jnp.zeros((1, 1, 1, 2, 4)), equal[None, None], x, FROZEN, own, DT, "tanh"
    )
    limit = weighted_limit(jnp.zeros((1, 1, 5, 4)), equal[None], x, own, DT, kernel)
    return {
        "function": (attention(x, *own), A),
        "layer": (layer(x, jnp.zeros_like, own, DT), unit(X + DT * A)),
        "networks and SDE": (pair.grid[0], np.full((1, 1), (gap**2).sum(-1).mean())),
        "systems": (systems[0, 0, 0], unit(drift(variances(X)))),
        "measure": (limit[0], unit(drift(kernel(1.0)))),
    }


ITO = ("networks and SDE", "systems", "measure")  # the places with Ito's correction


def residuals(_: Size, keys: Any) -> Table:
    """The largest relative residual of a draw; of wrong calls the least of those they change.

    ``exchanged``, ``transposed``: of attention; ``no-ito``, ``ito-d``: no correction, d for d - 1.
    """
    found: dict[str, list[float]] = {}
    for key in keys:
        X, Q, K, V = np.split(np.random.default_rng(key).standard_normal((17, 4)), (5, 9, 13))
        X = unit(X)
        A = by_hand(X, Q, K, V)
        ways = {
            "right": ((Q, K, V), 3.0), "exchanged": ((K, Q, V), 3.0),
            "transposed": ((Q, K, V.T), 3.0), "no-ito": ((Q, K, V), 0.0), "ito-d": ((Q, K, V), 4.0),
        }  # fmt: skip
        for name, (matrices, dimensions) in ways.items():
            pairs = calls(X, Attention(*map(jnp.asarray, matrices)), A, dimensions)
            off = {
                place: np.abs(np.asarray(a) - b).max() / np.abs(b).max()
                for place, (a, b) in pairs.items()
            }
            changed = [off[place] for place in (ITO if "ito" in name else off)]
            found.setdefault(name, []).append(
                max(off.values()) if name == "right" else min(changed)
            )
    return {name: np.array(values) for name, values in found.items()}
