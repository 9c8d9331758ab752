"""Slacks of the inequalities about collapsed attention: of rank one, of rank r, near the identity.

Each function takes ``size`` and ``keys`` as a claim passes them, and returns one number a key, in
units of the rounding that its terms allow. Keyword arguments plant errors.
"""

import jax
import jax.numpy as jnp
import numpy as np
import scipy
from jaxtyping import Float

from checks.spectral_concentration.attention_bounds import Keys, Size, U, Values, each, spectrum
from numerics.engine.quick import quick_jit
from numerics.generated import spectral_concentration as generated
from numerics.spectral_concentration import (
    LOW_ENTROPY,
    MODES,
    attention_entropy,
    collapse_indicators,
    mode_of,
)
from numerics.spectral_concentration.reversal import Task, normalised, start

_softmax = quick_jit(jax.nn.softmax, static_argnums=1)
_entropy = quick_jit(attention_entropy, static_argnums=1)
_bound = quick_jit(jnp.vectorize(generated.entropy_lower_bound))
_indicators, _mode = quick_jit(collapse_indicators), quick_jit(mode_of)
_time = quick_jit(jnp.vectorize(generated.collapse_time))


def rank_one_slack(size: Size, keys: Keys, power: float = 0.5, index: int = 3) -> Values:
    """Attention from a W of rank one: its third singular value below the bound from the gaps.

    ``index`` is the singular value, counted from one; ``power`` that of the scaling.
    """
    n, d, dq = size["n"], size["d"], size["dq"]

    def instance(random: np.random.Generator) -> tuple[np.ndarray, ...]:
        X, u, v = (random.standard_normal(s) for s in ((d, n), d, d))
        return X.T @ u, X.T @ v, np.array(10.0 ** random.uniform(1, 3))

    a, b, sigma = each(keys, instance)
    logits = sigma[:, None, None] * a[:, :, None] * b[:, None, :] / dq**0.5
    A = np.asarray(_softmax(logits, 1))
    ordered = np.sort(a, axis=1)
    gaps = np.stack([ordered[:, 1] - ordered[:, 0], ordered[:, -1] - ordered[:, -2]], axis=1)
    gap = np.where(b > 0, gaps[:, 1:], gaps[:, :1])
    exponent = sigma[:, None] * np.abs(b) * gap / dq**power
    bound = np.sqrt(2 * (((n - 1) * np.exp(-exponent)) ** 2).sum(axis=1))
    return (np.minimum(bound, n) - spectrum(A)[:, index - 1]) / (64 * n * U)


