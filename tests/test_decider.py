"""Steps are decided, not believed: two routes make one status."""

from dataclasses import replace

import pytest
import sympy as sp

from theory.calculus import bounded
from theory.calculus.indices import array, indices, size, total
from theory.language import (
    DerivationsBeside,
    Status,
    Step,
    counted,
    exit_status,
    lasting,
    run_steps,
)
from theory.language.decide import rewriting
from theory.language.worker import judged

L = sp.Symbol("L", positive=True)
x, y = sp.symbols("x y", real=True)
m = size("m")
i, j = indices("i j", m)
A = array("A", m, m)


def decide(left: sp.Expr, right: sp.Expr, limit: float = 20.0) -> tuple[Status, str]:
    (outcome,) = run_steps([Step("step", left, right, "a test")], limit)
    return outcome.status, outcome.detail


def test_a_polynomial_identity_is_proved() -> None:
    assert decide((x + y) ** 2, x**2 + 2 * x * y + y**2)[0] is Status.PROVED


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("index notation", total(A[i, j], i, j), total(A[j, i], i, j)),
        ("expansion", (A[i, j] + 1) ** -2, 1 / (A[i, j] ** 2 + 2 * A[i, j] + 1)),
        ("common denominator", A[i, j] / (A[i, j] + 1), 1 - 1 / (A[i, j] + 1)),
        ("trigonometric expansion", sp.sin(2 * x), 2 * sp.sin(x) * sp.cos(x)),
        ("radicals", x * x ** (L - 2), x ** (L - 1)),
    ],
)
def test_each_rewriting_decides_something(name: str, left: sp.Expr, right: sp.Expr) -> None:
    status, detail = rewriting(Step("step", left, right, "a test"))
    assert (status, detail) == (Status.PROVED, name)


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
    assert counted(outcomes) == "3 identities: 2 PROVED, 1 SAMPLED; 1 by one route only"


def test_derivations_beside_say_the_same() -> None:
    derivations = [
        [Step("a", x, x, "same"), Step("b", x, 2 * x, "wrong")],
        [],
        [Step("c", x, x, "so")],
    ]
    with DerivationsBeside() as beside:
        decided = [beside.decide(steps) for steps in derivations]
        found = [[(o.step, o.status, o.detail) for o in each.result()] for each in decided]
    assert found == [[(o.step, o.status, o.detail) for o in run_steps(d)] for d in derivations]


def test_derivations_that_are_left_leave_no_process(monkeypatch) -> None:
    started = []
    start = bounded._start
    monkeypatch.setattr(bounded, "_start", lambda of: started.append(start(of)) or started[-1])
    forever = Step("long", sp.Integral(sp.sin(x**x), (x, 0, 1)), sp.S.Zero, "never decided")
    with DerivationsBeside() as beside:
        undecided = beside.decide([forever] * 9)
    assert not undecided.done()
    assert all(process.poll() is not None for process in started)


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
    cube = sp.Integral(sp.sin(x * y * L), (x, 0, 1), (y, 0, 1), (L, 0, 1))
    slow = Step("slow", cube, x, "too many nodes")
    fast = Step("fast", x, x, "identical")
    outcomes = list(run_steps([slow, fast], limit=1.0))
    assert [o.status for o in outcomes] == [Status.UNDECIDED, Status.PROVED]
    assert "sampling took longer than 1 s" in outcomes[0].detail
    cut = replace(outcomes[1], cut_short=True)
    assert [lasting([o]) for o in (*outcomes, cut)] == [False, True, False]
