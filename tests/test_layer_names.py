"""Names and numbers that a layer or a command line cannot have are refused, and with what to do."""

import math
from pathlib import Path

import numpy as np
import pytest

import verilimit as vl
from checks.app.layers import print_limits, steps_of
from checks.app.phases import print_phases
from checks.layers.expected import expectation_claims
from checks.suite.problem import InputProblem
from checks.verdicts import Verdict, judge
from theory.layers.arrays import LayerError
from theory.limits.limit import distance
from theory.limits.monomials import exponent_range, monomial

x, c = vl.state("x"), vl.positive("c")


def decay(expect: dict | None = None) -> vl.Layer:
    step, at = {x: x - c * x / vl.N}, {c: 1, "x": 1}
    return vl.Layer("decay", step, {"x": x}, steps=vl.N, at=at, expect=expect or {})


@pytest.mark.parametrize("stated", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_agrees_with_nothing(stated: float) -> None:
    assert distance(np.array(1.0), stated) == math.inf
    assert distance(np.array(stated), stated) == math.inf
    limit = vl.derive(decay(expect={"x": {"drift": stated}}))
    assert limit.contradictions()
    (claim,) = expectation_claims("decay", limit)
    assert judge(claim, seed=0, tier="smoke", budget=1e-4).verdict is Verdict.REFUTED


@pytest.mark.parametrize("name", ["the radius", "x-1", "1x", "", "lambda", "class"])
def test_a_statistic_with_a_name_that_code_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(LayerError, match="no name that code can have"):
        vl.Layer("odd", {x: x}, {name: x})


def test_a_parameter_or_array_with_such_a_name_is_refused() -> None:
    odd, y = vl.positive("lambda"), vl.state("my state")
    with pytest.raises(LayerError, match="'lambda'"):
        vl.Layer("odd", {x: odd * x}, {"r": x})
    with pytest.raises(LayerError, match="'my state'"):
        vl.Layer("odd", {y: y}, {"r": y})


def test_a_scaling_that_names_a_size_with_a_scaling_of_its_own_is_refused() -> None:
    n, f = vl.sizes("n f")
    e, w = vl.state("e", n), vl.gaussian("w", n, f)
    step = {e: e + vl.sum(w, axis=1) / f}
    with pytest.raises(LayerError, match=r"the scaling of f, 2\*n, contains n"):
        vl.Layer("nested", step, {"r": e @ e}, {n: vl.N, f: 2 * n})


@pytest.mark.parametrize(
    ("text", "what"),
    [("N**1/2", r"write the power as N\*\*\(1/2\)"), ("N ^ 3 / 2", r"1/2\*N\*\*3"),
     ("1/0", "other than zero"), ("N**(1/0)", "other than zero"), ("9" * 5000, "at most 6 digits"),
     ("N**" + "9" * 5000, "at most 6 digits")],
)  # fmt: skip
def test_steps_that_are_no_number_or_two_are_refused_with_what_to_write(
    text: str, what: str
) -> None:
    with pytest.raises(ValueError, match=what):
        monomial(text)
    with pytest.raises(InputProblem, match=what):
        steps_of(decay(), text)


@pytest.mark.parametrize("text", ["p:0:1/0", "p:1/0:1", "p:0:" + "9" * 5000])
def test_a_range_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        exponent_range(text)


def test_the_name_of_a_layer_is_printed_as_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.py"
    path.write_text(
        'import verilimit as vl\nx, p = vl.state("x"), vl.positive("p")\n'
        'layer = vl.Layer("a [red]b[/red] [/] c", {x: x - x * vl.N ** (-p)}, {"x": x}, steps=vl.N)'
    )
    assert print_limits(str(path), latex=False, out=None) == 3
    assert print_phases(str(path), "p", steps=None, latex=False, out=None, svg=None) == 0
    assert capsys.readouterr().out.count("a [red]b[/red] [/] c") == 2
