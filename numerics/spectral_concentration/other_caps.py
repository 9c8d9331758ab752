"""Adam under the paper's cap or another one: on the raw gradient, or by Frobenius' norms (LARS).

Which one is a number that may be traced, so that one compiled program serves all arms.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, PyTree

from numerics.spectral_concentration.spectral_cap import adam_with, cap_by
from numerics.spectral_concentration.spectral_norms import (
    exact_norms,
    frobenius_norms,
    warm_norms,
)


def adam_with_any_cap(
    tau: Any,
    *,
    rate: Any,
    eps: float = 1e-8,
    weight_decay: Any = 0.0,
    rounds: int = 3,
    exempt: Any = None,
    on_gradient: Any = False,
    frobenius: Any = False,
) -> optax.GradientTransformationExtraArgs:
    """`adamw2` with zero ``rounds`` for exact norms, and what other caps would measure."""

    def norms_of(matrix: Array, start: Array, axes: str) -> tuple[Array, Array]:
        if rounds:
            norms, vectors = warm_norms(matrix, start, rounds, axes)
        else:
            norms, vectors = exact_norms(matrix, start, axes)
        return jnp.where(frobenius, frobenius_norms(matrix, start, axes)[0], norms), vectors

    def ruler(direction: PyTree, gradient: PyTree) -> PyTree:
        return jax.tree.map(partial(jnp.where, on_gradient), gradient, direction)

    cap = cap_by(norms_of, tau, rate=rate, weight_decay=weight_decay, exempt=exempt)
    return adam_with(cap, ruler, eps=eps)
