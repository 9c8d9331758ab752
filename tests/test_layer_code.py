"""The code of finite layers, and the commands on files of layers."""

from pathlib import Path

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np
import pytest
import sympy as sp

import verilimit as vl
from checks.app.layer_code import generate_layers
from checks.app.layers import chosen
from checks.suite.problem import InputProblem
from tests.conftest import ROOT
from theory.codegen.layers import UNIT_CODE, layer_source
from theory.layers.functions import UNITS, x

GALLERY = sorted((ROOT / "docs" / "gallery").glob("*.py"))


@pytest.mark.parametrize("name", sorted(UNITS))
def test_the_code_of_a_unit_is_its_formula(name: str) -> None:
    points = np.array([-1.7, -0.3, 0.4, 2.1])
    module = {"jax": jax, "jnp": jnp, "jsp": jsp, "z": jnp.asarray(points)}
    found = eval(UNIT_CODE[name].format("z"), module)
    expected = [float(UNITS[name].subs(x, sp.Float(p, 30)).evalf(20)) for p in points]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("path", GALLERY, ids=lambda p: p.stem)
def test_every_layer_of_the_gallery_has_code(path: Path) -> None:
    (layer,) = chosen(str(path)).values()
    source = layer_source(layer, path.name)
    compile(source, path.name, "exec")
    assert f"Generated from {path.name}" in source


def test_a_name_that_code_cannot_have_is_refused() -> None:
    for name in ("keys", "_x", "jnp"):
        y = vl.state(name)
        layer = vl.Layer("bad", step={y: y + vl.gaussian("g") / vl.N}, watch={"s": y}, steps=vl.N)
        with pytest.raises(ValueError, match=f"{name} cannot be a name in code"):
            layer_source(layer)


def test_a_law_without_sampler_is_refused() -> None:
    y, g = vl.state("y"), vl.independent("g", cumulants=[0, 1, 1, 5, 20])
    layer = vl.Layer("skew", step={y: y + g / vl.N}, watch={"s": y}, steps=vl.N)
    with pytest.raises(NotImplementedError, match="no sampler is known of g"):
        layer_source(layer)


@pytest.mark.parametrize(
    "cumulants", [(0.5, 2, -1, 3), (0, 1, 1, -1), (0, 0.01, 0.02, 0.05), (1, 2, 1)]
)
def test_a_law_that_is_given_by_cumulants_is_drawn_with_them(cumulants: tuple) -> None:
    y, g = vl.state("y", 200_000), vl.independent("g", 200_000, cumulants=cumulants)
    layer = vl.Layer("skew", {y: y + g}, {"s": vl.mean(y)}, steps=vl.N)
    module: dict = {}
    exec(compile(layer_source(layer), "layer", "exec"), module)
    drawn = np.asarray(module["step"](jax.random.key(3), y=np.zeros(200_000))["y"])
    assert len(np.unique(drawn)) <= 3
    centred = drawn - cumulants[0]
    second, third, fourth = (*cumulants[1:], 0)[:3]
    for power, moment in {1: 0, 2: second, 3: third, 4: fourth + 3 * second**2}.items():
        error = (centred**power).std() / drawn.size**0.5
        assert abs((centred**power).mean() - moment) < 4.5 * error


def test_a_title_cannot_leave_the_docstring() -> None:
    y = vl.state("y")
    layer = vl.Layer('"""\nraise SystemExit', step={y: y}, watch={"s": y}, steps=vl.N)
    exec(compile(layer_source(layer), "layer", "exec"), {})


def file_of(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(
        "import verilimit as vl\nx = vl.state('x')\n"
        "layer = vl.Layer('mine', step={x: x + vl.gaussian('g') / vl.sqrt(vl.N)}, "
        "watch={'x': x}, steps=vl.N)\n"
    )
    return str(path)


def test_generated_code_stands_beside_the_users_file(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    assert generate_layers(file, check=True) == 1
    assert generate_layers(file, check=False) == 0
    assert generate_layers(file, check=True) == 0
    assert (tmp_path / "mine_layer_generated.py").is_file()


def test_a_layer_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="other"):
        generate_layers(f"{file_of(tmp_path)}:other", check=True)
