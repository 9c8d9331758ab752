"""``derive --phase`` and ``--steps``: from the words of a command line to a diagram."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
import sympy as sp

import verilimit as vl
from checks.app.layers import print_limits
from checks.app.phases import print_phases
from checks.suite.problem import InputProblem
from tests.conftest import ROOT
from theory.limits.monomials import exponent_range, monomial

LAYER = """
import verilimit as vl
m, n = vl.sizes("m n")
p = vl.positive("p")
X, W = vl.state("X", m, n), vl.gaussian("W", n, n)
layer = vl.Layer("branch", {X: X + vl.N ** (-p) * X @ W / vl.sqrt(n)}, {"V": X @ X.T / n},
                 {n: vl.N}, vl.N)
"""


@pytest.fixture
def branch(tmp_path: Path) -> str:
    path = tmp_path / "branch.py"
    path.write_text(LAYER)
    return str(path)


def test_a_diagram_is_printed_drawn_and_written(
    branch: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out, svg = tmp_path / "phases.json", tmp_path / "phases.svg"
    assert print_phases(branch, "p:0:1", steps=None, latex=False, out=out, svg=svg) == 0
    record = json.loads(out.read_text())["layer"]
    assert record["critical"] == ["1/2"]
    regimes = [(r["low"], r["high"], r["regime"]) for r in record["regions"]]
    assert regimes == [("0", "1/2", "UNSTABLE"), ("1/2", "1/2", "ODE"), ("1/2", "1", "TRIVIAL")]
    assert "drift of V = V[alpha, beta]" in capsys.readouterr().out
    words = [x.text for x in ElementTree.parse(svg).iter() if x.text]
    assert {"UNSTABLE", "ODE", "TRIVIAL", "1/2"} <= set(words)


def test_other_steps_move_the_boundary(branch: str, tmp_path: Path) -> None:
    out = tmp_path / "phases.json"
    print_phases(branch, "p", steps="N**2", latex=False, out=out, svg=None)
    assert json.loads(out.read_text())["layer"]["critical"] == ["1"]


@pytest.mark.parametrize("words", ["q", "N", "n", "m", "p:0:x", "p:1:0", "p:0:1/0", "p;0;1", ""])
def test_what_is_no_exponent_of_the_layer_is_refused(branch: str, words: str) -> None:
    with pytest.raises(InputProblem, match="expected"):
        print_phases(branch, words, steps=None, latex=False, out=None, svg=None)


@pytest.mark.parametrize(
    ("text", "value"),
    [("N", vl.N), ("3*N**2", 3 * vl.N**2), ("N**(1/2)", sp.sqrt(vl.N)), ("7", sp.Integer(7)),
     ("1/2 * N ^ (3/2)", vl.N ** sp.Rational(3, 2) / 2)],
)  # fmt: skip
def test_monomials_are_read(text: str, value: sp.Expr) -> None:
    assert monomial(text) == value


@pytest.mark.parametrize(
    "text", ["", "M", "N+1", "N**N", "__import__('os')", "exp(N)", "0*N", "2N**", "N**(1/2", "-N"]
)
def test_nothing_else_is_evaluated(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        monomial(text)


def test_a_range_is_two_rationals() -> None:
    assert exponent_range("p:1/2:3") == ("p", sp.Rational(1, 2), sp.Integer(3))


def test_steps_on_the_command_line_leave_expectations_out(
    capsys: pytest.CaptureFixture,
) -> None:
    target = str(ROOT / "docs" / "gallery" / "deep_linear.py")
    assert print_limits(target, latex=False, out=None, steps="N**2") == 0
    assert "UNSTABLE" in capsys.readouterr().out


def test_dropped_terms_are_said_with_their_orders(capsys: pytest.CaptureFixture) -> None:
    print_limits(str(ROOT / "docs" / "gallery" / "online_regression.py"), latex=False, out=None)
    assert "dropped from the drift of r, smaller by N**(-1)" in capsys.readouterr().out
