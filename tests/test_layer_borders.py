"""Borders between verdicts: what is given as floats, by cumulants, by functions that jump."""

import math

import numpy as np
import pytest
import sympy as sp

import verilimit as vl
from checks.layers import plan_of
from checks.layers.finite import FiniteLayer
from checks.layers.paths import Paths
from checks.verdicts import Verdict, judge
from tests.gallery import limit_of

N = vl.N
m, n = vl.sizes("m n")
X, W, x, y = vl.state("X", m, n), vl.gaussian("W", n, n), vl.state("x"), vl.state("y")
xi = vl.gaussian("xi")


def moved(step: vl.Array, steps: sp.Expr = N) -> vl.Limit:
    return vl.derive(vl.Layer("moved", {x: step}, {"x": x}, steps=steps))


def residual(lam: object, gamma: object) -> vl.Limit:
    step = {X: lam * X + gamma * X @ W / vl.sqrt(n)}
    return vl.derive(vl.Layer("residual", step, {"V": X @ X.T / n}, {n: N}, N))


@pytest.mark.parametrize(
    ("lam", "gamma"),
    [(vl.sqrt(1 - 0.6**2), 0.6), (vl.sqrt(0.3), vl.sqrt(0.7)), ((1 - 0.3**2) ** 0.5, 0.3)],
)
def test_rounding_of_floats_is_no_drift(lam: object, gamma: float) -> None:
    limit = residual(lam, gamma)
    assert limit.regime == "SDE WITHOUT DRIFT"
    assert limit.drift["V"] == 0


def test_floats_that_may_cancel_up_to_rounding_are_undecided() -> None:
    assert "up to rounding" in residual(math.cos(0.3), math.sin(0.3)).words[0]


def test_exponents_that_are_floats_are_those_of_fractions() -> None:
    limit = moved(x + 0.1 * vl.gaussian("g", variance=0.1) / N**0.3, N**0.6)
    assert limit.covariance["x"] == sp.Rational(1, 1000)


@pytest.mark.parametrize(
    ("cumulants", "regime"),
    [
        ([1 / N] * 4, "JUMPS"), ([0, 1 / N, 1 / N, 1 / N], "JUMPS"), ([0, 1, 0, N], "JUMPS"),
        ([0, 1, 0, vl.sqrt(N)], "SDE WITHOUT DRIFT"),
    ],
)  # fmt: skip
def test_cumulants_that_grow_beside_the_variance_make_jumps(
    cumulants: list[sp.Expr], regime: str
) -> None:
    root = 1 if cumulants[1] == 1 / N else vl.sqrt(N)
    jumping = vl.independent("jumping", cumulants=cumulants)
    assert moved(x + x * jumping / root).regime == regime


def test_two_points_have_all_their_cumulants() -> None:
    """E s^6 = 1 for a sign: the variance of s^3 + s is 4, and not that of a law with zeros."""
    for cumulants in ([0, 1, 0, -2], [0, 1, 0, -2, 0, 16]):
        s = vl.independent("s", cumulants=cumulants)
        assert moved(x + (s**3 + s) / vl.sqrt(N)).covariance["x"] == 4
    p, q = sp.Rational(3, 10), sp.Rational(7, 10)
    skew = vl.independent("skew", cumulants=[0, p * q, p * q * (q - p), p * q * (1 - 6 * p * q)])
    sixth = p * q**6 + q * p**6  # of a Bernoulli variable less its mean
    third = p * q**3 - q * p**3
    found = moved(x + (skew**3 - third) / vl.sqrt(N)).covariance["x"]
    assert sp.simplify(found - sixth + third**2) == 0


@pytest.mark.parametrize(
    ("cumulants", "why"),
    [([0, 1, 3, 5], "no law has the cumulants 0, 1, 3, 5"), ([0, 1, 0, -1.2], "of order 6 of s")],
)
def test_cumulants_that_no_law_has_are_undecided(cumulants: list, why: str) -> None:
    s = vl.independent("s", cumulants=cumulants)
    limit = moved(x + s**3 / vl.sqrt(N) - s / N)
    assert limit.regime == "UNDECIDED"
    assert why in limit.words[0]


@pytest.mark.parametrize(
    ("step", "regime"),
    [
        (x - vl.sign(x) / N + x * xi / vl.sqrt(N), "ILL-POSED"),
        (x - vl.sign(x - 1) / N + (x - 1) * xi / vl.sqrt(N), "ILL-POSED"),
        (x - vl.sign(x) / N + xi / vl.sqrt(N), "SDE"),
        (x - x * vl.sign(x) / N, "ODE"),
        (x - vl.sign(x) ** 2 / N, "ODE"),
    ],
)
def test_a_drift_that_jumps_needs_noise_there(step: vl.Array, regime: str) -> None:
    assert moved(step).regime == regime


def test_noise_across_the_place_of_a_jump_may_be_that_of_another_statistic() -> None:
    step = {x: x - vl.sign(x - y) / N, y: y + xi / vl.sqrt(N)}
    assert vl.derive(vl.Layer("two", step, {"x": x, "y": y}, steps=N)).regime == "SDE"


def test_where_noise_vanishes_at_a_jump_the_two_drifts_are_seen() -> None:
    step = {x: x - vl.sign(x) / N + x * xi / vl.sqrt(N)}
    plan = plan_of(vl.Layer("jump", step, {"x": x}, steps=N, at={"x": 0.5}))
    claim = next(c for c in plan.claims if c.id.endswith("two-drifts"))
    result = judge(claim, seed=0, tier="smoke", budget=1e-4)
    assert result.verdict is Verdict.SUPPORTED
    assert all(k.verdict is Verdict.REFUTED for k in result.mutants)


