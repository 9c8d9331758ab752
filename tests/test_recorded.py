"""Recorded tables: read as they are, judged by the rule of rates, estimated without a claim."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from checks.recorded.claim import RecordedRateClaim
from checks.recorded.comparison import compare
from checks.recorded.estimates import estimate
from checks.recorded.held import Recorded
from checks.recorded.monomials import read_rate
from checks.recorded.recorded import recorded
from checks.suite.problem import InputProblem
from checks.verdicts import Result, Verdict, judge
from checks.verdicts.levels import summarize

n, h, L, H = sp.symbols("n h L H", positive=True)
LEVELS = (4, 8, 16, 32, 64, 128)


def runs(truth, counts, seed=0, spread=0.3) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    rows = [
        (level, truth(level) * np.exp(spread * rng.standard_normal()), f"r{k}")
        for level, count in zip(LEVELS, counts, strict=True)
        for k in range(count)
    ]
    return {name: [row[i] for row in rows] for i, name in enumerate(("n", "err", "run"))}


def table(truth, counts=(150,) * 6, **how) -> Recorded:
    return recorded(runs(truth, counts, **how), sizes="n", error="err", run="run")


def judged(data: Recorded, predicted, **fields) -> Result:
    return judge(RecordedRateClaim(id="user/table", recorded=data, predicted=predicted, **fields))


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


def test_a_table_in_any_form_is_one_table(tmp_path) -> None:
    rows = runs(lambda k: 1 / k, (5,) * 6)
    file = tmp_path / "table.csv"
    lines = [
        "n;err;run",
        *(f"{a};{float(b)!r};{c}" for a, b, c in zip(*rows.values(), strict=True)),
    ]
    file.write_text("\ufeff" + "\r\n".join(lines) + "\n")
    packed = np.array(list(zip(*rows.values(), strict=True)), dtype=[
        ("n", "i8"), ("err", "f8"), ("run", "U8")
    ])  # fmt: skip

    class Frame(dict):
        columns = ("n", "err", "run")

    first = recorded(rows, sizes="n", error="err", run="run")
    for form in (file, packed, Frame(rows)):
        other = recorded(form, sizes=["n"], error="err", run="run")
        assert other.points == first.points
        assert np.array_equal(other.values, first.values)


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


def steps(error) -> Recorded:
    sizes = [0.1 / 2**k for k in range(6)]
    return recorded({"h": sizes, "e": [error(x) for x in sizes]}, sizes="h", error="e")


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


def in_unit_of(unit: float, error=lambda x: x**2 * (1 + x), count: int = 5) -> Recorded:
    """A convergence table whose steps are written in another unit."""
    sizes = [0.1 / 2**k for k in range(count)]
    given = {"h": [x * unit for x in sizes], "e": [error(x) for x in sizes]}
    return recorded(given, sizes="h", error="e")


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


@given(
    st.floats(0.5, 4.0), st.floats(0.5, 2.0), st.floats(-0.5, 2.0), st.integers(4, 8)
)  # fmt: skip
def test_the_range_of_slopes_holds_the_exponent(p, order, a, count) -> None:
    sizes = [0.02 / 2**k for k in range(count)]
    errors = [x**p * (1 + a * x**order) for x in sizes]
    found = estimate(recorded({"h": sizes, "e": errors}, sizes="h", error="e"))
    _, low, high = found.exponents["1/h"]
    assert low - 1e-9 <= -p <= high + 1e-9


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


def test_two_methods_are_compared_by_factor_and_exponent() -> None:
    a = table(lambda k: 1 / k, seed=1)
    b, c = table(lambda k: 0.6 / k, seed=2), table(lambda k: k**-1.5, seed=3)
    factor = compare(a, b).factor
    assert factor[1] < 1 / 0.6 < factor[2]
    low, high = compare(a, b).exponents["n"][1:]
    assert low < 0 < high
    assert compare(a, c).exponents["n"][1] > 0.3
    assert "B falls faster" in str(compare(a, c))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L^-1 + L^-1/3 H^-1/2", 1 / L + L ** sp.Rational(-1, 3) * H ** sp.Rational(-1, 2)),
        ("1/n", 1 / n),
        ("log(n)^2 n**-0.5", sp.log(n) ** 2 / sp.sqrt(n)),
        ("n^(-1/2)*log(n)", sp.log(n) / sp.sqrt(n)),
        ("1/L/H", 1 / (L * H)),
        ("h^2", h**2),
    ],
)
def test_a_rate_is_read(text: str, expected: sp.Expr) -> None:
    assert sp.simplify(read_rate(text) - expected) == 0


@given(st.text(max_size=40) | st.sampled_from(
    ["2/n", "n^-1/0", "", "+", "__import__('os')", "n^n", "(n)", "n^-1 -", "log(log(n))", "n^1e9"]
))  # fmt: skip
def test_whatever_is_no_rate_is_refused_in_one_line(text: str) -> None:
    try:
        found = read_rate(text)
    except InputProblem as problem:
        found, said = None, str(problem)
        assert "sum of monomials" in said
    assert found is None or found.free_symbols


def test_parquet_without_its_extra_names_the_extra(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("checks.recorded.table.find_spec", lambda name: None)
    with pytest.raises(InputProblem, match=r"verilimit\[parquet\]"):
        recorded(tmp_path / "table.parquet", sizes="n", error="e")


BAD: dict[str, tuple[dict[str, list[Any]], str]] = {
    "a missing column": ({"m": [1], "e": [1]}, "a column “n”"),
    "text": ({"n": [4, "x"], "e": [1, 2]}, "'x' in row 2"),
    "a value that is missing": ({"n": [4, 8], "e": [1, None]}, "None in row 2"),
    "not a number": ({"n": [4, 8], "e": [1, float("nan")]}, "nan in row 2"),
    "a truth value": ({"n": [4, 8], "e": [1, True]}, "True in row 2"),
    "a complex number": ({"n": [4, 8], "e": [1, 1j]}, "1j in row 2"),
    "a masked value": ({"n": [4, 8], "e": [1, np.ma.masked]}, "in row 2"),
    "a date": ({"n": [4, 8], "e": [1, np.datetime64("2020-01-01")]}, "in row 2"),
    "a negative error": ({"n": [4, 8], "e": [1, -1]}, "errors of at least 0"),
    "a size of zero": ({"n": [0, 8], "e": [1, 1]}, "sizes above 0"),
    "one run at one size only": ({"n": [4, 4, 8], "e": [1, 2, 3]}, "two runs at every size"),
    "columns of two lengths": ({"n": [4], "e": [1, 2]}, "columns of one length"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_named_in_one_line(name: str) -> None:
    columns, words = BAD[name]
    with pytest.raises(InputProblem, match="expected") as problem:
        recorded(columns, sizes="n", error="e")
    assert words in str(problem.value)
    assert "\n" not in str(problem.value)


def test_one_size_is_too_few() -> None:
    with pytest.raises(InputProblem, match="at least 4 levels of n"):
        estimate(recorded({"n": [4, 4, 4], "e": [1, 2, 3]}, sizes="n", error="e"))
