"""Poles, ends of domains, overflow and bad boxes end in a status or in a ValueError."""

import re
from fractions import Fraction
from typing import Any

import pytest
import sympy as sp

from theory.certify import replay
from theory.certify.box import require_box
from theory.certify.certificate import Status, certify, replay_certificate
from theory.certify.form import Rejected
from theory.certify.inequality import Factored, Inequality

x, y = sp.symbols("x y", real=True)
p = sp.Symbol("p", positive=True)
UNIT = (-1, 1)


def certified(expression: Any, low: Any, high: Any, symbol: sp.Symbol = x) -> Any:
    return certify(Inequality("a", "b", expression, {symbol: (low, high)}), budget=3000)


@pytest.mark.parametrize(
    ("expression", "low", "high"),
    [
        (1 / x, -1, 1),
        (sp.log(x) + 5, -1, 1),
        (sp.log(x**2) + 5, -1, 1),
        (sp.sqrt(x) - sp.Rational(1, 2), -1, 1),
        (sp.acos(x) - 1, -2, 2),
        (sp.exp(-x) - sp.Rational(1, 2) ** 1000, 0, 1024),
        (x - 2.0**1000, 0, 2.0**1023),
    ],
)
def test_a_false_inequality_is_refuted_beside_a_pole_and_beyond_doubles(
    expression: sp.Expr, low: Any, high: Any
) -> None:
    expression = sp.nsimplify(expression, rational=True)
    outcome = certified(expression, low, high)
    assert outcome.status is Status.FALSE, outcome.detail
    claim = Inequality("a", "b", expression, {x: (low, high)})
    assert "false" in replay_certificate(outcome.certificate, claim)


@pytest.mark.parametrize(
    ("expression", "low", "high"),
    [
        (x**-2 - 1, -1, 1),  # not defined at zero
        (sp.sqrt(x), -1, 1),
        (sp.acos(x), -2, 2),
        (sp.log(x) + 9, 0, 1),
        (sp.log(x), -4, -2),
    ],
)
def test_what_is_undefined_somewhere_is_not_certified(
    expression: sp.Expr, low: int, high: int
) -> None:
    outcome = certified(expression, low, high)
    assert outcome.status is not Status.CERTIFIED
    if "undefined" in outcome.detail:
        assert outcome.status is Status.SAMPLED


@pytest.mark.parametrize(
    ("expression", "high"),
    [
        (sp.log(1 + sp.exp(x)) - x, 1024),
        (sp.log(1 + sp.exp(-x)), 1024),
        (1 - sp.tanh(x), 1024),
        (1 - sp.erf(x), 64),
        (x ** sp.Rational(1, 4) - x, 1),
        (x ** sp.Rational(1, 3) - x, 1),
    ],
)
def test_no_margin_of_a_true_inequality_is_negative(expression: sp.Expr, high: int) -> None:
    outcome = certified(expression, 0, high)
    if outcome.status is Status.SAMPLED:
        (margin,) = re.findall(r"worst margin (\S+)", outcome.detail)
        assert float(margin) >= 0
    else:
        assert outcome.status is Status.CERTIFIED


def test_a_fourth_root_is_defined_at_zero_and_e_is_a_number() -> None:
    assert certified(x ** sp.Rational(1, 4) - x / 2 + 1, 0, 1).status is Status.CERTIFIED
    assert certified(sp.E - x, 0, 2).status is Status.CERTIFIED


def test_zero_times_infinity_is_no_number() -> None:
    """min and max pass over NaN: [inf, nan] would be bounded by inf."""
    multiply = replay.balls().operations["mul"]
    zero, infinite = replay.flint_module().arb(0), replay.flint_module().arb("inf")
    with pytest.raises(Rejected, match="undefined"):
        multiply((-1 + zero, zero), (infinite, infinite))


@pytest.mark.parametrize("kind", [Inequality, Factored])
@pytest.mark.parametrize(
    ("box", "words"),
    [
        ({x: (0, sp.oo)}, "substitute x = t / \\(1 - t\\)"),
        ({x: (0, float("inf"))}, "rational numbers, received inf"),
        ({x: (-sp.oo, 0)}, "rational numbers, received -oo"),
        ({x: (0, sp.pi)}, "take a larger box with rational ends"),
        ({x: (0, y)}, "rational numbers, received y"),
        ({x: (0, sp.nan)}, "rational numbers, received nan"),
        ({x: ("0", "1")}, "rational numbers, received '0'"),
        ({x: (1, 0)}, "low < high"),
        ({x: (1, 1)}, "substitute a single value"),
        ({}, "received an empty one"),
        ({x: UNIT, sp.Symbol("x"): UNIT}, "symbols of different names; received x, x"),
        ({y: UNIT}, "an interval for each symbol; none for {x}"),
        ({x: UNIT, p: UNIT}, "what its symbol assumes"),
    ],
)
def test_a_bad_box_is_refused_with_the_reason(kind: Any, box: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        kind("a", "b", x**2, box)


def test_an_assumption_of_a_symbol_is_no_proof_beyond_it() -> None:
    """SymPy makes p - sqrt(p^2) zero for a positive p; at p = -1 it is -2."""
    with pytest.raises(ValueError, match="declare the symbol as real"):
        Inequality("a", "b", p - sp.sqrt(p**2), {p: UNIT})
    assert certified(p, 0, Fraction(1, 2), p).status is Status.CERTIFIED


@pytest.mark.parametrize(
    "assumed", ["integer", "even", "odd", "prime", "composite", "rational", "irrational", "nonzero"]
)
def test_an_interval_is_not_of_integers_or_other_parts_of_the_line(assumed: str) -> None:
    n = sp.Symbol("n", real=True, **{assumed: True})
    for kind in (Inequality, Factored):
        with pytest.raises(ValueError, match="declare the symbol as real"):
            kind("a", "b", n**2 - n, {n: UNIT})


@pytest.mark.parametrize("factor", [sp.sqrt(2), sp.pi, sp.Float(0.1), y, sp.I])
def test_coefficients_that_are_not_rational_are_refused(factor: sp.Expr) -> None:
    with pytest.raises(ValueError, match="expected"):
        Factored("a", "b", factor * x**2, {x: UNIT})


@pytest.mark.parametrize(("expression", "box"), [(x >= 0, {x: UNIT}), (5, {x: UNIT}), (x, [x]),
                                                (x, {x: (0,)}), (x, {x: None})])  # fmt: skip
def test_what_is_no_expression_or_no_box_is_refused(expression: Any, box: Any) -> None:
    with pytest.raises(ValueError, match=r"expected a|the interval (\(0,\)|None) of x"):
        require_box("a", expression, box, binary=True)
