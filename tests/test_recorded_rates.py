"""Rates as text, and orders of the next term: read by a grammar, refused in one line."""

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from checks.recorded.monomials import read_rate
from checks.suite.problem import InputProblem
from checks.verdicts import ConstantClaim, RateClaim, Verdict
from checks.verdicts.conditions import check_margin
from checks.verdicts.rated import exact_errors
from tests.recorded_tables import LEVELS, H, L, h, judged, n, table
from theory.language.rate import Kind, Rate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L^-1 + L^-1/3 H^-1/2", 1 / L + L ** sp.Rational(-1, 3) * H ** sp.Rational(-1, 2)),
        ("1/n", 1 / n),
        ("log(n)^2 n**-0.5", sp.log(n) ** 2 / sp.sqrt(n)),
        ("n^(-1/2)*log(n)", sp.log(n) / sp.sqrt(n)),
        ("1/L/H", 1 / (L * H)),
        ("h^2", h**2),
    ],
)
def test_a_rate_is_read(text: str, expected: sp.Expr) -> None:
    assert sp.simplify(read_rate(text) - expected) == 0


@given(st.text(max_size=40) | st.sampled_from(
    ["2/n", "n^-1/0", "", "+", "__import__('os')", "n^n", "(n)", "n^-1 -", "log(log(n))", "n^1e9"]
))  # fmt: skip
def test_whatever_is_no_rate_is_refused_in_one_line(text: str) -> None:
    try:
        found = read_rate(text)
    except InputProblem as problem:
        found, said = None, str(problem)
        assert "sum of monomials" in said
    assert found is None or found.free_symbols


@pytest.mark.parametrize("text", [
    "n^1e9", "n^\u0661", "n^101", "n^60 n^60", "n/n", "n^-1/2n", "n2 (n)",
    " + ".join(f"n^{k}" for k in range(1, 18)),
])  # fmt: skip
def test_a_rate_that_is_nearly_one_is_refused(text: str) -> None:
    with pytest.raises(InputProblem, match="sum of monomials"):
        read_rate(text)


EVIL = ["__import__('os').system('true')", "n^-1; 1", "lambda: 0", "(1).__class__", "N(1)"]


@pytest.mark.parametrize("text", EVIL)
def test_a_text_is_never_evaluated(text: Any, monkeypatch) -> None:
    monkeypatch.setattr("sympy.parsing.sympy_parser.eval_expr", None)
    data = table(lambda k: 1 / k)
    with pytest.raises(InputProblem, match="sum of monomials"):
        judged(data, text)
    with pytest.raises((TypeError, ValueError), match=r"not evaluated|Expected type"):
        RateClaim(id="a/b", sizes={"n": LEVELS}, predicted=text, error=data)


def test_a_text_that_is_a_rate_is_one() -> None:
    assert judged(table(lambda k: 1 / k), "n^-2").verdict is Verdict.REFUTED


@pytest.mark.parametrize("order", [0, -1, float("inf"), float("nan"), "n", "1", True])
def test_a_next_order_is_above_zero(order: Any) -> None:
    with pytest.raises(ValueError, match="next_order above 0"):
        judged(table(lambda k: 1 / k), 1 / n, next_order=order)


@pytest.mark.parametrize("order", [0, -0.5, float("nan"), "half"])
@pytest.mark.parametrize("kind", [RateClaim, ConstantClaim])
def test_no_claim_takes_a_next_order_that_does_not_vanish(kind: Any, order: Any) -> None:
    more: Any = {"constant": 1.0} if kind is ConstantClaim else {}
    with pytest.raises(ValueError, match="next_order above 0"):
        kind(
            id="a/b", sizes={"n": LEVELS}, predicted=1 / n, error=table(lambda k: 1 / k),
            next_order=order, **more,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("power", "margin", "verdict"),
    [
        (sp.Rational(-1, 5), 0.1, Verdict.SUPPORTED),
        (sp.Rational(-1, 2), 0.25, Verdict.SUPPORTED),
        (-1, 0.5, Verdict.INCONCLUSIVE),  # as for n^-2: a form of such a margin is not refuted
    ],
)
def test_a_margin_may_be_half_of_the_exponent(
    power: sp.Expr, margin: float, verdict: Verdict
) -> None:
    """Twice the margin moves such a rate to a constant, which is none: a larger step is planted."""
    data = table(lambda level: level ** float(power))
    result = judged(data, n**power, margin=margin, next_order=1)
    assert result.verdict is verdict, result.because
    steps = {mutant.id: mutant.description for mutant in result.mutants}
    assert f"moved by {2.5 * margin:.3g}," in steps["auto-slower-n"]
    assert f"moved by {2 * margin:.3g}," in steps["auto-faster-n"]


def test_a_planted_rate_keeps_its_sizes_in_every_term() -> None:
    both = Rate(1 / (n * L), Kind.EXACT)
    for mutant in exact_errors(both, 0.5):
        assert mutant.changes["predicted"].free_symbols == {n, L}
    either = Rate(1 / n + 1 / L, Kind.EXACT)
    for mutant in exact_errors(either, 0.5):
        Rate(mutant.changes["predicted"])


@pytest.mark.parametrize("margin", [sp.Rational(1, 10), Fraction(1, 10), np.float32(0.5), 1])
def test_a_margin_of_any_real_kind_is_a_float(margin: Any) -> None:
    claim = SimpleNamespace(id="a/b", margin=margin)
    check_margin(claim)
    assert type(claim.margin) is float
    assert claim.margin == float(margin)


@pytest.mark.parametrize("margin", [True, "0.1", None, 0.1j, sp.I, sp.nan, n, -0.1, 0, np.inf])
def test_a_margin_that_is_no_positive_number_is_refused_by_name(margin: Any) -> None:
    with pytest.raises(ValueError, match="claim a/b: expected margin above 0"):
        check_margin(SimpleNamespace(id="a/b", margin=margin))
