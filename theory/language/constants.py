"""The numbers of a step at which its sides may change their form, and the sizes that this takes.

Two analytic sides that agree on an open set agree everywhere; what jumps, folds or branches has
to be visited at its thresholds.
"""

from collections.abc import Iterable, Iterator

import sympy as sp

from theory.language.scopes import names
from theory.language.values import Unsupported

ANALYTIC = (
    sp.exp, sp.sin, sp.cos, sp.tan, sp.cot, sp.sec, sp.csc, sp.sinh, sp.cosh, sp.tanh, sp.coth,
    sp.erf, sp.erfc, sp.gamma,
)  # fmt: skip
PLAIN = (sp.Add, sp.Mul, sp.Sum, sp.Product, sp.Integral, sp.Derivative, sp.Subs, sp.Limit)
BESIDE = sp.Rational(1, 997)  # how far beside a threshold a number is drawn, relatively
LARGEST = 12  # size of an array
MAGNITUDES = (sp.Rational(1, 10**6), sp.Rational(1, 1000), sp.Integer(1000), sp.Integer(10**6))
MOST = 150  # thresholds


def _of_indices(node: sp.Basic, sizes: Iterable[sp.Basic]) -> bool:
    found = names(node)
    return bool(found) and all(isinstance(n, sp.Idx) or n in sizes for n in found)


def analytic(node: sp.Basic, sizes: Iterable[sp.Basic]) -> bool:
    """Whether a node is an analytic function of all numbers in it but indices and sizes."""
    if isinstance(node, sp.Indexed) or not names(node) or _of_indices(node, sizes):
        return True
    known = isinstance(node, (*PLAIN, *ANALYTIC)) or not (
        isinstance(node, sp.Function | sp.Pow) or node.is_Boolean or node.is_Relational
    )
    if isinstance(node, sp.Pow):
        known = bool(node.exp.is_integer or node.base.is_positive)
    if isinstance(node, sp.log):
        known = bool(node.args[0].is_positive)
    if isinstance(node, sp.Max | sp.Min):
        known = False
    return known and all(analytic(a, sizes) for a in node.args)


def _numbers(node: sp.Basic) -> Iterator[sp.Expr]:
    """The real numbers of an expression, rounded where they are irrational."""
    if isinstance(node, sp.Expr) and not names(node) and node.is_comparable and node.is_finite:
        number = node if node.is_Rational else sp.Rational(str(node.evalf(20)))
        yield abs(number)
    if isinstance(node, sp.Indexed | sp.Idx | sp.IndexedBase):
        return
    for part in node.args:
        yield from _numbers(part)


def _derived(number: sp.Expr) -> Iterator[sp.Expr]:
    yield number
    yield 1 / number
    for root in (2, 3):
        yield sp.root(number, root)
        yield sp.root(1 / number, root)
    yield sp.Abs(sp.log(number))


def thresholds(sides: sp.Basic, *, integer: bool) -> list[sp.Expr]:
    """Positive numbers at, just below and just above those of the sides, and of all magnitudes."""
    found: dict[sp.Expr, None] = {}
    for number in dict.fromkeys(_numbers(sides)):
        for derived in _derived(number) if number else ():
            if not sp.Rational(1, 10**9) < derived < 10**9:
                continue
            value = derived if derived.is_Rational else sp.Rational(str(derived.evalf(20)))
            near = [value, value * (1 - BESIDE), value * (1 + BESIDE)]
            if integer:
                near = [sp.Integer(sp.floor(value)) + k for k in (-1, 0, 1, 2)]
            found |= dict.fromkeys(v for v in near if v > 0)
    beyond = MAGNITUDES[2:] if integer else tuple(v * (1 + BESIDE) for v in MAGNITUDES)
    return [*list(found)[:MOST], *beyond]


def thresholds_of_entries(sides: sp.Basic) -> list[sp.Expr]:
    """Fewer of them: the numbers of the sides, and numbers just above."""
    found = [n for n in dict.fromkeys(_numbers(sides)) if n]
    return [n * scale for n in found for scale in (1, 1 + BESIDE, -1, -1 - BESIDE)][:MOST]


def _degree(node: sp.Basic, size: sp.Basic) -> int:
    """A bound of the degree of a polynomial in a size, and in its reciprocal."""
    if node == size:
        return 1
    if isinstance(node, sp.Mul):
        return sum(_degree(a, size) for a in node.args)
    if isinstance(node, sp.Pow) and node.exp.is_Integer:
        return _degree(node.base, size) * abs(int(node.exp))
    if isinstance(node, sp.Indexed | sp.Idx | sp.IndexedBase):
        return 0
    parts = node.args[:1] if isinstance(node, sp.Sum | sp.Product) else node.args
    return max((_degree(a, size) for a in parts), default=0)


def _selected(node: sp.Basic, sizes: Iterable[sp.Basic]) -> Iterator[int]:
    """The integers with which indices and sizes are compared."""
    if isinstance(node, sp.Indexed | sp.Idx | sp.Sum | sp.Product):
        parts = node.indices if isinstance(node, sp.Indexed) else node.args[1:]
        for part in () if isinstance(node, sp.Idx) else parts:
            ends = part[1:] if isinstance(part, sp.Tuple) else (part,)
            yield from (n for e in ends for n in _integers(e))
    selects = isinstance(node, sp.Function | sp.Max | sp.Min) or node.is_Relational
    smooth = isinstance(node, ANALYTIC)
    if selects and not smooth and any(_of_indices(a, sizes) for a in node.args):
        yield from _integers(node)
    elif not isinstance(node, sp.Idx | sp.IndexedBase):
        for part in node.args:
            yield from _selected(part, sizes)


def _integers(node: sp.Basic) -> Iterator[int]:
    if isinstance(node, sp.Idx):
        return
    if node.is_Rational:
        yield from (abs(int(node.p)), int(node.q))
    for part in node.args:
        yield from _integers(part)


def largest_size(sides: sp.Basic, sizes: Iterable[sp.Basic]) -> int:
    """Sizes up to this see every integer with which indices are compared, and every degree."""
    chosen = max(_selected(sides, sizes), default=0) + 2
    degree = max((_degree(sides, s) for s in sizes), default=0) + 1
    if (needed := max(chosen, degree)) > LARGEST:
        raise Unsupported(
            f"arrays of {needed} entries would be needed; at most {LARGEST} are tried"
        )
    return needed
