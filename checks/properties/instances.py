"""Strategies for tokens, covariance matrices and weights: easy cases, and all known hard ones.

Every strategy names its kinds; ``kinds`` chooses among them. What is drawn shrinks to few small
integers and quarters: rotations shrink to the identity, scales to one.
"""

from collections.abc import Callable, Sequence
from functools import cache
from math import ceil, floor, isfinite, nan
from numbers import Real as AnyReal
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jaxtyping import Float

Draw = Callable[..., Any]  # Hypothesis' DrawFn cannot be checked at run time
Names = Sequence  # of str; run-time checks of items would draw at random, forbidden in strategies
Numbers = Sequence  # of float, likewise
Real = float | int
Vector = Float[np.ndarray, " n"]

TOKENS = ("sphere", "ball", "clustered", "antipodal", "collinear", "repeated", "single")
COVARIANCES = ("well conditioned", "ill conditioned", "singular", "extreme correlation")
SPECTRA = ("equal", "rank one", "low rank", "graded", "any")
SCALES = (1.0, 1e-6, 1e-3, 1e3, 1e6)
CLUSTER = 2.0**-20  # distance between the tokens of a cluster
TINY = float(np.finfo(float).tiny)  # the smallest normal double
EXACT = 2.0**53  # whole numbers up to here are doubles


@cache  # a strategy is validated once, and drawn from many times
def numbers(low: Any = -1.0, high: Any = 1.0) -> SearchStrategy[float]:
    """Numbers in [low, high]: small integers and quarters first, then any double.

    Raises ValueError unless both ends are finite numbers in double precision, low <= high.
    """
    first, last = _finite(low), _finite(high)
    if first > last:
        raise ValueError(f"expected numbers between low <= high; received {low!r} and {high!r}")
    subnormal = max(abs(first), abs(last)) < TINY and not first <= 0 <= last
    doubles = st.floats(first, last, allow_subnormal=subnormal)
    quarters = ceil(max(4 * first, -EXACT)), floor(min(4 * last, EXACT))
    if quarters[0] > quarters[1]:
        return doubles
    return st.integers(*quarters).map(lambda k: k / 4) | doubles


def _finite(end: Any) -> float:
    """An end as a double, and zero without a sign."""
    try:
        found = float(end) if isinstance(end, AnyReal) else nan
    except OverflowError:  # beyond the largest double
        found = nan
    if not isfinite(found):
        raise ValueError(
            f"expected finite ends, numbers of double precision; received {end!r}; in place of "
            f"infinity name the largest number that the property is for, such as 1e6"
        )
    return found + 0.0


@cache
def vectors(d: int, low: Any = -1.0, high: Any = 1.0) -> SearchStrategy[Vector]:
    """Vectors with entries of ``numbers``; the same ValueError."""
    return st.lists(numbers(low, high), min_size=d, max_size=d).map(_as_floats)


def _as_floats(values: list) -> Vector:
    return np.array(values, dtype=float)


def choice(kinds: Names, known: Names) -> SearchStrategy[str]:
    """One of ``kinds``; ValueError for a kind that is not known."""
    unknown = sorted(set(kinds) - set(known))
    if unknown or not kinds:
        raise ValueError(f"expected kinds among {', '.join(known)}; received {unknown or 'none'}")
    return _among(tuple(kinds))


@cache
def _among(kinds: tuple) -> SearchStrategy:
    return st.sampled_from(kinds)


def _on_sphere(vector: Vector) -> Vector:
    length = np.linalg.norm(vector)
    if length < 1e-3:
        return np.eye(len(vector))[0]
    return vector / length


def _in_ball(vector: Vector) -> Vector:
    return vector / max(1.0, float(np.linalg.norm(vector)) * (1 + 1e-15))


