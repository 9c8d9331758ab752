"""Phase diagrams in two exponents: the regions are exact, and each has its layer."""

import json
import random
from pathlib import Path
from xml.etree import ElementTree

import pytest
import sympy as sp

import verilimit as vl
from checks.app.phases import print_phases
from checks.suite.problem import InputProblem
from theory.limits.monomials import exponent_ranges

N, y, xi = vl.N, vl.state("y"), vl.gaussian("xi")
p, q, c = vl.positive("p q c")
FILE = """
import verilimit as vl
y, xi = vl.state("y"), vl.gaussian("xi")
p, q = vl.positive("p q")
layer = vl.Layer("two", {y: y - y * vl.N ** (-p) + xi * vl.N ** (-q)}, {"y": y}, steps=vl.N)
"""


def moved(drift: sp.Expr, noise: sp.Expr) -> vl.Limit:
    step = {y: y - c * y * N**-drift + xi * N**-noise}
    return vl.derive(vl.Layer("two", step, {"y": y}, steps=N, at={"y": 1.0}))


def test_the_regions_of_drift_and_noise_are_those_found_by_hand() -> None:
    """Over N steps a drift N**-p counts at p = 1, noise N**-q at q = 1/2."""
    diagram = moved(p, q).phase((p, q), (0, 0), (2, 1))
    found = {diagram.where(f): f.regime for f in diagram.regions}
    assert found == {
        "q < 1/2, p < 1": "UNSTABLE", "q > 1/2, p < 1": "UNSTABLE", "q < 1/2, p > 1": "UNSTABLE",
        "q > 1/2, p > 1": "TRIVIAL", "q = 1/2, p < 1": "UNSTABLE", "q < 1/2, p = 1": "UNSTABLE",
        "q > 1/2, p = 1": "ODE", "q = 1/2, p > 1": "SDE WITHOUT DRIFT", "q = 1/2, p = 1": "SDE",
    }  # fmt: skip
    corners = {diagram.where(f): len(f.corners) for f in diagram.regions}
    assert corners["q > 1/2, p > 1"] == 4
    assert corners["q > 1/2, p = 1"] == 2
    assert corners["q = 1/2, p = 1"] == 1


@pytest.mark.parametrize("noise", [q, 2 * q - p / 2, 1 - q])
def test_a_point_has_the_regime_that_is_derived_there(noise: sp.Expr) -> None:
    """The second route: the layer at points, most of them off all lines, some on one."""
    diagram = moved(p + q / 2, noise).phase((p, q), (0, 0), (2, 2))
    rng = random.Random(0)
    points = [(sp.Rational(rng.randrange(1, 8), 4), sp.Rational(rng.randrange(1, 8), 4))
              for _ in range(25)]  # fmt: skip
    for point in points:
        at = dict(zip((p, q), point, strict=True))
        (face,) = [f for f in diagram.regions if all(r.subs(at) == True for r in f.conditions)]  # noqa: E712
        there = moved((p + q / 2).subs(at), noise.subs(at))
        assert there.regime == face.regime
        if there.regime in ("ODE", "SDE"):
            assert there.drift == face.limit.drift


def test_each_region_has_the_layer_of_the_point_at_which_it_was_derived() -> None:
    diagram = moved(p, q).phase((p, q))
    for face, (_, point, _) in zip(diagram.regions, diagram.rows, strict=True):
        assert all(r.subs(dict(zip((p, q), face.at, strict=True))) == True for r in face.conditions)  # noqa: E712
        assert vl.derive(face.layer).regime == face.regime
        assert point in face.layer.name
    assert len(diagram.layers) == len(diagram.regions)


def test_what_is_no_pair_of_exponents_is_refused() -> None:
    limit = moved(p, q)
    for pair in ((p, p), (p, c), (p, N)):
        with pytest.raises(ValueError, match=r"expected|is no exponent"):
            limit.phase(pair)
    with pytest.raises(ValueError, match="low < high"):
        limit.phase((p, q), (0, 1), (1, 1))


def test_two_exponents_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out, svg = (tmp_path / x for x in ("two.py", "two.json", "two.svg"))
    file.write_text(FILE)
    wanted = "p:0:2, q:0:1"
    assert print_phases(str(file), wanted, steps=None, latex=False, out=out, svg=svg) == 0
    assert "q = 1/2, p = 1  SDE" in capsys.readouterr().out
    regions = json.loads(out.read_text())["layer"]["regions"]
    assert {r["where"]: r["regime"] for r in regions}["q > 1/2, p = 1"] == "ODE"
    drawn = [x.tag.rpartition("}")[2] for x in ElementTree.parse(svg).iter()]
    assert (drawn.count("polygon"), drawn.count("polyline"), drawn.count("circle")) == (4, 4, 1)
    with pytest.raises(InputProblem, match="exponent"):
        print_phases(str(file), "p,r", steps=None, latex=False, out=None, svg=None)


def test_at_most_two_exponents_are_read() -> None:
    assert [name for name, *_ in exponent_ranges("p:0:1,q")] == ["p", "q"]
    with pytest.raises(ValueError, match="one or two exponents"):
        exponent_ranges("p,q,r")
