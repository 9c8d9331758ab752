"""Residuals and slacks of the identities and inequalities about attention, entropy and spectra.

Each function takes ``size`` and ``keys`` as a claim passes them, and returns one number a key. A
slack is measured in units of the rounding that its terms allow, so claims use the tolerance 1.
Keyword arguments plant errors. Instances are drawn on the host, as hard ones as are known: spikes
in logits, equal and graded singular values.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt32

from numerics.generated import spectral_concentration as generated
from numerics.randomness.matrices import any_matrix, matrix
from numerics.spectral_concentration import (
    attention_entropy,
    centred_norm,
    spectral_energy_concentration,
)
from numerics.training.quick import quick_jit
from numerics.training.spectral_cap import spectral_norms

U = 2.0**-53
_entropy = quick_jit(attention_entropy, static_argnums=1)
_centred = quick_jit(centred_norm)
_bound = quick_jit(jnp.vectorize(generated.entropy_lower_bound))
_moved = quick_jit(jnp.vectorize(generated.concentration_bounds))
_share = quick_jit(jnp.vectorize(generated.power_iteration_share))
_softmax = quick_jit(jax.nn.softmax, static_argnums=1)
_round = quick_jit(partial(spectral_norms, rounds=1))
_concentration = quick_jit(
    jax.vmap(spectral_energy_concentration, in_axes=(0, 0, None)), static_argnums=2
)
Keys = UInt32[np.ndarray, "k 2"]
Values = Float[np.ndarray, " k"]
Size = Mapping[str, int]


def _each(keys: Keys, instance: Callable[[np.random.Generator], Any]) -> Any:
    """One instance a key, stacked."""
    made = [instance(np.random.default_rng(key)) for key in keys]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *made)


def _spectrum(matrices: Float[np.ndarray, "k m n"]) -> Float[np.ndarray, "k r"]:
    return np.linalg.svd(matrices, compute_uv=False)


@quick_jit
@partial(jax.vmap, in_axes=(0, None, None))
def _gradient_error(made: Any, power: Any, rows: Any) -> Any:
    """Largest relative difference of one layer's gradients by two routes."""
    Wq, Wk, Wv, X, G = made

    def loss(Wq: Any, Wk: Any, Wv: Any, X: Any) -> Any:
        logits = X.T @ Wq.T @ Wk @ X / Wq.shape[0] ** power
        A = jnp.where(rows, jax.nn.softmax(logits, axis=1), jax.nn.softmax(logits, axis=0))
        return (G * (Wv @ X @ A)).sum()

    automatic = jax.grad(loss, (0, 1, 2, 3))(Wq, Wk, Wv, X)
    found = generated.attention_gradients(X, Wq, Wk, Wv, G)
    pairs = zip(automatic, found, strict=True)
    return jnp.stack([jnp.abs(a - b).max() / jnp.abs(a).max() for a, b in pairs]).max()


def gradient_residual(size: Size, keys: Keys, power: float = 0.5, rows: bool = False) -> Values:
    """Generated gradients of one layer against automatic ones, relative to the largest entry.

    Planted errors: ``power`` is that of the scaling 1 / dq^power, ``rows`` normalises rows.
    """
    d, n, dq, dv = size["d"], size["n"], size["dq"], size["dv"]
    shapes = ((dq, d), (dq, d), (dv, d), (d, n), (dv, n))
    made = _each(keys, lambda random: tuple(random.standard_normal(s) for s in shapes))
    return np.asarray(_gradient_error(made, power, rows))


