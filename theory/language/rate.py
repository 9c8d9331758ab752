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


@dataclass(frozen=True)
class Rate:
    """A rate such as ``L**-1 + L**Rational(-1, 3) * H**Rational(-1, 2)``.

    ``expression`` is a sum of monomials: each a product of rational powers of positive
    symbols (the sizes) and of their logarithms, with coefficient one, since constants are
    estimated and not claimed here.
    """

    expression: sp.Expr
    kind: Kind = Kind.UPPER_BOUND

    def __post_init__(self) -> None:
        """Reject anything that is not a sum of monomials in positive sizes."""
        object.__setattr__(self, "expression", sp.sympify(self.expression, strict=True))
        object.__setattr__(self, "kind", Kind(self.kind))
        for term in self.terms:
            for factor in sp.Mul.make_args(term):
                base, power = factor.as_base_exp()
                size = base.args[0] if isinstance(base, sp.log) else base
                if not (size.is_Symbol and power.is_Rational):
                    raise ValueError(
                        f"a Rate is a sum of products of rational powers of sizes and of their "
                        f"logarithms, each with coefficient 1; received the factor {factor} in "
                        f"{self.expression}"
                    )
                if not size.is_positive:
                    raise ValueError(
                        f"the size {size} must be positive: Symbol('{size}', positive=True)"
                    )

    @property
    def terms(self) -> tuple[sp.Expr, ...]:
        """The monomials, in SymPy's canonical order."""
        return tuple(sp.Add.make_args(self.expression))

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
        """Values of the monomials at one size point, e.g. ``{"L": 8, "H": 2}``."""
        missing = [name for name in self.sizes if name not in size]
        if missing:
            raise ValueError(f"the rate {self.expression} needs the sizes {missing}; got {size}")
        values = {s: size[str(s)] for s in self.expression.free_symbols}
        return tuple(float(term.subs(values)) for term in self.terms)

    def latex(self) -> str:
        """LaTeX of the sum of monomials."""
        return sp.latex(self.expression)
