"""A stated limit is held against values, at points of every order of the parameters.

A check, never a proof: an answer found by algebra must pass it, and an answer that is wrong, or
right for one order of the parameters only, must not.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product

import mpmath
import sympy as sp

FAR = (8, 16, 32, 64, 128, 256, 512, 1024)  # powers of ten: how near values are taken
DIGITS = 25  # of a value, that must not depend on the working precision
CLOSE = mpmath.mpf(10) ** -12  # relative: near enough to stop
STEADY = mpmath.mpf(10) ** -6  # relative: an extrapolation less certain than this says nothing
GRID = ("-1.69", "-0.31", "0", "0.31", "0.73", "1.69", "2.57")  # both sides of 0 and 1, and ties
WHOLE = ("-2", "-1", "0", "1", "2", "3", "5")
SECONDS = 20.0  # for all points together
MOST = 3  # parameters of which every combination is tried
RANDOM_POINTS = 60  # for more parameters

Number = mpmath.mpf | mpmath.mpc | int
Value = Callable[..., Number]


class Disagreement(ValueError):
    """The stated limit is not the limit, or not at every order of the parameters."""


class NoValue(ArithmeticError):
    """There is no real number there."""


def confirm(expression: sp.Expr, h: sp.Symbol, stated: sp.Expr) -> None:
    """Raise ``Disagreement`` unless ``expression`` tends to ``stated`` as h > 0 falls to zero.

    Up to three parameters are tried in every order and with every sign that their assumptions
    leave, zeros and ties included; more at random. Where the expression or the answer has no real
    value nothing is claimed, and nothing compared.
    """
    symbols = sorted((expression.free_symbols | stated.free_symbols) - {h}, key=str)
    near = _compiled(expression, (h, *symbols))
    limit = _compiled(stated, tuple(symbols))
    agreed, until = "", time.monotonic() + SECONDS
    for point in _points(symbols):
        if time.monotonic() > until:
            raise Disagreement(f"its values take longer than {SECONDS:g} s to compute")
        at = ", ".join(f"{s} = {v}" for s, v in zip(symbols, point, strict=True)) or "large sizes"
        try:
            target = _settled(limit, point, 0)
            reason = _objection(near, point, target)
        except NoValue:
            continue
        if reason:
            but = f", though it agrees at {agreed}" if agreed else ""
            raise Disagreement(f"it disagrees with the values at {at}: {reason}{but}")
        agreed = agreed or at
    if not agreed:
        raise Disagreement("the expression has no real values to compare it with")


def _points(symbols: Sequence[sp.Symbol]) -> Iterator[tuple[str, ...]]:
    """Values of the parameters that their assumptions allow; distinct ones first."""
    choices = [[v for v in (WHOLE if s.is_integer else GRID) if _allowed(s, v)] for s in symbols]
    if not all(choices):
        raise Disagreement(f"no values are known that the assumptions of {symbols} allow")
    if len(symbols) <= MOST:
        yield from sorted(product(*choices), key=lambda p: len({"0", *p}), reverse=True)
        return
    draw = random.Random("limits")
    for _ in range(RANDOM_POINTS):
        yield tuple(draw.choice(values) for values in choices)


def _allowed(symbol: sp.Symbol, value: str) -> bool:
    """Whether a value contradicts none of the assumptions of a symbol."""
    number = sp.Rational(value)
    field = {"rational", "irrational", "algebraic", "transcendental", "noninteger"}
    known = {k: v for k, v in symbol.assumptions0.items() if k not in field}
    return all(
        getattr(number, f"is_{name}", None) in (truth, None) for name, truth in known.items()
    )


def _objection(near: Value, point: Sequence[str], target: mpmath.mpf) -> str:
    """What speaks against the target, nothing if values come close or extrapolate to it."""
    values: list[mpmath.mpf] = []
    for power in FAR:
        values.append(_settled(near, point, power))
        scale = abs(target) or abs(values[0])
        errors = [abs(v - target) for v in values]
        if errors[-1] <= CLOSE * scale and _falls(errors, target):
            return ""
    with mpmath.workdps(4 * DIGITS):
        found, doubt = _extrapolated(values)
        scale = max(abs(target), abs(values[-1]))
        if doubt > STEADY * scale:
            return f"they have not settled (about {_shown(found)}), it says {_shown(target)}"
        if abs(found - target) > 10 * doubt + CLOSE * scale:
            return f"they tend to {_shown(found)}, not to {_shown(target)}"
    return ""


def _falls(errors: Sequence[mpmath.mpf], target: mpmath.mpf) -> bool:
    """Whether errors go on falling; those from zero, to which nothing is close, like powers."""
    if target:
        return len(errors) >= 3 and errors[-1] <= errors[-2]
    return len(errors) >= 5 and errors[-1] * errors[-3] <= errors[-2] ** 2 / 10**4


def _shown(value: mpmath.mpf) -> str:
    """Eight digits; what is too small to print is zero."""
    return mpmath.nstr(value if mpmath.mag(value) > -(10**5) else mpmath.mpf(0), 8)


def _extrapolated(values: Sequence[mpmath.mpf]) -> tuple[mpmath.mpf, mpmath.mpf]:
    """The limit of values that converge like powers of ``t = 1 / log(1 / h)``, with its doubt.

    The families are powers of t, of its square and cube roots, and powers of t with log t; that
    which least depends on the coarsest value is believed.
    """
    largest = max(map(abs, values))
    values = [v if abs(v) > largest * CLOSE**10 else mpmath.mpf(0) for v in values]
    t = [1 / (k * mpmath.log(10)) for k in FAR]
    families: list[Callable[[int, mpmath.mpf], mpmath.mpf]] = [
        lambda i, s: s**i,
        lambda i, s: s ** (mpmath.mpf(i) / 2),
        lambda i, s: s ** (mpmath.mpf(i) / 3),
        lambda i, s: s ** ((i + 1) // 2) * mpmath.log(s) ** (i % 2),
    ]

    def constant(family: Callable[[int, mpmath.mpf], mpmath.mpf], start: int) -> mpmath.mpf:
        nodes = range(start, len(t))
        table = [[family(i, t[k]) for i in range(len(nodes))] for k in nodes]
        return mpmath.lu_solve(mpmath.matrix(table), mpmath.matrix([values[k] for k in nodes]))[0]

    results = [(constant(f, 0), constant(f, 1)) for f in families]
    return min(((a, abs(a - b)) for a, b in results), key=lambda pair: pair[1])


def _settled(value: Value, point: Sequence[str], power: int) -> mpmath.mpf:
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


def _compiled(expression: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> Value:
    """A function of mpmath numbers."""
    power = sp.Function("guarded_power")
    plain = expression.rewrite(sp.Heaviside, sp.Piecewise).replace(
        lambda e: isinstance(e, sp.Pow) and bool(e.exp.free_symbols), lambda e: power(*e.args)
    )
    return sp.lambdify(symbols, plain, [{"exp": _exp, "guarded_power": _power}, "mpmath"])
