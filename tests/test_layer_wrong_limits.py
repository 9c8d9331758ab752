"""A derived limit with a wrong coefficient is refuted, without a draw."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import sympy as sp

import verilimit as vl
from checks.layers import layer_claims
from checks.layers.converging import limit_claims
from checks.layers.finite import FiniteLayer
from checks.verdicts import Claim, Result, Verdict, judge
from tests.gallery import limit_of
from theory.limits.limit import ByPair

y, xi, N = vl.state("y"), vl.gaussian("xi"), vl.N
OU = vl.Layer("ou", {y: y - y / N + xi / vl.sqrt(N)}, {"y": y}, steps=N, at={"y": 1.0})

Change = Callable[[vl.Limit], vl.Limit]


def drift(factor: sp.Expr) -> Change:
    return lambda x: replace(x, drift={k: factor * e for k, e in x.drift.items()})


def covariance(factor: sp.Expr) -> Change:
    return lambda x: replace(x, covariance=ByPair({k: factor * e for k, e in x.covariance.items()}))


def fluctuation(factor: sp.Expr) -> Change:
    def changed(x: vl.Limit) -> vl.Limit:
        assert x.fluctuation is not None
        table = ByPair({k: factor * e for k, e in x.fluctuation.covariance.items()})
        return replace(x, fluctuation=replace(x.fluctuation, covariance=table))

    return changed


def judged(claims: Sequence[Claim], name: str) -> Result:
    claim = next(c for c in claims if c.id.endswith(f"/{name}"))
    return judge(claim, seed=0, tier="smoke", budget=1e-4)


def claims_of(limit: vl.Limit) -> Sequence[Claim]:
    return limit_claims("of", limit, FiniteLayer(limit.layer))[0]


def test_a_right_limit_is_supported_with_every_mutant_refuted() -> None:
    claims = layer_claims(OU)
    for name in ("limit-drift", "limit-covariance"):
        result = judged(claims, name)
        assert result.verdict is Verdict.SUPPORTED, result.because
        assert {m.id for m in result.mutants} == {
            f"term-1-{x}" for x in ("dropped", "doubled", "halved", "of-the-other-sign")
        }
        assert all(m.verdict is Verdict.REFUTED for m in result.mutants)


@pytest.mark.parametrize("factor", [sp.Rational(3, 2), sp.Rational(1, 2), 2, 0, -1])
@pytest.mark.parametrize("what", [drift, covariance])
def test_a_wrong_coefficient_is_refuted(what: Callable, factor: sp.Expr) -> None:
    wrong = claims_of(what(factor)(vl.derive(OU)))
    assert judged(wrong, f"limit-{what.__name__}").verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("name", "change", "claim"),
    [
        ("deep_linear", covariance(sp.Rational(3, 2)), "limit-covariance"),
        ("spiked_matrix", drift(sp.Rational(1, 2)), "limit-drift"),
        ("spiked_matrix", fluctuation(sp.Rational(3, 2)), "limit-fluctuation"),
        ("bilinear_glu", drift(sp.Integer(7)), "limit-drift"),
        ("drop_path", drift(sp.Rational(3, 2)), "limit-drift"),
    ],
)
def test_layers_of_the_gallery_with_a_wrong_limit(name: str, change: Change, claim: str) -> None:
    limit = limit_of(name)
    assert judged(claims_of(limit), claim).verdict is Verdict.SUPPORTED
    assert judged(claims_of(change(limit)), claim).verdict is Verdict.REFUTED
