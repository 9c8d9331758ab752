"""Rules for rate and constant claims: exponents, terms, floor, constant."""

from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from jaxtyping import Float

from theory.language.rate import Kind, Rate

from .bound import fit_bound
from .claims import ConstantClaim, RateClaim
from .finding import Data, Finding, estimate_of, noise_floor, plot_series
from .fit import Fit, Shape, fit_shape, level_weights, linear_solution
from .levels import Levels, summarize
from .outcome import Test

PRESENT = 0.05  # largest share of the error above which a named term counts as seen


def rate_finding(claim: RateClaim, data: Data) -> Finding:
    """Exponents by TOST (one-sided for a bound), presence of terms, and the floor."""
    shape, finest = rate_shape(claim, data), finest_point(claim, data)
    errors = _planted_errors(claim, data, shape, finest)
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
    means, x = np.exp(levels.log_mean), claim.rate.sizes[0]
    return Finding(
        tests,
        _estimates(claim, tests),
        plot_series(
            "error", data.points, x, means, means * levels.relative_error, np.exp(fit.log_fit)
        ),
        _fit_notes(fit, data),
        noise_floor(levels, finest, data.points[finest]),
    )


def rate_shape(claim: RateClaim, data: Data) -> Shape:
    """Monomials, sizes and next-order terms at the size points of the data."""
    terms = log_monomials(claim.rate, data)
    names = claim.rate.sizes
    order: Any = claim.next_order
    if order == "auto":
        order = 1.0 if len(terms) == 1 else None
    return make_shape(terms, np.array([data.column(name) for name in names]), order)


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


def finest_point(claim: RateClaim | ConstantClaim, data: Data) -> int:
    """Index of the point where the predicted error is smallest."""
    return int(np.argmin(np.logaddexp.reduce(log_monomials(claim.rate, data), axis=0)))


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


def fit_rate(claim: RateClaim, levels: Levels, shape: Shape) -> Fit:
    """Excess exponents over the prediction; a bound of several terms needs its own rule."""
    if len(shape.log_terms) > 1 and claim.rate.kind is Kind.UPPER_BOUND:
        return fit_bound(levels, shape)
    return fit_shape(levels, shape)


def _planted_errors(
    claim: RateClaim, data: Data, shape: Shape, finest: int
) -> Float[np.ndarray, "n K"]:
    """The measured errors, with the floor or the growth that an automatic mutant plants."""
    errors = data.matrix("error")
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
    low = -claim.margin if claim.rate.kind is Kind.EXACT else -np.inf
    return tuple(
        Test(
            f"excess exponent of {name}",
            float(fit.gamma[j]),
            float(fit.standard_error[j]),
            float(fit.df[j]),
            low,
            claim.margin,
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


def constant_finding(claim: ConstantClaim, data: Data) -> Finding:
    """Extrapolated ratio of error to prediction, against the derived constant."""
    levels = summarize(data.matrix("error"), claim.statistic)
    finest = finest_point(claim, data)
    constants = np.array([claim.constant_at(point) for point in data.points])
    scale = np.exp(log_monomials(claim.rate, data)[0]) * constants
    ratio = levels.sign * np.exp(levels.log_mean) / scale
    shape = make_shape(
        np.log(np.abs(scale))[None],
        np.array([data.column(name) for name in claim.rate.sizes]),
        claim.next_order,
    )
    columns = np.concatenate([np.ones((1, len(ratio))), shape.corrections]).T
    scaled = Levels(ratio, levels.covariance * np.outer(ratio, ratio), levels.seeds, levels.sign)
    solution = linear_solution(columns, level_weights(levels), scaled, ratio)
    parameters = solution.projector @ ratio
    variance, df = solution.variance(np.eye(columns.shape[1])[:1])
    test = Test(
        "error / (predicted * constant) - 1, extrapolated",
        float(parameters[0]) - 1.0,
        float(np.sqrt(variance[0])),
        float(df[0]),
        -claim.margin,
        claim.margin,
    )
    notes = (f"lack of fit: p = {solution.misfit:.2g}",)
    return Finding(
        (test,),
        {"relative deviation of the constant": estimate_of(test)},
        plot_series(
            "error / (predicted * constant)",
            data.points,
            claim.rate.sizes[0],
            ratio,
            np.abs(ratio) * levels.relative_error,
            columns @ parameters,
        ),
        notes,
        noise_floor(levels, finest, data.points[finest]),
    )
