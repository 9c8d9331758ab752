"""One error a size: local slopes, their direction and how far they lead."""

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.recorded.digits import digit_rounding
from checks.recorded.estimates import estimate
from checks.recorded.held import Recorded
from checks.recorded.recorded import recorded
from checks.report.content import errors_sentence
from checks.suite.problem import InputProblem
from checks.verdicts import Verdict
from tests.conftest import result_schema
from tests.recorded_tables import LEVELS, h, in_unit_of, judged, n, steps


def test_one_error_a_size_is_read_by_its_slopes_with_the_assumption_said() -> None:
    data = steps(lambda x: 3 * x**2 * (1 + 2 * x))
    right = judged(data, h**2)
    assert right.verdict is Verdict.SUPPORTED, right.because
    assert any("no probability is stated" in note for note in right.notes)
    assert "seeds" not in right.because
    assert judged(data, h**3).verdict is Verdict.REFUTED
    assert judged(data, h).verdict is Verdict.REFUTED
    assert judged(data, h, kind="upper bound").verdict is Verdict.SUPPORTED
    assert judged(data, h**3, kind="upper bound").verdict is Verdict.REFUTED


@given(st.floats(1e-9, 1e9))
def test_the_unit_of_a_step_changes_no_verdict(unit: float) -> None:
    data = in_unit_of(unit)
    assert judged(data, h**2).verdict is Verdict.SUPPORTED
    assert judged(data, h).verdict is Verdict.REFUTED
    assert judged(data, h**3, kind="upper bound").verdict is Verdict.REFUTED


def test_steps_above_one_go_to_zero_where_the_claim_says_so() -> None:
    sizes = [16, 8, 4, 2, 1]
    wrong = {"h": sizes, "e": [x**2 + 0.3 * x for x in sizes]}
    assert judged(recorded(wrong, sizes="h", error="e"), h**2).verdict is not Verdict.SUPPORTED
    right = {"h": sizes, "e": [(x / 100) ** 2 * (1 + x / 100) for x in sizes]}
    data = recorded(right, sizes="h", error="e")
    assert judged(data, h**2).verdict is Verdict.SUPPORTED
    assert judged(data, h**2).sizes[-1] == {"1/h": 1}
    widths = {"n": [x / 1000 for x in LEVELS], "e": [1 / x for x in LEVELS]}
    small = recorded(widths, sizes="n", error="e")
    assert judged(small, 1 / n).verdict is Verdict.SUPPORTED
    assert judged(small, 1 / n).sizes[-1] == {"n": 0.128}


def test_what_is_declared_is_no_guess_and_a_guess_is_said() -> None:
    given = {"h": [16, 8, 4, 2, 1], "e": [x**2 for x in (16, 8, 4, 2, 1)]}
    told = recorded(given, sizes="h", error="e", steps="h")
    assert list(estimate(told).exponents) == ["1/h"]
    assert "guess" not in str(estimate(told))
    found = str(estimate(recorded(given, sizes="h", error="e")))
    assert "h is read as a size, which grows: a guess" in found
    sized = recorded(given, sizes="h", error="e", steps="")
    assert judged(sized, h**2).sizes[-1] == {"h": 16}
    with pytest.raises(InputProblem, match="steps among the sizes"):
        recorded(given, sizes="h", error="e", steps="k")


def test_without_noise_a_floor_a_late_rate_and_a_half_order_are_not_supported() -> None:
    for error in (
        lambda x: x**2 + 1e-4,
        lambda x: x**2 * (1 + 2 * x**0.5) if x > 0.01 else x**1.8,
        lambda x: x**1.85 * (1 + 5 * x**0.5),
    ):
        assert judged(steps(error), h**2).verdict is not Verdict.SUPPORTED


def test_a_logarithm_of_a_step_is_that_of_its_inverse() -> None:
    data = in_unit_of(1.0, lambda x: x**2 * np.log(1 / x), 8)
    assert judged(data, "h^2 log(h)").verdict is Verdict.SUPPORTED
    assert judged(data, "h^2").verdict is not Verdict.SUPPORTED
    assert judged(data, "h^2 log(h)^2").verdict is not Verdict.SUPPORTED
    assert judged(data, "h^3 log(h)").verdict is Verdict.REFUTED
    with pytest.raises(ValueError, match="levels of at least 2"):
        judged(in_unit_of(1000.0, lambda x: x**2 * np.log(1 / x)), "h^2 log(h)")


@pytest.mark.parametrize(("q", "count"), [(1.5, 4), (2, 5), (2.75, 6), (0.5, 5), (8, 6), (20, 6)])
def test_a_slower_rate_behind_a_half_order_is_not_supported(q: float, count: int) -> None:
    data = in_unit_of(1.0, lambda x: x**1.85 * (1 + q * (x / 0.1) ** 0.5), count)
    assert judged(data, h**2).verdict is not Verdict.SUPPORTED


