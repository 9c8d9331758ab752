"""Points at which a stated limit is held against values: every order of the parameters.

An order is decided by the signs of a few expressions, the *deciders*: the leading coefficients of
what saturates or grows, and of the differences of the exponents that are added. The points are
combinations of a grid, the same at sizes that differ by more than the constants of the expression,
and, for each decider, one with each sign.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import combinations, islice, permutations, product

import sympy as sp

from theory.calculus.asymptotics import leading_term
from theory.calculus.puiseux import LOG, Undecided
from theory.calculus.values import Disagreement

Point = tuple[str, ...]
GRID = ("-1.69", "-0.31", "0", "0.31", "0.73", "1.69", "2.57")  # both sides of 0 and 1, and ties
WHOLE = ("-2", "-1", "0", "1", "2", "3", "5")
MOST = 3  # parameters of which every combination is tried
DRAWN = 60  # points for more parameters
SPREAD = 16  # points with sizes drawn over all decades
DECADES = 3  # beyond the constants of the expression
LARGEST = 12  # decades
TERMS = 8  # of a sum, whose exponents are compared
SEARCHED = 3000  # points, for one of each sign


def points(expression: sp.Expr, h: sp.Symbol, symbols: Sequence[sp.Symbol]) -> Iterator[Point]:
    """Values of the symbols that their assumptions allow; distinct ones of moderate size first.

    Raises ``Disagreement`` when no values are known, or where a decider has a sign, by its
    assumptions, that no point gives it.
    """
    choices = [[v for v in (WHOLE if s.is_integer else GRID) if _allowed(s, v)] for s in symbols]
    if not all(choices):
        raise Disagreement(f"no values are known that the assumptions of {symbols} allow")
    draw = random.Random("limits")
    if len(symbols) <= MOST:
        near = sorted(product(*choices), key=tied)
    else:
        near = [tuple(draw.choice(values) for values in choices) for _ in range(DRAWN)]
    yield from near
    if not symbols:
        return
    spread = _spread(expression, symbols)
    far = [*_ordered(symbols, spread), *islice(_scattered(symbols, spread, draw), SPREAD)]
    yield from far
    wide = (LARGEST, draw)
    searched = [*near, *far, *islice(_scattered(symbols, *wide), SEARCHED)]
    for decider in deciders(expression, h):
        yield from _both_signs(decider, symbols, searched)


def tied(point: Sequence[str]) -> bool:
    """Whether parameters are equal or zero."""
    return len({"0", *point}) <= len(point)


def extreme(point: Sequence[str]) -> bool:
    """Whether a parameter is far from 1, beyond the grid."""
    return any(v != "0" and not 0.1 < abs(float(v)) < 10 for v in point)


def deciders(expression: sp.Expr, h: sp.Symbol) -> set[sp.Expr]:
    """Expressions in the parameters whose signs are open and decide the branch of the limit."""
    moving = [node for node in sp.preorder_traversal(expression) if node.has(h)]
    compared: list[sp.Expr] = []
    for node in moving:
        if isinstance(node, sp.Max | sp.Min):
            compared += [a - b for a, b in combinations(node.args, 2)]
        elif isinstance(node, sp.core.relational.Relational):
            compared.append(node.lhs - node.rhs)
        elif isinstance(node, sp.Function):
            compared.append(node.args[-1])
        elif isinstance(node, sp.Pow) and not node.exp.is_Integer:
            compared.append(node.base if node.exp.is_number else node.exp * sp.log(node.base))
        elif isinstance(node, sp.Add):
            exponents = {_exponent(term, h) for term in node.args}
            if len(exponents) <= TERMS:
                compared += [a - b for a, b in combinations(exponents, 2)]
    found: set[sp.Expr] = set()
    for quantity in compared:
        if isinstance(quantity, sp.Expr) and quantity.has(h) and quantity.free_symbols - {h}:
            found |= _open_factors(quantity, h)
    return found


def _exponent(term: sp.Expr, h: sp.Symbol) -> sp.Expr:
    """The sum of the exponents of a term's factors that are no powers of h."""
    total = sp.S.Zero
    for factor in sp.Mul.make_args(term):
        base, power = factor.as_base_exp()
        if factor.has(h) and not power.is_Rational:
            total += power * sp.log(base)
        elif isinstance(base, sp.exp):
            total += power * base.args[0]
    return total


