"""How far printed errors may be off: by half a unit of the last digit that a table has."""

from decimal import Decimal

import numpy as np
from jaxtyping import Float


def digit_rounding(values: Float[np.ndarray, " K"]) -> Float[np.ndarray, " K"]:
    """Relative rounding of each value of a column.

    Trailing zeros are not seen, so the digits are those of the column: as many significant ones as
    any value has, or places down to the last of any value, whichever is coarser.
    Values that are all equal show no digits: they are taken as they are.
    """
    if np.ptp(values) == 0:
        return np.zeros(len(values))
    written = [Decimal(repr(float(value))).normalize() for value in values]
    digits = max(len(number.as_tuple().digits) for number in written)
    place = min(0, *(int(number.as_tuple().exponent) for number in written))
    last = [max(number.adjusted() - digits + 1, place) for number in written]
    return 10.0 ** np.array(last) / 2 / values
