"""Recorded runs: judged by the rule of rates, estimated without a claim, compared."""

import re
from typing import Any

import numpy as np
import pytest
import sympy as sp

from checks.recorded.claim import RecordedRateClaim
from checks.recorded.comparison import compare
from checks.recorded.estimates import estimate
from checks.recorded.profiles import profiled
from checks.recorded.recorded import recorded
from checks.suite.problem import InputProblem
from checks.verdicts import Verdict, judge
from checks.verdicts.calibration import frequency
from checks.verdicts.levels import Levels, summarize
from checks.verdicts.outcome import t_quantile
from checks.verdicts.shapes import make_shape
from tests.recorded_tables import LEVELS, judged, n, runs, table


def test_runs_give_the_levels_that_seeds_would() -> None:
    rows = runs(lambda k: 1 / k, (40,) * 6)
    errors = np.array(rows["err"]).reshape(6, 40).T
    for statistic in ("mean", "rms", "geometric"):
        data = recorded(rows, sizes="n", error="err", run="run", statistic=statistic)
        levels = summarize(errors, statistic)
        assert np.log(data.values) == pytest.approx(levels.log_mean)
        assert data.covariance == pytest.approx(levels.covariance, rel=1e-12, abs=1e-18)


def test_unequal_numbers_of_runs_are_all_used() -> None:
    data = table(lambda k: 1 / k, (20, 30, 40, 60, 80, 400))
    assert data.runs == (20, 30, 40, 60, 80, 400)
    few = table(lambda k: 1 / k, (20, 30, 40, 60, 80, 80))
    assert data.covariance[-1, -1] < few.covariance[-1, -1] / 3


@pytest.mark.parametrize("seed", range(3))
def test_a_right_claim_is_supported_and_wrong_ones_are_refuted(seed: int) -> None:
    data = table(lambda k: (1 + 2 / k) / k, (300,) * 6, seed=seed)
    assert judged(data, 1 / n, next_order=1).verdict is Verdict.SUPPORTED
    assert judged(data, n**-2).verdict is Verdict.REFUTED
    assert judged(data, n ** sp.Rational(-1, 2), next_order=1).verdict is Verdict.REFUTED
    assert judged(data, n**-2, kind="upper bound").verdict is Verdict.REFUTED
    floor = table(lambda k: 1 / k + 1 / 64, (300,) * 6, seed=seed)
    assert judged(floor, 1 / n, next_order=1).verdict is Verdict.REFUTED


def test_standard_errors_do_what_runs_do() -> None:
    data = table(lambda k: 1 / k, (200,) * 6)
    spread = data.values * np.sqrt(np.diag(data.covariance))
    given = {"n": list(LEVELS), "e": data.values, "se": spread, "m": [200] * 6}
    other = recorded(given, sizes="n", error="e", standard_error="se", count="m")
    for predicted in (1 / n, n**-2):
        assert (
            judged(other, predicted, next_order=1).verdict
            is judged(data, predicted, next_order=1).verdict
        )


def test_an_estimate_holds_the_exponent_and_ranks_the_form_that_is_right_among_the_best() -> None:
    forms = {
        "power law": lambda k: k**-0.75,
        "power law with a correction of order 1": lambda k: (1 + 6 / k) / k,
        "power law and a floor": lambda k: 1 / k + 0.02,
        "exponential": lambda k: np.exp(-k / 40),
    }
    for name, truth in forms.items():
        found = estimate(table(truth, (400,) * 6))
        assert name in [form.name for form in found.alike], (name, str(found))
    _, low, high = estimate(table(forms["power law"])).exponents["n"]
    assert low <= -0.75 <= high
    assert "no verdict" in str(estimate(table(forms["power law"])))


def test_intervals_cover_rates_behind_half_orders() -> None:
    """Two and a half times the leading term at the coarsest level: curvature is no guide there."""
    missed = 0
    for seed in range(12):
        data = table(lambda k: (1 + 5 * k**-0.5) / k, (300,) * 6, seed=seed)
        _, low, high = estimate(data).exponents["n"]
        missed += not low <= -1 <= high
    assert frequency(missed, 12).low <= 0.01


