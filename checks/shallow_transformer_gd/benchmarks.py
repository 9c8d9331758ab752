"""Random features of a head beside reverse-mode differentiation of the head."""

from typing import Any

import jax
import jax.numpy as jnp

from checks.bench.by_hand import by_hand, in_tokens
from numerics.generated.shallow_transformer_gd import features

D = 16


def head(X: Any, W: Any, q: Any, U: Any) -> Any:
    """tanh of U times the mean token."""
    return jnp.tanh(U @ (jax.nn.softmax(X @ (W @ q)) @ X))


def differentiated(X: Any, W: Any, q: Any, U: Any) -> Any:
    """Value and gradients in U and W, by reverse mode."""
    value, (W_bar, U_bar) = jax.value_and_grad(head, argnums=(1, 3))(X, W, q, U)
    return value, U_bar, W_bar


def shapes(m: int) -> list[tuple[int, ...]]:
    """Of tokens and weights."""
    return [(m, D), (D, D), (D,), (D,)]


benchmarks = (
    *by_hand("features of a head", features, differentiated, shapes, "jax.grad by hand"),
    in_tokens("features of a head", features, shapes, 1.0),
)
