"""What a verdict says beyond its name holds: cures, fluctuations, fixed points, exponents."""

import numpy as np
import pytest
import sympy as sp

import verilimit as vl
from checks.report.prose import typeset
from tests.gallery import limit_of
from theory.language.prose import pieces

c, p, theta = vl.positive("c p theta")
y, xi = vl.state("y"), vl.gaussian("xi")


def limit(step: vl.Array, steps: sp.Expr = vl.N) -> vl.Limit:
    return vl.derive(vl.Layer("test", {y: step}, {"y": y}, steps=steps))


@pytest.mark.parametrize(
    ("size", "rarity", "words"),
    [
        (0, 1, "E[step of y**4] -> 1 != 0"),
        (sp.Rational(1, 2), 2, "E[step of y**4] grows like N**(1)"),
        (1, 3, "E[step of y**4] grows like N**(2)"),
    ],
)
def test_rare_jumps_say_how_the_fourth_moment_over_the_steps_grows(
    size: sp.Expr, rarity: int, words: str
) -> None:
    """N steps of size N**size, each with probability N**-rarity: N**(1 + 4 size - rarity)."""
    jump = vl.N**size * vl.bernoulli("b", p=vl.N**-rarity)
    found = limit(y - y / vl.N + jump)
    assert found.regime == "JUMPS"
    assert words in found.words[0]


def test_a_fixed_probability_has_no_jumps_to_look_for() -> None:
    """Its kurtosis is one number: H3 is that of other laws, and no fourth moment is taken."""
    found = limit(y + (vl.bernoulli("b", p=c) - c) * y / vl.sqrt(vl.N))
    assert found.regime == "SDE WITHOUT DRIFT"
    assert "bounded kurtosis" in found.hypotheses["H3"]


def test_a_fluctuation_is_about_the_mean_where_the_steps_themselves_shift_it_as_much() -> None:
    """L(x_L - x(1)) of x' = x + sin(x)/L tends to no zero: with L = M the noise is no larger."""
    shifted = limit_of("resnet_all_shapes")
    assert shifted.regime == "ODE"
    assert shifted.fluctuation is not None
    assert shifted.fluctuation.shifted
    assert "E s_N" in str(shifted.fluctuation)
    assert any("off the ODE by as much or more" in sentence for sentence in shifted.words)
    count, x = 4000, 1.0
    for _ in range(count):
        x += np.sin(x) / count
    end = 2 * np.arctan(np.tan(0.5) * np.e)
    expected = np.sin(end) * np.log(np.sin(1.0) / np.sin(end)) / 2  # Euler's, of an autonomous ODE
    assert count * (x - end) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("mean", "noise", "shifted"), [(1, 1, False), (1, sp.Rational(3, 2), True), (2, 1, False)]
)
def test_a_fluctuation_is_about_the_ode_where_it_is_larger(
    mean: int, noise: sp.Expr, shifted: bool
) -> None:
    """Noise N**-noise a step over N steps is N**(1/2 - noise) in all; the steps are off by 1/N."""
    step = y - y / vl.N - y * vl.N ** (-mean) + xi * vl.N ** (-noise)
    found = limit(step)
    assert found.regime == "ODE"
    assert found.fluctuation is not None
    assert found.fluctuation.shifted == shifted


def test_the_next_order_of_the_mean_counts_too() -> None:
    found = limit(y - y / vl.N - y * vl.N ** sp.Rational(-3, 2) + xi / vl.N)
    assert found.fluctuation is not None
    assert found.fluctuation.shifted


@pytest.mark.parametrize(
    ("step", "cure", "cured"),
    [
        (y + y / vl.sqrt(vl.N), "a mean step smaller by the power N**(1/2)", y + y / vl.N),
        (
            y + xi * vl.N ** sp.Rational(-1, 4),
            "noise smaller by the power N**(1/4)",
            y + xi / vl.sqrt(vl.N),
        ),
    ],
)
def test_the_cure_of_an_unstable_layer_cures_it(step: vl.Array, cure: str, cured: vl.Array) -> None:
    found = limit(step)
    assert found.regime == "UNSTABLE"
    assert cure in found.words[0]
    assert limit(cured).regime in ("ODE", "SDE WITHOUT DRIFT")


def test_a_fixed_point_attracts_only_while_its_multiplier_is_above_minus_one() -> None:
    assert "attracting while the multiplier is above -1" in " ".join(limit_of("bilinear_glu").words)


def test_a_phase_diagram_goes_into_the_laws_and_sees_jumps() -> None:
    kept = vl.bernoulli("kept", p=c * vl.N ** (-p))
    diagram = limit(y + theta * kept * y).phase(p)
    assert [r.regime for r in diagram.regions] == ["UNSTABLE", "JUMPS", "TRIVIAL"]
    assert diagram.critical == (1,)


def test_the_limit_at_an_exponent_is_derived_there() -> None:
    """The second term counts at p = 1 alone, and changes no regime."""
    diagram = limit(y - y / vl.N - theta * y * vl.N ** (-p)).phase(p, sp.Rational(1, 2), 3)
    assert diagram.at(1).drift["y"] != diagram.at(2).drift["y"]
    assert diagram.at(sp.Rational(5, 2)).drift["y"] == diagram.at(2).drift["y"]


@pytest.mark.parametrize("name", ["bilinear_glu", "bilinear_glu_deep", "drop_path", "oja"])
def test_sentences_are_plain_text_whose_formulas_a_page_can_set(name: str) -> None:
    """A terminal gets SymPy's text, a page `$...$` of which every part is a formula."""
    words = limit_of(name).words
    assert "$" not in " ".join(words)
    text = " ".join(map(typeset, words))
    formulas = [part for is_formula, part in pieces(text) if is_formula]
    assert len(formulas) > 1
    assert text.count("$") == 2 * len(formulas)
