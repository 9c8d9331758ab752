"""Rules for rate claims: exponents, terms, floor."""

from typing import Any

import numpy as np
from jaxtyping import Float

from theory.language.rate import Kind

from .bound import fit_bound
from .claims import RateClaim
from .finding import Data, Finding, estimate_of, noise_floor, plot_series
from .fit import Fit, allowed, fit_shape
from .levels import Levels, summarize
from .linear import level_weights, linear_solution
from .model import Shape
from .outcome import Test
from .rounding import Floored, above_rounding
from .shapes import finest_point, rate_shape
from .values import common_unit, in_unit

PRESENT = 0.05  # largest share of the error above which a named term counts as seen


def rate_finding(claim: RateClaim, data: Data) -> Finding:
    """Exponents by TOST (one-sided for a bound), presence of terms, and the floor.

    Levels whose error is rounding are left out first.
    """
    try:
        data, notes = above_rounding(claim, data)
    except Floored as floor:
        return Finding((), {}, blocked=str(floor))
    shape, finest = rate_shape(claim, data), finest_point(claim, data)
    unit = common_unit(data.matrix("error"))
    errors = _planted_errors(claim, in_unit(data.matrix("error"), unit), shape, finest)
    if np.any(np.abs(errors).max(axis=0) == 0):
        k = int(np.argmin(np.abs(errors).max(axis=0)))
        reason = (
            f"the error is exactly 0 at {data.points[k]}: no rate can be seen; use IdentityClaim"
        )
        return Finding((), {}, blocked=reason)
    levels = summarize(errors, claim.statistic)
    fit = fit_rate(claim, levels, shape)
    tests = _exponent_tests(claim, fit)
    if len(shape.log_terms) == 1 or claim.rate.kind is Kind.EXACT:
        tests += (_floor_test(claim, levels, shape, fit, finest),)
    if len(shape.log_terms) > 1 and claim.rate.kind is Kind.EXACT:
        tests += _presence_tests(claim, levels, shape, fit)
    means, fitted = (in_unit(np.exp(logs), -unit) for logs in (levels.log_mean, fit.log_fit))
    spread, x = means * levels.relative_error, claim.rate.sizes[0]
    return Finding(
        tests,
        _estimates(claim, tests),
        plot_series("error", data.points, x, means, spread, fitted),
        notes + _fit_notes(fit, data),
        noise_floor(levels, finest, data.points[finest]),
        fit.doubt,
    )


def fit_rate(claim: RateClaim, levels: Levels, shape: Shape) -> Fit:
    """Excess exponents over the prediction; a bound of several terms needs its own rule."""
    if len(shape.log_terms) > 1 and claim.rate.kind is Kind.UPPER_BOUND:
        return fit_bound(levels, shape)
    return fit_shape(levels, shape, allowed(claim))


def _planted_errors(
    claim: RateClaim, errors: Float[np.ndarray, "n K"], shape: Shape, finest: int
) -> Float[np.ndarray, "n K"]:
    """The measured errors, with the floor or the growth that an automatic mutant plants."""
    if claim.planted_growth:
        # Put the means on the bound first: a claim with slack must have teeth as well.
        fit = fit_rate(claim, summarize(errors, claim.statistic), shape)
        excess = [claim.planted_growth.get(name, 0.0) for name in claim.rate.sizes]
        errors = errors * np.exp((np.array(excess) - fit.gamma) @ shape.log_sizes)
    if claim.planted_floor:
        last = np.abs(errors[:, finest].mean()) if claim.statistic == "weak" else None
        level = np.sqrt((errors[:, finest] ** 2).mean()) if last is None else last
        sign = -1.0 if last is not None and errors[:, finest].mean() < 0 else 1.0
        errors = errors + sign * claim.planted_floor * level
    return errors


