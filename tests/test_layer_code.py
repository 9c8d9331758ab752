"""The code of finite layers, and the commands on files of layers."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np
import pytest
import sympy as sp

import verilimit as vl
from checks.app.layers import derive_layers, generate_layers
from checks.suite.problem import InputProblem
from tests.conftest import ROOT
from theory.codegen.layers import UNIT_CODE, layer_source
from theory.layers.files import layers_of
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
    (layer,) = layers_of(path).values()
    source = layer_source(layer, path.name)
    compile(source, path.name, "exec")
    assert f"Generated from {path.name}" in source


def test_a_name_that_code_cannot_have_is_refused() -> None:
    for name in ("lambda", "keys", "_x", "jnp"):
        y = vl.state(name)
        layer = vl.Layer("bad", step={y: y + vl.gaussian("g") / vl.N}, watch={"s": y}, steps=vl.N)
        with pytest.raises(ValueError, match=f"{name} cannot be a name in code"):
            layer_source(layer)


def test_a_law_without_sampler_is_refused() -> None:
    y, g = vl.state("y"), vl.independent("g", cumulants=[0, 1, 1, 5])
    layer = vl.Layer("skew", step={y: y + g / vl.N}, watch={"s": y}, steps=vl.N)
    with pytest.raises(NotImplementedError, match="no sampler is known of g"):
        layer_source(layer)


def test_a_title_cannot_leave_the_docstring() -> None:
    y = vl.state("y")
    layer = vl.Layer('"""\nraise SystemExit', step={y: y}, watch={"s": y}, steps=vl.N)
    exec(compile(layer_source(layer), "layer", "exec"), {})


def test_derive_writes_the_limit_as_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "limit.json"
    file = str(ROOT / "docs" / "gallery" / "shaped_gated_mlp.py")
    assert derive_layers(file, latex=True, json=out) == 0
    record = json.loads(out.read_text())
    assert record["regime"] == "SDE"
    assert record["drift"]["V"]["sympy"] == "gamma**2*V[alpha, beta]**2/a**2"
    assert r"\gamma^{2}" in record["drift"]["V"]["latex"]
    assert set(record["hypotheses"]) == {f"H{k}" for k in range(1, 7)}
    assert "H6 PROVED" in capsys.readouterr().out


def file_of(tmp_path: Path, expect: str, factor: str = "vl.N") -> str:
    path = tmp_path / "mine.py"
    path.write_text(
        "import verilimit as vl\nx = vl.state('x')\n"
        f"layer = vl.Layer('mine', step={{x: x + vl.gaussian('g') / vl.sqrt({factor})}}, "
        f"watch={{'x': x}}, steps=vl.N, expect={{{expect}}})\n"
    )
    return str(path)


def test_a_contradiction_is_an_error_and_a_negative_answer_is_none(tmp_path: Path) -> None:
    def status(*args: str) -> int:
        return derive_layers(file_of(tmp_path, *args), latex=False, json=None)

    assert status("'regime': 'SDE WITHOUT DRIFT'") == 0
    assert status("'regime': 'ODE'") == 1
    assert status("", "vl.N**3") == 0  # TRIVIAL
    assert status("", "(vl.N + 1)") == 3  # no power of N


def test_generated_code_stands_beside_the_users_file(tmp_path: Path) -> None:
    file = file_of(tmp_path, "")
    assert generate_layers(file, check=True) == 1
    assert generate_layers(file, check=False) == 0
    assert generate_layers(file, check=True) == 0
    assert (tmp_path / "mine_layer_generated.py").is_file()


def test_a_layer_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="the layer other"):
        derive_layers(f"{file_of(tmp_path, '')}:other", latex=False, json=None)
