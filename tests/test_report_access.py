"""The report is for everyone: enough contrast, names, headings in order, all of it by keyboard."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from checks.report import page as report_page
from tests.conftest import Ended
from tests.pages import Page

Here = Callable[..., Ended]
Colours = dict[str, str]
STYLE = (Path(report_page.__file__).parent / "templates" / "style.css").read_text()
TEXT = ("ink", "soft", "accent", "good", "bad", "open", "sampled")
CURVES = tuple(f"c{k}" for k in range(6))
NATIVE = {"a", "summary"}  # a page without script needs nothing else to be operated
FOREIGN = ("button", "input", "select", "textarea", "script", "iframe", "object", "video", "audio")


def palettes() -> dict[str, Colours]:
    """The colours of the page by the media they are for; what a later one leaves out stays."""
    blocks = re.findall(r"((?:@media [^{]*\{\s*)?):root \{([^}]*)\}", STYLE)
    found = [dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", block)) for _, block in blocks]
    names = [re.sub(r"@media |[{\s]", "", media) or "light" for media, _ in blocks]
    return {name: {**found[0], **colours} for name, colours in zip(names, found, strict=True)}


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    shares = (int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4))
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    """Pages by the command that wrote them, so that each is written once."""
    return {}


@pytest.fixture
def page(pages: dict[str, Page], toy_here: Here, tmp_path: Path) -> Page:
    """The toy's report."""
    if "toy" not in pages:
        assert toy_here("report", "-q").returncode == 0
        pages["toy"] = Page((tmp_path / "report.html").read_text())
    return pages["toy"]


@pytest.mark.parametrize("media", ["light", "(prefers-color-scheme:dark)", "print"])
def test_colours_have_the_contrast_of_level_aa(media: str) -> None:
    colours = palettes()[media]
    for ground in ("paper", "panel"):
        for name in TEXT:
            assert contrast(colours[name], colours[ground]) >= 4.5, f"{name} on {ground}"
    for name in CURVES:
        assert contrast(colours[name], colours["paper"]) >= 3, name


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.005)
    assert len(palettes()) == 3


def test_words_have_no_colour_but_those_of_the_palette() -> None:
    rules = re.sub(r":root \{[^}]*\}", "", STYLE)
    assert set(re.findall(r"(?<![-\w])color: ([^;}]*)", rules)) == {
        *(f"var(--{name})" for name in TEXT), "inherit",
    }  # fmt: skip
    assert "opacity" not in re.sub(r"\.bar rect \{[^}]*\}", "", rules)


def test_whatever_is_operated_is_a_native_element_with_a_name(page: Page) -> None:
    assert not page.of(*FOREIGN)
    assert {element["tag"] for element in page.all if "onclick" in element} == set()
    for element in page.of(*NATIVE):
        assert element["words"].strip(), element
        assert element["tag"] == "summary" or element["href"].startswith("#")
    reached = [element for element in page.all if "tabindex" in element]
    assert {element["tabindex"] for element in reached} == {"0"}
    scrolling = [e for e in page.all if e["tag"] == "pre" or _classes(e) & {"scroll", "math"}]
    assert reached == scrolling
    assert scrolling
    assert ":focus-visible { outline: 2px" in STYLE
    assert "outline: none" not in STYLE


def _classes(element: dict) -> set[str]:
    return set(element.get("class", "").split())


def test_headings_are_in_order_and_the_page_has_its_landmarks(page: Page) -> None:
    headings = page.of("h1", "h2", "h3", "h4", "h5")
    levels = [int(element["tag"][1]) for element in headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(element["words"].strip() for element in headings)
    assert [element["lang"] for element in page.of("html")] == ["en"]
    assert len(page.of("main")) == 1
    assert [element["aria-label"] for element in page.of("nav")] == ["Contents"]
    ids = [element["id"] for element in page.all if "id" in element]
    assert len(set(ids)) == len(ids)


def test_tables_have_names_and_headers_and_pictures_have_names(page: Page) -> None:
    tables, heads = page.of("table"), page.of("thead")
    assert len(tables) == len(heads)
    names = [element["aria-label"] for element in tables]
    assert [name.split()[0] for name in names] == ["Verdicts:", "Notation", "Tests"]
    assert all(element["words"].strip() for element in page.of("th"))
    pictures = page.of("svg")
    assert pictures
    for element in pictures:
        assert element.get("aria-hidden") == "true" or element["aria-label"].strip()
    assert "error against n" in [element.get("aria-label") for element in pictures]