def _open_factors(quantity: sp.Expr, h: sp.Symbol) -> set[sp.Expr]:
    try:
        _, coefficient = leading_term(sp.expand(quantity), h)
    except Undecided:
        return set()
    if coefficient.has(LOG):
        return set()
    bases = {f.as_base_exp()[0] for f in sp.Mul.make_args(sp.factor(coefficient))}
    return {b for b in bases if b.free_symbols and not (b.is_positive or b.is_negative)}


def _both_signs(
    decider: sp.Expr, symbols: Sequence[sp.Symbol], searched: Iterable[Point]
) -> Iterator[Point]:
    """The first point of each sign that the assumptions leave to a decider."""
    value = sp.lambdify(list(symbols), decider, "math")
    wanted = {1: not decider.is_nonpositive, -1: not decider.is_nonnegative}
    for point in searched:
        if not any(wanted.values()):
            return
        try:
            number = value(*map(float, point))
        except (ArithmeticError, ValueError, TypeError, NameError):
            continue  # no real number there, or none that floats know
        sign = (number > 0) - (number < 0)
        if wanted.get(sign):
            wanted[sign] = False
            yield point
    if any(wanted.values()):
        raise Disagreement(
            f"the sign of {decider} decides, and no values were found for which it is "
            f"{'positive' if wanted[1] else 'negative'}"
        )


def _ordered(symbols: Sequence[sp.Symbol], decades: int) -> Iterator[Point]:
    """Each parameter, then each pair, far above or far below the others, of either sign."""
    levels = [
        dict(zip(chosen, ways, strict=True))
        for count in range(1, min(len(symbols), 2) + 1)
        for chosen in combinations(range(len(symbols)), count)
        for ways in product((-1, 1), repeat=count)
    ]
    if 1 < len(symbols) <= MOST:
        levels += [dict(enumerate(p)) for p in permutations(range(-1, len(symbols) - 1))]
    for level in levels:
        sizes = [_size(s, k, decades * level.get(k, 0)) for k, s in enumerate(symbols)]
        yield from islice(product(*map(_signed, symbols, sizes)), 8)


def _size(symbol: sp.Symbol, place: int, decades: int) -> str:
    """A size so many decades above 1, or below; whole numbers stay there."""
    if symbol.is_integer:
        return str((1 + place) * 10 ** max(decades, 0))
    return f"{1 + 0.37 * place:.2f}e{decades}"


def _scattered(symbols: Sequence[sp.Symbol], decades: int, draw: random.Random) -> Iterator[Point]:
    """Sizes that are drawn over all decades, each with a sign that is allowed."""
    while True:
        point = []
        for s in symbols:
            power = draw.uniform(0 if s.is_integer else -decades, decades)
            size = str(int(10**power)) if s.is_integer else f"{10**power:.3e}"
            point.append(draw.choice(_signed(s, size)))
        yield tuple(point)


def _signed(symbol: sp.Symbol, size: str) -> list[str]:
    signed = [v for v in (size, f"-{size}") if _allowed(symbol, v)]
    return signed or [v for v in WHOLE if _allowed(symbol, v)][:1] or [size]


def _spread(expression: sp.Expr, symbols: Sequence[sp.Symbol]) -> int:
    """Decades that the constants of the expression do not bridge."""
    sizes = {abs(sp.log(abs(c), 10).evalf(5)) for c in expression.atoms(sp.Number) if c.is_finite
             and c != 0}  # fmt: skip
    return min(DECADES + int(sp.ceiling(sum(sizes))), LARGEST)


def _allowed(symbol: sp.Symbol, value: str) -> bool:
    """Whether a value contradicts none of the assumptions of a symbol."""
    number = sp.Rational(value)
    if not number.is_Integer:
        number = sp.Rational(1 if number.p > 0 else -1, 2)  # SymPy knows the same of both
    return _fits(symbol, number)


@cache
def _fits(symbol: sp.Symbol, number: sp.Rational) -> bool:
    field = {"rational", "irrational", "algebraic", "transcendental", "noninteger"}
    known = {k: v for k, v in symbol.assumptions0.items() if k not in field}
    return all(
        getattr(number, f"is_{name}", None) in (truth, None) for name, truth in known.items()
    )
