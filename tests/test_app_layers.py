"""``verilimit derive FILE.py``: exit statuses, the JSON file, bad input."""

import json
from pathlib import Path

import pytest

from checks.app.layers import print_limits
from checks.app.main import is_layer_file
from checks.suite.problem import InputProblem
from tests.conftest import ROOT

GALLERY = ROOT / "docs" / "gallery"
WRONG = """
import verilimit as vl
x, c = vl.state("x"), vl.positive("c")
layer = vl.Layer("decay", {x: x - c * x / vl.N}, {"x": x}, steps=vl.N, at={c: 1, "x": 1},
                 expect={"regime": "ODE", "x": {"drift": -2}})
"""


def test_a_decided_negative_answer_is_an_answer(tmp_path: Path) -> None:
    out = tmp_path / "limits.json"
    assert print_limits(str(GALLERY / "drop_path.py"), latex=False, out=out) == 0
    record = json.loads(out.read_text(encoding="utf-8"))["layer"]
    assert record["regime"] == "JUMPS"


def test_the_json_file_has_formulas_and_hypotheses(tmp_path: Path) -> None:
    out = tmp_path / "limits.json"
    target = f"{GALLERY / 'spiked_matrix.py'}:layer"
    assert print_limits(target, latex=True, out=out) == 0
    record = json.loads(out.read_text(encoding="utf-8"))["layer"]
    assert record["drift"]["m"]["sympy"] == "4*c*lam*m - 4*c*m*q"
    assert set(record["hypotheses"]) == {f"H{k}" for k in range(1, 7)}
    assert record["fluctuation"]["scale"] == "sqrt(N)"


def test_a_contradicted_expectation_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.py"
    file.write_text(WRONG, encoding="utf-8")
    assert print_limits(str(file), latex=False, out=None) == 1
    assert "expected drift of x -2" in capsys.readouterr().out


@pytest.mark.parametrize("target", ["nowhere.py", f"{GALLERY / 'oja.py'}:other"])
def test_bad_targets_are_bad_input(target: str) -> None:
    assert is_layer_file(target)
    with pytest.raises(InputProblem):
        print_limits(target, latex=False, out=None)


@pytest.mark.parametrize("text", ["import sys\nsys.exit(0)\n", "1 / 0\n", "x = 1\n"])
def test_a_file_that_ends_fails_or_has_no_layer_is_bad_input(text: str, tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputProblem):
        print_limits(str(file), latex=False, out=None)


def test_a_layer_may_use_what_lies_beside_its_file(tmp_path: Path) -> None:
    (tmp_path / "parts.py").write_text("def halved(x):\n    return x / 2\n", encoding="utf-8")
    file = tmp_path / "mine.py"
    file.write_text(WRONG.replace("-2", "-1") + "\nfrom parts import halved\nhalved(1)\n")
    assert print_limits(str(file), latex=False, out=None) == 0


def test_a_json_file_that_cannot_be_written_is_refused_before_the_derivation(
    tmp_path: Path,
) -> None:
    with pytest.raises(InputProblem, match="--json"):
        print_limits(str(GALLERY / "oja.py"), latex=False, out=tmp_path / "no" / "limits.json")
