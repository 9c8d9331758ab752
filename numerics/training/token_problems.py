"""Random training problems of tokens, many networks at once, and their distance to the limit.

One compiled function serves every depth and number of heads up to ``LAYERS`` and ``HEADS``, random
and exhaustive networks, and all variants of AdamW: only the number of seeds and the sizes of a
problem choose a shape.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

from numerics.adamw_depth_limit import (
    Data,
    Heads,
    Run,
    atomic,
    box_atoms,
    exhaustive,
    train_network,
)
from numerics.training.adamw_variants import Recipe, variant

LAYERS, HEADS = 128, 64  # the largest depth and number of heads
LIMIT_DEPTH = 64  # Richardson extrapolation uses this depth and twice it
Errors = Float[Array, "seeds steps S fractions N d"]


class Problem(NamedTuple):
    """Sequences with targets, and the atoms of the initial law of the heads."""

    data: Data
    atoms: Heads


def draw_problem(
    key: UInt32[Array, "2"],
    *,
    tokens: int = 8,
    d: int = 4,
    d_k: int = 2,
    atoms: int = 4,
    sequences: int = 8,
    trained: int = 2,
) -> Problem:
    """Tokens and targets uniform in [-1, 1]^d; heads from Xavier's box, V shifted by I / 2.

    The shift gives the drift a mean: with a centred V it would vanish before training, and
    Euler's error with it.
    """
    shape = (sequences, tokens, d)
    first, second, third = jax.random.split(key, 3)
    inputs = jax.random.uniform(first, shape, minval=-1.0, maxval=1.0)
    targets = jax.random.uniform(second, shape, minval=-1.0, maxval=1.0)
    share = jnp.where(jnp.arange(sequences) < trained, 1 / trained, 0.0)
    return Problem(Data(inputs, targets, share), box_atoms(third, (atoms,), d, d_k, 0.5))


def repeated(problem: Problem, seeds: int) -> Problem:
    """The same problem for every seed."""
    return jax.tree.map(lambda a: jnp.broadcast_to(a, (seeds, *a.shape)), problem)


@partial(jax.jit, static_argnames=("steps", "layers"))
def simulate(
    keys: UInt32[Array, "seeds 2"],
    problems: Problem,
    depth: Array | int,
    heads: Array | int,
    recipe: Recipe,
    every_atom: Array | bool,
    *,
    steps: int,
    layers: int = LAYERS,
) -> Run:
    """One trained network a seed: of random heads, or exhaustive when ``every_atom``.

    ``depth`` is at most ``layers``, ``heads`` at most ``HEADS``.
    """

    def one(key: Array, problem: Problem) -> Run:
        random = atomic(problem.atoms, layers, HEADS)(key, depth, heads)
        full = exhaustive(problem.atoms, layers)(key, depth, heads)
        weights = jnp.where(every_atom, full.weights, random.weights)
        network = random._replace(weights=weights)
        return train_network(network, problem.data, steps=steps, optimizer=variant(recipe))

    return jax.vmap(one)(keys, problems)


def limit_run(problems: Problem, recipe: Recipe, *, steps: int) -> tuple[Errors, Errors]:
    """States and backpropagated variables with infinitely many heads and layers, for each seed."""
    keys = jnp.zeros((len(problems.data.share), 2), jnp.uint32)

    def at(depth: int) -> Run:
        return simulate(keys, problems, depth, 1, recipe, True, steps=steps)

    coarse, fine = at(LIMIT_DEPTH), at(2 * LIMIT_DEPTH)
    return 2 * fine.x - coarse.x, 2 * fine.p - coarse.p


def pointwise(error: Float[Array, "seeds S fractions N d"], at: int) -> Float[Array, " seeds"]:
    """Root mean square over sequences at one depth; squares are averaged over the tokens."""
    return jnp.sqrt((error[:, :, at] ** 2).sum(-1).mean((-1, -2)))


def largest(error: Float[Array, "seeds S fractions N d"]) -> Float[Array, " seeds"]:
    """Largest over sequences and depths; squares are averaged over the tokens."""
    return jnp.sqrt((error**2).sum(-1).mean(-1).max((-1, -2)))
