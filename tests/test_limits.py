"""Limits: the famous ones, slow ones, those that SymPy gets wrong, and those that are refused."""

import pytest
import sympy as sp

from theory.calculus import limits
from theory.calculus.expansion import continued, large_limit, leading, one_sided_limit
from theory.calculus.indices import array, indices, size, total

L, a, b, c, p = sp.symbols("L a b c p", positive=True)
n = sp.Symbol("n", integer=True, positive=True)
x, r, s = sp.symbols("x r s", real=True)
third, half = sp.Rational(1, 3), sp.Rational(1, 2)
hot, cold = sp.exp(L * a), sp.exp(L * b)


@pytest.mark.parametrize(
    ("expression", "limit"),
    [
        ((1 + a / L) ** L, sp.exp(a)),
        ((1 + a / L + b / L**2) ** L, sp.exp(a)),
        ((1 + r / L) ** L, sp.exp(r)),
        ((1 + 1 / L) ** (L**2) * sp.exp(-L), sp.exp(-half)),
        (sp.sqrt(2 / L) * sp.gamma((L + 1) / 2) / sp.gamma(L / 2), 1),
        (sp.gamma(L + a) / sp.gamma(L) / L**a, 1),
        (sp.loggamma(L) - (L - half) * sp.log(L) + L, sp.log(2 * sp.pi) / 2),
        (sp.binomial(2 * L, L) / 4**L * sp.sqrt(sp.pi * L), 1),
        (sp.factorial(n) ** (1 / n) / n, sp.exp(-1)),
        (sp.harmonic(n) - sp.log(n), sp.EulerGamma),
        (L ** (r - a) * sp.gamma(L + a) / sp.gamma(L + r), 1),
        (n * sp.polygamma(1, n), 1),
        (sp.tanh(L * a), 1),
        (sp.atan(L * a), sp.pi / 2),
        (sp.atan(-L * a), -sp.pi / 2),
        (sp.exp(-a * L) * L**3, 0),
        (sp.sqrt(L**2 + a * L) - L, a / 2),
        (sp.sign(r) + 1 / L, sp.sign(r)),
        (sp.Abs(r * L + 1) / L, sp.Abs(r)),
        (sp.Max(a * L + 1, a * L) / L, a),
        (sp.besseli(1, L) / sp.besseli(0, L), 1),
    ],
)
def test_limits_in_a_large_size(expression: sp.Expr, limit: sp.Expr | int) -> None:
    value = large_limit(expression, L if expression.has(L) else n)
    assert abs(sp.N((value - limit).subs({a: sp.Rational(3, 7), b: 2, r: -3}), 30)) < 1e-25


@pytest.mark.parametrize(
    ("expression", "limit"),
    [
        (1 + L**-third, 1),
        (1 + a / sp.log(L), 1),
        (sp.log(L) / L ** sp.Rational(1, 4), 0),
        (1 / (1 + sp.log(L)), 0),
        (2 - 3 / sp.sqrt(sp.log(L)), 2),
        (1 + sp.log(sp.log(L)) / sp.log(L), 1),
        (sp.log(1 + a * L) / sp.log(L), 1),
        (L**-a, 0),
        (1 + L ** sp.Rational(-1, 50), 1),
    ],
)
def test_slow_limits_are_found(expression: sp.Expr, limit: int) -> None:
    assert large_limit(expression, L) == limit


@pytest.mark.parametrize("side", ["+", "-"])
@pytest.mark.parametrize(
    ("expression", "limit"),
    [
        (sp.csch(x) - 1 / x, 0),
        (sp.coth(x) - 1 / x, 0),
        ((sp.coth(x) - 1 / x) / x, third),
        (x / (sp.exp(x) - 1), 1),
        (sp.log(sp.cosh(x)) / x**2, half),
        ((sp.tan(x) - sp.sin(x)) / x**3, half),
        (sp.sign(x) * sp.Abs(x) / x, 1),
    ],
)
def test_removable_singularities_by_series(expression: sp.Expr, limit: sp.Expr, side: str) -> None:
    assert one_sided_limit(expression, x, sp.S.Zero, side) == limit


