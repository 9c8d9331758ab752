"""The value of each kind of node: sums are loops, each operation is one call of mpmath.

Nothing is shared with the rewritings, nor with SymPy's ``evalf`` and ``doit``; derivatives alone
are SymPy's.
"""

import builtins
from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import sympy as sp
from sympy.core.relational import Relational

from theory.algebra.arrays import NonNegative
from theory.calculus.measure import Mean
from theory.language import unending
from theory.language.balls import EXACT, Ball, add, apply, multiply, negative, power, rounded, whole
from theory.language.convergence import FAR
from theory.language.scopes import names, nested, parts
from theory.language.values import Rules, Scope, Unsupported, Valuation

DOES_NOT_ROUND = (sp.Abs, sp.sign, sp.floor, sp.ceiling, sp.re, sp.im, sp.conjugate)
JUMPS = (sp.sign, sp.floor, sp.ceiling, sp.Heaviside)  # constant in between
NEAR_TERMS = 10  # octave of the farthest terms of a sum that are themselves sums
SCATTERED = (sp.floor, sp.ceiling, sp.frac, sp.Mod, sp.KroneckerDelta, NonNegative)
FLAT = (sp.sin, sp.cos, sp.log, sp.sinh, sp.cosh)  # no peaks that are narrow for their heights
KINKED = (sp.Abs, sp.sign, sp.Max, sp.Min, sp.Heaviside, sp.Piecewise)
ATOMS = (sp.Rational(1, 2), sp.Rational(1, 3), sp.Rational(1, 6))  # weights of a drawn measure


def _number(_: Valuation, node: Any, __: Scope) -> Ball:
    if node.is_Rational:
        return whole(node.p) if node.q == 1 else rounded(mpmath.mpf(node.p) / node.q)
    if node is sp.I:
        return Ball(mpmath.mpc(0, 1), EXACT)
    if node.is_Float:
        return Ball(mpmath.mpf(node._mpf_), EXACT)
    if not node.is_finite:
        raise ZeroDivisionError(f"{node} is not a number")
    return rounded(mpmath.mpf(node._as_mpf_val(mpmath.mp.prec)))


def _symbol(self: Valuation, node: Any, _: Scope) -> Ball:
    return self(self.point.number(node), {})


def _indexed(self: Valuation, node: Any, scope: Scope) -> Ball:
    at = tuple(self.integer(i, scope) for i in node.indices)
    if node.base in scope:
        measure, atom, place, label = scope[node.base]
        return _coordinate(self, measure, atom, place, label, at)
    return self(self.entry(node.base, at), {})


def _function(self: Valuation, node: Any, scope: Scope) -> Ball:
    values = [self(a, scope) for a in node.args]
    code, exact = _code(node.func, len(values)), isinstance(node, DOES_NOT_ROUND)
    return apply(code, values, exact=exact, jumps=isinstance(node, JUMPS))


@cache
def _code(function: Any, arguments: int) -> Callable[..., Any]:
    """What mpmath calls a SymPy function."""
    slots = sp.symbols(f"slot:{arguments}", cls=sp.Dummy)
    code = sp.lambdify(slots, function(*slots), "mpmath", cse=False)
    if set(code.__code__.co_names) - set(code.__globals__) - set(dir(builtins)):
        raise Unsupported(f"the function {function} has no numerical value")
    return code


def _pow(self: Valuation, node: Any, scope: Scope) -> Ball:
    base, exponent = self(node.base, scope), self(node.exp, scope)
    if exponent.error == EXACT or node.exp.is_Rational:
        return power(base, exponent.value)
    return apply(lambda b, e: b**e, [base, exponent])


def _extreme(self: Valuation, node: Any, scope: Scope) -> Ball:
    values = [self(a, scope) for a in node.args]
    choose = max if isinstance(node, sp.Max) else min
    return Ball(choose(v.value for v in values), max(v.error for v in values))


def _delta(self: Valuation, node: Any, scope: Scope) -> Ball:
    return whole(int(self.sign(node.args[0], node.args[1], scope) == 0))


def _indicator(self: Valuation, node: Any, scope: Scope) -> Ball:
    return whole(int(self.sign(node.args[0], sp.S.Zero, scope) >= 0))


def _piecewise(self: Valuation, node: Any, scope: Scope) -> Ball:
    for branch, condition in node.args:
        if self.holds(condition, scope):
            return self(branch, scope)
    raise ZeroDivisionError(f"no branch of {node} holds")


def _repeated(self: Valuation, node: Any, scope: Scope) -> Ball:
    """A sum or a product over the last of its variables."""
    *inner, (name, low, high) = node.limits
    is_sum = isinstance(node, sp.Sum)
    if is_sum and inner and (pushed := nested(node)) != node:
        return self(pushed, scope)
    body = node.func(node.function, *inner) if inner else node.function
    if sp.oo in (low, high) or -sp.oo in (low, high):
        ends = [unending.bounds(b, lambda b: self(b, scope)) for b in (low, high)]
        far = FAR if not body.has(sp.Sum, sp.Product) else NEAR_TERMS
        places = _places(self, body, scope)
        method = unending.series
        return self.unending(method, body, name, scope, *ends, far, places, product=not is_sum)
    first, last = self.integer(low, scope), self.integer(high, scope)
    join, over = add if is_sum else multiply, range(first, last + 1)
    backwards = last < first - 1 and not isinstance(name, sp.Idx)  # SymPy's convention
    if backwards:
        over = range(last + 1, first)
    found = join([self(body, {**scope, name: whole(v)}) for v in over])
    if backwards:
        return negative(found) if is_sum else power(found, mpmath.mpf(-1))
    return found


