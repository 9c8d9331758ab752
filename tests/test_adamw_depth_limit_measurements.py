"""What the AdamW room measures besides trained networks, each by a second route."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from checks.adamw_depth_limit import wrong
from numerics.adamw_depth_limit import Heads
from numerics.adamw_depth_limit.adamw_variants import Recipe, variant
from numerics.adamw_depth_limit.dimension_problems import SPACES, dimension_problem, dimension_runs
from numerics.adamw_depth_limit.gradient_histories import (
    COUNT,
    largest_parameter,
    worst_histories,
)
from numerics.adamw_depth_limit.leading_terms import leading
from numerics.adamw_depth_limit.one_token_network import toy_squares
from numerics.adamw_depth_limit.token_problems import ROWS, draw_problems
from numerics.adamw_depth_limit.token_symmetry import (
    adjoint_residual,
    distances,
    draw_instances,
    passes,
    symmetry,
)
from numerics.generated.adamw_depth_limit import largest_update, toy_mean_square

KEYS = np.random.default_rng(6).integers(2**32, size=(ROWS + 1, 2), dtype=np.uint32)


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


@pytest.mark.parametrize("d", [2, 5, SPACES[0]])
def test_norms_of_a_problem_do_not_depend_on_the_dimension(d: int) -> None:
    problem = dimension_problem(KEYS[0], d)
    for matrices, norm in zip(problem.atoms, (1, 1, 2), strict=True):
        np.testing.assert_allclose(np.linalg.norm(matrices, axis=(-2, -1)), norm)
    np.testing.assert_allclose(np.linalg.norm(problem.data.inputs, axis=-1), 1.5)


def test_coordinates_beyond_the_dimension_stay_zero() -> None:
    entries = Heads(6.0, 6.0, 9.0)
    for blockwise in (0.0, 1.0):
        recipe = Recipe(learning_rate=0.1, blockwise=blockwise, entries=entries)
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
    assert adjoint_residual(KEYS[:3]).max() < 1e-12
    assert adjoint_residual(KEYS[:3], of=wrong.without_lions).min() > 1e-2


@pytest.mark.parametrize("move", ["repeat", "exchange"])
def test_tokens_are_seen_by_their_measure_unless_they_know_their_place(move: str) -> None:
    assert symmetry(KEYS[:3], move=move).max() < 1e-12
    assert symmetry(KEYS[:3], move=move, of=wrong.placed).min() > 1e-4
    assert symmetry(KEYS[:3], move=move, of=wrong.masked).min() > 1e-4


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
    drift, masked = 3 * (states[:, 1] - states[:, 0]), wrong.masked(heads, X, Y)[0][:, 0]
    np.testing.assert_allclose(masked[:, :, -1], drift[:, :, -1], rtol=1e-9)
    assert np.abs(masked - drift)[:, :, :-1].min() > 1e-6
