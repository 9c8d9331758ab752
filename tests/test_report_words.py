"""The reason of a claim in words: the numbers are the test's own, and refutations keep theirs."""

from dataclasses import replace

import numpy as np
import pytest

from checks.report.words import reason
from checks.verdicts import IdentityClaim, Result, Test, Verdict, judge


@pytest.fixture(scope="module")
def judged() -> Result:
    """A result of a claim that holds, to be given other kinds and tests."""
    claim = IdentityClaim(
        id="toy/identity", statement="Zero.", tolerance=1e-9,
        residual=lambda size, keys: np.full(len(keys), 2e-12), seeds=4,
    )  # fmt: skip
    return judge(claim)


def said(judged: Result, kind: str, *tests: Test, **estimates: dict) -> str:
    found = {name.replace("_", " "): value for name, value in estimates.items()}
    return reason(replace(judged, kind=kind, tests=tests, estimates=found, margin=0.1))


def test_each_kind_names_its_quantity(judged: Result) -> None:
    assert reason(judged) == (
        r"both sides agree: largest relative difference $2 \cdot 10^{-12}$, rounding may give "
        r"$1 \cdot 10^{-9}$"
    )
    rate = {"value": -1.0, "interval": [-1.02, -0.98], "predicted": -1.0}
    excess = Test("excess exponent of n", 0.0, 0.01, 30.0, -0.1, 0.1)
    assert said(judged, "RateClaim", excess, exponent_of_n=rate) == (
        "errors fall like $n^{-1}$: power −1.000 ± 0.020, margin 0.1"
    )
    bound = replace(excess, low=-np.inf)
    assert said(judged, "RateClaim", bound, exponent_of_n=rate).startswith(
        "errors fall no slower than $n^{-1}$"
    )
    seen = Test("frequency of “crash” at n=8", 0.9, 0.0, 0.0, 0.6, 1.0, exact=(0.7, 0.97))
    assert said(judged, "FrequencyClaim", seen) == (
        "frequency of “crash”: 90% of 4 seeds, 99 % interval 70% to 97%, claimed at least 60%"
    )
    slack = Test("smallest slack", -0.001, 0.0, 0.0, -0.01, np.inf)
    assert said(judged, "InequalityClaim", slack) == (
        "no counterexample in 4 seeds: smallest slack −0.001, at least −0.01 is allowed"
    )


def test_what_does_not_hold_keeps_the_judges_own_line(judged: Result) -> None:
    refuted = replace(judged, verdict=Verdict.REFUTED)
    assert reason(refuted) == refuted.because
    assert said(judged, "OwnClaim", *judged.tests) == judged.because
