"""The one exception for bad input: what was expected, what was received, what to do."""


class InputProblem(Exception):
    """Bad usage or bad input; the command line prints it as one message and exits with 2."""

    def __init__(self, *, expected: str, received: str, remedy: str) -> None:
        """Keep the three parts; the message is their sentence."""
        super().__init__(f"expected {expected}; received {received}. {remedy}")
