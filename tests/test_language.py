"""Theorem, Rate and Step check themselves."""

from typing import Any

import pytest
import sympy as sp

from theory.calculus.indices import array, define, indices, size
from theory.codegen.function import Function
from theory.language import (
    Assumption,
    Derivation,
    Kind,
    Rate,
    Source,
    Step,
    Theorem,
)

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
    function = Function(define("f", (), L**2), (L,), "square", "none")
    with pytest.raises(ValueError, match="the function f"):
        _ = theorem(derive=lambda: Derivation((), (function,))).derivation


def test_assumptions_are_named_once() -> None:
    with pytest.raises(ValueError, match="must differ"):
        theorem(assumptions=(Assumption("a", "one"), Assumption("a", "two")))


def test_steps_of_a_derivation_have_different_names() -> None:
    step = Step("one", x, x, "identical")
    with pytest.raises(ValueError, match="its own name"):
        Derivation((step, step))
