"""Residual attention networks, sampled through their Gram matrices or with all their weights.

A layer is X <- sqrt(1 - gamma^2) X + gamma A X W / sqrt(width) with fresh N(0, 1) weights,
A = I + softmax(Y / tau) - M and V = X X^T / width. The weights are rotation invariant, so that
only Gram matrices of wide Gaussian factors matter: a layer costs O(heads m^3) at any width.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Num, PRNGKeyArray

from numerics.engine.quick import quick_jit
from numerics.shaped_attention_sde.chunks import Keys, in_chunks
from numerics.shaped_attention_sde.gaussian import bartlett, haar_shares

Gram = Float[Array, "m m"]
Scalar = float | int | Num[Array, ""] | Bool[Array, ""]
# Below this key dimension the wide factors of the logits are drawn, above it their Gram matrix.
NARROW = 8


class Network(NamedTuple):
    """Sizes and scales; all but the heads are traced, so that one compilation serves them all.

    ``key_dim`` is that of one head. Attention is shaped in two respects: its logits are divided by
    tau0 sqrt(width key_dim), ``tempered``, and it is ``centred`` at the identity. Without both it
    is plain softmax attention, with logits divided by sqrt(key_dim). A path whose largest diagonal
    entry exceeds ``stop`` stays where it is.
    """

    width: Scalar
    key_dim: Scalar
    depth: Scalar
    gamma: Scalar
    tau0: Scalar
    tempered: Scalar = True
    centred: Scalar = True
    stop: Scalar = jnp.inf

    @property
    def temperature(self) -> Scalar:
        """What divides the logits."""
        shaping = jnp.where(self.tempered, self.tau0 * jnp.sqrt(1.0 * self.width), 1.0)
        return jnp.sqrt(1.0 * self.key_dim) * shaping


class Ensemble(NamedTuple):
    """Gram matrices at the end of independent paths.

    ``stopped``: which paths left the ball of the stop; ``violations``: how many steps of a path
    left the positive definite cone and were projected back (none in a network); ``surprise``:
    the sum over steps of the noise in the relative increments of the variances, a martingale
    that can be subtracted from log variances to estimate their means with a smaller spread.
    """

    V: Float[Array, "samples m m"]
    stopped: Bool[Array, " samples"]
    violations: Int[Array, " samples"]
    surprise: Float[Array, "samples m"]


def attention_matrix(Y: Gram, M: Gram, tau: Scalar, centred: Scalar = True) -> Gram:
    """Softmax of Y / tau over the tokens that M attends to; centred: I + softmax - M."""
    weights = jax.nn.softmax(jnp.where(M > 0, Y / tau + jnp.log(M), -jnp.inf), axis=1)
    return weights + jnp.where(centred, jnp.eye(len(M)) - M, 0.0)


def gram_ensemble(keys: Keys, V0: Gram, M: Gram, network: Network, heads: int = 1) -> Ensemble:
    """One network for each of the keys, exact in law; the initial tokens are rotated at random."""
    narrow = narrow_key_dim(len(V0), int(network.key_dim))
    return in_chunks(lambda some: _gram_paths(some, V0, M, network, heads, narrow), keys)


def narrow_key_dim(m: int, key_dim: int) -> int | None:
    """The key dimension if it is small enough to draw the factors of the logits themselves."""
    return key_dim if key_dim < max(m, NARROW) else None


@partial(quick_jit, static_argnames=("heads", "narrow"))
def _gram_paths(
    keys: Keys, V0: Gram, M: Gram, network: Network, heads: int, narrow: int | None
) -> Ensemble:
    def path(key: PRNGKeyArray) -> Ensemble:
        start, walk = jax.random.split(key)
        L = root(V0)
        shares = L @ haar_shares(start, len(V0), heads, network.width / heads) @ L.T

        def layer(
            r: Int[Array, ""], state: tuple[Float[Array, "heads m m"], Float[Array, " m"]]
        ) -> tuple[Float[Array, "heads m m"], Float[Array, " m"]]:
            shares, surprise = state
            after, mean = gram_layer(jax.random.fold_in(walk, r), shares, M, network, narrow)
            variances = jnp.diagonal(shares.sum(0))
            inside = variances.max() < network.stop
            step = jnp.diagonal((after - mean).sum(0)) / variances
            return jnp.where(inside, after, shares), surprise + jnp.where(inside, step, 0.0)

        zero = jnp.zeros(len(V0))
        shares, surprise = jax.lax.fori_loop(0, network.depth, layer, (shares, zero))
        V = shares.sum(0)
        return Ensemble(V, jnp.diagonal(V).max() >= network.stop, jnp.zeros((), int), surprise)

    return jax.vmap(path)(keys)


def gram_layer(
    key: PRNGKeyArray,
    shares: Float[Array, "heads m m"],
    M: Gram,
    network: Network,
    narrow: int | None = None,
) -> tuple[Float[Array, "heads m m"], Float[Array, "heads m m"]]:
    """One layer, exact in law: Gram matrices X_h X_h^T / width of the columns of each head.

    Also what differs from them by a mean of zero: the means given the attention matrices, less
    the first order of softmax in the logits. With X_h = sqrt(width) [L_h, 0] in a basis of
    its own and V = L L^T, the logits are L G G'^T L^T and the values L [G1, G2], all Gaussian;
    only Gram matrices of the wide factors enter, which Bartlett's decomposition draws.
    ``narrow`` is a key dimension below m.
    """
    heads, m, _ = shares.shape
    roots = root(jnp.concatenate([shares.sum(0, keepdims=True), shares]) if heads > 1 else shares)
    V, L, gamma = shares.sum(0), roots[0], network.gamma
    lam = jnp.sqrt(1 - gamma**2)

    def one(key: PRNGKeyArray, share: Gram, share_root: Gram) -> tuple[Gram, Gram]:
        logit_key, value_key, rest_key = jax.random.split(key, 3)
        T = bartlett(rest_key, m, wide_columns(m, network, heads, narrow))
        Y = logits(logit_key, L, T, narrow)
        A = attention_matrix(Y, M, network.temperature, network.centred)
        G1 = jax.random.normal(value_key, (m, m))
        AL = A @ L
        cross = AL @ G1 @ share_root.T
        noise = lam * gamma / jnp.sqrt(network.width) * (cross + cross.T)
        values = gamma**2 / network.width * AL @ (G1 @ G1.T + T[0] @ T[0].T) @ AL.T
        first = M * (Y - (M * Y).sum(1, keepdims=True)) @ V / network.temperature
        mean = lam**2 * share + gamma**2 / heads * (AL @ AL.T - first - first.T)
        return lam**2 * share + noise + values, mean

    return jax.vmap(one)(jax.random.split(key, heads), shares, roots[-heads:])


def wide_columns(m: int, network: Network, heads: int, narrow: int | None) -> Num[Array, " k"]:
    """Columns of the wide factors of a layer: of the values, and of the queries unless narrow."""
    values = 1.0 * network.width / heads - m
    return jnp.stack([values] if narrow else [values, 1.0 * network.key_dim])


def logits(key: PRNGKeyArray, L: Gram, T: Float[Array, "k m m"], narrow: int | None = None) -> Gram:
    """Logits of the law L G G'^T L^T with G and G' of m by key_dim standard Gaussians.

    ``T[-1]`` is Bartlett's factor of G G^T, not used below the ``narrow`` key dimension.
    """
    m = len(L)
    if narrow is not None:
        left, right = jax.random.normal(key, (2, m, narrow))
        return L @ left @ right.T @ L.T
    return L @ T[-1] @ jax.random.normal(key, (m, m)) @ L.T


def root(V: Float[Array, "*batch m m"]) -> Float[Array, "*batch m m"]:
    """Cholesky factor of V, lifted by a few roundings so that collapsed tokens stay finite."""
    m = V.shape[-1]
    largest = jnp.diagonal(V, axis1=-2, axis2=-1).max(-1)
    lift = 8 * m * jnp.finfo(V.dtype).eps * largest
    return jnp.linalg.cholesky(V + lift[..., None, None] * jnp.eye(m))


def literal_ensemble(
    keys: Keys, V0: Gram, M: Gram, network: Network, heads: int = 1
) -> Float[Array, "samples m m"]:
    """The same Gram matrices from networks with their weight matrices drawn: the second route."""
    sizes = {"width": int(network.width), "key_dim": int(network.key_dim), "heads": heads}
    return _literal_paths(keys, V0, M, network, **sizes)


@partial(quick_jit, static_argnames=("width", "key_dim", "heads"))
def _literal_paths(
    keys: Keys, V0: Gram, M: Gram, network: Network, *, width: int, key_dim: int, heads: int
) -> Float[Array, "samples m m"]:
    """One network after the other, so that only one set of weight matrices is held."""
    m, gamma, root_width = len(V0), network.gamma, jnp.sqrt(1.0 * width)

    def head(key: PRNGKeyArray, X: Float[Array, "m n"]) -> Float[Array, "m columns"]:
        query_key, key_key, value_key = jax.random.split(key, 3)
        queries = X @ jax.random.normal(query_key, (width, key_dim))
        keys = X @ jax.random.normal(key_key, (width, key_dim))
        Y = queries @ keys.T / width
        A = attention_matrix(Y, M, network.temperature, network.centred)
        return A @ X @ jax.random.normal(value_key, (width, width // heads)) / root_width

    def path(key: PRNGKeyArray) -> Gram:
        start, walk = jax.random.split(key)
        rotation, _ = jnp.linalg.qr(jax.random.normal(start, (width, m)))

        def layer(r: Int[Array, ""], X: Float[Array, "m n"]) -> Float[Array, "m n"]:
            keys = jax.random.split(jax.random.fold_in(walk, r), heads)
            values = jnp.concatenate([head(k, X) for k in keys], axis=1)
            after = jnp.sqrt(1 - gamma**2) * X + gamma * values
            return jnp.where((X * X).mean(1).max() < network.stop, after, X)

        X0 = root_width * jnp.linalg.cholesky(V0) @ rotation.T
        X = jax.lax.fori_loop(0, network.depth, layer, X0)
        return X @ X.T / width

    return jax.lax.map(path, keys)
