"""Claims: the rate at which the norm is kept, and the constant in front of it."""

from functools import partial

import numpy as np
import sympy as sp

import verilimit as vl

from . import numerics

ROOM = "example"
n = sp.Symbol("n", positive=True)
ROOT = n ** -sp.Rational(1, 2)
WIDTHS = {"n": [8, 16, 32, 64, 128]}


def size_of_change(size: numerics.Size, keys: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """The error of a seed: how much the squared norm has changed."""
    return np.abs(numerics.change(size, keys, scale))


WRONG_VARIANCE = vl.Mutant(
    "variance", "weights a quarter too large", {"error": partial(size_of_change, scale=1.25)}
)
claims = (
    vl.RateClaim(
        id=f"{ROOM}/rate",
        theorem=ROOM,
        statement="The change of the squared norm is of order n**-1/2.",
        sizes=WIDTHS,
        seeds=256,
        predicted=ROOT,
        kind="exact",
        statistic="rms",
        next_order=None,  # 2/n is the variance at every width: there is nothing to extrapolate
        error=size_of_change,
        mutants=(WRONG_VARIANCE, vl.Mutant("order", "1/n claimed", {"predicted": 1 / n})),
    ),
    vl.ConstantClaim(
        id=f"{ROOM}/constant",
        theorem=ROOM,
        statement="The root mean square of the change is sqrt(2/n).",
        sizes=WIDTHS,
        seeds=256,
        predicted=ROOT,
        constant=numerics.constant,
        statistic="rms",
        next_order=None,
        error=size_of_change,
        mutants=(
            WRONG_VARIANCE,
            vl.Mutant("factor", "1 for 2 as the factor", {"constant": 1.0}),
        ),
    ),
)


def draw(axes, results) -> None:
    """Estimated and derived change against the width."""
    widths = WIDTHS["n"]
    axes.loglog(widths, [numerics.constant({"n": w}) * w**-0.5 for w in widths], label="derived")
    axes.set_xlabel("width n")
    axes.legend()


pictures = (vl.Picture("Change of the norm", "The derived root mean square change.", draw),)
not_checked = ("Layers with an activation.",)
