"""The notation of a theorem: what its symbols mean, and that no two of them look the same."""

from collections.abc import Mapping

import sympy as sp

from theory.algebra.symbols import label, meaning, symbols_of
from theory.codegen.latex import latex, prints_its_code_name

Places = Mapping[str, tuple[sp.Basic, ...]]


def in_order(expression: sp.Basic) -> tuple[sp.Basic, ...]:
    """Free symbols and arrays, as a reader meets them."""
    known = symbols_of(expression)
    found = [n for n in sp.preorder_traversal(expression) if n in known]
    return tuple(dict.fromkeys(found))


def dimensions(argument: sp.Basic) -> tuple[sp.Basic, ...]:
    """The symbols in the shape of an array."""
    shape = (argument.shape or ()) if isinstance(argument, sp.IndexedBase) else ()
    return tuple(s for extent in shape for s in in_order(sp.sympify(extent)))


def check_symbols(title: str, explained: Places, others: Places) -> None:
    """Raise ``ValueError`` for a symbol that is not explained, and for two that print alike.

    Those of the steps need no explanation, but they print, and must not look like another.
    """
    for where, symbols in explained.items():
        if unknown := dict.fromkeys(str(label(s)) for s in symbols if not meaning(s)):
            raise ValueError(
                f"{where} of “{title}” uses {', '.join(unknown)}, of which nobody says what it "
                f"means; declare each as symbol(name, meaning=...), array(..., meaning=...) or "
                f"size(name, meaning)"
            )
    first: dict[str, tuple[sp.Basic, str]] = {}
    for where, symbols in [*explained.items(), *others.items()]:
        for symbol in symbols:
            text = latex(label(symbol)).replace("_{}", "")
            other, place = first.setdefault(text, (symbol, where))
            if label(other) != label(symbol):
                raise ValueError(
                    f"“{title}” has two symbols that print as {text}: {_described(other)} in "
                    f"{place}, and {_described(symbol)} in {where}. Rename one, give it LaTeX of "
                    f"its own, or use one for both"
                )
            if prints_its_code_name(symbol):
                raise ValueError(
                    f"{where} of “{title}”: {label(symbol)} prints as {text}, which is a name for "
                    f"code; declare it with latex="
                )


def _described(symbol: sp.Basic) -> str:
    kind = "the array" if isinstance(symbol, sp.IndexedBase) else "the symbol"
    assumed = label(symbol)._assumptions_orig  # type: ignore[attr-defined]
    words = ", ".join(k if v else f"not {k}" for k, v in assumed.items())
    return f"{kind} {label(symbol)} ({meaning(symbol) or words or 'of any kind'})"
