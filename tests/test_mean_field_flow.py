"""The mean-field room: generated blocks, drift, limits in width and depth, derivation."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.mean_field_flow import wrong
from checks.mean_field_flow.identities import (
    adjoint_residuals,
    draw,
    gradient_residuals,
    variation_residuals,
)
from numerics.generated import mean_field_flow as formulas
from numerics.mean_field_flow import (
    Ball,
    at_every_layer,
    atomic_law,
    ball,
    depth_limit,
    draw_weights,
    half_steps,
    richardson,
    train,
)
from numerics.mean_field_flow.particles import HUBER, Data, Particles, drift, forward, squared_norm
from numerics.mean_field_flow.sequences import in_context_regression
from theory.language import Status, Step, run_steps

KEY = jax.random.key(0)
DATA = in_context_regression(KEY, 3, context=2, dimension=1)


def network(depth: int, width: int, seed: int = 1) -> Particles:
    drawn = ball(jax.random.key(seed), depth * width, 3)
    return jax.tree.map(lambda x: x.reshape(depth, width, *x.shape[1:]), drawn)


def plain_outputs(particles: Particles, data: Data) -> np.ndarray:
    """The network of the paper in NumPy, layer by layer, particle by particle."""
    L, M = particles.V.shape[:2]
    V, W, W1, W2 = (np.asarray(x) for x in particles)
    out = []
    for H in np.asarray(data.inputs):
        Z = H.copy()
        for t in range(L):
            step = np.zeros_like(Z)
            for j in range(M):
                e = np.exp(Z.T @ W[t, j] @ Z)
                step += V[t, j] @ Z @ (e / e.sum(axis=0))
            Z = Z + step / (2 * L * M)
            step = np.zeros_like(Z)
            for j in range(M):
                x = W1[t, j] @ Z
                step += W2[t, j] @ np.where(x <= 0, 0, np.where(x <= 1, x**2 / 2, x - 0.5))
            Z = Z + step / (2 * L * M)
        out.append(Z[data.row, -1])
    return np.array(out)


def outputs(particles: Particles, weights: Any, data: Data) -> jax.Array:
    eta = half_steps(len(weights))
    return jax.vmap(lambda H: forward(particles, weights, eta, H)[0][data.row, -1])(data.inputs)


def test_the_network_is_that_of_the_paper() -> None:
    particles = network(3, 2)
    found = outputs(particles, jnp.full((3, 2), 0.5), DATA)
    np.testing.assert_allclose(found, plain_outputs(particles, DATA), rtol=1e-12)


def test_weights_of_atoms_are_copies_of_particles() -> None:
    law = atomic_law(KEY, 4, 3)
    weights = draw_weights(jax.random.key(3), 2, 5, 4)
    counts = np.rint(5 * np.asarray(weights)).astype(int)
    rows = [np.repeat(np.arange(4), c) for c in counts]
    copies = jax.tree.map(lambda x: jnp.stack([x[r] for r in rows]), law.particles)
    found = outputs(at_every_layer(law, 2), weights, DATA)
    np.testing.assert_allclose(found, plain_outputs(copies, DATA), rtol=1e-12)


def test_drift_is_depth_times_width_times_the_gradient_of_the_penalised_risk() -> None:
    particles, weights, decay = network(2, 3), jnp.full((2, 3), 1 / 3), 0.05

    def penalised(x: Particles) -> jax.Array:
        risk = jnp.mean((outputs(x, weights, DATA) - DATA.labels) ** 2) / 2
        return risk + decay / 2 * squared_norm(x, weights, half_steps(2))

    G, measured = drift(particles, weights, half_steps(2), DATA, decay)
    value, gradient = jax.value_and_grad(penalised)(particles)
    np.testing.assert_allclose(measured.penalised, value, rtol=1e-13)
    for mine, auto in zip(G, gradient, strict=True):
        np.testing.assert_allclose(mine, 6 * auto, atol=1e-14)


def test_layers_of_step_zero_are_not_there() -> None:
    particles, weights = network(4, 2), jnp.full((4, 2), 0.5)
    short = jax.tree.map(lambda x: x[:2], particles)
    run = lambda p, w, eta: forward(p, w, eta, DATA.inputs[0])[0]  # noqa: E731
    np.testing.assert_allclose(
        run(particles, weights, half_steps(2, 4)),
        run(short, weights[:2], half_steps(2)),
        rtol=1e-14,
    )


def test_depth_limit_and_its_coefficient_agree_with_richardson() -> None:
    law = atomic_law(jax.random.key(5), 3, 3)
    limit, coefficient = depth_limit(law, DATA.inputs, row=DATA.row)
    at = {L: outputs(at_every_layer(law, L), jnp.full((L, 3), 1 / 3), DATA) for L in (16, 32)}
    np.testing.assert_allclose(richardson(at[16], at[32]), limit, atol=3e-4)
    np.testing.assert_allclose(32 * (at[32] - limit), coefficient, rtol=0.1)
    simultaneous = depth_limit(law, DATA.inputs, row=DATA.row, defect=wrong.simultaneous)[1]
    assert jnp.abs(simultaneous / coefficient - 1).max() > 0.2


def test_training_lowers_the_risk_and_is_repeatable() -> None:
    law = atomic_law(KEY, 3, 3)
    options = {"depth": 2, "decay": 0.01, "time": 4.0, "step": 0.5, "initial_law": law}
    runs = [train(KEY, DATA, width=4, **options) for _ in range(2)]
    assert jnp.all(jnp.diff(runs[0].measured.penalised) < 0)
    assert runs[0].times[-1] == 4.0
    np.testing.assert_array_equal(runs[0].measured.risk, runs[1].measured.risk)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": None, "initial_law": Ball()}, "atomic initial law"),
        ({"depth": 0}, "at least 1"),
        ({"step": 0.0}, "step > 0"),
        ({"initial_law": atomic_law(KEY, 2, 5)}, "states with 3 rows"),
    ],
)
def test_bad_input_is_refused(changes: dict[str, Any], message: str) -> None:
    options = {"depth": 2, "width": 2, "decay": 0.1, "time": 1.0, "step": 0.5} | changes
    options.setdefault("initial_law", Ball())
    with pytest.raises(ValueError, match=message):
        train(KEY, DATA, **options)


@given(st.permutations(range(4)), st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_blocks_are_permutation_equivariant(order: list[int], seed: int) -> None:
    Z = jax.random.normal(jax.random.key(seed), (3, 4))
    one = jax.tree.map(lambda x: x[0, 0], network(1, 1, seed))
    for block in (
        lambda z: formulas.attention(z, one.V, one.W),
        lambda z: formulas.feedforward(z, one.W1, one.W2),
        lambda z: formulas.block_velocity(z, *one),
    ):
        np.testing.assert_allclose(
            block(Z[:, jnp.array(order)]), block(Z)[:, jnp.array(order)], atol=1e-12
        )


def test_velocity_and_adjoint_velocity_are_halves_of_the_blocks() -> None:
    one = jax.tree.map(lambda x: x[0, 0], network(1, 1))
    Z, p = jax.random.normal(KEY, (2, 3, 4))
    both = formulas.attention(Z, one.V, one.W) + HUBER.feedforward(Z, one.W1, one.W2)
    np.testing.assert_allclose(formulas.block_velocity(Z, *one), both / 2, rtol=1e-13)
    wanted = jax.vjp(lambda z: formulas.block_velocity(z, *one), Z)[1](p)[0]
    np.testing.assert_allclose(formulas.adjoint_velocity(Z, p, *one), -wanted, atol=1e-13)


@pytest.mark.parametrize("residuals", [gradient_residuals, adjoint_residuals, variation_residuals])
def test_identities_hold_and_slips_are_seen(residuals: Any) -> None:
    keys = np.asarray(jax.random.key_data(jax.random.split(KEY, 8)))
    found = jax.jit(jax.vmap(residuals))(draw(keys))
    assert found.pop("right").max() < 1e-12
    assert len(found) == 2
    for slip in found.values():
        assert slip.min() > 1e-4


def test_printed_slips_fail_as_steps() -> None:
    c, A, B, lam = sp.symbols("c A B lambda", positive=True)
    value = sp.Symbol("value")
    left = (
        c * 0 + lam / 2 * (c**2 * A**2 + B**2) + c * value - c * (value + lam / 2 * (A**2 + B**2))
    )
    printed = lam * (c - 1) * A**2
    sheet = lam * ((c**2 - c) * A**2 + (1 - c) * B**2)
    steps = [
        Step(n, left, right, "as printed") for n, right in (("paper", printed), ("sheet", sheet))
    ]
    plain = Step("exponential", sp.Rational(5, 4), sp.cosh(sp.Rational(1, 2)), "plain exponential")
    assert [o.status for o in run_steps([*steps, plain])] == [Status.FAILED] * 3
