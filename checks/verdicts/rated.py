"""The decision rule of rates: from levels to a finding, whatever they were summarised from."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from theory.language.rate import Kind, Rate

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
from .floors import floor_notes, floor_tests
from .levels import Levels
from .model import Shape
from .orders import OTHERS, Order, over_orders
from .outcome import Test
from .shapes import finest_point, rate_shape
from .values import in_unit

Held = tuple[tuple[Test, ...], tuple[str, ...], str]  # tests, notes, doubt


@dataclass(frozen=True)
class RateRule:
    """A rate and what is allowed of it; the fields are those of `RateClaim`."""

    rate: Rate
    margin: Real
    next_order: Any
    floor_share: Real


def rate_finding(
    rule: RateRule, levels: Levels, data: Data, unit: int, notes: tuple[str, ...]
) -> Finding:
    """Exponents by TOST (one-sided for a bound), presence of terms, and the floor.

    ``levels`` are in units of 2**unit, at the points of ``data``.
    """
    rate, shape = rule.rate, rate_shape(rule.rate, rule.next_order, data)
    fit = fit_rate(rate, rule.margin, levels, shape)
    tests, more, doubt = _over_orders(rule, _tests(rule, levels, shape, fit, data), levels, data)
    if len(shape.log_terms) > 1 and rate.kind is Kind.EXACT:
        tests += presence_tests(rate, levels, shape, fit)
    means, fitted = (in_unit(np.exp(logs), -unit) for logs in (levels.log_mean, fit.log_fit))
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
        noise_floor(levels, finest, data.points[finest]),
        fit.doubt or doubt,
    )


def _tests(rule: RateRule, levels: Levels, shape: Shape, fit: Fit, data: Data) -> tuple[Test, ...]:
    tests = exponent_tests(rule.rate, rule.margin, fit)
    return tests + floor_tests(rule.rate, rule.floor_share, levels, shape, fit, data)


def _over_orders(rule: RateRule, tests: tuple[Test, ...], levels: Levels, data: Data) -> Held:
    """The tests, held to corrections of other orders where none is named."""
    if rule.next_order != "auto" or len(rule.rate.terms) > 1:
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
        rivals.append(Order(order, misfit, claimed, _tests(rule, levels, other, fit, data)))
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
        moved = sp.expand(rate.expression * size ** (sign * step))
        constant = any(term.is_number for term in sp.Add.make_args(moved))
        if not constant and moved.free_symbols == rate.expression.free_symbols:
            return step, moved
    raise AssertionError  # finitely many powers vanish