def test_a_profile_holds_what_its_misfit_allows() -> None:
    """A power law without correction: the region of Student's t, by the straight line's formula."""
    data = table(lambda k: 1 / k, (150,) * 6)
    levels = Levels(np.log(data.values), data.covariance, 150, np.ones(6))
    sizes = np.array([LEVELS], dtype=float)
    shape = make_shape(np.zeros((1, 6)), sizes, None)
    x = shape.log_sizes[0] - shape.log_sizes[0].mean()
    found, covariance = np.polyfit(x, levels.log_mean, 1)[0], levels.covariance.diagonal()
    half = t_quantile(0.995, 149) * float(np.sqrt(covariance @ x**2)) / float(x @ x)
    low, high = profiled(levels, [shape], 0, [found])
    assert [low, high] == pytest.approx([found - half, found + half], abs=0.15 * half)


def test_two_methods_are_compared_by_factor_and_exponent() -> None:
    a = table(lambda k: 1 / k, seed=1)
    b, c = table(lambda k: 0.6 / k, seed=2), table(lambda k: k**-1.5, seed=3)
    factor = compare(a, b).factor
    assert factor[1] < 1 / 0.6 < factor[2]
    low, high = compare(a, b).exponents["n"][1:]
    assert low < 0 < high
    assert compare(a, c).exponents["n"][1] > 0.3
    assert "B falls faster, or grows more slowly" in str(compare(a, c))


def test_methods_of_one_order_with_other_next_terms_are_not_told_apart_by_it() -> None:
    a, b = table(lambda k: (1 + 6 / k) / k, seed=1), table(lambda k: 1 / k, seed=2)
    low, high = compare(a, b).exponents["n"][1:]
    assert low < 0 < high
    assert "no difference of orders is seen" in str(compare(a, b))


def test_what_differs_between_two_tables_is_named() -> None:
    data = runs(lambda k: 1 / k, (20,) * 6)
    how: dict[str, Any] = {"sizes": "n", "error": "err", "run": "run"}
    mean, rms = recorded(data, **how), recorded(data, **how, statistic="rms")
    with pytest.raises(InputProblem, match=r"the mean of ours and the rms of theirs.*statistic="):
        compare(mean, rms, ("ours", "theirs"))
    step = recorded(data, **how, steps="n")
    for one, other in ((mean, step), (step, mean)):
        with pytest.raises(InputProblem, match=r"received .*1/n of .*the same steps="):
            compare(one, other)


def test_the_note_on_other_exponents_names_its_interval_and_its_form() -> None:
    """No promise of a refutation: the judge asks more, and other orders of the next term too."""
    data = table(lambda k: 1 / k)
    (auto,) = [note for note in judged(data, "n^-1").notes if "outside" in note]
    assert "outside the 99 % interval of the form with next order 1" in auto
    below = float(auto.split("below ")[1].split()[0])
    assert judged(data, n ** sp.nsimplify(below - 0.005)).verdict is not Verdict.SUPPORTED
    (plain,) = [x for x in judged(data, "n^-1", next_order=None).notes if "outside" in x]
    assert "no next order" in plain


def test_an_open_verdict_says_how_many_runs_would_decide() -> None:
    rng = np.random.default_rng(1)
    sizes = [level for level in (8, 16, 32, 64, 128) for _ in range(20)]
    errors = [np.exp(0.5 * rng.standard_normal()) / level for level in sizes]
    data = recorded({"n": sizes, "e": errors}, sizes="n", error="e")
    claim = RecordedRateClaim(id="x/y", recorded=data, predicted="1/n", margin=0.1, next_order=1.0)
    because = judge(claim).because
    assert re.search("times as many runs a size would decide|too near .* for more runs", because), (
        because
    )
