"""Boundary points, long inputs and blocks of seeds: what the claims measure, by a second route."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from checks.shallow_transformer_gd import readings, wrong
from numerics.shallow_transformer_gd import (
    kick_and_cancel,
    linear_network,
    linearization_error,
    network,
    recurrent_gradient,
    trained_heads,
)
from numerics.shallow_transformer_gd.blocks import normals
from numerics.shallow_transformer_gd.boundary import POINTS, boundary_errors, coherent, random
from numerics.shallow_transformer_gd.fresh_heads import WIDTHS
from numerics.shallow_transformer_gd.ladders import in_pairs, ladder, shrinking
from numerics.shallow_transformer_gd.long_inputs import kicked, repetition_change, working_memory
from numerics.shallow_transformer_gd.projected import Heads
from numerics.shallow_transformer_gd.transport import clip_tokens

KEYS = jnp.arange(4, dtype=jnp.uint32).reshape(2, 2)
SIZES = {"widths": (4, 6), "samples": 5, "length": 3, "dim": 2}
NETWORKS = ladder((4, 6))
PAIRED = in_pairs(NETWORKS), shrinking(NETWORKS)


def start_of(key: jax.Array, width: int) -> tuple[Heads, jax.Array, Heads]:
    """The paired network of a seed, its inputs, and the directions drawn for it, by hand."""
    blocks = [(6,), (6, 2), (6, 2, 2)]
    *drawn, X, _ = normals(key, [*blocks, *blocks, (5, 3, 2), (4, 3, 2)])
    pair = np.repeat(np.arange(0, width, 2), 2)
    c = jnp.where(drawn[0][pair] < 0, -1.0, 1.0) * (-1.0) ** np.arange(width)
    return (
        Heads(c, drawn[1][pair], drawn[2][pair]),
        clip_tokens(X),
        Heads(*(block[:width] for block in drawn[3:])),
    )


@jax.jit
def errors(way: Heads, start: Heads, X: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Of one network on its own: the linearisation error, and that with c left out of it."""
    moved = Heads(*(x + dx / jnp.sqrt(len(start.c)) for x, dx in zip(start, way, strict=True)))
    _, without_c = linear_network(moved._replace(c=start.c), start, X)
    frozen = jnp.abs(network(moved, X) - without_c).max()
    return linearization_error(moved, start, X), frozen


@pytest.mark.parametrize("point", ["coherent", "random"])
def test_the_error_at_a_boundary_point_is_that_of_the_network_moved_there(point: str) -> None:
    found = boundary_errors(KEYS, POINTS.index(point), *PAIRED, **SIZES)
    for place, width in enumerate(SIZES["widths"]):
        start, X, drawn = start_of(KEYS[1], width)
        way = coherent(start, X[0]) if point == "coherent" else random(drawn)
        for block in way:
            norms = np.linalg.norm(np.asarray(block).reshape(width, -1), axis=1)
            np.testing.assert_allclose(norms, 1.0, rtol=1e-12)
        error, frozen = errors(way, start, X)
        left, of_c = found.left[1, place], found.of_c[1, place]
        np.testing.assert_allclose(jnp.abs(left).max(), error, rtol=1e-9)
        np.testing.assert_allclose(jnp.abs(left + of_c).max(), frozen, rtol=1e-9)
        assert found.bound[1, place] >= error


def test_heads_that_come_one_by_one_are_no_pairs() -> None:
    paired = boundary_errors(KEYS, 1, *PAIRED, **SIZES)
    single = boundary_errors(KEYS, 1, wrong.one_by_one(NETWORKS), PAIRED[1], **SIZES)
    assert (jnp.abs(single.left).max(-1) > jnp.abs(paired.left).max(-1)).all()


def test_one_pass_of_the_recurrence_gives_the_gradients_of_all_lengths() -> None:
    pairs = jnp.array([[0.9, 1.5], [1.2, 2.0]])
    seen = kicked(pairs, lengths=(4, 7))
    for place, length in enumerate((4, 7)):
        for seed, (w, norm) in enumerate(np.asarray(pairs)):
            alone = recurrent_gradient(w, kick_and_cancel(w, norm, length))
            np.testing.assert_allclose(seen.recurrent[place, seed], alone, rtol=1e-12)
            np.testing.assert_allclose(seen.formula[place, seed], alone, rtol=1e-10)
    assert (np.asarray(seen.attention) <= np.asarray(seen.bound)).all()


def test_repeating_changes_heads_that_do_not_normalise_alone() -> None:
    X = 0.3 * jax.random.normal(jax.random.key(1), (3, 4, 3))
    assert repetition_change(X, repeats=(2, 5)).max() < 1e-14
    assert repetition_change(X, repeats=(2, 5), attend=wrong.exponential_sum).min() > 1e-3


def test_memory_grows_with_the_tokens_unless_the_query_is_fixed() -> None:
    assert working_memory(512, False) == 2 * working_memory(256, False)
    assert working_memory(512, True) == working_memory(256, True) < working_memory(256, False)


def test_seeds_in_blocks_are_the_seeds_one_by_one() -> None:
    keys = np.arange(10, dtype=np.uint32).reshape(5, 2)
    sizes = []

    def run(some: jax.Array) -> dict[str, np.ndarray]:
        sizes.append(len(some))
        return {"sum": np.asarray(some).sum(1)}

    np.testing.assert_array_equal(trained_heads.blockwise(run, keys, 2)["sum"], keys.sum(1))
    assert sizes == [2, 2, 2]
    assert trained_heads.blockwise(run, keys, 8)["sum"].shape == (5,)


def test_the_needed_width_is_where_the_error_has_halved() -> None:
    errors = np.array([[3.0], [4.0]]) / np.array(WIDTHS)
    found = readings.needed_width({"n": 8}, {"largest/8": errors, "variance": np.ones(2)})
    np.testing.assert_allclose(found, [6.0, 8.0], rtol=1e-12)
