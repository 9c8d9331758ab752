"""The exception for bad input: what was expected, what was received, what to do."""

import re
from typing import Any


def printable(text: str) -> str:
    """The text with escapes for control characters, lone surrogates and what XML has none of.

    A terminal would obey some of them, a file of UTF-8 or XML cannot hold others, and those that
    turn the direction of writing make words beside them read as what they are not.
    """
    return re.sub(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]",
        lambda found: found[0].encode("unicode_escape").decode(),
        text,
    )


class InputProblem(Exception):
    """Bad usage or bad input; the command line prints it as one message and exits with 2."""

    def __init__(self, *, expected: str, received: str, remedy: str) -> None:
        """Keep the three parts; the message is their sentence."""
        super().__init__(printable(f"expected {expected}; received {received}. {remedy}"))
        self._parts = (expected, received, remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        """Reach another process: an exception that cannot be rebuilt there breaks its pool."""
        return _rebuilt, (type(self), *self._parts)


class RoomProblem(InputProblem):
    """A room that does not load; the other rooms can go on."""


def _rebuilt(kind: type[InputProblem], expected: str, received: str, remedy: str) -> InputProblem:
    return kind(expected=expected, received=received, remedy=remedy)
