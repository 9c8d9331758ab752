"""The derivative of attention in its query beside reverse mode."""

from typing import Any

import jax

from checks.bench.by_hand import by_hand, in_tokens
from numerics.generated.adamw_depth_limit import attention_token_jacobian

D, D_K = 16, 8


def head(x: Any, Y: Any, Q: Any, K: Any, V: Any) -> Any:
    """One head, one query."""
    return V @ (jax.nn.softmax((Y @ K.T) @ (Q @ x) / D_K**0.5) @ Y)


jacobian = jax.jacrev(head)


def shapes(m: int) -> list[tuple[int, ...]]:
    """Of query, tokens, and weights of queries, keys and values."""
    return [(D,), (m, D), (D_K, D), (D_K, D), (D, D)]


benchmarks = (
    *by_hand(
        "Jacobian of attention", attention_token_jacobian, jacobian, shapes, "jax.jacrev by hand"
    ),
    in_tokens("Jacobian of attention", attention_token_jacobian, shapes, 1.0),
)
