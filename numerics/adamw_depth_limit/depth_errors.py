"""Errors of depth alone: networks without sampling error, a problem for each seed."""

from functools import cache
from typing import Any

import numpy as np

from numerics.adamw_depth_limit.adamw_variants import Recipe
from numerics.adamw_depth_limit.head_noise import ADAMW, STEPS, Size, Values
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


def depths(point: Size, keys: Any, *, recipe: Recipe = ADAMW) -> dict[str, Values]:
    """Networks of depth L without sampling error, against the limits of the seeds' problems.

    ``error``: after training by ``recipe``, states and adjoints; ``extrapolated``: Richardson's
    extrapolation from depths L and 2 L, ``left-out`` the deeper network in its place; ``euler``:
    before training, the error of the first sequence over the derived one, without the 1/L, and
    ``euler-deeper`` that of the deeper network; ``fall``: by which share training lowers the loss.
    """
    depth, problems = point["L"], draw_problems(keys)

    @cache
    def exhaustive(layers: int, how: Recipe = ADAMW) -> Pair:
        return pair(simulate(problems, full_weights(len(keys), layers), how, steps=STEPS))

    limit, coarse, fine = extrapolated(exhaustive), exhaustive(depth).x, exhaustive(2 * depth).x
    trained = exhaustive(depth, recipe)
    x, p = (a - b for a, b in zip(trained, limit, strict=True))
    first, deeper = (
        np.linalg.norm((found - limit.x)[:, 0, 0, -1], axis=(1, 2)) for found in (coarse, fine)
    )
    # At depth one the backpropagated variable is token minus target.
    loss = ((trained.p[:, :, :, -1] ** 2).sum(-1).mean(-1) * problems.data.share[:, None]).sum(-1)
    derived = leading(problems.data.inputs[:, 0], problems.atoms)[0].euler
    return {
        "error": np.hypot(pointwise(x[:, -1], -1), pointwise(p[:, -1], 0)),
        "extrapolated": pointwise((2 * fine - coarse - limit.x)[:, -1], -1),
        "left-out": pointwise((fine - limit.x)[:, -1], -1),
        "euler": first / np.linalg.norm(derived, axis=(1, 2)),
        "euler-deeper": deeper / np.linalg.norm(derived, axis=(1, 2)),
        "fall": 1 - loss[:, -1] / loss[:, 0],
    }
