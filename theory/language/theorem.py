"""The vocabulary of a room: theorem, assumption, derivation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

import sympy as sp

from theory.algebra.given import several, text
from theory.algebra.symbols import label, meaning
from theory.codegen.function import Function
from theory.codegen.latex import latex
from theory.language.coverage import Sentence
from theory.language.graph import check_uses, reached
from theory.language.notation import Places, check_symbols, dimensions, in_order
from theory.language.prose import undeclared
from theory.language.rate import Rate
from theory.language.step import Step


class Source(Enum):
    """Where a statement comes from."""

    QUOTED = "quoted"  # read in the body of the paper
    ABSTRACT = "abstract"  # known from the abstract only
    RECONSTRUCTED = "reconstructed"  # derived here, not the paper's text


@dataclass(frozen=True)
class Assumption:
    """One hypothesis of a theorem, named so that steps and probes can refer to it."""

    id: str
    statement: str


_PARTS = {
    "equations": sp.Basic, "assumptions": Assumption, "coverage": Sentence, "found": Sentence,
    "words": sp.Basic,
}  # fmt: skip


@dataclass(frozen=True)
class Derivation:
    """What a derivation yields: its steps, in order, and the functions that become code.

    ``steps`` are equalities with reasons; nothing is believed before it is run. ``statement``
    names those that say what the theorem states: the ends of the main line. ``aside`` gives for
    steps and assumptions on which these do not rest the reason why they are there, as a mapping
    from the reason to their names.
    ``functions`` are the named expressions of which ``verilimit generate`` makes JAX source.
    """

    steps: tuple[Step, ...]
    functions: tuple[Function, ...] = ()
    statement: tuple[str, ...] = ()
    aside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Reject what is no step, function or name, and duplicated names."""
        for name, kind in (("steps", Step), ("functions", Function), ("statement", str)):
            values = several(getattr(self, name), kind, f"a derivation: {name}")
            object.__setattr__(self, name, values)
        for kind, names in (
            ("step", [s.name for s in self.steps]),
            ("function", [f.name for f in self.functions]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"each {kind} of a derivation has its own name; twice: {twice}")
        if missing := sorted(set(self.statement) - {s.name for s in self.steps}):
            raise ValueError(f"the statement names {', '.join(missing)}, which is no step")


@dataclass(frozen=True)
class Theorem:
    """A scaling-limit theorem: what it says, where it comes from, and how it is derived.

    ``statement`` is in words; ``equations`` says the same in formulas, from which the LaTeX is
    printed. ``notation`` follows from the symbols that occur: every free symbol and every array of
    the equations and of the generated functions is declared with its meaning, and no two symbols
    of the theorem print alike; else ``ValueError``, at construction for the equations and by
    ``derivation`` for the rest. ``derive`` maps the finite model to the derivation; it runs once,
    on first use. ``source_note`` says what was quoted and what was rebuilt. ``coverage`` goes
    through the paper's sentences and says what of each is checked here. ``found`` is what came out
    on the way and the paper does not say: slips in printed formulas, sharper rates. The statement,
    the assumptions and what is found are prose, in which ``$...$`` is LaTeX of declared symbols:
    of the notation, to which ``words`` adds those that no formula has.
    """

    title: str
    statement: str
    equations: tuple[sp.Basic, ...]
    reference: str
    source: Source
    source_note: str
    assumptions: tuple[Assumption, ...]
    rate: Rate | None
    derive: Callable[[], Derivation] = field(repr=False)
    coverage: tuple[Sentence, ...] = ()
    found: tuple[Sentence, ...] = ()
    words: tuple[sp.Basic, ...] = ()

    def __post_init__(self) -> None:
        """Explain every symbol, name every assumption once."""
        for name in ("title", "statement", "reference", "source_note"):
            text(getattr(self, name), f"a theorem: {name}")
        for name, kind in _PARTS.items():
            values = several(getattr(self, name), kind, f"theorem “{self.title}”: {name}")
            object.__setattr__(self, name, values)
        if not callable(self.derive):
            raise TypeError(
                f"theorem “{self.title}”: derive: expected a function without arguments that "
                f"returns a Derivation; received {self.derive!r}"
            )
        ids = [a.id for a in self.assumptions]
        if len(set(ids)) != len(ids):
            raise ValueError(f"assumption ids must differ; received {ids}")
        check_symbols(self.title, self._stated, {})

    @cached_property
    def derivation(self) -> Derivation:
        """The derivation, computed on first use."""
        derivation = self.derive()
        if not isinstance(derivation, Derivation):
            raise TypeError(
                f"theorem “{self.title}”: expected derive to return a Derivation; "
                f"received {derivation!r}"
            )
        check_uses(self.title, (a.id for a in self.assumptions), derivation.steps)
        check_symbols(
            self.title, {**self._stated, **_of_functions(derivation)}, _of_steps(derivation)
        )
        return derivation

    @property
    def beside(self) -> dict[str, str]:
        """Assumptions and steps on which the statement does not rest, with the reason given."""
        main = reached(self.derivation.statement, self.derivation.steps)
        names = (*(a.id for a in self.assumptions), *(s.name for s in self.derivation.steps))
        reasons = {name: why for why, group in self.derivation.aside.items() for name in group}
        return {name: reasons.get(name, "") for name in names if name not in main}

    @property
    def beside_by_reason(self) -> dict[str, list[str]]:
        """The same, from each reason to the names."""
        found: dict[str, list[str]] = {}
        for name, reason in self.beside.items():
            found.setdefault(reason or "no reason is given", []).append(name)
        return found

    @property
    def notation(self) -> dict[sp.Basic, str]:
        """What each symbol means, in the order in which they occur."""
        parts = (self._stated, _of_functions(self.derivation), _of_steps(self.derivation))
        found = (s for places in parts for symbols in places.values() for s in symbols)
        return {s: meaning(s) for s in found if meaning(s)}

    def undeclared(self) -> dict[str, list[str]]:
        """The symbols in prose that the notation does not have, with the text they stand in."""
        declared = [latex(label(symbol)) for symbol in self.notation]
        texts = [self.statement, *(a.statement for a in self.assumptions)]
        texts += [sentence.says for sentence in self.found]
        return {text: found for text in texts if (found := undeclared(text, declared))}

    @property
    def _stated(self) -> Places:
        rate = () if self.rate is None else in_order(self.rate.expression)
        stated = [s for equation in self.equations for s in in_order(equation)]
        return {"the statement": (*stated, *self.words), "the rate": rate}


def _of_functions(derivation: Derivation) -> Places:
    return {
        f"the function {f.name}": (*f.arguments, *(s for a in f.arguments for s in dimensions(a)))
        for f in derivation.functions
    }


def _of_steps(derivation: Derivation) -> Places:
    return {
        f"the step “{s.name}”": (*in_order(s.left), *in_order(s.right)) for s in derivation.steps
    }
