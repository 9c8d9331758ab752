"""What a caller gives as an expression: SymPy's objects and numbers, never text."""

from fractions import Fraction
from math import isfinite
from typing import Any

import sympy as sp

DENOMINATOR = 1000  # of a fraction that a float may stand for
ROUNDINGS = 1e-15  # relative, of a few operations in double precision


def given(value: object, what: str) -> Any:
    """``value`` as an object of SymPy's; ``what`` is where it was given.

    Raises ``TypeError`` for anything else. Text would have to be run as code to be read.
    """
    try:
        return sp.sympify(value, strict=True)
    except (sp.SympifyError, TypeError):
        raise TypeError(
            f"{what}: expected a SymPy expression or a number; received {value!r}. Make symbols "
            'with vl.real("x"), vl.positive("x") or SymPy'
        ) from None


def text(value: object, what: str) -> str:
    """``value``, which has to be text; ``TypeError`` for anything else."""
    if isinstance(value, str):
        return value
    raise TypeError(f"{what}: expected text; received {value!r}. Write it in quotes")


def several(values: object, kind: type, what: str) -> tuple[Any, ...]:
    """``values`` as a tuple of objects of a class; ``TypeError`` for one alone or for others."""
    if isinstance(values, list | tuple) and all(isinstance(value, kind) for value in values):
        return tuple(values)
    raise TypeError(
        f"{what}: expected a tuple of {kind.__name__}; received {values!r}. One alone is (it,)"
    )


def exact(value: object, what: str) -> Any:
    """As `given`, with floats as the numbers that they round: 0.1 + 0.2 is 3/10, 0.7**0.5 a root.

    Exponents and cancellations are decided exactly, so a rounding would be taken for a term.
    """
    found = given(value, what)
    return found.xreplace({x: _unrounded(float(x)) for x in found.atoms(sp.Float)})


def _unrounded(value: float) -> sp.Expr:
    """A short decimal or fraction, or the root of one; else the decimal as it is printed."""
    size = abs(value)
    if not isfinite(value) or value == 0:
        return sp.sympify(value) if value else sp.S.Zero
    for power in (1, 2):
        decimal, whole = Fraction(f"{size**power:.12g}"), Fraction(size**power)
        for near in (decimal, whole.limit_denominator(DENOMINATOR)):
            number = sp.Rational(near.numerator, near.denominator) ** sp.Rational(1, power)
            if abs(float(number) - size) <= ROUNDINGS * size:
                return number if value > 0 else -number
    return sp.Rational(repr(value))


def named(names: object, what: str) -> list[str]:
    """Names in one text, apart by blanks or commas; ``TypeError`` for what is no text."""
    if isinstance(names, str) and names.replace(",", " ").split():
        return names.replace(",", " ").split()
    raise TypeError(f'{what}: expected names in one text, such as "a b"; received {names!r}')
