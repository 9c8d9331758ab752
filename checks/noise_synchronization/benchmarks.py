"""The drift of the tokens beside einsum and softmax by hand."""

from typing import Any

import jax
import jax.numpy as jnp

from checks.bench.by_hand import by_hand, in_tokens
from numerics.generated.noise_synchronization import token_drift

D = 16


def drift(X: Any, Q: Any, K: Any, V: Any) -> Any:
    """Attention, projected on the sphere's tangents, and the Ito correction of a unit noise."""
    P = jax.nn.softmax((X @ Q.T) @ (X @ K.T).T, axis=1)
    pushed = P @ (X @ V.T)
    radial = jnp.einsum("pa,pa->p", X, pushed)
    return pushed - (radial + (X.shape[1] - 1) / 2)[:, None] * X


def generated(X: Any, Q: Any, K: Any, V: Any) -> Any:
    """The same, generated."""
    return token_drift(X, Q, K, V, 1.0)


def shapes(m: int) -> list[tuple[int, ...]]:
    """Of tokens, queries, keys and values."""
    return [(m, D), (D, D), (D, D), (D, D)]


benchmarks = (
    *by_hand("drift of tokens on the sphere", generated, drift, shapes, "by hand"),
    in_tokens("drift of tokens on the sphere", generated, shapes, 2.0),
)
