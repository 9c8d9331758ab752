"""Wrong covariance SDEs: what the claims of the room must refute."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from numerics.generated.shaped_attention_sde import (
    attention_drift,
    mlp_covariance,
    mlp_drift,
    noise_increment,
)
from numerics.shaped_attention_sde import Terms


def weak_drift(*arguments: Any) -> Array:
    """Six tenths of the drift."""
    return 0.6 * attention_drift(*arguments)


def loud_noise(*arguments: Any) -> Array:
    """The noise times 1.1."""
    return 1.1 * noise_increment(*arguments)


def quiet_logits(*arguments: Any) -> Array:
    """The noise of a network of many heads: that of the values alone."""
    V, M, gamma, tau0, _, *dW = arguments
    return noise_increment(V, M, gamma, tau0, 10**9, *dW)


WEAK_DRIFT, LOUD_NOISE, QUIET_LOGITS = (
    Terms(drift=weak_drift), Terms(noise=loud_noise), Terms(noise=quiet_logits),
)  # fmt: skip


def outer_weights(V: Array, gamma: Any) -> Array:
    """Covariance of an MLP with fixed inner weights."""
    return (1 - gamma**2 / 2) * mlp_covariance(V, gamma)


def plus_angle(V: Array, c_plus: Any, c_minus: Any, gamma: Any) -> Array:
    """Drift of the MLP with rho arccos(rho) added where it is subtracted."""
    root = jnp.sqrt(jnp.diagonal(V))
    rho = jnp.clip(V / root / root[:, None], -1, 1)
    shift = rho * jnp.arccos(rho) * root * root[:, None]
    return (
        mlp_drift(V, c_plus, c_minus, gamma) + gamma**2 * (c_plus - c_minus) ** 2 / jnp.pi * shift
    )


def not_squared(V: Array, c_plus: Any, c_minus: Any, gamma: Any) -> Array:
    """Drift of the MLP with the weight of the branch for its square."""
    return mlp_drift(V, c_plus, c_minus, gamma) / gamma
