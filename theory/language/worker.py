"""A subprocess that decides steps, and takes limits, under a time limit.

``python -m theory.language.worker`` reads pickled questions from standard input and answers on
standard output; it is started with the same interpreter and the same packages.
"""

import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from pathlib import Path
from types import TracebackType
from typing import Any

from theory.language.step import Outcome, Status, Step


class Worker:
    """Answers one question at a time; is restarted when an answer takes too long."""

    def __init__(self) -> None:
        """Nothing runs before the first question."""
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

    def outcome(self, step: Step, limit: float) -> Outcome:
        """Decide a step by rewriting, else by sampling."""
        start = time.monotonic()
        status, detail = None, ""
        for method in ("rewriting", "sampling"):
            status, detail = self.ask(method, step, limit)
            if status is not None:
                break
        return Outcome(step, status or Status.FAILED, detail, time.monotonic() - start)

    def ask(self, method: str, question: object, limit: float) -> tuple[Any, str]:
        """The answer of a method of ``_serve``, or none and the reason, after ``limit`` seconds."""
        process = self._process = self._process or _start()
        assert process.stdin is not None
        assert process.stdout is not None
        with ThreadPoolExecutor(1) as reader:
            pickle.dump((method, question), process.stdin)
            process.stdin.flush()
            answer = reader.submit(pickle.load, process.stdout)
            try:
                return answer.result(timeout=limit)
            except TookTooLong:
                self._stop()
                return None, f"{method} took longer than {limit:g} s"
            except EOFError:
                self._stop()
                return None, f"{method} died"

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _start() -> subprocess.Popen[bytes]:
    """A running worker; its imports do not count against the limit of a step."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [sys.executable, "-m", "theory.language.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert process.stdout is not None
    pickle.load(process.stdout)
    return process


def _serve() -> None:
    from theory.calculus.routes import by_sympy
    from theory.language import decide

    _answer("ready")
    methods = {
        "rewriting": decide.rewriting,
        "sampling": decide.sampling,
        "limit": lambda question: (by_sympy(*question), ""),
    }
    while True:
        try:
            method, question = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = methods[method](question)
        except Exception as error:  # the parent reports it as the outcome of the step
            answer = None, f"{method} raised {type(error).__name__}: {error}"
        _answer(answer)


def _answer(answer: object) -> None:
    pickle.dump(answer, sys.stdout.buffer)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
