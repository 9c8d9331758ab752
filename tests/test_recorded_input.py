"""Recorded tables: read as they are, in any form, and refused in one line."""

from typing import Any

import numpy as np
import pytest

from checks.recorded.comparison import compare
from checks.recorded.estimates import estimate
from checks.recorded.recorded import recorded
from checks.suite.problem import InputProblem
from checks.verdicts import Verdict
from tests.recorded_tables import judged, n, runs


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


def test_parquet_without_its_extra_names_the_extra(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("checks.recorded.table.find_spec", lambda name: None)
    with pytest.raises(InputProblem, match=r"verilimit\[parquet\]"):
        recorded(tmp_path / "table.parquet", sizes="n", error="e")


BAD: dict[str, tuple[Any, str]] = {
    "a missing column": ({"m": [1], "e": [1]}, "a column “n”"),
    "text": ({"n": [4, "x"], "e": [1, 2]}, "'x' in row 2"),
    "a value that is missing": ({"n": [4, 8], "e": [1, None]}, "None in row 2"),
    "not a number": ({"n": [4, 8], "e": [1, float("nan")]}, "nan in row 2"),
    "a truth value": ({"n": [4, 8], "e": [1, True]}, "True in row 2"),
    "a complex number": ({"n": [4, 8], "e": [1, 1j]}, "1j in row 2"),
    "a masked value": ({"n": [4, 8], "e": [1, np.ma.masked]}, "in row 2"),
    "a date": ({"n": [4, 8], "e": [1, np.datetime64("2020-01-01")]}, "in row 2"),
    "a date of a column": (
        {"n": [4, 8], "e": np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[ns]")},
        "in row 1",
    ),
    "a span of time": ({"n": [4, 8], "e": np.array([1, 2], dtype="timedelta64[s]")}, "in row 1"),
    "an array in a cell": ({"n": [4, 8], "e": [1, np.array(True)]}, "array(True) in row 2"),
    "bytes": ({"n": [4, 8], "e": [1, b"1"]}, "b'1' in row 2"),
    "an underscore": ({"n": [4, 8], "e": [1, "1_0"]}, "'1_0' in row 2"),
    "digits of another script": ({"n": [4, 8], "e": [1, "\u0661"]}, "in row 2"),
    "a text for a column": ({"n": "48", "e": [1, 2]}, "received a str"),
    "a number for a column": ({"n": 48, "e": [1, 2]}, "received a int"),
    "a column of rows": ({"n": [4, 8], "e": np.ones((2, 1))}, "of shape (2, 1)"),
    "a number beyond all doubles": ({"n": [4, 8], "e": [1, 10**400]}, "in row 2"),
    "a number that Python does not print": ({"n": [4, 8], "e": [1, 10**5000]}, "of many digits"),
    "two columns of one name": ({1: [4, 8], "1": [4, 8], "e": [1, 2]}, "two columns"),
    "a zero without noise": ({"n": [4, 8], "e": [0, 1]}, "an error of 0 at {'n': 4}"),
    "runs that do not vary": ({"n": [4, 4, 8, 8], "e": [1, 1, 3, 4]}, "equal errors at {'n': 4}"),
    "a negative error": ({"n": [4, 8], "e": [1, -1]}, "errors of at least 0"),
    "a size of zero": ({"n": [0, 8], "e": [1, 1]}, "sizes above 0"),
    "one run at one size only": ({"n": [4, 4, 8], "e": [1, 2, 3]}, "two runs at every size"),
    "a decimal comma": ({"n": [4, 8], "e": ["1,5", "2"]}, "Write a decimal point"),
    "columns of two lengths": ({"n": [4], "e": [1, 2]}, "columns of one length"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_named_in_one_line(name: str) -> None:
    columns, words = BAD[name]
    with pytest.raises(InputProblem, match="expected") as problem:
        recorded(columns, sizes="n", error="e")
    assert words in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_name_that_is_nearly_one_is_guessed() -> None:
    with pytest.raises(InputProblem, match="did you mean error"):
        recorded({"n": [4], "error": [1.0]}, sizes="n", error="eror")


def test_columns_that_nothing_reads_are_named() -> None:
    rows = {**runs(lambda k: 1 / k, (5,) * 6), "depth": [2] * 30}
    data = recorded(rows, sizes="n", error="err", run="run")
    assert "columns that are not read: depth" in judged(data, 1 / n).notes
    assert "columns that are not read: depth" in estimate(data).notes
    assert not recorded(runs(lambda k: 1 / k, (5,) * 6), sizes="n", error="err", run="run").notes


@pytest.mark.parametrize("times", [2, 3])
def test_copies_of_rows_are_refused(times: int) -> None:
    rows = runs(lambda k: 1 / k, (10,) * 6)
    whole = {name: column * times for name, column in rows.items()}
    part = {name: column + column[:1] * times for name, column in rows.items()}
    short = {**whole, "err": [round(error, 4) for error in whole["err"]]}
    for copied in (whole, part, short):
        with pytest.raises(InputProblem, match="rows that repeat"):
            recorded(copied, sizes="n", error="err")
        renamed = {**copied, "run": [f"r{k}" for k in range(len(copied["n"]))]}
        with pytest.raises(InputProblem, match="rows that repeat"):
            recorded(renamed, sizes="n", error="err", run="run")


def test_equal_counts_and_rounded_figures_are_no_copies() -> None:
    rng = np.random.default_rng(1)
    rows = {"n": np.repeat([4, 8, 16, 32], 50), "e": rng.integers(1, 9, 200) / 100}
    assert recorded(rows, sizes="n", error="e").runs == (50,) * 4
    halves = {"n": rows["n"], "e": rng.standard_normal(200).astype(np.float32) ** 2}
    assert recorded(halves, sizes="n", error="e").runs == (50,) * 4


@pytest.mark.parametrize("of", [lambda k: 1 - k / 30, lambda k: abs(k / 30 - 0.5) ** 0.5])
def test_shares_of_a_whole_are_no_copies(of) -> None:
    """Their decimals do not end, and they meet by chance."""
    hits = np.random.default_rng(1).binomial(30, 0.7, size=(4, 50))
    rows = {"n": np.repeat([4, 8, 16, 32], 50), "e": of(hits).ravel()}
    assert recorded(rows, sizes="n", error="e").runs == (50,) * 4


@pytest.mark.parametrize("named", [{"run": "e"}, {"standard_error": "e"}, {"error": "n"}])
def test_a_column_has_one_meaning(named) -> None:
    with pytest.raises(InputProblem, match="once"):
        recorded({"n": [4, 8], "e": [1, 2]}, **{"sizes": "n", "error": "e", **named})


@pytest.mark.parametrize("count", [1, 2.5, 1e300])
def test_counts_of_runs_are_whole(count: float) -> None:
    rows = {"n": [4, 8, 16, 32], "e": [4.0, 2.0, 1.0, 0.5], "s": [0.1] * 4, "m": [count] * 4}
    with pytest.raises(InputProblem, match="whole numbers of at least 2"):
        recorded(rows, sizes="n", error="e", standard_error="s", count="m")


def test_standard_errors_beyond_all_errors_are_noise() -> None:
    rows = {"n": [4, 8, 16, 32], "e": [4.0, 2.0, 1.0, 0.5], "s": [1e-3, 1e300, 1e-3, 1e-3]}
    data = recorded(rows, sizes="n", error="e", standard_error="s")
    result = judged(data, 1 / n)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "noise floor: at {'n': 8}" in result.because


@pytest.mark.parametrize("level", [0, 2])
def test_one_run_that_blows_up_refutes_nothing(level: int) -> None:
    rows = runs(lambda k: 1 / k, (20,) * 6)
    rows["err"][20 * level] = 1e30
    result = judged(recorded(rows, sizes="n", error="err", run="run"), 1 / n)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.because.startswith(f"noise floor: at {{'n': {4 * 2**level}}}")


@pytest.mark.parametrize("statistic", ["mean", "rms", "geometric"])
@pytest.mark.parametrize("unit", [2.0**-900, 2.0**900])
def test_the_unit_of_the_errors_changes_nothing_else(statistic: str, unit: float) -> None:
    rows = runs(lambda k: 1 / k, (10,) * 6)
    other = {**rows, "err": [unit * error for error in rows["err"]]}
    here, there = (
        recorded(part, sizes="n", error="err", statistic=statistic) for part in (rows, other)
    )
    assert there.values / unit == pytest.approx(here.values, rel=1e-12)
    assert there.covariance == pytest.approx(here.covariance, rel=1e-12, abs=1e-20)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_a_csv_file_may_end_its_lines_as_any_system_does(tmp_path, ends: str) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(ends.join(["n,e", "4,1e-1", " 8 , +.5", "16,0.25", ""]).encode())
    assert recorded(file, sizes="n", error="e").values.tolist() == [0.1, 0.5, 0.25]


@pytest.mark.parametrize(
    "content", [b"\x00\x01\x02,\x00\n1,2\n", b"\xff\xfe\x00n", b"PAR1\x15", b"n,e\n1\n", b""]
)
def test_a_file_that_is_no_table_is_refused(tmp_path, content: bytes) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(content)
    with pytest.raises(InputProblem) as problem:
        recorded(file, sizes="n", error="e")
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("path", ["no.csv", "no\x00.csv", "."])
def test_a_path_to_no_table_is_refused(path: str) -> None:
    with pytest.raises(InputProblem, match="a file with a table"):
        recorded(path, sizes="n", error="e")


def test_one_size_is_too_few() -> None:
    with pytest.raises(InputProblem, match="at least 4 levels of n"):
        estimate(recorded({"n": [4, 4, 4], "e": [1, 2, 3]}, sizes="n", error="e"))


@pytest.mark.parametrize("power", [1, 2])
def test_sizes_that_vary_only_together_have_no_exponents(power: int) -> None:
    """n^-1 and m^-1 are one law where m = n: neither is supported, and no exponent is estimated."""
    rows = runs(lambda k: 1 / k, (30,) * 6)
    both = {**rows, "m": [k**power for k in rows["n"]]}
    data = recorded(both, sizes="n,m", error="err", run="run")
    with pytest.raises(ValueError, match="sizes n, m that vary only together"):
        judged(data, "n^-1")
    for use in (estimate, lambda table: compare(table, table)):
        with pytest.raises(InputProblem, match="sizes n, m that vary only together"):
            use(data)
    fixed = recorded({**rows, "m": [3] * len(rows["n"])}, sizes="n,m", error="err", run="run")
    assert judged(fixed, "n^-1").verdict is not Verdict.REFUTED
