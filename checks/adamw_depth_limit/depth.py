"""Claims about depth alone: networks that have every head, and the limit itself."""

from typing import Any

import numpy as np

from checks.adamw_depth_limit.statements import HALF, L, state
from checks.verdicts import (
    Column,
    ConstantClaim,
    Experiment,
    IdentityClaim,
    InequalityClaim,
    RateClaim,
    dtype_tolerance,
    lowered,
)
from numerics.adamw_depth_limit.depth_equation import by_autodiff, causal_error, equation_gap
from numerics.adamw_depth_limit.depth_errors import depths as simulate_depths
from numerics.adamw_depth_limit.head_noise import ADAMW

# Errors of depth alone: exhaustive networks, a problem for each seed.
DEPTH: dict[str, Any] = {
    "seeds": {"smoke": 32, "standard": 64, "full": 128},
    "sizes": {
        "smoke": {"L": [4, 8, 16, 32]},
        "standard": {"L": [4, 8, 12, 16, 32]},
        "full": {"L": [4, 8, 12, 16, 24, 32]},
    },
}
wrong_optimisers = {
    "coupled-decay": ("L2 decay in the gradient", ADAMW._replace(decoupled=0.0, coupled=0.1)),
    "no-bias-correction": ("moments not corrected", ADAMW._replace(bias_correction=0.0)),
    "raw-gradients": (
        r"gradients not times $L H$, $\epsilon$ fixed",
        ADAMW._replace(factor=1 / 32),
    ),
}
depths = Experiment(state.name("depth"), simulate_depths)
square_root = ("$L^{-1/2}$ claimed", {"predicted": L**HALF})
depth_claims = (
    state(
        RateClaim,
        "depth-alone",
        "Without head noise, the error after training is of order $1/L$",
        depths["error"],
        {
            **{
                name: (words, depths.changed(name, recipe=recipe)["error"])
                for name, (words, recipe) in wrong_optimisers.items()
            },
            "square-root": square_root,
        },
        predicted=1 / L,
        **DEPTH,
    ),
    state(
        RateClaim,
        "richardson",
        "The extrapolated exhaustive network has an error of at most order $L^{-2}$",
        depths["extrapolated"],
        {
            "left-out": ("the deeper network, not extrapolated", depths["left-out"]),
            "third-order": ("$L^{-3}$ claimed", L**-3),
        },
        predicted=L**-2,
        kind="upper bound",
        statistic="geometric",  # a few problems, where a gradient changes sign, have most of it
        margin=0.25,
        **DEPTH,
    ),
    state(
        ConstantClaim,
        "euler-constant",
        "Before training, $L$ times Euler's error is the derived one, to a tenth",
        depths["euler"],
        {
            "no-half": ("$-x''$ in place of $-x''/2$ as the defect", {"constant": 2.0}),
            "deeper": ("networks of twice the depth", depths["euler-deeper"]),
            "square-root": square_root,
        },
        predicted=1 / L,
        constant=1.0,
        **DEPTH,
    ),
    state(
        InequalityClaim,
        "training-lowers-the-loss",
        "AdamW's steps lower the loss of the sequences that are trained on",
        depths["fall"],
        {
            "ascent": (
                "a step along the gradient",
                depths.changed("ascent", recipe=ADAMW._replace(learning_rate=-0.1))["fall"],
            ),
            "twice-as-much": ("a fall larger by twice its median claimed", lowered(2)),
        },
        **DEPTH,
    ),
)


# The limit itself, and a network that is trained as anyone would: another side for both.
drawn = {"seeds": {"smoke": 16, "standard": 32, "full": 64}}
left_out = {
    "no-decay": ADAMW._replace(decoupled=0.0),
    "no-bias-correction": ADAMW._replace(bias_correction=0.0),
}
words_of = {"no-decay": "Adam, without weight decay", "no-bias-correction": "moments not corrected"}
plainly = Experiment(
    state.name("by-autodiff"), lambda _, keys, **o: {"gap": by_autodiff({}, keys, **o)}
)
solved = Experiment(
    state.name("equation"), lambda _, keys, **o: {"gap": equation_gap({}, keys, **o)}
)
masked = Experiment(
    state.name("masked"), lambda size, keys, **o: {"error": causal_error(size, keys, **o)}
)


def recipes(of: Experiment) -> dict[str, tuple[str, Column]]:
    """The room's networks trained by something that is not AdamW."""
    return {
        name: (words_of[name], of.changed(name, recipe=recipe)["gap"])
        for name, recipe in left_out.items()
    }


limit_claims = (
    state(
        IdentityClaim,
        "trained-by-autodiff",
        "Networks trained by the theory's backpropagation are those whose loss is differentiated, "
        "head by head, and given to AdamW",
        plainly["gap"],
        recipes(plainly),
        tolerance=dtype_tolerance(np.float64, 10, 1000),
        **drawn,
    ),
    state(
        IdentityClaim,
        "limit-equation",
        "After training the extrapolated networks are the solution of the forward-backward ODE "
        "whose heads follow AdamW at every depth, to a thousandth of what training has moved",
        solved["gap"],
        {
            **recipes(solved),
            "masked": ("the equation of masked attention", solved.changed("m", causal=True)["gap"]),
        },
        source="abstract",
        tolerance=1e-3,  # both sides are extrapolated, from 128 layers and from 64 steps
        **drawn,
    ),
    state(
        RateClaim,
        "causal-mask",
        "With a causal mask networks without head noise tend to the forward-backward ODE of "
        "masked attention at order $1/L$, after training",
        masked["error"],
        {
            "no-mask": ("the ODE without a mask", masked.changed("n", causal=False)["error"]),
            "square-root": square_root,
        },
        source="abstract",
        predicted=1 / L,
        sizes={"L": [4, 8, 16, 32]},
        **drawn,
    ),
)
