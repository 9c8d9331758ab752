"""Errors of depth alone: networks without sampling error, a problem for each seed."""

from typing import Any

import numpy as np

from numerics.adamw_depth_limit.adamw_variants import Recipe
from numerics.adamw_depth_limit.head_noise import ADAMW, STEPS, Values
from numerics.adamw_depth_limit.leading_terms import leading
from numerics.adamw_depth_limit.token_problems import (
    Pair,
    draw_problems,
    extrapolated,
    full_weights,
    pair,
    pointwise,
    simulate,
)
from numerics.engine.remembered import remembered


@remembered(128)
def exhaustive(keys: Any, depth: int, recipe: Recipe = ADAMW) -> Pair:
    """Networks without sampling error."""
    return pair(simulate(draw_problems(keys), full_weights(len(keys), depth), recipe, steps=STEPS))


@remembered(4)
def limits(keys: Any) -> Pair:
    """The limits of the seeds' problems."""
    return extrapolated(lambda depth: exhaustive(keys, depth, ADAMW))


def depth_error(keys: Any, depth: int, *, recipe: Recipe = ADAMW) -> Values:
    """Against the limit after training, states and adjoints."""
    x, p = (a - b for a, b in zip(exhaustive(keys, depth, recipe), limits(keys), strict=True))
    return np.hypot(pointwise(x[:, -1], -1), pointwise(p[:, -1], 0))


def extrapolation_error(keys: Any, depth: int, *, richardson: bool = True) -> Values:
    """Richardson's extrapolation from depths L and 2 L, against the one from the deepest."""
    coarse, fine = (exhaustive(keys, layers, ADAMW).x for layers in (depth, 2 * depth))
    found = 2 * fine - coarse if richardson else fine
    return pointwise((found - limits(keys).x)[:, -1], -1)


@remembered(4)
def derived(keys: Any) -> Values:
    """The derived norm of L times the error of the first sequence before training."""
    problems = draw_problems(keys)
    found = leading(problems.data.inputs[:, 0], problems.atoms)[0].euler
    return np.linalg.norm(found, axis=(1, 2))


def euler_ratio(keys: Any, depth: int) -> Values:
    """Error of the first sequence before training over the derived one, without the 1/L."""
    error = (exhaustive(keys, depth, ADAMW).x - limits(keys).x)[:, 0, 0, -1]
    return np.linalg.norm(error, axis=(1, 2)) / derived(keys)
