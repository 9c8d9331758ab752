"""The paper's cap, or one by Frobenius' norms, as LARS has it.

Which one is a number that may be traced, so that one compiled program serves all arms.
"""

from typing import Any

import jax.numpy as jnp
import optax
from jaxtyping import Array

from numerics.spectral_concentration.spectral_cap import cap_by
from numerics.spectral_concentration.spectral_norms import (
    exact_norms,
    frobenius_norms,
    warm_norms,
)


def any_cap(
    tau: Any,
    *,
    rate: Any,
    weight_decay: Any = 0.0,
    rounds: int = 3,
    exempt: Any = None,
    frobenius: Any = False,
) -> optax.GradientTransformationExtraArgs:
    """`spectral_cap` with zero ``rounds`` for exact norms, and with Frobenius' norms."""

    def norms_of(matrix: Array, start: Array, axes: str) -> tuple[Array, Array]:
        if rounds:
            norms, vectors = warm_norms(matrix, start, rounds, axes)
        else:
            norms, vectors = exact_norms(matrix, start, axes)
        return jnp.where(frobenius, frobenius_norms(matrix, start, axes)[0], norms), vectors

    return cap_by(norms_of, tau, rate=rate, weight_decay=weight_decay, exempt=exempt)
