"""Rates of convergence as sums of monomials in the sizes of a network.

SymPy's ``O`` is not used: ``O(1/L)`` means ``L -> 0`` there, and adding two such
orders silently drops the leading one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import sympy as sp


class Kind(Enum):
    """What a rate asserts about an error."""

    EXACT = "exact"  # error = C (1 + o(1)) times a sum with all the named terms
    UPPER_BOUND = "upper bound"  # error <= C times the sum


def normal_form(expression: sp.Expr) -> sp.Expr:
    """Multiplied out: a sum, or the square root of one (``sqrt(1/L + 1/n) / sqrt(n)``)."""
    expanded = sp.expand(expression)
    roots = [power for power in sp.Mul.make_args(expanded) if _radicand(power) is not None]
    return sp.sqrt(sp.expand(expanded**2)) if roots else expanded


def summands(expression: sp.Expr) -> tuple[sp.Expr, ...]:
    """What is added in a sum, or under the root of one; not checked to be monomials."""
    under = _radicand(expression)
    return tuple(sp.Add.make_args(expression if under is None else under))


def _radicand(expression: sp.Expr) -> sp.Expr | None:
    base, power = expression.as_base_exp()
    return base if base.is_Add and power == sp.Rational(1, 2) else None


@dataclass(frozen=True)
class Rate:
    """A rate such as ``L**-1 + L**Rational(-1, 3) * H**Rational(-1, 2)``.

    ``expression`` is a sum of monomials: each a product of rational powers of positive
    symbols (the sizes) and of their logarithms, with coefficient one, since constants are
    estimated and not claimed here. Or the square root of such a sum, ``sqrt(L**-2 + 1/n)``: terms
    ``1/L`` and ``n**-1/2`` that are added in quadrature.
    """

    expression: sp.Expr
    kind: Kind = Kind.UPPER_BOUND

    def __post_init__(self) -> None:
        """Reject anything that is not a sum of monomials in positive sizes."""
        object.__setattr__(self, "expression", sp.sympify(self.expression, strict=True))
        object.__setattr__(self, "kind", Kind(self.kind))
        for term in summands(self.expression):
            for factor in sp.Mul.make_args(term):
                base, power = factor.as_base_exp()
                size = base.args[0] if isinstance(base, sp.log) else base
                if not (size.is_Symbol and power.is_Rational):
                    raise ValueError(
                        f"a Rate is a sum of products of rational powers of sizes and of their "
                        f"logarithms, each with coefficient 1, or the square root of one; received "
                        f"the factor {factor} in {self.expression}"
                    )
                if not size.is_positive:
                    raise ValueError(
                        f"the size {size} must be positive: Symbol('{size}', positive=True)"
                    )

    @property
    def power(self) -> int:
        """Of the error and of its terms, in which they are added: 2 in quadrature, else 1."""
        return 1 if _radicand(self.expression) is None else 2

    @property
    def terms(self) -> tuple[sp.Expr, ...]:
        """The monomials of the error, in SymPy's canonical order."""
        share, found = sp.Rational(1, self.power), []
        for term in summands(self.expression):
            factors = [factor.as_base_exp() for factor in sp.Mul.make_args(term)]
            found.append(sp.Mul(*(base ** (power * share) for base, power in factors)))
        return tuple(found)

    @property
    def as_sum(self) -> "Rate":
        """What the error, or in quadrature its square, is claimed to go like."""
        return Rate(sp.Add(*summands(self.expression)), self.kind)

    def times(self, factor: sp.Expr) -> sp.Expr:
        """The expression times a monomial, multiplied out."""
        moved = sp.expand(self.as_sum.expression * factor**self.power)
        return moved ** sp.Rational(1, self.power)

    @cached_property
    def sizes(self) -> tuple[str, ...]:
        """Names of the sizes that the rate depends on, sorted."""
        return tuple(sorted(str(symbol) for symbol in self.expression.free_symbols))

    def exponents(self) -> tuple[dict[str, sp.Rational], ...]:
        """For each monomial, the power of every size (logarithms left out)."""
        symbols = sorted(self.expression.free_symbols, key=str)
        return tuple(
            {str(s): term.as_powers_dict().get(s, sp.Integer(0)) for s in symbols}
            for term in self.terms
        )

    def evaluate(self, size: Mapping[str, float | int]) -> tuple[float, ...]:
        """Values of the terms at one size point, e.g. ``{"L": 8, "H": 2}``."""
        missing = [name for name in self.sizes if name not in size]
        if missing:
            raise ValueError(f"the rate {self.expression} needs the sizes {missing}; got {size}")
        values = {s: size[str(s)] for s in self.expression.free_symbols}
        return tuple(float(term.subs(values)) for term in self.terms)

    def latex(self) -> str:
        """LaTeX of the expression."""
        return sp.latex(self.expression)
