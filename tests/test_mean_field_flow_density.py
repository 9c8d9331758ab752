"""The PDE in one dimension, particles, stationary points, and the data sets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from numerics.generated.mean_field_flow import attention, tied_gradient, tied_velocity
from numerics.mean_field_flow import Ball, scalar_tokens, train
from numerics.mean_field_flow.digits import ROWS, two_digits
from numerics.mean_field_flow.finite_volume import quantiles, upwind_rate
from numerics.mean_field_flow.sequences import in_context_regression, permuted_pairs
from numerics.mean_field_flow.stationary import stationary_points

KEY = jax.random.key(4)
PAIRS = scalar_tokens.random_pairs(KEY)


def test_the_tied_velocity_is_attention_of_one_row() -> None:
    y = jnp.array([[0.7]])
    for tokens in PAIRS.tokens:
        found = jnp.stack(tied_velocity(tokens[0], tokens[1], y[0, 0]))
        np.testing.assert_allclose(found, attention(tokens[None], y, y)[0] / 2, rtol=1e-12)


def test_the_tied_gradient_is_the_derivative_of_the_pairing() -> None:
    pairing = lambda y: 0.3 * tied_velocity(0.5, -0.2, y)[0] - 1.1 * tied_velocity(0.5, -0.2, y)[1]  # noqa: E731
    for y in (-1.0, 0.0, 2.0):
        np.testing.assert_allclose(tied_gradient(0.5, -0.2, 0.3, -1.1, y), jax.grad(pairing)(y))


def test_the_drift_of_scalar_tokens_is_the_gradient_of_the_risk() -> None:
    points = jax.random.normal(KEY, (3, 2))
    weights = jnp.full((3, 2), 0.5)

    def risk(y: jax.Array) -> jax.Array:
        u = PAIRS.tokens
        for layer in y:
            move = lambda v, z: jnp.stack(tied_velocity(v[0], v[1], z)) / 6  # noqa: E731
            moves = jax.vmap(jax.vmap(move, (None, 0)), (0, None))(u, layer)
            u = u + moves.sum(axis=1)
        return jnp.mean((u[:, 1] - PAIRS.labels) ** 2) / 2 + 0.05 * jnp.sum(y**2) / 6

    found = scalar_tokens.drift(points, weights, points, PAIRS, 0.1)
    np.testing.assert_allclose(found, 6 * jax.grad(risk)(points), atol=1e-13)


def test_upwind_conserves_mass_and_keeps_it_positive() -> None:
    mass = jnp.array([0.0, 0.2, 0.5, 0.3, 0.0])
    velocity = jnp.array([1.0, -1.0, 0.5, 1.0])
    rate = upwind_rate(mass, velocity, 0.1)
    assert abs(float(rate.sum())) < 1e-15
    assert jnp.all(mass + 0.05 * rate >= 0)
    assert jnp.any(mass + 0.5 * rate < 0)


def test_the_density_keeps_mass_at_each_depth_and_stays_positive() -> None:
    mass, edges = scalar_tokens.flow_density(
        PAIRS, depth=2, cells=32, most=40, decay=0.1, time=2.0, steps=32
    )
    assert jnp.all(edges[32:] == scalar_tokens.EDGE)
    assert jnp.all(mass[:, 32:] == 0)
    np.testing.assert_allclose(mass.sum(axis=1), 1.0, rtol=1e-13)
    assert mass.min() >= 0


def test_quantiles_of_a_uniform_density() -> None:
    found = quantiles(jnp.full(4, 0.25), jnp.linspace(0.0, 1.0, 5), jnp.array([0.1, 0.5, 0.9]))
    np.testing.assert_allclose(found, [0.1, 0.5, 0.9], rtol=1e-14)


def test_labels_are_those_of_linear_regression() -> None:
    data = in_context_regression(KEY, 5, context=6, dimension=2)
    for H, label in zip(np.asarray(data.inputs), np.asarray(data.labels), strict=True):
        w = np.linalg.lstsq(H[:2, :-1].T, H[2, :-1], rcond=None)[0]
        assert abs(np.linalg.norm(w) - 1) < 1e-12
        assert abs(w @ H[:2, -1] - label) < 1e-12
        assert H[2, -1] == 0


def test_permuted_pairs_hold_the_same_tokens_in_another_order() -> None:
    data = permuted_pairs(KEY, 2)
    for H, copy in zip(data.inputs[:2], data.inputs[2:], strict=True):
        assert not jnp.array_equal(H, copy)
        np.testing.assert_array_equal(jnp.sort(H, axis=1), jnp.sort(copy, axis=1))
    told_apart = permuted_pairs(KEY, 2, positions=True).inputs
    assert not jnp.array_equal(jnp.sort(told_apart[0], axis=1)[:3], told_apart[0][:3])


def test_stationary_points_are_at_rest_and_obey_the_virial_identity() -> None:
    data = in_context_regression(jax.random.key(11), 4, context=3, dimension=1)
    found = stationary_points(jax.random.key(1), data, (0.1, 0.03))
    assert found.slowness.max() < 1e-3
    assert found.virial.max() < 1e-2
    assert found.risk[1] < found.risk[0]


def test_digits_are_an_input_like_any_other() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is optional and brings the digits")
    data = two_digits(6)
    assert data.inputs.shape == (6, ROWS, 4)
    law = Ball(radius=2.0)
    options = {"depth": 2, "decay": 0.01, "time": 2.0, "step": 0.5, "initial_law": law}
    course = train(KEY, data, width=2, **options).measured.penalised
    assert course[-1] < course[0]
    with pytest.raises(ValueError, match="digits of"):
        two_digits(0)
