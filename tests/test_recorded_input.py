"""What a table and a rate may be, and what is refused."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from checks.recorded.estimates import estimate
from checks.recorded.monomials import read_rate
from checks.recorded.recorded import recorded
from checks.suite.problem import InputProblem
from tests.recorded_tables import H, L, h, n, runs


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
