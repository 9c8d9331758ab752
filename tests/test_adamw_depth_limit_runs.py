"""Many trained networks at once: their draws, blocks and limits, each by a second route."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from numerics.adamw_depth_limit import Network, exhaustive, limit, train, train_network
from numerics.adamw_depth_limit.adamw_variants import Recipe, variant
from numerics.adamw_depth_limit.token_problems import (
    ROWS,
    Pair,
    draw_problem,
    draw_problems,
    extrapolated,
    full_weights,
    largest,
    pointwise,
    random_weights,
    repeated,
    simulate,
)
from numerics.engine.quick import quick_jit

KEYS = np.random.default_rng(6).integers(2**32, size=(ROWS + 1, 2), dtype=np.uint32)
RECIPE = Recipe(learning_rate=0.1)


def pair(problems: Any, depth: int) -> Pair:
    run = simulate(problems, full_weights(len(problems.data.share), depth), RECIPE, steps=1)
    return Pair(run.x, run.p)


def test_weights_are_shares_of_the_heads_of_a_layer() -> None:
    counts = random_weights(KEYS, 8, 5) * 8 * 5
    np.testing.assert_allclose(counts, counts.round(), atol=1e-9)
    np.testing.assert_allclose(counts.sum(-1), 5)
    assert abs(counts.mean() - 5 / 4) < 1e-9
    assert counts.var(axis=(0, 1)).min() > 0.5  # binomial: 5 * 3 / 16


def test_networks_of_as_many_heads_have_the_same_heads() -> None:
    deep, wide = random_weights(KEYS, 16, 2), random_weights(KEYS, 4, 8)
    np.testing.assert_allclose(deep.reshape(-1, 4, 4, 4).sum(axis=2), wide)


def test_a_network_of_a_block_is_the_one_trained_alone() -> None:
    """The last of more than one block, padded in rows and layers, against plain optax."""
    problems, weights = draw_problems(KEYS), random_weights(KEYS, 8, 3)
    run = simulate(problems, weights, RECIPE, steps=2)
    last = jax.tree.map(jnp.asarray, draw_problem(KEYS[-1]))
    heads = jax.tree.map(lambda w: jnp.broadcast_to(w, (8, *w.shape)), last.atoms)
    network = Network(heads, jnp.asarray(weights[-1]), jnp.asarray(8))
    alone = quick_jit(
        lambda network, data: train_network(network, data, steps=2, optimizer=variant(RECIPE)),
        level=0,
    )(network, last.data)
    for left, right in zip(jax.tree.leaves(run), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(left[-1], right, rtol=1e-9, atol=1e-12)


def test_full_weights_are_the_exhaustive_network() -> None:
    problem = jax.tree.map(jnp.asarray, draw_problem(KEYS[0]))
    options = {"depth": 4, "heads": 1, "steps": 1, "optimizer": variant(RECIPE)}
    law = exhaustive(problem.atoms)
    alone = quick_jit(partial(train, initial_law=law, **options), level=0)(
        jax.random.PRNGKey(0), problem.data
    )
    np.testing.assert_allclose(pair(repeated(problem, 1), 4).p[0], alone.p, rtol=1e-9, atol=1e-12)


def test_three_depths_give_the_limit_of_two_deeper_ones() -> None:
    problem = jax.tree.map(jnp.asarray, draw_problem(KEYS[0]))
    found = extrapolated(partial(pair, repeated(problem, 1)))
    expected = quick_jit(partial(limit, steps=1, optimizer=variant(RECIPE), depth=256), level=0)(
        problem.data, problem.atoms
    )
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(left[0], right, atol=2e-5)


def test_many_heads_come_near_the_limit() -> None:
    problems = repeated(draw_problem(KEYS[1]), len(KEYS))
    x = extrapolated(partial(pair, repeated(draw_problem(KEYS[1]), 1))).x
    few, many = (
        np.abs(simulate(problems, random_weights(KEYS, 64, h), RECIPE, steps=1).x - x).mean()
        for h in (1, 64)
    )
    assert many < few / 4


def test_errors_are_averaged_over_tokens_and_sequences() -> None:
    error = np.zeros((1, 2, 5, 3, 2))
    error[0, 1, 4] = [[3, 4], [0, 0], [0, 0]]
    np.testing.assert_allclose(pointwise(error, -1), np.sqrt(25 / 3 / 2))
    np.testing.assert_allclose(largest(error), np.sqrt(25 / 3))
