"""The decision rule of rates: from levels to a finding, whatever they were summarised from.

Terms in quadrature, e = sqrt(C_1 A^2 + C_2 B^2), are a sum in the square of the error: the rule is
that of a sum, on levels of squares, with twice the margin, and its exponents are halved.
"""

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp
from jaxtyping import Float

from theory.language.rate import Kind, Rate, summands

from .claim import Mutant
from .data import Data, Real
from .exponents import (
    estimates_of,
    exponent_tests,
    fit_notes,
    fit_rate,
    neighbour_notes,
    presence_tests,
)
from .finding import Finding, noise_floor, plot_series
from .fit import Fit, allowed, least_misfit
from .floors import floor_doubt, floor_notes, floor_tests
from .levels import Levels
from .likelihood import by_likelihood
from .model import Shape
from .orders import OTHERS, Order, over_orders
from .outcome import Test
from .shapes import finest_point, rate_shape
from .values import in_unit

Held = tuple[tuple[Test, ...], tuple[str, ...], str]  # tests, notes, doubt


@dataclass(frozen=True)
class RateRule:
    """A rate and what is allowed of it; the fields are those of `RateClaim`.

    ``planted``: it is of an error that was planted, which has to be refuted as it is claimed.
    """

    rate: Rate
    margin: Real
    next_order: Any
    floor_share: Real
    planted: bool = False

    def of_sum(self, levels: Levels) -> tuple["RateRule", Levels]:
        """The rule of the sum that is claimed, and the levels that it is claimed of."""
        power = self.rate.power
        held = replace(self, rate=self.rate.as_sum, margin=power * self.margin)
        return (self, levels) if power == 1 else (held, levels.to_power(power))


def excess_exponents(rule: RateRule, levels: Levels, data: Data) -> Float[np.ndarray, " J"]:
    """By which powers of the sizes the fit leaves the rate."""
    held, seen = rule.of_sum(levels)
    shape = rate_shape(held.rate, held.next_order, data)
    return fit_rate(held.rate, held.margin, seen, shape).gamma / rule.rate.power


def rate_finding(
    rule: RateRule, levels: Levels, data: Data, unit: int, notes: tuple[str, ...]
) -> Finding:
    """Exponents by TOST (one-sided for a bound), presence of terms, and the floor.

    ``levels`` are in units of 2**unit, at the points of ``data``.
    """
    rate, power = rule.rate, rule.rate.power
    held, seen = rule.of_sum(levels)
    shape = rate_shape(held.rate, held.next_order, data)
    fit = fit_rate(held.rate, held.margin, seen, shape)
    first = _tests(held, seen, shape, fit, data)
    tests, more, doubt = _over_orders(held, first, seen, data)
    if len(shape.log_terms) > 1 and rate.kind is Kind.EXACT:
        tests += presence_tests(held.rate, seen, shape, fit)
    if power > 1:
        tests = tuple(_of_root(test, rate.sizes) for test in tests)
    logs = levels.log_mean, fit.log_fit / power
    means, fitted = (in_unit(np.exp(part), -unit) for part in logs)
    finest = finest_point(rate, data)
    order = rule.next_order if len(shape.corrections) else None
    return Finding(
        tests,
        estimates_of(rate, tests),
        plot_series(
            "error", data.points, rate.sizes[0], means, means * levels.relative_error, fitted
        ),
        (
            *notes,
            *more,
            *fit_notes(fit, data),
            *floor_notes(rate, tests, data),
            *neighbour_notes(rate, rule.margin, order, tests),
        ),
        noise_floor(levels, finest, data.points),
        fit.doubt or doubt or floor_doubt(first),
    )


def _of_root(test: Test, sizes: tuple[str, ...]) -> Test:
    """A test of the square of an error: exponents are halved, shares are of the square."""
    if test.name not in [f"excess exponent of {name}" for name in sizes]:
        return replace(test, name=f"{test.name}, of the square")
    estimate, error, low, high = (
        value / 2 for value in (test.estimate, test.standard_error, test.low, test.high)
    )
    return replace(test, estimate=estimate, standard_error=error, low=low, high=high)


def _tests(
    rule: RateRule, levels: Levels, shape: Shape, fit: Fit, data: Data, *, bounded: bool = False
) -> tuple[Test, ...]:
    rate, tests = rule.rate, exponent_tests(rule.rate, rule.margin, fit)
    if len(rate.terms) == 1 or rate.kind is Kind.EXACT:
        region = allowed(rate.kind, rule.margin)
        tests = by_likelihood(tests, levels, shape, fit, region, bounded=bounded)
    margin = 0.0 if rule.planted else rule.margin
    return tests + floor_tests(rate, margin, rule.floor_share, levels, shape, fit, data)


def _over_orders(rule: RateRule, tests: tuple[Test, ...], levels: Levels, data: Data) -> Held:
    """The tests, held to corrections of other orders where none is named."""
    if rule.next_order != "auto" or len(rule.rate.terms) > 1 or rule.planted:
        return tests, (), ""
    rate = rule.rate
    shape, *others = (rate_shape(rate, order, data) for order in (1.0, *OTHERS))
    if not len(shape.corrections):
        return tests, (), ""
    misfit = least_misfit(levels, shape)
    first, rivals = Order(1.0, misfit, misfit, tests), []
    for order, other in zip(OTHERS, others, strict=True):
        fit = fit_rate(rate, rule.margin, levels, other, bounded=True)
        misfit = least_misfit(levels, other, bounded=True)
        claimed = least_misfit(levels, other, allowed(rate.kind, rule.margin), bounded=True)
        held = _tests(rule, levels, other, fit, data, bounded=True)
        rivals.append(Order(order, misfit, claimed, held))
    spare = len(data.points) - 1 - len(shape.log_sizes) - len(shape.corrections)
    return over_orders(first, rivals, spare)


def exact_errors(rate: Rate, margin: Real) -> tuple[Mutant, ...]:
    """Planted errors of an exact rate: exponents moved by twice the margin either way, or more."""
    found = []
    for name in rate.sizes:
        size = sp.Symbol(name, positive=True)
        for word, sign in (("faster", -1), ("slower", 1)):
            step, moved = _moved(rate, size, sign, margin)
            text = f"exponent of {name} moved by {float(step):.3g}, {word} decay claimed"
            found.append(Mutant(f"auto-{word}-{name}", text, {"predicted": moved}))
    return tuple(found)


def _moved(rate: Rate, size: sp.Symbol, sign: int, margin: Real) -> tuple[sp.Expr, sp.Expr]:
    """The first step, from twice the margin on, that leaves a rate in the same sizes."""
    unit = sp.nsimplify(margin, rational=True)
    for halves in itertools.count(4):
        step = unit * halves / 2
        moved = rate.times(size ** (sign * step))
        constant = any(term.is_number for term in summands(moved))
        if not constant and moved.free_symbols == rate.expression.free_symbols:
            return step, moved
    raise AssertionError  # finitely many powers vanish
