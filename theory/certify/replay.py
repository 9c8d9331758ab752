"""The judge: checks a certificate in Arb alone, without the prover.

Arb's balls are used at points only, where they are tight: an interval is a pair of exact numbers,
and a monotone function of it is the function at its ends, rounded outwards. So nothing is lost at
an end where the expression is zero, and no power of a wide ball is ever formed.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from math import inf, isfinite
from typing import Any

from theory.certify import form
from theory.certify.form import Rejected
from theory.certify.inequality import Inequality
from theory.certify.program import Arithmetic, Program, run

PRECISION = 128  # bits, of a proof
PRECISIONS = (PRECISION, 1024)  # at a point, until the sign is known


@cache
def balls() -> Arithmetic:
    """Intervals with ends in Arb; a ModuleNotFoundError says how to install it."""
    flint = flint_module()
    arb = flint.arb

    def rising(name: str, least: int | None = None, most: int | None = None) -> Any:
        def apply(x: Any) -> Any:
            inside = (least is None or x[0] >= least) and (most is None or x[1] <= most)
            if not inside:
                raise Rejected(f"{name} is taken outside its domain, of [{x[0]}, {x[1]}]")
            return getattr(x[0], name)().lower(), getattr(x[1], name)().upper()

        return apply

    def falling(name: str, least: int, most: int) -> Any:
        turned = rising(name, least, most)  # its domain, and the balls of the function at the ends

        def apply(x: Any) -> Any:
            turned(x)
            return getattr(x[1], name)().lower(), getattr(x[0], name)().upper()

        return apply

    def add(x: Any, y: Any) -> Any:
        return (x[0] + y[0]).lower(), (x[1] + y[1]).upper()

    def around(found: list) -> Any:
        if any(f.is_nan() for f in found):  # 0 inf; a comparison with it would pass it over
            raise Rejected("a product or quotient is undefined")
        return min(f.lower() for f in found), max(f.upper() for f in found)

    def mul(x: Any, y: Any) -> Any:
        return around([a * b for a in x for b in y])

    def div(x: Any, y: Any) -> Any:
        if not (y[0] > 0 or y[1] < 0):
            raise Rejected(f"a divisor may be zero: [{y[0]}, {y[1]}]")
        return around([a / b for a in x for b in y])

    def square(x: Any) -> Any:
        large = max(abs(x[0]), abs(x[1]))
        small = arb(0) if x[0] <= 0 <= x[1] else min(abs(x[0]), abs(x[1]))
        return (small * small).lower(), (large * large).upper()

    def constant(p: int, q: int) -> Any:
        found = arb(p) / arb(q)
        return found.lower(), found.upper()

    operations = {
        "add": add, "mul": mul, "div": div, "neg": lambda x: (-x[1], -x[0]), "square": square,
        "sqrt": rising("sqrt", 0), "exp": rising("exp"), "erf": rising("erf"),
        "tanh": rising("tanh"), "log": _positive(rising("log", 0)), "acos": falling("acos", -1, 1),
    }  # fmt: skip
    return Arithmetic(constant, lambda: (arb.pi().lower(), arb.pi().upper()), operations)


def _positive(log: Any) -> Any:
    def apply(x: Any) -> Any:
        if not x[0] > 0:
            raise Rejected(f"log is taken of [{x[0]}, {x[1]}]")
        return log(x)

    return apply


def enclose(
    program: Program, box: Sequence[tuple[Fraction, Fraction]], precision: int = PRECISION
) -> tuple[Any, Any]:
    """Bounds of the program on the box, exact numbers of Arb; `Rejected` where it is undefined."""
    arithmetic, arguments = balls(), []
    flint_module().ctx.prec = precision
    for low, high in box:
        ends = [arithmetic.constant(e.numerator, e.denominator) for e in (low, high)]
        arguments.append((ends[0][0], ends[1][1]))
    return run(program, arguments, arithmetic)


def replay_tree(claim: Inequality, tree: Any) -> int:
    """Check that the tree covers the box and that each leaf holds; returns the number of leaves.

    Raises `Rejected` with the reason.
    """
    entries: Iterator[Any] = iter(form.items(tree, "the tree"))
    waiting, leaves = [(claim.ends, 0)], 0
    while waiting:
        box, depth = waiting.pop()
        entry = next(entries, None)
        if entry is None:
            raise Rejected(f"the tree ends early: {len(waiting) + 1} boxes are not covered")
        match entry:
            case ["cut", axis] if depth < form.DEEPEST:
                axis = form.whole(axis, "an axis", 0, len(box) - 1)
                middle = (box[axis][0] + box[axis][1]) / 2
                halves = [(box[axis][0], middle), (middle, box[axis][1])]
                parts = [(*box[:axis], half, *box[axis + 1 :]) for half in halves]
                waiting += [(parts[1], depth + 1), (parts[0], depth + 1)]
            case ["value", float(bound)] if 0 <= bound < inf:
                _require(claim.program, box, 1, "the expression", bound)
                leaves += 1
            case ["taylor", axis, order, ("low" | "high") as end]:
                axis = form.whole(axis, "an axis", 0, len(box) - 1)
                _replay_taylor(claim, box, axis, order, end)
                leaves += 1
            case _:
                raise Rejected(f"an entry of the tree is no cut and no leaf: {entry!r:.80}")
    if next(entries, None) is not None:
        raise Rejected("the tree has more entries than it has boxes")
    return leaves


def _replay_taylor(claim: Inequality, box: Any, axis: int, order: Any, end: str) -> None:
    programs = claim.derivatives.get(axis, ())
    if type(order) is not int or not 0 < order < len(programs):
        raise Rejected(f"the claim has no derivative of order {order} along axis {axis}")
    at = box[axis][0 if end == "low" else 1]
    face = (*box[:axis], (at, at), *box[axis + 1 :])
    for j in range(order):
        _require(programs[j], face, _sign(end, j), f"the derivative of order {j} at the {end} end")
    _require(programs[order], box, _sign(end, order), f"the derivative of order {order}")


def _sign(end: str, order: int) -> int:
    return -1 if end == "high" and order % 2 else 1


def _require(program: Program, box: Any, sign: int, what: str, bound: float = 0.0) -> None:
    low, high = enclose(program, box)
    if not (low >= bound if sign > 0 else high <= 0):
        where = ", ".join(f"[{float(a):g}, {float(b):g}]" for a, b in box)
        least = float(low if sign > 0 else -high)
        raise Rejected(f"{what} is only known to be above {least:.3g}, not {bound:.3g}, on {where}")


def replay_counter(claim: Inequality, box: Any) -> float:
    """Check that the expression is negative on all of a box; returns its upper bound there."""
    pairs = [
        form.items(pair, "an interval", 2) for pair in form.items(box, "the box", len(claim.ends))
    ]
    if not all(type(end) in (int, float) and isfinite(end) for pair in pairs for end in pair):
        raise Rejected("expected the ends of the counter-box to be finite numbers")
    exact = tuple((Fraction(a), Fraction(b)) for a, b in pairs)
    inside = [a <= c <= d <= b for (a, b), (c, d) in zip(claim.ends, exact, strict=True)]
    if not all(inside):
        raise Rejected("the counter-box is not inside the box of the claim")
    high = _with_a_sign(claim.program, exact)[1]
    if not high < 0:
        raise Rejected("the expression is not negative on the counter-box")
    return float(high)


def margin(claim: Inequality, point: Sequence[float]) -> float:
    """The expression at a point; zero where no precision tells it from zero.

    Raises `Rejected` where it is undefined.
    """
    low, high = _with_a_sign(claim.program, tuple((Fraction(x), Fraction(x)) for x in point))
    return float(low) if low > 0 else float(high) if high < 0 else 0.0


def _with_a_sign(program: Program, box: Sequence[tuple[Fraction, Fraction]]) -> tuple[Any, Any]:
    """Bounds on the box at the first precision that tells them from zero, or at the last one."""
    low, high = enclose(program, box)
    for precision in PRECISIONS[1:]:
        if low > 0 or high < 0 or low == high:
            break
        low, high = enclose(program, box, precision)
    flint_module().ctx.prec = PRECISION
    return low, high


def flint_module() -> Any:
    """python-flint; a ModuleNotFoundError says how to install it."""
    try:
        import flint
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"the replay needs python-flint: expected it to be installed, received “{error}”; "
            f"install it with: pip install 'verilimit[certify]'"
        ) from error
    return flint
