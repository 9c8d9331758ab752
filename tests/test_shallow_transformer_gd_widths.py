"""The floor of the training loss, and networks on AR(L) data, each by a second route."""

import jax
import jax.numpy as jnp
import numpy as np

from numerics.shallow_transformer_gd import initialize, network
from numerics.training.autoregressive import (
    Recurrent,
    attention_gradient,
    placed,
    recurrent_network,
    windows,
)
from numerics.training.widths import floor_share, tangent_kernels, width_runs

KEY = jax.random.key(4)


def test_the_floor_is_gradient_descent_with_the_kernel() -> None:
    X = jax.random.normal(KEY, (5, 4, 3))
    U, W = jax.random.normal(KEY, (6, 3)), jax.random.normal(KEY, (6, 3, 3))
    K, y = np.asarray(tangent_kernels(X, U, W).sum(0)), np.arange(1.0, 6.0)
    f = np.zeros(5)
    for _ in range(9):
        f = f - 0.2 * 2 / 5 * K @ (f - y)
    share = np.sum((f - y) ** 2) / np.sum(y**2)
    np.testing.assert_allclose(floor_share(jnp.asarray(K), jnp.asarray(y), 0.2, 10), share)


def test_the_kernels_are_those_of_the_network_of_the_pool() -> None:
    X = jax.random.normal(KEY, (3, 4, 2))
    pool = initialize(KEY, heads=6, dim=2, symmetric=False)
    rows = jax.jacrev(lambda p: network(p, X))(pool)
    for kernel, leaf in zip(tangent_kernels(X, pool.U, pool.W), rows, strict=True):
        J = leaf.reshape(3, -1)
        np.testing.assert_allclose(kernel, J @ J.T, atol=1e-13)


def test_wide_networks_come_near_the_floor_and_projected_ones_stay_near_their_start() -> None:
    sizes = {"samples": 4, "length": 3, "dim": 2, "steps": 9, "pool": 8}
    keys = jnp.arange(8, dtype=jnp.uint32).reshape(4, 2)
    wide = width_runs(keys, 512.0, 3.0, True, most=512, **sizes)
    np.testing.assert_allclose(wide.smallest, wide.floor, atol=0.03)
    assert float(width_runs(keys, 4.0, 0.01, True, most=8, **sizes).moved.max()) <= 0.01 + 1e-15


def test_gradients_on_lagged_windows_are_those_of_autodiff() -> None:
    x, _ = windows(jnp.zeros(2, jnp.uint32), 3, 4)
    p = Recurrent(*(jax.random.normal(jax.random.key(i), (5,)) for i in range(3)))
    slopes = jax.jacrev(lambda w: recurrent_network(p._replace(w=w), x)[0])(p.w)
    np.testing.assert_allclose(recurrent_network(p, x)[1], (slopes**2).sum(1), rtol=1e-12)
    heads, X = initialize(KEY, heads=4, dim=9), placed(x)
    slopes = jax.jacrev(lambda W: network(heads._replace(W=W), X))(heads.W)
    np.testing.assert_allclose(attention_gradient(heads, X), (slopes**2).sum((1, 2, 3)), rtol=1e-12)


def test_windows_follow_the_recursion() -> None:
    x, y = windows(jnp.zeros(2, jnp.uint32), 40_000, 3)
    noise = np.stack([x[:, 3] - 0.9 * x[:, 0], y - 0.9 * x[:, 1]])
    np.testing.assert_allclose(np.cov(noise), 0.1 * np.eye(2), atol=0.005)
    np.testing.assert_allclose(np.var(x, axis=0), 0.1 / 0.19, rtol=0.05)
