"""Numbers with a bound of their error: the value, and the power of two that bounds the error.

The bounds are of first order, propagated through each operation at mpmath's working precision;
an exact number has the error ``EXACT``. They are no proof, but they tell a zero that rounding
blurs from a small number, on the scale of the terms that cancel.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import mpmath

Bits = int | float  # an exponent of two; an infinite one is a float
EXACT = float("-inf")
FEW_BITS = 8  # a value with fewer certain bits than this is not divided by


class Imprecise(ArithmeticError):
    """The working precision does not decide; with more digits it may."""


class Ball(NamedTuple):
    """``value`` is known up to ``2**error``."""

    value: Any
    error: Bits

    @property
    def magnitude(self) -> Bits:
        """The power of two just above the absolute value; that of zero is ``EXACT``."""
        return magnitude(self.value)

    @property
    def vanishes(self) -> bool:
        """Whether the number cannot be told from zero."""
        return self.magnitude <= self.error


def magnitude(value: Any) -> Bits:
    """The power of two just above ``|value|``."""
    if not isinstance(value, mpmath.mpf):
        return EXACT if value == 0 else float(mpmath.mag(value))
    _, mantissa, exponent, bits = value._mpf_
    if mantissa:
        return exponent + bits
    if exponent:
        raise ZeroDivisionError(f"the value {value} is not finite")
    return EXACT


def whole(number: int) -> Ball:
    """An exact integer."""
    return rounded(mpmath.mpf(number), exact=number.bit_length() <= mpmath.mp.prec)


def rounded(value: Any, error: Bits = EXACT, *, exact: bool = False) -> Ball:
    """A computed value: what its terms leave uncertain, and the rounding."""
    size = magnitude(value)
    return Ball(value, error if exact else max(error, size - mpmath.mp.prec) + 1)


def _last_bit(value: Any) -> Bits:
    """The power of two of the last bit; unknown for a complex number."""
    if not isinstance(value, mpmath.mpf):
        return EXACT
    return value._mpf_[2] if value._mpf_[1] else -EXACT


def add(terms: Sequence[Ball]) -> Ball:
    """The sum; its error is on the scale of the largest term, not of the sum."""
    value = mpmath.fsum(t.value for t in terms)
    error = max((t.error for t in terms), default=EXACT)
    largest = max((t.magnitude for t in terms), default=EXACT)
    carry = len(terms).bit_length()
    lowest = min((_last_bit(t.value) for t in terms), default=0)
    if error == EXACT and largest + carry - lowest <= mpmath.mp.prec:
        return Ball(value, EXACT)
    return Ball(value, max(error, largest - mpmath.mp.prec) + carry)


def negative(ball: Ball) -> Ball:
    """The same with the other sign."""
    return Ball(-ball.value, ball.error)


def multiply(factors: Sequence[Ball]) -> Ball:
    """The product."""
    result = whole(1)
    for factor in factors:
        result = _times(result, factor)
    return result


def _times(a: Ball, b: Ball) -> Ball:
    value = a.value * b.value
    cross = (a.error + b.magnitude, b.error + a.magnitude, a.error + b.error)
    error = max((c for c in cross if c == c), default=EXACT)  # -inf stays -inf, no nan here
    if error == EXACT and a.value != 0 and b.value != 0:
        real = isinstance(a.value, mpmath.mpf) and isinstance(b.value, mpmath.mpf)
        exact = real and a.value._mpf_[3] + b.value._mpf_[3] <= mpmath.mp.prec
        return rounded(value, exact=exact)
    return Ball(value, error) if value == 0 else rounded(value, error + 1)


def power(base: Ball, exponent: Any) -> Ball:
    """The power with an exact exponent."""
    if base.error == EXACT and 0 <= mpmath.re(exponent) <= FEW_BITS and mpmath.isint(exponent):
        return multiply([base] * int(exponent))
    certain = base.magnitude - base.error
    if base.error != EXACT and certain < FEW_BITS:
        if mpmath.re(exponent) < 0:
            raise Imprecise("a division by what cannot be told from zero")
        reach = max(base.magnitude, base.error + 1)
        bound = float(abs(exponent)) * reach + 1
        return Ball(base.value**exponent, bound)
    if _on_the_cut(base) and not mpmath.isint(exponent):
        raise Imprecise("a branch cut is as near as the error")
    value = base.value**exponent
    relative = -certain + max(0.0, magnitude(exponent)) + 2 if base.error != EXACT else EXACT
    return rounded(value, magnitude(value) + relative if value != 0 else EXACT)


def _on_the_cut(base: Ball) -> bool:
    """Whether a complex number is as near to the negative axis as its error."""
    if isinstance(base.value, mpmath.mpf) or base.error == EXACT or base.value.real > 0:
        return False
    return magnitude(base.value.imag) <= base.error


def apply(function: Callable[..., Any], arguments: Sequence[Ball], *, exact: bool = False,
          jumps: bool = False) -> Ball:  # fmt: skip
    """A function of numbers; its error is seen by moving each argument by its own.

    ``exact`` says that the function does not round, as the absolute value; ``jumps`` that it is
    piecewise constant. A value that leaps as an argument moves by its error is not known.
    """
    values = [a.value for a in arguments]
    value = function(*values)
    error = EXACT
    for place, argument in enumerate(arguments):
        if argument.error == EXACT:
            continue
        apart = max(magnitude(function(*m) - value) for m in _moved(values, place, argument))
        if (jumps and apart != EXACT) or _leaps(apart - max(magnitude(value), 0), argument):
            raise Imprecise("a jump or a branch is as near as the error")
        error = max(error, apart + 1)
    return rounded(value, error, exact=exact and error == EXACT)


def _moved(values: list[Any], place: int, argument: Ball) -> Iterator[list[Any]]:
    """The arguments with one moved by its error: real ones along the line, others in the plane."""
    by = mpmath.ldexp(1, int(argument.error))
    real = isinstance(argument.value, mpmath.mpf)
    for shift in (by, -by) if real else (by, -by, by * 1j, -by * 1j):
        yield [*values[:place], argument.value + shift, *values[place + 1 :]]


def _leaps(apart: Bits, argument: Ball) -> bool:
    """Whether values are farther apart than any slope explains."""
    slope = apart - argument.error
    return apart > -mpmath.mp.prec // 4 and slope > mpmath.mp.prec // 2