@pytest.mark.parametrize(("q", "count"), [(2.5, 4), (3, 5), (6, 6), (0.5, 5), (8, 6), (20, 6)])
def test_the_right_rate_behind_a_half_order_is_not_refuted(q: float, count: int) -> None:
    data = in_unit_of(1.0, lambda x: x**2 * (1 + q * (x / 0.1) ** 0.5), count)
    assert judged(data, h**2).verdict is not Verdict.REFUTED
    assert judged(data, h**3).verdict is Verdict.REFUTED  # what lies behind the slopes is excluded


@given(st.floats(0.5, 4.0), st.floats(0.5, 2.0), st.floats(-0.9, 60), st.integers(4, 9))
def test_corrections_up_to_sixty_times_the_leading_term_leave_the_exponent_inside(
    p, order, a, count
) -> None:
    data = in_unit_of(1.0, lambda x: x**p * (1 + a * (x / 0.1) ** order), count)
    _, low, high = estimate(data).exponents["1/h"]
    assert low - 1e-9 <= -p <= high + 1e-9


@given(
    st.floats(0.5, 4.0), st.floats(0.5, 2.0), st.floats(-0.5, 2.0), st.integers(4, 8)
)  # fmt: skip
def test_the_range_of_slopes_holds_the_exponent(p, order, a, count) -> None:
    sizes = [0.02 / 2**k for k in range(count)]
    errors = [x**p * (1 + a * x**order) for x in sizes]
    found = estimate(recorded({"h": sizes, "e": errors}, sizes="h", error="e"))
    _, low, high = found.exponents["1/h"]
    assert low - 1e-9 <= -p <= high + 1e-9


@pytest.mark.parametrize("predicted", [h**2, h**3])
def test_a_record_without_noise_states_no_probability(predicted) -> None:
    result = judged(steps(lambda x: 3 * x**2 * (1 + 2 * x)), predicted)
    record = result.to_json()
    jsonschema.validate(record, result_schema())
    (test,) = record["tests"]
    stated = [record[name] for name in ("p_refute", "false_refutation", "budget_spent")]
    stated += [test[name] for name in ("p_refute", "p_support", "confidence")]
    stated += [record["false_support"][name] for name in ("probability", "at_edge")]
    assert stated == [None] * 8
    assert record["false_support"]["alternative"] == "no noise: no probabilities"
    assert "No noise: no probabilities; one recorded error a size." in errors_sentence(result)


def test_a_table_that_rounding_blocks_speaks_of_no_seeds() -> None:
    result = judged(steps(lambda x: 1e-16), h)
    assert not any("seeds" in words for words in (result.because, *result.notes))


def rounded(error, ratio: float, digits: int, count: int = 4) -> Recorded:
    """A convergence table as it is printed, with so many significant digits."""
    sizes = [0.1 / ratio**k for k in range(count)]
    printed = [float(f"{error(x):.{digits}g}") for x in sizes]
    return recorded({"h": sizes, "e": printed}, sizes="h", error="e")


def test_the_digits_of_a_table_widen_its_slopes() -> None:
    """Two digits decide little; three do of a clean rate at ratio 2; nothing true is refuted."""
    wrong = rounded(lambda x: 1.309 * x**2.13, 2, 2)
    assert judged(wrong, h**2).verdict is not Verdict.SUPPORTED
    for ratio in (1.25, 2.0):
        for constant in np.linspace(1, 10, 12):
            for digits in (1, 2, 3):
                data = rounded(lambda x, c=constant: c * x**2, ratio, digits)
                assert judged(data, h**2).verdict is not Verdict.REFUTED
                low, high = estimate(data).exponents["1/h"][1:]
                assert low <= -2 <= high
    assert judged(rounded(lambda x: 1.02 * x**2, 2, 3), h**2).verdict is Verdict.SUPPORTED
    assert judged(rounded(lambda x: x**3, 2, 3), h**2).verdict is Verdict.REFUTED


def test_digits_are_those_of_the_column() -> None:
    printed = np.array([0.12, 0.03, 0.0075, 0.0019])
    assert digit_rounding(printed) == pytest.approx(
        [0.005 / 0.12, 0.0005 / 0.03, 0.00005 / 0.0075, 0.00005 / 0.0019]
    )
    assert digit_rounding(np.array([0.1234, 0.0312, 0.0078])) == pytest.approx(
        [0.00005 / 0.1234, 0.00005 / 0.0312, 0.00005 / 0.0078]
    )
    assert digit_rounding(np.array([1 / 3, 1e-9 / 3])).max() < 1e-6
    assert digit_rounding(np.array([9800.0, 2200.0])) == pytest.approx([50 / 9800, 50 / 2200])
    assert not digit_rounding(np.ones(3)).any()
