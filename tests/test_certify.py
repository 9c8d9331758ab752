"""Inequalities are proved, refuted with a verified box, or sampled, and never mixed up."""

from fractions import Fraction

import flint  # extra `certify`, which `make` installs
import numpy as np
import pytest
import sympy as sp

from theory.certify import exact, prover, replay
from theory.certify.certificate import Status, certify, inequalities
from theory.certify.inequality import Factored, Inequality

x, y = sp.symbols("x y", real=True)


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("gelu-slope-high", sp.Rational(-1, 500)),  # the supremum is 1.12904, not 1.128
        ("silu-curvature-high", sp.Rational(-1, 10**6)),
        ("sign-lemma", sp.Rational(-1, 10**6)),
        ("adam-constant", sp.Rational(-1, 5)),
        ("coercivity-pair", sp.Rational(-1, 1000)),
        ("nu", sp.Rational(-1, 10**4)),
    ],
)
def test_a_false_claim_ends_in_a_verified_counter_box(name: str, planted: sp.Expr) -> None:
    claim = inequalities()[name]
    assert isinstance(claim, Inequality)
    false = Inequality("false", "wrong", claim.difference + planted, claim.box, claim.taylor,
                       claim.shape)  # fmt: skip
    outcome = certify(false, budget=20_000)
    assert outcome.status is Status.FALSE, outcome.detail
    assert outcome.certificate is not None
    assert replay.replay_counter(false, outcome.certificate["proof"]["box"]) < 0


@pytest.mark.parametrize("name", ["softmax-half", "third-cumulant", "third-cumulant-chord"])
def test_a_false_polynomial_ends_in_a_point(name: str) -> None:
    claim = inequalities()[name]
    false = Factored("false", "wrong", claim.difference - sp.Rational(1, 10**6), claim.box)
    outcome = certify(false)
    assert outcome.status is Status.FALSE
    assert outcome.certificate is not None
    assert exact.replay_point(false, outcome.certificate["proof"]["box"]) < 0


def test_an_expression_given_as_a_function_is_derived_when_it_is_proved() -> None:
    x, y = sp.symbols("x y", real=True)
    asked = []

    def derived() -> sp.Expr:
        asked.append("now")
        return x**2 + 1

    late = Inequality("late", "x^2 + 1 >= 0", derived, {x: (-1, 1)})
    assert asked == []
    assert certify(late).status is Status.CERTIFIED
    assert asked == ["now"]
    with pytest.raises(ValueError, match="expected an interval for each symbol"):
        certify(Inequality("open", "x y >= 0", lambda: x * y, {x: (-1, 1)}))


def test_what_is_too_hard_is_sampled_and_never_certified() -> None:
    hard = Inequality("hard", "tight on a line", (x - y) ** 2, {x: (0, 1), y: (0, 1)})
    easy = Inequality("easy", "(x - y)^2 + 1/100", hard.difference + sp.Rational(1, 100), hard.box)
    apart = sp.expand(hard.difference)
    outcome = certify(Inequality("hard", "written out", apart, hard.box), budget=3000)
    assert outcome.status is Status.SAMPLED
    assert outcome.certificate is None
    assert "100000 points, worst margin" in outcome.detail
    assert outcome.boxes > 1000  # a tight target explodes; the boxes are reported
    assert certify(easy).status is Status.CERTIFIED


def test_a_ball_is_never_raised_to_a_power() -> None:
    assert str(flint.arb(0, 1) ** 2) == "nan"  # the trap
    claim = Inequality("square", "1 - x^2 on [-1, 1]", 1 - x**2, {x: (-1, 1)})
    low, high = replay.enclose(claim.program, claim.ends)
    assert (float(low), float(high)) == (0.0, 1.0)


def test_a_point_of_equality_costs_few_boxes_by_derivatives_and_many_without() -> None:
    tight = 1 - sp.cos(sp.Integer(0)) + sp.exp(x) - 1 - x  # e^x - 1 - x, zero at zero
    box = {x: (-1, 1)}
    by_taylor = prover.prove(Inequality("tight", "e^x >= 1 + x", tight, box, (x,)), 5000)
    assert isinstance(by_taylor, prover.Proof)
    assert by_taylor.boxes <= 3
    assert isinstance(prover.prove(Inequality("tight", "", tight, box), 500), prover.Undecided)


def test_a_function_without_interval_extension_is_named() -> None:
    with pytest.raises(ValueError, match=r"received gamma in gamma\(x\)"):
        _ = Inequality("a", "b", sp.gamma(x), {x: (0, 1)}).program


@pytest.mark.parametrize(
    "name", [n for n, c in inequalities().items() if isinstance(c, Inequality)]
)
def test_both_arithmetics_enclose_what_sympy_says_to_forty_digits(name: str) -> None:
    claim = inequalities()[name]
    assert isinstance(claim, Inequality)
    random = np.random.default_rng(0)
    ends = np.array([[float(a), float(b)] for a, b in claim.ends])
    for _ in range(3):
        at = ends[:, 0] + random.random(len(ends)) * (ends[:, 1] - ends[:, 0])
        values = {s: sp.Float(x, 60) for s, x in zip(claim.symbols, at, strict=True)}
        point = [(Fraction(x), Fraction(x)) for x in at]
        programs = [claim.program, *(p for chain in claim.derivatives.values() for p in chain[1:2])]
        slopes = [sp.diff(claim.difference, s) for s in claim.taylor]
        for program, expression in zip(programs, [claim.difference, *slopes], strict=True):
            truth = sp.N(expression.subs(values), 40)
            low, high = replay.enclose(program, point)
            assert flint.arb(str(truth), 1e-30).overlaps(low.union(high))
            bounds = prover._bounds(program, np.stack([at, at], axis=1)[None])
            assert bounds[0][0] <= truth <= bounds[1][0]
            assert float(high) - float(low) <= 1e-12 * (1 + abs(truth))
