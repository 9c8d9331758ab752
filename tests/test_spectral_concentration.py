"""What is particular to spectral concentration: two routes to every formula of the room."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from numerics.generated import spectral_concentration as generated
from numerics.spectral_concentration import (
    attention_entropy,
    collapse_mode,
    effective_rank,
    product_spectrum,
    spectral_energy_concentration,
)
from numerics.spectral_concentration.matrices import KINDS, matrix

seeds = st.integers(0, 2**32 - 1)
side = st.integers(1, 8)
U = 2.0**-53


def layer(seed: int, d: int, n: int, dq: int, dv: int) -> tuple[jax.Array, ...]:
    random = np.random.default_rng(seed)
    shapes = ((d, n), (dq, d), (dq, d), (dv, d), (dv, n))
    return tuple(jnp.asarray(random.standard_normal(s)) for s in shapes)


def loss(X, Wq, Wk, Wv, G):
    A = jax.nn.softmax(X.T @ Wq.T @ Wk @ X / Wq.shape[0] ** 0.5, axis=0)
    return float((G * (Wv @ X @ A)).sum())


def test_gradients_agree_with_central_differences() -> None:
    arguments = layer(1, 4, 5, 3, 2)
    X, Wq, Wk, Wv, G = arguments
    found = dict(zip((1, 2, 3, 0), generated.attention_gradients(X, Wq, Wk, Wv, G), strict=True))
    for position, gradient in found.items():
        value = np.array(arguments[position])
        for index in np.ndindex(*value.shape):
            ends = []
            for sign in (1, -1):
                moved = value.copy()
                moved[index] += sign * 1e-6
                changed = [*arguments]
                changed[position] = jnp.asarray(moved)
                ends.append(loss(*changed))
            slope = (ends[0] - ends[1]) / 2e-6
            assert slope == pytest.approx(float(gradient[index]), rel=1e-6, abs=1e-7)


def test_the_row_convention_is_the_transpose_with_queries_and_keys_exchanged() -> None:
    X, Wq, Wk, Wv, _ = layer(2, 4, 5, 3, 2)
    H, W_Q, W_K, W_V = X.T, Wk.T, Wq.T, Wv.T
    rows = jax.nn.softmax(H @ W_Q @ (H @ W_K).T / 3**0.5, axis=1) @ H @ W_V
    columns = Wv @ X @ generated.attention(X, Wq, Wk)
    assert jnp.allclose(rows.T, columns, atol=1e-13)


def vec(M: sp.Matrix) -> sp.Matrix:
    return M.T.reshape(len(M), 1)  # column stacking; SymPy reshapes by rows


def commutation(m: int, n: int) -> sp.Matrix:
    return sp.Matrix(m * n, m * n, lambda r, c: int(r % n == c // m and r // n == c % m))


def test_kronecker_jacobians_hold_for_explicit_matrices() -> None:
    """Equations 2 and 3 in vec form at d = 2, n = 3, dq = 2: the matrices, not their entries."""
    kron = sp.kronecker_product
    X = sp.Matrix(2, 3, sp.symbols("x:6"))
    Wq, Wk = sp.Matrix(2, 2, sp.symbols("q:4")), sp.Matrix(2, 2, sp.symbols("k:4"))
    P, W = vec(X.T * Wq.T * Wk * X), Wq.T * Wk
    K = commutation(2, 2)
    assert (K * vec(Wq) - vec(Wq.T)).is_zero_matrix
    in_Wq = kron(X.T * Wk.T, X.T) * K
    in_Wk = kron(X.T, X.T * Wq.T)
    in_X = kron((W * X).T, sp.eye(3)) * commutation(2, 3) + kron(sp.eye(3), X.T * W)
    for variables, stated in ((Wq, in_Wq), (Wk, in_Wk), (X, in_X)):
        assert (P.jacobian(vec(variables)) - stated).expand().is_zero_matrix


@settings(max_examples=30, deadline=None)
@given(seeds, side, side, st.sampled_from(KINDS))
def test_the_kronecker_spectrum_is_the_products_and_its_rank_the_square(
    seed: int, d: int, n: int, kind: str
) -> None:
    X = matrix(np.random.default_rng(seed), d, n, kind)
    sigma = np.linalg.svd(X, compute_uv=False)
    whole = np.linalg.svd(np.kron(X.T, X.T), compute_uv=False)
    products = np.sort(np.outer(sigma, sigma).ravel())[::-1]
    assert np.abs(whole[: len(products)] - products).max() <= 1e-10 * sigma[0] ** 2
    for s in range(1, len(sigma) + 1):
        share = (sigma[:s] ** 2).sum() / (sigma**2).sum()
        top = (products[: s * s] ** 2).sum() / (products**2).sum()
        assert top >= share**2 - 1e-10
    if kind in ("integer", "rank one", "equal"):
        assert np.linalg.matrix_rank(np.kron(X.T, X.T)) == np.linalg.matrix_rank(X) ** 2


@pytest.mark.parametrize("tokens", [2, 3, 16, 197])
@pytest.mark.parametrize("norm", [1e-6, 0.3, 5.7, 40.0, 700.0, 5000.0])
def test_the_entropy_bound_is_the_entropy_of_a_spike_to_30_digits(tokens: int, norm: float) -> None:
    with mpmath.workdps(30):
        T, nu = mpmath.mpf(tokens), mpmath.mpf(norm)
        up, down = nu * mpmath.sqrt((T - 1) / T), -nu / mpmath.sqrt(T * (T - 1))
        rest = (T - 1) * mpmath.exp(down - up)  # weight of the others over that of the spike
        p, low = 1 / (1 + rest), rest / (1 + rest) / (T - 1)
        truth = p * mpmath.log1p(rest) - (T - 1) * low * mpmath.log(low)
    found = float(generated.entropy_lower_bound(tokens, norm))
    assert found == pytest.approx(float(truth), rel=16 * U * (tokens + norm + 1), abs=1e-300)


@pytest.mark.parametrize("tokens", [2, 3, 5])
@pytest.mark.parametrize("norm", [0.5, 3.0, 8.0])
def test_no_descent_finds_an_entropy_below_the_bound(tokens: int, norm: float) -> None:
    def entropy(x: np.ndarray) -> float:
        u = x - x.mean()
        u = norm * u / np.linalg.norm(u)
        return float(np.log(np.exp(u).sum()) - (u * np.exp(u)).sum() / np.exp(u).sum())

    random = np.random.default_rng(0)
    found = [optimize.minimize(entropy, random.standard_normal(tokens)).fun for _ in range(8)]
    bound = float(generated.entropy_lower_bound(tokens, norm))
    assert min(found) == pytest.approx(bound, abs=1e-8)
    assert min(found) >= bound - 1e-12


def test_the_bound_at_zero_norm_is_log_tokens_with_zero_slope() -> None:
    assert generated.entropy_lower_bound(16, 0.0) == pytest.approx(np.log(16))
    assert jax.grad(generated.entropy_lower_bound, 1)(16.0, 0.0) == pytest.approx(0.0, abs=1e-15)


def test_the_numbers_of_the_sheet_are_found_again() -> None:
    nu = {16: 5.69, 197: 8.04, 1024: 9.59}
    for tokens, value in nu.items():
        share = float(generated.entropy_lower_bound(tokens, value)) / np.log(tokens)
        assert share == pytest.approx(0.1, abs=1e-3)
    assert float(generated.collapse_time(1.0, 5.69, 0.003)) == pytest.approx(290, abs=1)
    assert float(generated.adam_entry_bound(0.9, 0.999, 10**6)) == pytest.approx(7.27, abs=0.01)
    assert float(generated.adam_entry_bound(0.9, 0.95, 10**6)) == pytest.approx(1.165, abs=0.001)


spectrum = jax.jit(product_spectrum)
share_of_one = jax.jit(lambda Wq, Wk: spectral_energy_concentration(Wq, Wk, 1))


@settings(max_examples=40, deadline=None)
@given(seeds, side, side, st.sampled_from(KINDS), st.floats(-6, 6))
def test_concentration_is_a_concave_share_that_does_not_depend_on_scale(
    seed: int, dq: int, d: int, kind: str, exponent: float
) -> None:
    random = np.random.default_rng(seed)
    Wq, Wk = np.zeros((2, 8, 8))  # padded with zeros, so that one program serves all shapes
    Wq[:dq, :d], Wk[:dq, :d] = (matrix(random, dq, d, kind) for _ in range(2))
    if not np.any(Wq.T @ Wk):
        return
    energy = np.asarray(spectrum(Wq, Wk)) ** 2
    shares, top = np.cumsum(energy) / energy.sum(), min(dq, d)
    gains = np.diff([0.0, *shares])
    tolerance = 256 * top * U
    assert shares[top - 1] == pytest.approx(1.0)
    assert np.all(np.diff(gains) <= tolerance)
    assert np.all(shares[:top] >= np.arange(1, top + 1) / top - tolerance)
    for scale in (1.0, 10.0**exponent):
        assert float(share_of_one(scale * Wq, Wk)) == pytest.approx(shares[0], rel=1e-9)


def test_entropy_survives_logits_of_any_size() -> None:
    logits = jnp.array([[0.0, 0.0], [0.0, 1e4], [-1e300, 1e300]])
    assert np.allclose(attention_entropy(logits), [np.log(2), 0.0, 0.0])
    assert np.allclose(attention_entropy(logits.T, axis=0), [np.log(2), 0.0, 0.0])


def circle(n: int, scale: float) -> jax.Array:
    angles = 2 * jnp.pi * jnp.arange(n) / n
    X = jnp.stack([jnp.cos(angles), jnp.sin(angles)])
    return jax.nn.softmax(scale * X.T @ X, axis=-1)


def test_full_concentration_at_two_directions_can_be_benign() -> None:
    """SEC(2) = 1 for W = diag(1, 1), and attention tends to the identity: the counterexample."""
    A = circle(16, 1e4)
    assert collapse_mode(A) == "benign"
    assert effective_rank(A) == pytest.approx(16)


def test_modes_are_told_apart() -> None:
    rank_one = jnp.zeros((9, 9)).at[:, 3].set(1.0)
    assert collapse_mode(rank_one) == "malignant"
    assert collapse_mode(rank_one.T, axis=-2) == "malignant"
    assert collapse_mode(jnp.full((9, 9), 1 / 9)) == "uniform"
    assert collapse_mode(0.6 * jnp.eye(9) + 0.4 / 9) == "none"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: spectral_energy_concentration(jnp.ones((2, 3)), jnp.ones((2, 3)), 3),
            "from 1 to 2",
        ),
        (lambda: collapse_mode(jnp.ones((3, 3))), "sum to one"),
        (lambda: collapse_mode(jnp.ones((1, 1))), "two tokens"),
    ],
)
def test_wrong_input_is_named(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
