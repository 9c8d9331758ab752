"""Named expressions that become code."""

import keyword
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import sympy as sp

from theory.calculus.indices import free_indices
from theory.codegen.forms import HELPERS

# What a generated module imports and defines.
RESERVED = frozenset({"jax", "jnp", "jsp", "Array", "Float", "Num", "Scalar", *HELPERS})


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
class LogSoftmax(Softmax):
    """The logarithm of a softmax, taken before a weight underflows."""


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


def content_of(value: sp.Expr | Cholesky | Softmax, axes: tuple[sp.Idx, ...]) -> sp.Expr:
    """The expression that the value of a definition depends on."""
    if isinstance(value, Cholesky):
        return value.of[axes]
    return value.logits if isinstance(value, Softmax) else value


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
        """Reject names that code cannot have, and symbols that nothing binds."""
        check_names(self)
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

    @property
    def values(self) -> tuple[tuple[sp.Expr | Cholesky | Softmax, tuple[sp.Idx, ...]], ...]:
        """Everything that is computed, with its axes: definitions first."""
        defined = ((d.value, d.axes) for d in self.definitions)
        return (*defined, *((o.expression, o.axes) for o in self.returned))

    def _bind(
        self, value: sp.Expr | Cholesky | Softmax, known: Iterable[str], axes: tuple[sp.Idx, ...]
    ) -> None:
        used = content_of(value, axes)
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
        if extra := free_indices(used) - set(axes):
            raise ValueError(
                f"function {self.name}: the expression has the free indices "
                f"{sorted(map(str, extra))} beside its axes {list(map(str, axes))}; sum over them"
            )


def check_names(function: Function) -> None:
    """Every name is one that Python takes as it is, and means one thing."""
    named = [_name(a) for a in function.arguments] + [_name(d.array) for d in function.definitions]
    sizes = [s for a in function.arguments for s in _sizes(a)]
    for name in [function.name, *map(str, [*named, *sizes])]:
        plain = name.isidentifier() and unicodedata.normalize("NFKC", name) == name
        if not plain or keyword.iskeyword(name) or name in RESERVED or name.startswith("__"):
            raise ValueError(
                f"function {function.name}: the name {name} cannot be used in code; names must be "
                f"Python identifiers, no keywords, and none of {', '.join(sorted(RESERVED))}. "
                f"Rename it"
            )
    if twice := sorted({str(n) for n in named if [str(m) for m in named].count(str(n)) > 1}):
        raise ValueError(
            f"function {function.name}: {', '.join(twice)} is the name of two arguments or "
            f"definitions; rename one"
        )
    symbols = {s for s in (*named, *sizes) if isinstance(s, sp.Symbol)}
    for value, axes in function.values:
        used = content_of(value, axes)
        labels = {i.label for i in used.atoms(sp.Idx)} | {i.label for i in axes}
        symbols |= {s for s in used.free_symbols - labels if isinstance(s, sp.Symbol)}
    ordered = sorted(symbols, key=str)
    for first, second in pairwise(ordered):
        if str(first) == str(second):
            raise ValueError(
                f"function {function.name}: two symbols are called {first}, with the assumptions "
                f"{first.assumptions0} and {second.assumptions0}; use one of them, or rename one"
            )


def _name(argument: sp.Basic) -> sp.Basic:
    return argument.label if isinstance(argument, sp.IndexedBase) else argument


def _sizes(argument: sp.Basic) -> set[sp.Basic]:
    """The sizes that can be read off a shape: ``m``, but not the ``m`` of ``m + 1``."""
    shape = tuple(argument.shape) if isinstance(argument, sp.IndexedBase) else ()
    return {extent for extent in shape if isinstance(extent, sp.Symbol)}
