"""Slacks of the inequalities about singular values: perturbed, iterated, of gradients, of Adam.

Each function takes ``size`` and ``keys`` as a claim passes them, and returns one number a key, in
units of the rounding that its terms allow. Keyword arguments plant errors.
"""

from functools import partial

import jax.numpy as jnp
import numpy as np

from checks.spectral_concentration.attention_bounds import Keys, Size, U, Values, each, spectrum
from numerics.engine.quick import quick_jit
from numerics.generated import spectral_concentration as generated
from numerics.spectral_concentration.matrices import any_matrix, matrix
from numerics.spectral_concentration.spectral_norms import spectral_norms

_moved = quick_jit(jnp.vectorize(generated.concentration_bounds))
_share = quick_jit(jnp.vectorize(generated.power_iteration_share))
_round = quick_jit(partial(spectral_norms, rounds=1))


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

    W, E = each(keys, instance)
    energy, after = spectrum(W) ** 2, spectrum(W + E) ** 2
    norm = spectrum(E)[:, 0] if spectral else np.linalg.norm(E, axis=(1, 2))
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
    made = each(keys, lambda r: (any_matrix(r, m, n), r.standard_normal(n)))
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


def horn_slack(size: Size, keys: Keys, index: int = 2, rank: int = 1) -> Values:
    """Singular values of M = X Omega X^T below Horn's bounds, and columns of Omega sum to zero.

    ``index``: sigma_(index i - 1)(M) <= sigma_i(X)^2 sigma_1(Omega) is claimed; 2 is Horn's.
    ``rank``: how many of the last singular values of Omega are claimed to vanish.
    """
    n, d, dv = size["n"], size["d"], size["dv"]

    def instance(random: np.random.Generator) -> tuple[np.ndarray, ...]:
        A = np.exp(random.uniform(0.5, 3) * random.standard_normal((n, n)))
        return matrix(random, d, n, "graded"), A / A.sum(0), random.standard_normal((n, n))

    X, A, S = each(keys, instance)
    Omega = A * (S - (A * S).sum(axis=1, keepdims=True)) / dv**0.5
    M = X @ Omega @ X.swapaxes(1, 2)
    of_X, of_Omega, of_M = spectrum(X), spectrum(Omega), spectrum(M)
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

    g = each(keys, instance)
    m, v, slack = np.zeros(len(g)), np.zeros(len(g)), np.full(len(g), np.inf)
    for t in range(1, steps + 1):
        m, v = b1 * m + (1 - b1) * g[:, t - 1], b2 * v + (1 - b2) * g[:, t - 1] ** 2
        entry = np.abs(m / (1 - b1**t)) / np.sqrt(v / (1 - b2**t))
        first = (1 - b1) / (1 - b1**t)
        bound = float(generated.adam_entry_bound(b1, b2, t)) if corrected else 1.0
        bound = first * (bound / first) ** (2 * power) if corrected else bound
        slack = np.minimum(slack, (bound - entry) / (1e-12 * bound))
    return slack
