"""Gradients of a feed-forward particle beside reverse mode; seeds saved by coupling."""

from typing import Any

import jax
import jax.numpy as jnp

from checks.bench.by_hand import by_hand, in_tokens
from checks.mean_field_flow.coupling import Coupling
from checks.mean_field_flow.depth import depth_claims
from checks.mean_field_flow.width import on_data
from numerics.generated.mean_field_flow import feedforward_gradient
from numerics.mean_field_flow import errors

D, HIDDEN = 16, 64
WIDE = ("particles-in-width", "squared-error-in-width")


def block(Z: Any, W1: Any, W2: Any) -> Any:
    """W2 sigma(W1 Z) with the huberized ReLU."""
    X = W1 @ Z
    S = jnp.clip(X, 0.0, 1.0)
    return W2 @ ((X - S / 2) * S)


def gradient(Z: Any, p: Any, W1: Any, W2: Any) -> Any:
    """By reverse mode."""
    return jax.vjp(lambda *weights: block(Z, *weights), W1, W2)[1](p)


def shapes(m: int) -> list[tuple[int, ...]]:
    """Of states, adjoints and both weights."""
    return [(D, m), (D, m), (HIDDEN, D), (D, HIDDEN)]


benchmarks = (
    *by_hand("feed-forward gradient", feedforward_gradient, gradient, shapes, "jax.vjp by hand"),
    in_tokens("feed-forward gradient", feedforward_gradient, shapes, 1.0),
    *(Coupling(claim) for claim in on_data(errors.PLAIN) if claim.id.endswith(WIDE)),
    Coupling(depth_claims[0]),
)
