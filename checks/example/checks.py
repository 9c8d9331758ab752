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


def error(size: numerics.Size, keys: np.ndarray, **planted: numerics.Weights) -> np.ndarray:
    """The error of a seed: how much the squared norm has changed."""
    return np.abs(numerics.change(size, keys, **planted))


too_large = partial(error, weights=numerics.too_large)
drawn_twice = partial(error, weights=numerics.drawn_twice)
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
        error=error,
        mutants=(
            vl.Mutant("variance", "weights a quarter too large", {"error": too_large}),
            vl.Mutant("order", "1/n claimed", {"predicted": 1 / n}),
        ),
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
        error=error,
        mutants=(
            vl.Mutant("dependence", "each row drawn twice", {"error": drawn_twice}),
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
