"""The box on which an inequality is claimed: intervals with exact ends, one a symbol."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy as sp

Box = Mapping[
    sp.Symbol, tuple[Any, Any]
]  # ends are rational numbers: int, Fraction, SymPy's, float
DISCRETE = (
    "integer", "rational", "irrational", "algebraic", "transcendental", "noninteger", "even", "odd",
    "prime", "composite",
)  # fmt: skip
Ends = tuple[tuple[Fraction, Fraction], ...]


def exact(number: Any) -> Fraction:
    """A rational number as a fraction; ValueError for what is none, or not written as one."""
    found: Any = None if isinstance(number, str | bool) else sp.sympify(number)
    if not (isinstance(found, sp.Rational | sp.Float) and found.is_finite):
        raise ValueError(
            f"expected ends that are rational numbers, received {number!r}; for an end such as pi "
            f"take a larger box with rational ends, for an infinite one substitute x = t / (1 - t)"
        )
    rational = sp.Rational(found)
    return Fraction(int(rational.p), int(rational.q))


def require_box(name: str, expression: Any, box: Any, *, binary: bool) -> None:
    """Reject a box that the expression cannot be judged on; ValueError says why.

    ``binary`` asks for ends that are exact in binary64.
    """
    if not isinstance(expression, sp.Expr):
        raise ValueError(
            f"{name}: expected an expression that is to be not negative, such as left - right; "
            f"received {expression!r}"
        )
    if not isinstance(box, Mapping):
        raise ValueError(f"{name}: expected a box {{symbol: (low, high)}}; received {box!r}")
    named = [str(symbol) for symbol in box]
    if not box or len(set(named)) < len(named) or not all(isinstance(s, sp.Symbol) for s in box):
        raise ValueError(
            f"{name}: expected a box with an interval for each of some symbols of different names; "
            f"received {', '.join(named) or 'an empty one'}"
        )
    if free := expression.free_symbols - set(box):
        raise ValueError(f"{name}: expected an interval for each symbol; none for {free}")
    for symbol, interval in box.items():
        try:
            low, high = interval
            low, high = exact(low), exact(high)
        except (TypeError, ValueError, sp.SympifyError) as error:
            raise ValueError(f"{name}: the interval {interval!r} of {symbol}: {error}") from error
        if not low < high or (binary and not _are_doubles(low, high)):
            wanted = " that are exact in binary64" if binary else ""
            raise ValueError(
                f"{name}: expected ends low < high{wanted}; received {low}, {high} for {symbol}; "
                f"use dyadic fractions, and substitute a single value"
            )
        _require_assumptions(name, symbol, low, high)


def _are_doubles(*ends: Fraction) -> bool:
    try:
        return all(Fraction(float(end)) == end for end in ends)
    except OverflowError:  # beyond the largest double
        return False


def _require_assumptions(name: str, symbol: sp.Symbol, low: Fraction, high: Fraction) -> None:
    """SymPy simplifies by what it assumes of a symbol: sqrt(p^2) is p for a positive one.

    An end may be zero where zero is excluded, since both sides are continuous there. No interval
    has integers only, or irrational numbers only.
    """
    known = symbol.assumptions0
    outside = (
        (symbol.is_extended_nonnegative and low < 0)
        or (symbol.is_extended_nonpositive and high > 0)
        or symbol.is_real is False
        or (symbol.is_zero is False and low < 0 < high)
        or any(known.get(name) is not None for name in DISCRETE)
    )
    if outside:
        raise ValueError(
            f"{name}: expected an interval in which {symbol} is what its symbol assumes; received "
            f"[{low}, {high}], all of it; declare the symbol as real"
        )
