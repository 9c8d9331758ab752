"""What the compiler refuses, and with which words; traps in which a wrong limit would be silent."""

import numpy as np
import pytest
import sympy as sp

import verilimit as vl
from tests.gallery import limit_of

m, n, f = vl.sizes("m n f")
c, gamma = vl.positive("c gamma")
X, x = vl.state("X", m, n), vl.state("x", n)
W, U = vl.gaussian("W", n, n), vl.gaussian("U", n, f)
y = vl.state("y")
xi = vl.gaussian("xi")


def layer(step: vl.Array, state: vl.Array = X, **more: object) -> vl.Layer:
    watch = {"V": X @ X.T / n} if state is X else {"q": x @ x} if state is x else {"y": y}
    options: dict = {"watch": watch, "scaling": {n: vl.N, f: vl.N}, "steps": vl.N} | more
    return vl.Layer("test", step={state: step}, **options)


def test_shapes_that_do_not_match_name_both() -> None:
    with pytest.raises(vl.LayerError, match=r"\(m, n\) @ \(m, n\).*last axis of X is n"):
        print(X @ X)
    with pytest.raises(vl.LayerError, match=r"axis -2 is m and n"):
        print(X + W)


def test_numpy_in_the_map_is_refused() -> None:
    with pytest.raises(TypeError, match="numpy's tanh"):
        np.tanh(X)
    with pytest.raises(TypeError, match=r"vl\.fixed"):
        print(X * np.ones(3))


def test_a_random_array_in_two_places_is_refused() -> None:
    tied = X + vl.relu(X @ U / vl.sqrt(n)) @ U.T / vl.sqrt(f)
    with pytest.raises(vl.LayerError, match=r"NOT MARKOV: the random array U stands in two places"):
        layer(tied)


def test_one_expression_used_twice_is_one_place() -> None:
    Z = X @ W / vl.sqrt(n)
    assert vl.derive(layer(X + c / vl.sqrt(n) * (Z + Z))).regime == "ODE"


def test_a_size_without_scaling_is_named() -> None:
    with pytest.raises(vl.LayerError, match="the sizes n have no scaling"):
        layer(X @ W / vl.sqrt(n), scaling={})


def test_a_statistic_that_grows_is_refused() -> None:
    with pytest.raises(vl.LayerError, match="an axis of size n, which grows"):
        layer(X @ W / vl.sqrt(n), watch={"X2": X})


def test_a_state_without_a_step_is_named() -> None:
    z = vl.state("z", n)
    with pytest.raises(vl.LayerError, match="the state z has no step"):
        layer(x + z / n, x)


def test_values_are_checked() -> None:
    limit = limit_of("shaped_gated_mlp")
    with pytest.raises(ValueError, match="at= names gama"):
        limit.evaluate("drift", "V", at={"gama": 1})
    with pytest.raises(ValueError, match="V is symmetric"):
        limit.evaluate("drift", "V", at={"V": [[1, 0.5], [0, 1]]})
    with pytest.raises(ValueError, match="the diagonal of rho is 1"):
        limit_of("post_rmsnorm").evaluate("drift", "rho", at={"rho": [[2, 0], [0, 1]]})
    with pytest.raises(ValueError, match="'R' is not watched"):
        limit.evaluate("drift", "R")


def test_a_witness_shows_two_states() -> None:
    words = " ".join(limit_of("relu_fixed_width").words)
    assert "Two states that agree in what is watched, x = [0, 0, 1] and x = [0, 0, -1]" in words


def test_the_map_of_an_unstable_layer_has_its_fixed_points() -> None:
    words = " ".join(limit_of("bilinear_glu").words)
    assert "0 (attracting" in words
    assert "1 (repelling" in words


def test_an_explosion_has_its_time() -> None:
    assert "explodes at t = 1/(V_0*gamma**2)" in " ".join(limit_of("bilinear_glu_deep").words)


def test_fast_and_slow_are_named() -> None:
    assert "k, h relaxes in O(1) steps" in limit_of("heavy_ball").words[0]


