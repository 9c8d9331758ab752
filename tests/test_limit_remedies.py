"""What a NOT CLOSED layer is told to watch is an expression that its author can type."""

import re

import pytest

import verilimit as vl
from theory.limits.reading import read
from theory.limits.remedy import watchable

m, n = vl.sizes("m n")
g = vl.positive("g")
X, x, y = vl.state("X", m, n), vl.state("x", n), vl.state("y", n)
D, s, W = vl.fixed("D", n, n), vl.fixed("s", n), vl.gaussian("W", n, n)
GIVEN = {"X": X, "x": x, "y": y, "D": D, "s": s, "n": n, "vl": vl}
# The next value of a state, what is watched, and what is left in the drift.
CASES = {
    "squared weights": (X, X @ (W * W) / n, X @ X.T / n, ["vl.sum(X, 1) / n"]),
    "a square": (x, x**2, vl.mean(x), ["x @ x / n"]),
    "a product of states": (x, x**2 * y, vl.mean(x), ["vl.sum(x**2 * y) / n"]),
    "a form": (x, D @ x, x @ x / n, ["x @ D @ x / n"]),
    "scaled columns": (X, X * s, X @ X.T / n, ["(X * s) @ X.T / n"]),
    "mixed columns": (X, X @ D, X @ X.T / n, ["X @ D @ X.T / n", "X @ D.T @ X.T / n"]),
    "mixed twice": (X, X @ D @ D.T, X @ X.T / n, ["X @ D @ D.T @ X.T / n"]),
    "a cube": (X, X**3, X @ X.T / n, ["(X**3) @ X.T / n", "X @ (X**3).T / n"]),
}


def layer(old: vl.Array, moved: vl.Array, watched: vl.Array) -> vl.Layer:
    step = {old: old - g / vl.N * moved} | ({y: y} if old is x else {})
    return vl.Layer("branch", step, {"V": watched}, {n: vl.N}, vl.N)


@pytest.mark.parametrize("name", CASES)
def test_a_remedy_is_what_is_left_of_the_state(name: str) -> None:
    *parts, expected = CASES[name]
    limit = vl.derive(layer(*parts))
    assert limit.regime == "NOT CLOSED"
    (words,) = (w for w in limit.words if w.startswith("Watch "))
    assert words == f"Watch {', '.join(expected)} as well"
    reading = read(limit.layer).reading
    found = set()
    for text in expected:
        ((_, (component,)),) = reading.of(eval(text, GIVEN))
        found.add(watchable(read(limit.layer), component))
    assert found == set(expected)


@pytest.mark.parametrize("name", CASES)
def test_a_layer_that_follows_its_remedy_moves_in_the_declared_steps(name: str) -> None:
    *parts, advised = CASES[name]
    first = layer(*parts)
    more = {f"more{k}": eval(text, GIVEN) for k, text in enumerate(advised)}
    followed = vl.Layer("followed", first.step, {**first.watch, **more}, {n: vl.N}, vl.N)
    assert vl.derive(followed).regime not in ("TRIVIAL", "UNSTABLE")


@pytest.mark.parametrize("name", CASES)
def test_no_message_shows_an_index_that_has_no_meaning_to_its_reader(name: str) -> None:
    *parts, _ = CASES[name]
    assert not re.search(r"\ba\d", " ".join(vl.derive(layer(*parts)).words))
