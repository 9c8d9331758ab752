"""The exact moments of one step at explicit sizes, term by term."""

import numpy as np
import sympy as sp

from checks.layers.finite import FiniteLayer
from checks.layers.planted import Term
from checks.layers.states import NotMeasured
from theory.calculus.networks import Polynomial
from theory.limits import words
from theory.limits.numbers import evaluate

MOST = 12  # a coefficient of more terms is left whole


def inexact(finite: FiniteLayer) -> str:
    """Why the derived moments are not exact at finite N; empty if they are."""
    finite.moments.means  # noqa: B018  (units are read when the moments are taken)
    return words.inexact(finite.moments)


def mean_terms(finite: FiniteLayer, n: int, values: dict | None = None) -> list[Term]:
    """Terms of the mean increments, each a vector over all entries of all statistics."""
    names, found = list(finite.layer.watch), []
    places = _places(finite, n)
    for s in names:
        for text, value in _terms(finite, finite.moments.means[s], (s,), n, values):
            vector = np.zeros(sum(k for _, k in places.values()))
            start, count = places[s]
            vector[start : start + count] = value.ravel()
            found.append(Term(text, vector))
    return found


def covariance_terms(finite: FiniteLayer, n: int) -> list[Term]:
    """Terms of the covariance of the increments, each a matrix."""
    names, found = list(finite.layer.watch), []
    places = _places(finite, n)
    total = sum(k for _, k in places.values())
    for k, s in enumerate(names):
        for t in names[k:]:
            for text, value in _terms(finite, finite.moments.covariance(s, t), (s, t), n):
                matrix = np.zeros((total, total))
                (i, p), (j, q) = places[s], places[t]
                matrix[i : i + p, j : j + q] = value.reshape(p, q)
                matrix[j : j + q, i : i + p] = value.reshape(p, q).T
                found.append(Term(text, matrix))
    return found


def total(terms: list[Term], shape: tuple[int, ...]) -> np.ndarray:
    """The sum of the terms."""
    return sum((t.value for t in terms), np.zeros(shape))


def _places(finite: FiniteLayer, n: int) -> dict[str, tuple[int, int]]:
    found, start = {}, 0
    for name, value in finite.statistics(finite.values(n)).items():
        found[name] = (start, value.size)
        start += value.size
    return found


def _terms(
    finite: FiniteLayer, polynomial: Polynomial, names: tuple[str, ...], n: int, values=None
) -> list[tuple[str, np.ndarray]]:
    moments = finite.moments
    values = finite.values(n) if values is None else values
    known = {**values, **finite.statistics(values)}
    axes, found = moments.axes(*names), []
    for key, coefficient in polynomial.items():
        parts = sp.Add.make_args(sp.expand(coefficient))
        for part in parts if len(parts) <= MOST else [coefficient]:
            written = moments.written({key: part}, axes)
            try:
                found.append((str(written), evaluate(written, axes, known)))
            except ValueError as why:
                raise NotMeasured(str(why)) from None
    return found
