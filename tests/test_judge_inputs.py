"""What a claim is given: real sizes, draws that repeat, zeros, and numbers that are none."""

import json
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from checks.verdicts import (
    ClaimError,
    Finding,
    InequalityClaim,
    RateClaim,
    Task,
    Test,
    Verdict,
    judge,
)

n, tau = sp.symbols("n tau", positive=True)
LEVELS = [1, 1.5, 2.25, 3.375, 5.0625]


def normal(keys, *entropy):
    return np.array([np.random.default_rng([*key, *entropy]).normal() for key in keys])


def in_tau(power, **fields):
    """Errors that fall like a power of a real size."""

    def error(size, keys):
        assert isinstance(size["tau"], int) == float(size["tau"]).is_integer()
        noise = normal(keys, int(1000 * size["tau"]))
        return size["tau"] ** power * np.exp(0.05 * noise)

    given = {"sizes": {"tau": LEVELS}, "next_order": None, "predicted": 1 / tau, **fields}
    return RateClaim(id="user/tau", error=error, **given)


def test_real_sizes_are_measured_as_they_are():
    assert judge(in_tau(-1.0)).verdict is Verdict.SUPPORTED
    assert judge(in_tau(-1.4)).verdict is Verdict.REFUTED


def test_a_task_at_a_real_size_survives_json():
    task = Task("user/tau:error", (("tau", 1.5), ("n", 2)), 0, 4, 0)
    assert Task.from_json(json.loads(json.dumps(task.to_json()))) == task


@pytest.mark.parametrize("level", [0, -2.0, float("inf"), float("nan")])
def test_sizes_must_be_positive_and_finite(level):
    with pytest.raises(ValueError, match="positive, finite"):
        in_tau(-1.0, sizes={"tau": [*LEVELS, level]})


@pytest.mark.parametrize("level", ["8", True, None])
def test_sizes_must_be_numbers(level):
    with pytest.raises(ClaimError, match="sizes that are numbers"):
        in_tau(-1.0, sizes={"tau": [*LEVELS, level]})


def test_a_step_that_goes_to_zero_is_given_by_its_inverse():
    with pytest.raises(ValueError, match="claim a rate in 1/tau"):
        in_tau(2.0, sizes={"tau": [0.1, 0.2, 0.4, 0.8]}, predicted=tau**2)


def of(error, **fields):
    given = {"sizes": {"n": [8, 16, 32, 64, 128]}, "predicted": 1 / n, **fields}
    return RateClaim(id="user/n", error=error, **given)


def test_runs_that_are_drawn_again_are_not_counted_again():
    def recorded(size, keys):
        runs = np.random.default_rng(size["n"]).normal(size=10)
        return np.exp(0.4 * runs[keys[:, 0] % 10]) / size["n"]

    result = judge(of(recorded))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "repeat others" in result.because


def test_errors_without_randomness_or_of_whole_numbers_are_no_copies():
    exact = of(lambda size, keys: np.full(len(keys), 1.0 / size["n"]))
    assert judge(exact).verdict is Verdict.SUPPORTED
    counts = of(lambda size, keys: np.round(normal(keys)) ** 2 + 4096 / size["n"])
    assert "repeat" not in judge(counts).because


def test_a_zero_has_no_geometric_mean():
    def error(size, keys):
        values = np.exp(0.1 * normal(keys, size["n"])) / size["n"]
        return np.where(np.arange(len(keys)) == 3, 0.0, values)

    result = judge(of(error, statistic="geometric"))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "needs its logarithm" in result.because
    assert judge(of(error)).verdict is Verdict.SUPPORTED


def test_a_verdict_states_its_sizes_and_what_is_known_of_seeds_that_fail():
    claim = of(lambda size, keys: np.exp(0.3 * normal(keys, size["n"])) / size["n"])
    result = judge(replace(claim, sizes={"n": [8, 16, 32, 64, 128], "m": [2]}))
    assert result.because.endswith("; n 8 to 128, m 2")
    share = 3 / result.seeds
    assert result.notes[-1].startswith(f"none of {result.seeds} seeds failed")
    assert f"{share:.2g}" in result.notes[-1]
    assert (1 - share) ** result.seeds <= 0.05


class NoNumber(InequalityClaim):
    """A kind whose rule divides nothing by nothing."""

    def finding(self, data):
        fine = Test("fine", 0.0, 0.0, 0.0, -1.0, 1.0)
        return Finding((fine, replace(fine, name="share", estimate=float("nan"))), {})


def test_a_number_that_is_none_decides_nothing():
    result = judge(NoNumber(id="user/x", slack=lambda size, keys: np.ones(len(keys))))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.because.startswith("share is no number")


def test_an_interval_that_excludes_the_claimed_value_is_said():
    """The exponent is off by 0.05, inside a margin of 0.2, and is seen to be."""
    for power, said in ((-1.05, True), (-1.0, False)):
        result = judge(in_tau(power, margin=0.2, seeds=512))
        assert result.verdict is Verdict.SUPPORTED
        low, high = result.tests[0].interval()
        assert (low > 0 or high < 0) is said
        assert ("within the margin, but not equal: excess exponent" in result.because) is said


def test_a_rate_says_which_neighbouring_exponents_it_would_exclude():
    """Those exponents, claimed on the same data, are outside their margins and nearer ones not."""
    claim = in_tau(-1.0, seeds=512)
    result = judge(claim)
    note = next(note for note in result.notes if note.startswith("exponent of tau"))
    below, above = (float(note.split(word)[1].split()[0]) for word in ("below", "above"))
    for power, verdict in (
        (below - 0.05, Verdict.REFUTED),
        (above + 0.05, Verdict.REFUTED),
        (above - 0.05, Verdict.SUPPORTED),
    ):
        other = replace(claim, predicted=tau ** sp.nsimplify(power), margin=0.1)
        assert (judge(other).verdict is Verdict.REFUTED) is (verdict is Verdict.REFUTED)
