"""Residuals and slacks of the identities and inequalities about one layer and its entropy.

Each function takes ``size`` and ``keys`` as a claim passes them, and returns one number a key. A
slack is measured in units of the rounding that its terms allow, so claims use the tolerance 1.
Keyword arguments plant errors. Instances are drawn on the host, as hard ones as are known: spikes
in logits, equal and graded singular values.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from numerics.engine.measuring import Keys, Size
from numerics.engine.quick import quick_jit
from numerics.generated import spectral_concentration as generated
from numerics.spectral_concentration import (
    attention_entropy,
    centred_norm,
    spectral_energy_concentration,
)
from numerics.spectral_concentration.matrices import any_matrix

U = 2.0**-53
_entropy = quick_jit(attention_entropy, static_argnums=1)
_centred = quick_jit(centred_norm)
_bound = quick_jit(jnp.vectorize(generated.entropy_lower_bound))
_softmax = quick_jit(jax.nn.softmax, static_argnums=1)
_concentration = quick_jit(
    jax.vmap(spectral_energy_concentration, in_axes=(0, 0, None)), static_argnums=2
)
Values = Float[np.ndarray, " seeds"]


def each(keys: Keys, instance: Callable[[np.random.Generator], Any]) -> Any:
    """One instance a key, stacked."""
    made = [instance(np.random.default_rng(key)) for key in keys]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *made)


def spectrum(matrices: Float[np.ndarray, "k m n"]) -> Float[np.ndarray, "k r"]:
    """Singular values, largest first."""
    return np.linalg.svd(matrices, compute_uv=False)


@quick_jit
@partial(jax.vmap, in_axes=(0, None, None))
def _gradient_error(made: Any, power: Any, rows: Any) -> Any:
    """Largest relative difference of one layer's attention and gradients by two routes."""
    Wq, Wk, Wv, X, G = made

    def attention(Wq: Any, Wk: Any, X: Any) -> Any:
        logits = X.T @ Wq.T @ Wk @ X / Wq.shape[0] ** power
        return jnp.where(rows, jax.nn.softmax(logits, axis=1), jax.nn.softmax(logits, axis=0))

    def loss(Wq: Any, Wk: Any, Wv: Any, X: Any) -> Any:
        return (G * (Wv @ X @ attention(Wq, Wk, X))).sum()

    automatic = jax.grad(loss, (0, 1, 2, 3))(Wq, Wk, Wv, X)
    found = generated.attention_gradients(X, Wq, Wk, Wv, G)
    pairs = zip(
        (attention(Wq, Wk, X), *automatic), (generated.attention(X, Wq, Wk), *found), strict=True
    )
    return jnp.stack([jnp.abs(a - b).max() / jnp.abs(a).max() for a, b in pairs]).max()


def gradient_residual(size: Size, keys: Keys, power: float = 0.5, rows: bool = False) -> Values:
    """Generated attention and gradients against JAX's, relative to the largest entry.

    Planted errors: ``power`` is that of the scaling 1 / dq^power, ``rows`` normalises rows.
    """
    d, n, dq, dv = size["d"], size["n"], size["dq"], size["dv"]
    shapes = ((dq, d), (dq, d), (dv, d), (d, n), (dv, n))
    made = each(keys, lambda random: tuple(random.standard_normal(s) for s in shapes))
    return np.asarray(_gradient_error(made, power, rows))


