"""Strategies for logits, masks, sizes, activations and histories of gradients."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jaxtyping import Bool, Float

from checks.properties.instances import Draw, Names, choice, numbers, vectors
from numerics.engine.activations import ACTIVATIONS
from numerics.engine.activations import activation as named

LOGITS = ("moderate", "ties", "one-hot", "huge range")
HISTORIES = ("plain", "sign flips", "bursts", "zeros", "growing")
MASKS = ("none", "causal", "window", "any", "empty rows")
FAMILIES = ("library", "piecewise")


@st.composite
def logits(draw: Draw, n: int = 3, *, kinds: Names = LOGITS) -> Float[np.ndarray, " {n}"]:
    """n logits: "moderate" (in [-4, 4]), "ties" (two levels), "one-hot" (a spike up to 600 above
    zeros), "huge range" (up to +-1e6).
    """
    kind = draw(choice(kinds, LOGITS))
    if kind == "one-hot":
        return np.eye(n)[draw(st.integers(0, n - 1))] * draw(numbers(1, 600))
    if kind == "ties":
        levels = draw(numbers(-4, 4)), draw(numbers(-4, 4))
        return np.array([levels[draw(st.integers(0, 1))] for _ in range(n)])
    reach = 4.0 if kind == "moderate" else 1e6
    return draw(vectors(n, -reach, reach))


@st.composite
def masks(draw: Draw, n: int = 3, *, kinds: Names = MASKS) -> Bool[np.ndarray, "{n} {n}"]:
    """Which key each query (row) may attend to: everything, no later token, near ones, or any
    pattern, in which each token may attend to itself; or a pattern with a row or more that may
    attend to nothing, as padding has: a softmax over it is 0 / 0.
    """
    kind = draw(choice(kinds, MASKS))
    rows, columns = np.indices((n, n))
    if kind == "none":
        return np.ones((n, n), dtype=bool)
    if kind == "causal":
        return columns <= rows
    if kind == "window":
        return abs(rows - columns) <= draw(st.integers(0, max(n - 1, 0)))
    drawn = draw(st.lists(st.booleans(), min_size=n * n, max_size=n * n))
    pattern = np.array(drawn, dtype=bool).reshape(n, n) | np.eye(n, dtype=bool)
    if kind == "empty rows":
        pattern[draw(st.lists(st.integers(0, n - 1), min_size=min(n, 1), max_size=n))] = False
    return pattern


def sizes(**largest: int) -> SearchStrategy[Mapping[str, int]]:
    """Sizes by name, each from one to the given largest: ``sizes(tokens=5, d=3)``."""
    return st.fixed_dictionaries({name: st.integers(1, top) for name, top in largest.items()})


@dataclass(frozen=True)
class Library:
    """An activation of the library, by name: a function of arrays."""

    name: str

    def __call__(self, x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """Its values."""
        return np.asarray(named(self.name)(jnp.asarray(x, dtype=float)))


@dataclass(frozen=True)
class Piecewise:
    """A continuous function, linear between kinks: ``slopes`` has one entry more than ``kinks``.

    It passes through (0, offset).
    """

    kinks: tuple  # of float; see ``Names``
    slopes: tuple
    offset: float | int = 0.0

    def __call__(self, x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """Its values."""
        return (
            self._from_left(np.asarray(x, dtype=float))
            - self._from_left(np.zeros(()))
            + self.offset
        )

    def _from_left(self, x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        value = self.slopes[0] * x
        for kink, (before, after) in zip(self.kinks, pairwise(self.slopes), strict=True):
            value = value + (after - before) * np.maximum(x - kink, 0.0)
        return np.asarray(value)

    @property
    def lipschitz(self) -> float:
        """Its Lipschitz constant: the steepest slope."""
        return max(abs(slope) for slope in self.slopes)


Activation = Library | Piecewise


@st.composite
def activations(
    draw: Draw,
    *,
    families: Names = FAMILIES,
    names: Names = tuple(ACTIVATIONS),
) -> Activation:
    """Activations: those of the library with these names, and random piecewise linear ones."""
    if draw(choice(families, FAMILIES)) == "library":
        return Library(draw(st.sampled_from(list(names))))
    kinks = tuple(sorted(set(draw(st.lists(numbers(-2, 2), max_size=3)))))
    slopes = tuple(draw(numbers(-2, 2)) for _ in range(len(kinks) + 1))
    return Piecewise(kinks, slopes, draw(numbers(-1, 1)))


@st.composite
def histories(
    draw: Draw,
    steps: int = 5,
    entries: int = 1,
    *,
    kinds: Names = HISTORIES,
) -> Float[np.ndarray, "{steps} {entries}"]:
    """Histories of gradients, a row a step: "plain", "sign flips" (g, -g, g, ...), "bursts" (one
    step 1e6 times the others), "zeros" (nothing after some step, or never anything), "growing"
    (powers of a ratio up to 4).
    """
    kind = draw(choice(kinds, HISTORIES))
    base = draw(vectors(entries))
    times = np.arange(steps)[:, None]
    if kind == "sign flips":
        return base * (-1.0) ** times
    if kind == "growing":
        return base * draw(numbers(1, 4)) ** times
    found = np.stack([draw(vectors(entries)) for _ in range(steps)])
    if kind == "bursts":
        found = found * np.where(times == draw(st.integers(0, steps - 1)), 1e6, 1.0)
    if kind == "zeros":
        found = np.where(times >= draw(st.integers(0, steps)), 0.0, found)
    return found