def test_the_sides_of_a_jump_differ() -> None:
    assert one_sided_limit(sp.Abs(x) / x, x, sp.S.Zero, "-") == -1
    with pytest.raises(ValueError, match='"\\+" or "-"'):
        one_sided_limit(sp.Abs(x) / x, x, sp.S.Zero, "both")


@pytest.mark.parametrize(
    "expression",
    [
        sp.log(hot + cold) / L,
        (hot - cold) / (hot + cold),
        (hot + cold) ** (1 / L),
        (a**L + b**L) ** (1 / L),
        (a * hot + b * cold + c * sp.exp(L * c)) / (hot + cold + sp.exp(L * c)),
        sp.exp(L * r) / (sp.exp(L * r) + sp.exp(L * s)),
        sp.Max(a * L, b * L) / L,
        a**L,
        sp.exp(-r * L),
        sp.exp(L * a) / (sp.exp(L * a) + sp.exp(9 * L * b)),
        sp.exp(L * a) / (sp.exp(L * a) + sp.exp(1000 * L * b)),
        sp.exp(L * a) / (sp.exp(L * a) + sp.exp(10**9 * L * b)),
        sp.exp(L * a) / (sp.exp(L * a) + sp.exp(2 * L * (b + c + p))),
        sp.exp(L * a) / (sp.exp(L * a) + sp.exp(L * b**9 / c)),
        sp.log(sp.exp(L * a) + sp.exp(9 * L * b)) / L,
        sp.tanh(L * (a - 40 * b)),
        L ** (a - 30 * b),
        sp.Max(a * L, 70 * b * L) / L,
    ],
)
def test_limits_that_depend_on_the_order_of_parameters_are_refused(expression: sp.Expr) -> None:
    with pytest.raises(ValueError, match="for all parameters"):
        large_limit(expression, L)


def test_the_message_names_the_two_orders() -> None:
    weight = sp.exp(a / p) / (sp.exp(a / p) + sp.exp(b / p))
    with pytest.raises(ValueError, match=r"a = 0\.73, b = 0\.31.* agrees at a = 0\.31, b = 0\.73"):
        one_sided_limit(weight, p, sp.S.Zero, "+")


@pytest.mark.parametrize(
    ("expression", "where"),
    [(r * L / (r * L + 1), "r = 0"), ((r - s) * L / ((r - s) * L + 1), "s")],
)
def test_zeros_and_ties_of_parameters_count(expression: sp.Expr, where: str) -> None:
    with pytest.raises(ValueError, match=f"{where} = |{where}: they tend to 0.0, not to 1.0"):
        large_limit(expression, L)
    nonzero = sp.Symbol("z", real=True, nonzero=True)
    assert large_limit(nonzero * L / (nonzero * L + 1), L) == 1


@pytest.mark.parametrize("expression", [sp.sqrt(L), sp.sin(L), L * sp.sign(r), sp.log(L)])
def test_what_has_no_finite_limit_is_refused(expression: sp.Expr) -> None:
    with pytest.raises(ValueError, match="no finite limit"):
        large_limit(expression, L)
    with pytest.raises(ValueError, match="no finite limit"):
        leading(array("Y", 3)[0] * expression, L)
    assert leading(array("Y", 3)[0] * (1 + 1 / L), L) == array("Y", 3)[0]
    with pytest.raises(ValueError, match="no finite limit"):
        continued(expression.subs(L, 1 / x), x, sp.S.Zero, sp.S.One)


def test_sums_of_entries_are_scalars_unless_the_size_is_inside() -> None:
    (k,) = indices("k", size("m"))
    X = array("X", size("m"))
    mass = total(sp.exp(X[k]), k)
    assert large_limit(sp.sqrt(L**2 + L * mass) - L, L) == mass / 2
    with pytest.raises(ValueError, match="of a scalar"):
        large_limit(total(sp.exp(X[k] / L), k), L)


def test_a_limit_that_takes_too_long_is_refused_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.0)
    with pytest.raises(ValueError, match="took longer than 0 s"):
        large_limit(sp.besseli(1, L) / sp.besseli(0, L), L)
