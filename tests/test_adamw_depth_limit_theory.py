"""The derivation of the AdamW room: every step holds, and a planted slip is noticed."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from numerics.adamw_depth_limit.adamw_variants import blockwise_adamw, scale_by_moments
from numerics.generated.adamw_depth_limit import largest_update
from theory.adamw_depth_limit import theorem
from theory.adamw_depth_limit.depth import mu, sigma, toy_mean_square, toy_series, x0
from theory.language import Status, run_steps

HISTORIES = st.lists(st.floats(-10, 10, allow_nan=False), min_size=1, max_size=12)


def moments(history: list[float], bias_correction: float = 1.0) -> tuple[float, float]:
    """First and second bias-corrected moment, spelled out as weighted sums."""
    n = len(history)
    ages = np.arange(n)[::-1]
    a = 0.1 * 0.9**ages / (1 - bias_correction * 0.9**n)
    w = 0.001 * 0.999**ages / (1 - bias_correction * 0.999**n)
    return float(a @ history), float(w @ np.square(history))


@pytest.mark.slow
def test_a_dropped_lions_term_fails_the_adjoint_step() -> None:
    (step,) = (s for s in theorem.derivation.steps if s.name == "adjoint")
    own = dataclasses.replace(step, right=step.right.args[0])
    (outcome,) = run_steps([own])
    assert outcome.status is Status.FAILED


@given(HISTORIES)
def test_an_update_is_bounded_by_the_constant(history: list[float]) -> None:
    m, v = moments(history)
    bound = float(largest_update(len(history), 0.9, 0.999))
    assert abs(m) <= bound * np.sqrt(v) * (1 + 1e-9) + 1e-150


@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_the_constant_is_attained(n: int) -> None:
    worst = (0.999 / 0.9) ** np.arange(n)
    m, v = moments(list(worst))
    np.testing.assert_allclose(m / np.sqrt(v), largest_update(n, 0.9, 0.999), rtol=1e-10)


def test_without_bias_correction_the_first_update_breaks_the_bound() -> None:
    m, v = moments([1.0], bias_correction=0.0)
    assert m / np.sqrt(v) > 3 * float(largest_update(1, 0.9, 0.999))


@given(HISTORIES, st.floats(-0.1, 0.1))
def test_updates_are_lipschitz_in_the_history(history: list[float], shift: float) -> None:
    eps, n = 1e-2, len(history)
    moved = [g + shift * (-1) ** k for k, g in enumerate(history)]
    (m, v), (m_, v_) = moments(history), moments(moved)
    change = abs(m / (np.sqrt(v) + eps) - m_ / (np.sqrt(v_) + eps))
    distance = np.sqrt(moments([a - b for a, b in zip(history, moved, strict=True)])[1])
    assert change <= 2 * float(largest_update(n, 0.9, 0.999)) / eps * distance + 1e-9


@given(HISTORIES)
def test_the_transformation_computes_the_weighted_sums(history: list[float]) -> None:
    transform = scale_by_moments(blockwise=0.0)
    state = transform.init(jnp.zeros((1, 1)))
    step = jnp.zeros((1, 1))
    for g in history:
        step, state = transform.update(jnp.full((1, 1), g), state)
    m, v = moments(history)
    np.testing.assert_allclose(step[0, 0], m / (np.sqrt(v) + 1e-8), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("d", [2, 16])
def test_a_block_moves_by_the_learning_rate_whatever_its_size(d: int) -> None:
    optimizer, theta = blockwise_adamw(0.1, weight_decay=0.0), jnp.zeros((3, d, d))
    gradient = jax.random.normal(jax.random.PRNGKey(d), theta.shape)
    update, _ = optimizer.update(gradient, optimizer.init(theta), theta)
    np.testing.assert_allclose(jnp.linalg.norm(update, axis=(1, 2)), 0.1, rtol=1e-6)


def test_decays_outside_the_unit_interval_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        scale_by_moments(b1=1.0)


def test_the_series_of_the_toy_agrees_with_its_exact_value() -> None:
    first, second, _ = (
        c.subs({mu: sp.Rational(2, 5), sigma: sp.Rational(3, 5)}) for c in toy_series()
    )
    at = {mu: sp.Rational(2, 5), sigma: sp.Rational(3, 5), x0: 1}
    exact = toy_mean_square().subs(at)
    for depth in (1000, 10000):
        sizes = {"L": depth, "H": 3}
        value, one, two = (
            e.subs({s: sizes[str(s)] for s in e.free_symbols}).evalf(40)
            for e in (exact, first, second)
        )
        assert abs(value - one / depth - two / depth**2) < 10 / depth**3
