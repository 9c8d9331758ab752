"""The gate of limits lets the right ones pass, slow or fast, and none that is wrong."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.calculus.gate import Disagreement, confirm

h, a, b = sp.symbols("h a b", positive=True)
r = sp.Symbol("r", real=True)
L = 1 / h
third = sp.Rational(1, 3)
TRUE = {
    "compound": ((1 + a / L) ** L, sp.exp(a)),
    "Stirling": (sp.loggamma(L) - (L - sp.Rational(1, 2)) * sp.log(L) + L, sp.log(2 * sp.pi) / 2),
    "third root": (1 + L**-third, sp.S.One),
    "tenth root": (a + L ** sp.Rational(-1, 10), a),
    "fiftieth root": (a + 3 * L ** sp.Rational(-1, 50), a),
    "logarithm": (1 + a / sp.log(L), sp.S.One),
    "shifted logarithm": (2 + 1 / (5 + sp.log(L)), sp.S(2)),
    "square of a logarithm": (1 + 1 / sp.log(L) ** 2, sp.S.One),
    "root of a logarithm": (1 - 1 / sp.sqrt(sp.log(L)), sp.S.One),
    "logarithm of a logarithm": (1 + sp.log(sp.log(L)) / sp.log(L), sp.S.One),
    "Langevin": ((sp.coth(h) - 1 / h) / h, third),
    "saturated": (sp.tanh(L * a), sp.S.One),
    "sign": (sp.tanh(L * r), sp.sign(r)),
    "maximum": (sp.log(sp.exp(L * a) + sp.exp(L * b)) / L, sp.Max(a, b)),
    "small": (sp.Rational(1, 10**9) + h, sp.Rational(1, 10**9)),
}
ZERO = {
    "root": (L**-third, sp.Rational(1, 1000)),
    "logarithm": (1 / sp.log(L), sp.Rational(1, 1000)),
    "log over root": (sp.log(L) / L ** sp.Rational(1, 4), sp.Rational(1, 10**6)),
    "exponential": (sp.exp(-L), sp.Rational(1, 10**20)),
    "inverse": (h, sp.exp(-200)),
}


@pytest.mark.parametrize("name", TRUE)
def test_a_right_limit_passes(name: str) -> None:
    confirm(TRUE[name][0], h, TRUE[name][1])


@pytest.mark.parametrize("name", TRUE)
@pytest.mark.parametrize("factor", [1 + sp.Rational(1, 1000), 1 - sp.Rational(1, 10**5), -sp.S.One])
def test_a_limit_that_is_off_or_of_the_wrong_sign_does_not(name: str, factor: sp.Expr) -> None:
    expression, limit = TRUE[name]
    with pytest.raises(Disagreement):
        confirm(expression, h, limit * factor)


@pytest.mark.parametrize("name", ZERO)
def test_zero_is_told_from_something_small(name: str) -> None:
    expression, small = ZERO[name]
    confirm(expression, h, sp.S.Zero)
    with pytest.raises(Disagreement):
        confirm(expression, h, small)
    with pytest.raises(Disagreement):
        confirm(expression + small, h, sp.S.Zero)


@pytest.mark.parametrize(
    ("expression", "branch"),
    [
        (sp.log(sp.exp(L * a) + sp.exp(L * b)) / L, b),
        (sp.tanh(L * r), sp.S.One),
        (sp.exp(L * a) / (sp.exp(L * a) + sp.exp(L * b)), sp.S.Zero),
        (sp.exp(L * a) / (sp.exp(L * a) + sp.exp(L * b)), (1 + sp.sign(a - b) ** 3) / 3),
        (a**L, sp.S.Zero),
        (r * L / (r * L + 1), sp.S.One),
        ((a - b) * L / ((a - b) * L + 1), sp.S.One),
        (sp.sin(L), sp.S.Zero),
        (sp.log(sp.Abs(a - b) + h), sp.log(a - b)),
        (sp.sqrt((a - b) ** 2 + h), a - b),
        (sp.log(L), sp.S(50)),
        (sp.exp(sp.exp(a * L)) ** -1 + sp.Heaviside(1 - a), sp.S.Zero),
    ],
)
def test_a_branch_does_not_pass(expression: sp.Expr, branch: sp.Expr) -> None:
    with pytest.raises(Disagreement):
        confirm(expression, h, branch)


def test_the_answer_that_is_right_at_ties_too_passes() -> None:
    weight = sp.exp(L * a) / (sp.exp(L * a) + sp.exp(L * b))
    confirm(weight, h, (1 + sp.sign(a - b)) / 2)


def test_where_the_expression_itself_grows_or_is_not_real_nothing_is_claimed() -> None:
    s = sp.Symbol("s", real=True)
    confirm(L / ((r + s) * L + 1), h, 1 / (r + s))
    confirm(sp.log(r) + h, h, sp.log(r))


def test_more_parameters_than_can_be_ordered_are_drawn() -> None:
    many = sp.symbols("u0:6", positive=True)
    confirm(sp.log(sp.Add(*(sp.exp(L * u) for u in many))) / L, h, sp.Max(*many))
    with pytest.raises(Disagreement, match="disagrees with the values at u0"):
        confirm(sp.log(sp.Add(*(sp.exp(L * u) for u in many))) / L, h, many[-1])


def test_without_a_real_value_nothing_is_confirmed() -> None:
    with pytest.raises(Disagreement, match="no real values"):
        confirm(sp.log(-a) + h, h, sp.log(-a))


exponents = st.sampled_from([sp.Rational(1, q) for q in (1, 2, 3, 5)])
numbers = st.builds(sp.Rational, st.integers(-9, 9).filter(bool), st.integers(1, 9))


@settings(max_examples=40, deadline=None)
@given(numbers, numbers, exponents, st.booleans(), st.sampled_from([0, 10**-3, -(10**-3), 10**-5]))
def test_random_convergence(
    limit: sp.Expr, weight: sp.Expr, power: sp.Expr, logarithmic: bool, off: float
) -> None:
    small = 1 / sp.log(L) if logarithmic and power.q < 4 else h
    stated = limit * (1 + sp.Rational(str(off)))
    if off:
        with pytest.raises(Disagreement):
            confirm(limit + weight * small**power, h, stated)
    else:
        confirm(limit + weight * small**power, h, stated)
