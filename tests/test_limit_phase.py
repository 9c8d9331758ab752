"""Phase diagrams: critical exponents are found by themselves, exactly."""

import pytest
import sympy as sp

import verilimit as vl

m, n = vl.sizes("m n")
p, c = vl.positive("p c")
X, e = vl.state("X", m, n), vl.state("e", n)
W, G, a = vl.gaussian("W", n, n), vl.gaussian("G", n, n), vl.data("a", n)
GRAM = {"V": X @ X.T / n}
gate = 1 + vl.N ** (-p) * X @ G / vl.sqrt(n)
FAMILIES = {
    "branch": ({X: X + c * vl.N ** (-p) * X @ W / vl.sqrt(n)}, GRAM, "1/2"),
    "gate": ({X: (X @ W / vl.sqrt(n)) * gate}, GRAM, "1/2"),
    "step of descent": ({e: e - c * n ** (-p) * (a @ e) * a}, {"r": e @ e}, "1"),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_critical_exponent_is_found(name: str) -> None:
    step, watch, critical = FAMILIES[name]
    limit = vl.derive(vl.Layer(name, step, watch, {n: vl.N}, vl.N))
    assert limit.regime in ("UNDECIDED", "SDE")
    diagram = limit.phase(p)
    assert diagram.critical == (sp.Rational(critical),)
    below, at, above = (r.regime for r in diagram.regions)
    assert below == "UNSTABLE"
    assert at in ("ODE", "SDE")
    assert above in ("TRIVIAL", "SDE WITHOUT DRIFT")


def test_an_exponent_that_is_not_there_is_refused() -> None:
    layer = vl.Layer("linear", {X: X @ W / vl.sqrt(n)}, GRAM, {n: vl.N}, vl.N)
    with pytest.raises(ValueError, match="expected a symbol of layer"):
        vl.derive(layer).phase(p)
