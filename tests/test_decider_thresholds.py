"""Sides that change their form are visited there; what does not converge is not decided."""

import pytest
import sympy as sp

from theory.calculus.indices import array, at_most, indices, size, total
from theory.language import Status, Step
from theory.language.sampling import sampling

x, y = sp.symbols("x y", real=True)
p = sp.Symbol("p", positive=True)
n = sp.Symbol("n", integer=True, positive=True)
m = size("m")
i, j = indices("i j", m)
X, V = array("X", m), array("V", m, m, symmetric=True)
ZERO = sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1
PEAK = sp.exp(-(10**8) * (x - sp.Rational(1, 3)) ** 2)


def sampled(left: sp.Expr, right: sp.Expr | int, domain: tuple[int, int] | None = None) -> object:
    bounds = {x: domain} if domain else {}
    return sampling(Step("step", left, sp.sympify(right), "a test", bounds))[0]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (sp.Mod(n, 101), n),
        (sp.KroneckerDelta(n, 37), 0),
        (sp.Piecewise((x, x < 50), (0, True)), x),
        (sp.Piecewise((1, sp.Eq(x, 7)), (x, True)), x),
        (sp.floor(p / 25), 0),
        (sp.Max(sp.exp(p), sp.exp(20)), sp.exp(20)),
        (sp.Abs(400 - x**2), 400 - x**2),
        (sp.Mul(*(m - k for k in range(1, 6))) * total(sp.exp(X[i]), i), 0),
        (sp.KroneckerDelta(i, 7) * X[i], 0),
        (total(X[i] * at_most(sp.Integer(7), i), i), 0),
        (total(X[j] * at_most(j, i) * at_most(i, j + 4), j), total(X[j] * at_most(j, i), j)),
        (sp.Max(X[i], 200), 200),
        (sp.log((1 + X[i]) ** 2) / 2, sp.log(1 + X[i])),
        (sp.Abs(V[i, i]), V[i, i]),
        (sp.sin(sp.pi * x * 2**20), 0),
        (sp.Integral(1 + PEAK, (x, 0, 1)), 1),
    ],
)
def test_what_is_false_beyond_a_threshold_fails(left: sp.Expr, right: sp.Expr) -> None:
    assert sampled(left, right) is Status.FAILED


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (sp.Sum(2**n, (n, 0, sp.oo)), -1),
        (sp.Sum(x**n, (n, 0, sp.oo)), 1 / (1 - x)),
        (sp.Sum(sp.KroneckerDelta(n, 100), (n, 0, sp.oo)), 0),
        (sp.Sum(2**-n + sp.exp(-((n - 200) ** 2)), (n, 0, sp.oo)), 2),
        (sp.Integral(x / (1 + x**2), (x, -sp.oo, sp.oo)), 0),
        (sp.Integral(sp.cos(x), (x, 0, sp.oo)), 0),
        (sp.Integral(sp.exp(-x * y), (x, 0, sp.oo)), 1 / y),
        (sp.Limit(sp.sin(n * sp.pi / 16), n, sp.oo), 0),
        (sp.Limit(n / 2 - sp.floor(n / 2), n, sp.oo), 0),
        (sp.ceiling(1 + ZERO), 1),
        (sp.log(-p + sp.I * ZERO), sp.log(p) + sp.I * sp.pi),
        (total(X[i] * sp.KroneckerDelta(i, 15), i), 0),
    ],
)
def test_what_diverges_or_jumps_is_not_decided(left: sp.Expr, right: sp.Expr) -> None:
    assert sampled(left, right) is None


def test_true_infinite_processes_are_sampled() -> None:
    assert sampled(sp.Sum(1 / n**2, (n, 1, sp.oo)), sp.pi**2 / 6) is Status.SAMPLED
    assert sampled(sp.Integral(sp.exp(-x * p), (x, 0, sp.oo)), 1 / p) is Status.SAMPLED


def test_a_domain_is_honoured() -> None:
    assert sampled(sp.Max(x, 500), 500, (0, 1000)) is Status.FAILED
    assert sampled(sp.Max(x, 150), x, (200, 300)) is Status.SAMPLED


def test_a_number_that_is_not_exact_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Float 0\.1.* write Rational, e\.g\. 1/10"):
        Step("step", sp.Float("0.1") * x, x / 10, "a test")
