"""Certified inequalities are claims: CERTIFIED, SAMPLED and SUPPORTED are three different words."""

from functools import partial

import pytest
import sympy as sp

from checks.suite.house import BUILT_IN
from checks.verdicts import CertifiedClaim, Result, Verdict, can_certify, judge
from checks.verdicts.kinds import certified
from theory.certify.certificate import certify
from theory.certify.inequality import Inequality

pytestmark = pytest.mark.skipif(not can_certify(), reason="the extra `certify` is optional")
x = sp.Symbol("x", real=True)


def judged(expression: sp.Expr) -> Result:
    inequality = Inequality("mine", "It is not negative.", expression, {x: (0, 4)})
    return judge(CertifiedClaim(id="my/mine", inequality=inequality))


def test_what_is_proved_is_certified_and_not_supported() -> None:
    result = judged(sp.exp(x) - x)
    assert result.verdict is Verdict.CERTIFIED
    assert result.because.startswith("CERTIFIED: proved by")
    assert [mutant.verdict for mutant in result.mutants] == [Verdict.REFUTED] * 2
    assert not any("seeds failed" in note for note in result.notes)


def test_what_is_false_is_refuted() -> None:
    assert judged(sp.exp(x) - 2 * x - 1).verdict is Verdict.REFUTED


def test_what_is_sampled_is_neither_certified_nor_supported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(certified, "certify", partial(certify, budget=4))
    result = judged(sp.exp(x) - x - 1)  # zero at an end: no budget of boxes is enough
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.because.startswith("SAMPLED(100000, ")


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_the_inequalities_of_a_room_are_its_claims(room: str) -> None:
    module = BUILT_IN.part(room, "inequalities")
    named = {f"certified/{i.name}" for i in getattr(module, "inequalities", ())}
    claims = [c for c in BUILT_IN.room(room).claims if isinstance(c, CertifiedClaim)]
    assert {claim.id.split("/", 1)[1] for claim in claims} == named
    for claim in claims:
        wrong = [certify(mutant.changes["inequality"]) for mutant in claim.errors_to_plant()]
        assert {outcome.status.name for outcome in wrong} == {"FALSE"}
