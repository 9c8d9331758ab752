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

DISAGREE = "the two routes disagree, an error of verilimit: please report it"
Answer = tuple[Status | None, str]


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
        """Decide a step by rewriting and by sampling."""
        start = time.monotonic()
        proved = self.ask("rewriting", step, limit)
        sampled = self.ask("sampling", step, limit)
        status, detail, routes = judged(proved, sampled)
        return Outcome(step, status, detail, time.monotonic() - start, routes)

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


def judged(proved: Answer, sampled: Answer) -> tuple[Status, str, int]:
    """Status, detail and the number of agreeing routes, from what the two routes say.

    A counterexample outweighs a proof: then one of the two is wrong, and it is said that it is.
    """
    (by_rewriting, how), (by_points, where) = proved, sampled
    if by_points is Status.FAILED:
        if by_rewriting is None:
            return Status.FAILED, where, 0
        return Status.FAILED, f"{DISAGREE}: proved by rewriting ({how}), but {where}", 0
    if by_rewriting is None and by_points is None:
        return Status.UNDECIDED, f"{how}; {where}", 0
    if by_points is None:
        return Status.PROVED, f"{how}; by this route only: {where}", 1
    if by_rewriting is None:
        return Status.SAMPLED, f"{where}; by this route only: {how}", 1
    return Status.PROVED, f"{how}; {where}", 2


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
    from theory.language.decide import rewriting
    from theory.language.sampling import sampling

    _answer("ready")
    methods = {
        "rewriting": rewriting,
        "sampling": sampling,
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
