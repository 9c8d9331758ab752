"""A derivation is a graph that ends in the statement; what stands aside says why."""

from dataclasses import replace

import pytest
import sympy as sp

from checks.suite.house import BUILT_IN
from theory.algebra.symbols import symbol
from theory.language import Assumption, Derivation, Source, Step, Theorem

x = symbol("x", meaning="a number", real=True)
FIRST = Step("first", x, x, "identical", uses=("real",))
SECOND = Step("second", 2 * x, x + x, "twice", uses=("first",))
LOOSE = Step("loose", x - x, sp.S.Zero, "nothing")

# Steps that show one number twice, and what is computed in them all the same.
NUMBERS = {
    ("noise_synchronization", "order of the mean"): "a mean of odd products of Gaussian weights",
}


def theorem(*steps: Step, statement: tuple[str, ...] = ("second",)) -> Theorem:
    return Theorem(
        title="t", statement="s", equations=(sp.Eq(x, 2 * x),), reference="r",
        source=Source.RECONSTRUCTED, source_note="", rate=None,
        assumptions=(Assumption("real", "x is real."), Assumption("idle", "x is idle.")),
        derive=lambda: Derivation(steps, (), statement, {"a reason": ("loose",)}),
    )  # fmt: skip


def test_what_the_statement_does_not_rest_on_is_found() -> None:
    found = theorem(FIRST, LOOSE, SECOND)
    assert found.beside == {"idle": "", "loose": "a reason"}


def test_a_missing_use_shows() -> None:
    found = theorem(FIRST, replace(SECOND, uses=()))
    assert list(found.beside) == ["real", "idle", "first"]


@pytest.mark.parametrize("uses", [("third",), ("second",), ("second", "real")])
def test_a_step_uses_what_comes_before_it(uses: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="no assumption and no earlier step of that name"):
        _ = theorem(replace(FIRST, uses=uses), SECOND).derivation


def test_a_step_is_not_named_as_an_assumption() -> None:
    with pytest.raises(ValueError, match="real is the name of two steps or assumptions"):
        _ = theorem(replace(LOOSE, name="real"), statement=()).derivation


def test_the_statement_names_steps() -> None:
    with pytest.raises(ValueError, match="third, which is no step"):
        _ = theorem(FIRST, statement=("third",)).derivation


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_what_stands_aside_says_why_and_nothing_else_does(room: str) -> None:
    found = BUILT_IN.theorem(room)
    assert found.derivation.statement, "the derivation names no step that is the statement"
    assert [name for name, reason in found.beside.items() if not reason] == []
    named = [name for group in found.derivation.aside.values() for name in group]
    assert sorted(named) == sorted(found.beside)


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_no_step_shows_the_same_number_twice(room: str) -> None:
    """``0 = 0`` is true whatever the room is about."""
    steps = BUILT_IN.theorem(room).derivation.steps
    found = {(room, s.name) for s in steps if s.left == s.right and not s.left.free_symbols}
    assert found == {place for place in NUMBERS if place[0] == room}


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_a_statement_rests_on_steps_that_are_derived(room: str) -> None:
    derivation = BUILT_IN.theorem(room).derivation
    kinds = {step.name: step.kind for step in derivation.steps}
    assert "derived" in {kinds[name] for name in derivation.statement}
