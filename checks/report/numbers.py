"""Numbers in prose, with as many digits as mean something."""

import math
from typing import Any

from theory.codegen.unicode import GREEK

MINUS = "\u2212"


def with_error(value: float | None, interval: Any) -> str:
    """E.g. ``1.00 ± 0.02``, with as many digits as the error has meaning."""
    if value is None or None in interval:
        return "unbounded" if value is None else number(value)
    half = max(interval[1] - value, value - interval[0])
    if half <= 0:
        return number(value)
    digits = 1 - math.floor(math.log10(half))
    if max(abs(value), half) >= 1e5 or digits > 6:
        return f"{number(value)} ± {number(half)}"
    shown, spread = (f"{x:.{max(digits, 0)}f}" for x in (value, half))
    return f"{shown} ± {spread}".replace("-", MINUS)


def number(value: float) -> str:
    """E.g. ``0.25``, ``6400``; ``$2\\cdot 10^{-16}$`` as a formula."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        shown = f"{value:.3g}"
        return (f"{float(shown):.0f}" if "e" in shown else shown).replace("-", MINUS)
    mantissa, exponent = f"{value:.1e}".split("e")
    return rf"${mantissa.removesuffix('.0')} \cdot 10^{{{int(exponent)}}}$"


def symbol(name: str) -> str:
    """The LaTeX of the name of a size."""
    if name in GREEK:
        return rf"\{name}"
    return name if len(name) == 1 else rf"\mathrm{{{name}}}"
