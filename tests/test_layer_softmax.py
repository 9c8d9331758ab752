"""Softmax of logits of any shape."""

import numpy as np
import pytest

import verilimit as vl

m, n, k = vl.sizes("m n k")
g = vl.positive("g")
X = vl.state("X", m, n)
V, EYE = np.array([[1.0, 0.2], [0.2, 0.8]]), np.eye(2)


def drift(move: vl.Array, **at: object) -> np.ndarray:
    scaling = {n: vl.N, k: k}
    found = vl.derive(vl.Layer("layer", {X: X + move}, {"V": X @ X.T / n}, scaling, vl.N))
    assert found.regime == "ODE", found.words
    return found.evaluate("drift", "V", at={"V": V, g: 1, **at})


ROW = vl.softmax(vl.gaussian("S", 1, m)) @ X  # the mean of all tokens, since E softmax is 1 / m
FIRST = np.full((2, 2), 0.5) @ V
MEANS = {
    "one query": (ROW, FIRST + FIRST.T),
    "one key": (vl.softmax(vl.gaussian("S", m, 1)) * X, 2 * V),
    "one query, turned": (vl.softmax(vl.gaussian("S", m, 1).T) @ X, FIRST + FIRST.T),
}


@pytest.mark.parametrize("name", MEANS)
def test_the_mean_of_a_random_softmax_is_one_over_the_length_of_its_rows(name: str) -> None:
    branch, expected = MEANS[name]
    np.testing.assert_allclose(drift(g / vl.N * branch), expected, atol=1e-9)


@pytest.mark.parametrize("keys", [2, 3])
def test_second_moments_of_more_keys_than_queries_are_those_of_a_sum_over_a_lattice(
    keys: int,
) -> None:
    branch = vl.softmax(vl.gaussian("S", m, k)) @ vl.gaussian("Z", k, n)
    found = drift(g / vl.sqrt(vl.N) * branch, k=keys)

    nodes = np.linspace(-7, 7, 57)
    logits = np.stack(np.meshgrid(*[nodes] * keys))
    mass = np.exp(-(logits**2).sum(axis=0) / 2)
    rows = np.exp(logits) / np.exp(logits).sum(axis=0)
    expected = ((rows**2).sum(axis=0) * mass).sum() / mass.sum()
    np.testing.assert_allclose(np.diag(found), expected, atol=1e-6)
    np.testing.assert_allclose(found[0, 1], 1 / keys, atol=1e-9)


C = vl.fixed("C", m, m, rows_sum_to_one=True)


@pytest.mark.parametrize(
    ("logits", "weights"),
    [
        (vl.fixed("l", 1, m), C),
        (vl.fixed("l", m), C),
        (vl.fixed("l", m, m), vl.fixed("w", m, 1, rows_sum_to_one=True)),
        (vl.fixed("l", k, m), C),
    ],
)
def test_weights_that_are_no_weights_of_the_logits_are_refused(
    logits: vl.Array, weights: vl.Array
) -> None:
    with pytest.raises(vl.LayerError, match="shape"):
        vl.softmax(logits, weights)


def test_logits_written_out_have_wider_weights() -> None:
    A = np.array([[1.0, 0.0], [0.5, 0.5]])
    logits = vl.gaussian("S", 1, m) / vl.sqrt(vl.N) + 0 * C
    found = drift(g / vl.N * (vl.softmax(logits, C) @ X), C=A)
    np.testing.assert_allclose(found, A @ V + V @ A.T, atol=1e-12)


def test_a_random_softmax_is_not_said_to_have_logits_that_only_tend_to_gaussians() -> None:
    step = {X: X + g / vl.N * ROW}
    found = vl.derive(vl.Layer("layer", step, {"V": X @ X.T / n}, {n: vl.N}, vl.N))
    assert "may be in the limit only" in found.hypotheses["H1"]
