"""The vocabulary of a room: theorem, assumption, derivation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

import sympy as sp

from theory.codegen.function import Function
from theory.language.rate import Rate
from theory.language.step import Step


class Source(Enum):
    """Where a statement comes from."""

    QUOTED = "quoted"  # read in the body of the paper
    ABSTRACT = "abstract"  # known from the abstract only
    RECONSTRUCTED = "reconstructed"  # derived here, not the paper's text


@dataclass(frozen=True)
class Assumption:
    """One hypothesis of a theorem, named so that a probe can refer to it."""

    id: str
    statement: str


@dataclass(frozen=True)
class Derivation:
    """What a derivation yields: its steps, in order, and the functions that become code.

    ``steps`` are equalities with reasons; nothing is believed before it is run.
    ``functions`` are the named expressions of which ``verilimit generate`` makes JAX source.
    """

    steps: tuple[Step, ...]
    functions: tuple[Function, ...] = ()

    def __post_init__(self) -> None:
        """Reject duplicated names."""
        for kind, names in (
            ("step", [s.name for s in self.steps]),
            ("function", [f.name for f in self.functions]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"each {kind} of a derivation has its own name; twice: {twice}")


@dataclass(frozen=True)
class Theorem:
    """A scaling-limit theorem: what it says, where it comes from, and how it is derived.

    ``statement`` is in words; ``equations`` says the same in formulas, from which the LaTeX is
    printed. ``notation`` explains every free symbol and every array of the equations and of the
    generated functions: an unexplained one is an error, raised at construction for the
    equations and by ``derivation`` for the rest. ``derive`` maps the finite model to the
    derivation; it runs once, on first use. ``source_note`` says what was quoted and what was
    rebuilt.
    """

    title: str
    statement: str
    equations: tuple[sp.Basic, ...]
    reference: str
    source: Source
    source_note: str
    notation: Mapping[sp.Basic, str]
    assumptions: tuple[Assumption, ...]
    rate: Rate | None
    derive: Callable[[], Derivation] = field(repr=False)

    def __post_init__(self) -> None:
        """Explain every symbol, name every assumption once."""
        ids = [a.id for a in self.assumptions]
        if len(set(ids)) != len(ids):
            raise ValueError(f"assumption ids must differ; received {ids}")
        for equation in self.equations:
            self._explain(equation, "the statement")
        if self.rate is not None:
            self._explain(self.rate.expression, "the rate")

    @cached_property
    def derivation(self) -> Derivation:
        """The derivation, computed on first use."""
        derivation = self.derive()
        for function in derivation.functions:
            for symbol in function.arguments:
                self._explain(symbol, f"the function {function.name}")
        return derivation

    def _explain(self, expression: sp.Basic, where: str) -> None:
        known = {_label(symbol) for symbol in self.notation}
        unknown = sorted({_label(s) for s in _symbols(expression)} - known)
        if unknown:
            raise ValueError(
                f"{where} of “{self.title}” uses {', '.join(unknown)}, which the notation does "
                f"not explain; add an entry for each"
            )


def _symbols(expression: sp.Basic) -> set[sp.Basic]:
    """Free symbols and arrays; summation indices and array entries are not symbols."""
    free = expression.free_symbols
    arrays = {s for s in free if isinstance(s, sp.IndexedBase)}
    inner = {a.label for a in arrays} | {s for s in free if isinstance(s, sp.Indexed | sp.Idx)}
    inner |= {i.label for i in expression.atoms(sp.Idx)}
    return free - inner


def _label(symbol: sp.Basic) -> str:
    return str(symbol.label) if isinstance(symbol, sp.IndexedBase) else str(symbol)
