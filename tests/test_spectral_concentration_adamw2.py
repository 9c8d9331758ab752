"""The optimizer: against plain optax, an explicit NumPy loop, and what its cap promises."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.spectral_concentration import adamw2, relative_growth
from numerics.spectral_concentration.matrices import any_matrix
from numerics.spectral_concentration.spectral_norms import spectral_norms

PARAMS = {
    "stack": jnp.asarray(np.random.default_rng(0).standard_normal((2, 4, 3))),
    "gain": jnp.ones(3),
    "bias": jnp.zeros(3),
}


def gradients(seed: int) -> dict[str, jax.Array]:
    random = np.random.default_rng(seed)
    return {name: jnp.asarray(random.standard_normal(w.shape)) for name, w in PARAMS.items()}


def steps(method: optax.GradientTransformation, count: int, params=PARAMS):
    state = method.init(params)
    update, before = jax.jit(method.update), params
    for t in range(count):
        before = params
        moves, state = update(gradients(t), state, params)
        params = optax.apply_updates(params, moves)
    return before, params, state


def test_without_a_cap_it_is_optax_adamw() -> None:
    _, mine, _ = steps(adamw2(0.1, float("inf"), weight_decay=0.2), 5)
    _, theirs, _ = steps(optax.adamw(0.1, weight_decay=0.2), 5)
    for name in PARAMS:
        assert jnp.allclose(mine[name], theirs[name], rtol=1e-12, atol=1e-14)


def test_a_schedule_is_followed_and_reported() -> None:
    _, _, state = steps(adamw2(lambda count: 0.1 / (1 + count), float("inf")), 4)
    assert float(state.rate["gain"]) == pytest.approx(0.1 / 4)


def test_capped_steps_are_those_of_an_explicit_loop() -> None:
    _, after, state = steps(adamw2(1.0, 0.01, weight_decay=0.3, exact=True), 3)
    m = v = np.zeros((4, 3))
    w, rate = np.array(PARAMS["stack"][0]), 0.0
    for t in range(1, 4):
        g = np.array(gradients(t - 1)["stack"][0])
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        d = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        rate = min(1.0, 0.01 * np.linalg.norm(w, 2) / np.linalg.norm(d, 2))
        w = w - rate * (d + 0.3 * w)
    assert np.allclose(after["stack"][0], w, rtol=1e-12)
    assert float(state.rate["stack"][0]) == pytest.approx(rate)


def test_each_matrix_of_a_stack_and_each_vector_meets_the_cap() -> None:
    before, after, _ = steps(adamw2(1.0, 0.01, exact=True), 6)
    assert np.allclose(relative_growth(after["stack"], before["stack"]), 0.01, rtol=1e-12)
    step = jnp.linalg.norm(after["gain"] - before["gain"]) / jnp.linalg.norm(before["gain"])
    assert float(step) == pytest.approx(0.01)


def test_zero_parameters_move_and_exempt_ones_are_not_capped() -> None:
    exempt = {"stack": jnp.array([True, False]), "gain": False, "bias": False}
    _, after, state = steps(adamw2(0.5, 0.01, exempt=exempt), 2)
    assert bool(jnp.all(after["bias"] != 0))
    assert float(state.rate["bias"]) == 0.5
    assert float(state.rate["stack"][0]) == 0.5
    assert float(state.rate["stack"][1]) < 0.5


def test_a_function_may_choose_what_is_exempt() -> None:
    vectors = adamw2(0.5, 0.01, exempt=lambda p: jax.tree.map(lambda w: w.ndim < 2, p))
    _, _, state = steps(vectors, 1)
    assert float(state.rate["gain"]) == 0.5


def test_power_iteration_lets_steps_exceed_the_cap_and_exact_norms_do_not() -> None:
    weights = {"w": jnp.ones((32, 32))}  # of rank one: one round finds its norm
    grown = {}
    for exact in (True, False):
        method = adamw2(1.0, 0.01, power_iterations=1, exact=exact)
        slope = {"w": jnp.asarray(np.random.default_rng(2).standard_normal((32, 32)))}
        moves, _ = method.update(slope, method.init(weights), weights)
        grown[exact] = float(relative_growth(weights["w"] + moves["w"], weights["w"]))
    assert grown[True] == pytest.approx(0.01, rel=1e-12)
    assert grown[False] > 0.0101


jitted_norms = jax.jit(spectral_norms, static_argnums=2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 8), st.integers(1, 2))
def test_power_iteration_is_below_sigma_and_finite(seed: int, m: int, n: int, rounds: int) -> None:
    random = np.random.default_rng(seed)
    W, start = np.zeros((8, 8)), np.zeros(8)  # padded with zeros, so that one program serves all
    W[:m, :n], start[:n] = any_matrix(random, m, n), random.standard_normal(n)
    found, vector = jitted_norms(W, start / np.linalg.norm(start), rounds)
    assert float(found) <= np.linalg.norm(W, 2) * (1 + 64 * max(m, n) * 2**-53)
    assert float(jnp.linalg.norm(vector)) == pytest.approx(1.0)


def test_a_zero_matrix_keeps_the_warm_start() -> None:
    found, vector = spectral_norms(jnp.zeros((3, 2)), jnp.array([0.6, 0.8]), 3)
    assert float(found) == 0.0
    assert np.allclose(vector, [0.6, 0.8])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"tau": 0.0}, "above zero"),
        ({"tau": 0.01, "power_iterations": 0}, "exact=True"),
        ({"tau": 0.01, "power_iterations": 2.5}, "a whole number"),
        ({"tau": 0.01, "power_iterations": None}, "a whole number"),
        ({"tau": 0.01, "learning_rate": -1e3}, "a learning_rate"),
        ({"tau": 0.01, "learning_rate": float("nan")}, "a learning_rate"),
        ({"tau": 0.01, "learning_rate": None}, "a learning_rate"),
        ({"tau": None}, "above zero"),
        ({"tau": 0.01, "b1": 1.0}, "b1 and b2"),
        ({"tau": 0.01, "weight_decay": -1.0}, "at least zero"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        adamw2(**{"learning_rate": 0.1, **arguments})


def test_an_update_without_parameters_is_refused() -> None:
    method = adamw2(0.1, 0.01)
    with pytest.raises(ValueError, match="pass them"):
        method.update(PARAMS, method.init(PARAMS))


def test_the_two_factors_can_outrun_the_cap_of_each() -> None:
    """What the cap does not give: the product of capped factors may grow 10 001-fold in a step."""
    Wq, Wk = np.diag([1.0, 0.0]), np.diag([1e-6, 1.0])
    moved = Wk + np.diag([0.01, 0.0])
    assert np.linalg.norm(moved - Wk, 2) <= 0.01 * np.linalg.norm(Wk, 2)
    assert np.linalg.norm(Wq.T @ moved, 2) / np.linalg.norm(Wq.T @ Wk, 2) == pytest.approx(10001)
