"""The cap alone: behind any optimiser, on matrices of any axes, with little memory."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from numerics.spectral_concentration import adamw2, relative_growth, spectral_cap

EMBED, HEADS, SIZE = 12, 4, 3


def normal(*shape: int, seed: int = 0) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), jnp.float32)


def updates(method: optax.GradientTransformation, params: Any, gradients: list[Any]) -> list[Any]:
    """The updates that a few gradients give, one tree each."""
    state, update, found = method.init(params), jax.jit(method.update), []
    for gradient in gradients:
        moves, state = update(gradient, state, params)
        params = optax.apply_updates(params, moves)
        found.append(moves)
    return found


@pytest.mark.parametrize(
    "optimiser", [optax.sgd(10.0, momentum=0.9), optax.lion(1.0), optax.adamw(1.0)]
)
def test_behind_any_optimiser_no_matrix_moves_by_more_than_the_cap(optimiser: Any) -> None:
    params = {"stack": normal(2, 5, 4), "gain": jnp.ones(4)}
    gradients = [jax.tree.map(lambda w, t=t: normal(*w.shape, seed=t), params) for t in range(3)]
    capped = optax.chain(optimiser, spectral_cap(0.01, exact=True))
    for moves in updates(capped, params, gradients):
        assert np.allclose(relative_growth(params["stack"] + moves["stack"], params["stack"]), 0.01,
                           rtol=1e-3)  # fmt: skip
        params = optax.apply_updates(params, moves)
    free = optax.chain(optimiser, spectral_cap(np.inf))
    for mine, theirs in zip(
        updates(free, params, gradients), updates(optimiser, params, gradients), strict=True
    ):
        assert all(np.allclose(mine[k], theirs[k], rtol=1e-5) for k in params)


def test_adamw2_is_the_chain_of_adam_and_the_cap() -> None:
    params, gradients = normal(5, 4), [normal(5, 4, seed=t) for t in range(1, 4)]
    cap = spectral_cap(0.01, rate=0.1, weight_decay=0.2)
    chain = optax.chain(optax.scale_by_adam(), optax.scale(-1.0), cap)
    one = updates(adamw2(0.1, 0.01, weight_decay=0.2), params, gradients)
    for mine, theirs in zip(one, updates(chain, params, gradients), strict=True):
        assert np.allclose(mine, theirs, rtol=1e-6)


MOVING: dict[str, list[np.ndarray]] = {
    "a direction of its own later": [np.diag([1.0, 1000 * (t > 0), 0, 0]) for t in range(4)],
    "one column a step": [np.outer(np.arange(1, 7), np.eye(6)[t]) for t in range(6)],
    "one entry a step": [np.outer(*np.eye(6)[[t, 5 - t]]) for t in range(6)],
    "few tokens a batch": [
        np.where(np.isin(np.arange(300), random.integers(0, 300, 4)), random.normal(size=(16, 300)),
                 0) for random in map(np.random.default_rng, range(4))],
}  # fmt: skip


@pytest.mark.parametrize("name", MOVING)
@pytest.mark.parametrize("turned", [False, True])
def test_updates_that_move_elsewhere_are_seen_by_power_iteration(name: str, turned: bool) -> None:
    gradients = [jnp.asarray(g.T if turned else g, jnp.float32) for g in MOVING[name]]
    params = jnp.eye(gradients[0].shape[0], gradients[0].shape[1])
    method = optax.chain(optax.sgd(1.0), spectral_cap(0.01))
    for moves in updates(method, params, gradients):
        assert np.linalg.norm(moves, 2) <= 0.01 * 1.2 * np.linalg.norm(params, 2)
        params = optax.apply_updates(params, moves)


def flat(query: jax.Array) -> jax.Array:
    return query.reshape(EMBED, -1)


WRITTEN_OUT: dict[str, tuple[str, tuple[int, ...], Any]] = {
    "a query kernel of Flax, a cap a head": (
        "rsc", (EMBED, HEADS, SIZE), lambda w: {h: w[:, h] for h in range(HEADS)}),
    "a query kernel of Flax as a whole": ("rcc", (EMBED, HEADS, SIZE), flat),
    "an output kernel of Flax, a cap a head": (
        "src", (HEADS, SIZE, EMBED), lambda w: {h: w[h] for h in range(HEADS)}),
    "a bias with an axis of heads": (
        "sc", (HEADS, SIZE), lambda w: {h: w[h] for h in range(HEADS)}),
    "a convolution": ("rrrc", (2, 2, 3, 4), lambda w: w.reshape(12, 4)),
    "two axes of stacks": ("*rc", (2, 2, 5, 4), lambda w: w.reshape(4, 5, 4)),
}  # fmt: skip


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("name", WRITTEN_OUT)
def test_axes_give_the_steps_of_the_matrices_written_out(name: str, exact: bool) -> None:
    axes, shape, written = WRITTEN_OUT[name]
    params, gradients = normal(*shape), [normal(*shape, seed=t) for t in range(1, 4)]
    one = updates(adamw2(1.0, 0.01, axes=axes, exact=exact), params, gradients)
    other = updates(adamw2(1.0, 0.01, exact=exact), written(params), list(map(written, gradients)))
    for mine, theirs in zip(map(written, one), other, strict=True):
        for a, b in zip(jax.tree.leaves(mine), jax.tree.leaves(theirs), strict=True):
            assert np.allclose(a, b, rtol=1e-4, atol=1e-7)


def test_a_query_kernel_without_its_axes_moves_by_several_caps() -> None:
    query = {"kernel": normal(64, 8, 8)}
    gradient = {"kernel": jnp.ones((64, 8, 8))}  # of rank one
    moved = {}
    for axes in (None, {"kernel": "rcc"}):
        (step,) = updates(adamw2(1.0, 0.01, axes=axes, exact=True), query, [gradient])
        before, after = (
            w.reshape(64, 64) for w in (query["kernel"], query["kernel"] + step["kernel"])
        )
        moved[axes is None] = float(relative_growth(after, before)) / 0.01
    assert moved[False] == pytest.approx(1.0, rel=1e-4)
    assert moved[True] > 2


@pytest.mark.parametrize("axes", ["rc", "rxc", "r*r", "ssr", "*rc*", lambda params: "rsscc"])
def test_axes_that_do_not_fit_are_refused(axes: Any) -> None:
    with pytest.raises(ValueError, match="a letter for each axis"):
        spectral_cap(0.01, axes=axes).init(normal(EMBED, HEADS, SIZE))


def test_a_gradient_that_is_no_number_is_seen_and_leaves_the_warm_starts() -> None:
    params = normal(5, 4)
    method = optax.chain(optax.sgd(1.0), spectral_cap(0.01))
    broken = params.at[0, 0].set(jnp.nan)
    first, second = updates(method, params, [broken, jnp.zeros_like(params)])
    assert bool(jnp.isnan(first).any())
    state = method.init(params)
    _, state = method.update(broken, state, params)
    moves, _ = method.update(params, state, params)
    assert relative_growth(params + moves, params) == pytest.approx(0.01, rel=1e-3)
    assert second.shape == params.shape


def test_weights_shrink_by_the_decay_behind_an_optimiser() -> None:
    params = normal(5, 4)
    method = optax.chain(optax.sgd(0.1), spectral_cap(0.01, weight_decay=0.5))
    (moves,) = updates(method, params, [jnp.zeros_like(params)])
    assert np.allclose(moves, -0.5 * params)


@pytest.mark.parametrize("exact", [False, True])
def test_the_cap_holds_for_rates_of_any_sign(exact: bool) -> None:
    params, gradients = normal(5, 4), [normal(5, 4, seed=1)]
    for rate in (-1e3, 1e3):
        (moves,) = updates(
            adamw2(lambda count, r=rate: r * (1 + count), 0.01, exact=exact), params, gradients
        )
        assert relative_growth(params + moves, params) == pytest.approx(0.01, rel=0.05)
        assert np.all(np.sign(moves) == -np.sign(rate * gradients[0]))


def test_a_zero_gradient_only_decays() -> None:
    params = normal(5, 4)
    (moves,) = updates(adamw2(0.1, 0.01, weight_decay=0.5), params, [jnp.zeros_like(params)])
    assert np.allclose(moves, -0.05 * params)


def test_half_precision_keeps_its_state_in_single() -> None:
    params = {"w": jnp.ones((3, 2), jnp.bfloat16)}
    floats = [x for x in jax.tree.leaves(adamw2(0.1, 0.01).init(params))
              if jnp.issubdtype(x.dtype, jnp.floating)]  # fmt: skip
    assert {x.dtype for x in floats} == {jnp.dtype("float32")}


def test_memory_is_that_of_adamw_and_vectors_and_one_direction_at_a_time() -> None:
    params = {"a": jnp.ones((256, 256), jnp.float32), "b": jnp.ones((4, 128, 128), jnp.float32)}

    def used(method: optax.GradientTransformation) -> tuple[int, int]:
        state = method.init(params)
        analysis = jax.jit(method.update).lower(params, state, params).compile().memory_analysis()
        assert analysis is not None
        return sum(x.nbytes for x in jax.tree.leaves(state)), analysis.temp_size_in_bytes

    mine, theirs = used(adamw2(0.1, 0.01)), used(optax.adamw(0.1))
    vectors, largest = 4 * 2 * (256 + 4 * 128), params["a"].nbytes
    assert mine[0] - theirs[0] <= vectors + 64
    assert mine[1] - theirs[1] <= 1.1 * largest


def test_a_step_that_gives_its_buffers_away_holds_all_directions() -> None:
    params = {f"w{k}": jnp.ones((128, 128), jnp.float32) for k in range(4)}
    method = adamw2(0.1, 0.01)
    state = method.init(params)

    def step(params, state, gradients):
        updates, state = method.update(gradients, state, params)
        return optax.apply_updates(params, updates), state

    compiled = jax.jit(step, donate_argnums=(0, 1)).lower(params, state, params).compile()
    analysis = compiled.memory_analysis()
    assert analysis is not None
    assert analysis.temp_size_in_bytes <= 1.1 * sum(w.nbytes for w in params.values())
