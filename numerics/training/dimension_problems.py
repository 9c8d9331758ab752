"""Training problems whose norms do not depend on the embedding dimension."""

from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from numerics.adamw_depth_limit import Heads, Run
from numerics.training.adamw_variants import Recipe
from numerics.training.token_problems import (
    Keys,
    Problem,
    draw_problem,
    draw_problems,
    full_weights,
    random_weights,
    simulate,
)

MOST = 16  # the largest dimension
DEPTH, HEADS = 4, 2


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


def dimension_runs(keys: Keys, d: int, recipe: Recipe, steps: int) -> tuple[Run, Run, Problem]:
    """Networks of random heads, those without sampling error, and their problems."""
    problems = draw_problems(keys, partial(dimension_problem, d=d))
    random, full = (
        simulate(problems, weights, recipe, steps=steps, short=True)
        for weights in (random_weights(keys, DEPTH, HEADS), full_weights(len(keys), DEPTH))
    )
    return random, full, problems
