"""Claims that hold exactly, or step by step: symmetries, backpropagation, what AdamW does."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from checks.adamw_depth_limit import wrong
from checks.adamw_depth_limit.statements import HALF, H, L, at, state
from checks.verdicts import (
    Experiment,
    IdentityClaim,
    InequalityClaim,
    RateClaim,
    With,
    dtype_tolerance,
)
from numerics.adamw_depth_limit.adamw_variants import Recipe
from numerics.adamw_depth_limit.gradient_histories import (
    COUNT,
    FAST,
    largest_parameter,
    worst_histories,
)
from numerics.adamw_depth_limit.head_noise import ADAMW, value_moves
from numerics.adamw_depth_limit.token_symmetry import adjoint_residual, symmetry
from numerics.engine.measuring import Size
from numerics.generated.adamw_depth_limit import largest_update


# Exact identities: measures, symmetry, backpropagation; each for networks drawn anew.
def identity_claim(
    name: str, words: str, source: str, residual: Callable[..., Any],
    slips: Mapping[str, tuple[str, Mapping[str, Any]]],
) -> IdentityClaim:  # fmt: skip
    """What holds to rounding, and slips in it as options of what is measured."""
    wrong = {slip: at(residual, **options) for slip, (_, options) in slips.items()}
    drawn = Experiment.of(
        f"adamw-depth-limit/identities/{name}",
        {"residual": at(residual), **wrong},
        draw="adamw-depth-limit/identities",
    )
    return state(
        IdentityClaim, name, words, drawn["residual"],
        {slip: (what, drawn[slip]) for slip, (what, _) in slips.items()},
        source=source, tolerance=dtype_tolerance(np.float64, 10, 100),
    )  # fmt: skip


MASK = (r"token $i$ attends to $0, \dots, i$", {"of": wrong.masked})
identity_claims = (
    identity_claim(
        "repetition", "Repeated tokens: the network sees their measure only", "abstract",
        partial(symmetry, move="repeat"),
        {"causal-mask": MASK, "p-not-scaled": ("gradients not times $N$", {"of": wrong.unscaled})},
    ),
    identity_claim(
        "permutation", "Exchanged tokens have exchanged states and adjoints", "abstract",
        partial(symmetry, move="exchange"),
        {
            "causal-mask": MASK,
            "positions": ("tokens that know their place", {"of": wrong.placed}),
            "targets-stay": (
                "targets not exchanged with their tokens", {"moved": wrong.targets_stay}
            ),
        },
    ),
    identity_claim(
        "backpropagation", "The adjoint equation is backpropagation of one layer",
        "reconstructed", adjoint_residual,
        {
            "no-lions": ("Lions term dropped", {"of": wrong.without_lions}),
            "one-percent": ("adjoint too large by 1%", {"of": wrong.one_percent}),
        },
    ),
)  # fmt: skip


# What AdamW does to a history of gradients.
def compact_slack(
    _: Size, keys: Any, recipe: Recipe = FAST, constant: float | None = None
) -> np.ndarray:
    """max(|theta_0|, C / lambda) minus the largest parameter of the run; both start at one."""
    C = float(largest_update(COUNT, 0.9, 0.999)) if constant is None else constant
    return max(1.0, C) - np.asarray(largest_parameter(worst_histories(keys), recipe))


def frozen_update(size: Size, keys: Any, scaled: bool = False) -> np.ndarray:
    """Movement of values by raw gradients, epsilon one; ``scaled``: by gradients times L H."""
    factor = 1.0 if scaled else 1 / (size["L"] * size["H"])
    raw = ADAMW._replace(factor=factor, decoupled=0.0, eps=1.0)
    return value_moves(keys, size["L"], size["H"], raw)


no_decay, coupled = (FAST._replace(decoupled=0.0, coupled=c) for c in (0.0, 1.0))
optimiser_claims = (
    state(
        InequalityClaim,
        "compact",
        r"Weight decay keeps parameters below $\max(|\theta_0|, C/\lambda)$",
        compact_slack,
        {
            "no-decay": ("weight decay left out", With(recipe=no_decay)),
            "coupled-decay": ("L2 decay in the gradient", With(recipe=coupled)),
            "unit-constant": (r"$|m| \leq \sqrt{v}$ for $|m| \leq C \sqrt{v}$", With(constant=1.0)),
        },
    ),
    state(
        RateClaim,
        "freezing",
        r"With raw gradients and fixed $\epsilon$, training freezes as $1/(L H)$",
        frozen_update,
        {
            "scaled": ("gradients times $L H$", With(scaled=True)),
            "root": ("$(L H)^{-1/2}$ claimed", (L * H) ** HALF),
        },
        predicted=1 / (L * H),
        sizes={"L": [8, 32], "H": [16, 64, 256, 1024]},
    ),
)
