"""Stochastic calculus in index notation, against explicit coordinates at small sizes."""

import sympy as sp

from theory.calculus.indices import array, canonical, indices, size, total, unroll
from theory.calculus.stochastic import (
    Diffusion,
    bracket,
    empirical_drift,
    generator,
    image,
    layer_norm,
    on_sphere,
    projector,
    stratonovich_correction,
)

N, d = size("N"), size("d")
p, q = indices("p q", N)
a, b, c = indices("a b c", d)
x, y, M = array("x", d), array("y", d), array("M", d, d)
X, A, gram = (
    array("X", N, d),
    array("A", N, d),
    array("u", N, N, symmetric=True),
)
eps = sp.Symbol("epsilon", positive=True)
LINEAR = Diffusion(x, (a,), (b,), total(M[a, c] * x[c], c), x[a] * x[b] + sp.KroneckerDelta(a, b))
DIMENSION = 3


def explicit(expression: sp.Expr) -> sp.Expr:
    return sp.expand(unroll(expression, {d: DIMENSION}))


def coordinates() -> list[sp.Indexed]:
    return [x[k] for k in range(DIMENSION)]


def test_the_generator_is_first_plus_half_second_derivatives() -> None:
    f = total(x[a] ** 2, a) ** 2 + total(M[a, b] * x[a] * x[b] * x[b], a, b)
    g, at = explicit(f), coordinates()
    drift = [sum(M[k, j] * x[j] for j in range(DIMENSION)) for k in range(DIMENSION)]
    by_hand = sum(drift[k] * sp.diff(g, at[k]) for k in range(DIMENSION)) + sum(
        (at[k] * at[j] + int(k == j)) * sp.diff(g, at[k], at[j]) / 2
        for k in range(DIMENSION)
        for j in range(DIMENSION)
    )
    assert sp.expand(explicit(generator(LINEAR, f)) - by_hand) == 0


def test_the_bracket_is_the_defect_of_the_product_rule() -> None:
    f, g = total(x[a] ** 2, a), total(M[a, b] * x[a] * x[b], a, b)
    defect = generator(LINEAR, f * g) - f * generator(LINEAR, g) - g * generator(LINEAR, f)
    assert canonical(defect - bracket(LINEAR, f, g)) == 0


def test_the_generator_of_an_image_is_that_of_the_composition() -> None:
    e, f = indices("e f", 1)
    s, square = array("s", 1), total(x[a] ** 2, a)
    one = image(LINEAR, s, (e,), (f,), square, canonical)
    twice = generator(Diffusion(s, (e,), (f,), one.drift, one.bracket), total(s[e] ** 2, e))
    entries = {entry: explicit(square) for entry in twice.atoms(sp.Indexed) if entry.base == s}
    composed = explicit(generator(LINEAR, square**2))
    assert sp.expand(unroll(twice, {d: DIMENSION}).subs(s[0], explicit(square)) - composed) == 0
    assert entries


def test_the_stratonovich_correction_of_linear_noise_is_half_the_square() -> None:
    strength = sp.Symbol("s", positive=True)
    found = stratonovich_correction(strength**2 * x[a] * y[b], x, y, (a, b))
    assert canonical(found - strength**2 * x[a] / 2) == 0


def test_constant_noise_needs_no_correction() -> None:
    assert stratonovich_correction(M[a, b], x, y, (a, b)) == 0


def test_the_projector_is_a_projector_and_kills_the_radius() -> None:
    twice = total(projector(X, (p,), a, c) * projector(X, (p,), c, b), c)
    assert canonical(on_sphere(twice, X, gram) - projector(X, (p,), a, b)) == 0
    radial = total(projector(X, (p,), a, c) * X[p, c], c)
    assert on_sphere(radial, X, gram) == 0


def test_brownian_motion_on_the_sphere_keeps_its_radius() -> None:
    motion = Diffusion(
        X, (p, a), (q, b), -(d - 1) * X[p, a] / 2,
        sp.KroneckerDelta(p, q) * projector(X, (p,), a, b),
    )  # fmt: skip
    change = generator(motion, total(X[p, c] ** 2, c))
    assert on_sphere(change, X, gram) == 0
    wrong = Diffusion(X, (p, a), (q, b), -d * X[p, a] / 2, motion.bracket)
    assert on_sphere(generator(wrong, total(X[p, c] ** 2, c)), X, gram) != 0


def _unit(expression: sp.Expr) -> sp.Expr:
    return expression.replace(
        lambda s: isinstance(s, sp.Sum) and s.function == X[p, s.limits[0][0]] ** 2,
        lambda _: sp.S.One,
    )


def test_the_expansion_of_layer_norm_leaves_a_third_order() -> None:
    expansion = layer_norm(X[p, a] + eps * A[p, a], eps, 3, a, _unit)
    point = {X[0, 0]: sp.Rational(3, 5), X[0, 1]: sp.Rational(4, 5), A[0, 0]: 2, A[0, 1]: -1}
    at = unroll(expansion.xreplace({p: sp.S.Zero, a: sp.S.Zero}), {d: 2, N: 1}).xreplace(point)
    vector = [point[X[0, k]] + eps * point[A[0, k]] for k in (0, 1)]
    exact = vector[0] / sp.sqrt(vector[0] ** 2 + vector[1] ** 2)
    assert sp.expand(sp.series(exact, eps, 0, 3).removeO() - at) == 0


def test_the_weak_form_is_the_generator_of_a_mean_over_tokens() -> None:
    process = Diffusion(
        X, (p, a), (q, b), A[p, a],
        gram[p, q] * (sp.KroneckerDelta(a, b) + X[p, a] * X[q, b]),
    )  # fmt: skip
    gradient, hessian = array("g", N, d), array("h", N, d, d)
    weak = unroll(empirical_drift(process, gradient, hessian), {N: 2, d: 2})
    values = {}
    for i in range(2):
        for k in range(2):
            values[gradient[i, k]] = 3 * X[i, k] ** 2
            for j in range(2):
                values[hessian[i, k, j]] = 6 * X[i, k] * int(k == j)
    direct = generator(process, total(X[p, a] ** 3, p, a) / N)
    assert sp.expand(weak.xreplace(values) - unroll(direct, {N: 2, d: 2})) == 0
