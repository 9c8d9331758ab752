"""Theorem, Rate and Step check themselves."""

import pickle
from typing import Any

import pytest
import sympy as sp

from theory.calculus.indices import array, define, indices, size, symbol
from theory.codegen.function import Function
from theory.codegen.latex import latex
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
x = symbol("x", meaning="left", real=True)
y = symbol("y", meaning="right", real=True)
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
        "source": Source.RECONSTRUCTED, "source_note": "",
        "assumptions": (), "rate": None, "derive": lambda: Derivation(()),
    }  # fmt: skip
    return Theorem(**(fields | changes))


def test_an_unexplained_symbol_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="uses z, of which nobody says what it means"):
        theorem(equations=(sp.Eq(x, sp.Symbol("z")),))
    function = Function(define("f", (), L**2), (L,), "square", "none")
    with pytest.raises(ValueError, match="the function f"):
        _ = theorem(derive=lambda: Derivation((), (function,))).derivation


def test_the_notation_is_what_the_symbols_were_declared_to_mean() -> None:
    found = theorem(equations=(sp.Eq(y, x),)).notation
    assert list(found.items()) == [(y, "right"), (x, "left")]


def test_two_symbols_that_print_alike_are_an_error_that_names_both() -> None:
    alike = size("x", "how many")
    with pytest.raises(ValueError, match=r"print as x: the symbol x \(left\).*x \(how many\)"):
        theorem(equations=(sp.Eq(x, alike),))
    step = Step("s", sp.Symbol("y", positive=True), y, "not the same y")
    with pytest.raises(ValueError, match=r"y \(positive\) in the step “s”"):
        _ = theorem(derive=lambda: Derivation((step,))).derivation


@pytest.mark.parametrize("name", ["kernel_at_one", "dX", "log_weight"])
def test_no_symbol_prints_its_code_name(name: str) -> None:
    with pytest.raises(ValueError, match="is a name for code; declare it with latex="):
        theorem(equations=(sp.Eq(x, symbol(name, meaning="m")),))
    theorem(equations=(sp.Eq(x, symbol(name, meaning="m", latex="K")),))


def test_a_declared_symbol_keeps_its_latex_in_a_pickle_and_is_no_other() -> None:
    kappa = symbol("k", latex=r"\kappa(1)", meaning="m", positive=True)
    assert pickle.loads(pickle.dumps(kappa**2)) == kappa**2
    assert latex(pickle.loads(pickle.dumps(kappa)) + 1) == r"\kappa(1) + 1"
    assert kappa != symbol("k", meaning="m", positive=True) != sp.Symbol("k", positive=True)
    assert sorted([kappa, x, y], key=sp.default_sort_key)[0] == kappa


def test_assumptions_are_named_once() -> None:
    with pytest.raises(ValueError, match="must differ"):
        theorem(assumptions=(Assumption("a", "one"), Assumption("a", "two")))


def test_steps_of_a_derivation_have_different_names() -> None:
    step = Step("one", x, x, "identical")
    with pytest.raises(ValueError, match="its own name"):
        Derivation((step, step))
