"""The one form a certificate has: read strictly, so that two readers cannot read it differently.

Text is JSON with each key once and finite numbers, a fraction is in lowest terms, and the terms of
a polynomial are sorted, so none appears twice. Degrees are bounded by those of the claim, and so
is the time of the replay.
"""

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

DIGITS = 10_000  # of a fraction
LENGTH = 200_000_000  # characters of a file
DEEPEST = 1000  # cuts on the way to a box


class Rejected(Exception):
    """A certificate does not prove its claim; the message is the reason."""


def read(text: str) -> Any:
    """JSON from a text of any origin; raises `Rejected` with the reason."""
    if len(text) > LENGTH:
        raise Rejected(f"it has {len(text)} characters, more than {LENGTH}")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise Rejected(f"it is no JSON, or cut off: {error}") from error
    except RecursionError as error:
        raise Rejected("it is nested too deeply") from error
    except ValueError as error:  # an integer of more digits than Python reads
        raise Rejected(f"it holds a number that cannot be read: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Rejected("a key appears twice")
    return found


def _no_number(text: str) -> Any:
    raise Rejected(f"expected finite numbers; it holds {text}")


def fields(proof: Any, *names: str) -> tuple[Any, ...]:
    """The values of a mapping that has exactly those keys."""
    if not isinstance(proof, Mapping) or set(proof) != set(names):
        raise Rejected(f"its proof is malformed: expected {', '.join(names)}")
    return tuple(proof[name] for name in names)


def items(value: Any, what: str, count: int | None = None) -> Sequence[Any]:
    """A list, of that length where one is given."""
    if not isinstance(value, list) or (count is not None and len(value) != count):
        many = "" if count is None else f" of {count}"
        raise Rejected(f"its proof is malformed: expected {what} to be a list{many}")
    return value


def whole(value: Any, what: str, least: int, most: int) -> int:
    """An integer between bounds; a boolean is none."""
    if type(value) is not int or not least <= value <= most:
        raise Rejected(f"expected {what} to be an integer from {least} to {most}; it is {value!r}")
    return value


def fraction(value: Any, what: str) -> Fraction:
    """A fraction from its text in lowest terms."""
    if isinstance(value, str) and len(value) <= DIGITS:
        try:
            found = Fraction(value)
        except (ValueError, ZeroDivisionError):
            found = None
        if found is not None and str(found) == value:
            return found
    raise Rejected(f"expected {what} to be a fraction in lowest terms; it is {value!r:.40}")


def polynomial(value: Any, degrees: Sequence[int]) -> dict[tuple[int, ...], Fraction]:
    """Exponents and coefficients, none zero, sorted and so without repetition.

    ``degrees`` are the highest exponents of each symbol.
    """
    found: list[tuple[tuple[int, ...], Fraction]] = []
    for term in items(value, "a polynomial"):
        listed, coefficient = items(term, "a term", 2)
        exponents = items(listed, "exponents", len(degrees))
        powers = tuple(
            whole(e, "an exponent", 0, d) for e, d in zip(exponents, degrees, strict=True)
        )
        found.append((powers, fraction(coefficient, "a coefficient")))
    order = [exponents for exponents, _ in found]
    if order != sorted(set(order)) or not all(c for _, c in found):
        raise Rejected("expected the terms of a factor sorted, each once, with no coefficient zero")
    return dict(found)