def benign_slack(size: Size, keys: Keys, half: float = 0.5, power: float = 0.5) -> Values:
    """Attention from a definite W, tokens of equal norm: its mass off the diagonal in bounds."""
    n, d, dq = size["n"], size["d"], size["dq"]

    def instance(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        root = np.eye(d) + 0.3 * random.standard_normal((d, d))
        S = root @ root.T
        X = random.standard_normal((d, n))
        return S, X / np.sqrt(np.einsum("dn,de,en->n", X, S, X)) * 10.0 ** random.uniform(0, 1)

    S, X = each(keys, instance)
    products = X.swapaxes(1, 2) @ S @ X
    A = np.asarray(_softmax(products / dq**0.5, 1))
    own = np.diagonal(products, axis1=1, axis2=2)
    apart = own[:, :, None] + own[:, None, :] - 2 * products
    closest = (apart + np.where(np.eye(n, dtype=bool), np.inf, 0)).min(axis=(1, 2))
    off = (A * (1 - np.eye(n))).sum(axis=1).max(axis=1)
    bound = (n - 1) * np.exp(-half * closest / dq**power)
    return (np.minimum(bound * (1 + 1e-9), n) - off) / (64 * n * U)


def hull_slack(size: Size, keys: Keys, fewer: int = 0, lost: int = 0) -> Values:
    """Vertices of the hull of projected tokens minus the rank of attention at a huge scale.

    W has rank r; in half of the instances the tokens lie on a sphere in its row space and each
    attends to itself, so that every token is a vertex and the bound is attained. In tenths, so
    that one vertex is ten times the tolerance. Planted errors: ``fewer`` vertices are claimed,
    ``lost`` dimensions are left out of the projection.
    """
    n, d, r = size["n"], size["d"], size["r"]

    def instance(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        base = np.linalg.qr(random.standard_normal((d, r)))[0]
        X = random.standard_normal((d, n))
        if random.integers(2):
            y = random.standard_normal((r, n))
            return base @ (y / np.linalg.norm(y, axis=0)), base @ base.T
        return X, base @ random.standard_normal((r, d))

    X, W = each(keys, instance)
    logits = 1e12 * X.swapaxes(1, 2) @ W @ X
    ranks = np.linalg.matrix_rank(np.asarray(_softmax(logits, 1)))
    left = np.linalg.svd(W)[0][:, :, : r - lost]
    projected = np.einsum("kdr,kdn->knr", left, X)
    vertices = np.array([_vertices(points) for points in projected])
    return 10.0 * (vertices - fewer - ranks)


def delay_slack(size: Size, keys: Keys, factors: float = 2.0, power: float = 0.5) -> Values:
    """Entropy after the steps that the time to collapse allows, minus the entropy it promises.

    W_q and W_k grow by a factor 1 + tau a step, the most that the cap allows; tokens are
    orthonormal. In half of the instances a column is a spike from the start, where the bound is
    attained. Steps are real numbers here, so that rounding to whole steps hides nothing. Planted
    errors: ``factors`` is the number of factors that grow, ``power`` that of the scaling.
    """
    n, dq = size["tokens"], size["dq"]

    def instance(random: np.random.Generator) -> tuple[np.ndarray, ...]:
        X = np.linalg.qr(random.standard_normal((n, n)))[0]
        Wq, Wk = random.standard_normal((2, dq, n))
        if random.integers(2):
            spike = np.eye(n)[random.integers(n)] - 1 / n
            unit = np.eye(dq)[0]
            Wq, Wk = np.outer(unit, X @ spike / np.linalg.norm(spike)), np.outer(unit, X[:, 0])
        tau, target = 10.0 ** random.uniform(-3, -0.5), random.uniform(6, 12)
        scale = random.uniform(0.2, 5) / (np.linalg.norm(Wq, 2) * np.linalg.norm(Wk, 2))
        return X, scale * Wq, Wk, np.array(tau), np.array(target)

    X, Wq, Wk, tau, target = each(keys, instance)
    start = spectrum(Wq)[:, 0] * spectrum(Wk)[:, 0] / dq**power
    times = np.asarray(_time(start, target, tau)) * 2 / factors
    grown = (1 + tau) ** (2 * times)
    logits = grown[:, None, None] * X.swapaxes(1, 2) @ Wq.swapaxes(1, 2) @ Wk @ X / dq**0.5
    promised = np.asarray(_bound(float(n), target))
    found = np.asarray(_entropy(logits, -2)).min(axis=1)
    return (found - promised) / (64 * U * (n + target) * (np.log(n) + target + 1) * (2 + times))


def _vertices(points: Float[np.ndarray, "n r"]) -> int:
    """Vertices of the convex hull; on a line there are two."""
    return 2 if points.shape[1] == 1 else len(scipy.spatial.ConvexHull(points).vertices)


def vacuous_slack(
    size: Size, keys: Keys, tau: float = 0.01, steps: float = 50.0, centred: bool = False
) -> Values:
    """How far below zero, less some ``steps``, the time to collapse is for networks of the room.

    At their start, for an entropy of a tenth of log T, by the product of spectral norms;
    ``centred`` takes the norm of the centred logits. In hundredths of a step.
    """
    task = Task(tokens=size["tokens"], layers=1, steps=25)
    found = []
    for key in keys:
        begin = start(key, task)
        embed, position, _ = begin.params["thin"]
        x = np.asarray(normalised(embed[begin.held] + position, jnp.ones(task.width, jnp.float32)))
        Wq, Wk = begin.params["square"][0, :2]
        logits = x @ Wq @ (x @ Wk).swapaxes(1, 2) / task.width**0.5
        own = np.linalg.norm(logits - logits.mean(axis=2, keepdims=True), axis=2).max()
        product = spectrum(x)[:, 0].max() ** 2 * np.prod(np.linalg.norm([Wq, Wk], 2, (1, 2)))
        found.append(own if centred else product / task.width**0.5)
    times = np.asarray(
        _time(np.array(found, float), norm_of_entropy(task.tokens, LOW_ENTROPY), tau)
    )
    return -100.0 * (times + steps)


def norm_of_entropy(tokens: int, share: float) -> float:
    """The norm of logits at which the bound of the entropy is a share of log T."""

    def above(norm: float) -> float:
        return float(_bound(float(tokens), norm)) - share * np.log(tokens)

    return float(scipy.optimize.brentq(above, 0.01, 100.0))


def indicator_residual(size: Size, keys: Keys, power: int = 2, nats: bool = False) -> Values:
    """Entropy and effective rank of attention against sums in NumPy, one where the mode is off.

    The rank is from eigenvalues of Gram matrices. A third of attention is near the identity, a
    third near rank one. Planted errors: another ``power`` of singular values, entropy in ``nats``.
    """
    n = size["n"]

    def drawn(random: np.random.Generator) -> np.ndarray:
        spikes = (np.zeros((n, n)), np.eye(n), np.eye(n)[[0] * n])[random.integers(3)]
        noise = 10.0 ** random.uniform(-1, 1) * random.standard_normal((n, n))
        return 10.0 ** random.uniform(0, 2) * spikes + noise

    logits = each(keys, drawn)
    A = np.exp(logits - logits.max(axis=2, keepdims=True))
    A /= A.sum(axis=2, keepdims=True)
    entropy, rank = (np.asarray(x) for x in _indicators(A))
    energy = np.linalg.eigvalsh(A @ A.swapaxes(1, 2)).clip(1e-300) ** (power / 2)
    energy /= energy.sum(axis=1, keepdims=True)
    wanted = np.exp(-(energy * np.log(energy)).sum(axis=1)) / n
    nats_of = -(A * np.log(A)).sum(axis=(1, 2)) / n
    share = nats_of if nats else nats_of / np.log(n)
    low, high = share < 0.1, share > 0.9
    wanted_modes = np.select(
        [low & (wanted > 0.75), low & (wanted < 1 / 3), high], ["benign", "malignant", "uniform"],
        "none",
    )  # fmt: skip
    modes = np.array(MODES)[np.asarray(_mode(entropy, rank)).astype(int)]
    return np.max([np.abs(entropy - share), np.abs(rank - wanted), modes != wanted_modes], axis=0)
