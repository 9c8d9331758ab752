"""`adamw2` and `blockwise_adamw` work in the places where optax's optimizers are used."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jaxtyping import PyTree

from numerics.adamw_depth_limit.adamw_variants import blockwise_adamw
from numerics.spectral_concentration.spectral_cap import adamw2, spectral_cap

Method = Callable[..., Any]  # (learning_rate, **others) -> a transformation


def capped(learning_rate: Any, **others: Any) -> optax.GradientTransformationExtraArgs:
    return adamw2(learning_rate, **{"tau": 0.01, **others})


def exactly(learning_rate: Any, **others: Any) -> optax.GradientTransformationExtraArgs:
    return capped(learning_rate, exact=True, **others)


def behind_sgd(learning_rate: Any) -> optax.GradientTransformationExtraArgs:
    return optax.chain(optax.sgd(learning_rate), spectral_cap(0.01))


METHODS = [capped, exactly, blockwise_adamw]
every = pytest.mark.parametrize("method", METHODS)
SHAPES = {"scalar": (), "vector": (3,), "stack": (2, 3, 2), "empty": (0, 3)}  # fmt: skip


def tree(dtype: Any = jnp.float32, seed: int = 0) -> dict[str, jax.Array]:
    random = np.random.default_rng(seed)
    return {name: jnp.asarray(random.standard_normal(s), dtype) for name, s in SHAPES.items()}


def finite(found: PyTree) -> bool:
    return all(bool(jnp.isfinite(x).all()) for x in jax.tree.leaves(found))


def types(found: PyTree) -> PyTree:
    return jax.tree.map(lambda x: (x.shape, x.dtype), found)


@every
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "complex64"])
def test_updates_have_the_type_of_parameters_and_states_keep_theirs(
    method: Method, compiled: bool, dtype: str
) -> None:
    params = tree(dtype)
    step = method(optax.constant_schedule(jnp.asarray(1e-2)), weight_decay=jnp.asarray(0.1))
    state = step.init(params)
    update = jax.jit(step.update) if compiled else step.update
    grads = {**tree(dtype, 1), "vector": jnp.zeros(3, dtype)}  # never moved: 0 / (0 + eps)
    moves, after = update(grads, state, params)
    assert types(moves) == types(params)
    assert types(after) == types(state)
    assert finite(moves)
    assert bool(jnp.any(moves["stack"] != 0))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_squares_of_half_precision_neither_vanish_nor_overflow(dtype: str) -> None:
    params = {"small": jnp.ones((3, 2), dtype), "large": jnp.ones((3, 2), dtype)}
    grads = {"small": jnp.full((3, 2), 1e-5, dtype), "large": jnp.full((3, 2), 3e4, dtype)}
    for method, size in ((adamw2(0.5, jnp.inf), 0.5), (blockwise_adamw(0.5, 0.9), 0.5 / 6**0.5)):
        moves, _ = method.update(grads, method.init(params), jax.tree.map(jnp.zeros_like, params))
        for move in jax.tree.leaves(moves):
            assert np.allclose(np.asarray(move, float), -size, rtol=1e-2)


@every
def test_hyperparameters_may_be_injected(method: Method) -> None:
    params, grads = tree(), tree(seed=1)
    injected = optax.inject_hyperparams(lambda learning_rate, b1, b2, weight_decay: method(
        learning_rate, b1=b1, b2=b2, weight_decay=weight_decay))  # fmt: skip
    others = {"b1": 0.8, "b2": 0.99, "weight_decay": 0.1}
    one, other = injected(optax.constant_schedule(1e-2), **others), method(1e-2, **others)
    moves = [jax.jit(s.update)(grads, s.init(params), params)[0] for s in (one, other)]
    assert types(moves[0]) == types(params)
    assert all(np.allclose(moves[0][k], moves[1][k], rtol=1e-4) for k in params)


def test_all_arguments_of_adamw2_may_be_injected_the_rounds_too() -> None:
    params = tree()
    step = optax.inject_hyperparams(adamw2)(learning_rate=1e-2, tau=optax.constant_schedule(0.01))
    moves, _ = jax.jit(step.update)(params, step.init(params), params)
    assert finite(moves)


@every
@pytest.mark.parametrize("name", ["b1", "b2", "eps", "weight_decay", "learning_rate"])
def test_a_batch_of_hyperparameters_is_the_runs_one_by_one(method: Method, name: str) -> None:
    params, values = {"w": jnp.ones((3, 2)), "t": jnp.asarray(2.0)}, jnp.array([0.1, 0.5])

    def moved(value: Any) -> PyTree:
        step = method(**{"learning_rate": 1e-2, name: value})
        moves, state = step.update(params, step.init(params), params)
        return step.update(moves, state, params)[0]

    together = jax.vmap(moved)(values)
    for k, value in enumerate(values.tolist()):
        alone = moved(value)
        assert all(np.allclose(together[key][k], alone[key], rtol=1e-12) for key in params)


WRAPPERS = {
    "chain": lambda t: optax.chain(optax.clip_by_global_norm(1.0), t),
    "every second step": lambda t: optax.MultiSteps(t, 2),
    "if finite": lambda t: optax.apply_if_finite(t, 5),
    "masked": lambda t: optax.masked(t, {k: k != "vector" for k in SHAPES}),
    "parts": lambda t: optax.partition(
        {"a": t, "b": optax.sgd(0.1)}, {k: "ab"[k == "scalar"] for k in SHAPES}
    ),
}


@pytest.mark.parametrize("method", [*METHODS, behind_sgd])
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_wrappers_of_optax_run_in_a_loop_on_the_device(method: Method, wrapper: str) -> None:
    step, params = WRAPPERS[wrapper](method(1e-2)), tree()

    def body(carry: Any, _: None) -> tuple[Any, None]:
        moves, state = step.update(carry[0], carry[1], carry[0])
        return (optax.apply_updates(carry[0], moves), state), None

    run = jax.jit(lambda carry: jax.lax.scan(body, carry, length=3)[0], donate_argnums=0)
    after, _ = run((params, step.init(params)))
    assert finite(after)
    assert types(after) == types(tree())


@every
def test_a_gradient_that_is_no_number_leaves_parameters_unchanged(method: Method) -> None:
    params = tree()
    step = optax.apply_if_finite(method(1e-2), 5)
    grads = jax.tree.map(lambda w: w * jnp.nan, params)
    moves, _ = step.update(grads, step.init(params), params)
    assert all(bool(jnp.all(move == 0)) for move in jax.tree.leaves(moves))
