"""Exponents and terms of a rate: the tests of a fit."""

from typing import Any

import numpy as np

from theory.language.rate import Kind, Rate

from .bound import fit_bound
from .data import Data, Real
from .finding import estimate_of
from .fit import Fit, allowed, fit_shape
from .levels import Levels
from .linear import relative_solution, unit_columns
from .model import Shape
from .outcome import Test

PRESENT = 0.05  # largest share of the error above which a named term counts as seen


def fit_rate(
    rate: Rate, margin: Real, levels: Levels, shape: Shape, *, bounded: bool = False
) -> Fit:
    """Excess exponents over the prediction; a bound of several terms needs its own rule."""
    if len(shape.log_terms) > 1 and rate.kind is Kind.UPPER_BOUND:
        return fit_bound(levels, shape)
    return fit_shape(levels, shape, allowed(rate.kind, margin), bounded=bounded)


def exponent_tests(rate: Rate, margin: Real, fit: Fit) -> tuple[Test, ...]:
    """Excess exponents against the margin."""
    low, high = allowed(rate.kind, margin)
    return tuple(
        Test(
            f"excess exponent of {name}",
            float(fit.gamma[j]),
            float(fit.standard_error[j]),
            float(fit.df[j]),
            low,
            high,
        )
        for j, name in enumerate(rate.sizes)
    )


def estimates_of(rate: Rate, tests: tuple[Test, ...]) -> dict[str, dict[str, Any]]:
    """The estimates of the tests; for one monomial, exponents rather than excesses."""
    estimates = {test.name: estimate_of(test) for test in tests}
    first, *others = rate.exponents()
    if others:
        return estimates
    for name, power in first.items():
        excess, p = estimates.pop(f"excess exponent of {name}"), float(power)
        moved = [None if v is None else p + v for v in excess["interval"]]
        estimates[f"exponent of {name}"] = {
            **excess,
            "value": p + excess["value"],
            "interval": moved,
            "predicted": p,
        }
    return estimates


def presence_tests(rate: Rate, levels: Levels, shape: Shape, fit: Fit) -> tuple[Test, ...]:
    """An exact sum names all its terms: each must carry a share of the error somewhere."""
    columns = unit_columns(shape.log_terms - fit.log_fit).T
    coefficients, solution = relative_solution(levels, fit.log_fit, columns)
    tests = []
    for i, term in enumerate(rate.terms):
        contrast = np.zeros((1, columns.shape[1]))
        contrast[0, i] = columns[:, i].max()
        variance, df = solution.variance(contrast)
        share = float(contrast[0] @ coefficients)
        error = float(np.sqrt(variance[0]))
        # A term may have a small constant: not seeing it withholds support, refutes nothing.
        name = f"largest share of {term}"
        tests.append(Test(name, share, error, float(df[0]), PRESENT, np.inf, refutes=False))
    return tuple(tests)


def neighbour_notes(
    rate: Rate, margin: Real, order: Any, tests: tuple[Test, ...]
) -> tuple[str, ...]:
    """Which exponents, of one monomial, are further than the margin from their 99 % interval.

    The interval is that of the form fitted; a claim is refuted only where the data refute it at the
    judge's level, and in the forms with other next orders, too.
    """
    first, *others = rate.exponents()
    order = 1.0 if order == "auto" else order
    form = "no next order" if order is None else f"next order {float(order):g}"
    notes = []
    for (name, power), test in zip(first.items(), () if others else tests, strict=False):
        low, high = test.interval()
        below, above = float(power) + low - margin, float(power) + high + margin
        ends = f"below {below:.3g}" + (f" or above {above:.3g}" if rate.kind is Kind.EXACT else "")
        notes.append(
            f"exponent of {name}: claims {ends} are outside the 99 % interval of the form with "
            f"{form} by more than the margin"
        )
    return tuple(notes)


def fit_notes(fit: Fit, data: Data) -> tuple[str, ...]:
    """How well the form fits, and what was left out for it."""
    notes = [f"lack of fit: p = {fit.misfit:.2g}"]
    if len(fit.kept) < len(data.points):
        notes.append(f"fitted on the {len(fit.kept)} finest levels: the coarser ones do not fit")
    if fit.discrepancy > 0:
        notes.append(f"the form misfits by {fit.discrepancy:.1%}, added to the intervals")
    return tuple(notes)
