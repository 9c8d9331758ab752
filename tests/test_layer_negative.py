"""Negative verdicts can turn red: each is handed layers of another regime."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import sympy as sp

import verilimit as vl
from checks.layers import layer_claims, plan_of
from checks.layers.finite import FiniteLayer
from checks.layers.jumps import no_jumps
from checks.verdicts import Claim, Result, Verdict, judge
from tests.gallery import limit_of

y, xi, N, c = vl.state("y"), vl.gaussian("xi"), vl.N, vl.positive("c")
half, quarter = sp.Rational(1, 2), sp.Rational(1, 4)


def moved(*steps: vl.Array, over: sp.Expr = N) -> vl.Layer:
    return vl.Layer("moved", {y: sum(steps, y)}, {"y": y}, steps=over, at={"y": 1.0})


def branch(p: sp.Expr) -> vl.Layer:
    m, n = vl.sizes("m n")
    X, W = vl.state("X", m, n), vl.gaussian("W", n, n)
    step = {X: X + c * N**-p * X @ W / vl.sqrt(n)}
    return vl.Layer("branch", step, {"V": X @ X.T / n}, {n: N}, N)


OU = moved(-y / N, xi / vl.sqrt(N))
BROWNIAN = moved(xi / vl.sqrt(N))
QUICK = moved(-y / vl.sqrt(N), xi / N**quarter, over=vl.sqrt(N))


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Callable[[vl.Layer, str], Sequence[Claim]]:
    """The claims of a layer whose regime is taken for another one."""

    def plan(layer: vl.Layer, regime: str) -> Sequence[Claim]:
        wrong = replace(vl.derive(layer), regime=regime)
        monkeypatch.setattr("checks.layers.claims.derive", lambda x: wrong)
        return layer_claims(layer)

    return plan


def judged(claims: Sequence[Claim], name: str) -> Result:
    claim = next(c for c in claims if c.id.endswith(f"/{name}"))
    return judge(claim, seed=0, tier="smoke", budget=1e-4)


@pytest.mark.parametrize(
    ("layer", "regime", "claim"),
    [
        (OU, "UNSTABLE", "map-stays"), (OU, "UNSTABLE", "limit-drift"),
        (QUICK, "FAST", "grows"), (BROWNIAN, "UNSTABLE", "grows"),
        (moved(xi / N), "UNSTABLE", "grows"),
        (OU, "JUMPS", "jumps-y-stay"), (OU, "TRIVIAL", "stays"), (BROWNIAN, "TRIVIAL", "stays"),
    ],
)  # fmt: skip
def test_a_wrong_regime_is_refuted(
    called: Callable, layer: vl.Layer, regime: str, claim: str
) -> None:
    assert judged(called(layer, regime), claim).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("layer", "regime", "claim"),
    [
        (branch(quarter), "UNSTABLE", "grows"), (moved(xi / N**quarter), "UNSTABLE", "grows"),
        (moved(-c * y), "UNSTABLE", "map-stays"), (branch(3 * quarter), "TRIVIAL", "stays"),
        (moved(xi / N), "TRIVIAL", "stays"), (moved(-y / N**2), "TRIVIAL", "stays"),
    ],
)  # fmt: skip
def test_a_right_regime_is_supported_and_its_mutants_refuted(
    layer: vl.Layer, regime: str, claim: str
) -> None:
    plan = plan_of(layer)
    assert plan.limit.regime == regime
    result = judged(plan.claims, claim)
    assert result.verdict is Verdict.SUPPORTED, result.because
    assert result.mutants
    assert all(m.verdict is Verdict.REFUTED for m in result.mutants)


def test_growth_too_slow_to_be_seen_is_said() -> None:
    why = " ".join(plan_of(branch(half - sp.Rational(1, 20))).not_checked)
    assert "too slow to be told from none" in why


@pytest.mark.parametrize("often", [1, sp.Rational(1, 1000)])
def test_jumps_are_seen_that_hardly_any_draw_shows(often: sp.Expr) -> None:
    kept = vl.bernoulli("kept", p=often / N)
    limit = vl.derive(moved(y * kept, xi / vl.sqrt(N)))
    assert limit.regime == "JUMPS"
    wrong = replace(limit, hypotheses={**limit.hypotheses, "H3": "PROVED: wrongly"})
    assert judged(no_jumps("x", wrong, FiniteLayer(limit.layer)), "no-jumps-y").verdict is (
        Verdict.REFUTED
    )


def test_where_there_are_no_jumps_their_exact_moment_falls() -> None:
    limit = limit_of("deep_linear")
    result = judged(no_jumps("x", limit, FiniteLayer(limit.layer)), "no-jumps-V")
    assert result.verdict is Verdict.SUPPORTED
    assert all(m.verdict is Verdict.REFUTED for m in result.mutants)


def test_what_only_draws_could_show_of_jumps_is_said_not_to_be_checked() -> None:
    assert any(
        "once in many layers" in why
        for why in plan_of(limit_of("centred_resnet_critical").layer).not_checked
    )
