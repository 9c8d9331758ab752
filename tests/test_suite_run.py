"""Claims of a run are judged side by side; an error in one ends the run at once."""

import numpy as np
import pytest
import sympy as sp

from checks.suite.executors import inline, local
from checks.suite.meter import Cost
from checks.suite.run import Plan, run_claims
from checks.suite.targets import Located, Origin
from checks.verdicts import RateClaim, Task

N = sp.Symbol("n")


class Quiet:
    """A watcher that only remembers what has finished."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def total(self, claims: int) -> None:
        pass

    def measured(self, claim: str, task: Task, cost: Cost) -> None:
        pass

    def finished(self, claim: str, verdict: str, seconds: float) -> None:
        self.seconds[claim] = seconds


def located(name: str, error) -> Located:
    claim = RateClaim(
        id=f"a/{name}", sizes={"n": [8, 16, 32, 64]}, predicted=1 / N, kind="exact", error=error
    )
    return Located(claim, None)


def test_where_nothing_is_to_be_computed_no_worker_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def team(*_: object) -> None:
        raise AssertionError("workers start")

    monkeypatch.setattr("checks.suite.executors.team", team)
    claim = located("one", lambda size, keys: np.ones(len(keys))).claim
    with local(2) as execute:
        assert list(execute(Located(claim, Origin(file="mine.py")), [])) == []


@pytest.mark.parametrize("together", [False, True])
def test_an_error_in_one_claim_leaves_the_others_to_be_judged(*, together: bool) -> None:
    def sound(size, keys):
        return np.array([np.random.default_rng(key).uniform(0.9, 1.1) for key in keys]) / size["n"]

    def broken(size, keys):
        raise ZeroDivisionError("a slip")

    claims = [located("broken", broken), located("sound", sound)]
    study = run_claims(
        claims, Plan(), execute=inline, store=None, watcher=Quiet(), together=together
    )
    assert [result.claim_id for result in study.results] == ["a/sound"]
    assert len(study.seconds) == 1
    ((claim, why),) = study.failed
    assert claim.id == "a/broken"
    assert "a slip" in str(why)
    assert 'raise ZeroDivisionError("a slip")' in why.frames
    assert "evaluate" not in why.frames


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
