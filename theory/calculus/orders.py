"""Orders of an expression in a growing size: exponents and coefficients, exact."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sympy as sp
from sympy.logic.boolalg import Boolean

from theory.algebra.given import given
from theory.calculus.asymptotics import leading_term
from theory.calculus.gate import Disagreement, confirm
from theory.calculus.puiseux import LOG, Undecided, tidy
from theory.calculus.routes import computable


@dataclass(frozen=True)
class Monomial:
    """``coefficient * N**exponent * log(N)**logs``."""

    coefficient: sp.Expr
    exponent: sp.Expr
    logs: sp.Expr = sp.S.Zero

    def below(self, other: "Monomial") -> bool:
        """Whether the other is larger for every large N, whatever the symbols are."""
        gap = sp.expand(other.exponent - self.exponent)
        return bool(gap.is_positive or (gap == 0 and (other.logs - self.logs).is_positive))


@dataclass(frozen=True)
class Order:
    """What may lead an expression as ``size`` grows; nothing leads zero.

    Several candidates differ in exponents that their symbols leave open: each leads where its
    exponent exceeds all others. Where two are equal their coefficients add, and may cancel; ``at``
    decides that for given exponents.
    """

    expression: sp.Expr
    size: sp.Symbol
    candidates: tuple[Monomial, ...]

    @property
    def exponent(self) -> sp.Expr:
        """The largest exponent, a ``Max`` where symbols decide; minus infinity for zero."""
        return sp.Max(*(m.exponent for m in self.candidates))

    def conditions(self) -> Iterator[tuple[Monomial, Boolean]]:
        """Each candidate with the condition on the symbols under which it leads alone."""
        for m in self.candidates:
            others = (o for o in self.candidates if o is not m)
            yield m, sp.And(*(m.exponent > o.exponent for o in others))

    def leading(self) -> Monomial:
        """The one term that leads; ``ValueError`` if there is none, or symbols decide which."""
        if len(self.candidates) == 1:
            return self.candidates[0]
        if not self.candidates:
            raise ValueError("ORDER: the expression is zero; nothing leads it")
        open_ = ", ".join(str(m.exponent) for m in self.candidates)
        raise ValueError(f"ORDER: the exponents {open_} cannot be compared; give their symbols")

    def at(self, values: Mapping[sp.Symbol, sp.Expr | int]) -> "Order":
        """The order once symbols have these values; exact where exponents meet."""
        return order(self.expression.subs(dict(values)), self.size)


def order(expression: sp.Expr, size: sp.Symbol) -> Order:
    """The leading powers of ``size``, with their coefficients, as it tends to infinity.

    Sums of monomials ``c N**e log(N)**q`` may have symbolic exponents e; rational functions of
    roots of N and whatever has a Puiseux series are led by its first term, held against values.
    Products, powers and sums of these are led by what leads their parts.

    Raises ``ValueError`` for what is no power (exponentials, logarithms of logarithms), and where
    open exponents or a cancellation hide what leads.
    """
    expression, large = given(expression, "an order"), sp.Symbol(size.name, positive=True)
    found = _candidates(_as_powers(expression.xreplace({size: large}), large), large)
    named = (
        Monomial(*(part.xreplace({large: size}) for part in (m.coefficient, m.exponent, m.logs)))
        for m in found
    )
    return Order(expression, size, tuple(named))


def _candidates(expression: sp.Expr, large: sp.Symbol) -> list[Monomial]:
    expanded = sp.expand(expression)
    terms = [_monomial(term, large) for term in sp.Add.make_args(expanded)]
    if expanded == 0:
        return []
    exact = [m for m in terms if m is not None]
    if len(exact) == len(terms):
        return _largest(exact, exact=True)
    try:
        return _by_series(expression, large)
    except Undecided as why:
        if not _open_exponents(expression, large):
            raise ValueError(f"ORDER: of {expression} as {large} grows: {why}") from None
    if isinstance(expanded, sp.Add):
        parts = [_only(_candidates(term, large)) for term in expanded.args]
        return _largest(parts, exact=False)
    if isinstance(expression, sp.Mul):
        factors = [_only(_candidates(factor, large)) for factor in expression.args]
        return [
            Monomial(
                sp.Mul(*(m.coefficient for m in factors)),
                sp.expand(sp.Add(*(m.exponent for m in factors))),
                sp.Add(*(m.logs for m in factors)),
            )
        ]
    if isinstance(expression, sp.Pow) and not expression.exp.has(large):
        m, e = _only(_candidates(expression.base, large)), expression.exp
        return [Monomial(m.coefficient**e, sp.expand(m.exponent * e), m.logs * e)]
    raise ValueError(f"ORDER: {expression} has symbols in the exponents of {large} inside")


def _monomial(term: sp.Expr, large: sp.Symbol) -> Monomial | None:
    """A term as a monomial; none if it is no monomial."""
    coefficient, rest = term.as_independent(large, as_Add=False)
    exponent = logs = sp.S.Zero
    for base, power in rest.as_powers_dict().items():
        if power.has(large) or base not in (large, sp.log(large), sp.S.One):
            return None
        exponent += power if base == large else 0
        logs += power if base == sp.log(large) else 0
    return Monomial(coefficient, sp.cancel(sp.expand(exponent)), logs)


def _largest(terms: list[Monomial], exact: bool) -> list[Monomial]:
    """Like terms joined, and of those that do not vanish the ones that no other exceeds."""
    joined: dict[tuple[sp.Expr, sp.Expr], sp.Expr] = {}
    for m in terms:
        key = (m.exponent, m.logs)
        joined[key] = joined.get(key, sp.S.Zero) + m.coefficient
    try:
        kept = [Monomial(tidy(c), *key) for key, c in joined.items()]
    except Undecided as why:
        raise ValueError(f"ORDER: {why}") from None
    if not exact and any(m.coefficient == 0 for m in kept):
        raise ValueError("ORDER: leading terms cancel, and what follows them is not known")
    kept = [m for m in kept if m.coefficient != 0]
    return [m for m in kept if not any(m.below(o) for o in kept)]


def _as_powers(expression: sp.Expr, large: sp.Symbol) -> sp.Expr:
    """Exponentials of multiples of log N are powers of N."""

    def rewritten(argument: sp.Expr) -> sp.Expr:
        argument = sp.expand(argument)
        power = argument.coeff(sp.log(large))
        return large**power * sp.exp(argument - power * sp.log(large))

    return expression.replace(sp.exp, rewritten)


def _only(candidates: list[Monomial]) -> Monomial:
    return Order(sp.S.Zero, sp.Symbol("N"), tuple(candidates)).leading()


def _open_exponents(expression: sp.Expr, large: sp.Symbol) -> bool:
    powers = (p for p in expression.atoms(sp.Pow) if p.base.has(large))
    return any(not p.exp.is_Rational and not p.exp.has(large) for p in powers)


def _by_series(expression: sp.Expr, large: sp.Symbol) -> list[Monomial]:
    """The first term of the Puiseux series, held against values where they come at once."""
    h = sp.Dummy("h", positive=True)
    near = expression.subs(large, 1 / h)
    power, coefficient = leading_term(near, h)
    if coefficient == 0:
        if power == sp.oo or sp.cancel(sp.together(near)) == 0:
            return []
        raise Undecided("it is smaller than every power that was tried")
    lead, logs = _in_logs(coefficient)
    if computable(near):
        try:
            confirm(near / (h**power * sp.log(1 / h) ** logs), h, lead)
        except Disagreement as why:
            raise ValueError(f"ORDER: of {expression} as {large} grows: {why}") from None
    return [Monomial(lead, -power, logs)]


def _in_logs(coefficient: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """What leads a coefficient in the large logarithm, and its power."""
    if not coefficient.has(LOG):
        return coefficient, sp.S.Zero
    if not coefficient.is_rational_function(LOG):
        raise Undecided(f"the coefficient {coefficient} is not rational in the logarithm")
    above, below = (sp.Poly(p, LOG) for p in sp.fraction(sp.cancel(sp.together(coefficient))))
    return above.LC() / below.LC(), sp.Integer(above.degree() - below.degree())