def concentration_residual(size: Size, keys: Keys, power: int = 2) -> Values:
    """SEC by thin QR against the singular values of the full product; ``power`` of the latter."""
    shape, s = (size["dq"], size["d"]), size["s"]

    def instance(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        Wq, Wk = any_matrix(random, *shape), any_matrix(random, *shape)
        # Matrices of few integers may have the product zero, which has no concentration.
        return (Wq, Wk) if np.any(Wq.T @ Wk) else instance(random)

    Wq, Wk = each(keys, instance)
    found = _concentration(Wq, Wk, s)
    energy = spectrum(Wq.swapaxes(1, 2) @ Wk) ** power
    return np.abs(np.asarray(found) - energy[:, :s].sum(1) / energy.sum(1))


def _logits(random: np.random.Generator, tokens: int) -> Float[np.ndarray, " tokens"]:
    """Logits up to norm 600: Gaussian, a spike (it attains the bound), near a spike, two levels."""
    norm = 10.0 ** random.uniform(-3, np.log10(600.0))
    kind = random.integers(4)
    u = random.standard_normal(tokens)
    if kind in (1, 2):
        spike = np.eye(tokens)[random.integers(tokens)]
        u = spike - 1 / tokens + (kind == 2) * 0.01 * u
    if kind == 3:
        u = (np.arange(tokens) < random.integers(1, tokens)).astype(float)
    u -= u.mean()
    length = np.linalg.norm(u)
    return u * norm / length if length > 0 else u


def entropy_slack(size: Size, keys: Keys, shrink: Callable[[int], float] = lambda _: 1.0) -> Values:
    """Entropy minus its lower bound for hard logits; ``shrink`` is a wrong factor of the norm."""
    tokens = size["tokens"]
    u = each(keys, lambda random: _logits(random, tokens))
    norm = np.asarray(_centred(u))
    bound = np.asarray(_bound(tokens, norm * shrink(tokens)))
    slack = np.asarray(_entropy(u[:, None, :]))[:, 0] - bound
    return slack / (16 * U * (tokens + norm) * (np.log(tokens) + norm + 1))


def layer_entropy_slack(size: Size, keys: Keys, power: float = 0.5) -> Values:
    """Column entropy of a layer minus the bound at its spectral norm, a spike among the layers.

    The bound uses sigma_1(X)^2 sigma_1(W) / dq^power; X = I and a W of rank one that makes one
    column a spike attain it.
    """
    n, dq = size["tokens"], size["dq"]

    def instance(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        X = np.linalg.qr(random.standard_normal((n, n)))[0]
        spike = np.eye(n)[random.integers(n)] - 1 / n
        norm = random.uniform(0.5, 20)
        column = X[:, random.integers(n)]
        W = np.outer(X @ spike / np.linalg.norm(spike), column) * norm * dq**0.5
        return X, W + random.integers(2) * 0.1 * random.standard_normal((n, n))

    X, W = each(keys, instance)
    logits = X.swapaxes(1, 2) @ W @ X / dq**0.5
    norm = spectrum(X)[:, 0] ** 2 * spectrum(W)[:, 0] / dq**power
    bound = np.asarray(_bound(n, norm))
    found = np.asarray(_entropy(logits, -2)).min(axis=1)
    return (found - bound) / (64 * U * (n + norm) * (np.log(n) + norm + 1))


def jacobian_slack(size: Size, keys: Keys, half: float = 0.5, rate: float = 1.0) -> Values:
    """The chain of bounds of the softmax Jacobian by weights and entropy: its smallest slack.

    ``half`` stands for the bound 1/2, ``rate`` for the exponent in 1 - exp(-rate H).
    """
    tokens = size["tokens"]
    u = each(keys, lambda random: _logits(random, tokens))
    p = np.asarray(_softmax(u, -1))
    H = np.asarray(_entropy(u[:, None, :]))[:, 0]
    J = p[:, :, None] * (np.eye(tokens) - p[:, None, :])
    norm, ordered = spectrum(J)[:, 0], np.sort(p, axis=1)
    self_slope = (p * (1 - p)).max(axis=1)
    left_over = 1 - (p**2).sum(axis=1)
    slacks = [
        norm - self_slope, half - norm, ordered[:, -1] - norm, 2 * self_slope - norm,
        left_over - norm, norm - ordered[:, -2], 1 - np.exp(-rate * H) - left_over,
        H - (1 - np.exp(-rate * H)),
    ]  # fmt: skip
    reach = np.linalg.norm(u, axis=1)
    return np.min(slacks, axis=0) / (64 * U * (tokens + reach) * (np.log(tokens) + reach + 1))
