"""A subprocess that answers under a time limit, and is ended when it takes longer.

``python -m theory.calculus.bounded`` reads pickled questions from standard input and answers on
standard output; it is started with the same interpreter and the same packages.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

Method = Callable[[Any], tuple[Any, str]]  # of a question: an answer, or none and the reason


class Reply(NamedTuple):
    """What a method answers, or None, and how or why not; ``cut_short``: it did not come to an end.

    Another day, on a machine that is less busy, it may.
    """

    answer: Any
    words: str
    cut_short: bool = False


class Worker:
    """Answers one question at a time; is restarted when an answer takes too long.

    ``methods`` are functions of modules: the subprocess imports them by their names.
    """

    def __init__(self, *methods: Method) -> None:
        """Nothing runs before the first question."""
        self._methods = methods
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Worker":
        """Use as a context manager, so that no process is left behind."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Stop the subprocess."""
        self._stop()

    def ask(self, method: Method, question: object, limit: float) -> Reply:
        """The answer of a method, or none and the reason, after ``limit`` seconds."""
        process = self._process = self._process or _start(self._methods)
        assert process.stdin is not None
        assert process.stdout is not None
        with ThreadPoolExecutor(1) as reader:
            pickle.dump((method, question), process.stdin)
            process.stdin.flush()
            answer = reader.submit(pickle.load, process.stdout)
            try:
                return Reply(*answer.result(timeout=limit))
            except TookTooLong:
                self._stop()
                return Reply(None, f"{_name(method)} took longer than {limit:g} s", cut_short=True)
            except EOFError:
                self._stop()
                return Reply(None, f"{_name(method)} died", cut_short=True)

    def kill(self) -> None:
        """End the subprocess, from any thread; the question that it is asked is cut short."""
        process = self._process
        if process is not None:
            process.kill()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _name(method: Method) -> str:
    return method.__name__  # type: ignore[attr-defined]


def _start(methods: tuple[Method, ...]) -> subprocess.Popen[bytes]:
    """A running worker; its imports do not count against the limit of a question."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "theory.calculus.bounded"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    pickle.dump(methods, process.stdin)
    process.stdin.flush()
    pickle.load(process.stdout)
    return process


def _serve() -> None:
    pickle.load(sys.stdin.buffer)  # imports the methods
    _answer("ready")
    while True:
        try:
            method, question = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = method(question)
        except Exception as error:  # the parent reports it
            answer = None, f"{_name(method)} raised {type(error).__name__}: {error}"
        _answer(answer)


def _answer(answer: object) -> None:
    pickle.dump(answer, sys.stdout.buffer)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
