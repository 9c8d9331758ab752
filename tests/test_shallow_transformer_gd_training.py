"""The network, its training, and the recurrent contrast, each by two routes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.generated.shallow_transformer_gd import attention_head
from numerics.shallow_transformer_gd import (
    Data,
    batches,
    certified_gd,
    initialize,
    kick_and_cancel,
    linearization_error,
    network,
    ntk,
    online_start,
    online_step,
    projected_gd,
    recurrent_gradient,
    teacher_data,
)
from numerics.shallow_transformer_gd.boundary import transported
from numerics.shallow_transformer_gd.projected import Heads, clipped
from numerics.shallow_transformer_gd.transport import random_teacher, response, tokens, transport

EPS = float(jnp.finfo(jnp.float64).eps)
KEY = jax.random.key(5)


@pytest.fixture(scope="module")
def data() -> Data:
    return teacher_data(KEY, samples=12, length=5, dim=3, pool=32)


@pytest.fixture(scope="module")
def start() -> Heads:
    return initialize(KEY, heads=8, dim=3)


def test_the_symmetric_network_is_zero_and_the_asymmetric_one_is_not(
    data: Data, start: Heads
) -> None:
    assert float(jnp.abs(network(start, data.X)).max()) < 64 * EPS
    single = initialize(KEY, heads=8, dim=3, symmetric=False)
    assert float(jnp.abs(network(single, data.X)).max()) > 0.01


def test_the_network_is_its_heads_written_out(data: Data, start: Heads) -> None:
    moved = Heads(start.c + 0.1, start.U * 1.1, start.W)
    x = data.X[0]
    total = 0.0
    for c, U, W in zip(*moved, strict=True):
        weights = np.exp(np.asarray(x @ W @ x[-1]))
        total += float(c) * np.tanh(weights @ np.asarray(x) / weights.sum() @ np.asarray(U))
    np.testing.assert_allclose(network(moved, x), total / np.sqrt(8), atol=64 * EPS)


def test_repeating_every_token_changes_nothing_even_in_training(data: Data, start: Heads) -> None:
    often = Data(jnp.repeat(data.X, 8, axis=1), data.y)
    run = {"steps": 20, "step_size": 0.5, "radii": (1.0, 1.0, 1.0)}
    one, eight = (projected_gd(start, d, **run).losses for d in (data, often))
    np.testing.assert_allclose(one, eight, rtol=1e-10)


def test_descent_lowers_the_loss_and_stays_in_the_projection_set(data: Data, start: Heads) -> None:
    radii = (0.2, 0.3, 0.1)
    run = projected_gd(start, data, steps=40, step_size=1.0, radii=radii)
    assert float(run.losses[-1]) < float(run.losses[0])
    for block, first, radius in zip(run.params, start, radii, strict=True):
        moved = np.linalg.norm(np.asarray(block - first).reshape(8, -1), axis=1)
        assert moved.max() <= radius / np.sqrt(8) * (1 + 8 * EPS)


def test_one_step_is_a_gradient_step_by_finite_differences(data: Data, start: Heads) -> None:
    run = projected_gd(start, data, steps=1, step_size=1e-3, radii=(np.inf,) * 3)

    def loss(shift: float) -> float:
        moved = Heads(start.c.at[2].add(shift), start.U, start.W)
        return float(jnp.mean((network(moved, data.X) - data.y) ** 2))

    slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
    np.testing.assert_allclose((start.c - run.params.c)[2] / 1e-3, slope, rtol=1e-6)


def test_batches_of_all_samples_are_full_descent(data: Data, start: Heads) -> None:
    run = {"steps": 5, "step_size": 0.5, "radii": (1.0, 1.0, 1.0)}
    rows = jnp.tile(jnp.arange(12), (5, 1))
    full, batched = projected_gd(start, data, **run), projected_gd(start, data, **run, batch=rows)
    np.testing.assert_allclose(full.losses, batched.losses, rtol=1e-12)
    drawn = batches(KEY, steps=5, samples=12)
    assert projected_gd(start, data, **run, batch=drawn).losses.shape == (5,)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31 - 1), st.floats(0.01, 5))
def test_clipping_is_the_nearest_point_of_the_ball(seed: int, radius: float) -> None:
    x = np.random.default_rng(seed).normal(size=(4, 3, 3))
    inside = np.asarray(clipped(jnp.asarray(x), radius))
    norms = np.linalg.norm(x.reshape(4, -1), axis=1)
    found = np.linalg.norm(inside.reshape(4, -1), axis=1)
    np.testing.assert_allclose(found, np.minimum(norms, radius), rtol=1e-12)
    np.testing.assert_allclose(inside * (norms / found)[:, None, None], x, rtol=1e-10)


def test_the_transported_point_realises_the_mean_response(start: Heads) -> None:
    teacher = random_teacher(KEY, length=5, dim=3, anchors=2, pool=4, radii=(3.0, 3.0, 3.0))
    X = tokens(KEY, 6, 5, 3)
    way = jax.tree.map(lambda v: v / jnp.sqrt(8), transported(start, teacher))
    _, linear = jax.jvp(lambda p: network(p, X), (start,), (way,))
    each = [
        [response(x, U, W, transport(teacher, U, W)) for x in X]
        for U, W in zip(start.U, start.W, strict=True)
    ]
    np.testing.assert_allclose(linear, np.mean(np.array(each), axis=0), atol=1e-13)


def test_the_linearisation_error_is_of_second_order(data: Data, start: Heads) -> None:
    def error(scale: float) -> float:
        # One head of each pair alone: if both move alike their errors cancel.
        moved = start._replace(U=start.U.at[:4].add(scale * start.U[3::-1]))
        return float(linearization_error(moved, start, data.X))

    assert error(1e-3) / error(1e-4) == pytest.approx(100, rel=0.05)


def test_the_kernel_is_that_of_wide_gradients(data: Data) -> None:
    X = data.X[:3]
    wide = initialize(jax.random.key(9), heads=20_000, dim=3, symmetric=False)
    rows = jax.jacrev(lambda p: network(p, X))(wide)
    J = jnp.concatenate([leaf.reshape(3, -1) for leaf in rows], axis=1)
    kernel = ntk(KEY, X, X, activation="tanh", heads=20_000)
    np.testing.assert_allclose(kernel, J @ J.T, atol=0.03)
    np.testing.assert_allclose(kernel, kernel.T, atol=1e-12)
    assert np.linalg.eigvalsh(ntk(KEY, X, X, activation="erf", heads=200)).min() > 0


def test_the_certificate_holds_on_a_run(data: Data, start: Heads) -> None:
    star = projected_gd(start, data, steps=30, step_size=0.2, radii=(1.0, 1.0, 1.0)).params
    run = certified_gd(start, star, data, steps=30, step_size=0.1, radii=(1.0, 1.0, 1.0))
    distance2 = sum(float(jnp.sum((x - y) ** 2)) for x, y in zip(star, start, strict=True))
    assert 4 * 0.1 * float(run.selfbounds.max()) <= 1
    assert float(run.losses.mean()) <= distance2 / (0.1 * 30) + 2 * float(run.defects.mean())


def test_the_recurrent_gradient_is_autodiff_s_and_explodes_on_kick_and_cancel() -> None:
    w, inputs = 1.2, jnp.array([0.3, -0.2, 0.5, 0.1])

    def state(w: jax.Array) -> jax.Array:
        h = jnp.zeros(())
        for z in inputs:
            h = jnp.tanh(w * h + z)
        return h

    np.testing.assert_allclose(recurrent_gradient(w, inputs), jax.grad(state)(w), rtol=1e-12)
    for length in (4, 64):
        found = recurrent_gradient(w, kick_and_cancel(w, 1.5, length))
        np.testing.assert_allclose(found, np.tanh(1.5) * w ** (length - 2), rtol=1e-12)


def test_online_attention_is_attention_at_any_scale_of_the_logits(data: Data, start: Heads) -> None:
    query, scale = jnp.array([0.6, 0.0, 0.8]), 200.0
    state = online_start(8, 3)
    for token in data.X[0]:
        state = online_step(state, scale * start.W @ query, token)
    heads = jax.vmap(attention_head, (None, 0, None))(data.X[0], scale * start.W, query)
    np.testing.assert_allclose(state.mean, heads, atol=1e-10)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s, d: initialize(KEY, heads=3, dim=2), "even number of heads"),
        (lambda s, d: projected_gd(s, d, steps=1, step_size=1.0, radii=(1.0, -1.0)), "three radii"),
        (lambda s, d: projected_gd(s, d, steps=0, step_size=1.0, radii=(1.0,) * 3), "steps >= 1"),
        (
            lambda s, d: projected_gd(
                s, d, steps=2, step_size=1.0, radii=(1.0,) * 3, batch=jnp.array([[0], [12]])
            ),
            "rows of batch",
        ),
        (lambda s, d: ntk(KEY, d.X, d.X, activation="relu", heads=2), "expected activation"),
        (lambda s, d: teacher_data(KEY, samples=0, length=2, dim=2), "samples"),
        (lambda s, d: kick_and_cancel(1.0, 1.0, 1), "length of at least 2"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, words: str, data: Data, start: Heads) -> None:
    with pytest.raises(ValueError, match=words):
        call(start, data)
