"""Claims about whole blocks: shaped attention, then a shaped MLP."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np

from checks.shaped_attention_sde import wrong
from checks.shaped_attention_sde.statements import experiment, right, state
from checks.verdicts import Column, LawClaim, MomentClaim
from numerics import in_double
from numerics.engine.quick import quick_jit
from numerics.generated.shaped_attention_sde import (
    attention_covariance,
    attention_drift,
    mlp_covariance,
    mlp_drift,
)
from numerics.shaped_attention_sde import DERIVED, Terms
from numerics.shaped_attention_sde import whole_blocks as found
from numerics.shaped_attention_sde.measurements import CAUSAL, GAMMA, PAIRS, TAU0, UPPER, V0

WIDTH = 512


@in_double
def moments(
    drift: Callable[..., Any] = mlp_drift, covariance: Callable[..., Any] = mlp_covariance
) -> np.ndarray:
    """Drift and covariance of a block, in the order of a seed's row."""

    @partial(quick_jit, level=0)
    def both() -> tuple[jax.Array, jax.Array]:
        b = attention_drift(V0, CAUSAL, GAMMA, TAU0) + drift(V0, *found.SLOPES, GAMMA)
        full = attention_covariance(V0, CAUSAL, GAMMA, TAU0, 1) + covariance(V0, GAMMA)
        return b, full

    b, full = map(np.asarray, both())
    return np.concatenate([b[UPPER], full[UPPER][:, *UPPER][PAIRS]])


def beyond(n: int) -> np.ndarray:
    """What a block of finite width may deviate by: 3|b|/n and 6|Sigma|/n."""
    stated = np.abs(moments())
    drift, spread = stated[: len(UPPER[0])], stated[len(UPPER[0]) :]
    parts = (np.full(len(drift), 3 * drift.max()), np.full(len(spread), 6 * spread.max()))
    return np.concatenate(parts) / n


def path(name: str, terms: Terms = found.OF_BLOCKS) -> Column:
    """The SDE of blocks, or one with wrong terms."""
    return right("law-of-blocks", name, found.block_limit_law, terms=terms)


run = experiment("block", found.block_increments)
block_claims = (
    state(
        MomentClaim, "block",
        "$n$ times the mean increment of $V$ over a block, shaped attention and then a shaped "
        "MLP, and its second moments are the sums of both drifts and of both covariances, within "
        "$3|b|/n$ and $6|\\Sigma|/n$",
        run["moments"],
        {
            "outer-weights": (
                r"$\gamma^2 (2 - \gamma^2)$, from the outer weights of the MLP alone",
                {"expected": moments(covariance=wrong.outer_weights)},
            ),
            "sign": (
                r"plus $\rho \arccos \rho$ in $\nu$", {"expected": moments(drift=wrong.plus_angle)}
            ),
            "not-squared": (
                r"$\gamma$ for $\gamma^2$ before $\nu$",
                {"expected": moments(drift=wrong.not_squared)},
            ),
            "linear": (
                "an MLP whose activation is linear",
                run.changed("linear", slopes=(0.0, 0.0))["moments"],
            ),
        },
        expected=moments(), sizes={"n": [WIDTH]}, margin=0.15,
        tolerance=beyond(WIDTH),
        seeds={"smoke": 1024, "standard": 4096, "full": 8192},
    ),
    state(
        LawClaim, "law-of-blocks",
        "correlation and log variances after half as many blocks as the width are within 0.06 of "
        "the law of the SDE whose drift and covariance are those sums",
        experiment("law-of-blocks", found.block_law)["law"],
        {
            "attention": ("the SDE of attention alone", {"right": path("attention", DERIVED)}),
            "no-drift": (
                "the drift of the MLP dropped",
                {"right": path("no-drift", found.OF_BLOCKS._replace(drift=DERIVED.drift))},
            ),
            "no-noise": (
                "the noise of the MLP dropped",
                {"right": path("no-noise", found.OF_BLOCKS._replace(noise=DERIVED.noise))},
            ),
        },
        right=path("limit"), tolerance=0.03, margin=0.06,
        sizes={"standard": {"n": [160]}, "full": {"n": [320]}},
        seeds={"standard": 8192, "full": 16384},
    ),
)  # fmt: skip
