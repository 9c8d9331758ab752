"""What a layer is made of: sizes, parameters, states, fixed arrays, and random arrays with laws."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.algebra.given import exact, named
from theory.layers.arrays import Array, LayerError, as_array

N = sp.Symbol("N", positive=True)


def sqrt(value: sp.Expr | int | float) -> Any:
    """The root of a number; a float counts as the number that it rounds."""
    return sp.sqrt(exact(value, "sqrt"))


def log(value: sp.Expr | int | float) -> Any:
    """The natural logarithm of a number; a float counts as the number that it rounds."""
    return sp.log(exact(value, "log"))


@dataclass(frozen=True)
class Leaf:
    """A named array. ``kind`` is state, fixed or random; ``law`` says what is drawn.

    ``law`` is ("gaussian", variance), ("correlated", covariance), ("cumulants", list) or
    ("bernoulli", p); ``unit`` fixed vectors have norm one, ``rows`` of a fixed matrix sum to one.
    ``reused`` random arrays may stand in several places.
    """

    name: str
    kind: str
    law: tuple = ()
    unit: bool = False
    rows: bool = False
    symmetric: bool = False
    reused: bool = False


def sizes(names: str) -> Any:
    """Sizes of axes, ``m, n = sizes("m n")``: positive integer symbols."""
    return _several(names, integer=True, positive=True)


def positive(names: str) -> Any:
    """Positive parameters."""
    return _several(names, positive=True)


def real(names: str) -> Any:
    """Real parameters."""
    return _several(names, real=True)


def _several(names: str, **assumptions: bool) -> Any:
    found = tuple(sp.Symbol(name, **assumptions) for name in named(names, "symbols"))
    return found[0] if len(found) == 1 else found


def _leaf(leaf: Leaf, shape: tuple) -> Array:
    for size in shape:
        if not (isinstance(size, int) or getattr(size, "is_positive", False)):
            raise LayerError(f"an axis of {leaf.name} has the size {size}; use vl.sizes")
    return Array("leaf", (), tuple(map(sp.sympify, shape)), leaf)


def state(name: str, *shape: sp.Expr | int) -> Array:
    """The state of the layer, which the step maps to its next value."""
    return _leaf(Leaf(name, "state"), shape)


def fixed(
    name: str,
    *shape: sp.Expr | int,
    unit: bool = False,
    rows_sum_to_one: bool = False,
    symmetric: bool = False,
) -> Array:
    """An array that is the same in every step: a direction, a mask, an averaging matrix."""
    return _leaf(Leaf(name, "fixed", (), unit, rows_sum_to_one, symmetric), shape)


def gaussian(name: str, *shape: sp.Expr | int, variance: sp.Expr | int | float = 1) -> Array:
    """Independent centred Gaussian entries, drawn anew in every step."""
    return _leaf(
        Leaf(name, "random", ("gaussian", exact(variance, f"the variance of {name}"))), shape
    )


def independent(
    name: str, *shape: sp.Expr | int, cumulants: Sequence[sp.Expr | int | float]
) -> Array:
    """Independent entries with these cumulants (mean, variance, third, ..); later ones are zero.

    As far as there is a law with zeros; those of two points follow from the first four.
    """
    if not isinstance(cumulants, Sequence):
        raise LayerError(f"{name}: expected cumulants, (mean, variance, ..); received {cumulants}")
    law = ("cumulants", tuple(exact(c, f"a cumulant of {name}") for c in cumulants))
    return _leaf(Leaf(name, "random", law), shape)


def bernoulli(name: str, *shape: sp.Expr | int, p: sp.Expr | int | float) -> Array:
    """Independent entries that are one with probability ``p``, else zero; ``p`` may fall with N."""
    return _leaf(Leaf(name, "random", ("bernoulli", as_array(p).data)), shape)


def data(name: str, *shape: sp.Expr | int, covariance: Array | None = None) -> Array:
    """A Gaussian sample that may stand in several places of the step.

    ``covariance`` is a fixed symmetric matrix, along the last axis; the identity by default.
    """
    law: tuple = ("gaussian", sp.S.One)
    if covariance is not None:
        leaf = covariance.data
        if not (isinstance(leaf, Leaf) and leaf.kind == "fixed" and covariance.ndim == 2):
            raise LayerError(f"the covariance of {name} must be vl.fixed with two axes")
        law = ("correlated", covariance)
    return _leaf(Leaf(name, "random", law, reused=True), shape)
