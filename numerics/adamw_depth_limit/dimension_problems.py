"""Problems whose norms do not depend on the embedding dimension, and AdamW's runs on them."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from numerics.adamw_depth_limit import Heads, Run
from numerics.adamw_depth_limit.adamw_variants import Recipe
from numerics.adamw_depth_limit.token_problems import (
    Keys,
    Problem,
    draw_problem,
    draw_problems,
    full_weights,
    pointwise,
    random_weights,
    simulate,
)
from numerics.engine.remembered import remembered

MOST = 16  # the largest dimension
DEPTH, HEADS = 4, 2
# Training that moves every matrix by more than its first norm.
FARTHER, LONGER = Recipe(learning_rate=0.3, eps=1e-8), 4
Values = Float[np.ndarray, " seeds"]


def dimension_problem(key: Any, d: int) -> Problem:
    """Tokens of norm 1.5 in R^d, which lies in R^16; |Q| = |K| = 1 and |V| = 2 (Frobenius).

    Coordinates beyond d are zero and stay zero: one compiled function serves all dimensions. With
    Xavier's box for every d the norm of V would grow like the root of d from the start.
    """
    problem = draw_problem(key, tokens=3, d=MOST, sequences=2, trained=2)
    live = (np.arange(MOST) < d).astype(float)

    def unit(w: Float[np.ndarray, "..."], norm: float, *over: int) -> Float[np.ndarray, "..."]:
        return norm * w / np.linalg.norm(w, axis=over, keepdims=True)

    Q, K, V = problem.atoms
    square = live * live[:, None]
    atoms = Heads(
        unit(Q * live, 1.0, -2, -1), unit(K * live, 1.0, -2, -1), unit(V * square, 2.0, -2, -1)
    )
    inputs, targets = (unit(w * live, 1.5, -1) for w in problem.data[:2])
    return Problem(problem.data._replace(inputs=inputs, targets=targets), atoms)


class ByDimension(NamedTuple):
    """After training: head noise of the states, norm and movement of the values (Frobenius)."""

    error: Values
    norm: Values  # the largest over layers and atoms
    moved: Values  # beyond weight decay, in the first layer


def dimension_runs(keys: Keys, d: int, recipe: Recipe, steps: int) -> tuple[Run, Run, Problem]:
    """Networks of random heads, those without sampling error, and their problems."""
    problems = draw_problems(keys, partial(dimension_problem, d=d))
    random, full = (
        simulate(problems, weights, recipe, steps=steps, short=True)
        for weights in (random_weights(keys, DEPTH, HEADS), full_weights(len(keys), DEPTH))
    )
    return random, full, problems


@remembered(500)
def dimension(keys: Any, d: int, blockwise: float, mean: bool) -> ByDimension:
    """AdamW by entries or by blocks, where v is the sum of squares of a block, or their mean."""
    entries = Heads(2.0 * d, 2.0 * d, float(d * d)) if mean else Heads(1.0, 1.0, 1.0)
    recipe = FARTHER._replace(blockwise=blockwise, entries=entries)
    run, full, problems = dimension_runs(keys, d, recipe, LONGER)
    kept = (1 - FARTHER.learning_rate * FARTHER.decoupled) ** LONGER
    V = run.heads.V
    norms, moved = (
        np.linalg.norm(w, axis=(-2, -1)) for w in (V, V[:, 0] - kept * problems.atoms.V)
    )
    return ByDimension(pointwise((run.x - full.x)[:, -1], -1), norms.max((-1, -2)), moved.mean(-1))


def by_dimension(
    keys: Any, d: int, *, what: str, blockwise: float = 1.0, mean: bool = False, power: float = 0.0
) -> Values:
    """One of ``ByDimension``, over d^power."""
    return getattr(dimension(keys, d, blockwise, mean), what) / d**power


def growth_left(keys: Any, d: int, *, power: float = 0.25, blockwise: float = 0.0) -> Values:
    """d^power over the error: does not grow when the error grows at least as d^power."""
    return d**power / dimension(keys, d, blockwise, False).error
