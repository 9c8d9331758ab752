"""The reason of a claim in words: the numbers are the test's own, and refutations keep theirs."""

from dataclasses import replace

import numpy as np
import pytest

from checks.report.numbers import number
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
        r"largest relative residual over 4 seeds: $2 \cdot 10^{-12}$, allowed $1 \cdot 10^{-9}$"
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


def test_a_law_says_no_more_than_its_distances(judged: Result) -> None:
    one = Test("distance in coordinate 0", 0.0172, 0.01, 30.0, -np.inf, 0.0, -np.inf, 0.15)
    assert said(judged, "LawClaim", one) == "the distance between the laws is below 0.15 (0.0172)"
    joint = replace(one, name="largest distance in 3 joint directions", estimate=0.03)
    assert said(judged, "LawClaim", one, joint) == (
        "the distances between the laws are below 0.15 wherever tested (largest 0.03)"
    )


def test_a_mean_is_compared_with_what_was_expected(judged: Result) -> None:
    mean = Test("mean 0 minus expected", 0.01, 0.005, 30.0, -0.0, 0.0, -0.25, 0.25)
    assert said(judged, "MomentClaim", mean).startswith(
        "the mean agrees with the expected value: it is off by 0.010 ± "
    )


@pytest.mark.parametrize(
    ("share", "exact", "low", "high", "words"),
    [
        (0.9995, (0.997, 1.0), 0.996, 1.0,
         "99.95% of 4 seeds, 99 % interval 99.7% to 100%, claimed at least 99.6%"),
        (0.0, (0.0, 0.004), 0.0, 0.005,
         "0% of 4 seeds, 99 % interval 0% to 0.4%, claimed at most 0.5%"),
        (2 / 3, (0.5, 0.8), 0.4, 0.9,
         "67% of 4 seeds, 99 % interval 50% to 80%, claimed between 40% and 90%"),
        (0.05, (0.00025, 0.3171), 0.0, 0.4,
         "5% of 4 seeds, 99 % interval 0.03% to 32%, claimed at most 40%"),
        (0.1 + 0.2, (0.3, 0.99996), 0.2, 1.0,
         "30% of 4 seeds, 99 % interval 30% to 99.996%, claimed at least 20%"),
    ],
)  # fmt: skip
def test_a_frequency_has_the_digits_that_its_sentence_needs(
    judged: Result, share: float, exact: tuple[float, float], low: float, high: float, words: str
) -> None:
    name = "frequency of “crash at rate 1”"
    seen = Test(f"{name} at n=8", share, 0.0, 0.0, low, high, exact=exact)
    assert said(judged, "FrequencyClaim", seen) == f"{name}: {words}"


def test_what_does_not_hold_keeps_the_judges_own_line(judged: Result) -> None:
    refuted = replace(judged, verdict=Verdict.REFUTED)
    assert reason(refuted) == refuted.because
    assert said(judged, "OwnClaim", *judged.tests) == judged.because


def test_what_changes_by_a_factor_says_so(judged: Result) -> None:
    levels = replace(judged, sizes=({"tokens": 2}, {"tokens": 8}))
    drift = Test(
        "log drift over the range of tokens",
        np.log(1.1),
        0.01,
        30.0,
        -np.inf,
        0.0,
        -np.inf,
        np.log(1.25),
    )
    assert said(levels, "IndependenceClaim", drift) == (
        r"over $\mathrm{tokens}$ from 2 to 8 it changes by the factor 1.1 (1.07 to 1.13), allowed "
        "up to 1.25"
    )
    step = Test("log ratio of N=30 to 10", np.log(0.5), 0.01, 30.0, -np.inf, 0.0)
    assert said(judged, "MonotoneClaim", step).startswith(
        "each step of $N$ lowers it: the least certain, from 10 to 30, by the factor 0.5 ("
    )


def test_growth_names_its_law_and_a_proof_its_size(judged: Result) -> None:
    bent = Test("curvature", 0.03, 0.09, 30.0, -0.5, 0.5)
    rise = {"slope_in_log_n": {"value": 0.36, "interval": [0.34, 0.38]}}
    assert said(judged, "GrowthClaim", bent, **rise).startswith(
        r"it grows like $\log n$: slope 0.360 ± 0.020, curvature 0.03 ± "
    )
    proved = replace(judged, kind="CertifiedClaim", because="CERTIFIED: proved by 3 boxes")
    assert reason(proved) == "proved by 3 boxes"


def test_numbers_of_four_digits_have_no_exponent() -> None:
    assert [number(x) for x in (6400.0, 64123.0, -0.5)] == ["6400", "64100", "−0.5"]
