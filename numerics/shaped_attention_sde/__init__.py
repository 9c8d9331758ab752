"""Shaped attention networks and their covariance SDE.

The finite network is sampled through its Gram matrix, exactly in law and at a cost of O(m^3) a
layer for any width; ``method="literal"`` draws the weight matrices and is the second route.

References: Noci et al. 2023, arXiv:2306.17759; Li, Nica, Roy 2022, arXiv:2206.02768.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from numerics.engine.quick import quick_jit
from numerics.generated.shaped_attention_sde import attention_drift, noise_increment
from numerics.shaped_attention_sde.chunks import Keys, in_chunks
from numerics.shaped_attention_sde.gaussian import bartlett
from numerics.shaped_attention_sde.gram_networks import (
    Ensemble,
    Gram,
    Network,
    Scalar,
    attention_matrix,
    gram_ensemble,
    literal_ensemble,
    logits,
    narrow_key_dim,
    root,
    wide_columns,
)


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
    m = _check_start(V0, gamma, tau0)
    _check_network(m, width, key_dim, depth, heads, method)
    keys, V0, M = _split(key, samples), jnp.asarray(V0), _averaging(m, causal, averaging)
    network = Network(width, key_dim, depth, gamma, tau0, shaped, shaped, stop)
    if method == "literal":
        return literal_ensemble(keys, V0, M, network, heads)
    return gram_ensemble(keys, V0, M, network, heads).V


def _split(key: PRNGKeyArray, samples: int) -> Keys:
    if samples < 1:
        raise ValueError(f"expected samples >= 1; received {samples}")
    return jax.random.split(key, samples)


class Diffusion(NamedTuple):
    """Scales of the covariance SDE and of its Euler-Maruyama paths; all of them are traced.

    ``horizon`` is depth / width. A path whose largest diagonal entry exceeds ``stop`` stays
    where it is: the coefficients grow faster than linearly, so that unstopped Euler paths can
    blow up where the SDE does not.
    """

    horizon: Scalar
    steps: Scalar
    gamma: Scalar
    tau0: Scalar
    heads: Scalar = 1
    stop: Scalar = 1000.0


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

    Euler-Maruyama with step ``dt``; to compare with a network take ``dt = 1 / width``. The
    default ``stop`` is 1000 times the largest entry of ``V0``. ``limit_ensemble`` also tells
    which paths stopped and how many steps left the positive definite cone.

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
    keys, V0, M = _split(key, samples), jnp.asarray(V0), _averaging(m, causal, averaging)
    stop = 1000 * float(jnp.diagonal(V0).max()) if stop is None else stop
    diffusion = Diffusion(horizon, round(horizon / dt), gamma, tau0, heads, stop)
    return limit_ensemble(keys, V0, M, diffusion).V


class Terms(NamedTuple):
    """What moves the covariance: functions with the arguments of those that are derived."""

    drift: Callable[..., Gram] = attention_drift
    noise: Callable[..., Gram] = noise_increment


DERIVED = Terms()


def limit_ensemble(
    keys: Keys, V0: Gram, M: Gram, diffusion: Diffusion, terms: Terms = DERIVED
) -> Ensemble:
    """Paths of dV = b dt + noise, one a key."""
    return in_chunks(lambda some: _paths(some, V0, M, diffusion, terms), keys)


@partial(quick_jit, static_argnames="terms")
def _paths(keys: Keys, V0: Gram, M: Gram, diffusion: Diffusion, terms: Terms) -> Ensemble:
    """Own loop, not diffrax: stopping and the return to the cone belong to every step."""
    m, (horizon, steps, gamma, tau0, heads, stop) = len(V0), diffusion
    dt = horizon / steps

    def move(key: PRNGKeyArray, V: Gram) -> tuple[Gram, Float[Array, " m"]]:
        dW = jnp.sqrt(dt) * jax.random.normal(key, (2, m, m))
        noise = terms.noise(V, M, gamma, tau0, heads, dW[0], dW[1])
        after = V + terms.drift(V, M, gamma, tau0) * dt + noise
        return (after + after.T) / 2, jnp.diagonal(noise) / jnp.diagonal(V)

    def step(r: Int[Array, ""], paths: Ensemble) -> Ensemble:
        V, stopped, violations, surprise = paths
        stopped = jnp.diagonal(V, axis1=1, axis2=2).max(1) >= stop
        after, moved = jax.vmap(lambda key, V: move(jax.random.fold_in(key, r), V))(keys, V)
        after = jnp.where(stopped[:, None, None], V, after)
        outside = ~jnp.isfinite(jnp.linalg.cholesky(after)).all((1, 2))
        after = jax.lax.cond(outside.any(), _to_cone, lambda V: V, after)
        surprise = surprise + jnp.where(stopped[:, None], 0.0, moved)
        return Ensemble(after, stopped, violations + outside, surprise)

    count = len(keys)
    start = Ensemble(
        jnp.broadcast_to(V0, (count, m, m)), jnp.zeros(count, bool), jnp.zeros(count, int),
        jnp.zeros((count, m)),
    )  # fmt: skip
    end = jax.lax.fori_loop(0, steps, step, start)
    return end._replace(stopped=jnp.diagonal(end.V, axis1=1, axis2=2).max(1) >= stop)


def _to_cone(V: Float[Array, "samples m m"]) -> Float[Array, "samples m m"]:
    """Eigenvalues clipped from below at a billionth of the largest."""
    values, vectors = jnp.linalg.eigh(V)
    kept = jnp.maximum(values, 1e-9 * values[:, -1:])
    return jnp.einsum("sab,sb,scb->sac", vectors, kept, vectors)


def one_layer_means(keys: Keys, V0: Gram, M: Gram, network: Network) -> Float[Array, "samples m m"]:
    """width E[V' - V | logits], averaged over logits of both signs, one sample for each key.

    Unbiased for the mean increment per unit time of one head, with a spread that does not grow
    with the width: the mean over the values is exact, and the first order in the logits cancels.
    """
    narrow = narrow_key_dim(len(V0), int(network.key_dim))
    return in_chunks(lambda some: _means(some, V0, M, network, narrow), keys)


@partial(quick_jit, static_argnames="narrow")
def _means(
    keys: Keys, V0: Gram, M: Gram, network: Network, narrow: int | None
) -> Float[Array, "samples m m"]:
    m, L, gamma = len(V0), root(V0), network.gamma

    def given(Y: Gram) -> Gram:
        A = attention_matrix(Y, M, network.temperature)
        return (1 - gamma**2) * V0 + gamma**2 * A @ V0 @ A.T

    def one(key: PRNGKeyArray) -> Gram:
        normal, wide = jax.random.split(key)
        Y = logits(normal, L, bartlett(wide, m, wide_columns(m, network, 1, narrow)), narrow)
        return network.width * ((given(Y) + given(-Y)) / 2 - V0)

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
