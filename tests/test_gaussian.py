"""Wick calculus in index notation, against explicit enumeration at small sizes."""

from itertools import product

import pytest
import sympy as sp

from theory.calculus.gaussian import covariance, expectation, pairings
from theory.calculus.indices import (
    array,
    canonical,
    contract_pairs,
    indices,
    size,
    total,
    unroll,
)

n, m = size("n"), size("m")
i, j, k, l_ = indices("i j k l", n)
a, b, c, d = indices("a b c d", m)
W, X, V = array("W", n, n), array("X", m, n), array("V", m, m, symmetric=True)


def brute_force(expression: sp.Expr, sizes: dict[sp.Symbol, int]) -> sp.Expr:
    """E over independent N(0, 1) entries, monomial by monomial: E g^k = (k - 1)!!."""
    explicit = sp.expand(unroll(expression, sizes))
    entries = sorted((e for e in explicit.atoms(sp.Indexed) if e.base == W), key=str)
    if not entries:
        return explicit
    moments = [
        sp.Mul(*(sp.factorial2(p - 1) if p % 2 == 0 else 0 for p in powers)) * coefficient
        for powers, coefficient in sp.Poly(explicit, *entries).terms()
    ]
    return sp.expand(sp.Add(*moments))


@pytest.mark.parametrize("extent", [1, 2, 3])
@pytest.mark.parametrize(
    "polynomial",
    [
        total(W[i, j] * W[i, j], i, j),
        total(W[i, j] * W[j, i], i, j),
        total(W[i, j] * W[j, k] * W[k, i], i, j, k),
        total(W[i, j] * W[k, j] * W[k, l_] * W[i, l_], i, j, k, l_),
        total(W[i, i], i) ** 4,
        total(X[a, i] * W[i, j] * X[b, j], i, j) * total(X[a, i] * W[j, i] * X[b, j], i, j),
    ],
)
def test_expectations_agree_with_enumeration_at_explicit_sizes(
    polynomial: sp.Expr, extent: int
) -> None:
    sizes = {n: extent, m: 2}
    for x, y in product(range(2), repeat=2):
        at = {a: sp.Integer(x), b: sp.Integer(y)}
        derived = unroll(canonical(expectation(polynomial, {W: sp.S.One})).xreplace(at), sizes)
        assert sp.expand(derived - brute_force(polynomial.xreplace(at), sizes)) == 0


def test_free_loops_are_powers_of_the_size() -> None:
    fourth = total(W[i, j] * W[k, j] * W[k, l_] * W[i, l_], i, j, k, l_)
    assert sp.expand(canonical(expectation(fourth, {W: sp.S.One})) - (2 * n**3 + n**2)) == 0


def test_odd_moments_vanish_and_variances_scale() -> None:
    sigma = sp.Symbol("sigma", positive=True)
    assert expectation(total(W[i, i], i), {W: sigma}) == 0
    second = canonical(expectation(total(W[i, j] ** 2, i, j), {W: sigma**2}))
    assert second == n**2 * sigma**2


def test_the_covariance_of_a_wishart_matrix() -> None:
    gram = {pair: total(W[pair[0], k] * W[pair[1], k], k) for pair in ((i, j), (l_, i))}
    derived = covariance(gram[i, j], gram[l_, i], {W: sp.S.One})
    delta = sp.KroneckerDelta
    assert canonical(derived - n * (delta(i, l_) * delta(i, j) + delta(j, l_))) == 0


def test_there_are_double_factorial_many_pairings() -> None:
    items = [W[sp.Integer(k), sp.Integer(0)] for k in range(8)]
    assert len(list(pairings(items))) == 105
    assert not list(pairings(items[:3]))


def test_pairs_of_tokens_become_their_gram_matrix() -> None:
    quadratic = total(X[a, i] * X[b, i], i) * total(X[c, j] * X[d, j], j)
    assert canonical(contract_pairs(quadratic, X, V, n) - n**2 * V[a, b] * V[c, d]) == 0


def test_a_function_of_a_random_entry_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"polynomials in \['W'\].*exp"):
        expectation(sp.exp(W[i, j]), {W: sp.S.One})


@pytest.mark.parametrize(
    "hidden",
    [
        1 / (1 + W[i, j]),
        2 ** W[i, j],
        sp.sqrt(W[0, 0]),
        sp.Piecewise((W[i, j], X[a, i] > 0), (0, True)),
        W[0, 0] / (1 + W[0, 0] ** 2),
        X[a, i] * sp.Abs(W[i, i]),
        sp.exp(total(W[i, j] ** 2, i, j)),
    ],
)
def test_a_random_entry_in_anything_but_a_polynomial_is_refused(hidden: sp.Expr) -> None:
    with pytest.raises(ValueError, match=r"polynomials in \['W'\]; received the factor .*W"):
        expectation(hidden, {W: 1})


def test_entries_at_fixed_positions_are_averaged() -> None:
    assert expectation(W[0, 0] ** 2, {W: 3}) == 3
    assert expectation(W[0, 1] * W[1, 0], {W: 1}) == 0
    assert expectation(W[i, i] ** 4, {W: 1}) == 3
    assert expectation(W[n - 1, 0] ** 2 * X[0, 0], {W: 2}) == 2 * X[0, 0]
    assert canonical(expectation(W[0, 0] * total(W[i, i], i), {W: 1})) == 1
    with pytest.raises(ValueError, match=r"i \+ 1"):
        expectation(W[i + 1, j] ** 2, {W: 1})


def test_a_symmetric_array_has_each_entry_twice() -> None:
    fourth = total(V[a, b] * V[b, c] * V[c, d] * V[d, a], a, b, c, d)
    # Wigner: twice the Catalan number 1 at order m^3, by hand at m = 1: E g^4 = 3
    mean = canonical(expectation(fourth, {V: 1}))
    assert sp.expand(mean - (2 * m**3 + m**2)) == 0
    entry = expectation(V[a, b] * V[c, a], {V: 1})
    values = [
        entry.xreplace({a: sp.Integer(x), b: sp.Integer(y), c: sp.Integer(z)})
        for x, y, z in product(range(2), repeat=3)
    ]
    assert values == [1, 0, 0, 1, 1, 0, 0, 1]  # one where b = c, the diagonal included


def test_a_variance_that_depends_on_an_index_is_refused() -> None:
    with pytest.raises(ValueError, match="same for all entries"):
        expectation(W[i, j] ** 2, {W: X[a, i]})


def test_centred_entries_have_m_minus_one_degrees_of_freedom() -> None:
    g = array("g", n)
    spread = total((g[i] - total(g[k], k) / n) ** 2, i)
    assert sp.expand(canonical(expectation(spread, {g: 1})) - (n - 1)) == 0
    assert canonical(total(g[i] - total(g[i], i) / n, i)) == 0
    variance = total(g[i] ** 2, i) / n - (total(g[i], i) / n) ** 2
    assert canonical(variance - spread / n) == 0
