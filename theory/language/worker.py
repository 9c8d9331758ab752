"""Steps are decided in a subprocess, by two routes, each under a time limit."""

import time
from collections.abc import Iterator, Sequence

from theory.calculus.bounded import Worker
from theory.language.decide import rewriting
from theory.language.sampling import sampling
from theory.language.step import Outcome, Status, Step

DISAGREE = "the two routes disagree, an error of verilimit: please report it"
Answer = tuple[Status | None, str]


def run_steps(steps: Sequence[Step], limit: float = 20.0) -> Iterator[Outcome]:
    """Decide every step, in order; rewriting and sampling may each take ``limit`` seconds."""
    with Worker(rewriting, sampling) as worker:
        for step in steps:
            start = time.monotonic()
            proved = worker.ask(rewriting, step, limit)
            sampled = worker.ask(sampling, step, limit)
            status, detail, routes = judged(proved[:2], sampled[:2])
            cut_short = proved.cut_short or sampled.cut_short
            yield Outcome(step, status, detail, time.monotonic() - start, routes, cut_short)


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
