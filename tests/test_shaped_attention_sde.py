"""What is particular to the shaped-attention room; general laws are tested for all rooms."""

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from scipy import stats

from numerics.generated import shaped_attention_sde as generated
from numerics.shaped_attention_sde import (
    Diffusion,
    averaging_matrix,
    limit_ensemble,
    limit_path,
    network_path,
    one_layer_means,
    shaped_relu_second_moment,
)
from numerics.shaped_attention_sde.chunks import in_chunks
from numerics.shaped_attention_sde.gaussian import bartlett, haar_shares
from numerics.shaped_attention_sde.gram_networks import Network, gram_ensemble
from theory import shaped_attention_sde as room
from theory.calculus.indices import unroll
from theory.language import Status, run_steps

V0 = jnp.array([[1.0, 0.2, 0.1], [0.2, 0.8, -0.1], [0.1, -0.1, 1.3]])
SIZES: dict[str, Any] = {"width": 24, "key_dim": 4, "depth": 3, "gamma": 0.8, "tau0": 0.7}
KEY = jax.random.PRNGKey(0)


def test_a_planted_error_in_the_statement_fails_its_step() -> None:
    """S1 with a plus before the total variance; the drift of the layer does not agree."""
    al, be = room.al, room.be
    planted = room.STATED[room.S1[al, be]].subs(sp.Integer(2), sp.Integer(1))
    step = next(s for s in room.theorem.derivation.steps if s.name == "attention mean")
    assert step.right == room.STATED[room.S1[al, be]]
    (outcome,) = run_steps([replace(step, right=planted)])
    assert outcome.status is Status.FAILED
    assert "left" in outcome.detail


def test_two_tokens_have_the_golden_values() -> None:
    """By hand for m = 2 and uniform averages: S1 = 0 and b = gamma^2 (1 - rho)^2 V / (4 tau0^2)."""
    rho = 0.3
    V, M = jnp.array([[1.0, rho], [rho, 1.0]]), averaging_matrix(2)
    np.testing.assert_allclose(generated.attention_drift(V, M, 1.0, 1.0), (1 - rho) ** 2 / 4 * V)
    values = jnp.einsum("ad,bw->abdw", V, V) + jnp.einsum("aw,bd->abdw", V, V)
    logits = generated.attention_covariance(V, M, 1.0, 1.0, 1) - values
    entries = [logits[0, 0, 0, 0], logits[0, 1, 0, 1], logits[0, 0, 0, 1], logits[0, 0, 1, 1]]
    gap = 1 - rho
    by_hand = [gap**3 / 2, gap**4 / 4, -(gap**4) / 4, -rho * gap**3 / 2]
    np.testing.assert_allclose(entries, by_hand, atol=1e-14)


def test_one_token_feels_no_attention_and_collapsed_tokens_neither() -> None:
    one = generated.attention_drift(jnp.array([[1.3]]), averaging_matrix(1), 0.8, 0.7)
    np.testing.assert_allclose(one, 0, atol=1e-15)
    collapsed = jnp.ones((3, 3))
    drift = generated.attention_drift(collapsed, averaging_matrix(3), 0.8, 0.7)
    np.testing.assert_allclose(drift, 0, atol=1e-14)


