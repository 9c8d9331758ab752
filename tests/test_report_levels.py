"""A small picture shows the interval at whose level its claim was decided, and says which."""

import re
from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pytest

from checks.report.strips import strip
from checks.verdicts import MomentClaim, Test, Verdict, judge, settle
from checks.verdicts.wording import percent


def drawn(root: Element) -> tuple[float, float]:
    """Where the interval and the region end on the right."""
    region, interval, *_ = root[0]
    end = float(re.findall(r"[\d.]+", interval.get("d", ""))[2])
    return end, float(region.get("x", "")) + float(region.get("width", ""))


def test_a_strip_draws_the_interval_of_the_level_that_it_is_given() -> None:
    test = Test("excess", 0.05, 0.02, 30.0, -0.1, 0.1)
    wide, narrow = (fromstring(strip(test, level)) for level in (0.9999, 0.9))
    end, region = drawn(wide)
    assert end > region
    end, region = drawn(narrow)
    assert end < region
    assert "99.99 % interval" in wide.get("aria-label", "")
    assert "90 % interval" in narrow.get("aria-label", "")


def test_an_interval_that_is_known_at_99_percent_only_is_called_that() -> None:
    test = Test("share", 0.5, 0.0, 0.0, 0.4, 0.6, exact=(0.45, 0.55))
    assert "99 % interval 0.45 to 0.55" in fromstring(strip(test, 0.9)).get("aria-label", "")


@pytest.mark.parametrize(("offset", "verdict"), [(0.0, "SUPPORTED"), (0.5, "REFUTED")])
def test_the_interval_of_a_result_lies_where_its_verdict_says(offset: float, verdict: str) -> None:
    claim = MomentClaim(
        id="mean", sizes={}, expected=0.0, margin=0.25, tolerance=0.1, seeds=64, cap=4096,
        sample=lambda size, keys: offset
        + np.array([np.random.default_rng(k).normal() for k in keys]),
    )  # fmt: skip
    result = judge(claim, budget=0.01)
    assert result.verdict is Verdict[verdict], result.because
    (test,) = result.tests
    low, high = test.interval(result.confidence)
    if result.verdict.holds:
        assert test.support_region[0] < low < high < test.support_region[1]
    else:
        assert low > test.high
    assert result.confidence != 0.99


def test_a_refutation_within_the_budget_of_a_run_has_that_level() -> None:
    claim = MomentClaim(
        id="mean", sizes={}, expected=0.0, margin=0.25, tolerance=0.1, seeds=64, cap=64,
        sample=lambda size, keys: 0.5
        + np.array([np.random.default_rng(k).normal() for k in keys]),
    )  # fmt: skip
    alone = judge(claim, budget=1e-9)
    assert alone.verdict is Verdict.INCONCLUSIVE
    (settled,) = settle([alone], budget=0.5)
    assert settled.verdict is Verdict.REFUTED
    assert settled.confidence == pytest.approx(1 - 0.5 * alone.share)


@pytest.mark.parametrize(
    ("level", "text"), [(0.9, "90 %"), (0.9975, "99.8 %"), (0.99988, "99.99 %"), (1.0, "100 %")]
)
def test_only_certainty_is_100_percent(level: float, text: str) -> None:
    assert percent(level) == text
