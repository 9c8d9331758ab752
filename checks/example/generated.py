"""A wide random layer keeps norms.

Generated from example/theory.py by verilimit 0.1.0; never edited by hand.
Regenerate with ``verilimit generate``.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Num

Scalar = float | int | Num[Array, ""]


def spread(x: Float[Array, " n"]) -> Float[Array, ""]:
    r"""Variance of the squared norm of the output, over the weights.

    the step “variance”

    Formula:
        \frac{2 \sum_{i,j} \left({x}^{i}\right)^{2} \left({x}^{j}\right)^{2}}{n}
    """
    n = x.shape[0]
    xx = x @ x
    t1 = jnp.einsum(",->", xx, xx)
    return 2*t1/n