def _exponent_tests(claim: RateClaim, fit: Fit) -> tuple[Test, ...]:
    low, high = allowed(claim)
    return tuple(
        Test(
            f"excess exponent of {name}",
            float(fit.gamma[j]),
            float(fit.standard_error[j]),
            float(fit.df[j]),
            low,
            high,
        )
        for j, name in enumerate(claim.rate.sizes)
    )


def _estimates(claim: RateClaim, tests: tuple[Test, ...]) -> dict[str, dict[str, Any]]:
    """The estimates of the tests; for one monomial, exponents rather than excesses."""
    estimates = {test.name: estimate_of(test) for test in tests}
    first, *others = claim.rate.exponents()
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


def _presence_tests(claim: RateClaim, levels: Levels, shape: Shape, fit: Fit) -> tuple[Test, ...]:
    """An exact sum names all its terms: each must carry a share of the error somewhere."""
    columns = np.exp(shape.log_terms - fit.log_fit).T
    values, solution = _relative_solution(levels, fit, columns)
    coefficients = solution.projector @ values
    tests = []
    for i, term in enumerate(claim.rate.terms):
        contrast = np.zeros((1, columns.shape[1]))
        contrast[0, i] = columns[:, i].max()
        variance, df = solution.variance(contrast)
        share = float(contrast[0] @ coefficients)
        error = float(np.sqrt(variance[0]))
        # A term may have a small constant: not seeing it withholds support, refutes nothing.
        name = f"largest share of {term}"
        tests.append(Test(name, share, error, float(df[0]), PRESENT, np.inf, refutes=False))
    return tuple(tests)


def _floor_test(claim: RateClaim, levels: Levels, shape: Shape, fit: Fit, finest: int) -> Test:
    """Share of the finest level's error that does not vanish, the exponents being right.

    For a bound the terms follow the faster decay that was measured: decaying faster than
    a bound is no floor.
    """
    growth = np.zeros_like(fit.gamma)
    if claim.rate.kind is Kind.UPPER_BOUND:
        growth = np.minimum(fit.gamma, 0.0)
    log_terms = shape.log_terms + growth @ shape.log_sizes
    columns = [np.exp(term - fit.log_fit) for term in log_terms]
    columns += [columns[0] * correction for correction in shape.corrections]
    columns += [np.exp(fit.log_fit[finest] - fit.log_fit)]
    kept = fit.kept
    values, solution = _relative_solution(levels.select(kept), fit, np.array(columns).T[kept])
    parameters = solution.projector @ values
    at_finest = np.array([column[finest] for column in columns])
    total = float(at_finest @ parameters)
    share = float(parameters[-1]) / total
    # d(F/e) for F the last parameter and e the fitted error at the finest level.
    contrast = -share * at_finest / total
    contrast[-1] += 1.0 / total
    variance, df = solution.variance(contrast[None])
    error = float(np.sqrt(variance[0]))
    return Test(
        "floor share at the finest size", share, error, float(df[0]), -np.inf, claim.floor_share
    )


def _relative_solution(levels: Levels, fit: Fit, columns: Float[np.ndarray, "K p"]) -> Any:
    """Least squares of error / fitted error on columns given in the same unit."""
    fitted = fit.log_fit if len(levels.log_mean) == len(fit.log_fit) else fit.log_fit[fit.kept]
    values = np.exp(levels.log_mean - fitted)
    relative = Levels(
        values, levels.covariance * np.outer(values, values), levels.seeds, levels.sign
    )
    return values, linear_solution(columns, level_weights(levels), relative, values)


def _fit_notes(fit: Fit, data: Data) -> tuple[str, ...]:
    notes = [f"lack of fit: p = {fit.misfit:.2g}"]
    if len(fit.kept) < len(data.points):
        notes.append(f"fitted on the {len(fit.kept)} finest levels: the coarser ones do not fit")
    if fit.discrepancy > 0:
        notes.append(f"the form misfits by {fit.discrepancy:.1%}, added to the intervals")
    return tuple(notes)
