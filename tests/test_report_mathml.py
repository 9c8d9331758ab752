"""MathML of the report is spaced as TeX would, and every element has as many parts as it needs."""

import re
from xml.etree.ElementTree import fromstring

import pytest

from checks.report.formulas import LONG, ROW, WIDE, Equality, broken, formula_view, visible
from checks.report.mathml import mathml

PARTS = {"msup": 2, "msub": 2, "msubsup": 3, "mfrac": 2, "mroot": 2, "munder": 2, "mover": 2}


def line(latex: str) -> str:
    """The signs of a formula, with a space where MathML has one of its own."""
    text = re.sub(r"<mspace[^>]*></mspace>", " ", mathml(latex))
    return re.sub(r"<[^>]*>", "", text)


@pytest.mark.parametrize(
    ("latex", "read"),
    [
        (r"1/\log n", "1/log n"),
        (r"2\sin\theta\cos\theta", "2 sin θ cos θ"),
        (r"m^{-1}\log\left(m\right)", "m−1 log(m)"),
        (r"\log\left(n\right)^{2} + \exp(x)", "log(n)2+exp(x)"),
        (r"x \log^{2} n", "x log2 n"),
        (r"\frac{\log n}{n}", "log nn"),
    ],
)
def test_functions_stand_apart_from_factors_and_not_from_brackets(latex: str, read: str) -> None:
    assert line(latex) == read


def test_a_slash_has_no_space_and_a_sign_after_a_sign_is_no_difference() -> None:
    assert "<mo>/" not in mathml("L^{-1/3}/n")
    assert mathml(r"V = -\delta").count('<mo form="prefix">−</mo>') == 1
    assert mathml(r"f(-x, -\infty)").count('form="prefix"') == 2
    assert 'form="prefix">−' not in mathml(r"(a) - b - |x| - y' - z")


def test_brackets_stretch_where_there_is_something_to_stretch_to() -> None:
    """Chromium sets a stretchy bracket wide, `1/ ( L H )`, however low what it holds is."""
    low = mathml(r"1/\left(L H\right) \left(x_{1}^{2}\right)")
    assert low.count('<mo stretchy="false">') == 4
    assert "<mrow>" not in low
    high = mathml(r"\left(\frac{a}{b}\right) f(x)")
    assert high.count("<mo>") == 2
    assert high.startswith("<math><mrow><mo>(</mo><mfrac>")


def test_bars_around_something_stand_close_to_it() -> None:
    shown = mathml("2|b|/n")
    assert [shown.count(f'form="{side}">|') for side in ("prefix", "postfix")] == [1, 1]
    assert "form=" not in mathml(r"x \mid y")


def test_a_fraction_in_a_line_is_one_number_and_no_row_has_one_row() -> None:
    shown = mathml(r"\sqrt{L^{-1/3} n}")
    assert "<mn>1/3</mn>" in shown
    assert "<math><msqrt><msup><mi>L</mi><mrow>" in shown


@pytest.mark.parametrize(
    "latex", [r"\log^{2} n", r"\max_{i} x_{i}", r"\frac{\log n}{\sin x}", r"\sqrt[3]{\log n}"]
)
def test_every_element_has_its_parts(latex: str) -> None:
    for element in fromstring(mathml(latex)).iter():
        assert len(element) == PARTS.get(element.tag, len(element))


def test_a_row_that_is_too_wide_is_folded_with_what_follows() -> None:
    wide = " x" * (WIDE + 1)
    assert visible(wide) > WIDE
    view = formula_view(Equality(["a = b", wide, "+ c"]))
    assert len(view["rows"]) == 1
    assert view["rest"].endswith("\n+ c")
    long = formula_view(Equality([*["a = b"] * (LONG + 2), wide]))
    assert len(long["rows"]) == LONG
    whole = formula_view(Equality(["a = b"] * (LONG + 1)))
    assert (len(whole["rows"]), whole["rest"]) == (LONG + 1, "")


def test_brackets_that_are_too_wide_open_in_one_row_and_close_in_another() -> None:
    terms = [rf"\frac{{{letter * 15}}}{{2}}" for letter in "abcdefg"]
    whole = rf"H \left({' + '.join(terms)}\right)^{{2}} w - f{{\left(x \right)}}"
    rows = broken(whole)
    assert rows[0].startswith(r"H \left(\frac")
    assert rows[0].endswith(r"\right.")
    assert rows[-2].endswith(r"\right)^{2} w")
    assert rows[-1] == r"- f{\left(x \right)}"
    assert len(rows) >= 3
    assert all(visible(row) <= ROW + 4 for row in rows)
    joined = re.sub(r"\\(left|right)\.", "", " ".join(rows))
    assert joined.split() == whole.replace(r"\right)^", r" \right)^").split()
    for row in rows:
        assert "<mo></mo>" not in mathml(row)


def test_what_has_no_terms_within_brackets_stays_a_row() -> None:
    assert broken("x " * (ROW + 1)) == ["x " * (ROW + 1)]
    product = rf"\left({'x ' * (ROW + 1)}\right) y"
    assert broken(product) == [product]
    fraction = rf"\frac{{\left({' + '.join(['x' * 20] * 5)}\right)}}{{2}}"
    assert broken(fraction) == [fraction]
