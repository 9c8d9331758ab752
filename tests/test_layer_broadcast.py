"""An axis of length one stands beside all of a longer axis, as in NumPy."""

import numpy as np
import pytest
import sympy as sp

import verilimit as vl

m, n, h = vl.sizes("m n h")
g = vl.positive("g")
X, W = vl.state("X", m, n), vl.gaussian("W", n, n)
V, EYE = np.array([[1.0, 0.2], [0.2, 0.8]]), np.eye(2)
MASK = np.array([[1.0], [0.3]])
MIXED = np.array([[[0.5, 0.2], [0.1, 0.9]]])


def limit(branch: vl.Array, **watch: vl.Array) -> vl.Limit:
    scaling = {n: vl.N, h: h}
    step = {X: X + g / vl.sqrt(vl.N) * branch}
    return vl.derive(vl.Layer("branch", step, {"V": X @ X.T / n, **watch}, scaling, vl.N))


GATE = vl.bernoulli("gate", m, 1, p=sp.Rational(7, 10))
HEADS = vl.fixed("A", 1, m, m) @ (vl.heads(X, h) @ vl.gaussian("Wh", h, n, n))
BRANCHES = {
    "a mask of tokens": (vl.fixed("mask", m, 1) * (X @ W) / vl.sqrt(n), MASK @ MASK.T * V),
    "a mask of rows": (vl.fixed("row", 1, m).T * (X @ W) / vl.sqrt(n), MASK @ MASK.T * V),
    "a gate of tokens": (GATE * (X @ W) / vl.sqrt(n), (0.49 + 0.21 * EYE) * V),
    "a sum of both": ((vl.fixed("mask", m, 1) + X @ W / vl.sqrt(n)) - vl.fixed("mask", m, 1), V),
    "one average of all heads": (
        vl.sum(HEADS, 0) / vl.sqrt(n * h), MIXED[0] @ V @ MIXED[0].T,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BRANCHES)
def test_a_drift_is_that_of_the_array_written_out(name: str) -> None:
    branch, expected = BRANCHES[name]
    found = limit(branch)
    assert found.regime == "ODE"
    given = {"mask": MASK, "row": MASK.T, "A": MIXED, "h": 3}
    names = {*found.layer.leaves, *map(str, found.layer.symbols)}
    known = {k: v for k, v in given.items() if k in names}
    drift = found.evaluate("drift", "V", at={"V": V, g: 0.7, **known})
    np.testing.assert_allclose(drift, 0.49 * expected, atol=1e-12)


def test_noise_that_all_coordinates_of_a_token_share_diffuses() -> None:
    found = limit(vl.gaussian("z", m, 1), s=vl.mean(X, 1))
    s = np.array([0.3, -0.1])
    at = {"V": V, "s": s, g: 0.7}
    assert found.regime == "SDE"
    np.testing.assert_allclose(found.evaluate("drift", "V", at=at), 0.49 * EYE, atol=1e-12)
    moved = np.einsum("ac,b->abc", EYE, s) + np.einsum("bc,a->abc", EYE, s)
    spread = 0.49 * np.einsum("abc,dec->abde", moved, moved)
    np.testing.assert_allclose(found.evaluate("covariance", "V", "V", at=at), spread, atol=1e-12)


MASKED = vl.fixed("mask", m, 1) * (X @ W) / vl.sqrt(n)
WRONG = [MASK[:, 0], MASK.T, MASK @ MASK.T, 3.0, [[1.0], [0.3], [0.2]]]


@pytest.mark.parametrize("mask", WRONG)
def test_values_of_another_length_are_refused_and_not_summed(mask: object) -> None:
    found = limit(MASKED)
    with pytest.raises(ValueError, match=r"mask has shape .*m = 2"):
        found.evaluate("drift", "V", at={"V": V, g: 0.7, "mask": mask})


def test_sizes_given_and_shown_agree() -> None:
    with pytest.raises(ValueError, match=r"V has shape .*m = 3"):
        limit(MASKED).evaluate("drift", "V", at={"V": V, g: 0.7, "mask": MASK, m: 3})


@pytest.mark.parametrize("mask", WRONG)
def test_a_layer_refuses_values_of_another_length_by_its_name(mask: object) -> None:
    step, watch = {X: X + MASKED / vl.sqrt(vl.N)}, {"V": X @ X.T / n}
    with pytest.raises(vl.LayerError, match="layer “masked”, at=: mask has shape"):
        vl.Layer("masked", step, watch, {n: vl.N}, vl.N, at={"V": V, "mask": mask})


def test_a_statistic_that_keeps_an_axis_of_length_one_is_refused() -> None:
    found = limit(X @ W / vl.sqrt(n), u=vl.mean(X, 1, keepdims=True))
    assert found.regime == "UNDECIDED"
    assert "leave keepdims away" in found.words[0]


LOGITS = np.array([[0.5], [-1.0]])
OPEN = 1 / (1 + np.exp(-LOGITS))
AVERAGE = np.exp(LOGITS).T / np.exp(LOGITS).sum() * np.ones((2, 1))
FUNCTIONS = {
    "a column": (vl.sigmoid(vl.fixed("l", m, 1)) * X, LOGITS, OPEN * V),
    "a row, turned": (vl.sigmoid(vl.fixed("l", 1, m)).T * X, LOGITS.T, OPEN * V),
    "one number": (vl.sigmoid(vl.fixed("l", 1, 1)) * X, LOGITS[:1], OPEN[0] * V),
    "a softmax of one query": (vl.softmax(vl.fixed("l", 1, m)) @ X, LOGITS.T, AVERAGE @ V),
    "a softmax of one key": (vl.softmax(vl.fixed("l", m, 1)) * X, LOGITS, V),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_an_array_with_an_axis_of_length_one_is_that_of_its_entries(
    name: str,
) -> None:
    branch, logits, moved = FUNCTIONS[name]
    found = limit(branch / vl.sqrt(vl.N))
    assert found.regime == "ODE", found.words
    drift = found.evaluate("drift", "V", at={"V": V, g: 0.7, "l": logits})
    np.testing.assert_allclose(drift, 0.7 * (moved + moved.T), atol=1e-12)
