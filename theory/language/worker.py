"""Steps are decided in a subprocess, by two routes, each under a time limit."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from types import TracebackType

from theory.calculus.bounded import Worker
from theory.language.decide import rewriting
from theory.language.sampling import sampling
from theory.language.step import Outcome, Status, Step

DISAGREE = "the two routes disagree, an error of verilimit: please report it"
Answer = tuple[Status | None, str]
Outcomes = tuple[Outcome, ...]
LIMIT = 20.0  # seconds of a route of a step


def run_steps(steps: Sequence[Step], limit: float = LIMIT) -> Iterator[Outcome]:
    """Decide every step, in order; rewriting and sampling may each take ``limit`` seconds."""
    with Worker(rewriting, sampling) as worker:
        yield from (_outcome(worker, step, limit) for step in steps)


class DerivationsBeside:
    """Decides derivations in their order, while the caller does other things.

    Leaving the context ends what is not decided yet.
    """

    def __init__(self) -> None:
        """Nothing runs before the context is entered."""
        self._asked: SimpleQueue[tuple[Sequence[Step], Future[Outcomes]] | None] = SimpleQueue()
        self._worker = Worker(rewriting, sampling)
        self._left = False
        # A thread that does not keep an interrupted program from its end.
        self._thread = Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "DerivationsBeside":
        """Wait for derivations."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """End the subprocess, and with it the thread."""
        self._left = True
        self._asked.put(None)
        while self._thread.is_alive():  # it may just be starting another process
            self._worker.kill()
            self._thread.join(0.1)

    def decide(self, steps: Sequence[Step]) -> "Future[Outcomes]":
        """The outcomes of a derivation, once they are there."""
        decided: Future[Outcomes] = Future()
        self._asked.put((steps, decided))
        return decided

    def _serve(self) -> None:
        while (asked := self._asked.get()) is not None:
            steps, decided = asked
            found = []
            try:
                with self._worker:  # each derivation has a process of its own
                    for step in steps:
                        if self._left:
                            return
                        found.append(_outcome(self._worker, step, LIMIT))
            except BaseException as error:  # raised where the outcomes are asked for
                decided.set_exception(error)
            else:
                decided.set_result(tuple(found))


def _outcome(worker: Worker, step: Step, limit: float) -> Outcome:
    start = time.monotonic()
    proved = worker.ask(rewriting, step, limit)
    sampled = worker.ask(sampling, step, limit)
    status, detail, routes = judged(proved[:2], sampled[:2])
    cut_short = proved.cut_short or sampled.cut_short
    return Outcome(step, status, detail, time.monotonic() - start, routes, cut_short)


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
