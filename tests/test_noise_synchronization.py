"""The common-noise limit: derivation, kernels, exponents, generated code, each by two routes."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array
from mpmath import mp
from scipy import special, stats

from numerics.engine.activations import SMOOTH
from numerics.generated import noise_synchronization as generated
from numerics.noise_synchronization import (
    coercivity,
    dissipation_rate,
    fast_kernel,
    kernel,
    kernel_slope,
    simple_attention,
    uniform_tokens,
)
from theory import noise_synchronization as room
from theory.language import Status, run_steps

GOLDEN = {  # kappa(1), kappa'(1), lambda_1, lambda_bar of the paper's table, d = 5
    ("relu", 0.0): (0.1, 0.1, -0.1, 0.2),
    ("relu", 0.1): (0.115, 0.1, -0.13, 0.17),
    ("sigmoid", 0.0): (0.261, 0.0114, -0.511, -0.477),
    ("tanh", 0.0): (0.147, 0.151, -0.144, 0.309),
    ("silu", 0.0): (0.0565, 0.0584, -0.0545, 0.121),
}
X = uniform_tokens(jax.random.PRNGKey(1), 4, 3)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("drift", lambda step: step.right - room.k_1 * room.X[room.p, room.a] / 2),
        (r"$\bar\lambda$", lambda step: step.right + room.k_1),
        ("ReLU slope", lambda step: room.d * step.right),
    ],
)
def test_a_slip_in_a_stated_formula_fails(name: str, wrong) -> None:
    step = next(s for s in room.theorem.derivation.steps if s.name == name)
    (outcome,) = run_steps([replace(step, right=wrong(step))])
    assert outcome.status is Status.FAILED


@pytest.mark.parametrize(("name", "sigma"), GOLDEN)
def test_the_exponents_are_those_of_the_table(name: str, sigma: float) -> None:
    found = coercivity(name, d=5, sigma_u=sigma, sigma_w=sigma)
    for value, expected in zip(found, GOLDEN[name, sigma], strict=True):
        digits = len(str(expected).split(".")[1])
        assert round(value, digits) == expected


NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)
LINE, GAUSS = 10 * NODES, 10 * WEIGHTS * stats.norm.pdf(10 * NODES)
PHI = {  # not the functions that are tested
    "tanh": np.tanh,
    "sigmoid": special.expit,
    "silu": lambda z: z * special.expit(z),
    "gelu": lambda z: z * stats.norm.cdf(z),
    "erf": special.erf,
}


@pytest.mark.parametrize("name", PHI)
@pytest.mark.parametrize(("d", "sigma_u", "u"), [(4, 0.5, -0.35), (5, 0.0, 0.8), (2, 0.2, 1.0)])
def test_the_kernel_is_the_integral_that_defines_it(
    name: str, d: int, sigma_u: float, u: float
) -> None:
    square = 1 / d + sigma_u**2
    rho, s = (u / d + sigma_u**2) / square, square**0.5
    mixed = rho * LINE[:, None] + max(1 - rho**2, 0.0) ** 0.5 * LINE[None]
    expected = (GAUSS * PHI[name](s * LINE)) @ (PHI[name](s * mixed) @ GAUSS) + 0.3**2
    found = float(kernel(name, u, d=d, sigma_u=sigma_u, sigma_w=0.3))
    assert abs(found - expected) < 1e-10


@pytest.mark.parametrize(("d", "sigma_u", "u"), [(4, 0.5, -0.35), (5, 0.0, 0.8), (2, 0.2, -0.9)])
def test_the_kernel_of_the_relu_is_the_integral_that_defines_it(
    d: int, sigma_u: float, u: float
) -> None:
    """The inner mean is that of a Gaussian cut at zero; the outer one is by mpmath."""
    square = 1 / d + sigma_u**2
    rho = (u / d + sigma_u**2) / square
    across = (1 - rho**2) ** 0.5

    def integrand(x: mp.mpf) -> mp.mpf:
        t = rho * x / across
        return mp.npdf(x) * x * across * (t * mp.ncdf(t) + mp.npdf(t))

    expected = square * float(mp.quad(integrand, [0, 2, 5, 12])) + 0.3**2
    assert abs(float(kernel("relu", u, d=d, sigma_u=sigma_u, sigma_w=0.3)) - expected) < 1e-10


def test_the_kernel_of_the_error_function_is_an_arcsine() -> None:
    u, d, sigma_u = jnp.linspace(-1, 1, 11), 3, 0.4
    square = 1 / d + sigma_u**2
    expected = 2 / jnp.pi * jnp.arcsin(2 * (u / d + sigma_u**2) / (1 + 2 * square))
    found = kernel("erf", u, d=d, sigma_u=sigma_u, sigma_w=0.0)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("name", SMOOTH)
def test_series_and_quadrature_give_one_kernel(name: str) -> None:
    u = jnp.linspace(-1, 1, 9)
    for sigma_u in (0.0, 0.6):
        law = {"d": 5, "sigma_u": sigma_u, "sigma_w": 0.1}
        np.testing.assert_allclose(fast_kernel(name, **law)(u), kernel(name, u, **law), atol=1e-11)


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu"])
def test_the_slope_is_the_derivative_of_the_kernel(name: str) -> None:
    law, step = {"d": 4, "sigma_u": 0.3}, 1e-4
    u = jnp.array([-0.9, -0.2, 0.5, 0.95])
    up, down = (kernel(name, u + s * step, sigma_w=0.2, **law) for s in (1, -1))
    np.testing.assert_allclose(kernel_slope(name, u, **law), (up - down) / (2 * step), rtol=1e-6)


def test_the_relu_kernel_has_finite_gradients_at_both_ends() -> None:
    for u, expected in ((1.0, 1 / 8), (-1.0, 0.0)):
        slope = jax.grad(generated.relu_kernel)(u, 4.0, 0.0, 0.1)
        assert abs(float(slope) - expected) < 1e-12
        assert abs(float(generated.relu_slope(u, 4.0, 0.0)) - expected) < 1e-12


@pytest.mark.parametrize("d", [4, 5, 9])
def test_the_relu_is_coercive_exactly_above_its_threshold(d: int) -> None:
    edge = float(generated.coercivity_threshold(float(d)))
    for factor, sign in ((0.99, 1), (1.01, -1)):
        sigma = (factor * edge / 3) ** 0.5  # sigma_u^2 + 2 sigma_w^2 = 3 sigma^2
        assert sign * coercivity("relu", d=d, sigma_u=sigma, sigma_w=sigma).lambda_bar > 0


def test_the_dissipation_rate_is_sharp_for_small_beta_and_idle_for_large() -> None:
    law = {"d": 5, "sigma_u": 0.0, "sigma_w": 0.0}
    bar = coercivity("sigmoid", **law).lambda_bar
    rates = [dissipation_rate("sigmoid", beta=beta, **law) for beta in (0.01, 1.0, 5.0)]
    assert rates[0] == pytest.approx(bar, rel=1e-3)
    assert bar < rates[1] < rates[2] < 0
    assert rates[2] > -1e-2


def _whole_covariance(kappa: Array) -> Array:
    """d<X_i, X_j> = kappa_ij P_i P_j as one matrix over all coordinates."""
    number, d = X.shape
    P = jnp.eye(d)[None] - X[:, :, None] * X[:, None]
    blocks = kappa[:, :, None, None] * jnp.einsum("iab,jbc->ijac", P, P)
    return blocks.transpose(0, 2, 1, 3).reshape(number * d, number * d)


def _brute_force(f, A: Array, kappa: Array) -> float:
    """The generator from automatic derivatives of f in all coordinates."""
    flat = lambda v: f(v.reshape(X.shape))  # noqa: E731
    at_one = kappa[0, 0]
    drift = A - X * (A * X).sum(1, keepdims=True) - (X.shape[1] - 1) / 2 * at_one * X
    second = jax.hessian(flat)(X.ravel())
    return float(
        jax.grad(flat)(X.ravel()) @ drift.ravel() + (_whole_covariance(kappa) * second).sum() / 2
    )


def test_the_energy_slope_is_the_generator_by_automatic_derivatives() -> None:
    eye, law = jnp.eye(3), {"d": 3, "sigma_u": 0.3, "sigma_w": 0.2}
    A = generated.attention(X, 1.5 * eye, eye, -eye)
    u = jnp.clip(X @ X.T, -1, 1).at[jnp.diag_indices(4)].set(1.0)
    kappa = fast_kernel("tanh", **law)(u)
    expected = _brute_force(lambda Y: generated.energy(Y, 1.3), A, kappa)
    found = float(generated.energy_slope(X, A, u, kappa, kappa[0, 0], 1.3))
    assert found == pytest.approx(expected, rel=1e-11)


def test_the_weak_form_is_the_generator_of_a_mean_by_automatic_derivatives() -> None:
    eye, law = jnp.eye(3), {"d": 3, "sigma_u": 0.3, "sigma_w": 0.2}
    A = generated.attention(X, eye, eye, eye)
    kappa = fast_kernel("tanh", **law)(jnp.clip(X @ X.T, -1, 1).at[jnp.diag_indices(4)].set(1.0))

    def f(y: Array) -> Array:
        return jnp.sin(y[0] + 2 * y[1]) * y[2] ** 2

    expected = _brute_force(lambda Y: jax.vmap(f)(Y).mean(), A, kappa)
    slopes, bends = jax.vmap(jax.grad(f))(X), jax.vmap(jax.hessian(f))(X)
    found = float(generated.weak_drift(X, A, slopes, bends, jnp.full(4, kappa[0, 0])))
    assert found == pytest.approx(expected, rel=1e-11)


def test_the_token_drift_is_attention_projected_less_the_correction() -> None:
    attention = simple_attention(3, beta=1.5, scale=1.0)
    weights = np.exp(1.5 * np.asarray(X @ X.T))
    values = weights / weights.sum(1, keepdims=True) @ np.asarray(X)
    expected = (
        values
        - np.asarray(X) * (values * np.asarray(X)).sum(1, keepdims=True)
        - 0.4 * np.asarray(X)
    )
    np.testing.assert_allclose(generated.token_drift(X, *attention, 0.4), expected, atol=1e-14)
