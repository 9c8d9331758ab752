"""Claims about the constants of a head: that they are attained, and that networks add them up."""

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from checks.shallow_transformer_gd.statements import ROUNDING, experiment, state
from checks.verdicts import FrequencyClaim, IdentityClaim, With
from numerics.engine.measuring import Size, Table
from numerics.shallow_transformer_gd import bounds_of_heads as found
from theory import shallow_transformer_gd as room

NEAR = 0.98  # of a bound
ROOM = {
    room.m: "m", room.d: "d", room.delta: "delta", room.rho_u: "rho_u", room.sigma1: "sigma1",
    room.sigma2: "sigma2",
}  # fmt: skip
_stated = {
    name: sp.lambdify((room.B, *ROOM), room.STATED[name], "numpy") for name in ("B", "L1", "L2")
}


def added(table: Table, L1: Any, L2: Any, share: float, power: float = 0.5) -> np.ndarray:
    """Taylor remainders of m heads, each of which moves by its radii over the root of m.

    c and the other blocks together by the first derivative, the others alone by ``share`` of the
    second; heads weigh m^-power.
    """
    root = np.sqrt(table["m"])
    c, rest = table["rho_c"] / root, np.hypot(table["rho_u"], table["rho_w"]) / root
    return table["m"] ** (1 - power) * (c * L1 * rest + share * L2 * rest**2)


def bounds_apart(
    _: Size, table: Table, share: float = 0.5, power: float = 0.5, times: float = 1.0
) -> np.ndarray:
    """The larger relative distance of both bounds from what heads add up to.

    The paper's constants are those that the theory states. ``times``: of the head's L2.
    """
    at = [table[name] for name in ROOM.values()]
    B = _stated["B"](np.nan, *at)
    paper = added(table, _stated["L1"](B, *at), _stated["L2"](B, *at), 1.0, power)
    derived = added(table, table["L1"], times * table["L2"], share, power)
    both = derived / table["derived"], paper / table["paper"]
    return np.max([np.abs(ratio - 1) for ratio in both], axis=0)


def attained(_: Size, table: Table, bounds: Callable[[str], float] = lambda _: 1.0) -> np.ndarray:
    """Whether a search comes near each of three bounds, which a factor may loosen."""
    shares = table["1"], table["4"], table["cumulant"] / float(room.KAPPA)
    near = [share > NEAR * bounds(name) for share, name in zip(shares, table, strict=True)]
    return np.stack(near, axis=1).astype(float)


heads = experiment("added-bounds", found.added_bounds)
searches = experiment("attained", found.nearest)
added_claims = (
    state(
        IdentityClaim, "added-bounds",
        "The linearisation bounds, derived and the paper's, are what $m$ heads add up to by "
        "Taylor's theorem with the largest gradient and curvature of one head",
        heads.column(bounds_apart),
        {
            "no-half": (r"$L_2$ for $L_2/2$ in the derived one", With(share=1.0)),
            "mean": ("heads weigh $1/m$", With(power=1.0)),
            "looser": ("curvature of a head a tenth larger", With(times=1.1)),
        },
        tolerance=ROUNDING, seeds={"smoke": 64, "standard": 1024, "full": 4096},
    ),
    state(
        FrequencyClaim, "constants-attained",
        r"The bounds of gradient and third cumulant are attained: of searches at $|U| = 1$ and "
        "$4$ more than 6 of 10 come within 2 % of each",
        searches.column(attained),
        {
            "looser": (
                "bounds of the gradient that are a tenth larger",
                With(bounds=lambda name: 1.0 if name == "cumulant" else 1.1),
            ),
            "cumulant": (
                "$4/5$ for the largest third cumulant",
                With(bounds=lambda name: 0.8 / float(room.KAPPA) if name == "cumulant" else 1.0),
            ),
        },
        points=[{"T": 6}],
        events=("gradient at |U| = 1", "gradient at |U| = 4", "third cumulant"), low=0.6,
        seeds={"smoke": 32, "standard": 64, "full": 256},
    ),
)  # fmt: skip
