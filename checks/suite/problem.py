"""The exception for bad input: what was expected, what was received, what to do."""

from typing import Any


class InputProblem(Exception):
    """Bad usage or bad input; the command line prints it as one message and exits with 2."""

    def __init__(self, *, expected: str, received: str, remedy: str) -> None:
        """Keep the three parts; the message is their sentence."""
        super().__init__(f"expected {expected}; received {received}. {remedy}")
        self._parts = (expected, received, remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        """Reach another process: an exception that cannot be rebuilt there breaks its pool."""
        return _rebuilt, (type(self), *self._parts)


class RoomProblem(InputProblem):
    """A room that does not load; the other rooms can go on."""


def _rebuilt(kind: type[InputProblem], expected: str, received: str, remedy: str) -> InputProblem:
    return kind(expected=expected, received=received, remedy=remedy)
