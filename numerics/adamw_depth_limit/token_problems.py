"""Random training problems of tokens, many networks at once, and their distance to the limit.

Problems and heads are drawn with NumPy, networks are trained in blocks of ``ROWS`` with layers
padded to a multiple of ``LAYERS``: one compiled function serves every depth and number of heads,
random and exhaustive networks, and all variants of AdamW.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32

from numerics.adamw_depth_limit import Data, Heads, Network, Run, train_network
from numerics.adamw_depth_limit.adamw_variants import Recipe, variant
from numerics.engine.quick import quick_jit
from numerics.engine.streams import stream

ROWS, LAYERS = 16, 128
DEEPEST = 128  # Richardson's extrapolation uses this depth, its half and its quarter
ATOMS, HEADS = 1, 2  # what a key is used for: streams that are independent of each other
Keys = UInt32[Array, "rows 2"] | UInt32[np.ndarray, "rows 2"]
Weights = Float[np.ndarray, "rows layers M"]
States = Float[np.ndarray, "rows steps S fractions N d"]
Errors = Float[np.ndarray, "rows S fractions N d"]


class Pair(NamedTuple):
    """States and backpropagated variables of trained networks, or their errors."""

    x: States
    p: States


class Problem(NamedTuple):
    """Sequences with targets, and the atoms of the initial law of the heads."""

    data: Data
    atoms: Heads


def draw_problem(
    key: Any,
    *,
    tokens: int = 3,
    d: int = 4,
    d_k: int = 2,
    atoms: int = 4,
    sequences: int = 4,
    trained: int = 2,
) -> Problem:
    """Tokens and targets uniform in [-1, 1]^d; Q and K from Xavier's box, V from half of it.

    V is shifted by I / 4, which gives the drift a mean: with a centred V it would vanish before
    training, and Euler's error with it. With the whole box for V the leading order of the errors
    shows at twice the depth only. Three tokens train three times as fast as four: XLA unrolls.
    """
    random, shape = stream(key, ATOMS), (sequences, tokens, d)

    def box(rows: int) -> np.ndarray:
        return random.uniform(-1, 1, (atoms, rows, d)) * (6 / (rows + d)) ** 0.5

    heads = Heads(box(d_k), box(d_k), (box(d) + np.eye(d) / 2) / 2)
    share = np.where(np.arange(sequences) < trained, 1 / trained, 0.0)
    return Problem(Data(random.uniform(-1, 1, shape), random.uniform(-1, 1, shape), share), heads)


def draw_problems(keys: Keys, draw: Callable[[Any], Problem] = draw_problem) -> Problem:
    """A problem for each key."""
    return jax.tree.map(lambda *a: np.stack(a), *map(draw, np.asarray(keys)))


def repeated(problem: Problem, rows: int) -> Problem:
    """The same problem for every row."""
    return jax.tree.map(lambda a: np.broadcast_to(a, (rows, *a.shape)), problem)


def random_weights(keys: Keys, depth: int, heads: int, atoms: int = 4) -> Weights:
    """Shares of the atoms in each layer, when every head starts at one of them at random.

    The heads of a network are one sequence, dealt to the layers in order. Networks with as many
    heads in other layers are thus of the same heads, and their noise is nearly the same.
    """
    chosen = np.stack(
        [
            stream(key, HEADS).integers(atoms, size=(depth, heads), dtype=np.int8)
            for key in np.asarray(keys)
        ]
    )
    return np.stack([(chosen == m).sum(-1) for m in range(atoms)], -1) / (depth * heads)


def full_weights(rows: int, depth: int, atoms: int = 4) -> Weights:
    """Every atom once in every layer: no sampling error."""
    return np.full((rows, depth, atoms), 1 / (depth * atoms))


def _train_rows(
    problems: Problem,
    weights: Float[Array, "rows layers M"],
    depth: Any,
    recipe: Recipe,
    *,
    steps: int,
) -> Run:
    def one(problem: Problem, shares: Float[Array, "layers M"]) -> Run:
        heads = jax.tree.map(lambda w: jnp.broadcast_to(w, (len(shares), *w.shape)), problem.atoms)
        network = Network(heads, shares, depth)
        return train_network(network, problem.data, steps=steps, optimizer=variant(recipe))

    return jax.vmap(one)(problems, weights)


_train = quick_jit(_train_rows, static_argnames="steps")
_train_shortly = quick_jit(_train_rows, static_argnames="steps", level=0)


def simulate(
    problems: Problem, weights: Weights, recipe: Recipe, *, steps: int, short: bool = False
) -> Run:
    """Train a network for each problem; weights are shares of the atoms in the whole network.

    ``short`` is for few runs of one depth: their program is made faster and runs slower.
    """
    depth = weights.shape[1]
    padded = np.pad(weights, ((0, 0), (0, 0 if short else -depth % LAYERS), (0, 0)))
    train = _train_shortly if short else _train
    at = jnp.asarray(depth)
    run: Run = by_rows(lambda *rows: train(*rows, at, recipe, steps=steps), problems, padded)
    return run._replace(heads=jax.tree.map(lambda w: w[:, :depth], run.heads))


def by_rows(program: Callable[..., Any], *arguments: Any) -> Any:
    """A compiled program on blocks of ``ROWS`` rows: one shape, whatever the number of rows.

    Arguments and result are trees of arrays whose first axis are the rows.
    """
    rows = len(jax.tree.leaves(arguments)[0])
    found = []
    for start in range(0, rows, ROWS):
        block = np.arange(start, start + ROWS).clip(max=rows - 1)  # the last row fills up
        part = program(*jax.tree.map(lambda a, block=block: a[block], arguments))
        found.append(jax.tree.map(lambda a, n=rows - start: np.asarray(a)[:n], part))
    return jax.tree.map(lambda *a: np.concatenate(a), *found)


def extrapolated(exhaustive: Callable[[int], Pair]) -> Pair:
    """The limit in depth and heads, from networks without sampling error of three depths.

    Richardson's extrapolation: Euler's errors of orders 1/L and 1/L^2 cancel.
    """
    coarse, middle, fine = (exhaustive(DEEPEST // part) for part in (4, 2, 1))
    return Pair(*((8 * c - 6 * b + a) / 3 for a, b, c in zip(coarse, middle, fine, strict=True)))


def pair(run: Run) -> Pair:
    """What is compared with a limit."""
    return Pair(run.x, run.p)


def pointwise(error: Errors, at: int) -> Float[np.ndarray, " rows"]:
    """Root mean square over sequences at one depth; squares are averaged over the tokens."""
    return np.sqrt((error[:, :, at] ** 2).sum(-1).mean((-1, -2)))


def largest(error: Errors) -> Float[np.ndarray, " rows"]:
    """Largest over sequences and depths; squares are averaged over the tokens."""
    return np.sqrt((error**2).sum(-1).mean(-1).max((-1, -2)))
