"""Gradients of attention beside reverse mode; an update of AdamW^2 beside one of AdamW."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from checks.bench import Program, Ratio
from checks.bench.by_hand import by_hand, in_tokens
from numerics.generated.spectral_concentration import attention_gradients
from numerics.spectral_concentration import adamw2

D = 16


def block(Wq: Any, Wk: Any, Wv: Any, X: Any) -> Any:
    """Attention of a layer, tokens in columns."""
    return Wv @ X @ jax.nn.softmax((Wq @ X).T @ (Wk @ X) / D**0.5, axis=0)


def gradients(X: Any, Wq: Any, Wk: Any, Wv: Any, G: Any) -> Any:
    """By reverse mode."""
    return jax.vjp(block, Wq, Wk, Wv, X)[1](G)


def shapes(m: int) -> list[tuple[int, ...]]:
    """Of tokens, three weights and the gradient in the result."""
    return [(D, m), (D, D), (D, D), (D, D), (D, m)]


def update(width: int, method: optax.GradientTransformation) -> Program:
    """One update of four square matrices in single precision."""
    params = {"stack": jnp.ones((4, width, width), jnp.float32)}
    return Program(method.update, (params, method.init(params), params))


def cost(width: int, rounds: int) -> Ratio:
    """An update of AdamW^2 with some rounds of power iteration over one of AdamW."""
    return Ratio(
        f"adamw2 / optax.adamw, width {width}, {rounds} rounds",
        lambda: update(width, adamw2(1e-3, 0.01, power_iterations=rounds)),
        lambda: update(width, optax.adamw(1e-3)),
        rounds=60,
    )


benchmarks = (
    *by_hand("gradients of attention", attention_gradients, gradients, shapes, "jax.vjp by hand"),
    in_tokens("gradients of attention", attention_gradients, shapes, 2.0),
    *(cost(width, rounds) for width in (256, 1024) for rounds in (1, 3)),
)