def test_jumps_show_the_fourth_moment() -> None:
    assert "c*theta**4*x**4 != 0" in limit_of("drop_path").words[0]


def test_a_trivial_layer_says_when_it_moves() -> None:
    assert "over N**(3) steps" in limit_of("centred_resnet").words[0]


def test_a_head_size_that_stays_fixed_is_an_order_of_limits() -> None:
    k = vl.sizes("k")
    Q, K = vl.gaussian("Q", n, k), vl.gaussian("K", n, k)
    A = vl.softmax(X @ Q @ (X @ K).T / n / vl.sqrt(k))
    limit = vl.derive(layer(X + A @ X @ W / n, scaling={n: vl.N, k: k}))
    assert limit.regime == "UNDECIDED"
    assert "ORDER OF LIMITS" in limit.words[0]


def test_a_relu_of_a_small_argument_is_not_expanded() -> None:
    limit = vl.derive(layer(y + vl.relu(xi / vl.sqrt(vl.N)) / vl.N, y))
    assert limit.regime == "UNDECIDED"


def test_a_small_argument_that_is_not_random_is_seen() -> None:
    limit = vl.derive(layer(y - c * vl.sin(y / vl.N), y))
    assert limit.regime == "ODE"
    assert sp.expand(limit.drift["y"] + c * sp.Symbol("y", real=True)) == 0


def test_names_of_states_are_not_captured_by_the_formula_of_a_unit() -> None:
    z = vl.state("x")
    for state in (y, z):
        moved = state - c / vl.N * vl.tanh(state + xi)
        watch = {str(state): state}
        limit = vl.derive(vl.Layer("named", {state: moved}, watch, steps=vl.N))
        value = limit.evaluate("drift", str(state), at={"c": 1, str(state): 0.5})
        sample = np.tanh(0.5 + np.random.default_rng(0).standard_normal(400_000))
        assert float(value) == pytest.approx(-sample.mean(), abs=5 * sample.std() / 632)


def test_a_unit_times_its_own_argument_is_one_unit() -> None:
    Z = vl.rms_norm(X) @ U / vl.sqrt(n)
    B = vl.gaussian("B", f, n)
    at = {c: 1, "V": [[1, 0.2], [0.2, 0.8]]}
    drifts = [
        vl.derive(layer(X + c / vl.sqrt(vl.N) * h @ B / vl.sqrt(f))).evaluate("drift", "V", at=at)
        for h in (Z * vl.sigmoid(Z), vl.silu(Z))
    ]
    np.testing.assert_allclose(drifts[0], drifts[1], rtol=1e-10)


def test_delocalised_states_are_an_assumption_that_is_said() -> None:
    S = vl.independent("S", n, n, cumulants=[0, 1, 0, -2])
    limit = vl.derive(layer(X @ S / vl.sqrt(n)))
    assert limit.regime == "SDE WITHOUT DRIFT"
    assert any("H4 ASSUMED" in w for w in limit.words)


def test_sizes_tied_by_an_identity_cancel_exactly() -> None:
    lam = vl.sqrt(1 - gamma**2)
    limit = vl.derive(layer(lam * X + gamma * X @ W / vl.sqrt(n)))
    assert limit.regime == "SDE WITHOUT DRIFT"


def test_the_hypothesis_of_no_jumps_says_what_the_verdict_says() -> None:
    assert limit_of("drop_path").hypotheses["H3"].startswith("FAILS")
    assert limit_of("deep_linear").hypotheses["H3"].startswith("PROVED")


def test_a_fast_variable_is_one_for_factors_below_one() -> None:
    assert "where these are below one in size" in limit_of("heavy_ball").words[0]


def test_moments_are_exact_in_a_hypothesis_only_where_nothing_is_expanded() -> None:
    for name, exact in (
        ("deep_linear", True),
        ("post_rmsnorm", False),
        ("smooth_shaped_mlp", False),
    ):
        for hypothesis in ("H1", "H2", "H3"):
            status = limit_of(name).hypotheses[hypothesis]
            assert status.startswith("PROVED" if exact else "ASSUMED")
