"""Moments of one step against the layer at small sizes: exact polynomials, and sampling."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy as sp
from sympy.polys.rings import ring

import verilimit as vl
from theory.layers.explicit import explicit
from theory.limits.numbers import evaluate
from theory.limits.reading import read

m, n, f = vl.sizes("m n f")
gamma, c = vl.positive("gamma c")
X, x = vl.state("X", m, n), vl.state("x", n)
Wg, Wu, W = vl.gaussian("Wg", n, f), vl.gaussian("Wu", n, f), vl.gaussian("W", f, n)
v = vl.fixed("v", n, unit=True)
a = vl.data("a", n)


def derived(
    layer: vl.Layer, values: Mapping[str, Any], only_mean: bool = False
) -> tuple[dict, dict]:
    """Exact mean and covariance of the increments at explicit sizes, by the compiler."""
    moments = read(layer)
    names = list(layer.watch)
    means = {
        s: evaluate(moments.written(moments.means[s], moments.axes(s)), moments.axes(s), values)
        for s in names
    }
    pairs = {}
    for s, t in [] if only_mean else product(names, repeat=2):
        axes = moments.axes(s, t)
        pairs[s, t] = evaluate(moments.written(moments.covariance(s, t), axes), axes, values)
    return means, pairs


def gaussian_mean(polynomial: Any) -> sp.Rational:
    """E of a polynomial in independent standard Gaussians."""
    found = sp.S.Zero
    for powers, coefficient in polynomial.terms():
        if all(p % 2 == 0 for p in powers):
            found += sp.Rational(coefficient) * sp.prod(sp.factorial2(p - 1) for p in powers)
    return found


def unrolled(
    layer: vl.Layer, arrays: dict[str, np.ndarray], numbers: dict, shapes: dict
) -> tuple[dict, dict]:
    """The same by polynomials in the random entries, which are written out one by one."""
    count = sum(int(np.prod(s)) for s in shapes.values())
    _, *entries = ring([f"g{k}" for k in range(count)], sp.QQ)
    start = 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        arrays = arrays | {name: np.array(entries[start : start + size], object).reshape(shape)}
        start += size

    def number(value: sp.Expr) -> Any:
        exact = sp.sympify(value).subs(numbers)
        assert exact.is_Rational
        return sp.QQ(exact.p, exact.q)

    new = {str(s): explicit(e, arrays, number) for s, e in layer.step.items()}
    rise = {
        s: np.asarray(explicit(e, arrays | new, number) - explicit(e, arrays, number), object)
        for s, e in layer.watch.items()
    }
    means = {s: np.vectorize(gaussian_mean, otypes=[float])(d) for s, d in rise.items()}
    pairs = {}
    for s, t in product(rise, repeat=2):
        both = np.multiply.outer(rise[s], rise[t])
        second = np.vectorize(gaussian_mean, otypes=[float])(both)
        pairs[s, t] = second - np.multiply.outer(means[s], means[t])
    return means, pairs


def rationals(*shape: int) -> np.ndarray:
    numbers = [sp.QQ(k * k % 7 - 2, 1 + k % 3) for k in range(1, 1 + int(np.prod(shape)))]
    return np.array(numbers, object).reshape(shape)


def compare(layer: vl.Layer, arrays: dict, numbers: dict, shapes: dict) -> None:
    known = {str(k): float(value) for k, value in numbers.items()}
    states = {k: np.asarray(value, float) for k, value in arrays.items()}

    def number(value: sp.Expr) -> float:
        return float(sp.sympify(value).subs(numbers))

    watched = {s: explicit(e, states, number) for s, e in layer.watch.items()}
    means, pairs = derived(layer, {**known, **states, **watched})
    exact_means, exact_pairs = unrolled(layer, arrays, numbers, shapes)
    for s, value in exact_means.items():
        np.testing.assert_allclose(means[s], value, rtol=1e-10, atol=1e-10)
    for key, value in exact_pairs.items():
        np.testing.assert_allclose(pairs[key], value, rtol=1e-10, atol=1e-10)


def test_a_gated_mlp_at_four_entries() -> None:
    hidden = (X @ Wu / vl.sqrt(n)) * (1 + X @ Wg / n)
    layer = vl.Layer(
        "gated",
        step={X: vl.sqrt(1 - gamma**2) * X + gamma * hidden @ W / vl.sqrt(f)},
        watch={"V": X @ X.T / n}, scaling={n: vl.N, f: vl.N}, steps=vl.N,
    )  # fmt: skip
    numbers = {n: 4, f: 1, m: 2, gamma: sp.Rational(3, 5)}
    shapes = {"Wu": (4, 1), "Wg": (4, 1), "W": (1, 4)}
    compare(layer, {"X": rationals(2, 4)}, numbers, shapes)


def test_phase_retrieval_at_three_coordinates() -> None:
    u, w = a @ x, a @ v
    layer = vl.Layer(
        "phase retrieval", step={x: x - c / n * (u**2 - w**2) * u * a},
        watch={"m": x @ v, "q": x @ x}, scaling={n: vl.N}, steps=vl.N,
    )  # fmt: skip
    unit = np.array([sp.QQ(3, 5), sp.QQ(0), sp.QQ(4, 5)], object)
    arrays = {"x": rationals(3), "v": unit}
    compare(layer, arrays, {n: 3, c: sp.Rational(1, 2)}, {"a": (3,)})


def test_a_data_vector_inside_and_outside_of_units_by_sampling() -> None:
    pull = (vl.tanh(a @ v) - vl.tanh(a @ x)) * a
    layer = vl.Layer(
        "tanh", step={x: x + c / n * pull}, watch={"q": x @ x, "m": x @ v},
        scaling={n: vl.N}, steps=vl.N,
    )  # fmt: skip
    state, teacher = np.array([0.5, -1.0, 0.8]), np.array([0.6, 0.0, 0.8])
    samples = np.random.default_rng(3).standard_normal((200_000, 3))
    error = np.tanh(samples @ teacher) - np.tanh(samples @ state)
    new = state + 0.5 / 3 * error[:, None] * samples
    rises = {"q": (new**2).sum(axis=1) - state @ state, "m": new @ teacher - state @ teacher}
    values = {"c": 0.5, "n": 3, "q": state @ state, "m": state @ teacher}
    means, _ = derived(layer, {**values, "x": state, "v": teacher}, only_mean=True)
    for s, rise in rises.items():
        assert abs(rise.mean() - means[s]) < 4.5 * rise.std() / np.sqrt(len(rise))


def test_the_gradient_is_that_of_the_loss() -> None:
    u, w = a @ x, a @ v
    loss = vl.gradient_flow((u**2 - w**2) ** 2 / 4, x, c / n)
    written = x - c / n * (u**2 - w**2) * u * a
    layers = [
        vl.Layer("step", step={x: s}, watch={"q": x @ x}, scaling={n: vl.N}, steps=vl.N)
        for s in (loss, written)
    ]
    left, right = (read(each).means["q"] for each in layers)
    assert left == right


def test_a_spiked_matrix_at_two_coordinates() -> None:
    Z = vl.gaussian("Z", n, n)
    pull = (Z + Z.T) @ x + 2 * (x @ v) * v - 2 * (x @ x) * x
    layer = vl.Layer(
        "spiked", step={x: x + 2 * c / n * pull},
        watch={"m": x @ v, "q": x @ x}, scaling={n: vl.N}, steps=vl.N,
    )  # fmt: skip
    unit = np.array([sp.QQ(3, 5), sp.QQ(4, 5)], object)
    arrays = {"x": rationals(2), "v": unit}
    compare(layer, arrays, {n: 2, c: sp.Rational(1, 2)}, {"Z": (2, 2)})


def test_sign_weights_by_enumeration() -> None:
    S = vl.independent("S", n, n, cumulants=[0, 1, 0, -2, 0, 16, 0, -272])
    layer = vl.Layer("signs", step={X: X @ S}, watch={"V": X @ X.T}, scaling={n: vl.N}, steps=vl.N)
    state = np.array([[1.0, 2.0], [0.5, -1.0]])
    gram = state @ state.T
    rises = []
    for signs in product((-1.0, 1.0), repeat=4):
        new = state @ np.reshape(signs, (2, 2))
        rises.append(new @ new.T - gram)
    means, pairs = derived(layer, {"X": state, "V": gram, "n": 2})
    np.testing.assert_allclose(means["V"], np.mean(rises, axis=0), atol=1e-12)
    flat = np.reshape(rises, (16, 4))
    np.testing.assert_allclose(pairs["V", "V"].reshape(4, 4), np.cov(flat.T, bias=True), atol=1e-12)


def test_a_bernoulli_gate_by_enumeration() -> None:
    g = vl.bernoulli("g", n, p=sp.Rational(1, 3))
    layer = vl.Layer(
        "gates", step={x: x + c * g * x}, watch={"q": x @ x}, scaling={n: vl.N}, steps=vl.N
    )
    state = np.array([1.0, -2.0])
    rises, weights = [], []
    for gates in product((0.0, 1.0), repeat=2):
        new = state * (1 + 0.5 * np.array(gates))
        rises.append(new @ new - state @ state)
        weights.append(np.prod([1 / 3 if gate else 2 / 3 for gate in gates]))
    mean = np.average(rises, weights=weights)
    means, pairs = derived(layer, {"x": state, "q": 5.0, "c": 0.5, "n": 2})
    assert float(means["q"]) == pytest.approx(mean)
    second = np.average(np.square(rises), weights=weights)
    assert float(pairs["q", "q"]) == pytest.approx(second - mean**2)


Z = vl.rms_norm(X) @ Wg / vl.sqrt(n)
HIDDEN = {
    "gated relu": vl.relu(Z) * (X @ Wu / vl.sqrt(n)),
    "gated tanh": vl.tanh(Z) * (X @ Wu / vl.sqrt(n)),
    "linear and relu": Z + sp.Rational(1, 2) * vl.relu(Z) + 0 * (X @ Wu),
    "swish": Z * vl.sigmoid(Z) + 0 * (X @ Wu),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_units_by_sampling(name: str) -> None:
    hidden = HIDDEN[name]
    layer = vl.Layer(
        "units", step={X: X + gamma * hidden @ W / vl.sqrt(f)},
        watch={"V": X @ X.T / n}, scaling={n: vl.N, f: vl.N}, steps=vl.N,
    )  # fmt: skip
    state = np.array([[1.0, -0.5, 0.3, 0.8], [0.2, 1.1, -0.7, 0.4]])
    numbers = {n: 4, f: 3, m: 2, gamma: 0.6}

    def number(value: sp.Expr) -> float:
        return float(sp.sympify(value).subs(numbers))

    rng, count = np.random.default_rng(7), 60_000
    shapes = {"Wg": (4, 3), "Wu": (4, 3), "W": (3, 4)}
    arrays: dict = {k: rng.standard_normal((count, *s)) for k, s in shapes.items()}
    arrays["X"] = np.broadcast_to(state, (count, 2, 4))
    new = explicit(next(iter(layer.step.values())), arrays, number)
    rise = new @ np.swapaxes(new, 1, 2) / 4 - state @ state.T / 4
    values = {str(k): value for k, value in numbers.items()}
    # Second slopes of a relu have no numbers: beside its own argument, the mean only.
    only_mean = name == "linear and relu"
    means, pairs = derived(layer, {**values, "V": state @ state.T / 4, "X": state}, only_mean)
    error = rise.std(axis=0) / np.sqrt(count)
    assert np.all(np.abs(rise.mean(axis=0) - means["V"]) < 4.5 * error)
    if "V" not in {s for s, _ in pairs}:
        return
    centred = rise - rise.mean(axis=0)
    spread = np.einsum("kab,kcd->kabcd", centred, centred)
    error = spread.std(axis=0) / np.sqrt(count)
    assert np.all(np.abs(spread.mean(axis=0) - pairs["V", "V"]) < 4.5 * error)
