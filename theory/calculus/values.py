"""Values of scalars near a point, with digits that do not depend on the precision."""

from collections.abc import Callable, Sequence

import mpmath
import sympy as sp

DIGITS = 25  # of a value, that must not depend on the working precision

Number = mpmath.mpf | mpmath.mpc | int
Value = Callable[..., Number]


class Disagreement(ValueError):
    """The stated limit is not the limit, or not at every order of the parameters."""


class NoValue(ArithmeticError):
    """There is no real number there."""


def settled(value: Value, point: Sequence[str], power: int) -> mpmath.mpf:
    """A real value at h = 10^-power, the same at two working precisions; without h for 0."""
    digits = 2 * DIGITS + 2 * power
    coarse = _at(value, point, power, digits)
    for _ in range(5):
        digits *= 2
        fine = _at(value, point, power, digits)
        with mpmath.workdps(digits):
            error = abs(fine - coarse)
            if error <= abs(fine) * mpmath.mpf(10) ** -DIGITS:
                return fine
            if max(abs(fine), error) <= mpmath.mpf(10) ** (-digits // 4) and power == 0:
                return mpmath.mpf(0)
            if abs(fine) <= mpmath.mpf(10) ** (-digits * 3 // 5):
                return mpmath.mpf(0)
        coarse = fine
    raise Disagreement(f"no digits of the values at {', '.join(point)} can be computed")


def _at(value: Value, point: Sequence[str], power: int, digits: int) -> mpmath.mpf:
    with mpmath.workdps(digits):
        arguments = [mpmath.mpf(v) for v in point]
        if power:  # odd and even sizes in turn
            arguments.insert(0, 1 / (mpmath.mpf(10) ** power + power.bit_length() % 2))
        try:
            number = +mpmath.mpmathify(value(*arguments))  # a constant becomes digits
        except (ArithmeticError, ValueError, TypeError, NameError) as error:
            if isinstance(error, OverflowError):
                raise Disagreement("the values are too large to compute") from None
            raise NoValue(str(error)) from None  # also a comparison of what is not real
        real, imaginary = number.real, number.imag
        if not mpmath.isfinite(number) or abs(imaginary) > abs(real) * mpmath.mpf(10) ** -DIGITS:
            raise NoValue(f"{number} is no real number")
        return real


def _exp(argument: Number) -> Number:
    """The exponential, without the years that an exponential of an exponential takes."""
    if mpmath.mag(argument) > 10**5:
        if mpmath.re(argument) < 0:
            return mpmath.mpf(0)
        raise OverflowError
    third = mpmath.mpf(1) / 3  # mpmath multiplies for an integer, however large
    return mpmath.exp(argument - third) * mpmath.exp(third)


def _power(base: Number, exponent: Number) -> Number:
    """Powers with a variable exponent, by the guarded exponential where the base is positive."""
    if mpmath.im(base) == 0 and mpmath.re(base) > 0:
        return _exp(exponent * mpmath.log(base))
    return mpmath.mpmathify(base) ** exponent


def compiled(expression: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> Value:
    """A function of mpmath numbers."""
    power = sp.Function("guarded_power")
    plain = expression.rewrite(sp.Heaviside, sp.Piecewise).replace(
        lambda e: isinstance(e, sp.Pow) and bool(e.exp.free_symbols), lambda e: power(*e.args)
    )
    return sp.lambdify(symbols, plain, [{"exp": _exp, "guarded_power": _power}, "mpmath"])
