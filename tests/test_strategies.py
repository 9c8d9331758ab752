"""The strategies reach every hard case that they promise, and shrink to examples one can read."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from checks.properties import strategies as vs
from tests.conftest import ROOT

SEARCH = settings(
    max_examples=3000, derandomize=True, database=None, deadline=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much),
)  # fmt: skip
REACHING = settings(SEARCH, phases=(Phase.generate,))  # found is enough, shrinking is slow
norms = partial(np.linalg.norm, axis=-1)
spectrum = partial(np.linalg.svd, compute_uv=False)


def correlations(V: np.ndarray) -> np.ndarray:
    scale = np.sqrt(np.maximum(np.diag(V), 1e-9))
    return V / np.outer(scale, scale)


REACH: list[tuple[str, Any, Callable[[Any], Any]]] = [
    ("inside the ball", vs.tokens(), lambda x: (norms(x) < 0.9).all()),
    ("on the sphere, apart", vs.tokens(), lambda x: len(x) == 3
        and np.allclose(norms(x), 1) and min(norms(x[0] - x[1]), norms(x[1] - x[2])) > 0.5),
    ("clustered", vs.tokens(), lambda x: len(x) == 3 and 0 < norms(x - x[0]).max() < 1e-4),
    ("antipodal", vs.tokens(), lambda x: len(x) == 3 and np.array_equal(x[0], -x[-1])
        and norms(x[0]) > 0.9),
    ("collinear", vs.tokens(), lambda x: np.linalg.matrix_rank(x) == 1 and len(set(norms(x))) == 3),
    ("repeated", vs.tokens(), lambda x: len(x) == 3 and (x == x[0]).all()),
    ("one token", vs.tokens(), lambda x: len(x) == 1),
    ("a drawn number of tokens", vs.tokens(st.integers(1, 5), st.integers(2, 4)),
        lambda x: x.shape == (5, 4)),
    ("well conditioned", vs.covariances(3), lambda V: np.linalg.cond(V) < 2),
    ("ill conditioned", vs.covariances(3), lambda V: 1e4 < np.linalg.cond(V) < 1e12),
    ("singular", vs.covariances(3), lambda V: np.linalg.matrix_rank(V) == 2),
    ("correlation one", vs.covariances(2), lambda V: correlations(V)[0, 1] > 1 - 1e-12),
    ("correlation minus one", vs.covariances(2), lambda V: correlations(V)[0, 1] < -1 + 1e-12),
    ("rank one", vs.weights(3, 4), lambda w: spectrum(w)[1] < 1e-12 * spectrum(w)[0]),
    ("low rank", vs.weights(3, 4), lambda w: np.linalg.matrix_rank(w) == 2),
    ("graded", vs.weights(3, 4), lambda w: (spectrum(w)[1:] < 0.2 * spectrum(w)[:-1]).all()
        and spectrum(w)[-1] > 0),
    ("equal", vs.weights(3, 4), lambda w: np.ptp(spectrum(w)) < 1e-9 * spectrum(w)[0]),
    ("tiny", vs.weights(2, 2), lambda w: 0 < spectrum(w)[0] < 1e-5),
    ("large", vs.weights(2, 2), lambda w: spectrum(w)[0] > 1e5),
    ("one-hot logits", vs.logits(4), lambda u: (u == 0).sum() == 3 and u.max() > 100),
    ("ties", vs.logits(4), lambda u: len(set(u)) == 2 and (u == u.max()).sum() == 2),
    ("a huge range", vs.logits(4), lambda u: np.ptp(u) > 1e5),
    ("a kink away from zero", vs.activations(), lambda f: isinstance(f, vs.Piecewise)
        and any(f.kinks) and f.slopes[0] != f.slopes[-1]),
    ("a library function", vs.activations(), lambda f: f == vs.Library("erf")),
    ("sign flips", vs.histories(4), lambda g: g[0] != 0 and (g[1:] == -g[:-1]).all()),
    ("a burst", vs.histories(4), lambda g: np.abs(g).max() > 1e4 > 10 * np.median(np.abs(g)) > 0),
    ("zeros at the end", vs.histories(4), lambda g: g[0] != 0 and (g[2:] == 0).all()),
    ("never a gradient", vs.histories(4), lambda g: (g == 0).all()),
    ("growth", vs.histories(4), lambda g: (np.abs(g[1:]) > 1.5 * np.abs(g[:-1])).all()),
    ("a causal mask", vs.masks(3), lambda m: np.array_equal(m, np.tri(3, dtype=bool))),
    ("no mask", vs.masks(3), lambda m: m.all()),
    ("only itself", vs.masks(3), lambda m: m.sum() == 3),
    ("a row that may attend to nothing", vs.masks(3), lambda m: not m[0].any() and m[1:].any()),
    ("nothing at all", vs.masks(3), lambda m: not m.any()),
    ("a mask of no known shape", vs.masks(3), lambda m: m[0, 2] and not m[2, 0]),
    ("all sizes at their top", vs.sizes(T=3, d=2), lambda s: s == {"T": 3, "d": 2}),
    ("a true rotation", vs.rotations(3), lambda R: np.linalg.det(R) > 0 and abs(R[0, 0]) < 0.9),
]  # fmt: skip


@pytest.mark.parametrize(("case", "strategy", "condition"), REACH, ids=[r[0] for r in REACH])
def test_the_strategy_reaches(case: str, strategy: Any, condition: Callable[[Any], Any]) -> None:
    found = find(strategy, condition, settings=REACHING)
    assert condition(found)


@given(
    vs.tokens(), vs.covariances(3), vs.masks(4, kinds=("none", "causal", "any")), vs.rotations(3)
)
@settings(max_examples=60, derandomize=True, database=None)
def test_what_is_drawn_is_what_is_promised(
    x: np.ndarray, V: np.ndarray, mask: np.ndarray, R: np.ndarray
) -> None:
    assert norms(x).max() <= 1 + 1e-12
    assert np.linalg.eigvalsh(V).min() > -1e-12
    assert np.diag(mask).all()
    assert np.allclose(R @ R.T, np.eye(3))


@given(vs.weights(3, 2, spectrum=(4.0, 1.0), scales=(1.0,)))
@settings(max_examples=50, derandomize=True, database=None)
def test_a_given_spectrum_is_the_spectrum(w: np.ndarray) -> None:
    assert np.allclose(spectrum(w), [4, 1])


def test_a_piecewise_function_has_its_slopes_and_its_value_at_zero() -> None:
    f = vs.Piecewise((-1.0, 0.5), (2.0, 0.0, -1.0), 3.0)
    assert f(np.array([-2.0, -1.0, 0.0, 0.5, 1.5])).tolist() == [1.0, 3.0, 3.0, 3.0, 2.0]
    assert f.lipschitz == 2.0


def test_examples_shrink_to_what_one_can_read() -> None:
    x = find(vs.tokens(), lambda x: len(x) == 3 and np.ptp(x) > 0.5, settings=SEARCH)
    assert set(np.abs(x).ravel()) <= {0.0, 0.25, 0.5, 0.75, 1.0}
    w = find(vs.weights(2, 2), lambda w: spectrum(w)[0] > 0.5, settings=SEARCH)
    assert np.array_equal(w, np.eye(2))


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match=r"expected kinds among sphere.*received \['round'\]"):
        find(vs.tokens(kinds=("round",)), lambda x: True, settings=SEARCH)


def test_every_public_strategy_is_documented() -> None:
    text = (ROOT / "docs" / "probes.md").read_text(encoding="utf-8")
    for name in vs.PUBLIC:
        assert f"`{name}" in text, f"docs/probes.md does not explain the strategy {name}"
        assert getattr(vs, name).__doc__
