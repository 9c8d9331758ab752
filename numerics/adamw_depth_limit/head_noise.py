"""What random heads do to states and backpropagated variables, against networks without them.

Networks are trained on one fixed problem; only their heads are drawn. Simulations take a point and
keys and give named columns, one row a key.
"""

import itertools
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from jaxtyping import Float

from numerics import in_double
from numerics.adamw_depth_limit.adamw_variants import Recipe
from numerics.adamw_depth_limit.leading_terms import leading
from numerics.adamw_depth_limit.token_problems import (
    Pair,
    Problem,
    Weights,
    draw_problem,
    draw_problems,
    extrapolated,
    full_weights,
    largest,
    pair,
    pointwise,
    random_weights,
    repeated,
    simulate,
)
from numerics.engine.measuring import Size

STEPS = 2  # training steps
ADAMW = Recipe(learning_rate=0.1)
Values = Float[np.ndarray, " seeds"]
Draw = Callable[[Any, int, int], Weights]  # of keys, depth and heads


@cache
@in_double
def fixed_problem(sequences: int) -> Problem:
    """The problem that all networks are trained on."""
    return draw_problem(np.array([0, 2605], np.uint32), sequences=sequences)


@cache
@in_double
def fixed_exhaustive(depth: int, sequences: int) -> Pair:
    """The network of that depth without sampling error, as one row."""
    problems = repeated(fixed_problem(sequences), 1)
    return pair(simulate(problems, full_weights(1, depth), ADAMW, steps=STEPS))


@cache
@in_double
def fixed_limit(sequences: int) -> Pair:
    """The limit, as one row."""
    return extrapolated(partial(fixed_exhaustive, sequences=sequences))


def random_heads(
    keys: Any, depth: int, heads: int, sequences: int, draw: Draw = random_weights
) -> Pair:
    """Networks of random heads, before training and after each step."""
    problems = repeated(fixed_problem(sequences), len(keys))
    return pair(simulate(problems, draw(keys, depth, heads), ADAMW, steps=STEPS))


def deviation(*, what: str, step: int, how: str = "rms", exhaustive: bool = False) -> str:
    """The name of one of the deviations of `heads`."""
    return f"{what} {how} step {step} from {'exhaustive' if exhaustive else 'limit'}"


def heads(point: Size, keys: Any, *, draw: Draw = random_weights) -> dict[str, Values]:
    """Deviations by what, how, step and what from: ten questions to the same networks.

    From the limit, or from the ``exhaustive`` network of that depth; of states, adjoints, or both
    (``joint``); root mean square over inputs (states at depth one, adjoints at depth zero), or the
    largest over inputs and depths (``sup``).
    """
    depth, sequences = point["L"], point["S"]
    found = random_heads(keys, depth, point["H"], sequences, draw)
    zeros = {False: fixed_limit(sequences), True: fixed_exhaustive(depth, sequences)}
    errors = {}
    for (exhaustive, zero), step in itertools.product(zeros.items(), (0, STEPS)):
        x, p = ((a - b)[:, step] for a, b in zip(found, zero, strict=True))
        rms, sup = (pointwise(x, -1), pointwise(p, 0)), (largest(x), largest(p))
        for how, (states, adjoints), joint in (("rms", rms, np.hypot), ("sup", sup, np.maximum)):
            both = {"states": states, "adjoints": adjoints, "joint": joint(states, adjoints)}
            errors |= {
                deviation(what=what, step=step, how=how, exhaustive=exhaustive): value
                for what, value in both.items()
            }
    return errors


@cache
@in_double
def spreads(sequences: int) -> tuple[float, float]:
    """Derived sqrt(L H E|x - x_1|^2) over the sequences before training, and without the flow."""
    problem = fixed_problem(sequences)
    X = problem.data.inputs
    found, still = leading(X, repeated(problem, len(X)).atoms)
    spread = np.trace(found.covariance, axis1=1, axis2=2)
    carried, kept = (float(np.sqrt(v.mean() / X.shape[1])) for v in (spread, still))
    return carried, kept


def value_moves(keys: Any, depth: int, heads: int, recipe: Recipe) -> Values:
    """Movement of the values over the learning rate of a recipe, mean over layers and atoms."""
    problems = repeated(fixed_problem(4), len(keys))
    run = simulate(problems, random_weights(keys, depth, heads), recipe, steps=STEPS)
    moved = run.heads.V - problems.atoms.V[:, None]
    return np.linalg.norm(moved, axis=(-2, -1)).mean((-1, -2)) / recipe.learning_rate


CLUSTERS, APART = 2, 0.3  # of the tokens; their spread about them


def tokens(point: Size, keys: Any) -> dict[str, Values]:
    """Noise of four heads in eight layers with N tokens, a problem for each seed.

    Of states and of adjoints. Tokens lie about two of them, so that their measure is nearly the
    same for every N. They are repeated until there are 8 (64, 128 when N is larger): that changes
    no measure, so it is the network of N tokens.
    """
    most = next(size for size in (8, 64, 128) if point["N"] <= size)
    data, atoms = draw_problems(keys, partial(draw_problem, tokens=most))
    chosen = np.arange(most) % point["N"]

    def about(drawn: Float[np.ndarray, "rows S most d"]) -> Float[np.ndarray, "rows S most d"]:
        return drawn[:, :, chosen % CLUSTERS] + APART * drawn[:, :, ::-1][:, :, chosen]

    data = data._replace(inputs=about(data.inputs), targets=about(data.targets))
    random, full = (
        pair(simulate(Problem(data, atoms), weights, ADAMW, steps=STEPS, short=True))
        for weights in (random_weights(keys, 8, 4), full_weights(len(keys), 8))
    )
    x, p = ((a - b)[:, -1] for a, b in zip(random, full, strict=True))
    return {"states": pointwise(x, -1), "adjoints": pointwise(p, 0)}
