"""Many steps of a layer against its limit, both stopped; each mutant is a wrong theorem."""

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import sympy as sp

import verilimit as vl
from checks.layers import plan_of
from checks.layers.curve import neighbours, rate_claim
from checks.layers.finite import FiniteLayer
from checks.layers.limiting import roots
from checks.layers.paths import Paths
from checks.layers.states import NotMeasured
from checks.verdicts import Claim, Verdict, judge
from tests.gallery import limit_of
from theory.codegen.layers import HELPERS


def paths_of(name: str) -> Paths:
    limit = limit_of(name)
    return Paths(limit, FiniteLayer(limit.layer))


def claim_of(name: str, what: str) -> Claim:
    return next(c for c in plan_of(limit_of(name).layer).claims if c.id.endswith(what))


def test_coefficients_at_many_points_are_those_at_each() -> None:
    paths = paths_of("shaped_attention")
    points = paths.start * np.array([[1.0], [1.3], [0.6]])
    drift, spread = paths.limiting.drift(points), paths.limiting.covariance(points)
    for k, p in enumerate(points):
        at = {"V": p.reshape(2, 2)}
        one = paths.limit.evaluate("drift", "V", at=at)
        two = paths.limit.evaluate("covariance", "V", "V", at=at)
        np.testing.assert_allclose(drift[k], one.ravel(), atol=1e-12)
        np.testing.assert_allclose(spread[k], two.reshape(4, 4), atol=1e-12)


def test_a_fluctuation_is_the_integral_of_its_noise() -> None:
    """The drift a r + b is linear: S = int exp(2 a (T - t)) noise(r(t)) dt."""
    paths, time = paths_of("online_regression"), 0.5
    limiting, start = paths.limiting, paths.start
    b, one = (float(limiting.drift(np.array([[x]]))[0, 0]) for x in (0.0, 1.0))
    a, grid = one - b, np.linspace(0, time, 401)
    r = (start[0] + b / a) * np.exp(a * grid) - b / a
    assert limiting.solution(start, time)[0] == pytest.approx(r[-1], rel=1e-7)
    fluctuation = paths.limit.fluctuation
    assert fluctuation is not None
    noise = limiting.covariance(r[:, None], fluctuation.covariance)[:, 0, 0]
    expected = scipy.integrate.simpson(np.exp(2 * a * (time - grid)) * noise, x=grid)
    assert limiting.spread(start, time)[0, 0] == pytest.approx(expected, rel=1e-6)


def test_a_path_ends_well_before_an_explosion() -> None:
    """dV = g^2 V^2 dt from 1 explodes at 4."""
    paths = paths_of("bilinear_glu_deep")
    assert np.abs(paths.limiting.solution(paths.start, 2 * paths.share)).max() < 5


def test_where_no_rate_can_be_seen_none_is_claimed() -> None:
    plan = plan_of(limit_of("phase_retrieval").layer)
    assert any("large fluctuations" in why for why in plan.not_checked)
    assert not any("path" in claim.id for claim in plan.claims)


def test_paths_that_draw_too_much_are_said_not_to_be_checked() -> None:
    limit = limit_of("spiked_tensor")
    with pytest.raises(NotMeasured, match="one step draws 262144 numbers"):
        Paths(limit, FiniteLayer(limit.layer))


def test_a_rate_names_the_orders_next_to_it_and_its_margin_is_half_of_the_way() -> None:
    paths = paths_of("online_regression")
    claim, hidden = rate_claim("x", paths, paths.experiment("x/path"))
    assert "told from N**(-1) and N**(0)" in claim.statement
    assert neighbours(sp.Rational(-1, 2), paths) == (-1, 0)
    assert claim.margin <= 0.25
    assert {m.changes["predicted"] for m in claim.mutants if "predicted" in m.changes} == {1 / vl.N}
    third = neighbours(sp.Rational(-9, 10), paths)
    assert third == (-1, sp.Rational(-1, 2))  # -1 is the order of the steps
    assert hidden


@pytest.mark.parametrize(
    ("name", "claim"), [("deep_linear", "path-law"), ("online_regression", "path-rate")]
)
def test_mutants_of_paths_are_tried_or_listed(name: str, claim: str) -> None:
    """Of every term of the drift each wrong version is one or the other."""
    plan = plan_of(limit_of(name).layer)
    tried = [m for c in plan.claims if c.id.endswith(claim) for m in c.mutants if "term" in m.id]
    listed = [x for x in plan.invisible if claim in x]
    paths = paths_of(name)
    drift = paths.limiting.terms("drift", paths.start)
    noise = [t for t in paths.limiting.terms("covariance", paths.start) if t[0][0] == t[0][1]]
    count = 4 * len(drift) + 3 * len(noise) * (claim == "path-law")
    assert len(tried) + len(listed) == count > 0
    assert all("is seen" in x or "not tried" in x for x in listed)


