"""Gaussian matrices and Gram matrices of wide ones, exact in law at a cost without the width."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Num, PRNGKeyArray

Scalar = float | int | Num[Array, ""]


def bartlett(
    key: PRNGKeyArray, rows: int, columns: Scalar | Num[Array, "*batch"]
) -> Float[Array, "*batch rows rows"]:
    """Lower triangular T with T T^T of the law of G G^T, G a rows by columns Gaussian matrix.

    Bartlett's decomposition; needs ``columns >= rows``. Independent factors for an array of
    numbers of columns, which may be traced: one call compiles faster than several.
    """
    chi, normal = jax.random.split(key)
    freedom = jnp.asarray(columns)[..., None] - jnp.arange(rows)
    diagonal = jnp.sqrt(2 * jax.random.gamma(chi, freedom / 2))
    below = jnp.tril(jax.random.normal(normal, (*freedom.shape, rows)), -1)
    return below + diagonal[..., None] * jnp.eye(rows)


def haar_shares(
    key: PRNGKeyArray, rows: int, blocks: int, columns: Scalar
) -> Float[Array, "blocks rows rows"]:
    """Gram matrices U_h U_h^T of the column blocks of a Haar-distributed rows by n matrix.

    The rows of U are orthonormal, so that the shares sum to the identity; each of the blocks
    has this many columns.
    """
    if blocks == 1:
        return jnp.eye(rows)[None]
    factors = bartlett(key, rows, jnp.full(blocks, columns))
    grams = factors @ factors.transpose(0, 2, 1)
    whole = jnp.linalg.cholesky(grams.sum(0))
    half = jax.vmap(lambda s: jax.scipy.linalg.solve_triangular(whole, s, lower=True))(grams)
    return jax.vmap(
        lambda s: jax.scipy.linalg.solve_triangular(whole, s.T, lower=True),
    )(half)
