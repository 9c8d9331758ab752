"""The head, its kernel and its bounds: generated code against autodiff, sampling and algebra."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.generated.shallow_transformer_gd import (
    approximation_bound,
    attention_head,
    certificate,
    erf_kernel_given_weights,
    features,
    head_covariance,
    head_curvature,
    linearization_bound,
    required_width,
    sharp_linearization_bound,
    third_cumulant,
)
from theory import shallow_transformer_gd as room
from theory.language import Status, Step, run_steps
from theory.shallow_transformer_gd import attention

EPS = float(jnp.finfo(jnp.float64).eps)


@pytest.fixture
def head() -> tuple[jax.Array, ...]:
    """X, W, q, U, u, w with five tokens in three dimensions."""
    shapes = [(5, 3), (3, 3), (3,), (3,), (3,), (3, 3)]
    keys = jax.random.split(jax.random.key(3), len(shapes))
    return tuple(jax.random.normal(k, s) for k, s in zip(keys, shapes, strict=True))


def neuron(X: jax.Array, W: jax.Array, q: jax.Array, U: jax.Array) -> jax.Array:
    """A head with its softmax written out by hand."""
    weights = jnp.exp(X @ W @ q)
    return jnp.tanh(U @ (weights @ X) / weights.sum())


def test_the_generated_head_is_a_softmax_mean(head: tuple[jax.Array, ...]) -> None:
    X, W, q, *_ = head
    P = jax.nn.softmax(X @ W @ q)
    np.testing.assert_allclose(attention_head(X, W, q), P @ X, atol=16 * EPS)
    second = jnp.einsum("t,ta,tb->ab", P, X, X) - jnp.outer(P @ X, P @ X)
    np.testing.assert_allclose(head_covariance(X, W, q), second, atol=64 * EPS)


def test_features_are_the_gradients_that_autodiff_finds(head: tuple[jax.Array, ...]) -> None:
    X, W, q, U, *_ = head
    value, by_U, by_W = features(X, W, q, U)
    np.testing.assert_allclose(value, neuron(X, W, q, U), atol=16 * EPS)
    np.testing.assert_allclose(by_U, jax.grad(neuron, 3)(X, W, q, U), atol=64 * EPS)
    np.testing.assert_allclose(by_W, jax.grad(neuron, 1)(X, W, q, U), atol=64 * EPS)


def test_the_curvature_is_the_second_derivative_along_a_line(head: tuple[jax.Array, ...]) -> None:
    X, W, q, U, u, w = head
    along = jax.grad(jax.grad(lambda e: neuron(X, W + e * w, q, U + e * u)))(0.0)
    np.testing.assert_allclose(head_curvature(X, W, q, U, u, w), along, rtol=1e4 * EPS)


def test_the_third_cumulant_is_the_third_derivative_of_log_partition(
    head: tuple[jax.Array, ...],
) -> None:
    X, W, q, U, _, w = head

    def partition(eta: jax.Array) -> jax.Array:
        return jax.nn.logsumexp(X @ eta)

    third = jax.jacfwd(jax.hessian(partition))(W @ q)
    xi = w @ q
    expected = jnp.einsum("abc,a,b,c->", third, U, xi, xi)
    np.testing.assert_allclose(third_cumulant(X, W, q, U, w), expected, rtol=1e4 * EPS)


def test_two_tokens_in_one_dimension_are_tanh() -> None:
    X, q = jnp.array([[1.0], [-1.0]]), jnp.ones(1)
    for w in (-2.0, 0.3, 1.7):
        W = jnp.full((1, 1), w)
        np.testing.assert_allclose(attention_head(X, W, q), [np.tanh(w)], atol=8 * EPS)
        np.testing.assert_allclose(head_covariance(X, W, q), [[1 / np.cosh(w) ** 2]], atol=8 * EPS)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 2**31 - 1))
def test_the_token_covariance_is_at_most_one_minus_the_squared_mean(
    length: int, dim: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(length, dim))
    X /= np.maximum(1, np.linalg.norm(X, axis=1, keepdims=True))
    W, q = 3 * rng.normal(size=(dim, dim)), np.ones(dim) / np.sqrt(dim)
    head = jnp.asarray(X), jnp.asarray(W), jnp.asarray(q)
    a, M = np.asarray(attention_head(*head)), np.asarray(head_covariance(*head))
    assert np.trace(M) <= 1 - a @ a + 64 * EPS
    assert np.linalg.eigvalsh(M).min() >= -64 * EPS


def test_the_erf_kernel_is_the_mean_over_values(head: tuple[jax.Array, ...]) -> None:
    X, W, q, *_ = head
    X2, q2 = X[::-1] * 0.7, -0.5 * q
    pairs = [(X, q), (X2, q2)]
    (a, b), (M, N) = (
        [attention_head(x, W, p) for x, p in pairs],
        [head_covariance(x, W, p) for x, p in pairs],
    )
    U = jax.random.normal(jax.random.key(1), (400_000, 3))

    def slope(z: jax.Array) -> jax.Array:
        return 2 / jnp.sqrt(jnp.pi) * jnp.exp(-(z**2))

    both = slope(U @ a) * slope(U @ b)
    inner = a @ b + (q @ q2) * jnp.sum((U @ M) * (U @ N), axis=1)
    draws = jax.scipy.special.erf(U @ a) * jax.scipy.special.erf(U @ b) + both * inner
    error = draws.std() / jnp.sqrt(len(U))
    assert abs(erf_kernel_given_weights(a, b, M, N, q, q2) - draws.mean()) < 5 * error


def test_the_required_width_is_the_smallest_that_meets_the_bound() -> None:
    for n, delta, b, accuracy in [(100, 0.05, 9.0, 1.0), (5000, 0.01, 3.0, 0.3)]:
        width = float(required_width(n, accuracy, delta, b))
        assert width == np.ceil(16 * b**2 * np.log(2 * n / delta) / accuracy**2)
        assert approximation_bound(n, width, delta, b) <= accuracy
        assert approximation_bound(n, width - 1, delta, b) > accuracy


def test_the_paper_s_linearisation_bound_is_looser_than_the_sharp_one() -> None:
    m, d, delta = 64, 8, 0.05
    B = np.sqrt(d) + np.sqrt(2 * np.log(m / (2 * delta))) + 3 / np.sqrt(m)
    L1, L2 = np.sqrt(1 + B**2), 0.77 * (1 + B**2) + 8 * np.sqrt(1 + B**2)
    paper = (L1 * 3 * np.sqrt(18) + L2 * 18) / np.sqrt(m)
    np.testing.assert_allclose(
        linearization_bound(m, d, delta, 3, 3, 3, 1.0, 0.77), paper, rtol=1e-13
    )
    assert sharp_linearization_bound(m, B, 3, 3, 3, 1.0, 0.77) < paper / 2


def test_the_certificate_of_plain_numbers_is_an_array() -> None:
    assert certificate(2.0, 0.5, 4, 0.25) == pytest.approx(1.5)


def test_steps_without_the_rule_of_the_softmax_fail() -> None:
    """A control: the covariance without the product of means is refused."""
    k, l, t = attention.k, attention.l, attention.t  # noqa: E741
    second = room.total(attention.P[t] * attention.X[t, k] * attention.X[t, l], t)
    wrong = Step("planted", attention.covariance(k, l), second, "mean forgotten")
    (outcome,) = run_steps([wrong])
    assert outcome.status is Status.FAILED


def test_the_squared_bound_has_a_slope_in_log_n_that_is_constant() -> None:
    n, bound = room.n, room.error_bound()
    assert sp.simplify(n * sp.diff(n * sp.diff(bound**2, n), n)) == 0
