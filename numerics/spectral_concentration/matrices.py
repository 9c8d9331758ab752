"""Matrices with chosen spectra: cases in which statements about singular values can go wrong."""

import numpy as np
from jaxtyping import Float

KINDS = ("gaussian", "rank one", "low rank", "equal", "graded", "sparse", "integer")


def matrix(random: np.random.Generator, m: int, n: int, kind: str) -> Float[np.ndarray, "{m} {n}"]:
    """A matrix of the kind, never zero.

    "equal" has equal singular values, "graded" has them fall by powers of ten, "sparse" keeps a
    fifth of the entries, "integer" has entries from -2 to 2. Raises ValueError for another kind.
    """
    k = min(m, n)
    left = np.linalg.qr(random.standard_normal((m, k)))[0]
    right = np.linalg.qr(random.standard_normal((n, k)))[0]
    powers = -random.uniform(0.5, 3) * np.arange(k)
    made = {
        "gaussian": lambda: random.standard_normal((m, n)),
        "rank one": lambda: np.outer(random.standard_normal(m), random.standard_normal(n)),
        "low rank": lambda: left[:, : (k + 1) // 2] @ right[:, : (k + 1) // 2].T,
        "equal": lambda: left @ right.T,
        "graded": lambda: (left * 10.0**powers) @ right.T,
        "sparse": lambda: random.standard_normal((m, n)) * (random.random((m, n)) < 0.2),
        "integer": lambda: random.integers(-2, 3, (m, n)).astype(float),
    }
    if kind not in made:
        raise ValueError(f"expected a kind of matrix in {KINDS}, received {kind!r}")
    found = made[kind]()
    if not found.any():
        found[0, 0] = 1.0
    return found


def any_matrix(random: np.random.Generator, m: int, n: int) -> Float[np.ndarray, "{m} {n}"]:
    """A matrix of a random kind and a scale between 1e-6 and 1e6."""
    return matrix(random, m, n, str(random.choice(KINDS))) * 10.0 ** random.uniform(-6, 6)
