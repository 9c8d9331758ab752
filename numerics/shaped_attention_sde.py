"""Shaped attention networks and their covariance SDE.

The finite network is sampled through its Gram matrix, exactly in law and at a cost of O(m^3) a
layer for any width: the weights are rotation invariant, so only the components of the tokens
matter. ``method="literal"`` draws the weight matrices and is the second route.

References: Noci et al. 2023, arXiv:2306.17759; Li, Nica, Roy 2022, arXiv:2206.02768.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Num, PRNGKeyArray

from numerics.generated.shaped_attention_sde import attention_drift, noise_increment
from numerics.randomness.chunks import Keys, in_chunks
from numerics.randomness.gaussian import bartlett, haar_shares

# Below this key dimension the wide factors of the logits are drawn, above it their Gram matrix.
NARROW = 8

Gram = Float[Array, "m m"]
Scalar = float | int | Num[Array, ""] | Bool[Array, ""]


class Ensemble(NamedTuple):
    """Samples of the SDE at the horizon.

    ``V``: Gram matrices; ``stopped``: which paths left the ball of the stop; ``violations``: how
    many steps of a path left the positive definite cone and were projected back.
    """

    V: Float[Array, "samples m m"]
    stopped: Bool[Array, " samples"]
    violations: Int[Array, " samples"]


def averaging_matrix(m: int, causal: bool = False) -> Gram:
    """What softmax of zero logits attends to: all tokens, or with a causal mask those before."""
    weights = jnp.tril(jnp.ones((m, m))) if causal else jnp.ones((m, m))
    return weights / weights.sum(axis=1, keepdims=True)


def _averaging(m: int, causal: bool, averaging: Float[Array, "..."] | None) -> Gram:
    """The averaging matrix that was asked for, checked."""
    if averaging is None:
        return averaging_matrix(m, causal)
    if causal:
        raise ValueError("expected causal=True or an averaging matrix; received both, drop one")
    M = jnp.asarray(averaging)
    if M.shape != (m, m) or not bool((M >= 0).all() & jnp.allclose(M.sum(1), 1)):
        sums = M.sum(1) if M.ndim == 2 else M.shape
        raise ValueError(
            f"expected an averaging matrix of shape {(m, m)} with nonnegative rows that sum to "
            f"one; received row sums {sums}: divide each row by its sum"
        )
    return M


def attention_matrix(Y: Gram, M: Gram, tau: Scalar, shaped: Scalar = True) -> Gram:
    """Softmax of Y / tau over the tokens that M attends to; shaped: I + softmax - M."""
    weights = jax.nn.softmax(jnp.where(M > 0, Y / tau + jnp.log(M), -jnp.inf), axis=1)
    return weights + jnp.where(shaped, jnp.eye(len(M)) - M, 0.0)


def network_path(
    key: PRNGKeyArray,
    V0: Float[Array, "..."],
    *,
    width: int,
    key_dim: int,
    depth: int,
    gamma: float,
    tau0: float,
    heads: int = 1,
    causal: bool = False,
    samples: int,
    method: str = "gram",
    shaped: bool = True,
    stop: float = jnp.inf,
    averaging: Float[Array, "..."] | None = None,
) -> Float[Array, "samples m m"]:
    """Gram matrices V = X X^T / width of independent networks after the last layer.

    Each layer is X <- sqrt(1 - gamma^2) X + gamma A X W / sqrt(width) with fresh N(0, 1) weights
    and tau = tau0 sqrt(width key_dim); ``key_dim`` is that of one head, the values of the heads
    stand side by side. The initial tokens are rotated at random, with Gram matrix ``V0``.
    ``method="gram"`` is exact in law at O(heads m^3) a layer, ``"literal"`` draws the weights.
    ``shaped=False`` is plain softmax attention. A path whose largest diagonal entry exceeds
    ``stop`` stays where it is. ``averaging`` replaces the uniform or causal averaging matrix by
    any other (rows sum to one). Memory does not depend on the depth.

    Raises ``ValueError`` for sizes and matrices that make no network.
    """
    if samples < 1:
        raise ValueError(f"expected samples >= 1; received {samples}")
    return network_ensemble(
        jax.random.split(key, samples), V0, width=width, key_dim=key_dim, depth=depth, gamma=gamma,
        tau0=tau0, heads=heads, causal=causal, method=method, shaped=shaped, stop=stop,
        averaging=averaging,
    )  # fmt: skip


def network_ensemble(
    keys: Keys,
    V0: Float[Array, "..."],
    *,
    width: int,
    key_dim: int,
    depth: int,
    gamma: float,
    tau0: float,
    heads: int = 1,
    causal: bool = False,
    method: str = "gram",
    shaped: bool = True,
    stop: float = jnp.inf,
    averaging: Float[Array, "..."] | None = None,
) -> Float[Array, "samples m m"]:
    """The same as ``network_path``, one network for each of the keys."""
    m = _check_start(V0, gamma, tau0)
    _check_network(m, width, key_dim, depth, heads, method)
    M = _averaging(m, causal, averaging)
    common = (jnp.asarray(V0), M, depth, gamma, tau0, stop)
    if method == "literal":
        return _literal_paths(
            keys, *common, shaped, width=width, key_dim=key_dim, heads=heads
        )  # fmt: skip
    narrow = _narrow(m, key_dim)
    return in_chunks(
        lambda some: _gram_paths(some, *common, shaped, width, key_dim, heads=heads, narrow=narrow),
        keys,
    )


def _narrow(m: int, key_dim: int) -> int | None:
    """The key dimension if it is small enough to draw the factors of the logits themselves."""
    return key_dim if key_dim < max(m, NARROW) else None


@partial(jax.jit, static_argnames=("heads", "narrow"))
def _gram_paths(
    keys: Keys, V0: Gram, M: Gram, depth: Scalar, gamma: Scalar, tau0: Scalar,
    stop: Scalar, shaped: Scalar, width: Scalar, key_dim: Scalar,
    *, heads: int, narrow: int | None,
) -> Float[Array, "samples m m"]:  # fmt: skip
    """All paths at once; sizes but for the tokens are traced, so that one compilation serves."""

    def path(key: PRNGKeyArray) -> Gram:
        start, walk = jax.random.split(key)
        L = _root(V0)
        shares = L @ haar_shares(start, len(V0), heads, width / heads) @ L.T

        def layer(
            r: Int[Array, ""], shares: Float[Array, "heads m m"]
        ) -> Float[Array, "heads m m"]:
            after = gram_layer(
                jax.random.fold_in(walk, r), shares, M, gamma=gamma, tau0=tau0, width=width,
                key_dim=key_dim, shaped=shaped, narrow=narrow,
            )  # fmt: skip
            inside = jnp.diagonal(shares.sum(0)).max() < stop
            return jnp.where(inside, after, shares)

        return jax.lax.fori_loop(0, depth, layer, shares).sum(0)

    return jax.vmap(path)(keys)


def gram_layer(
    key: PRNGKeyArray, shares: Float[Array, "heads m m"], M: Gram, *, gamma: Scalar,
    tau0: Scalar, width: Scalar, key_dim: Scalar, shaped: Scalar = True,
    narrow: int | None = None,
) -> Float[Array, "heads m m"]:  # fmt: skip
    """One layer, exact in law: the Gram matrices X_h X_h^T / width of the columns of each head.

    With X_h = sqrt(width) [L_h, 0] in a basis of its own and V = L L^T, the logits are
    L G G'^T L^T and the values L [G1, G2], all Gaussian; only Gram matrices of the wide
    factors enter, which Bartlett's decomposition draws. ``narrow`` is a key dimension below m.
    """
    heads, m, _ = shares.shape
    L = _root(shares.sum(0))
    lam = jnp.sqrt(1 - gamma**2)
    tau = _temperature(tau0, width, key_dim, shaped)

    def one(key: PRNGKeyArray, share: Gram) -> Gram:
        logit_key, value_key, rest_key = jax.random.split(key, 3)
        A = attention_matrix(_logits(logit_key, L, key_dim, narrow), M, tau, shaped)
        G1 = jax.random.normal(value_key, (m, m))
        T2 = bartlett(rest_key, m, width / heads - m)
        AL = A @ L
        cross = AL @ G1 @ _root(share).T
        noise = lam * gamma / jnp.sqrt(width) * (cross + cross.T)
        return lam**2 * share + noise + gamma**2 / width * AL @ (G1 @ G1.T + T2 @ T2.T) @ AL.T

    return jax.vmap(one)(jax.random.split(key, heads), shares)


def _root(V: Gram) -> Gram:
    """Cholesky factor of V, lifted by a few roundings so that collapsed tokens stay finite."""
    lift = 8 * len(V) * jnp.finfo(V.dtype).eps * jnp.diagonal(V).max()
    return jnp.linalg.cholesky(V + lift * jnp.eye(len(V)))


def _logits(key: PRNGKeyArray, L: Gram, key_dim: Scalar, narrow: int | None) -> Gram:
    """Logits of the law L G G'^T L^T with G and G' of m by key_dim standard Gaussians."""
    m = len(L)
    queries, keys = jax.random.split(key)
    if narrow is not None:
        left, right = (jax.random.normal(k, (m, narrow)) for k in (queries, keys))
        return L @ left @ right.T @ L.T
    return L @ bartlett(queries, m, key_dim) @ jax.random.normal(keys, (m, m)) @ L.T


def _temperature(tau0: Scalar, width: Scalar, key_dim: Scalar, shaped: Scalar) -> Float[Array, ""]:
    """What divides the logits: tau0 sqrt(width key_dim), or sqrt(key_dim) in plain attention."""
    return jnp.sqrt(1.0 * key_dim) * jnp.where(shaped, tau0 * jnp.sqrt(1.0 * width), 1.0)


@partial(jax.jit, static_argnames=("width", "key_dim", "heads"))
def _literal_paths(
    keys: Keys, V0: Gram, M: Gram, depth: Scalar, gamma: Scalar, tau0: Scalar,
    stop: Scalar, shaped: Scalar, *, width: int, key_dim: int, heads: int,
) -> Float[Array, "samples m m"]:  # fmt: skip
    """One network after the other, so that only one set of weight matrices is held."""
    common = (V0, M, depth, gamma, tau0, stop, shaped)
    sizes = {"width": width, "key_dim": key_dim, "heads": heads}
    return jax.lax.map(lambda k: _literal_path(k, *common, **sizes), keys)


def _literal_path(
    key: PRNGKeyArray, V0: Gram, M: Gram, depth: Scalar, gamma: Scalar, tau0: Scalar,
    stop: Scalar, shaped: Scalar, *, width: int, key_dim: int, heads: int,
) -> Gram:  # fmt: skip
    """The same network with its weight matrices drawn."""
    m, columns = len(V0), width // heads
    start, walk = jax.random.split(key)
    rotation, _ = jnp.linalg.qr(jax.random.normal(start, (width, m)))
    X0 = jnp.sqrt(width) * jnp.linalg.cholesky(V0) @ rotation.T
    tau = _temperature(tau0, width, key_dim, shaped)

    def head(key: PRNGKeyArray, X: Float[Array, "m n"]) -> Float[Array, "m columns"]:
        query_key, key_key, value_key = jax.random.split(key, 3)
        queries = X @ jax.random.normal(query_key, (width, key_dim))
        keys = X @ jax.random.normal(key_key, (width, key_dim))
        A = attention_matrix(queries @ keys.T / width, M, tau, shaped)
        return A @ X @ jax.random.normal(value_key, (width, columns)) / jnp.sqrt(width)

    def layer(r: Int[Array, ""], X: Float[Array, "m n"]) -> Float[Array, "m n"]:
        keys = jax.random.split(jax.random.fold_in(walk, r), heads)
        values = jnp.concatenate([head(k, X) for k in keys], axis=1)
        after = jnp.sqrt(1 - gamma**2) * X + gamma * values
        return jnp.where((X * X).mean(1).max() < stop, after, X)

    X = jax.lax.fori_loop(0, depth, layer, X0)
    return X @ X.T / width


def limit_path(
    key: PRNGKeyArray,
    V0: Float[Array, "..."],
    *,
    horizon: float,
    dt: float,
    gamma: float,
    tau0: float,
    heads: int = 1,
    causal: bool = False,
    samples: int,
    stop: float | None = None,
    averaging: Float[Array, "..."] | None = None,
) -> Float[Array, "samples m m"]:
    """Gram matrices at time ``horizon`` (depth / width) of independent paths of the SDE.

    Euler-Maruyama with step ``dt``; to compare with a network take ``dt = 1 / width``. See
    ``limit_ensemble`` for the paths stopped and the steps projected.
    """
    if samples < 1:
        raise ValueError(f"expected samples >= 1; received {samples}")
    return limit_ensemble(
        jax.random.split(key, samples), V0, horizon=horizon, dt=dt, gamma=gamma, tau0=tau0,
        heads=heads, causal=causal, stop=stop, averaging=averaging,
    ).V  # fmt: skip


def limit_ensemble(
    keys: Keys,
    V0: Float[Array, "..."],
    *,
    horizon: float,
    dt: float,
    gamma: float,
    tau0: float,
    heads: int = 1,
    causal: bool = False,
    stop: float | None = None,
    averaging: Float[Array, "..."] | None = None,
) -> Ensemble:
    """Paths of dV = b dt + noise, one a key, stopped when a diagonal entry exceeds ``stop``.

    The coefficients grow faster than linearly, so unstopped Euler paths can blow up where the SDE
    does not: the default stop is 1000 times the largest entry of ``V0``.

    Raises ``ValueError`` for a start that is no covariance or steps that make no path.
    """
    m = _check_start(V0, gamma, tau0)
    if heads < 1:
        raise ValueError(f"expected heads >= 1; received {heads}")
    if not (0 < dt <= horizon):
        raise ValueError(
            f"expected a step dt in (0, horizon]; received dt={dt}, horizon={horizon}; "
            f"take dt = 1 / width to match a network"
        )
    V0 = jnp.asarray(V0)
    stop = 1000 * float(jnp.diagonal(V0).max()) if stop is None else stop
    steps = round(horizon / dt)
    M = _averaging(m, causal, averaging)
    common = (jnp.asarray(V0), M, steps, horizon / steps, gamma, tau0, heads, stop)
    return in_chunks(lambda some: _paths(some, *common), keys)


@jax.jit
def _paths(
    keys: Keys, V0: Gram, M: Gram, steps: Scalar, dt: Scalar, gamma: Scalar,
    tau0: Scalar, heads: Scalar, stop: Scalar,
) -> Ensemble:  # fmt: skip
    """Own loop, not diffrax: stopping and the return to the cone belong to every step."""
    m = len(V0)

    def move(V: Gram, dW: Float[Array, "2 m m"]) -> Gram:
        noise = noise_increment(V, M, gamma, tau0, heads, dW[0], dW[1])
        return V + attention_drift(V, M, gamma, tau0) * dt + noise

    def step(
        r: Int[Array, ""], state: tuple[Float[Array, "samples m m"], Int[Array, " samples"]]
    ) -> tuple[Float[Array, "samples m m"], Int[Array, " samples"]]:
        V, violations = state
        draw = jax.vmap(lambda key: jax.random.normal(jax.random.fold_in(key, r), (2, m, m)))
        running = jnp.diagonal(V, axis1=1, axis2=2).max(1) < stop
        moved = jax.vmap(move)(V, jnp.sqrt(dt) * draw(keys))
        after = jnp.where(running[:, None, None], (moved + moved.transpose(0, 2, 1)) / 2, V)
        outside = ~jnp.isfinite(jnp.linalg.cholesky(after)).all((1, 2))
        after = jax.lax.cond(outside.any(), _to_cone, lambda V: V, after)
        return after, violations + outside

    start = jnp.broadcast_to(V0, (len(keys), m, m)), jnp.zeros(len(keys), int)
    V, violations = jax.lax.fori_loop(0, steps, step, start)
    return Ensemble(V, jnp.diagonal(V, axis1=1, axis2=2).max(1) >= stop, violations)


def _to_cone(V: Float[Array, "samples m m"]) -> Float[Array, "samples m m"]:
    """Eigenvalues clipped from below at a billionth of the largest."""
    values, vectors = jnp.linalg.eigh(V)
    kept = jnp.maximum(values, 1e-9 * values[:, -1:])
    return jnp.einsum("sab,sb,scb->sac", vectors, kept, vectors)


def one_layer_means(
    keys: Keys,
    V0: Float[Array, "..."],
    *,
    width: int,
    key_dim: int,
    gamma: float,
    tau0: float,
    causal: bool = False,
) -> Float[Array, "samples m m"]:
    """width E[V' - V | logits], averaged over logits of both signs, one sample for each key.

    Unbiased for the mean increment per unit time, with a spread that does not grow with the
    width: the mean over the values is exact, and the first order in the logits cancels.
    """
    m = _check_start(V0, gamma, tau0)
    _check_network(m, width, key_dim, 1, 1, "gram")
    common = (jnp.asarray(V0), averaging_matrix(m, causal), width, key_dim, gamma, tau0)
    return in_chunks(lambda some: _means(some, *common, narrow=_narrow(m, key_dim)), keys)


@partial(jax.jit, static_argnames="narrow")
def _means(
    keys: Keys, V0: Gram, M: Gram, width: Scalar, key_dim: Scalar,
    gamma: Scalar, tau0: Scalar, *, narrow: int | None,
) -> Float[Array, "samples m m"]:  # fmt: skip
    L, tau = _root(V0), _temperature(tau0, width, key_dim, True)

    def given(Y: Gram) -> Gram:
        A = attention_matrix(Y, M, tau)
        return (1 - gamma**2) * V0 + gamma**2 * A @ V0 @ A.T

    def one(key: PRNGKeyArray) -> Gram:
        Y = _logits(key, L, key_dim, narrow)
        return width * ((given(Y) + given(-Y)) / 2 - V0)

    return jax.vmap(one)(keys)


def shaped_relu_second_moment(rho: Scalar, s_plus: Scalar, s_minus: Scalar) -> Float[Array, ""]:
    """E[sigma(x) sigma(y)] for unit Gaussians with correlation rho, by quadrature.

    sigma is s_plus max(x, 0) + s_minus min(x, 0). In polar coordinates the radius integrates to
    one and the angle is left, smooth between the four angles where x or y changes sign.
    """
    phi = jnp.arccos(rho)
    quarter = jnp.pi / 2
    ends = jnp.sort(jnp.array([-quarter, quarter, phi - quarter, phi + quarter]))
    ends = jnp.append(ends, ends[0] + 2 * jnp.pi)
    nodes, weights = np.polynomial.legendre.leggauss(24)
    middle, half = (ends[1:] + ends[:-1]) / 2, (ends[1:] - ends[:-1]) / 2
    theta = middle[:, None] + half[:, None] * nodes

    def sigma(x: Float[Array, "4 nodes"]) -> Float[Array, "4 nodes"]:
        return jnp.where(x > 0, s_plus * x, s_minus * x)

    values = sigma(jnp.cos(theta)) * sigma(jnp.cos(theta - phi))
    return (half[:, None] * weights * values).sum() / jnp.pi


def _check_start(V0: Float[Array, "..."], gamma: float, tau0: float) -> int:
    V0 = jnp.asarray(V0)
    if V0.ndim != 2 or V0.shape[0] != V0.shape[1]:
        raise ValueError(f"expected V0 as a square matrix (tokens, tokens); received {V0.shape}")
    if not bool(jnp.allclose(V0, V0.T)):
        raise ValueError("expected a symmetric V0; received one that is not: use (V0 + V0.T) / 2")
    smallest = float(jnp.linalg.eigvalsh(V0)[0])
    if not smallest > 0:
        raise ValueError(
            f"expected a positive definite V0; received smallest eigenvalue {smallest:.3g}: "
            f"repeated or dependent tokens make it singular, take independent ones"
        )
    if not 0 < gamma <= 1:
        raise ValueError(f"expected gamma in (0, 1]; received {gamma}")
    if not tau0 > 0:
        raise ValueError(f"expected tau0 > 0; received {tau0}")
    return V0.shape[0]


def _check_network(m: int, width: int, key_dim: int, depth: int, heads: int, method: str) -> None:
    if method not in ("gram", "literal"):
        raise ValueError(f"expected method 'gram' or 'literal'; received {method!r}")
    if heads < 1 or width % heads:
        raise ValueError(
            f"expected heads >= 1 that divide the width; received heads={heads}, width={width}"
        )
    least = 2 * m if method == "gram" else m
    if width < least * heads:
        raise ValueError(
            f"expected width >= {least * heads} for {m} tokens and {heads} heads with "
            f"method={method!r}; received width={width}"
        )
    if key_dim < 1:
        raise ValueError(f"expected key_dim >= 1; received {key_dim}")
    if depth < 0:
        raise ValueError(f"expected depth >= 0; received {depth}")
