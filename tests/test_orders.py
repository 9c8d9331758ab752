"""Orders in a growing size: exact exponents and coefficients, against values at huge sizes."""

from fractions import Fraction

import mpmath
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.calculus.indices import array, indices, size, total
from theory.calculus.orders import Monomial, order

N = sp.Symbol("N", positive=True)
n = sp.Symbol("n", integer=True, positive=True)
a, b, g = sp.symbols("a b g", real=True)
s = sp.Symbol("s", positive=True)
half, third = sp.Rational(1, 2), sp.Rational(1, 3)

rationals = st.builds(sp.Rational, st.integers(-6, 6), st.integers(1, 3))
coefficients = st.integers(-4, 4).filter(bool).map(sp.Integer)
sums = st.lists(st.tuples(coefficients, rationals), min_size=1, max_size=4)


def lead(coefficient: sp.Expr | int, exponent: sp.Expr | int, logs: int = 0) -> Monomial:
    return Monomial(*map(sp.sympify, (coefficient, exponent, logs)))


def polynomial(monomials: list[tuple[sp.Expr, sp.Expr]]) -> sp.Expr:
    return sp.Add(*(c * N**e for c, e in monomials))


def holds_at_huge_sizes(expression: sp.Expr, m: Monomial) -> bool:
    """The quotient by the claimed term tends to one, at least like N^(-1/6)."""
    value = sp.lambdify(N, expression / (m.coefficient * N**m.exponent), "mpmath")
    with mpmath.workdps(700):
        errors = [abs(value(mpmath.mpf(10) ** k) - 1) for k in (60, 120)]
    return errors[1] < 1e-8 and errors[1] <= errors[0]


def test_symbolic_exponents_give_candidates_with_their_conditions() -> None:
    found = order(N**a + 3 * N ** (2 * b - 1), N)
    assert found.exponent == sp.Max(a, 2 * b - 1)
    assert {m.coefficient: when for m, when in found.conditions()} == {
        1: a > 2 * b - 1,
        3: 2 * b - 1 > a,
    }
    with pytest.raises(ValueError, match="cannot be compared"):
        found.leading()


def test_exponents_that_meet_are_decided_exactly() -> None:
    assert order(N**a + N ** (2 * b - 1), N).at({a: 1, b: 1}).leading() == lead(2, 1)
    assert order(N**a - N**b + 1, N).at({a: 2, b: 2}).leading() == lead(1, 0)


def test_assumptions_remove_candidates() -> None:
    assert order(N**s + 5, N).leading() == lead(1, s)
    assert order(N / (N**s + 1), N).leading() == lead(1, 1 - s)


@pytest.mark.parametrize(
    ("expression", "first"),
    [
        (N**a - N**a + 1, lead(1, 0)),
        ((N**s + 1) ** 2 - N ** (2 * s), lead(2, s)),
        ((N**a + 1) ** 2 - N ** (2 * a) - 2 * N**a, lead(1, 0)),
        ((s**2 + 2 * s + 1 - (s + 1) ** 2) * N + 7, lead(7, 0)),
        ((sp.sin(s) ** 2 + sp.cos(s) ** 2 - 1) * N + 7, lead(7, 0)),
        (sp.sqrt(N**2 + N) - N, lead(half, 0)),
        (sp.sqrt(1 - g / N) - 1, lead(-g / 2, -1)),
        (sp.exp(g / N) - 1 - g / N, lead(g**2 / 2, -2)),
        ((1 + 1 / N) ** s - 1, lead(s, -1)),
        (sp.gamma(N + half) / sp.gamma(N), lead(1, half)),
        (N**a * sp.sqrt(1 + 1 / N), lead(1, a)),
        (1 / N + 2**-N, lead(1, -1)),
        (sp.exp(a * sp.log(N) + 1), lead(sp.E, a)),
        (N * sp.log(N) + N, lead(1, 1, 1)),
        (sp.log(1 + N) ** 2 / N, lead(1, -1, 2)),
        (1 / (1 + sp.log(N)), lead(1, 0, -1)),
    ],
)
def test_what_cancels_is_gone_before_the_order_is_taken(
    expression: sp.Expr, first: Monomial
) -> None:
    assert order(expression, N).leading() == first


@pytest.mark.parametrize(
    "zero", [sp.S.Zero, (N + 1) ** 2 - N**2 - 2 * N - 1, (N**2 - 1) / (N - 1) - N - 1]
)
def test_nothing_leads_zero(zero: sp.Expr) -> None:
    assert order(zero, N).exponent == -sp.oo
    with pytest.raises(ValueError, match="is zero"):
        order(zero, N).leading()


@pytest.mark.parametrize(
    "expression",
    [
        sp.exp(N), sp.exp(-N), sp.sin(N), sp.log(sp.log(N)), N / (N**a + 1),
        1 / (N**s + 1) - N**-s, g * N / (g * N + 1),
    ],
)  # fmt: skip
def test_what_has_no_order_or_a_hidden_one_is_refused(expression: sp.Expr) -> None:
    with pytest.raises(ValueError, match="ORDER"):
        order(expression, N).leading()


def test_an_integer_size_and_array_coefficients() -> None:
    m = size("m")
    (c,) = indices("c", m)
    X = array("X", m)
    assert order(n**2 + n, n).leading() == lead(1, 2)
    assert order(total(X[c], c) * n - n * total(X[c], c) + X[c] / n, n).leading() == lead(X[c], -1)


@given(sums)
def test_sums_of_monomials(monomials: list[tuple[sp.Expr, sp.Expr]]) -> None:
    by_power: dict[Fraction, int] = {}
    for c, e in monomials:
        power = Fraction(int(e.p), int(e.q))
        by_power[power] = by_power.get(power, 0) + int(c)
    alive = [p for p, c in by_power.items() if c]
    found = order(polynomial(monomials), N)
    assert found.exponent == (sp.Rational(max(alive)) if alive else -sp.oo)
    assert not alive or found.leading().coefficient == by_power[max(alive)]


@settings(max_examples=30, deadline=None)
@given(sums, sums, st.sampled_from([sp.S.One, half, third, -third, sp.S.NegativeOne]))
def test_quotients_and_powers(
    above: list[tuple[sp.Expr, sp.Expr]], below: list[tuple[sp.Expr, sp.Expr]], power: sp.Expr
) -> None:
    numerator, denominator = polynomial(above), 1 + polynomial(below) ** 2
    expression = numerator * denominator**power
    found = order(expression, N)
    assert (numerator == 0) == (not found.candidates)
    assert numerator == 0 or holds_at_huge_sizes(expression, found.leading())


@settings(max_examples=20, deadline=None)
@given(rationals, rationals.filter(bool), st.integers(1, 3))
def test_what_is_left_of_a_series_after_its_first_terms(p: sp.Expr, c: sp.Expr, kept: int) -> None:
    small = c / N
    rest = sp.exp(small) - sp.Add(*(small**k / sp.factorial(k) for k in range(kept)))
    first = order(N**p * rest, N).leading()
    assert first == lead(c**kept / sp.factorial(kept), p - kept)
    assert holds_at_huge_sizes(N**p * rest, first)
