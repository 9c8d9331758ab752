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


def text(value: object, what: str) -> str:
    """``value``, which has to be text; ``TypeError`` for anything else."""
    if isinstance(value, str):
        return value
    raise TypeError(f"{what}: expected text; received {value!r}. Write it in quotes")


def several(values: object, kind: type, what: str) -> tuple[Any, ...]:
    """``values`` as a tuple of objects of a class; ``TypeError`` for one alone or for others."""
    if isinstance(values, list | tuple) and all(isinstance(value, kind) for value in values):
        return tuple(values)
    raise TypeError(
        f"{what}: expected a tuple of {kind.__name__}; received {values!r}. One alone is (it,)"
    )


def named(names: object, what: str) -> list[str]:
    """Names in one text, apart by blanks or commas; ``TypeError`` for what is no text."""
    if isinstance(names, str) and names.replace(",", " ").split():
        return names.replace(",", " ").split()
    raise TypeError(f'{what}: expected names in one text, such as "a b"; received {names!r}')
