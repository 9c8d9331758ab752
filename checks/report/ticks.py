"""Ticks of logarithmic axes: few, and without pseudo-sizes."""

from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
TWO_DECADES = 100


def in_powers(axis: Axis, ratio: float) -> None:
    """Ticks at powers of ten, and at twice and five times those where the ends have a small
    ``ratio``."""
    subs = (1.0,) if ratio > TWO_DECADES else (1.0, 2.0, 5.0)
    axis.set_major_locator(LogLocator(subs=subs, numticks=9))
    axis.set_major_formatter(FuncFormatter(written))
    axis.set_minor_locator(NullLocator())


def written(value: float, _: int = 0) -> str:
    """E.g. ``0.02`` and ``5·10⁻⁶``."""
    if 1e-3 <= value < 1e4:
        return f"{value:g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    power = "10" + str(int(exponent)).translate(SUPERSCRIPT)
    return power if mantissa == "1" else f"{mantissa}·{power}"
