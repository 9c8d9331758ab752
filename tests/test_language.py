"""Theorem, Rate and Step check themselves; steps are decided, not believed."""

from typing import Any

import pytest
import sympy as sp

from theory.calculus.indices import array, indices, size, total
from theory.codegen.function import Function, Output
from theory.language import (
    Assumption,
    Derivation,
    Kind,
    Rate,
    Source,
    Status,
    Step,
    Theorem,
    counted,
    exit_status,
    run_steps,
)
from theory.language.worker import judged

L, H = sp.symbols("L H", positive=True)
x, y = sp.symbols("x y", real=True)
m = size("m")
i, j = indices("i j", m)
A = array("A", m, m)


def test_a_rate_knows_its_monomials_and_values() -> None:
    rate = Rate(1 / L + L ** -sp.Rational(1, 3) / sp.sqrt(H), Kind.UPPER_BOUND)
    assert rate.sizes == ("H", "L")
    assert sum(rate.evaluate({"L": 8, "H": 4})) == pytest.approx(1 / 8 + 1 / 4)


@pytest.mark.parametrize(
    ("expression", "message"),
    [(2 / L, "coefficient 1"), (sp.exp(-L), "rational powers"), (1 / x, "must be positive")],
)
def test_what_is_no_rate_is_refused(expression: sp.Expr, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Rate(expression)


def decide(left: sp.Expr, right: sp.Expr, limit: float = 20.0) -> tuple[Status, str]:
    (outcome,) = run_steps([Step("step", left, right, "a test")], limit)
    return outcome.status, outcome.detail


def test_a_polynomial_identity_is_proved() -> None:
    assert decide((x + y) ** 2, x**2 + 2 * x * y + y**2)[0] is Status.PROVED


def test_an_identity_of_sums_is_proved_for_all_sizes() -> None:
    left = total(A[i, j], i, j) ** 2
    assert decide(left, total(A[j, i], i, j) ** 2)[0] is Status.PROVED


def test_what_no_rewriting_decides_is_sampled() -> None:
    t = sp.Symbol("t", positive=True)
    integral = sp.Integral(sp.exp(-(x**2)), (x, 0, t))
    status, detail = decide(sp.erf(t), 2 / sp.sqrt(sp.pi) * integral)
    assert status is Status.SAMPLED
    assert "t in (0, 20); by this route only: no rewriting decides" in detail


def test_a_proved_step_says_what_the_points_say() -> None:
    assert decide((x + 1) ** 2, x**2 + 2 * x + 1) == (
        Status.PROVED,
        "index notation; 25 points agree to 50 digits: x in (-20, 20)",
    )
    delta = sp.DiracDelta(x)
    status, detail = decide((x + 1) * delta, x * delta + delta)
    assert status is Status.PROVED
    assert "by this route only: the function DiracDelta" in detail


@pytest.mark.parametrize("by_rewriting", [Status.PROVED, None])
@pytest.mark.parametrize("by_points", [Status.SAMPLED, Status.FAILED, None])
def test_the_two_routes_make_one_status(
    by_rewriting: Status | None, by_points: Status | None
) -> None:
    status, detail, routes = judged((by_rewriting, "how"), (by_points, "where"))
    expected = by_points if by_points is Status.FAILED else by_rewriting or by_points
    assert status is (expected or Status.UNDECIDED)
    agree = [s for s in (by_rewriting, by_points) if s is not None]
    assert routes == (0 if by_points is Status.FAILED else len(agree))
    assert ("disagree" in detail) == (agree == [Status.PROVED, Status.FAILED])


def test_a_summary_counts_statuses_and_single_routes() -> None:
    steps = [Step("a", x, x, "same"), Step("b", sp.sin(2 * x), 2 * sp.sin(x) * sp.cos(x), "same")]
    steps += [Step("c", sp.cosh(x), sp.exp(x) / 2 + sp.exp(-x) / 2, "by definition")]
    outcomes = list(run_steps(steps))
    assert counted(outcomes) == "3 steps: 2 PROVED, 1 SAMPLED; 1 by one route only"


def test_the_exit_status_is_that_of_the_worst_step() -> None:
    assert exit_status([Status.PROVED, Status.SAMPLED]) == 0
    assert exit_status([Status.UNDECIDED, Status.PROVED]) == 3
    assert exit_status([Status.UNDECIDED, Status.FAILED]) == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (sp.sin(x) ** 2, sp.cos(x) ** 2),
        (total(A[i, i], i), total(A[i, j], i, j)),
        (sp.exp(x), sp.exp(x) + sp.Rational(1, 10**30)),
    ],
)
def test_a_wrong_equality_fails_and_names_a_point(left: sp.Expr, right: sp.Expr) -> None:
    status, detail = decide(left, right)
    assert status is Status.FAILED
    assert "left" in detail


def test_a_step_that_takes_too_long_is_undecided_and_the_next_one_is_proved() -> None:
    slow = Step("slow", sp.Integral(sp.sin(x**x), (x, 1, 500)), x, "chirps")
    fast = Step("fast", x, x, "identical")
    outcomes = list(run_steps([slow, fast], limit=1.0))
    assert [o.status for o in outcomes] == [Status.UNDECIDED, Status.PROVED]
    assert "sampling took longer than 1 s" in outcomes[0].detail


def test_a_step_needs_a_reason_and_the_same_indices() -> None:
    with pytest.raises(ValueError, match="no reason"):
        Step("a", x, x, " ")
    with pytest.raises(ValueError, match="free indices"):
        Step("a", A[i, i], A[j, j], "different indices")


def theorem(**changes: Any) -> Theorem:
    fields: dict[str, Any] = {
        "title": "t", "statement": "s", "equations": (sp.Eq(x, y),), "reference": "r",
        "source": Source.RECONSTRUCTED, "source_note": "", "notation": {x: "x", y: "y"},
        "assumptions": (), "rate": None, "derive": lambda: Derivation(()),
    }  # fmt: skip
    return Theorem(**(fields | changes))


def test_an_unexplained_symbol_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="uses y, which the notation does not explain"):
        theorem(notation={x: "x"})
    function = Function("f", (L,), Output(L**2), "square", "none")
    with pytest.raises(ValueError, match="the function f"):
        _ = theorem(derive=lambda: Derivation((), (function,))).derivation


def test_assumptions_are_named_once() -> None:
    with pytest.raises(ValueError, match="must differ"):
        theorem(assumptions=(Assumption("a", "one"), Assumption("a", "two")))


def test_steps_of_a_derivation_have_different_names() -> None:
    step = Step("one", x, x, "identical")
    with pytest.raises(ValueError, match="its own name"):
        Derivation((step, step))
