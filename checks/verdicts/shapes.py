"""The data of a rate at the size points: monomials, sizes, next-order terms."""

from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from jaxtyping import Float

from theory.language.rate import Rate

from .data import Data
from .model import Shape


def rate_shape(rate: Rate, next_order: Any, data: Data) -> Shape:
    """Monomials, sizes and next-order terms at the size points of the data.

    The next order ``"auto"`` is 1 for one monomial, none for a sum.
    """
    terms = log_monomials(rate, data)
    if next_order == "auto":
        next_order = 1.0 if len(terms) == 1 else None
    return make_shape(terms, np.array([data.column(name) for name in rate.sizes]), next_order)


def make_shape(
    log_terms: Float[np.ndarray, "T K"], sizes: Float[np.ndarray, "J K"], order: Any
) -> Shape:
    """A Shape from log monomials, levels and the next order (None for no correction)."""
    corrections = np.zeros((0, sizes.shape[1]))
    if order is not None:
        # Two or three levels cannot tell a next-order term from an exponent.
        rich = [size for size in sizes if len(np.unique(size)) >= 4]
        corrections = np.array([(size / size.min()) ** -float(order) for size in rich])
        corrections = corrections.reshape(-1, sizes.shape[1])
    logs = np.log(sizes)
    coarse_to_fine = logs[0] if len(sizes) == 1 and len(log_terms) == 1 else np.zeros(0)
    return Shape(log_terms, logs - logs.mean(axis=1, keepdims=True), corrections, coarse_to_fine)


def finest_point(rate: Rate, data: Data) -> int:
    """Index of the point where the predicted error is smallest."""
    return int(np.argmin(log_prediction(rate, data)))


def log_prediction(rate: Rate, data: Data) -> Float[np.ndarray, " K"]:
    """Logarithm of the rate at the points, with constants of one."""
    return np.logaddexp.reduce(rate.power * log_monomials(rate, data), axis=0) / rate.power


def log_monomials(rate: Rate, data: Data) -> Float[np.ndarray, "T K"]:
    """Logarithms of the monomials at the points; quick, where ``Rate.evaluate`` substitutes."""
    columns = {name: np.log(data.column(name)) for name in rate.sizes}
    terms = np.zeros((len(rate.terms), len(data.points)))
    for i, factors in enumerate(_factors(rate)):
        for name, power, logarithm in factors:
            terms[i] += power * (np.log(columns[name]) if logarithm else columns[name])
    return terms


@lru_cache(maxsize=256)
def _factors(rate: Rate) -> tuple[tuple[tuple[str, float, bool], ...], ...]:
    """For each monomial, its factors: size, power, and whether of the size's logarithm."""
    return tuple(
        tuple(
            (str(next(iter(base.free_symbols))), float(power), isinstance(base, sp.log))
            for base, power in (factor.as_base_exp() for factor in sp.Mul.make_args(term))
        )
        for term in rate.terms
    )
