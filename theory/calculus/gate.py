"""A stated limit is held against values, at points of every order of the parameters.

A check, never a proof: an answer found by algebra must pass it, and an answer that is wrong, or
right for one order of the parameters only, must not.
"""

import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import mpmath
import sympy as sp

from theory.calculus.points import extreme, points, tied
from theory.calculus.values import DIGITS, Disagreement, NoValue, Value, compiled, settled

FAR = (8, 16, 32, 64, 128, 256, 512, 1024)  # powers of ten: how near values are taken
CLOSE = mpmath.mpf(10) ** -12  # relative: near enough to stop
STEADY = mpmath.mpf(10) ** -6  # relative: an extrapolation less certain than this says nothing
SECONDS = 20.0  # for all points together


def confirm(expression: sp.Expr, h: sp.Symbol, stated: sp.Expr) -> None:
    """Raise ``Disagreement`` unless ``expression`` tends to ``stated`` as h > 0 falls to zero.

    Parameters are tried in every order and with every sign that their assumptions leave, zeros
    and ties included, as ``theory.calculus.points`` says. Where the expression has no real values,
    or grows and the answer has none, nothing is claimed, and nothing compared.
    """
    symbols = sorted((expression.free_symbols | stated.free_symbols) - {h}, key=str)
    near = compiled(expression, (h, *symbols))
    limit = compiled(stated, tuple(symbols))
    agreed, until = "", time.monotonic() + SECONDS
    for point in points(expression, h, symbols):
        if time.monotonic() > until:
            raise Disagreement(f"its values take longer than {SECONDS:g} s to compute")
        at = ", ".join(f"{s} = {v}" for s, v in zip(symbols, point, strict=True)) or "large sizes"
        try:
            reason = _objection(near, point, settled(limit, point, 0), extreme(point))
        except NoValue:
            if tied(point) or not _bounded(near, point):
                continue
            reason = "there the answer is no real number"
        if reason:
            but = f", though it agrees at {agreed}" if agreed else ""
            raise Disagreement(f"it disagrees with the values at {at}: {reason}{but}")
        agreed = agreed or at
    if not agreed:
        raise Disagreement("the expression has no real values to compare it with")


def _bounded(near: Value, point: Sequence[str]) -> bool:
    """Whether the expression has real values there that do not grow."""
    try:
        far, farther = (abs(settled(near, point, power)) for power in FAR[1:3])
    except NoValue:
        return False
    return bool(farther <= 1 + 2 * far)


def _objection(near: Value, point: Sequence[str], target: mpmath.mpf, far: bool) -> str:
    """What speaks against the target, nothing if values come close or extrapolate to it.

    At far points, where a power such as h^0.001 hardly moves, it is enough that all come nearer.
    """
    values: list[mpmath.mpf] = []
    for power in FAR:
        values.append(settled(near, point, power))
        scale = abs(target) or abs(values[0])
        errors = [abs(v - target) for v in values]
        if errors[-1] <= CLOSE * scale and _falls(errors, target):
            return ""
    with mpmath.workdps(4 * DIGITS):
        found, doubt = _extrapolated(values)
        scale = max(abs(target), abs(values[-1]))
        if doubt > STEADY * scale:
            if far and all(abs(b - target) < abs(a - target) for a, b in pairwise(values)):
                return ""
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
