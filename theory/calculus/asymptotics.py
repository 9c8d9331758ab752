"""The Puiseux series of an expression, node by node."""

import time
from collections.abc import Callable

import sympy as sp

from theory.calculus.functions import ELEMENTARY, QUOTIENTS, SATURATING, SINGULAR, x
from theory.calculus.puiseux import (
    LOG,
    Series,
    Terms,
    Undecided,
    composed,
    constant,
    raised,
    split,
    taylor_terms,
    truncated,
)

DEPTHS = (4, 8, 16)  # powers kept, until the leading one is found

SECONDS = 20.0  # for one series


def series(expression: sp.Expr, h: sp.Symbol, depth: int, flat: bool = True) -> Series:
    """The series as ``h`` falls to zero, with ``depth`` powers after each leading one.

    ``flat`` functions, smaller than every power, as exp(-1/h), have the series zero, or none.
    Raises ``Undecided`` where there is no series, or none that this calculus finds.
    """
    joined = expression.replace(sp.binomial, lambda n, k: sp.binomial(n, k).rewrite(sp.gamma))
    return _Expander(h, sp.Integer(depth), flat).of(joined)


def leading_term(expression: sp.Expr, h: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """The lowest power of ``h`` and its coefficient, which may contain ``LOG`` = log(1 / h).

    An expression that is zero, or smaller than every power that was tried, has the coefficient
    zero and the power up to which that is known, infinity if it is zero.
    """
    known: sp.Expr = sp.S.NegativeInfinity
    for depth in DEPTHS:
        found = series(expression, h, depth)
        if (term := found.leading()) is not None:
            return term
        known = found.cut
        if known == sp.oo:
            break
    return known, sp.S.Zero


class _Expander:
    """Series of expressions in one variable to one depth."""

    def __init__(self, h: sp.Symbol, depth: sp.Integer, flat: bool) -> None:
        self.h, self.depth, self.flat = h, depth, flat
        self.until = time.monotonic() + SECONDS

    def of(self, node: sp.Expr) -> Series:
        if not node.has(self.h):
            return constant(node)
        if time.monotonic() > self.until:
            raise Undecided(f"the series takes longer than {SECONDS:g} s")
        if node == self.h:
            return Series({sp.S.One: sp.S.One})
        if isinstance(node, sp.Add):
            return sum(map(self.of, node.args), constant(sp.S.Zero))
        if isinstance(node, sp.Pow) and node.exp.is_Rational:
            return raised(self.of(node.base), node.exp, self.depth)
        if isinstance(node, sp.Mul | sp.Pow | sp.exp):
            return self._product(node)
        if isinstance(node, sp.Sum):
            return self._sum(node)
        if isinstance(node, sp.Piecewise):
            return self.of(next((v for v, when in node.args if self._holds(when)), sp.nan))
        if isinstance(node, sp.Max | sp.Min):
            first, *rest = node.args
            other = node.func(*rest)
            above = self._holds(sp.Gt(first, other, evaluate=False))
            return self.of(first if above == isinstance(node, sp.Max) else other)
        if isinstance(node, ELEMENTARY):
            return self._function(node)
        raise Undecided(f"no series of {node.func.__name__}")

    def _product(self, node: sp.Expr) -> Series:
        """Exponentials are joined before they are expanded: their large parts may cancel."""
        exponent, result = sp.S.Zero, constant(sp.S.One)
        for factor in sp.Mul.make_args(node):
            base, power = factor.as_base_exp()
            if not power.is_Rational and factor.has(self.h):
                exponent += power * sp.log(base)
            elif isinstance(base, sp.gamma | sp.factorial) and self._grows(base.args[0]):
                shift = isinstance(base, sp.factorial)
                exponent += power * sp.loggamma(base.args[0] + int(shift))
            else:
                result = result * self.of(factor)
        return result if exponent == 0 else result * self._exp(self.of(exponent))

    def _exp(self, argument: Series) -> Series:
        """The large part must be a multiple of log h, or tend to minus infinity."""
        if argument.low() < 0:
            p, c, _ = split(argument)
            if p < 0:
                if c.is_negative:
                    return self._up_to_flat(sp.S.Zero)
                raise Undecided("an exponential grows faster than every power, or its sign is open")
        if argument.cut <= 0:
            raise Undecided("an exponent is not known to its constant term")
        at_zero = sp.expand(argument.terms.get(sp.S.Zero, sp.S.Zero))
        slope = sp.diff(at_zero, LOG)
        if not slope.is_Rational:
            raise Undecided(f"an exponential of {at_zero} is no Puiseux series")
        weight = sp.exp(sp.expand(at_zero - slope * LOG))
        small = argument.without(sp.S.Zero)
        return taylor_terms(sp.exp(x), x, sp.S.Zero, small, self.depth).shifted(-slope, weight)

    def _log(self, argument: Series) -> Series:
        p, c, rest = split(argument)
        if c.has(LOG):
            raise Undecided("a logarithm of a logarithm")
        whole = taylor_terms(sp.log(1 + x), x, sp.S.Zero, rest, self.depth)
        return whole + constant(sp.expand_log(sp.log(c)) - p * LOG)

    def _function(self, node: sp.Expr) -> Series:
        if isinstance(node, sp.harmonic) and len(node.args) > 1:
            raise Undecided(f"no series of {node}")
        if node.func in QUOTIENTS:
            return self.of(QUOTIENTS[node.func].xreplace({x: node.args[0]}))
        if isinstance(node, sp.log):
            return self._log_of(node.args[0])
        if isinstance(node, sp.Abs | sp.sign):
            argument = self.of(node.args[0])
            sign = constant(sp.sign(split(argument)[1]))
            return sign if isinstance(node, sp.sign) else sign * argument
        *parameters, last = node.args
        if any(p.has(self.h) for p in parameters):
            raise Undecided(f"no series of {node} in its first argument")
        argument = self.of(last)
        if argument.low() < 0:
            return self._at_infinity(node, argument)
        point = argument.terms.get(sp.S.Zero, sp.S.Zero)
        if point.has(LOG) or argument.cut <= 0:
            raise Undecided(f"the argument of {node.func.__name__} has no limit")
        try:
            small = argument.without(sp.S.Zero)
            return taylor_terms(node.func(*parameters, x), x, point, small, self.depth)
        except ZeroDivisionError:
            if node.func in SINGULAR:
                return self.of(SINGULAR[node.func].xreplace({x: last}))
            raise Undecided(f"{node.func.__name__} is singular at {point}") from None

    def _log_of(self, node: sp.Expr) -> Series:
        if isinstance(node, sp.exp) and node.args[0].is_extended_real:
            return self.of(node.args[0])
        if isinstance(node, sp.gamma | sp.factorial) and self._grows(node.args[0]):
            return self.of(sp.loggamma(node.args[0] + int(isinstance(node, sp.factorial))))
        if isinstance(node, sp.Mul) and all(a.is_positive for a in node.args):
            return self.of(sp.Add(*map(sp.log, node.args)))
        return self._log(self.of(node))

    def _at_infinity(self, node: sp.Expr, argument: Series) -> Series:
        _, c, _ = split(argument)
        if not (c.is_positive or c.is_negative):
            raise Undecided(f"the sign of {c} decides {node.func.__name__} at infinity")
        sign = sp.sign(c)
        if node.func in SATURATING:
            return self._up_to_flat(sign * SATURATING[node.func])
        inverse = raised(argument, sp.S.NegativeOne, self.depth)
        if isinstance(node, sp.atan):
            return constant(sign * sp.pi / 2) + self._taylor(-sp.atan(x), inverse)
        if isinstance(node, sp.loggamma) and sign == 1:
            return self._stirling(argument, inverse)
        if isinstance(node, sp.polygamma) and node.args[0] == 0 and sign == 1:
            return self._digamma(argument, inverse)
        raise Undecided(f"no series of {node.func.__name__} at infinity")

    def _up_to_flat(self, value: sp.Expr) -> Series:
        if not self.flat:
            raise Undecided("a term is smaller than every power")
        return truncated({sp.S.Zero: value}, self.depth)

    def _taylor(self, function: sp.Expr, small: Series) -> Series:
        return taylor_terms(function, x, sp.S.Zero, small, self.depth)

    def _stirling(self, z: Series, inverse: Series) -> Series:
        half = constant(sp.Rational(1, 2))
        head = (z + constant(-sp.Rational(1, 2))) * self._log(z) + z.shifted(sp.S.Zero, -sp.S.One)
        head = head + half * constant(sp.log(2 * sp.pi))
        return head + self._tail(inverse, lambda k: sp.bernoulli(k + 1) / (k * (k + 1)))

    def _digamma(self, z: Series, inverse: Series) -> Series:
        head = self._log(z) + inverse.shifted(sp.S.Zero, -sp.Rational(1, 2))
        return head + self._tail(inverse, lambda k: -sp.bernoulli(k) / k if k > 1 else sp.S.Zero)

    def _tail(self, inverse: Series, weight: Callable[[int], sp.Expr]) -> Series:
        """An asymptotic series in the inverse, without a constant."""
        count = int(sp.ceiling(self.depth / inverse.low()))
        return composed([sp.S.Zero, *(weight(k) for k in range(1, count))], inverse, self.depth)

    def _grows(self, node: sp.Expr) -> bool:
        return node.has(self.h) and bool(self.of(node).low() < 0)

    def _sum(self, node: sp.Sum) -> Series:
        if any(bound.has(self.h, sp.oo, -sp.oo) for _, *bounds in node.limits for bound in bounds):
            raise Undecided("a sum with a range that grows")
        inner = self.of(node.function)
        summed: Terms = {p: sp.Sum(c, *node.limits) for p, c in inner.terms.items()}
        return truncated(summed, inner.cut)

    def _holds(self, condition: sp.Basic) -> bool:
        """Whether a comparison holds for all small h."""
        if condition in (sp.true, sp.false):
            return condition == sp.true
        if not isinstance(condition, sp.Gt | sp.Ge | sp.Lt | sp.Le):
            raise Undecided(f"the condition {condition}")
        found = self.of(condition.gts - condition.lts)
        if not found.terms and found.cut == sp.oo:
            return isinstance(condition, sp.Ge | sp.Le)
        c = split(found)[1]
        if not (c.is_positive or c.is_negative):
            raise Undecided(f"the sign of {c} decides {condition}")
        return bool(c.is_positive)
