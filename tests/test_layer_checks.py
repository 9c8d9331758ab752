"""Layers are judged: from the file to the verdict, with every visible mutant refuted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import verilimit as vl
from checks.layers import layer_claims, plan_of
from checks.layers.expected import expectation_claims
from checks.layers.finite import FiniteLayer
from checks.layers.planted import Term, planted
from checks.suite.targets import file_claims, select
from checks.verdicts import Claim, Result, Verdict, judge
from tests.conftest import ROOT, Run
from tests.gallery import limit_of

GALLERY = ROOT / "docs" / "gallery"
NAMES = (
    "shaped_gated_mlp", "bilinear_glu", "sign_weights", "online_regression", "softmax_attention",
    "anisotropic_regression", "drop_path", "centred_resnet", "sign_descent", "heavy_ball",
)  # fmt: skip


def settled(claim: Claim) -> Result:
    return judge(claim, seed=0, tier="smoke", budget=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_goes_to_supported_and_every_mutant_is_refuted(name: str) -> None:
    claims = file_claims(str(GALLERY / f"{name}.py"))
    assert len(claims) >= 2
    for claim in claims:
        result = settled(claim)
        assert result.verdict is Verdict.SUPPORTED, f"{claim.id}: {result.because}"
        assert all(m.verdict is Verdict.REFUTED for m in result.mutants)


def expecting(name: str, **expect: object) -> vl.Layer:
    return replace(limit_of(name).layer, expect=expect)


def test_a_wrong_factor_in_expect_is_refuted_and_the_term_named() -> None:
    right = limit_of("bilinear_glu").evaluate("drift", "V")
    squares = 0.25 * np.array([[1, 0.49], [0.49, 1]])
    layer = expecting("bilinear_glu", V={"drift": (right + squares).tolist()})
    (claim,) = expectation_claims("bilinear", vl.derive(layer))
    assert settled(claim).verdict is Verdict.REFUTED
    assert "with the term gamma**2*V[alpha, beta]**2 doubled" in claim.statement


def test_a_wrong_regime_is_refuted_with_the_derived_one() -> None:
    (claim,) = expectation_claims("drop", vl.derive(expecting("drop_path", regime="ODE")))
    result = settled(claim)
    assert result.verdict is Verdict.REFUTED
    assert result.because == "derived is JUMPS, stated is ODE"
    assert "Derived is JUMPS" in claim.statement


def test_noise_of_the_same_variance_in_place_of_the_layer_is_refuted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layer = limit_of("online_regression").layer
    claims = {c.id.rpartition("/")[2]: c for c in layer_claims(layer)}
    honest = FiniteLayer.increments

    def noise(self: FiniteLayer, n: int, keys: np.ndarray, batch: int, *kind: str) -> np.ndarray:
        d = honest(self, n, keys, batch, *kind)
        return d - d.mean(axis=(0, 1))

    monkeypatch.setattr(FiniteLayer, "increments", noise)
    assert settled(claims["one-step-mean"]).verdict is Verdict.REFUTED
    monkeypatch.setattr(FiniteLayer, "increments", lambda *a: 1.2 * honest(*a))
    assert settled(claims["one-step-covariance"]).verdict is Verdict.REFUTED


def test_products_drawn_as_a_whole_have_the_law_of_literal_weights() -> None:
    finite = FiniteLayer(limit_of("bilinear_glu").layer)
    keys = np.random.default_rng(1).integers(2**32, size=(512, 2), dtype=np.uint32)
    draws = [finite.increments(8, k, 32, kind).reshape(-1, 4) for kind, k in
             (("step", keys), ("reduced_step", keys[::-1] ^ np.uint32(1)))]  # fmt: skip
    for power in (1, 2, 3):
        one, two = (np.stack([d[:, 0] ** power, d[:, 1] ** power, d[:, 3] ** power]) for d in draws)
        error = np.hypot(one.std(axis=1), two.std(axis=1)) / one.shape[1] ** 0.5
        assert np.all(np.abs(one.mean(axis=1) - two.mean(axis=1)) < 4.5 * error)


def test_a_state_has_the_statistics_that_are_asked_for() -> None:
    layer = limit_of("spiked_matrix").layer
    finite = FiniteLayer(layer)
    for n in (8, 16):
        np.testing.assert_allclose(finite.start(n), [layer.at["m"], layer.at["q"]], atol=1e-10)


def test_mutants_that_cannot_be_seen_are_told_from_those_that_can() -> None:
    terms = [Term("large", np.array([1.0])), Term("small", np.array([1e-4]))]
    found = {p.id: p for p in planted(np.array([1.0]), terms, np.array([0.01]), 9)}
    assert found["term-1-dropped"].visible
    assert not found["term-2-dropped"].visible
    assert found["term-1-halved"].expected == pytest.approx(0.5)
    assert found["term-1-power-up"].expected == pytest.approx(3.0)
    assert "term-1-sign" not in found  # of the leading term: nobody would believe it


def test_what_is_not_checked_is_said() -> None:
    plan = plan_of(limit_of("resnet_all_shapes").layer)
    assert any("about a mean that is not derived" in why for why in plan.not_checked)
    for why in plan_of(limit_of("deep_linear").layer).invisible:
        assert "too little to be seen" in why or "path-law" in why


def test_one_layer_of_a_file_is_selected_by_name(tmp_path: Path) -> None:
    text = (GALLERY / "drop_path.py").read_text()
    path = tmp_path / "two.py"
    path.write_text(
        text + text.partition("layer =")[2].join(["other =", ""]).replace("drop path", "b")
    )
    assert {x.claim.id.split("/")[0] for x in select([f"{path}:other"])} == {"b"}
    assert {x.claim.id.split("/")[0] for x in select([str(path)])} == {"b", "drop-path"}


def test_check_says_what_it_does_not_check(verilimit: Run) -> None:
    done = verilimit("check", str(ROOT / "docs" / "gallery" / "resnet_all_shapes.py"), "-q")
    assert done.returncode == 0, done.stderr
    assert "not checked: ResNet of all shapes" in " ".join(done.stdout.split())
