"""Problems whose norms do not depend on the embedding dimension, and AdamW's runs on them."""

from collections.abc import Mapping
from functools import partial
from typing import Any

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

SPACES = (16, 64)  # dimensions of the spaces that problems lie in
DEPTH, HEADS = 4, 2
# Training that moves every matrix by more than its first norm.
FARTHER, LONGER = Recipe(learning_rate=0.3, eps=1e-8), 4
Values = Float[np.ndarray, " seeds"]


def dimension_problem(key: Any, d: int) -> Problem:
    """Tokens of norm 1.5 in R^d; |Q| = |K| = 1 and |V| = 2 (Frobenius).

    It lies in a space of ``SPACES``. Coordinates beyond d are zero and stay zero: one compiled
    function serves all dimensions up to that. With Xavier's box for every d the norm of V would
    grow like the root of d from the start.
    """
    most = next(size for size in SPACES if d <= size)
    problem = draw_problem(key, tokens=3, d=most, sequences=2, trained=2)
    live = (np.arange(most) < d).astype(float)

    def unit(w: Float[np.ndarray, "..."], norm: float, *over: int) -> Float[np.ndarray, "..."]:
        return norm * w / np.linalg.norm(w, axis=over, keepdims=True)

    Q, K, V = problem.atoms
    square = live * live[:, None]
    atoms = Heads(
        unit(Q * live, 1.0, -2, -1), unit(K * live, 1.0, -2, -1), unit(V * square, 2.0, -2, -1)
    )
    inputs, targets = (unit(w * live, 1.5, -1) for w in problem.data[:2])
    return Problem(problem.data._replace(inputs=inputs, targets=targets), atoms)


def dimension_runs(keys: Keys, d: int, recipe: Recipe, steps: int) -> tuple[Run, Run, Problem]:
    """Networks of random heads, those without sampling error, and their problems."""
    problems = draw_problems(keys, partial(dimension_problem, d=d))
    random, full = (
        simulate(problems, weights, recipe, steps=steps, short=True)
        for weights in (random_weights(keys, DEPTH, HEADS), full_weights(len(keys), DEPTH))
    )
    return random, full, problems


def dimension(
    point: Mapping[str, int],
    keys: Any,
    *,
    blockwise: float = 1.0,
    mean: bool = False,
    steps: int = LONGER,
) -> dict[str, Values]:
    """AdamW by entries or by blocks, where v is the sum of squares of a block, or their mean.

    After so many steps: head noise of the states, the largest norm of values over layers and atoms,
    and the movement of values beyond weight decay in the first layer (Frobenius).
    """
    d = point["d"]
    entries = Heads(2.0 * d, 2.0 * d, float(d * d)) if mean else Heads(1.0, 1.0, 1.0)
    recipe = FARTHER._replace(blockwise=blockwise, entries=entries)
    run, full, problems = dimension_runs(keys, d, recipe, steps)
    kept = (1 - FARTHER.learning_rate * FARTHER.decoupled) ** steps
    V = run.heads.V
    norms, moved = (
        np.linalg.norm(w, axis=(-2, -1)) for w in (V, V[:, 0] - kept * problems.atoms.V)
    )
    return {
        "error": pointwise((run.x - full.x)[:, -1], -1),
        "norm": norms.max((-1, -2)),
        "moved": moved.mean(-1),
    }
