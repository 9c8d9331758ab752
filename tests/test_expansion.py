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
)
from theory.calculus.indices import array, canonical, indices, instantiate, size, total, unroll

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
        explicit = unroll(instantiate(expression, {a: sp.Integer(0), b: sp.Integer(1)}), two)
        values = {Y[0, 0]: sp.Rational(3, 10), Y[0, 1]: sp.Rational(-7, 10), m: 2}
        return mpmath.mpf(str(explicit.xreplace(values).subs(eps, value).evalf(30)))

    errors = [abs(at(share, h) - at(expansion.expression(), h)) for h in (0.1, 0.05)]
    assert errors[0] / errors[1] == pytest.approx(8, rel=0.1)
    bound = max(abs(at(expansion.remainder, h)) for h in (0.0, 0.025, 0.05))
    assert errors[1] <= bound * 0.05**3 * 1.01


def test_leading_terms_are_taken_term_by_term() -> None:
    assert canonical(leading(Y[a, b] * (1 + 1 / n) + Y[b, a] / n, n) - Y[a, b]) == 0


def test_a_continued_function_is_its_tangent_beyond_the_ends() -> None:
    angle = sp.sqrt(1 - x**2) - x * sp.acos(x)
    everywhere = continued(angle, x, sp.S.NegativeOne, sp.S.One)
    assert everywhere.subs(x, 2) == 0
    assert everywhere.subs(x, -2) == 2 * sp.pi
    assert everywhere.subs(x, 0) == 1


SMALL = sp.Symbol("x", positive=True)
HALF = sp.Rational(1, 2)


@pytest.mark.parametrize(
    ("expression", "coefficients"),
    [
        (sp.sin(x) / x, (1, 0, -sp.Rational(1, 6))),
        (x / (sp.exp(x) - 1), (1, -HALF, sp.Rational(1, 12))),
        (sp.coth(x) - 1 / x, (0, sp.Rational(1, 3), 0)),
        (sp.log(1 + x) / x, (1, -HALF, sp.Rational(1, 3))),
        (sp.Piecewise((sp.sin(x) / x, sp.Ne(x, 0)), (1, True)), (1, 0, -sp.Rational(1, 6))),
        (sp.Abs(1 + x), (1, 1, 0)),
        (sp.Max(1 + x, x), (1, 1, 0)),
        (x * sp.Abs(x) ** 2, (0, 0, 0)),
        (sp.cos(sp.sqrt(SMALL)), (1, -HALF, sp.Rational(1, 24))),
        (sp.Abs(SMALL), (0, 1, 0)),
        (SMALL**3 * sp.log(SMALL), (0, 0)),
        (SMALL ** sp.Rational(5, 2), (0, 0)),
        (sp.Abs(x), (0,)),
    ],
)
def test_removable_singularities_are_removed(
    expression: sp.Expr, coefficients: tuple[sp.Expr, ...]
) -> None:
    parameter = SMALL if expression.has(SMALL) else x
    assert taylor(expression, parameter, len(coefficients)).coefficients == coefficients


@pytest.mark.parametrize(
    ("expression", "order"),
    [
        (sp.Abs(x), 2),
        (sp.Max(0, x), 2),
        (sp.Piecewise((x, x > 0), (0, True)), 2),
        (sp.erf(sp.Abs(x)), 2),
        (x * sp.Abs(x), 3),
        (sp.sqrt(x**2), 2),
        (sp.Heaviside(x), 1),
        (sp.floor(x), 1),
        (sp.polylog(2, 1 - SMALL), 3),
        (sp.sqrt(x), 2),
        (x ** sp.Rational(5, 2), 3),
        (1 / x, 1),
        (sp.log(x), 1),
        (SMALL**2 * sp.log(SMALL), 2),
        (sp.acos(1 - SMALL), 1),
        (sp.exp(-1 / x), 2),
        (sp.exp(-1 / SMALL), 2),
        (sp.tanh(1 / x), 1),
        (sp.sin(1 / x), 1),
        (total(sp.Abs(x * Y[a, b]), b), 2),
        (sp.sqrt(x * total(Y[a, b] ** 2, b)), 2),
        (sp.Piecewise((sp.sin(x) / x, sp.Ne(x, 0)), (7, True)), 2),
        (sp.Piecewise((1, sp.Eq(x, 0)), (x, True)), 2),
        (sp.KroneckerDelta(x, 0), 1),
        (sp.sign(x) ** 2, 1),
        (Y[a, b] * (1 + sp.sign(x) ** 2) + x, 1),
    ],
)
def test_what_has_no_expansion_is_refused(expression: sp.Expr, order: int) -> None:
    with pytest.raises(ValueError, match="no expansion"):
        taylor(expression, SMALL if expression.has(SMALL) else x, order)


def test_removable_singularities_inside_sums() -> None:
    means = taylor(total(sp.sin(eps * Y[a, b]) / eps, b), eps, 3).coefficients
    assert canonical(means[0] - total(Y[a, b], b)) == 0 == means[1]
    assert canonical(means[2] + total(Y[a, b] ** 3, b) / 6) == 0
    direction = eps * Y[a, b] / sp.sqrt(total((eps * Y[a, b]) ** 2, b))
    unit = taylor(direction, eps, 2).coefficients
    assert canonical(unit[0] - Y[a, b] / sp.sqrt(total(Y[a, b] ** 2, b))) == 0 == unit[1]