def test_roots_of_singular_matrices_are_exact() -> None:
    a = np.array([[1.0, 2.0], [2.0, 4.0]])
    found = roots(np.stack([a, 0 * a]))
    np.testing.assert_allclose(found @ found.swapaxes(-1, -2), [a, 0 * a], atol=1e-12)
    module: dict = {}
    exec("import jax.numpy as jnp\n" + HELPERS["factor"], module)
    for matrix in (a, 0 * a, scipy.linalg.hilbert(4), np.ones((3, 3))):
        factor = np.asarray(module["factor"](matrix))
        np.testing.assert_allclose(factor @ factor.T, matrix, atol=1e-9)


@pytest.mark.parametrize(("count", "edge"), [(1, True), (2, False)])
def test_a_law_that_euler_paths_do_not_reach_is_not_compared(*, count: int, edge: bool) -> None:
    """One number and its square: the law of both stands on a parabola, and Euler's paths do not."""
    n = vl.sizes("n")
    x, g = vl.state("x", n), vl.gaussian("g", n)
    plan = plan_of(
        vl.Layer(
            "mean and mean square",
            step={x: x + g / vl.sqrt(vl.N)},
            watch={"q": x @ x / n, "m": vl.mean(x, 0)},
            scaling={n: n},
            steps=vl.N,
            at={n: count, "q": 0.16, "m": 0.4},
        )
    )
    assert any("it may have an edge" in why for why in plan.not_checked) is edge
    assert any(c.id.endswith("path-law") for c in plan.claims) is not edge


def test_noise_in_jumps_is_another_law() -> None:
    claim = claim_of("deep_linear", "path-law")
    result = judge(claim, seed=3, tier="smoke", budget=1e-4)
    assert result.verdict is Verdict.SUPPORTED
    assert {m.id for m in result.mutants} >= {"jumps", "start", "time", "no-noise"}
    assert all(m.verdict is Verdict.REFUTED for m in result.mutants)


def test_a_layer_that_is_not_the_derived_one_is_refuted_over_many_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rate, fluctuation = (
        claim_of("online_regression", x) for x in ("path-rate", "path-fluctuation")
    )
    honest = FiniteLayer.path_end

    def slower(self: FiniteLayer, n: int, keys: np.ndarray, steps: int) -> np.ndarray:
        return honest(self, n, keys, max(1, round(0.7 * steps)))

    monkeypatch.setattr(FiniteLayer, "path_end", slower)
    found = judge(fluctuation, seed=0, tier="smoke", budget=1e-4)
    assert found.verdict is Verdict.REFUTED
    # From N = 8 to 64 a floor and an exponent within the margin are one curve.
    found = judge(rate, seed=0, tier="smoke", budget=1e-4)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "a floor or another exponent" in found.because


def test_where_nothing_is_drawn_the_rate_is_that_of_the_steps() -> None:
    y = vl.state("y")
    layer = vl.Layer("still", {y: y - y / vl.N}, {"y": y}, steps=vl.N, at={"y": 1})
    claim = next(c for c in plan_of(layer).claims if c.id.endswith("path-rate"))
    result = judge(claim, seed=0, tier="smoke", budget=1e-4)
    assert result.verdict is Verdict.SUPPORTED, result.because
    assert {m.id for m in result.mutants} >= {"order-1", "order-2", "auto-floor"}
    assert all(m.verdict is Verdict.REFUTED for m in result.mutants)


def test_every_region_of_a_phase_diagram_can_be_checked() -> None:
    m, n = sp.symbols("m n", integer=True, positive=True)
    p = sp.Symbol("p", positive=True)
    X, W = vl.state("X", m, n), vl.gaussian("W", n, n)
    layer = vl.Layer(
        "branch",
        {X: X + vl.N ** (-p) * X @ W / vl.sqrt(n)},
        {"V": X @ X.T / n},
        {n: vl.N},
        vl.N,
        {"V": [[1.0]]},
    )
    found = {x.name: vl.derive(x).regime for x in vl.derive(layer).phase(p).layers}
    assert found == {
        "branch, p = 1/4": "UNSTABLE",
        "branch, p = 1/2": "ODE",
        "branch, p = 5/4": "TRIVIAL",
    }
