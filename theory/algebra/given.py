"""What a caller gives as an expression: SymPy's objects and numbers, never text."""

from typing import Any

import sympy as sp


def given(value: object, what: str) -> Any:
    """``value`` as an object of SymPy's; ``what`` is where it was given.

    Raises ``TypeError`` for anything else. Text would have to be run as code to be read.
    """
    try:
        return sp.sympify(value, strict=True)
    except (sp.SympifyError, TypeError):
        raise TypeError(
            f"{what}: expected a SymPy expression or a number; received {value!r}. Make symbols "
            'with vl.real("x"), vl.positive("x") or SymPy'
        ) from None


def named(names: object, what: str) -> list[str]:
    """Names in one text, apart by blanks or commas; ``TypeError`` for what is no text."""
    if isinstance(names, str) and names.replace(",", " ").split():
        return names.replace(",", " ").split()
    raise TypeError(f'{what}: expected names in one text, such as "a b"; received {names!r}')
