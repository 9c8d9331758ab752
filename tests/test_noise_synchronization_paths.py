"""Paths of networks and of their limit: properties that hold for every start and every seed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from checks import noise_synchronization as room
from numerics.engine.activations import ACTIVATIONS, NAMES
from numerics.generated.noise_synchronization import attention as attention_values
from numerics.generated.noise_synchronization import projected
from numerics.noise_synchronization import (
    dissipation_rate,
    kernel,
    limit_path,
    network_path,
    simple_attention,
    uniform_tokens,
)
from numerics.noise_synchronization import shared_noise as shared
from numerics.noise_synchronization.fresh_paths import driving_noise
from numerics.noise_synchronization.mlp_fields import Law, count, mlp_field, normals, symmetric_root
from numerics.noise_synchronization.token_couplings import squared_transport, weighted_systems
from numerics.noise_synchronization.token_layers import layer, normalised, walk

LAW = {"activation": "tanh", "sigma_u": 0.3, "sigma_w": 0.2}
SEEDS = st.integers(0, 2**31 - 1)


def start(seed: int, tokens: int = 3, d: int = 4) -> jax.Array:
    return uniform_tokens(jax.random.PRNGKey(seed), tokens, d)


def walked(z: np.ndarray, X0: jax.Array) -> jax.Array:
    law = Law(NAMES.index("tanh"), 0.3, 0.2)
    return walk(z, X0, simple_attention(4, beta=1.0, scale=1.0), 0.1, law, 3, 3, 2)


@given(SEEDS)
@settings(max_examples=5)
def test_the_noise_that_weights_drive_is_standard_normal_given_the_inner_ones(seed: int) -> None:
    """Z is linear in outer normals, with orthonormal rows; units beyond m have no part in it."""
    X, width, m, law = start(seed), 8, 6, Law(NAMES.index("tanh"), 0.3, 0.2)
    z = jax.random.normal(jax.random.PRNGKey(seed), (count(width, 4),))
    inner = width * 5

    def noise(outer: jax.Array) -> jax.Array:
        return driving_noise(jnp.concatenate([z[:inner], outer]), X, width, law, m)[1].ravel()

    np.testing.assert_allclose(noise(jnp.zeros(len(z) - inner)), 0.0, atol=1e-14)
    rows = jax.jacobian(noise)(z[inner:])
    np.testing.assert_allclose(rows @ rows.T, np.eye(12), atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, order=st.permutations(range(3)))
def test_tokens_are_exchangeable_and_stay_on_the_sphere(seed: int, order: list[int]) -> None:
    z = np.random.default_rng(seed).standard_normal((2, 8, count(3, 4)))
    X0 = start(seed)
    path, permuted = walked(z, X0), walked(z, X0[jnp.array(order)])
    np.testing.assert_allclose(permuted, path[:, :, jnp.array(order)], atol=1e-10)
    np.testing.assert_allclose(jnp.linalg.norm(path, axis=-1), 1.0, atol=1e-12)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, name=st.sampled_from(sorted(ACTIVATIONS)), bias=st.sampled_from([0.0, 0.4]))
def test_the_kernel_is_positive_definite_on_any_points(seed: int, name: str, bias: float) -> None:
    points = start(seed, tokens=6)
    u = jnp.clip(points @ points.T, -1.0, 1.0)
    values = np.linalg.eigvalsh(kernel(name, u, d=4, sigma_u=bias, sigma_w=0.0))
    assert values.min() > -1e-10


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, name=st.sampled_from(sorted(ACTIVATIONS)))
def test_with_the_noise_off_every_seed_gives_the_deterministic_flow(seed: int, name: str) -> None:
    """No features and no biases: relu, tanh, ... of zero weights times W is no noise at all."""
    X0, attention = start(seed), simple_attention(4, beta=1.0, scale=1.0)
    zeros = np.zeros((1, 8, count(3, 4)))
    law = Law(NAMES.index(name), 0.3, 0.2)
    path = walk(zeros, X0, attention, 0.1, law, 3, 3, 8)[0]
    X = X0
    for k in range(8):
        X = normalised(X + 0.1 * attention_values(X, *attention))
        np.testing.assert_allclose(path[k + 1], X, atol=1e-13)


@pytest.mark.parametrize("path", [network_path, limit_path])
def test_public_paths_stay_on_the_sphere_and_keep_the_start(path) -> None:
    size = {"layers": 8, "mlp_width": 2} if path is network_path else {"steps": 8}
    X0 = start(1)
    attention = simple_attention(4, beta=1.0, scale=-1.0)
    found = path(
        jax.random.PRNGKey(0),
        X0,
        horizon=1.0,
        attention=attention,
        samples=5,
        records=4,
        **size,
        **LAW,
    )
    assert found.shape == (5, 5, 3, 4)
    np.testing.assert_allclose(found[:, 0], jnp.broadcast_to(X0, (5, 3, 4)))
    np.testing.assert_allclose(jnp.linalg.norm(found, axis=-1), 1.0, atol=1e-12)


def test_network_and_limit_agree_in_mean_and_spread() -> None:
    X0, common = (
        start(2, tokens=2),
        {"horizon": 1.0, "attention": None, "samples": 800, "records": 1},
    )
    net = network_path(jax.random.PRNGKey(3), X0, layers=32, mlp_width=2, **common, **LAW)[:, -1]
    lim = limit_path(jax.random.PRNGKey(4), X0, steps=32, **common, **LAW)[:, -1]
    for f in (lambda x: (x[:, 0] * x[:, 1]).sum(1), lambda x: x[:, 0, 0]):
        left, right = f(net), f(lim)
        error = float(jnp.sqrt((left.var() + right.var()) / 800))
        assert abs(float(left.mean() - right.mean())) < 4.5 * error + 0.01
        assert float(left.std() / right.std()) == pytest.approx(1.0, abs=0.15)


def test_without_noise_layers_are_an_euler_method_for_attention_flow() -> None:
    X0, attention = start(5), simple_attention(4, beta=2.0, scale=1.0)

    def end(layers: int) -> jax.Array:
        X = X0
        for _ in range(layers):
            X = layer(X, jnp.zeros_like, attention, 1.0 / layers)
        return X

    def fourth_order(steps: int) -> jax.Array:
        f = lambda x: projected(normalised(x), attention_values(normalised(x), *attention))  # noqa: E731
        X, h = X0, 1.0 / steps
        for _ in range(steps):
            k1 = f(X)
            k2 = f(X + h / 2 * k1)
            k3 = f(X + h / 2 * k2)
            X = X + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(X + h * k3))
        return X

    exact = fourth_order(20)
    errors = [float(jnp.abs(end(n) - exact).max()) for n in (16, 32, 64)]
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.15)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.1)


def test_the_mlp_covariance_is_the_kernel_at_width_one() -> None:
    X, law = start(7, tokens=2), Law("relu", 0.3, 0.2)
    keys = np.random.default_rng(0).integers(0, 2**32, (1, 2), dtype=np.uint32)
    z = jnp.asarray(normals(keys, 200_000, count(1, 4))[0])
    G = jax.vmap(lambda w: mlp_field(w, X, 1, law))(z)
    products = np.asarray((G[:, 0] * G[:, 1]).mean(1))
    expected = float(kernel("relu", float(X[0] @ X[1]), d=4, sigma_u=0.3, sigma_w=0.2))
    assert abs(products.mean() - expected) < 4 * products.std() / 200_000**0.5
    across = np.asarray(G[:, 0, 0] * G[:, 1, 1])
    assert abs(across.mean()) < 4 * across.std() / 200_000**0.5


def test_the_symmetric_root_squares_to_the_covariance() -> None:
    B = np.random.default_rng(1).standard_normal((4, 2))
    root = symmetric_root(jnp.asarray(B @ B.T))
    np.testing.assert_allclose(root @ root, B @ B.T, atol=1e-12)


def test_transport_between_shifted_points_is_the_squared_shift() -> None:
    x = np.random.default_rng(2).standard_normal((12, 3))
    assert squared_transport(x, np.ones(12, int), x[::-1] + 0.01) == pytest.approx(3e-4)


@pytest.mark.parametrize("counts", [[3, 1, 0, 0], [2, 2, 2, 2], [5, 1, 1, 1]])
def test_transport_of_weighted_atoms_is_the_linear_program(counts: list[int]) -> None:
    x, y = np.random.default_rng(4).standard_normal((2, 4, 3))
    cost = ((x[:, None] - y[None]) ** 2).sum(-1).ravel()
    rows, columns = np.kron(np.eye(4), np.ones(4)), np.kron(np.ones(4), np.eye(4))
    masses = np.concatenate([np.array(counts) / sum(counts), np.full(4, 0.25)])
    exact = linprog(cost, A_eq=np.concatenate([rows, columns]), b_eq=masses).fun
    assert squared_transport(x, np.array(counts), y) == pytest.approx(exact)


def test_tokens_at_atoms_are_the_measure_with_their_counts_as_weights() -> None:
    """N tokens that start at K atoms, one by one, against K atoms with weights."""
    atoms, counts, rank = np.asarray(start(8)), np.array([3, 0, 2]), shared.RANK
    noise = np.random.default_rng(5).standard_normal((1, 2, 8, rank, 4))
    noise[:, 1] = noise[:, 0]
    features, attention = shared.frozen(4), simple_attention(4, beta=1.0, scale=1.0)
    with np.errstate(divide="ignore"):
        weights = np.log(np.stack([counts, np.ones(3)]))[None]
    merged = weighted_systems(noise, weights, atoms, features, attention, 0.1, "tanh")[0, 0]
    each = np.repeat(atoms, counts, axis=0)
    apart = weighted_systems(
        noise[:, :1], np.zeros((1, 1, 5)), each, features, attention, 0.1, "tanh"
    )[0, 0]
    np.testing.assert_allclose(apart, np.repeat(merged, counts, axis=1), atol=1e-12)


def test_one_run_gives_every_width_the_field_of_its_own_units() -> None:
    z, tokens_ = np.random.default_rng(6).standard_normal(count(5, 4)), start(3)
    law, few = Law("tanh", 0.3, 0.2), 2
    U, b, W, outer = z[:8], z[20:22], z[25:45].reshape(4, 5)[:, :2], z[45:]
    alone = jnp.concatenate([U, b, W.ravel(), outer])
    kept = mlp_field(jnp.asarray(z), tokens_, 5, law, kept=few)
    np.testing.assert_allclose(kept, mlp_field(alone, tokens_, few, law), atol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("claim", room.claims, ids=lambda c: c.id.split("/")[1])
def test_every_measuring_function_returns_one_row_a_seed(claim) -> None:
    keys = np.random.default_rng(3).integers(0, 2**32, (3, 2), dtype=np.uint32)
    point = claim.at("smoke").points[0]
    for measure in (role.measure for role in claim.roles().values()):
        first, again = (
            np.asarray(measure(dict(point), keys)),
            np.asarray(measure(dict(point), keys[:2])),
        )
        assert len(first) == 3
        np.testing.assert_allclose(first[:2], again, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: kernel("swish", 0.0, d=4, sigma_u=0.0, sigma_w=0.0), "swish"),
        (lambda: kernel("relu", 1.5, d=4, sigma_u=0.0, sigma_w=0.0), "inner products"),
        (lambda: kernel("tanh", 0.0, d=1, sigma_u=0.0, sigma_w=0.0), "dimension"),
        (lambda: kernel("tanh", 0.0, d=4, sigma_u=-1.0, sigma_w=0.0), "deviation"),
        (lambda: dissipation_rate("tanh", d=4, sigma_u=0.0, sigma_w=0.0, beta=0.0), "beta"),
        (lambda: _path(X0=2 * start(0)), "unit sphere"),
        (lambda: _path(records=3), "divides"),
    ],
)
def test_bad_input_is_named(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def _path(X0: jax.Array | None = None, records: int = 1) -> jax.Array:
    return network_path(
        jax.random.PRNGKey(0), start(0) if X0 is None else X0, layers=4, mlp_width=1, horizon=1.0,
        attention=None, samples=1, records=records, **LAW,
    )  # fmt: skip
