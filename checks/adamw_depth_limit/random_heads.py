"""Claims about networks of random heads: the bound, the noise of the heads, one token exactly."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from checks.adamw_depth_limit import wrong
from checks.adamw_depth_limit.statements import HALF, THIRD, H, L, at, state
from checks.verdicts import Column, ConstantClaim, Experiment, MomentClaim, RateClaim, With
from numerics.adamw_depth_limit.head_noise import STEPS, deviation, spreads
from numerics.adamw_depth_limit.head_noise import heads as simulate_heads
from numerics.adamw_depth_limit.one_token_network import toy_squares
from numerics.adamw_depth_limit.worst_inputs import worst_inputs
from numerics.engine.measuring import Size, Table
from numerics.generated.adamw_depth_limit import toy_mean_square
from theory.adamw_depth_limit import theorem

# Networks of random heads on one problem: ten questions to the same networks.
HEADS: dict[str, Any] = {
    "seeds": 160,
    "cap": 320,
    "statistic": "rms",
    # No two sizes have as many heads in all: those would be the same heads, see random_weights.
    "sizes": {
        "smoke": {"L": [16, 32, 128], "H": [2, 32], "S": [4]},
        "standard": {"L": [16, 32, 64, 128], "H": [2, 9, 44], "S": [8]},
        "full": {"L": [16, 32, 64, 128, 256], "H": [2, 9, 44, 199], "S": [16]},
    },
}
heads = Experiment(state.name("heads"), simulate_heads)


tied = heads.changed("tied", draw=wrong.tied)


def of_heads(**which: Any) -> Column:
    """One deviation of the networks of random heads."""
    return heads[deviation(**which)]


def not_independent(read: Callable[[Experiment], Column]) -> tuple[str, Any]:
    """The subject broken: the heads of all layers are those of the first. Few networks show it."""
    words = "every layer has the heads of the first"
    return words, {"error": read(tied), "seeds": 32, "cap": 32}


def bound_claim(what: str, step: int, how: str) -> RateClaim:
    """The bound of the abstract for one quantity."""
    words = "largest over inputs" if how == "sup" else "mean square over inputs"
    return state(
        RateClaim,
        f"bound-{what}-step-{step}",
        f"{what.capitalize()} after {step} steps, {words}: at most "
        "$L^{-1} + L^{-1/3} H^{-1/2}$",
        of_heads(what=what, step=step, how=how),
        {
            "full-depth": ("$L^{-1} H^{-1/2}$ claimed", 1 / (L * sp.sqrt(H))),
            "heads-squared": ("$L^{-1/3} H^{-1}$ claimed", L**THIRD / H),
            "tied-heads": not_independent(lambda of: of[deviation(what=what, step=step, how=how)]),
        },
        source="abstract",
        predicted=theorem.rate,
        margin=0.15,
        **HEADS,
    )


def noise_claim(name: str, what: str, how: str, words: str) -> RateClaim:
    """The noise of the heads is of order (L H)^-1/2 after training: sharper than the bound.

    Noise is what a network of random heads has beside the exhaustive one of the same depth.
    """
    return state(
        RateClaim,
        f"noise-{name}",
        f"{words}: head noise exactly of order $L^{{-1/2}} H^{{-1/2}}$",
        of_heads(what=what, step=STEPS, how=how, exhaustive=True),
        {
            "third-in-L": ("$L^{-1/3}$ as if the bound were exact", L**THIRD * H**HALF),
            "full-depth": ("$L^{-1} H^{-1/2}$ claimed", H**HALF / L),
            "tied-heads": not_independent(
                lambda of: of[deviation(what=what, step=STEPS, how=how, exhaustive=True)]
            ),
        },
        predicted=(L * H) ** HALF,
        next_order=None,
        margin=0.08,
        **HEADS,
    )


def noise_ratio(size: Size, table: Table, flow: bool = True, power: int = 1) -> np.ndarray:
    """Noise of the states before training over the derived spread, without the (L H)^(-1/2)."""
    carried, kept = spreads(size["S"])
    noise = table[deviation(what="states", step=0, exhaustive=True)]
    return noise / (carried if flow else kept) ** power


noise_constant = state(
    ConstantClaim,
    "clt-constant",
    r"Before training, $\sqrt{L H}$ times the noise is the derived one, to 13 %",
    heads.column(noise_ratio),
    {
        "no-flow": ("noise not carried by the linearised flow", With(flow=False)),
        "variance": ("variance for standard deviation", With(power=2)),
    },
    predicted=(L * H) ** HALF,
    constant=1.0,
    next_order=None,
    margin=0.13,
    **HEADS,
)


ascent = Experiment(state.name("ascent"), worst_inputs)
ascent_claims = (
    state(
        RateClaim, "noise-ascent",
        "Largest over a box of inputs that are not trained on, as far as ascent finds it, after "
        "training: head noise exactly of order $L^{-1/2} H^{-1/2}$",
        ascent["largest"],
        {
            "third-in-L": ("$L^{-1/3}$ as if the bound were exact", L**THIRD * H**HALF),
            "full-depth": ("$L^{-1} H^{-1/2}$ claimed", H**HALF / L),
            "tied-heads": (
                "every layer has the heads of the first",
                {
                    "error": ascent.changed("tied", draw=wrong.tied)["largest"],
                    "seeds": 32, "cap": 32,
                },
            ),
        },
        predicted=(L * H) ** HALF, next_order=None, margin=0.08, statistic="rms",
        sizes={"L": [8, 16, 32], "H": [2, 36]}, seeds={"standard": 320, "full": 640}, cap=640,
    ),
)  # fmt: skip


asked = (("states", "sup"), ("adjoints", "sup"), ("joint", "rms"))
head_claims = (
    *(bound_claim(what, step, how) for what, how in asked for step in (0, STEPS)),
    noise_claim("states", "states", "rms", "States after training"),
    noise_claim("adjoints", "adjoints", "rms", "Adjoints after training"),
    noise_claim("sup", "joint", "sup", "Largest over inputs and depths, after training"),
    noise_constant,
    *ascent_claims,
)


def toy_claim() -> MomentClaim:
    """The one-token network, exactly."""

    def exact(size: Size, sigma: float = 1.0) -> float:
        return float(toy_mean_square(1.0, 0.5, sigma, size["L"], size["H"]))

    def leading_order(size: Size) -> float:
        return float(np.exp(1.0)) / (size["L"] * size["H"])

    return state(
        MomentClaim,
        "toy",
        "One token: the mean square error is the derived one, at every size",
        at(toy_squares, "L", "H"),
        {
            "leading-order": (
                r"$\sigma^2 e^{2 \mu} / (L H)$ for the exact value",
                {"expected": leading_order},
            ),
            "no-spread": ("heads without spread", {"expected": partial(exact, sigma=0.0)}),
        },
        expected=exact,
        margin=0.15,
        sizes={"L": [4], "H": [1, 8]},
        cap={"smoke": 256, "standard": 512, "full": 1024},
    )
