"""What is to be proved: an expression is not negative on a box.

Two kinds: `Inequality`, proved by cutting the box until interval arithmetic decides every piece,
and `Factored`, a polynomial whose factors decide its sign.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import sympy as sp

from theory.certify.box import Box, Ends, exact, require_box
from theory.certify.program import Program, compile_expression

LARGEST_ORDER = 3


@dataclass(frozen=True)
class Inequality:
    """``expression >= 0`` for all symbols in ``box``, whose ends are exact in binary64.

    ``taylor`` names symbols along which a piece may also be decided by its derivatives: where
    f and its first derivatives are not negative at an end of the piece and the next one is not on
    all of it, f is not negative. This proves equality at a point. ``shape`` brings a derivative
    into a form in which zeros of it are zeros of the interval evaluation. What takes long to derive
    is given as a function without arguments, which is called when the inequality is to be proved.
    """

    name: str
    statement: str
    expression: sp.Expr | Callable[[], sp.Expr]
    box: Box
    taylor: tuple[sp.Symbol, ...] = ()
    shape: Callable[[sp.Expr], sp.Expr] = field(default=lambda e: e, repr=False)

    def __post_init__(self) -> None:
        """Reject ends that doubles round, empty boxes and free symbols without an interval."""
        if isinstance(self.expression, sp.Basic) or not callable(self.expression):
            _ = self.difference
        if extra := [str(s) for s in self.taylor if s not in self.box]:
            raise ValueError(
                f"{self.name}: expected Taylor symbols among {', '.join(map(str, self.box))}; "
                f"received {', '.join(extra)}"
            )

    @cached_property
    def difference(self) -> sp.Expr:
        """The expression itself; ValueError where it does not fit the box."""
        given: Any = self.expression
        found: Any = given() if callable(given) and not isinstance(given, sp.Basic) else given
        require_box(self.name, found, self.box, binary=True)
        return found

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The axes of the box, in order."""
        return tuple(self.box)

    @property
    def ends(self) -> Ends:
        """The intervals of the box, exactly."""
        return tuple((exact(low), exact(high)) for low, high in self.box.values())

    @cached_property
    def program(self) -> Program:
        """The program of the expression."""
        return compile_expression(self.difference, self.symbols)

    @cached_property
    def derivatives(self) -> Mapping[int, tuple[Program, ...]]:
        """For each Taylor axis the programs of the derivatives of order 0 to the largest."""
        found = {}
        for symbol in self.taylor:
            chain = [self.difference]
            for _ in range(LARGEST_ORDER):
                chain.append(self.shape(sp.diff(chain[-1], symbol)))
            programs = tuple(compile_expression(e, self.symbols) for e in chain)
            found[self.symbols.index(symbol)] = programs
        return found

    @property
    def fingerprint(self) -> str:
        """What a certificate is for: a digest of the name, the box and the program."""
        return digest([self.name, [[str(a), str(b)] for a, b in self.ends], self.program.code])


@dataclass(frozen=True)
class Factored:
    """``expression >= 0`` on ``box`` for a polynomial with rational coefficients.

    Proved when it is a positive constant times factors to even powers and factors of degree at
    most one in each symbol, which are not negative at the corners of the box.
    """

    name: str
    statement: str
    expression: sp.Expr
    box: Box

    def __post_init__(self) -> None:
        """Reject a bad box, and what is no polynomial with rational coefficients."""
        require_box(self.name, self.expression, self.box, binary=False)
        try:
            _ = self.terms
        except (sp.PolynomialError, sp.CoercionFailed) as error:
            raise ValueError(
                f"{self.name}: expected a polynomial in {', '.join(map(str, self.box))} with "
                f"rational coefficients; received {self.expression}; use Inequality"
            ) from error

    @property
    def difference(self) -> sp.Expr:
        """The expression."""
        return self.expression

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The symbols of the polynomial, in order."""
        return tuple(self.box)

    @property
    def ends(self) -> Ends:
        """The intervals of the box, exactly."""
        return tuple((exact(low), exact(high)) for low, high in self.box.values())

    @property
    def terms(self) -> dict[tuple[int, ...], Fraction]:
        """Exponents and coefficients."""
        return terms_of(self.expression, self.symbols)

    @property
    def fingerprint(self) -> str:
        """What a certificate is for."""
        terms = [[list(e), str(c)] for e, c in sorted(self.terms.items())]
        return digest([self.name, [[str(a), str(b)] for a, b in self.ends], terms])


Claimed = Inequality | Factored


def terms_of(expression: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> dict[tuple, Fraction]:
    """A polynomial as exponents and rational coefficients.

    Raises SymPy's PolynomialError or CoercionFailed for anything else; a Float is no rational.
    """
    if expression.has(sp.Float):
        raise sp.CoercionFailed("a float is not exact")
    terms = sp.Poly(expression, *symbols, domain="QQ").terms()
    return {tuple(e): exact(c) for e, c in terms if c != 0}


def digest(value: object) -> str:
    """A short hash of plain data."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:32]
