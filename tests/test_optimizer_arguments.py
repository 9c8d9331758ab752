"""What `adamw2` and `blockwise_adamw` take, as optax.adamw does: masks, eps_root, schedules."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from numerics.adamw_depth_limit.adamw_variants import blockwise_adamw
from numerics.spectral_concentration.spectral_cap import adamw2
from tests.test_optimizers_in_optax import Method, capped, every, tree


@every
@pytest.mark.parametrize("b2", [0.999, 0.0])
def test_gradients_through_a_step_at_gradients_of_zero_are_finite(
    method: Method, b2: float
) -> None:
    params = tree("float64")
    step = method(1e-2, b2=b2, eps_root=1e-8)

    def size(s: Any) -> Any:
        grads = jax.tree.map(lambda w: s * w, params)
        moves, _ = step.update(grads, step.init(params), params)
        return sum(
            jnp.sum(u * w) for u, w in zip(*map(jax.tree.leaves, (moves, params)), strict=True)
        )

    for s in (0.0, 0.1):
        slope = float(jax.grad(size)(s))
        h = 1e-7
        assert slope == pytest.approx(float(size(s + h) - size(s - h)) / (2 * h), rel=1e-3)


@every
def test_further_arguments_are_ignored_and_frozen_leaves_stay(method: Method) -> None:
    params = {"w": jnp.ones((3, 2)), "frozen": None}
    moves, _ = (step := method(1e-2)).update(params, step.init(params), params, value=1.0)
    assert moves["frozen"] is None


@every
def test_a_mask_says_which_parameters_decay(method: Method) -> None:
    params = {"w": jnp.ones((3, 2)), "deep": {"a": jnp.ones(3), "b": jnp.ones(())}}
    zeros = jax.tree.map(jnp.zeros_like, params)
    for mask in ({"w": True, "deep": {"a": False, "b": False}},
                 lambda p: jax.tree.map(lambda w: w.ndim > 1, p)):  # fmt: skip
        step = method(0.1, weight_decay=0.5, mask=mask)
        moves, _ = step.update(zeros, step.init(params), params)
        assert np.allclose(moves["w"], -0.05)
        assert not np.any(jax.tree.leaves(moves["deep"])[0])


def test_what_is_exempt_may_be_a_prefix_or_the_tree_of_all_parameters() -> None:
    params = {"w": jnp.ones((3, 2)), "deep": {"a": jnp.ones(3), "b": jnp.ones(3)}}
    for taken in ({"w": True, "deep": {"a": True, "b": False}}, {"w": True, "deep": False}):
        for exempt in ({"w": False, "deep": True}, {"w": False, "deep": {"a": True, "b": True}}):
            step = optax.masked(adamw2(1.0, 0.01, exempt=exempt), taken)
            _, state = step.update(params, step.init(params), params)
            assert np.allclose(state.inner_state.rate["w"], 0.01, rtol=1e-3)
    with pytest.raises(ValueError, match="expected a mask with the structure of the parameters"):
        adamw2(1.0, 0.01, exempt={"other": True}).init(params)


def test_the_cap_may_follow_a_schedule() -> None:
    step, params = (
        adamw2(1.0, lambda count: 0.01 / (1 + count), exact=True),
        {"w": jnp.ones((3, 2))},
    )
    _, state = step.update(params, step.init(params), params)
    _, after = step.update(params, state, params)
    assert float(state.rate["w"] / after.rate["w"]) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"tau": lambda count: 0.01 - 0.01 * count}, "a cap tau above zero"),
     ({"weight_decay": lambda count: 0.1 - 0.2 * count}, "a weight_decay of at least zero")],
)  # fmt: skip
def test_a_schedule_that_leaves_its_range_is_refused(wrong: Any, message: str) -> None:
    step, params = adamw2(**{"learning_rate": 1.0, "tau": 0.01} | wrong), {"w": jnp.ones((3, 2))}
    _, state = step.update(params, step.init(params), params)
    with pytest.raises(ValueError, match=f"{message}.*mend the schedule"):
        step.update(params, state, params)
    moves, _ = jax.jit(step.update)(params, state, params)  # which cannot raise
    assert np.isnan(moves["w"]).all()
    moves, _ = jax.jit(step.update)(params, step.init(params), params)
    assert np.isfinite(moves["w"]).all()


@every
def test_parameters_that_are_no_floating_point_numbers_are_refused(method: Method) -> None:
    with pytest.raises(ValueError, match=r"received int32 of shape \(3,\); leave it out"):
        method(0.1).init({"w": jnp.ones((3, 2)), "count": jnp.zeros(3, "int32")})


def test_decays_that_16_bits_round_are_refused_with_the_way_out() -> None:
    params = {"w": jnp.ones((3, 2), jnp.bfloat16)}
    inject = optax.inject_hyperparams
    with pytest.raises(ValueError, match=r"hyperparam_dtype=jnp\.float32"):
        inject(adamw2)(0.1, 0.01).init(params)
    inject(adamw2, hyperparam_dtype=jnp.float32)(0.1, 0.01).init(params)


@pytest.mark.parametrize("wrong", [-0.1, 1.0, jnp.asarray(1.0), np.nan, "0.9", lambda count: 0.9])
def test_decays_that_are_none_are_refused(wrong: Any) -> None:
    for method in (capped, blockwise_adamw):
        with pytest.raises(ValueError, match=r"in \[0, 1\)"):
            method(0.1, b1=wrong)
