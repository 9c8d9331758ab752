"""Phase diagrams: critical exponents are found by themselves, exactly."""

import pytest
import sympy as sp

import verilimit as vl

m, n = vl.sizes("m n")
p, c = vl.positive("p c")
X, e, y = vl.state("X", m, n), vl.state("e", n), vl.state("y")
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


def drifting(*steps: vl.Array) -> vl.Limit:
    step = {y: sum(steps, y)}
    return vl.derive(vl.Layer("drift", step, {"y": y}, steps=vl.N, at={"y": 1.0}))


def test_where_the_limit_changes_and_not_the_regime_is_critical_too() -> None:
    """The second term, of order N**-p over N steps, counts at p = 1, and is dropped beyond."""
    diagram = drifting(-y / vl.N, -c * y * vl.N ** (-p)).phase(p)
    assert [(str(r.low), str(r.high), r.regime) for r in diagram.regions] == [
        ("0", "1", "UNSTABLE"), ("1", "1", "ODE"), ("1", "2", "ODE"),
    ]  # fmt: skip


def test_each_region_has_the_layer_and_the_limit_of_one_point_inside() -> None:
    """The powers -p and -2p - 1/4 meet others at 1/4, 3/8, 1 and elsewhere: regions are merged."""
    xi = vl.gaussian("xi")
    diagram = drifting(-y * vl.N ** (-p), xi * vl.N ** (-p - sp.Rational(1, 8))).phase(p)
    assert len(diagram.regions) > 1
    for region in diagram.regions:
        inside = region.low < region.at < region.high
        assert inside or region.low == region.at == region.high
        assert region.layer.name == f"drift, p = {region.at}"
        again = vl.derive(region.layer)
        assert again.regime == region.regime == diagram.at(region.at).regime
        assert again.words == region.limit.words
        assert p not in region.layer.symbols


@pytest.mark.parametrize("symbol", [c, vl.N, n])
def test_a_symbol_that_is_no_exponent_is_refused(symbol: sp.Symbol) -> None:
    """At c = 1 the step of X is nothing, which no power of N tells."""
    layer = vl.Layer("moved", {X: c * X}, GRAM, {n: vl.N}, vl.N)
    with pytest.raises(ValueError, match=r"is no exponent|and not N"):
        vl.derive(layer).phase(symbol)


def test_a_boundary_that_another_symbol_moves_is_refused() -> None:
    q = vl.positive("q")
    with pytest.raises(ValueError, match="give q a value"):
        drifting(-y * vl.N ** (-p), -c * y * vl.N ** (-q)).phase(p)


def test_the_ends_of_a_diagram_are_said_to_be_outside() -> None:
    diagram = drifting(-y * vl.N ** (-p)).phase(p, 0, 3)
    with pytest.raises(ValueError, match="not in the diagram, 0 < p < 3, to which its ends"):
        diagram.at(3)


def test_parameters_of_cumulants_are_symbols_of_the_layer() -> None:
    s = vl.positive("s")
    xi = vl.independent("xi", cumulants=[0, s])
    assert s in vl.Layer("noise", {y: y + xi}, {"y": y}).symbols
