"""The report says everything, in one offline file, and the same run gives the same bytes."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
import sympy as sp

from checks.report.formulas import formula, mathml
from checks.report.tex import escaped
from checks.suite.picture import Picture
from tests.conftest import Ended

Here = Callable[..., Ended]
VOID = {"meta", "br", "hr", "img", "link", "input", "path"}


class Balance(HTMLParser):
    """Raises when tags do not nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.links += [str(values[k]) for k in ("href", "src", "xlink:href") if k in values]
        self.ids += [str(values["id"])] if "id" in values else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture
def page(toy_here: Here, tmp_path: Path) -> str:
    done = toy_here("report", "--latex", "tex")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUPPORTED" in done.stdout
    return (tmp_path / "report.html").read_text()


def test_the_page_says_what_the_room_and_the_run_say(page: str) -> None:
    for text in (
        "A toy limit", "like 1/n &amp; no faster", "nobody, equation (1)", "Reconstructed",
        "Made for a test.", "errors are i.i.d.", "binomial", "PROVED", "toy-limit/true",
        "SUPPORTED", "one half more", "REFUTED", "It goes down.", "Whether toys have limits.",
        "float64", "numpy", "3/3", "MISSING",
    ):  # fmt: skip
        assert text in page, text
    assert page.index("<table>") < page.index("A toy limit</h2>")  # verdicts stand on top


def test_the_page_is_well_formed_offline_and_has_no_script(page: str) -> None:
    parser = Balance()
    parser.feed(page)
    assert not parser.open
    assert all(link.startswith("#") for link in parser.links)
    assert {link[1:] for link in parser.links} <= set(parser.ids)
    assert "<script" not in page
    assert not re.search(r"@import|url\((?!#)", page)


def test_figures_are_inline_and_take_the_colour_of_the_page(page: str) -> None:
    figures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(figures) == 2  # one series, one picture
    assert all("currentColor" in figure for figure in figures)
    assert "<math" in page


def test_the_same_seed_gives_the_same_page(page: str, toy_here: Here, tmp_path: Path) -> None:
    toy_here("report", "--out", "again.html")
    timing = r"(seconds of computing</dt><dd>)\d+"
    again = re.sub(timing, r"\1", (tmp_path / "again.html").read_text())
    assert again == re.sub(timing, r"\1", page)


def test_the_latex_says_the_same_and_has_its_figures(page: str, tmp_path: Path) -> None:
    source = (tmp_path / "tex" / "report.tex").read_text()
    assert r"like 1/n \& no faster" in source
    assert r"\left(x + 1\right)^{2} =" in source
    named = set(re.findall(r"\\includegraphics\[.*?\]\{(.*?)\}", source))
    assert named == {path.name for path in (tmp_path / "tex").glob("*.pdf")}
    assert len(named) == 2
    assert source.count(r"\begin{") == source.count(r"\end{")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50 % & a_b", r"50 \% \& a\_b"),
        ("γ → ∞", r"\ensuremath{\gamma} \ensuremath{\to} \ensuremath{\infty}"),
        ("Σλ", r"\ensuremath{\Sigma}\ensuremath{\lambda}"),
        ("S₁L⁻¹", r"S\ensuremath{_{1}}L\ensuremath{^{-}}¹"),
    ],
)
def test_words_are_escaped_for_latex(text: str, expected: str) -> None:
    assert escaped(text) == expected


def test_a_formula_is_mathml_that_parses() -> None:
    x = sp.Symbol("x")
    root = fromstring(formula(sp.sqrt(x) / 2, block=True))
    assert root.tag.endswith("math")
    assert root.get("display") == "block"


def test_a_formula_that_cannot_be_converted_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(ValueError, match="no MathML for the formula"):
        mathml(r"\left( x")


def test_a_picture_needs_words() -> None:
    with pytest.raises(ValueError, match="needs a title and a caption"):
        Picture("", "", lambda axes, results: None)