@st.composite
def tokens(
    draw: Draw,
    count: int | SearchStrategy[int] = 3,
    d: int | SearchStrategy[int] = 2,
    *,
    radius: Real = 1.0,
    kinds: Names = TOKENS,
) -> Float[np.ndarray, "T d"]:
    """Tokens as rows, in the ball of that radius, of these kinds:

    "sphere" (norm = radius), "ball", "clustered" (2^-20 apart), "antipodal" (x and -x),
    "collinear", "repeated" (all equal), "single" (one token, whatever ``count`` is). All but
    "ball", "collinear" and "clustered" lie on the sphere.
    """
    size = draw(count) if isinstance(count, SearchStrategy) else count
    dimension = draw(d) if isinstance(d, SearchStrategy) else d
    kind = draw(choice(kinds, TOKENS))
    size = 1 if kind == "single" else size
    first = _on_sphere(draw(vectors(dimension)))
    if kind in ("repeated", "single"):
        found = np.tile(first, (size, 1))
    elif kind == "antipodal":
        signs = [1, *(draw(st.sampled_from((-1, 1))) for _ in range(size - 2)), -1][:size]
        found = np.outer(signs, first)
    elif kind == "collinear":
        found = np.outer(draw(vectors(size)), first)
    elif kind == "clustered":
        apart = np.stack([draw(vectors(dimension)) for _ in range(size)])
        found = np.stack([_in_ball(v) for v in first + CLUSTER * apart])
    else:
        place = _on_sphere if kind == "sphere" else _in_ball
        found = np.stack([place(draw(vectors(dimension))) for _ in range(size)])
    return radius * found


@st.composite
def rotations(draw: Draw, d: int) -> Float[np.ndarray, "{d} {d}"]:
    """Orthogonal matrices, products of at most two reflections; the simplest is the identity."""
    found = np.eye(d)
    for _ in range(draw(st.integers(0, 2))):
        v = _on_sphere(draw(vectors(d)))
        found = found - 2 * np.outer(v, v @ found)
    return found


@st.composite
def covariances(
    draw: Draw, m: int = 2, *, kinds: Names = COVARIANCES
) -> Float[np.ndarray, "{m} {m}"]:
    """Symmetric positive semidefinite matrices:

    "well conditioned" (eigenvalues 1/4 to 1), "ill conditioned" (down to 1e-6 of the largest),
    "singular" (the last eigenvalue is zero), "extreme correlation" (all correlations +1 or -1).
    """
    kind = draw(choice(kinds, COVARIANCES))
    if kind == "extreme correlation":
        signs = np.array([1.0, *(draw(st.sampled_from((1.0, -1.0))) for _ in range(m - 1))])
        spread = np.array([draw(numbers(0.25, 1)) for _ in range(m)])
        return np.outer(signs * spread, signs * spread)
    values = np.array([draw(numbers(0.25, 1)) for _ in range(m)])
    if kind == "ill conditioned":
        values = values * 10.0 ** -np.linspace(0, draw(st.integers(3, 6)), m)
    if kind == "singular":
        values[-1] = 0.0
    turn = draw(rotations(m))
    found = (turn * values) @ turn.T
    return (found + found.T) / 2


@st.composite
def weights(
    draw: Draw,
    m: int = 2,
    n: int = 2,
    *,
    kinds: Names = SPECTRA,
    spectrum: Numbers | None = None,
    scales: Numbers = SCALES,
) -> Float[np.ndarray, "{m} {n}"]:
    """m by n matrices with the given singular values, or with a spectrum of these kinds:

    "equal", "rank one", "low rank" (half of them zero), "graded" (falling by factors of 10 or
    more), "any". ``scales`` multiply the matrix. The simplest are diagonal.
    """
    k = min(m, n)
    kind = draw(choice(kinds, SPECTRA))
    powers = np.arange(k)
    values = {
        "equal": lambda: np.ones(k),
        "rank one": lambda: (powers == 0) * 1.0,
        "low rank": lambda: (powers < (k + 1) // 2) * 1.0,
        "graded": lambda: 10.0 ** (-draw(st.integers(1, 3)) * powers),
        "any": lambda: np.sort([draw(numbers(0, 1)) for _ in range(k)])[::-1],
    }
    chosen = np.asarray(values[kind]() if spectrum is None else spectrum, dtype=float)
    if chosen.shape != (k,):
        raise ValueError(f"expected {k} singular values for shape ({m}, {n}); received {spectrum}")
    left, right = draw(rotations(m)), draw(rotations(n))
    return draw(st.sampled_from(list(scales))) * (left[:, :k] * chosen) @ right[:, :k].T