@pytest.mark.parametrize(
    ("relaxing", "regime"),
    [
        (y - (y - x) / vl.sqrt(N), "FAST"), (y + (y - x) / vl.sqrt(N), "UNSTABLE"),
        (y - (y - x) / vl.sqrt(N) + xi / N**sp.Rational(1, 8), "UNSTABLE"), (-y / 2 + x, "FAST"),
        (y / 2 + vl.sqrt(N) * xi, "UNSTABLE"),
    ],
)  # fmt: skip
def test_what_relaxes_within_the_declared_steps_is_fast(relaxing: vl.Array, regime: str) -> None:
    step = {x: x + y / N, y: relaxing}
    plan = plan_of(vl.Layer("relaxing", step, {"x": x, "y": y}, steps=N, at={"x": 0.5, "y": 0.1}))
    assert plan.limit.regime == regime
    assert len(plan.claims) >= 2


def test_a_large_step_of_a_state_of_unknown_size_is_not_closed() -> None:
    z, v = vl.state("z", n), vl.fixed("v", n, unit=True)
    a = vl.data("a", n) + vl.gaussian("s") * v
    step = {z: z + (a @ z) * (a - (a @ z) * z) / n}
    limit = vl.derive(vl.Layer("Oja by m alone", step, {"m": z @ v}, {n: N}, N))
    assert limit.regime == "NOT CLOSED"
    assert "z @ z" in limit.words[0]


def test_a_mean_that_depends_on_what_is_left_of_a_state_is_not_closed() -> None:
    f = vl.sizes("f")
    A, B = vl.gaussian("A", n, f), vl.gaussian("B", f, n)
    branch = vl.relu(vl.layer_norm(X) @ A / vl.sqrt(n)) @ B / vl.sqrt(f)
    step, gram = {X: X + branch / vl.sqrt(N)}, X @ X.T / n
    alone = vl.derive(vl.Layer("pre-LayerNorm", step, {"V": gram}, {n: N, f: N}, N))
    assert alone.regime == "NOT CLOSED"
    assert alone.words[0] == "the drift of V contains vl.sum(X, 1) / n, no function of V."
    watch = {"V": gram, "u": vl.mean(X, 1)}
    limit = vl.derive(vl.Layer("pre-LayerNorm", step, watch, {n: N, f: N}, N))
    V, u = np.array([[1.2, 0.3], [0.3, 0.7]]), np.array([0.3, -0.2])
    C = V - np.outer(u, u)
    angle = np.arccos(np.clip(C / np.sqrt(np.outer(np.diag(C), np.diag(C))), -1, 1))
    expected = (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
    found = limit.evaluate("drift", "V", at={"V": V, "u": u})
    np.testing.assert_allclose(found, expected, atol=1e-7)


@pytest.mark.parametrize("unit", [vl.erf, vl.relu, vl.tanh])
def test_a_gradient_through_a_unit_is_refused_and_not_zero(unit) -> None:
    z, v, a = vl.state("z", n), vl.fixed("v", n, unit=True), vl.data("a", n)
    loss = (unit(a @ z) - a @ v) ** 2 / 2
    watch = {"m": z @ v, "q": z @ z}
    layer = vl.Layer("student", {z: vl.gradient_flow(loss, z, 1 / n)}, watch, {n: N}, N)
    limit = vl.derive(layer)
    assert limit.regime == "UNDECIDED"
    assert "write the step out" in limit.words[0]


def test_units_of_several_fields_are_averaged_over_all_of_them() -> None:
    """Of two independent fields no variable is left in the mean; two tokens are too many."""
    f = vl.sizes("f")
    for state, watched in ((vl.state("z", n), "q"), (X, "V")):
        U, G = (state @ vl.gaussian(k, n, f) / vl.sqrt(n) for k in "AB")
        branch = vl.tanh(vl.sin(U) * G) @ vl.gaussian("C", f, n) / vl.sqrt(f)
        gram = state @ state.T / n if watched == "V" else state @ state / n
        step = {state: state + branch / vl.sqrt(N)}
        limit = vl.derive(vl.Layer("nested", step, {watched: gram}, {n: N, f: N}, N))
        if watched == "V":
            assert "more than two units at once" in limit.words[0]
            continue
        u, g = np.random.default_rng(0).standard_normal((2, 400_000))
        sample = np.tanh(np.sin(u) * g) ** 2
        found = limit.evaluate("drift", "q", at={"q": 1.0})
        assert float(found) == pytest.approx(sample.mean(), abs=5 * sample.std() / 632)


def test_the_slope_of_a_sign_has_a_mean() -> None:
    """q' = -2 c sqrt(2 / pi) q / sqrt(q + s^2) + c^2 for sign descent on a regression."""
    z, a = vl.state("z", n), vl.data("a", n)
    step = {z: z - vl.sign(a @ z - 2 * xi) * a / n}
    limit = vl.derive(vl.Layer("signs", step, {"q": z @ z}, {n: N}, N))
    expected = -2 * np.sqrt(2 / np.pi) * 0.9 / np.sqrt(4.9) + 1
    assert limit.evaluate("drift", "q", at={"q": 0.9}) == pytest.approx(expected)


def test_a_path_of_many_steps_is_taken_at_a_smaller_n() -> None:
    limit = limit_of("random_heads")
    paths = Paths(limit, FiniteLayer(limit.layer))
    assert paths.levels[-1] == paths.n == 32
