"""Many trained networks at once: their draws, blocks and limits, each by a second route."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from numerics.adamw_depth_limit import Heads, Network, exhaustive, limit, train, train_network
from numerics.generated.adamw_depth_limit import largest_update, toy_mean_square
from numerics.measurements.gradient_histories import COUNT, largest_parameter, worst_histories
from numerics.measurements.leading_errors import leading
from numerics.measurements.one_token_network import toy_squares
from numerics.measurements.token_symmetry import (
    distances,
    draw_instances,
    layer_adjoints,
    masked_drift,
    passes,
)
from numerics.training.adamw_variants import Recipe, variant
from numerics.training.dimension_problems import MOST, dimension_problem, dimension_runs
from numerics.training.quick import quick_jit
from numerics.training.token_problems import (
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


def test_leading_errors_of_a_block_are_those_of_a_row() -> None:
    problems = draw_problems(KEYS)
    many, still = leading(problems.data.inputs[:, 0], problems.atoms)
    one, alone = leading(
        problems.data.inputs[-1:, 0], jax.tree.map(lambda w: w[-1:], problems.atoms)
    )
    np.testing.assert_allclose(many.euler[-1], one.euler[0])
    np.testing.assert_allclose(many.covariance[-1], one.covariance[0])
    assert still.shape == (ROWS + 1,)
    np.testing.assert_allclose(still[-1], alone[0])


@pytest.mark.parametrize("d", [2, 5, MOST])
def test_norms_of_a_problem_do_not_depend_on_the_dimension(d: int) -> None:
    problem = dimension_problem(KEYS[0], d)
    for matrices, norm in zip(problem.atoms, (1, 1, 2), strict=True):
        np.testing.assert_allclose(np.linalg.norm(matrices, axis=(-2, -1)), norm)
    np.testing.assert_allclose(np.linalg.norm(problem.data.inputs, axis=-1), 1.5)


def test_coordinates_beyond_the_dimension_stay_zero() -> None:
    entries = Heads(6.0, 6.0, 9.0)
    for blockwise in (0.0, 1.0):
        recipe = RECIPE._replace(blockwise=blockwise, entries=entries)
        run, _, _ = dimension_runs(KEYS[:2], 3, recipe, 2)
        assert not run.x[..., 3:].any()
        assert not run.heads.V[..., 3:, :].any()
        assert run.x[..., :3].all()


def test_a_mean_over_entries_moves_a_matrix_by_the_root_of_their_number() -> None:
    """The first update has norm one with the sum of squares, and sqrt(entries) with their mean."""
    gradient = {"w": jnp.asarray(np.random.default_rng(0).normal(size=(3, 4)))}
    for entries, norm in ((None, 1.0), ({"w": 12.0}, 12**0.5)):
        recipe = Recipe(1.0, eps=0.0, decoupled=0.0, blockwise=1.0, entries=entries)
        optimizer = variant(recipe)
        update, _ = optimizer.update(gradient, optimizer.init(gradient), gradient)
        np.testing.assert_allclose(jnp.linalg.norm(update["w"]), norm)


def test_the_worst_history_brings_adamw_to_its_bound_and_not_beyond() -> None:
    recipe = Recipe(learning_rate=0.5, eps=1e-12, decoupled=1.0)
    found = largest_parameter(worst_histories(KEYS[:3]), recipe)
    bound = float(largest_update(COUNT, 0.9, 0.999))
    assert (found < bound).all()
    assert (found > 0.8 * bound).all()


def test_the_toy_agrees_with_its_exact_mean_square() -> None:
    found = toy_squares(KEYS, 4, 8)
    error = found.std() / np.sqrt(len(found))
    assert abs(found.mean() - float(toy_mean_square(1.0, 0.5, 1.0, 4, 8))) < 4 * error


def test_the_adjoint_of_a_layer_is_its_gradient_and_needs_the_lions_term() -> None:
    found, own_only, expected = layer_adjoints(*draw_instances(KEYS[:3]))
    assert distances(found, expected).max() < 1e-12
    assert distances(own_only, expected).min() > 1e-2


def test_gradients_of_repeated_tokens_are_those_of_the_tokens() -> None:
    heads, X, Y = draw_instances(KEYS[:2])
    once, twice = (
        passes(heads, X, Y)[2],
        passes(heads, *(np.repeat(a, 2, axis=2) for a in (X, Y)))[2],
    )
    assert distances(twice, once).max() < 1e-12


def test_the_mask_leaves_the_last_token_alone_and_no_other() -> None:
    """The last token attends to all in either case; states move by a third of the layer's drift."""
    heads, X, Y = draw_instances(KEYS[:2])
    states = np.asarray(passes(heads, X, Y)[0])
    drift, masked = 3 * (states[:, 1] - states[:, 0]), masked_drift(heads, X)[:, 0]
    np.testing.assert_allclose(masked[:, :, -1], drift[:, :, -1], rtol=1e-9)
    assert np.abs(masked - drift)[:, :, :-1].min() > 1e-6
