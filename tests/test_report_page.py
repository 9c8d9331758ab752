"""The report says everything, in one offline file, and the same run gives the same bytes."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
import sympy as sp

from checks.report.formulas import formula
from checks.report.mathml import mathml
from checks.report.prose import html as prose
from checks.report.prose import tex
from checks.report.tex_words import escaped, words
from checks.suite.house import House, part_of_room
from checks.suite.picture import Picture
from checks.suite.problem import printable
from checks.suite.roots import Root
from tests.conftest import Ended
from tests.pages import Page
from theory.language import Derivation, Sentence, Step

Here = Callable[..., Ended]


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
        "1 of 1 claims hold", "3 of 3 planted errors are refuted", "Errors fall like",
        "verilimit check toy-limit/true --tier smoke --seed 0", "verilimit report toy_limit",
    ):  # fmt: skip
        assert text in page, text
    places = ("class=card", "id=verdicts", "id=toy_limit", "id=toy-limit/true", "id=run")
    assert [page.index(place) for place in places] == sorted(map(page.index, places))


def test_the_page_is_well_formed_offline_and_has_no_script(page: str) -> None:
    parsed = Page(page)
    assert not parsed.open
    links = [e[key] for e in parsed.all for key in ("href", "src", "xlink:href") if key in e]
    assert all(link.startswith("#") for link in links)
    assert {link[1:] for link in links} <= {e["id"] for e in parsed.all if "id" in e}
    assert "<script" not in page
    assert not re.search(r"@import|url\((?!#)", page)


def test_what_was_found_stands_on_the_card_with_links_to_what_shows_it(
    toy_here: Here, toy_house: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    toy = House((Root(str(toy_house)),), built_in=False)
    theorem = part_of_room("toy_limit", "theory", toy).theorem
    found = Sentence("It is $x^2$.", steps=("expand",), claims=("true",), probes=("iid",))
    monkeypatch.setitem(theorem.__dict__, "found", (found,))
    assert toy_here("report", "--latex", "tex").returncode == 0
    page = (tmp_path / "report.html").read_text()
    links = "<a href=#toy_limit-step-1>expand</a>, <a href=#toy-limit/true>true</a>, "
    assert links + "<a href=#toy_limit-assumes-iid>iid</a> <b class=MISSING>" in page
    assert "It is <span class=tied><math><msup><mi>x</mi><mn>2</mn></msup></math>.</span>" in page
    assert page.index(links) < page.index("id=verdicts")
    source = (tmp_path / "tex" / "report.tex").read_text()
    assert "It is $x^2$. (steps: expand; claims: true; probes: iid (MISSING))" in source


def test_side_steps_are_folded_after_the_main_line(
    toy_here: Here, toy_house: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    toy = House((Root(str(toy_house)),), built_in=False)
    module = part_of_room("toy_limit", "theory", toy)
    x = module.x
    steps = (
        Step("aside", x + x, 2 * x, "sum"),
        Step("base", x * x, x**2, "product"),
        Step("end", (x + 1) ** 2, x**2 + 2 * x + 1, "binomial", uses=("base",)),
    )
    derivation = Derivation(steps, statement=("end",), aside={"for comparison": ("aside", "iid")})
    monkeypatch.setitem(module.theorem.__dict__, "derivation", derivation)
    assert toy_here("report").returncode == 0
    page = (tmp_path / "report.html").read_text()
    places = ["step-2", "step-3", "1 step on which the statement does not rest", "step-1"]
    found = [page.index(f"id=toy_limit-{p}" if p.startswith("step") else p) for p in places]
    assert found == sorted(found)
    assert "uses <a href=#toy_limit-step-2>base</a>" in page
    told = toy_here("derive", "toy_limit").stdout
    assert "because sum" not in told
    assert "because binomial" in told
    assert "because sum" in toy_here("derive", "toy_limit", "--all").stdout


def test_figures_are_inline_and_take_the_colour_of_the_page(page: str) -> None:
    figures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    strips = [figure for figure in figures if "class=strip" in figure]
    assert len(figures) - len(strips) == 2  # one series, one picture
    assert all("currentColor" in figure for figure in figures if figure not in strips)
    # In the table it stands beside words; in the claim it is the same drawing, with a name.
    assert ["aria-label" in strip for strip in strips] == [False, True]
    assert [set(re.findall("bar-[0-9]+", strip)) for strip in strips] == [{"bar-0"}] * 2
    assert "<use" in strips[1]
    assert "planted errors" in page  # in the plot of the claim
    assert "within the margin" in page
    assert max(map(len, figures)) < 6000
    assert "<math" in page


def test_the_same_seed_gives_the_same_page(page: str, toy_here: Here, tmp_path: Path) -> None:
    toy_here("report", "--out", "again.html")
    assert (tmp_path / "again.html").read_text() == page


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
        ("a--b <<x>> – ''", r"a-{}-b <{}<x>{}> -- '{}'"),
        ("left \u202e right", r"left \texttt{U+202E} right"),
    ],
)
def test_words_are_escaped_for_latex(text: str, expected: str) -> None:
    assert escaped(text) == expected


HOSTILE = (
    "<script>alert(1)</script>",
    r"$\href{javascript:alert(1)}{x}$",
    r"$\text{<script>alert(1)</script>}$",
    r"$\mathrm{<b>}$ & $x < y$",
    "costs $5 and $6",
    r"$\input{/etc/passwd}$",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_words(text: str) -> None:
    page = prose(text)
    inner = re.sub(r"</?(math|m[inorstu]\w*)( [a-z]+=\"[^\"<>]*\")*>", "", page)
    assert "<" not in inner
    assert "href=" not in page.replace("href{", "")
    assert r"\input{" not in tex(text)
    assert r"\href{" not in tex(text)


def test_what_turns_the_direction_of_writing_is_shown_by_its_code() -> None:
    turned = "".join(map(chr, (0x200E, 0x61C, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
    assert printable(turned) == "".join(f"\\u{ord(c):04x}" for c in turned)
    assert printable("naïve — ℝ, 中") == "naïve — ℝ, 中"


def test_a_name_in_latex_may_be_broken_after_its_parts() -> None:
    assert words("a-b/c_d") == r"\words{a-\allowbreak{}b/\allowbreak{}c\_d}"
    assert words("0" * 20) == rf"\words{{{'0' * 16}\allowbreak{{}}{'0' * 4}}}"


def test_formulas_in_prose_are_typeset_and_the_rest_is_escaped() -> None:
    text = r"at rate $L^{-1/3}$ & more"
    assert prose(text).startswith("at rate <math><msup><mi>L</mi>")
    assert prose("($x$), so") == '<span class="tied">(<math><mi>x</mi></math>),</span> so'
    assert prose(text).endswith("&amp; more")
    assert tex(text) == r"at rate $L^{-1/3}$ \& more"


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
