"""Named expressions that become code."""

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp


@dataclass(frozen=True)
class Cholesky:
    """The lower triangular factor of a positive definite array: ``V = L L^T``."""

    of: sp.IndexedBase


@dataclass(frozen=True)
class Softmax:
    """``exp(logits) / sum over one index of exp(logits)``, shifted so that it cannot overflow."""

    logits: sp.Expr
    over: sp.Idx


@dataclass(frozen=True)
class Definition:
    """A named intermediate, ``array[axes] = value``; later definitions may use earlier ones."""

    array: sp.IndexedBase | sp.Symbol
    axes: tuple[sp.Idx, ...]
    value: sp.Expr | Cholesky | Softmax


@dataclass(frozen=True)
class Output:
    """One returned array: an expression with its free indices in the order of the axes."""

    expression: sp.Expr
    axes: tuple[sp.Idx, ...] = ()


@dataclass(frozen=True)
class Function:
    """A function to generate: arguments in order, intermediates, one or several outputs.

    Arguments are symbols (scalars) or arrays whose shapes name the sizes; ``summary`` is the
    first line of the docstring, ``reference`` names the equation and its source.
    """

    name: str
    arguments: tuple[sp.Symbol | sp.IndexedBase, ...]
    outputs: Output | tuple[Output, ...]
    summary: str
    reference: str
    definitions: tuple[Definition, ...] = ()

    def __post_init__(self) -> None:
        """Reject names that are no identifiers and symbols that nothing binds."""
        if not self.name.isidentifier():
            raise ValueError(f"a function needs an identifier as its name; received {self.name!r}")
        known = {str(_name(a)) for a in self.arguments}
        known |= {str(s) for a in self.arguments for s in _sizes(a)}
        for definition in self.definitions:
            self._bind(definition.value, known, definition.axes)
            known.add(str(_name(definition.array)))
        for output in self.returned:
            self._bind(output.expression, known, output.axes)

    @property
    def returned(self) -> tuple[Output, ...]:
        """The outputs as a tuple."""
        return self.outputs if isinstance(self.outputs, tuple) else (self.outputs,)

    def _bind(
        self, value: sp.Expr | Cholesky | Softmax, known: Iterable[str], axes: tuple[sp.Idx, ...]
    ) -> None:
        used: sp.Expr = (
            value.of[axes]
            if isinstance(value, Cholesky)
            else value.logits
            if isinstance(value, Softmax)
            else value
        )
        inner = {i.label for i in used.atoms(sp.Idx)}
        names = {
            str(_name(s))
            for s in used.free_symbols - inner
            if not isinstance(s, sp.Indexed | sp.Idx)
        }
        if unbound := sorted(names - set(known)):
            raise ValueError(
                f"function {self.name}: nothing binds {', '.join(unbound)}; the arguments are "
                f"{', '.join(str(_name(a)) for a in self.arguments)}. Add an argument or a "
                f"definition, or replace the symbol by its value"
            )
        from theory.calculus.indices import free_indices

        if extra := free_indices(used) - set(axes):
            raise ValueError(
                f"function {self.name}: the expression has the free indices "
                f"{sorted(map(str, extra))} beside its axes {list(map(str, axes))}; sum over them"
            )


def _name(argument: sp.Basic) -> sp.Basic:
    return argument.label if isinstance(argument, sp.IndexedBase) else argument


def _sizes(argument: sp.Basic) -> set[sp.Basic]:
    shape = tuple(argument.shape) if isinstance(argument, sp.IndexedBase) else ()
    return {s for extent in shape for s in sp.sympify(extent).free_symbols}
