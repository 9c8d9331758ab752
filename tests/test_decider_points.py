"""Random points see where the sides of a step differ, and recognise where they are equal."""

import pytest
import sympy as sp

from theory.calculus.indices import array, indices, size, total
from theory.language import Status, Step
from theory.language.decide import rewriting
from theory.language.points import EXTENTS, POINTS, Points
from theory.language.sampling import sampling

x, y = sp.symbols("x y", real=True)
p = sp.Symbol("p", positive=True)
g = sp.Symbol("g", negative=True)
n = sp.Symbol("n", integer=True, positive=True)
k, q = sp.symbols("k q", integer=True)
z = sp.Symbol("z")
m, d = size("m"), size("d")
i, j = indices("i j", m)
X, f = array("X", m), sp.Function("f")
TINY = sp.Rational(1, 10**60)


def step(left: sp.Expr | int, right: sp.Expr | int) -> Step:
    return Step("step", sp.sympify(left), sp.sympify(right), "a test")


def integral(body: sp.Expr, low: sp.Expr | int, high: sp.Expr | int) -> sp.Expr:
    return sp.Integral(body, (x, low, high))


GAUSS = integral(sp.exp(-(x**2)) * sp.sin(x) ** 2 * sp.cos(x), -sp.oo, sp.oo)
GAUSS_VALUE = sp.sqrt(sp.pi) * (sp.exp(-sp.Rational(1, 4)) - sp.exp(-sp.Rational(9, 4))) / 4


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(GAUSS, GAUSS_VALUE + sp.sqrt(sp.pi) / 2, id="SymPy's value of an integral"),
        pytest.param(integral(sp.Abs(sp.sin(2 * x)), 0, 2 * sp.pi), 2, id="kinks"),
        pytest.param(
            sp.Sum(1 / q**2, (q, 1, sp.oo)), sp.pi**2 / 6 + sp.Rational(1, 10**9), id="series"
        ),
        pytest.param(sp.Limit(sp.sin(x * y) / y, y, 0), x + TINY**0 / 10**6, id="limit"),
        pytest.param(sp.erfc(15 + x**2), 0, id="a tail is not zero"),
        pytest.param(1 + sp.erfc(15 + x**2), 1, id="nor is it beside one"),
        pytest.param(1 + sp.exp(-2000 - p), 1, id="nor are a thousand digits"),
        pytest.param(sp.erf(15 + x**2), 1, id="nor inside a function"),
        pytest.param(sp.exp(-200 - p), 2 * sp.exp(-200 - p), id="small factor"),
        pytest.param(x + TINY * sp.sin(x), x + TINY * sp.cos(x), id="small term"),
        pytest.param(sp.exp(x), sp.exp(x) + sp.Rational(1, 10**30), id="small difference"),
        pytest.param(sp.Abs(k), k, id="negative integers"),
        pytest.param(sp.KroneckerDelta(n, 7), 0, id="one integer"),
        pytest.param(sp.KroneckerDelta(k, 0), 0, id="zero"),
        pytest.param(sp.sign(x) ** 2, 1, id="the real number zero"),
        pytest.param(sp.Max(x, 3), 3, id="large real numbers"),
        pytest.param(sp.conjugate(z), z, id="complex numbers"),
        pytest.param((m - 2) * (m - 3) * total(sp.exp(X[i]), i), 0, id="sizes"),
        pytest.param((m - 5) * (m - 1) * (m - 2) * (m - 4) * X[i], 0, id="one size"),
        pytest.param(sp.KroneckerDelta(m, d) * sp.exp(p), 0, id="equal sizes"),
        pytest.param(sp.KroneckerDelta(i, 3) * X[i], 0, id="one index"),
        pytest.param(X[i] * X[j], X[i] * X[j] + sp.KroneckerDelta(i, j), id="equal indices"),
        pytest.param(sp.Derivative(f(x) ** 2, x), f(x) * sp.Derivative(f(x), x), id="chain rule"),
    ],
)
def test_a_false_equality_fails_at_a_point(left: sp.Expr, right: sp.Expr) -> None:
    assert rewriting(step(left, right))[0] is None
    status, detail = sampling(step(left, right))
    assert status is Status.FAILED
    assert detail.startswith("left ")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(GAUSS, GAUSS_VALUE, id="integral"),
        pytest.param(integral(sp.Abs(sp.sin(2 * x)), 0, 2 * sp.pi), 4, id="kinks"),
        pytest.param(integral(sp.sin(x), -p, p), 0, id="an integral that is zero"),
        pytest.param(sp.Sum(x**q, (q, 1, 3)), x + x**2 + x**3, id="explicit sum"),
        pytest.param(sp.Sum(2**-q, (q, 0, sp.oo)), 2, id="geometric sum"),
        pytest.param(sp.Sum(q, (q, 1, k)), k * (k + 1) / 2, id="sum to a symbol"),
        pytest.param(sp.Product(q, (q, 1, n)), sp.factorial(n), id="product"),
        pytest.param(sp.Product(1 - 1 / (4 * q**2), (q, 1, sp.oo)), 2 / sp.pi, id="Wallis"),
        pytest.param(sp.Limit((1 + 1 / y) ** y, y, sp.oo), sp.E, id="limit"),
        pytest.param(sp.log(-g) + sp.log(1 - g), sp.log(g**2 - g), id="negative"),
        pytest.param(sp.sin(z) ** 2 + sp.cos(z) ** 2 - 1, 0, id="a zero by cancellation"),
        pytest.param(TINY * sp.sin(2 * x), 2 * TINY * sp.sin(x) * sp.cos(x), id="small"),
        pytest.param(sp.Sum(X[j + 1], (j, 0, m - 2)), sp.Sum(X[j], (j, 1, m - 1)), id="shift"),
        pytest.param(sp.Sum(sp.Sum(X[i] * X[j], (j, 0, i)), (i, 0, m - 1)) * 2,
                     total(X[i], i) ** 2 + total(X[i] ** 2, i), id="causal sums"),
        pytest.param(sp.Derivative(f(x * y), x, y), sp.Derivative(f(x * y), y, x), id="function"),
    ],
)  # fmt: skip
def test_a_true_equality_is_sampled(left: sp.Expr, right: sp.Expr) -> None:
    assert sampling(step(left, right))[0] is Status.SAMPLED


def test_the_detail_says_how_many_points_from_where() -> None:
    status, detail = sampling(step(g * total(sp.S.One, i), g * m))
    assert status is Status.SAMPLED
    assert detail == "25 points agree to 50 digits: m from 1 to 5; g in (-20, 0)"


def test_any_two_sizes_meet_in_all_combinations() -> None:
    points = Points(step(m * total(X[i], i), array("Y", d)[0]))
    assert len({(s.drawn[m], s.drawn[d]) for s in points}) == POINTS == len(EXTENTS) ** 2


@pytest.mark.parametrize("what", ["negative", "nonpositive", "nonzero", "even", "odd", "prime"])
def test_drawn_numbers_have_the_properties_that_are_assumed(what: str) -> None:
    symbol = sp.Symbol("s", integer=True, **{what: True})
    drawn = [point.number(symbol) for point in Points(step(symbol, symbol))]
    assert all(getattr(value, f"is_{what}") for value in drawn)
    assert len(set(drawn)) > 10


def test_what_has_no_value_is_not_decided() -> None:
    for left in (sp.Sum(1 / q, (q, 1, sp.oo)), integral(1 / x, 0, 1)):
        assert sampling(step(left, 5))[0] is None
    status, detail = sampling(step(sp.DiracDelta(x), 0))
    assert (status, detail) == (None, "the function DiracDelta has no numerical value")
