"""The two leading errors before training for many sequences, each with heads of its own."""

import jax
import numpy as np
from jaxtyping import Float

from numerics.adamw_depth_limit import Constants, Heads, leading_errors
from numerics.adamw_depth_limit.token_problems import by_rows
from numerics.engine.quick import quick_jit
from numerics.generated.adamw_depth_limit import self_attention

Sequences = Float[np.ndarray, "rows N d"]


def _one(X: jax.Array, atoms: Heads) -> tuple[Constants, jax.Array]:
    values = jax.vmap(lambda *head: self_attention(X, *head))(*atoms)
    return leading_errors(X, atoms, steps=16), values.var(axis=0).sum()


_many = quick_jit(jax.vmap(_one), level=0)


def leading(X: Sequences, atoms: Heads) -> tuple[Constants, Float[np.ndarray, " rows"]]:
    """Leading errors of each row, and the variance of its heads' branches at depth zero."""
    return by_rows(_many, X, atoms)
