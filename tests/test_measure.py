"""Functionals of a measure: every derivative by two routes, measures and points."""

from typing import Any

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.calculus.indices import array, canonical, indices, size, total, unroll
from theory.calculus.measure import (
    Mean,
    continuity,
    empirical,
    first_variation,
    lions_derivative,
    mean,
    transport,
    wasserstein_velocity,
)

x, y, z, w, t, s, e = sp.symbols("x y z w t s e", real=True)
mu, rho = sp.symbols("mu rho")
POINTS = sp.symbols("p0:3", real=True)
PHI = (y, y**2, sp.sin(y), sp.exp(-y), y * sp.cos(y))
PSI = (x * y, sp.cos(x - y), (x - y) ** 2, x * sp.exp(y))
OUTER = (lambda u: u, lambda u: u**3, sp.exp, lambda u: 1 / (2 + u**2))


SHAPES = st.tuples(
    st.sampled_from(range(len(PHI))), st.sampled_from(range(len(PSI))),
    st.sampled_from(range(len(OUTER))), st.integers(-3, 3), st.booleans(),
)  # fmt: skip


def functional(single: int, double: int, outer: int, weight: int, coupled: bool) -> sp.Expr:
    """Sums and products of functions of means and of interaction energies.

    Built in the test and not in the strategy: SymPy draws random numbers of its own.
    """
    first = mean(PHI[single], y, mu)
    second = mean(mean(PSI[double], x, mu), y, mu)
    return OUTER[outer](first) + weight * second * (first if coupled else 1)


@given(SHAPES)
@settings(max_examples=25, deadline=None)
def test_gradient_in_a_particle_is_the_lions_derivative_over_n(shape: tuple) -> None:
    F = functional(*shape)
    at_points = empirical(F, mu, POINTS)
    lions = empirical(lions_derivative(F, mu, z), mu, POINTS)
    for p in POINTS:
        difference = sp.diff(at_points, p) - lions.subs(z, p) / 3
        values = {q: sp.Rational(k + 1, 7) for k, q in enumerate(POINTS)}
        assert abs(difference.subs(values).evalf(30)) < 1e-25


@given(SHAPES)
@settings(max_examples=25, deadline=None)
def test_first_variation_is_the_derivative_along_a_mixture(shape: tuple) -> None:
    """d/de F((1 - e) mu + e delta_z) = dF/dmu(z) - integral of dF/dmu against mu."""
    F = functional(*shape)
    weights = [(1 - e) / 2, (1 - e) / 2, e]
    atoms = (POINTS[0], POINTS[1], z)

    def at_mixture(expression: sp.Basic) -> sp.Basic:
        if not expression.has(mu):
            return expression
        if isinstance(expression, Mean):
            inner = at_mixture(expression.function)
            pairs = zip(weights, atoms, strict=True)
            return sp.Add(*(c * inner.subs(expression.variable, a) for c, a in pairs))
        return expression.func(*map(at_mixture, expression.args))

    left = sp.diff(at_mixture(F), e).subs(e, 0)
    variation = at_mixture(first_variation(F, mu, w)).subs(e, 0)
    right = variation.subs(w, z) - sum(variation.subs(w, p) for p in POINTS[:2]) / 2
    values = {POINTS[0]: sp.Rational(1, 3), POINTS[1]: -sp.Rational(2, 5), z: sp.Rational(4, 7)}
    assert abs((left - right).subs(values).evalf(30)) < 1e-25


def test_a_bound_variable_has_no_name_of_its_own() -> None:
    assert mean(y**2, y, mu) == mean(z**2, z, mu)
    assert mean(mean(sp.cos(x - 2 * y), x, mu), y, mu) == mean(
        mean(sp.cos(z - 2 * w), z, mu), w, mu
    )


def test_the_mean_is_linear_and_a_measure_has_mass_one() -> None:
    assert mean(3 * y + x * y**2 + x, y, mu) == 3 * mean(y, y, mu) + x * mean(y**2, y, mu) + x


def test_the_mean_is_differentiated_under_the_integral() -> None:
    assert sp.diff(mean(sp.sin(x * y), y, mu), x) == mean(y * sp.cos(x * y), y, mu)


def test_particles_of_any_number_and_dimension() -> None:
    """At explicit sizes: the gradient in x_i[b] is (1/N) d_mu F(x_i)[b]."""
    N, n = size("N"), size("n")
    a, b = indices("a b", n)
    Y, Z, X = array("Y", n), array("Z", n), array("X", N, n)
    F = mean(total(Y[a] ** 2, a), Y, mu) ** 2
    at_points = unroll(empirical(F, mu, X), {N: 3, n: 2})
    lions = unroll(empirical(lions_derivative(F, mu, Z[b]), mu, X).subs(b, 1), {N: 3, n: 2})
    for i in range(3):
        here = lions.xreplace({Z[sp.Integer(1)]: X[i, 1]})
        assert sp.diff(at_points, X[i, 1]) != 0
        assert sp.expand(sp.diff(at_points, X[i, 1]) - here / 3) == 0


def test_variation_with_a_label_pairs_over_label_and_point() -> None:
    F = sp.Integral(mean(sp.sin(y * t), y, rho, t) ** 2, (t, 0, 1))
    assert first_variation(F, rho, z, s) == 2 * sp.sin(s * z) * mean(sp.sin(s * y), y, rho, s)
    with pytest.raises(ValueError, match="say where"):
        first_variation(F, rho, z)


def test_weak_and_strong_continuity_equation_agree_for_a_density() -> None:
    """For the density 6 y (1 - y): both sides are explicit integrals."""
    density, phi, velocity = 6 * y * (1 - y), sp.sin(y), y * (1 - y)
    weak = transport(mean(phi, y, mu), mu, y, velocity)
    assert weak == mean(sp.cos(y) * velocity, y, mu)
    integrals = [
        sp.integrate(sp.expand(f), (y, 0, 1))
        for f in (sp.cos(y) * velocity * density, phi * continuity(density, y, velocity))
    ]
    assert sp.simplify(integrals[0] - integrals[1]) == 0


def test_mass_is_conserved() -> None:
    assert transport(mean(sp.S.One, y, mu), mu, y, sp.Function("v")(y)) == 0


def test_a_gradient_flow_dissipates_the_square_of_its_velocity() -> None:
    F = mean(y**2, y, mu) ** 2 + mean(mean(sp.cos(x - y), x, mu), y, mu)
    velocity: Any = wasserstein_velocity(F, mu, y)
    assert sp.expand(transport(F, mu, y, velocity) + mean(velocity**2, y, mu)) == 0
    assert sp.expand(transport(F, mu, y, velocity + 1) + mean(velocity**2, y, mu)) != 0


def test_components_of_an_array_are_named() -> None:
    n = size("n")
    (a, b) = indices("a b", n)
    Y = array("Y", n)
    F = mean(total(Y[a] ** 2, a), Y, mu)
    assert canonical(lions_derivative(F, mu, Y[b]) - 2 * Y[b]) == 0
    with pytest.raises(TypeError, match="component"):
        lions_derivative(F, mu, Y)
