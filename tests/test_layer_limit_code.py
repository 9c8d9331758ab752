"""The generated limit of a layer is the derived one: value, root, gradient, batches."""

import inspect
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import verilimit as vl
from checks.app.layer_code import generate_layers
from checks.layers.finite import FiniteLayer
from checks.layers.limiting import Limiting
from tests.conftest import ROOT
from tests.gallery import limit_of
from theory.codegen.limits import limit_source

NAMES = (
    "spiked_matrix", "deep_linear", "bilinear_glu", "shaped_gated_mlp", "post_rmsnorm", "drop_path",
    "two_layer_linear", "pre_rmsnorm_relu", "sign_weights",
)  # fmt: skip


def generated(limit: vl.Limit) -> dict[str, Any]:
    module: dict[str, Any] = {}
    exec(compile(limit_source(limit, "mine.py"), "mine", "exec"), module)
    return module


def at_start(limit: vl.Limit, module: dict[str, Any]) -> tuple[list, np.ndarray, Limiting]:
    """Arguments of the functions at the start of the smallest layer; the route through NumPy."""
    finite = FiniteLayer(limit.layer)
    n = finite.smallest()
    statistics = finite.statistics(finite.values(n))
    known = {**finite.values(n), **statistics}
    arguments = [np.asarray(known[a], float) for a in inspect.signature(module["drift"]).parameters]
    limiting = Limiting(limit, known, {k: x.shape for k, x in statistics.items()})
    return arguments, finite.start(n), limiting


@pytest.mark.parametrize("name", NAMES)
def test_the_code_of_a_limit_has_the_derived_values(name: str) -> None:
    limit = limit_of(name)
    module = generated(limit)
    arguments, start, limiting = at_start(limit, module)
    drift = limiting.drift(start[None])[0]
    near = 3e-8 if name == "pre_rmsnorm_relu" else 1e-12  # at rho = 1 a root of what is rounded
    np.testing.assert_allclose(module["drift"](*arguments), drift, rtol=near, atol=1e-12)
    if limit.covariance:
        spread = limiting.covariance(start[None])[0]
        for covariance in (module["covariance"], jax.jit(module["covariance"])):
            np.testing.assert_allclose(covariance(*arguments), spread, rtol=1e-12, atol=1e-12)
        factor = np.asarray(module["noise_factor"](*arguments))
        np.testing.assert_allclose(factor @ factor.T, spread, rtol=1e-9, atol=1e-9)
    else:
        assert "noise_factor" not in module


def test_the_code_of_another_limit_has_other_values() -> None:
    """A control: one coefficient changed, and the comparison above notices."""
    limit = limit_of("spiked_matrix")
    module = generated(limit)
    arguments, start, limiting = at_start(limit, module)
    wrong = limiting.changed("drift", "m", limit.drift["m"] / 1000)
    assert not np.allclose(module["drift"](*arguments), wrong.drift(start[None])[0], rtol=1e-12)


def test_the_code_has_slopes_and_batches() -> None:
    """Of dq = (8 c^2 q + 8 c lam m^2 - 8 c q^2) dt."""
    module = generated(limit_of("spiked_matrix"))
    c, lam, m, q = 0.1, 2.0, 0.4, 0.9
    slope = jax.grad(module["drift_q"], argnums=3)(c, lam, m, q)
    assert slope == pytest.approx(8 * c**2 - 16 * c * q)
    many = jax.vmap(module["drift_q"], in_axes=(None, None, None, 0))(c, lam, m, np.array([q, 1.0]))
    assert many[0] == pytest.approx(8 * c**2 * q + 8 * c * lam * m**2 - 8 * c * q**2)


def test_a_module_is_written_where_there_is_a_limit_and_else_the_reason_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("deep_linear", "anisotropic_regression"):
        path = tmp_path / f"{name}.py"
        path.write_text((ROOT / "docs" / "gallery" / f"{name}.py").read_text())
        assert generate_layers(str(path), check=False) == 0
        assert generate_layers(str(path), check=True) == 0
    written = {p.name for p in tmp_path.glob("*_generated.py")}
    assert "deep_linear_layer_limit_generated.py" in written
    assert "anisotropic_regression_layer_limit_generated.py" not in written
    assert "not written: NOT CLOSED" in capsys.readouterr().out


def test_an_argument_with_the_name_of_a_function_is_refused() -> None:
    y, drift = vl.state("y"), vl.positive("drift")
    limit = vl.derive(vl.Layer("odd", {y: y - drift * y / vl.N}, {"y": y}, steps=vl.N))
    with pytest.raises(ValueError, match="drift names a function of the module"):
        limit_source(limit, "mine.py")