def concentration_residual(size: Size, keys: Keys, power: int = 2) -> Values:
    """SEC by thin QR against the singular values of the full product; ``power`` of the latter."""
    shape, s = (size["dq"], size["d"]), size["s"]

    def instance(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        Wq, Wk = any_matrix(random, *shape), any_matrix(random, *shape)
        # Matrices of few integers may have the product zero, which has no concentration.
        return (Wq, Wk) if np.any(Wq.T @ Wk) else instance(random)

    Wq, Wk = _each(keys, instance)
    found = _concentration(Wq, Wk, s)
    energy = _spectrum(Wq.swapaxes(1, 2) @ Wk) ** power
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
    u = _each(keys, lambda random: _logits(random, tokens))
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

    X, W = _each(keys, instance)
    logits = X.swapaxes(1, 2) @ W @ X / dq**0.5
    norm = _spectrum(X)[:, 0] ** 2 * _spectrum(W)[:, 0] / dq**power
    bound = np.asarray(_bound(n, norm))
    found = np.asarray(_entropy(logits, -2)).min(axis=1)
    return (found - bound) / (64 * U * (n + norm) * (np.log(n) + norm + 1))


def jacobian_slack(size: Size, keys: Keys, half: float = 0.5, rate: float = 1.0) -> Values:
    """The chain of bounds of the softmax Jacobian by weights and entropy: its smallest slack.

    ``half`` stands for the bound 1/2, ``rate`` for the exponent in 1 - exp(-rate H).
    """
    tokens = size["tokens"]
    u = _each(keys, lambda random: _logits(random, tokens))
    p = np.asarray(_softmax(u, -1))
    H = np.asarray(_entropy(u[:, None, :]))[:, 0]
    J = p[:, :, None] * (np.eye(tokens) - p[:, None, :])
    norm, ordered = _spectrum(J)[:, 0], np.sort(p, axis=1)
    self_slope = (p * (1 - p)).max(axis=1)
    left_over = 1 - (p**2).sum(axis=1)
    slacks = [
        norm - self_slope, half - norm, ordered[:, -1] - norm, 2 * self_slope - norm,
        left_over - norm, norm - ordered[:, -2], 1 - np.exp(-rate * H) - left_over,
        H - (1 - np.exp(-rate * H)),
    ]  # fmt: skip
    reach = np.linalg.norm(u, axis=1)
    return np.min(slacks, axis=0) / (64 * U * (tokens + reach) * (np.log(tokens) + reach + 1))


def perturbation_slack(size: Size, keys: Keys, part: float = 1.0, spectral: bool = False) -> Values:
    """SEC after a perturbation inside its bounds.

    Half of the instances raise or lower the top directions of equal singular values, where the
    bounds are nearly reached. ``part`` is a wrong factor of epsilon; ``spectral`` measures it by
    sigma_1 instead of Frobenius' norm.
    """
    m, n, s = size["m"], size["n"], size["s"]

    def instance(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        if random.integers(2):
            W = matrix(random, m, n, "equal")
            left, _, right = np.linalg.svd(W, full_matrices=False)
            return W, random.choice((-0.3, 0.3)) * left[:, :s] @ right[:s]
        W, E = any_matrix(random, m, n), any_matrix(random, m, n)
        return W, random.uniform(0.01, 0.9) * np.linalg.norm(W) / np.linalg.norm(E) * E

    W, E = _each(keys, instance)
    energy, after = _spectrum(W) ** 2, _spectrum(W + E) ** 2
    norm = _spectrum(E)[:, 0] if spectral else np.linalg.norm(E, axis=(1, 2))
    epsilon = part * norm / np.linalg.norm(W, axis=(1, 2))
    share, moved = (e[:, :s].sum(1) / e.sum(1) for e in (energy, after))
    low, high = (np.asarray(x) for x in _moved(share, epsilon))
    slack = np.minimum(np.sqrt(moved) - low, high - np.sqrt(moved))
    return slack / (256 * max(m, n) * U / (1 - epsilon) ** 2)


def power_slack(size: Size, keys: Keys, extra: int = 0, exponent: float = 1.0) -> Values:
    """Power iteration between its lower bounds and sigma_1, and rising; in units of rounding.

    ``extra`` rounds are claimed and not made; ``exponent`` multiplies the one of the start.
    """
    m, n, rounds = size["m"], size["n"], size["rounds"]
    made = _each(keys, lambda r: (any_matrix(r, m, n), r.standard_normal(n)))
    W, start = made[0], made[1] / np.linalg.norm(made[1], axis=1, keepdims=True)
    found, vector = np.empty(0), start
    for _ in range(rounds):
        found, vector = (np.asarray(x) for x in _round(W, vector))
    later = np.asarray(_round(W, vector)[0])
    _, sigma, right = np.linalg.svd(W, full_matrices=True)
    k = sigma.shape[1]
    top = sigma >= sigma[:, :1] * (1 - 1e-12)
    parts = np.einsum("knd,kd->kn", right, start)[:, :k]
    c = np.sqrt((parts**2 * top).sum(axis=1))
    below = np.where(top, 0, sigma).max(axis=1) / sigma[:, 0]
    claimed = rounds + extra
    share = np.asarray(_share(c, below, claimed))
    least = np.maximum(share, c ** (exponent / (2 * claimed + 1)))
    found, later = found / sigma[:, 0], later / sigma[:, 0]
    rounding = 64 * max(m, n) * U
    lower = (found - least * (1 - 1e-10)) / rounding
    return np.minimum(lower, np.minimum(1 - found, later - found) / rounding)


def rank_one_slack(size: Size, keys: Keys, power: float = 0.5, index: int = 3) -> Values:
    """Attention from a W of rank one: its third singular value below the bound from the gaps.

    ``index`` is the singular value, counted from one; ``power`` that of the scaling.
    """
    n, d, dq = size["n"], size["d"], size["dq"]

    def instance(random: np.random.Generator) -> tuple[np.ndarray, ...]:
        X, u, v = (random.standard_normal(s) for s in ((d, n), d, d))
        return X.T @ u, X.T @ v, np.array(10.0 ** random.uniform(1, 3))

    a, b, sigma = _each(keys, instance)
    logits = sigma[:, None, None] * a[:, :, None] * b[:, None, :] / dq**0.5
    A = np.asarray(_softmax(logits, 1))
    ordered = np.sort(a, axis=1)
    gaps = np.stack([ordered[:, 1] - ordered[:, 0], ordered[:, -1] - ordered[:, -2]], axis=1)
    gap = np.where(b > 0, gaps[:, 1:], gaps[:, :1])
    exponent = sigma[:, None] * np.abs(b) * gap / dq**power
    bound = np.sqrt(2 * (((n - 1) * np.exp(-exponent)) ** 2).sum(axis=1))
    return (np.minimum(bound, n) - _spectrum(A)[:, index - 1]) / (64 * n * U)


def benign_slack(size: Size, keys: Keys, half: float = 0.5, power: float = 0.5) -> Values:
    """Attention from a definite W, tokens of equal norm: its mass off the diagonal in bounds."""
    n, d, dq = size["n"], size["d"], size["dq"]

    def instance(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        root = np.eye(d) + 0.3 * random.standard_normal((d, d))
        S = root @ root.T
        X = random.standard_normal((d, n))
        return S, X / np.sqrt(np.einsum("dn,de,en->n", X, S, X)) * 10.0 ** random.uniform(0, 1)

    S, X = _each(keys, instance)
    products = X.swapaxes(1, 2) @ S @ X
    A = np.asarray(_softmax(products / dq**0.5, 1))
    own = np.diagonal(products, axis1=1, axis2=2)
    apart = own[:, :, None] + own[:, None, :] - 2 * products
    closest = (apart + np.where(np.eye(n, dtype=bool), np.inf, 0)).min(axis=(1, 2))
    off = (A * (1 - np.eye(n))).sum(axis=1).max(axis=1)
    bound = (n - 1) * np.exp(-half * closest / dq**power)
    return (np.minimum(bound * (1 + 1e-9), n) - off) / (64 * n * U)


def horn_slack(size: Size, keys: Keys, index: int = 2, rank: int = 1) -> Values:
    """Singular values of M = X Omega X^T below Horn's bounds, and columns of Omega sum to zero.

    ``index``: sigma_(index i - 1)(M) <= sigma_i(X)^2 sigma_1(Omega) is claimed; 2 is Horn's.
    ``rank``: how many of the last singular values of Omega are claimed to vanish.
    """
    n, d, dv = size["n"], size["d"], size["dv"]

    def instance(random: np.random.Generator) -> tuple[np.ndarray, ...]:
        A = np.exp(random.uniform(0.5, 3) * random.standard_normal((n, n)))
        return matrix(random, d, n, "graded"), A / A.sum(0), random.standard_normal((n, n))

    X, A, S = _each(keys, instance)
    Omega = A * (S - (A * S).sum(axis=1, keepdims=True)) / dv**0.5
    M = X @ Omega @ X.swapaxes(1, 2)
    of_X, of_Omega, of_M = _spectrum(X), _spectrum(Omega), _spectrum(M)
    scale = of_X[:, 0] ** 2 * of_Omega[:, 0]
    count = min(d, n)
    simple = of_X * (of_Omega[:, :1] * of_X[:, :1]) - of_M[:, :count]
    rows = [i for i in range(count) if index * (i + 1) - 2 < d]
    double = [of_X[:, i] ** 2 * of_Omega[:, 0] - of_M[:, index * (i + 1) - 2] for i in rows]
    worst = np.minimum(simple.min(axis=1), np.min(double, axis=0)) / (1e-12 * scale)
    return np.minimum(worst, 1 - of_Omega[:, n - rank] / (1e-12 * of_Omega[:, 0]))


def entry_slack(size: Size, keys: Keys, corrected: bool = True, power: float = 0.5) -> Values:
    """Entries of Adam's update (epsilon = 0) below their bound.

    Planted errors: without ``corrected`` the bound is 1; ``power`` is the power of what is under
    the root of the bound.
    """
    steps, b1, b2 = size["steps"], 0.9, 0.999

    def instance(random: np.random.Generator) -> np.ndarray:
        # Gradients growing like (b2 / b1)^t are those for which Cauchy-Schwarz is an equality.
        growth = (b2 / b1) if random.integers(2) else random.uniform(0.8, 1.2)
        noise = 1 + random.uniform(0, 0.5) * random.standard_normal(steps)
        return noise * growth ** np.arange(steps)

    g = _each(keys, instance)
    m, v, slack = np.zeros(len(g)), np.zeros(len(g)), np.full(len(g), np.inf)
    for t in range(1, steps + 1):
        m, v = b1 * m + (1 - b1) * g[:, t - 1], b2 * v + (1 - b2) * g[:, t - 1] ** 2
        entry = np.abs(m / (1 - b1**t)) / np.sqrt(v / (1 - b2**t))
        first = (1 - b1) / (1 - b1**t)
        bound = float(generated.adam_entry_bound(b1, b2, t)) if corrected else 1.0
        bound = first * (bound / first) ** (2 * power) if corrected else bound
        slack = np.minimum(slack, (bound - entry) / (1e-12 * bound))
    return slack