def _integral(self: Valuation, node: Any, scope: Scope) -> Ball:
    *inner, (name, low, high) = node.limits
    body = sp.Integral(node.function, *inner) if inner else node.function
    with mpmath.workprec(unending.BITS):
        ends = [unending.bounds(b, lambda b: self(b, scope)) for b in (low, high)]
        turning = [self.along(a, name, scope) for a in _kinks(body, name)]
        kinks = [x for f in turning for x in unending.sign_changes(f, *ends)]
        shifts = sp.Tuple(*(a for n in body.atoms(sp.Add) for a in n.args if a.is_number))
        places = [s * p for p in _places(self, shifts, scope) for s in (1, -1)]
    return self.unending(unending.integral, body, name, scope, *ends, kinks, places)


@cache
def _kinks(body: sp.Expr, name: sp.Basic) -> tuple[sp.Expr, ...]:
    """Expressions at whose changes of sign the integrand is not smooth, or may have a peak."""
    found: list[sp.Expr] = []
    for node in body.atoms(sp.Function, sp.Pow, *KINKED):
        if name not in names(node):
            continue
        if isinstance(node, SCATTERED):
            raise Unsupported(f"the integrand has jumps at unknown places: {node}")
        if isinstance(node, sp.Piecewise):
            found += [r.lhs - r.rhs for r in node.atoms(Relational)]
        elif isinstance(node, sp.Max | sp.Min):
            found += [a - node.args[0] for a in node.args[1:]]
        elif isinstance(node, KINKED):
            found.append(node.args[0])
        elif not isinstance(node, FLAT) and not (node.is_Pow and node.exp.is_nonnegative):
            found += [sp.diff(a, name) for a in node.args if not a.has(*KINKED, sp.Integral)]
    return tuple(e for e in dict.fromkeys(found) if name in names(e))


def _places(self: Valuation, body: sp.Basic, scope: Scope) -> list[Any]:
    """The numbers of an expression: what is at them may be missed by nodes chosen for others."""
    parts = {n for n in sp.preorder_traversal(body) if isinstance(n, sp.Expr) and n.is_number}
    values = [self(n, scope).value for n in sorted(parts, key=str) if n.is_finite]
    return [v for v in dict.fromkeys(abs(v) for v in values if isinstance(v, mpmath.mpf)) if v]


def _limit(self: Valuation, node: Any, scope: Scope) -> Ball:
    body, name, at, direction = node.args
    end = unending.bounds(at, lambda b: self(b, scope))
    whole = bool(name.is_integer)
    return self.unending(unending.limit, body, name, scope, end, str(direction), whole=whole)


def _derivative(self: Valuation, node: Any, scope: Scope) -> Ball:
    return self(_differentiated(node), scope)


@cache
def _differentiated(node: sp.Derivative) -> sp.Expr:
    done = sp.diff(node.expr, *node.variable_count)
    if isinstance(done, sp.Derivative):
        raise Unsupported(f"no derivative is known: {node}")
    return done


def _subs(self: Valuation, node: Any, scope: Scope) -> Ball:
    at = [self(a, scope) for a in node.point]
    return self(node.expr, {**scope, **dict(zip(node.variables, at, strict=True))})


def _mean(self: Valuation, node: Any, scope: Scope) -> Ball:
    """The mean of a measure of a few atoms, which move with its label."""
    label = whole(0) if node.label is None else self(node.label, scope)
    terms = []
    for atom, weight in enumerate(ATOMS):
        inner = dict(scope)
        for place, part in enumerate(parts(node.variable)):
            at = (node.measure, atom, place, label)
            inner[part] = at if isinstance(part, sp.IndexedBase) else _coordinate(self, *at, ())
        terms.append(multiply([self(weight, {}), self(node.function, inner)]))
    return add(terms)


def _coordinate(self: Valuation, measure: sp.Basic, atom: int, place: int, label: Ball,
                at: tuple[int, ...]) -> Ball:  # fmt: skip
    start, slope = (self(self.point.entry(measure, (atom, place, k, *at)), {}) for k in (0, 1))
    return add([start, multiply([slope, label])])


RULES: Rules = {
    sp.Number: _number, sp.NumberSymbol: _number, type(sp.I): _number, type(sp.zoo): _number,
    sp.Symbol: _symbol, sp.Indexed: _indexed,
    sp.Add: lambda v, node, scope: add([v(a, scope) for a in node.args]),
    sp.Mul: lambda v, node, scope: multiply([v(a, scope) for a in node.args]),
    sp.Pow: _pow, sp.Function: _function, sp.Max: _extreme, sp.Min: _extreme,
    sp.KroneckerDelta: _delta, NonNegative: _indicator, sp.Piecewise: _piecewise,
    sp.Sum: _repeated, sp.Product: _repeated, sp.Integral: _integral, sp.Limit: _limit,
    sp.Derivative: _derivative, sp.Subs: _subs, Mean: _mean,
}  # fmt: skip
