"""The glossary: a symbol is declared once, with its name in code, LaTeX, meaning and range."""

from functools import cache
from typing import Any

import sympy as sp


class Symbol(sp.Symbol):  # named as SymPy's, so that both are ordered alike in sums and products
    """A symbol that knows how it is set in LaTeX and what it means.

    Two of one name are different symbols if they mean different things.
    """

    __slots__ = ("_content", "latex", "meaning")
    latex: str
    meaning: str

    def __new__(
        cls, name: str, *, latex: str = "", meaning: str = "", **assumptions: bool
    ) -> "Symbol":
        """One object for equal symbols, as SymPy has: to compare them takes no time."""
        cls._sanitize(assumptions, cls)
        return _made(name, latex, meaning, tuple(sorted(assumptions.items())))

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        """What a pickle keeps."""
        more = {"latex": self.latex, "meaning": self.meaning}
        return (self.name,), {**self._assumptions_orig, **more}

    def _hashable_content(self) -> tuple[Any, ...]:
        return self._content

    def _latex(self, printer: Any) -> str:
        return self.latex or str(printer._print_Symbol(self))


@cache
def _made(name: str, latex: str, meaning: str, assumptions: tuple[Any, ...]) -> Symbol:
    found = sp.Symbol.__xnew__(Symbol, name, **dict(assumptions))
    found.latex, found.meaning = latex, meaning
    # The name first: symbols are ordered by it, and by the rest only where it is the same.
    found._content = ("\0".join((name, latex, meaning)), *found._assumptions0)
    return found


def symbol(name: str, *, latex: str = "", meaning: str = "", **assumptions: bool) -> sp.Symbol:
    r"""A symbol of the glossary, e.g. ``symbol("kappa_one", latex=r"\kappa(1)", real=True)``.

    ``name`` is what code calls it; ``latex`` is how it is set, by default as a letter, or as an
    upright word if its name is one; ``meaning`` is its line in the notation of a theorem; the
    assumptions are its range.
    """
    return Symbol(name, latex=latex, meaning=meaning, **assumptions)


def label(symbol: sp.Basic) -> sp.Basic:
    """The symbol that names an array; a symbol itself."""
    return symbol.label if isinstance(symbol, sp.IndexedBase) else symbol


def meaning(symbol: sp.Basic) -> str:
    """What a symbol or an array was declared to mean; nothing if it was not."""
    return getattr(label(symbol), "meaning", "")


def symbols_of(expression: sp.Basic) -> set[sp.Basic]:
    """Free symbols and arrays; indices and entries are not symbols."""
    free = expression.free_symbols
    arrays = {s for s in free if isinstance(s, sp.IndexedBase)}
    inner = {a.label for a in arrays} | {s for s in free if isinstance(s, sp.Indexed | sp.Idx)}
    inner |= {i.label for i in expression.atoms(sp.Idx)}
    return free - inner
