"""The floor of the training loss, and networks on AR(L) data, each by a second route."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from checks.shallow_transformer_gd import readings, wrong
from numerics.shallow_transformer_gd import initialize, network, projected_gd
from numerics.shallow_transformer_gd.autoregressive import (
    Recurrent,
    attention_gradient,
    placed,
    recurrent_network,
    windows,
)
from numerics.shallow_transformer_gd.iterations import (
    kick_and_last,
    recurrent,
    steps_needed,
)
from numerics.shallow_transformer_gd.ladders import (
    descend_all,
    in_pairs,
    ladder,
    largest_ways,
    outputs,
    shrinking,
    start_heads,
)
from numerics.shallow_transformer_gd.projected import Heads
from numerics.shallow_transformer_gd.transport import labels, random_teacher, taught
from numerics.shallow_transformer_gd.widths import floor_share, tangent_kernels, width_runs

KEY = jax.random.key(4)


def test_the_floor_is_gradient_descent_with_the_kernel() -> None:
    X = jax.random.normal(KEY, (5, 4, 3))
    U, W = jax.random.normal(KEY, (6, 3)), jax.random.normal(KEY, (6, 3, 3))
    features, _ = jax.jit(taught)(X, X[:1], U, W)
    K, y = np.asarray(tangent_kernels(features).sum(0)), np.arange(1.0, 6.0)
    f = np.zeros(5)
    for _ in range(9):
        f = f - 0.2 * 2 / 5 * K @ (f - y)
    share = np.sum((f - y) ** 2) / np.sum(y**2)
    np.testing.assert_allclose(floor_share(jnp.asarray(K), jnp.asarray(y), 0.2, 10), share)


def test_the_kernels_are_those_of_the_network_of_the_pool() -> None:
    X = jax.random.normal(KEY, (3, 4, 2))
    pool = initialize(KEY, heads=6, dim=2, symmetric=False)
    rows = jax.jit(jax.jacrev(lambda p: network(p, X)))(pool)
    features, _ = jax.jit(taught)(X, X[:1], pool.U, pool.W)
    for kernel, leaf in zip(tangent_kernels(features), rows, strict=True):
        J = leaf.reshape(3, -1)
        np.testing.assert_allclose(kernel, J @ J.T, atol=1e-13)


def test_wide_networks_come_near_the_floor_and_projected_ones_stay_near_their_start() -> None:
    sizes = {"samples": 4, "length": 3, "dim": 2, "steps": 9, "pool": 8, "copies": 2}
    keys = jnp.arange(8, dtype=jnp.uint32).reshape(4, 2)
    one, two = ladder((512,)), ladder((4, 8))
    wide = width_runs(keys, in_pairs(one), 3 * shrinking(one), widths=(512,), **sizes)
    table = {"smallest/512": wide.smallest[..., 0], "steps": np.full(4, 9)}
    table |= {"kernels": wide.kernels, "labels": wide.labels}
    assert readings.excess({"m": 512}, table).max() < 0.03
    near = width_runs(keys, in_pairs(two), 0.01 * shrinking(two), widths=(4, 8), **sizes)
    assert float(near.moved.max()) <= 0.01 + 1e-15


@pytest.mark.parametrize("pairs", [in_pairs, wrong.one_by_one])
def test_a_ladder_trains_each_width_as_it_would_be_trained_alone(pairs: Any) -> None:
    networks, drawn = ladder((4, 6)), initialize(KEY, heads=6, dim=2, symmetric=False)
    start = start_heads(drawn, pairs(networks))
    X = jax.random.normal(KEY, (5, 3, 2))
    y = jnp.arange(5.0)
    radii = 0.5 / jnp.sqrt(networks.width)
    last, losses = jax.jit(lambda p: descend_all(networks, p, X, y, 0.2, radii, steps=7))(start)
    ways = largest_ways(networks, last, start)
    for place, some in enumerate((slice(0, 4), slice(4, 10))):
        own = Heads(*(block[some] for block in start))
        alone = projected_gd(own, (X, y), steps=7, step_size=0.2, radii=(0.5,) * 3)
        np.testing.assert_allclose(losses[:, place], alone.losses, rtol=1e-12)
        np.testing.assert_allclose(last.W[some], alone.params.W, rtol=1e-10)
        far = [jnp.abs((b - a).reshape(len(a), -1)) for a, b in zip(own, alone.params, strict=True)]
        wanted = max(float(jnp.sqrt((x**2).sum(1)).max()) for x in far) * len(own.c) ** 0.5
        np.testing.assert_allclose(ways[place], wanted, rtol=1e-10)
    zero = float(jnp.abs(outputs(networks, start, X)).max()) < 1e-14
    assert zero == (pairs is in_pairs)  # pairs cancel, heads one by one do not


def test_labels_by_features_are_those_by_forward_derivatives() -> None:
    teacher = random_teacher(KEY, length=3, dim=2, anchors=2, pool=6, radii=(3.0, 3.0, 3.0))
    X = jax.random.normal(KEY, (5, 3, 2))
    _, y = jax.jit(taught)(X, teacher.anchors, teacher.U, teacher.W)
    np.testing.assert_allclose(y, labels(teacher, X), rtol=1e-12)


def test_gradients_on_lagged_windows_are_those_of_autodiff() -> None:
    x, _ = windows(jnp.zeros(2, jnp.uint32), 3, 4)
    p = Recurrent(*(jax.random.normal(jax.random.key(i), (5,)) for i in range(3)))
    slopes = jax.jit(jax.jacrev(lambda w: recurrent_network(p._replace(w=w), x)[0]))(p.w)
    np.testing.assert_allclose(recurrent_network(p, x)[1], (slopes**2).sum(1), rtol=1e-12)
    heads, X = initialize(KEY, heads=4, dim=9), placed(x)
    slopes = jax.jit(jax.jacrev(lambda W: network(heads._replace(W=W), X)))(heads.W)
    np.testing.assert_allclose(attention_gradient(heads, X), (slopes**2).sum((1, 2, 3)), rtol=1e-12)


def test_windows_follow_the_recursion() -> None:
    x, y = windows(jnp.zeros(2, jnp.uint32), 40_000, 3)
    noise = np.stack([x[:, 3] - 0.9 * x[:, 0], y - 0.9 * x[:, 1]])
    np.testing.assert_allclose(np.cov(noise), 0.1 * np.eye(2), atol=0.005)
    np.testing.assert_allclose(np.var(x, axis=0), 0.1 / 0.19, rtol=0.05)


def test_steps_are_counted_to_the_one_that_the_small_eigenvalue_takes() -> None:
    """With gradients (1, 0) and (0, s) the second residual is s (1 - s^2)^k after k steps."""
    s, loss = 0.3, 1e-4
    last = np.log(np.sqrt(2 * loss) / s) / np.log(1 - s**2)
    found = steps_needed(jnp.diag(jnp.array([1.0, s])), jnp.array([0.0, 1.0]), loss=loss)
    assert int(found) == np.ceil(last)


def test_gradients_of_kick_and_last_have_the_determinant_that_is_said() -> None:
    w, u, T = 1.2, 0.7, 9
    J = jax.vmap(jax.grad(recurrent), (None, 0))(jnp.array([w, u]), kick_and_last(w, u, T))
    c = 1 / np.cosh(u) ** 2
    np.testing.assert_allclose(J[1], [0.0, c], atol=1e-12)
    np.testing.assert_allclose(jnp.linalg.det(J), w ** (T - 2) * np.tanh(u) * c, rtol=1e-10)
