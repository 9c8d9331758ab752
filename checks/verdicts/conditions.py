"""What claims ask of their fields when they are built: ValueError that names the claim."""

from typing import Any

import sympy as sp

from theory.language.rate import Kind, Rate, normal_form

from .data import Real
from .values import ClaimError, stated_number

STATISTICS = ("mean", "rms", "geometric", "weak")


def kind_of(name: str, kind: Any) -> Kind:
    """A kind of rate, or ClaimError with the kinds that there are."""
    if isinstance(kind, Kind):
        return kind
    check_choice(name, "kind", kind, tuple(known.value for known in Kind))
    return Kind(kind)


def normal_rate(
    name: str, predicted: Any, kind: Any, field: str = "predicted"
) -> tuple[Kind, Rate]:
    """A Rate of the wanted kind; plain symbols are taken to be positive sizes.

    Raises ClaimError that names the claim and the ``field`` for what is none.
    """
    if isinstance(predicted, Rate):
        kind = predicted.kind if kind is None else kind_of(name, kind)
        same = kind is predicted.kind
        return kind, predicted if same else Rate(predicted.expression, kind)
    if isinstance(predicted, str) or predicted is None:
        raise ClaimError(
            f"claim {name}: expected {field} to be a Rate or a SymPy expression, received "
            f"{predicted!r}; a text is not evaluated: write it with sp.Symbol"
        )
    try:
        expression = sp.sympify(predicted, strict=True)
    except sp.SympifyError:
        expression = None
    if not isinstance(expression, sp.Expr) or not expression.free_symbols:
        raise ClaimError(
            f"claim {name}: expected {field} to be a Rate or a SymPy expression in the sizes, "
            f"received {predicted!r}"
        )
    symbols = {s: sp.Symbol(str(s), positive=True) for s in expression.free_symbols}
    kind = Kind.EXACT if kind is None else kind_of(name, kind)
    return kind, Rate(normal_form(expression.subs(symbols)), kind)


def check_number(
    claim: Any,
    *fields: str,
    above: Real | None = None,
    least: Real | None = None,
    below: Real | None = None,
    otherwise: tuple[Any, ...] = (),
    why: str = "",
) -> None:
    """Fields become floats: real, finite numbers in a range, of Python, NumPy or SymPy.

    ``otherwise``: what a field may be in place of a number. ``why`` ends the refusal.
    """
    bounds = {"above": above, "of at least": least, "below": below}
    words = [f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None]
    others = "".join(f" or {value!r}" for value in otherwise)
    for field in fields:
        value = getattr(claim, field)
        if value is None or isinstance(value, str):
            if value in otherwise:
                continue
            number = None
        else:
            number = _number(value)
        inside = number is not None and (
            (above is None or number > above)
            and (least is None or number >= least)
            and (below is None or number < below)
        )
        if not inside:
            raise ClaimError(
                f"claim {claim.id}: expected {' '.join([field, ' and '.join(words)]).strip()}, "
                f"a finite number"
                f"{others}, received {value!r}{why}"
            )
        object.__setattr__(claim, field, number)


def _number(value: Any) -> float | None:
    try:
        return stated_number("", "", value)
    except ClaimError:
        return None


def check_margin(claim: Any) -> None:
    """A margin is a positive number."""
    check_number(claim, "margin", above=0)


def check_floor_share(claim: Any) -> None:
    """The share of the finest error that may be a floor: more than nothing, less than all."""
    why = ": it is the largest share of the finest error that may be a constant"
    check_number(claim, "floor_share", above=0, below=1, why=why)


def check_next_order(claim: Any) -> None:
    """A next order is a positive number, "auto" or None: it is that of a term that vanishes."""
    check_number(claim, "next_order", above=0, otherwise=("auto", None))


def check_resolution(claim: Any) -> None:
    """A resolution is a number of at least 0, None, or a function of the size."""
    if not callable(claim.resolution):
        why = "; or give a function of the size"
        check_number(claim, "resolution", least=0, otherwise=(None,), why=why)


def check_flags(claim: Any, *fields: str) -> None:
    """Fields that are truth values."""
    for field in fields:
        if not isinstance(getattr(claim, field), bool):
            raise ClaimError(
                f"claim {claim.id}: expected {field} to be True or False, received "
                f"{getattr(claim, field)!r}"
            )


def check_choice(name: str, what: str, value: Any, choices: tuple[str, ...]) -> None:
    """A field has one of the values that it may have."""
    if not isinstance(value, str) or value not in choices:
        raise ClaimError(f"claim {name}: expected {what} in {choices}, received {value!r}")