def test_uniform_averages_give_the_compact_form() -> None:
    """With C = P V P: b = gamma^2 / tau0^2 (sym(diag(V) (V w)^T) / (2m) + tr(C^2) V / m^2)."""
    m, gamma, tau0 = 4, 0.6, 0.9
    X = np.random.default_rng(0).normal(size=(m, 7))
    V = X @ X.T / 7
    P = np.eye(m) - 1 / m
    C = P @ V @ P
    w = np.diag(C) - np.trace(C) / m
    outer = np.outer(np.diag(V), V @ w)
    by_hand = gamma**2 / tau0**2 * ((outer + outer.T) / (2 * m) + np.trace(C @ C) / m**2 * V)
    drift = generated.attention_drift(jnp.asarray(V), averaging_matrix(m), gamma, tau0)
    np.testing.assert_allclose(drift, by_hand, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("heads", [1, 3])
def test_the_noise_factor_has_the_covariance_of_the_increment(heads: int, causal: bool) -> None:
    """Exactly: the factor is linear, so its covariance is the sum of outer products of columns."""
    M = averaging_matrix(3, causal)
    noise = partial(generated.noise_increment, V0, M, 0.8, 0.7, heads)
    units = jnp.eye(9).reshape(9, 3, 3)
    columns = jnp.concatenate(
        [
            jax.vmap(lambda e: noise(e, jnp.zeros((3, 3))))(units),
            jax.vmap(lambda e: noise(jnp.zeros((3, 3)), e))(units),
        ]
    )
    exact = generated.attention_covariance(V0, M, 0.8, 0.7, heads)
    np.testing.assert_allclose(jnp.einsum("kab,kcd->abcd", columns, columns), exact, atol=1e-13)


def test_the_generated_drift_is_the_stated_formula_at_explicit_size() -> None:
    """The second route: the stated sums written out for two tokens, in exact arithmetic."""
    al, be = room.al, room.be
    formula = room.stated(room.b[al, be])
    V = [[sp.Rational(3, 2), sp.Rational(1, 5)], [sp.Rational(1, 5), sp.Rational(4, 5)]]
    M = [[sp.Rational(1, 4), sp.Rational(3, 4)], [sp.Rational(2, 3), sp.Rational(1, 3)]]
    entries = {room.V[p, q]: V[min(p, q)][max(p, q)] for p in range(2) for q in range(2)}
    entries |= {room.M[sp.Integer(p), sp.Integer(q)]: M[p][q] for p in range(2) for q in range(2)}
    entries |= {room.gamma: sp.Rational(4, 5), room.tau0: sp.Rational(7, 10)}
    from theory.calculus.indices import instantiate

    exact = [
        [
            float(
                unroll(instantiate(formula, {al: sp.Integer(p), be: sp.Integer(q)}), {room.m: 2})
                .xreplace(entries)
            )
            for q in range(2)
        ]
        for p in range(2)
    ]  # fmt: skip
    ours = generated.attention_drift(
        jnp.array(np.array(V, float)), jnp.array(np.array(M, float)), 0.8, 0.7
    )
    np.testing.assert_allclose(ours, exact, rtol=1e-14)


@pytest.mark.parametrize("rows", [1, 3])
def test_bartlett_factors_have_the_moments_of_a_wishart_matrix(rows: int) -> None:
    factors = jax.vmap(lambda k: bartlett(k, rows, 7))(jax.random.split(KEY, 20000))
    grams = factors @ factors.transpose(0, 2, 1)
    error = np.sqrt(14 / 20000)
    np.testing.assert_allclose(grams.mean(0), 7 * np.eye(rows), atol=5 * error)
    np.testing.assert_allclose(jnp.var(grams[:, 0, 0]), 14, rtol=0.1)


def test_shares_of_a_haar_matrix_sum_to_the_identity() -> None:
    shares = haar_shares(KEY, 3, 4, 8)
    np.testing.assert_allclose(shares.sum(0), np.eye(3), atol=1e-13)
    np.testing.assert_allclose(shares, shares.transpose(0, 2, 1), atol=1e-13)
    many = jax.vmap(lambda k: haar_shares(k, 3, 4, 8))(jax.random.split(KEY, 4000))
    np.testing.assert_allclose(many.mean(0), np.broadcast_to(np.eye(3) / 4, (4, 3, 3)), atol=0.01)


@pytest.mark.parametrize(("heads", "causal"), [(1, False), (2, True)])
def test_gram_and_literal_networks_have_the_same_law(heads: int, causal: bool) -> None:
    common: dict[str, Any] = SIZES | {"heads": heads, "causal": causal, "samples": 3000}
    gram = np.asarray(network_path(KEY, V0, **common))
    literal = np.asarray(network_path(jax.random.PRNGKey(1), V0, method="literal", **common))
    p = [stats.ks_2samp(gram[:, a, b], literal[:, a, b]).pvalue for a in range(3) for b in range(3)]
    assert min(p) > 1e-4


def test_a_wide_and_a_narrow_key_dimension_have_one_law_where_they_meet() -> None:
    """Key dimension 8 draws Gram matrices, 7 draws the factors; the law hardly depends on it."""
    settings: list[dict[str, Any]] = [SIZES | {"key_dim": k, "samples": 4000} for k in (7, 8)]
    laws = [np.asarray(network_path(KEY, V0, **s))[:, 0, 1] for s in settings]
    assert stats.ks_2samp(*laws).pvalue > 1e-4


def test_samples_depend_on_their_own_key_only() -> None:
    keys = jax.random.split(KEY, 5)
    draw = jax.vmap(jax.random.normal)
    np.testing.assert_array_equal(in_chunks(draw, keys, 2), draw(keys))


def test_the_mean_increment_is_unbiased_for_the_literal_network() -> None:
    literal = SIZES | {"depth": 1, "width": 64, "method": "literal", "samples": 40000}
    increment = 64 * (np.asarray(network_path(KEY, V0, **literal)) - V0)
    network = Network(64, key_dim=4, depth=1, gamma=0.8, tau0=0.7)
    ours = one_layer_means(jax.random.split(KEY, 20000), V0, averaging_matrix(3), network)
    error = increment.std(0) / np.sqrt(len(increment))
    assert np.abs((increment.mean(0) - ours.mean(0)) / error).max() < 4.5


def test_paths_of_the_sde_stay_in_the_cone_and_stop() -> None:
    diffusion = Diffusion(horizon=1.0, steps=20, gamma=1.0, tau0=0.5, stop=3.0)
    paths = limit_ensemble(jax.random.split(KEY, 256), V0, averaging_matrix(3), diffusion)
    assert (jnp.linalg.eigvalsh(paths.V)[:, 0] > 0).all()
    largest = jnp.diagonal(paths.V, axis1=1, axis2=2).max(1)
    np.testing.assert_array_equal(paths.stopped, largest >= 3.0)
    assert int(paths.violations.sum()) > 0


@pytest.mark.parametrize(("heads", "key_dim"), [(1, 4), (2, 32)])
def test_the_noise_that_is_subtracted_has_mean_zero_and_most_of_the_spread(
    heads: int, key_dim: int
) -> None:
    network = Network(48, key_dim, depth=24, gamma=0.8, tau0=0.7, stop=10.0)
    M = averaging_matrix(3, causal=heads > 1)
    paths = gram_ensemble(jax.random.split(KEY, 4000), V0, M, network, heads)
    noise = np.asarray(paths.surprise)
    assert np.abs(noise.mean(0) / noise.std(0) * np.sqrt(4000)).max() < 4
    logs = np.log(np.asarray(jnp.diagonal(paths.V, axis1=1, axis2=2)))
    assert ((logs - noise).std(0) < logs.std(0) / 2).all()


def test_without_logits_the_log_variance_is_a_brownian_motion_with_drift() -> None:
    """At infinite temperature d log V = -c dt + sqrt(2 c) dB with c = gamma^2 (2 - gamma^2)."""
    V = limit_path(KEY, V0, horizon=0.25, dt=1 / 256, gamma=0.6, tau0=1e9, samples=20000)
    c = 0.36 * (2 - 0.36)
    logs = np.asarray(jnp.log(V[:, 0, 0]))
    assert logs.mean() == pytest.approx(-c * 0.25, abs=5 * np.sqrt(2 * c * 0.25 / 20000) + 2e-3)
    assert logs.var() == pytest.approx(2 * c * 0.25, rel=0.05)


def test_the_second_moment_of_the_relu_is_the_arc_cosine_kernel() -> None:
    rho = 0.37
    kernel = (np.sqrt(1 - rho**2) + rho * (np.pi - np.arccos(rho))) / (2 * np.pi)
    assert float(shaped_relu_second_moment(rho, 1.0, 0.0)) == pytest.approx(kernel, rel=1e-13)
    assert float(shaped_relu_second_moment(rho, 1.0, 1.0)) == pytest.approx(rho, rel=1e-13)


BAD = [
    ({"V0": jnp.array([[1.0, 0.5], [0.1, 1.0]])}, "symmetric V0"),
    ({"V0": jnp.ones((2, 2))}, "positive definite V0"),
    ({"V0": jnp.ones((2, 3))}, "square matrix"),
    ({"gamma": 0.0}, r"gamma in \(0, 1\]"),
    ({"gamma": 1.5}, r"gamma in \(0, 1\]"),
    ({"tau0": -1.0}, "tau0 > 0"),
    ({"samples": 0}, "samples >= 1"),
    ({"width": 5}, "width >= 6"),
    ({"heads": 5}, "divide the width"),
    ({"key_dim": 0}, "key_dim >= 1"),
    ({"depth": -1}, "depth >= 0"),
    ({"averaging": jnp.eye(3) / 2}, "rows that sum to one"),
    ({"averaging": jnp.ones((2, 2)) / 2}, r"shape \(3, 3\)"),
    ({"method": "fast"}, "'gram' or 'literal'"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_input_is_named(change: dict, message: str) -> None:
    setting = {"V0": V0, "samples": 2} | SIZES | change
    with pytest.raises(ValueError, match=f"expected.*{message}.*received"):
        network_path(KEY, setting.pop("V0"), **setting)


def test_a_step_longer_than_the_horizon_is_named() -> None:
    with pytest.raises(ValueError, match=r"expected a step dt in \(0, horizon\]; received dt=2"):
        limit_path(KEY, V0, horizon=1.0, dt=2.0, gamma=0.8, tau0=1.0, samples=2)
