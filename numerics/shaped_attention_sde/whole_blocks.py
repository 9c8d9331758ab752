"""Blocks of shaped attention and a shaped MLP, sampled through Gram matrices, and their SDE.

The MLP is X <- sqrt(1 - gamma^2) X + gamma sqrt(c) sigma_s(X W1 / sqrt(n)) W2 / sqrt(n) with n
hidden units, sigma_s of slopes 1 + c_plus / sqrt(n) and 1 + c_minus / sqrt(n), and c E[sigma_s^2]
= 1. Hidden units are drawn one by one, the outer weights through their Gram matrix.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from numerics.engine.measuring import Size, Table
from numerics.engine.quick import quick_jit
from numerics.generated.shaped_attention_sde import (
    attention_covariance,
    attention_drift,
    mlp_covariance,
    mlp_drift,
    noise_increment,
)
from numerics.shaped_attention_sde import Diffusion, Terms, limit_ensemble, one_layer_means
from numerics.shaped_attention_sde.chunks import Keys, in_chunks
from numerics.shaped_attention_sde.gaussian import bartlett
from numerics.shaped_attention_sde.gram_networks import (
    Gram,
    Network,
    gram_layer,
    narrow_key_dim,
    root,
)
from numerics.shaped_attention_sde.measurements import (
    CAUSAL,
    GAMMA,
    HORIZON,
    PAIRS,
    STOP,
    TAU0,
    UPPER,
    V0,
    M,
    batched,
    law_statistics,
    network,
)

SLOPES = (1.5, -1.5)  # c_plus and c_minus; of sum zero, so that c = 1 + O(1/n)
VALUES_ALONE = jnp.inf  # heads, of which so many leave the noise of the values


def mlp_layer(
    key: PRNGKeyArray, V: Gram, gamma: Any, width: int, slopes: tuple[float, float] = SLOPES
) -> tuple[Gram, Gram]:
    """The Gram matrix after the MLP, and the mean increment times n, given the hidden units.

    The latter is without its part of first order in 1 / sqrt(n), whose mean is zero.
    """
    m, L = len(V), root(V)
    inner, outer, rest = jax.random.split(key, 3)
    units = L @ jax.random.normal(inner, (m, width))
    right, left = (1 + c / jnp.sqrt(1.0 * width) for c in slopes)
    active = jnp.where(units > 0, right, left) * units * jnp.sqrt(2 / (right**2 + left**2))
    hidden, linear = active @ active.T / width, units @ units.T / width
    F, G = root(hidden), jax.random.normal(outer, (m, m))
    T = bartlett(rest, m, jnp.asarray([1.0 * width - m]))[0]
    cross = gamma * jnp.sqrt((1 - gamma**2) / width) * F @ G @ L.T
    after = (1 - gamma**2) * V + cross + cross.T
    after = after + gamma**2 / width * F @ (G @ G.T + T @ T.T) @ F.T
    return after, width * gamma**2 * (hidden - linear)


def block_ensemble(
    keys: Keys, V0: Gram, M: Gram, network: Network, slopes: tuple[float, float] = SLOPES
) -> tuple[Float[Array, "samples m m"], Float[Array, "samples m m"]]:
    """Gram matrices after ``network.depth`` blocks, and the last MLP's mean increment times n."""
    sizes = {"width": int(network.width), "narrow": narrow_key_dim(len(V0), int(network.key_dim))}
    return in_chunks(lambda some: _blocks(some, V0, M, network, slopes, **sizes), keys)


@partial(quick_jit, static_argnames=("width", "narrow"))
def _blocks(
    keys: Keys, V0: Gram, M: Gram, network: Network, slopes: Any, *, width: int, narrow: int | None
) -> tuple[Float[Array, "samples m m"], Float[Array, "samples m m"]]:
    def path(key: PRNGKeyArray) -> tuple[Gram, Gram]:
        def block(r: Int[Array, ""], state: tuple[Gram, Gram]) -> tuple[Gram, Gram]:
            V, _ = state
            first, second = jax.random.split(jax.random.fold_in(key, r))
            between = gram_layer(first, V[None], M, network, narrow)[0].sum(0)
            after, mean = mlp_layer(second, between, network.gamma, width, slopes)
            inside = jnp.diagonal(V).max() < network.stop
            return jnp.where(inside, after, V), mean

        return jax.lax.fori_loop(0, network.depth, block, (V0, jnp.zeros_like(V0)))

    return jax.vmap(path)(keys)


# The SDE: drifts and covariances of attention and MLP add up.
def block_drift(V: Gram, M: Gram, gamma: Any, tau0: Any) -> Gram:
    """Of attention and of the MLP, with the same weight of the branch."""
    return attention_drift(V, M, gamma, tau0) + mlp_drift(V, *SLOPES, gamma)


def block_noise(V: Gram, M: Gram, gamma: Any, tau0: Any, heads: Any, dG: Gram, dZ: Gram) -> Gram:
    """The covariance of the MLP is that of attention's values times a number: one noise for both.

    The number is read off the derived covariances.
    """
    values = attention_covariance(V, M, gamma, tau0, VALUES_ALONE)[0, 0, 0, 0]
    louder = jnp.sqrt(1 + mlp_covariance(V, gamma)[0, 0, 0, 0] / values)
    return noise_increment(V, M, gamma, tau0, heads, louder * dG, dZ)


OF_BLOCKS = Terms(block_drift, block_noise)


# What is measured
def block_increments(
    size: Size,
    keys: Any,
    *,
    averaging: Gram = CAUSAL,
    slopes: tuple[float, float] = SLOPES,
    per_seed: int = 16,
) -> Table:
    """n times the mean increment of V over one block, and n times its second moments.

    Averaged over the blocks of a seed; upper triangle, then its pairs.
    """
    rows, n = batched(keys, per_seed), size["n"]
    others = jax.vmap(lambda key: jax.random.fold_in(key, 1))(rows)
    after, of_mlp = block_ensemble(rows, V0, averaging, network(n, 1), slopes)
    moved = (one_layer_means(others, V0, averaging, network(n, 1)) + of_mlp)[:, *UPPER]
    step = (after - V0)[:, *UPPER]
    squares = n * (step[:, :, None] * step[:, None, :])[:, *PAIRS]
    both = jnp.concatenate([moved, squares], axis=1).reshape(len(keys), per_seed, -1)
    return {"moments": both.mean(1)}


def block_law(size: Size, keys: Keys) -> Table:
    """Statistics of networks of n / 2 blocks."""
    n = size["n"]
    V, _ = block_ensemble(jnp.asarray(keys), V0, M, network(n, n // 2))
    return {"law": law_statistics(V)}


def block_limit_law(size: Size, keys: Keys, *, terms: Terms = OF_BLOCKS) -> Table:
    """The same of paths of the SDE, step 1 / n."""
    diffusion = Diffusion(HORIZON, size["n"] // 2, GAMMA, TAU0, stop=STOP)
    return {"law": law_statistics(limit_ensemble(jnp.asarray(keys), V0, M, diffusion, terms).V)}
