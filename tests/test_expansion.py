"""Expansions, and limits that SymPy alone gets wrong."""

import mpmath
import pytest
import sympy as sp

from theory.calculus.expansion import (
    continued,
    large_limit,
    leading,
    one_sided_limit,
    taylor,
    truncate,
)
from theory.calculus.indices import array, canonical, indices, rename, size, total, unroll

x, eps = sp.Symbol("x", real=True), sp.Symbol("epsilon", positive=True)
n, m = sp.Symbol("n", positive=True), size("m")
a, b = indices("a b", m)
Y = array("Y", m, m)


def test_sympy_still_gets_the_limit_of_coth_wrong_and_ours_is_right() -> None:
    langevin = sp.coth(x) - 1 / x
    assert sp.limit(langevin, x, 0) == -sp.oo, "SymPy was mended"
    assert one_sided_limit(langevin, x, sp.S.Zero, "+") == 0


def test_a_limit_of_a_rational_function_of_a_root_is_taken_by_algebra() -> None:
    assert large_limit((sp.sqrt(n) + 1) ** 2 / n, n) == 1
    with pytest.raises(ValueError, match="no finite limit"):
        large_limit(sp.sqrt(n), n)


def test_a_limit_that_depends_on_a_sign_is_not_infinite() -> None:
    c = sp.Symbol("c", real=True)
    assert large_limit(n * (sp.sqrt(1 + c / n) - 1), n) == c / 2


def test_the_softmax_expands_with_the_stated_remainder() -> None:
    (c,) = indices("c", m)
    share = sp.exp(eps * Y[a, b]) / total(sp.exp(eps * Y[a, c]), c)
    expansion = taylor(share, eps, 3)
    assert expansion.order == 3
    two = {m: 2}

    def at(expression: sp.Expr, value: float) -> mpmath.mpf:
        explicit = unroll(rename(expression, {a: sp.Integer(0), b: sp.Integer(1)}), two)
        values = {Y[0, 0]: sp.Rational(3, 10), Y[0, 1]: sp.Rational(-7, 10), m: 2}
        return mpmath.mpf(str(explicit.xreplace(values).subs(eps, value).evalf(30)))

    errors = [abs(at(share, h) - at(expansion.expression(), h)) for h in (0.1, 0.05)]
    assert errors[0] / errors[1] == pytest.approx(8, rel=0.1)
    bound = max(abs(at(expansion.remainder, h)) for h in (0.0, 0.025, 0.05))
    assert errors[1] <= bound * 0.05**3 * 1.01


def test_truncation_keeps_the_low_orders() -> None:
    assert canonical(truncate((1 + eps * Y[a, b]) ** 2, eps, 2) - 1 - 2 * eps * Y[a, b]) == 0


def test_leading_terms_are_taken_term_by_term() -> None:
    assert canonical(leading(Y[a, b] * (1 + 1 / n) + Y[b, a] / n, n) - Y[a, b]) == 0


def test_a_continued_function_is_its_tangent_beyond_the_ends() -> None:
    angle = sp.sqrt(1 - x**2) - x * sp.acos(x)
    everywhere = continued(angle, x, sp.S.NegativeOne, sp.S.One)
    assert everywhere.subs(x, 2) == 0
    assert everywhere.subs(x, -2) == 2 * sp.pi
    assert everywhere.subs(x, 0) == 1
