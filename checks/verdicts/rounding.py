"""Levels whose error is rounding: they say nothing of a limit, so no rule may read one from them.

A claim names its rounding with ``resolution``, the absolute size of rounding of the measured
quantity. Where it does not, levels that have stopped falling are left out when they are as small
as a few roundings of double precision in a quantity as large as the largest error, or in one of
order one whose coarsest error is far larger. What may be rounding, but may as well be a wrong
limit (single precision, roundings that add up over many steps), is neither left out nor judged.
Errors that still fall are always judged, and so is a floor that is larger than rounding can be.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from .data import Data
from .finding import Undecided
from .values import ClaimError, stated

RESOLVED = 10.0  # an error of so many resolutions is bent by a tenth of itself at most
STEPS = 4.0  # roundings a step, at most: what takes n steps may lose n times as much
DOUBLE, SINGLE = (float(np.finfo(kind).eps) for kind in (np.float64, np.float32))
SURE = 2.0**12  # roundings that may add up unseen: 1e-12 of the quantity, no more
FAR = DOUBLE**0.5  # a floor is never taken for rounding unless it is so small beside the errors
MOST = 1e12  # roundings that add up at most: a larger size is in some unit, and counts none
ORDER_ONE = 16.0  # quantities between its inverse and it are taken to be of order one


def above_rounding(
    claim_id: str, names: Sequence[str], resolution: Any, data: Data
) -> tuple[Data, tuple[str, ...]]:
    """The data without the points whose error is rounding, and a note that names these.

    ``names`` are the sizes of the claim's rate. A computation is taken to have as many
    steps as its largest size, up to 1e12. Raises `Undecided` when fewer
    levels are left than a claim needs or than are left out, and when what looks like rounding
    may be a wrong limit.
    """
    largest = [float(max(point.values(), default=1)) for point in data.points]
    steps = np.minimum(largest, MOST)
    named = None
    if resolution is not None:
        values = [resolution(p) if callable(resolution) else resolution for p in data.points]
        named = named_resolution(claim_id, values)
    out = rounded(data.matrix("error"), steps, named)
    kept = [k for k in range(len(out)) if not out[k]]
    if len(kept) == len(out):
        return data, ()
    least = 4 if len(names) == 1 else 2
    spare = [len({data.points[k][name] for k in kept}) - least for name in names]
    words = ", ".join(str(data.points[k]) for k in np.flatnonzero(out))
    spare += [len(kept) - 4, 2 * len(kept) - len(out)]
    return data.select(kept), left_out(words, len(kept), min(spare))


def named_resolution(claim_id: str, values: object) -> Float[np.ndarray, "..."]:
    """What a claim says its rounding is; raises ClaimError unless it is at least zero."""
    sizes = stated(claim_id, "resolution", values)
    if np.any(sizes < 0):
        raise ClaimError(f"claim {claim_id}: expected a resolution of at least 0, received {sizes}")
    return sizes


def rounded(
    errors: Float[np.ndarray, "n K"],
    steps: Float[np.ndarray, " K"],
    named: Float[np.ndarray, "..."] | None = None,
) -> Bool[np.ndarray, " K"]:
    """Which columns are of the size of rounding: as named, or as the errors themselves show.

    Raises `Undecided` for columns that are suspect without being that small.
    """
    largest = np.abs(errors).max(axis=0)
    if named is not None:
        with np.errstate(over="ignore"):
            return (largest <= RESOLVED * named) & (named > 0)
    order = np.argsort(steps, kind="stable")
    top, many = largest.max(), STEPS * DOUBLE * steps
    sure = np.minimum(many, SURE * DOUBLE)
    unit = largest >= DOUBLE / ORDER_ONE**3  # below it the unit is another one altogether
    found = np.zeros(len(largest), dtype=bool)
    for small in (unit & (largest <= np.minimum(sure, FAR * top)), largest <= sure * top):
        if _stalls(largest[order], (small & (largest > 0))[order]):
            found |= small & (largest > 0)
    rest = order[~found[order]]
    single = STEPS * SINGLE * steps * _single_size(errors)
    doubts = (unit & (largest <= many), largest <= many * top, largest <= single)
    if len(rest) and any(_stalls(largest[rest], doubt[rest]) for doubt in doubts):
        raise Undecided(
            "rounding floor? errors have stopped falling where they may be rounding (in single "
            "precision, or of many steps) or a wrong limit: give the rounding of the measured "
            "quantity as resolution= (0 for errors that are exact)",
            final=True,
        )
    return found


def left_out(where: str, kept: int, spare: int) -> tuple[str, ...]:
    """The note on levels that were left out; raises `Undecided` when none is to spare."""
    if spare < 0:
        raise Undecided(
            f"rounding floor: the errors at {where} are of the size of rounding; the {kept} levels "
            "that are left are too few, or fewer than those: use coarser ones, or name the "
            "rounding of the measured quantity in `resolution` (0 for errors that are exact)",
            final=True,
        )
    return (f"left out, of the size of rounding: {where}",)


def _stalls(largest: Float[np.ndarray, " K"], suspect: Bool[np.ndarray, " K"]) -> bool:
    """Whether suspects end the study, and one of them is not smaller than the level before."""
    return bool(suspect[-1] and (suspect[1:] & (np.diff(largest) >= 0)).any())


def _single_size(errors: Float[np.ndarray, "n K"]) -> float:
    """Size of a quantity in single precision of which these are errors, 0 when they show none.

    Such a quantity less its exact value, or the reverse, differs from another such difference by
    a multiple of the spacing of single precision; double precision is not so coarse.
    """
    values = np.unique(np.abs(errors))
    gaps, sums = values[-1] - values[:-1], values[-1] + values[:-1]

    def multiples(spacing: float) -> bool:
        return bool(np.all((gaps % spacing == 0) | (sums % spacing == 0)))

    sizes = [size for size in 2.0 ** np.arange(-4, 5) if multiples(size * SINGLE / 2)]
    return float(sizes[-1]) if len(values) > 2 and 0 < len(sizes) < 9 else 0.0
