"""Truncated Puiseux series at zero from the right, with exact coefficients.

The variable ``h`` is small and positive; a logarithm of it is the symbol ``LOG`` = log(1 / h) in
the coefficients. What is no Puiseux series, or cannot be decided, is ``Undecided``: nothing is
guessed, and nothing is handed to a limit of SymPy.
"""

from dataclasses import dataclass

import sympy as sp

from theory.calculus.indices import canonical

LOG = sp.Dummy("log(1/h)", positive=True)
Terms = dict[sp.Expr, sp.Expr]


class Undecided(Exception):
    """The expression has no such series, or a coefficient may or may not vanish."""


@dataclass(frozen=True)
class Series:
    """``sum_p terms[p] h**p`` up to what is of order ``h**cut``; exact if ``cut`` is infinite.

    Terms are stored as they arise: a coefficient may be a zero in disguise until ``leading``.
    """

    terms: Terms
    cut: sp.Expr = sp.oo

    def __add__(self, other: "Series") -> "Series":
        """The sum, known as far as both are."""
        joined = dict(self.terms)
        for p, c in other.terms.items():
            joined[p] = joined.get(p, sp.S.Zero) + c
        return truncated(joined, min(self.cut, other.cut))

    def __mul__(self, other: "Series") -> "Series":
        """The product, known as far as the lowest power of each lets."""
        joined: Terms = {}
        for p, c in self.terms.items():
            for q, d in other.terms.items():
                joined[p + q] = joined.get(p + q, sp.S.Zero) + c * d
        return truncated(joined, min(self.cut + other.low(), other.cut + self.low()))

    def shifted(self, power: sp.Expr, factor: sp.Expr = sp.S.One) -> "Series":
        """This times ``factor * h**power``."""
        return Series({p + power: c * factor for p, c in self.terms.items()}, self.cut + power)

    def low(self) -> sp.Expr:
        """No power below this one occurs."""
        return min([*self.terms, self.cut])

    def leading(self) -> tuple[sp.Expr, sp.Expr] | None:
        """The lowest power with its coefficient; none if all that is known vanishes."""
        return next(((p, self.terms[p]) for p in sorted(self.terms)), None)

    def without(self, power: sp.Expr) -> "Series":
        """All terms but one."""
        return Series({p: c for p, c in self.terms.items() if p != power}, self.cut)


def constant(value: sp.Expr) -> Series:
    """A number, or an expression in other symbols."""
    if value.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
        raise Undecided(f"a part is {value}")
    return truncated({sp.S.Zero: value}, sp.oo)


def truncated(terms: Terms, cut: sp.Expr) -> Series:
    """The terms below the cut, without those that vanish."""
    kept = ((p, tidy(c)) for p, c in terms.items() if p < cut)
    return Series({p: c for p, c in kept if c != 0}, cut)


def raised(series: Series, exponent: sp.Rational, depth: sp.Expr) -> Series:
    """A rational power, by the binomial series in what follows the leading term."""
    if exponent.is_Integer and 0 <= exponent <= 4:
        result = constant(sp.S.One)
        for _ in range(int(exponent)):
            result = result * series
        return result
    p, c, rest = split(series)
    weights = (sp.binomial(exponent, k).expand(func=True) for k in range(_count(rest, depth)))
    return composed(list(weights), rest, depth).shifted(p * exponent, c**exponent)


def split(series: Series) -> tuple[sp.Expr, sp.Expr, Series]:
    """``p, c, rest`` with the series equal to ``c h**p (1 + rest)``."""
    found = series.leading()
    if found is None:
        raise Undecided("a quantity is smaller than every power that was computed")
    p, c = found
    return p, c, series.without(p).shifted(-p, 1 / c)


def composed(coefficients: list[sp.Expr], small: Series, depth: sp.Expr) -> Series:
    """``sum_k coefficients[k] small**k`` for a small series, up to the given depth."""
    result = constant(sp.S.Zero)
    for coefficient in reversed(coefficients):
        result = _clipped(result * small, depth) + constant(coefficient)
    return result if _exact_zero(small) else _clipped(result, depth)


def taylor_terms(
    function: sp.Expr, at: sp.Symbol, point: sp.Expr, small: Series, depth: sp.Expr
) -> Series:
    """A smooth function of ``point + small`` by its derivatives at the point."""
    coefficients = []
    for k in range(_count(small, depth)):
        value = function.subs(at, point)
        if value.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
            raise ZeroDivisionError
        if value.has(sp.Derivative, sp.Subs):
            raise Undecided(f"no derivative of {function} is known")
        coefficients.append(value / sp.factorial(k))
        function = sp.diff(function, at)
    return composed(coefficients, small, depth)


def _count(small: Series, depth: sp.Expr) -> int:
    """How many powers of a small series lie below the depth."""
    if _exact_zero(small):
        return 1
    if small.low() <= 0:
        raise Undecided("a quantity is not small")
    return int(sp.ceiling(depth / small.low()))


def _exact_zero(series: Series) -> bool:
    return not series.terms and series.cut == sp.oo


def _clipped(series: Series, depth: sp.Expr) -> Series:
    cut = min(series.cut, depth)
    return Series({p: c for p, c in series.terms.items() if p < cut}, cut)


def tidy(coefficient: sp.Expr) -> sp.Expr:
    """The coefficient; zero if it is one, by algebra. A zero only in digits is ``Undecided``."""
    if coefficient.is_Rational or coefficient.is_Symbol:
        return coefficient
    if coefficient.has(sp.Indexed, sp.Sum, sp.Idx):
        return canonical(coefficient)
    value = sp.expand(coefficient)
    if not value.args or not isinstance(value, sp.Add):
        return value
    if not _small_at_a_point(value):
        return value
    for rewrite in (sp.cancel, sp.radsimp, sp.expand_log, sp.powsimp, sp.trigsimp):
        if sp.expand(rewrite(value)) == 0:
            return sp.S.Zero
    raise Undecided(f"{value} vanishes in digits, but not by algebra")


def _small_at_a_point(value: sp.Expr) -> bool:
    """Whether thirty digits at one point say zero."""
    symbols = sorted(value.free_symbols, key=str)
    point = {s: sp.Rational(13 + 7 * k, 11 + 2 * k) for k, s in enumerate(symbols)}
    point = {s: sp.Integer(2 + k) if s.is_integer else p for k, (s, p) in enumerate(point.items())}
    number = sp.N(value.xreplace(point), 30, maxn=120)
    return not number.is_number or bool(abs(number) < sp.Float("1e-25"))
