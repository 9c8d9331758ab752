"""Wrong covariance SDEs: what the claims of the room must refute."""

from typing import Any

from jaxtyping import Array

from numerics.generated.shaped_attention_sde import attention_drift, noise_increment
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
