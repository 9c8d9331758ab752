"""Claims of a run are judged side by side; an error in one ends the run at once."""

import threading

import numpy as np
import pytest
import sympy as sp

from checks.suite.executors import inline
from checks.suite.run import Plan, run_claims
from checks.suite.targets import Located
from checks.verdicts import ClaimError, RateClaim

N = sp.Symbol("n")


class Quiet:
    """A watcher that only remembers what has finished."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def total(self, claims: int) -> None:
        pass

    def working(self, claim: str) -> None:
        pass

    def finished(self, claim: str, verdict: str, seconds: float) -> None:
        self.seconds[claim] = seconds


def located(name: str, error) -> Located:
    claim = RateClaim(
        id=f"a/{name}", sizes={"n": [8, 16, 32, 64]}, predicted=1 / N, kind="exact", error=error
    )
    return Located(claim, None)


def test_an_error_in_one_claim_does_not_wait_for_the_others() -> None:
    released = threading.Event()

    def patient(size, keys):
        released.wait(60)
        return np.full(len(keys), 1.0 / size["n"])

    def broken(size, keys):
        raise ZeroDivisionError("a slip")

    claims = [located("patient", patient), located("broken", broken)]
    watcher = Quiet()
    with pytest.raises(ClaimError, match="a slip"):
        run_claims(claims, Plan(), execute=inline, store=None, watcher=watcher, together=True)
    assert not watcher.seconds
    released.set()


def test_together_or_one_by_one_the_results_are_in_order_and_the_same() -> None:
    def error(size, keys):
        noise = np.array([np.random.default_rng(key).normal() for key in keys])
        return np.abs(1 + 0.1 * noise) / size["n"]

    claims = [located(name, error) for name in "abcd"]
    runs = [
        run_claims(claims, Plan(), execute=inline, store=None, watcher=Quiet(), together=together)
        for together in (False, True)
    ]
    assert [r.claim_id for r in runs[1].results] == ["a/a", "a/b", "a/c", "a/d"]
    assert [r.because for r in runs[0].results] == [r.because for r in runs[1].results]
    assert all(seconds > 0 for seconds in runs[1].seconds)
