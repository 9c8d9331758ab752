"""Named expressions that become code."""

import keyword
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sympy as sp

from theory.algebra.definitions import Cholesky as Cholesky
from theory.algebra.definitions import Definition, define
from theory.algebra.definitions import Softmax as Softmax
from theory.algebra.given import several
from theory.algebra.scope import free_indices
from theory.algebra.symbols import label
from theory.codegen.forms import HELPERS

# What a generated module imports and defines.
RESERVED = frozenset({"jax", "jnp", "jsp", "Array", "Float", "Num", "Scalar", *HELPERS})


@dataclass(frozen=True)
class Output:
    """A returned expression with its axes, without a name: of the earlier form of `Function`."""

    expression: sp.Expr
    axes: tuple[sp.Idx, ...] = ()


@dataclass(frozen=True)
class Function:
    """A function to generate: what it computes, of which arguments, through which intermediates.

    One output gives the function its name; several are returned as a tuple, in the order given,
    and need a ``name``. Arguments are symbols (scalars) or arrays whose shapes name the sizes;
    ``summary`` is the first line of the docstring, ``reference`` names the equation and its
    source. ``Function(name, arguments, Output(expression, axes), ...)``, the earlier form, is read.
    ``definitions`` are computed once, in order; later ones may use earlier ones.
    """

    outputs: Definition | tuple[Definition, ...]
    arguments: tuple[sp.Symbol | sp.IndexedBase, ...]
    summary: str
    reference: str
    definitions: tuple[Definition, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        """Reject names that code cannot have, and symbols that nothing binds."""
        if isinstance(self.outputs, str):
            self._take_earlier_form()
        parts: dict[str, type] = {"arguments": sp.Basic, "definitions": Definition}
        if not isinstance(self.outputs, Definition):
            parts["outputs"] = Definition
        for name, kind in parts.items():
            values = several(getattr(self, name), kind, f"a function to generate: {name}")
            object.__setattr__(self, name, values)
        if not self.name:
            if len(self.returned) != 1:
                raise ValueError(
                    f"a function of {len(self.returned)} outputs needs a name: "
                    f"{', '.join(map(str, self.returned))}. Give name="
                )
            object.__setattr__(self, "name", self.returned[0].name)
        check_names(self)
        known = {str(a) for a in self.arguments}
        known |= {str(s) for a in self.arguments for s in _sizes(a)}
        for definition in self.definitions:
            self._bind(definition, known)
            known.add(definition.name)
        for output in self.returned:
            if output.content is not output.value:
                raise ValueError(
                    f"function {self.name}: its output {output} is a "
                    f"{type(output.value).__name__}; "
                    f"name that in definitions, and return an expression in its entries"
                )
            self._bind(output, known)

    def _take_earlier_form(self) -> None:
        given: tuple[Any, ...] = (
            self.outputs, self.arguments, self.summary, self.reference, self.definitions, self.name,
        )  # fmt: skip
        name, arguments, outputs, summary, reference, definitions = given
        listed = several(
            outputs if isinstance(outputs, tuple) else (outputs,),
            Output,
            f"function {name}, in the earlier form: outputs (today's form has a Definition first)",
        )
        names = [name] if len(listed) == 1 else [f"{name}_{k}" for k, _ in enumerate(listed)]
        defined = [define(n, o.axes, o.expression) for n, o in zip(names, listed, strict=True)]
        for field, value in {
            "name": name, "arguments": arguments, "summary": summary, "reference": reference,
            "outputs": tuple(defined) if len(defined) > 1 else defined[0],
            "definitions": tuple(definitions or ()),
        }.items():  # fmt: skip
            object.__setattr__(self, field, value)

    @property
    def returned(self) -> tuple[Definition, ...]:
        """The outputs as a tuple."""
        return self.outputs if isinstance(self.outputs, tuple) else (self.outputs,)

    @property
    def computed(self) -> tuple[Definition, ...]:
        """Everything that is computed: intermediates first."""
        return (*self.definitions, *self.returned)

    def _bind(self, definition: Definition, known: Iterable[str]) -> None:
        used = definition.content
        inner = {i.label for i in used.atoms(sp.Idx)}
        names = {
            str(s) for s in used.free_symbols - inner if not isinstance(s, sp.Indexed | sp.Idx)
        }
        if unbound := sorted(names - set(known)):
            raise ValueError(
                f"function {self.name}: nothing binds {', '.join(unbound)}; the arguments are "
                f"{', '.join(str(a) for a in self.arguments)}. Add an argument or a "
                f"definition, or replace the symbol by its value"
            )
        if extra := free_indices(used) - set(definition.axes):
            raise ValueError(
                f"function {self.name}: the expression has the free indices "
                f"{sorted(map(str, extra))} beside its axes {list(map(str, definition.axes))}; "
                f"sum over them"
            )


def check_names(function: Function) -> None:
    """Every name is one that Python takes as it is, and means one thing."""
    named = [label(a) for a in function.arguments] + [label(d.array) for d in function.definitions]
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
    for definition in function.computed:
        used = definition.content
        labels = {i.label for i in used.atoms(sp.Idx)} | {i.label for i in definition.axes}
        symbols |= {s for s in used.free_symbols - labels if isinstance(s, sp.Symbol)}
    ordered = sorted(symbols, key=str)
    for first, second in pairwise(ordered):
        if str(first) == str(second):
            raise ValueError(
                f"function {function.name}: two symbols are called {first}, with the assumptions "
                f"{first.assumptions0} and {second.assumptions0}; use one of them, or rename one"
            )


def _sizes(argument: sp.Basic) -> set[sp.Basic]:
    """The sizes that can be read off a shape: ``m``, but not the ``m`` of ``m + 1``."""
    shape = tuple(argument.shape) if isinstance(argument, sp.IndexedBase) else ()
    return {extent for extent in shape if isinstance(extent, sp.Symbol)}
