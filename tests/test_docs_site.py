"""The documentation shows what theory and record say: a small site around a toy room."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from checks.suite.house import BUILT_IN
from tests.conftest import DRIVER, ROOT, build_house

pytestmark = pytest.mark.slow
CONF = f"""
import sys
from pathlib import Path

sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "docs" / "_ext")!r}]
HERE = Path(__file__).resolve().parent
import recorded_claims, room_facts
from checks.suite.house import House
from checks.suite.roots import Root

room_facts.BUILT_IN = House((Root(str(HERE.parent / "house")),), built_in=False)
room_facts.KEPT = HERE / "kept"
recorded_claims.RECORD = HERE / "record.json"
extensions = ["myst_parser", "mathml", "pieces", "rooms", "recorded_claims"]
myst_enable_extensions = ["dollarmath"]
html_theme, html_math_renderer = "furo", "mathml"
exclude_patterns = ["kept"]
"""
PARTS = ("statement", "origin", "derivation", "claims", "unchecked")
PAGE = "# Toy <b>room</b>\n\nAs $n^{-1}$.\n\n" + "".join(f"```{{{p}}}\n```\n\n" for p in PARTS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy room, and the record of a run of it."""
    place = tmp_path_factory.mktemp("site")
    build_house(place / "house")
    (place / "driver.py").write_text(DRIVER.replace("{HOUSE}", str(place / "house")))
    docs = place / "docs"
    docs.mkdir()
    (docs / "conf.py").write_text(CONF)
    (docs / "index.md").write_text("# Site\n\n```{toctree}\ntoy_limit\n```\n")
    (docs / "toy_limit.md").write_text(PAGE)
    run = [sys.executable, "driver.py", "check", "--json", "docs/record.json", "-q", "--jobs", "1"]
    subprocess.run(run, cwd=place, check=True, capture_output=True, env=environment())
    return place


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "-q", "docs", "html"]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=environment()
    )


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    done = build(folder)
    assert done.returncode == 0, done.stderr
    return (folder / "html" / "toy_limit.html").read_text(encoding="utf-8")


def test_the_page_of_a_room_has_what_the_theory_says(page: str) -> None:
    assert "The error of the toy falls like 1/n &amp; no faster." in page
    assert "errors are i.i.d." in page
    assert "Whether toys have limits." in page
    assert "<strong>Reconstructed.</strong> nobody, equation (1)." in page
    assert "because binomial." in page
    assert 'id="step-expand"' in page


def test_the_page_of_a_room_has_what_the_record_says(page: str, folder: Path) -> None:
    record = json.loads((folder / "docs" / "record.json").read_text())
    (claim,) = record["claims"]
    assert claim["verdict"] == "SUPPORTED"
    assert '<span class="badge SUPPORTED">SUPPORTED</span>' in page
    assert claim["because"].partition(",")[0] in page
    assert page.count("<p>REFUTED</p>") == len(claim["mutants"]) == 3
    assert record["source"][:12] in page


def test_search_has_its_index_beside_the_pages(page: str, folder: Path) -> None:
    assert "toy" in (folder / "html" / "searchindex.js").read_text(encoding="utf-8")
    search = (folder / "html" / "search.html").read_text(encoding="utf-8")
    assert 'src="searchindex.js"' in search


def test_formulas_are_mathml_and_nothing_is_fetched(page: str) -> None:
    assert page.count("<math") >= 4
    assert not re.search(r"\\(frac|sum|left|mathrm)\b", re.sub(r"<script.*?</script>", "", page))
    assert not re.findall(r'(?:src|<link[^>]* href)="(?:https?:)?//', page)


@pytest.mark.parametrize("other", ["", "The error falls like n**(-2)."])
def test_without_a_verdict_on_this_sentence_none_is_shown(other: str, folder: Path) -> None:
    record = folder / "docs" / "record.json"
    kept = record.read_text()
    if other:
        record.write_text(kept.replace("The error falls like 1/n.", other))
    else:
        record.unlink()
    (folder / "docs" / "toy_limit.md").write_text(f"{PAGE}\n<!-- {other} -->\n")
    try:
        done = build(folder)
        assert done.returncode == 0, done.stderr
        page = (folder / "html" / "toy_limit.html").read_text(encoding="utf-8")
        assert ("No run is recorded here" in page) is (not other)
        assert "NOT RECORDED" in page
        assert "SUPPORTED" not in page
    finally:
        record.write_text(kept)


def test_a_link_that_leads_nowhere_fails_the_build(folder: Path) -> None:
    wrong = folder / "docs" / "index.md"
    kept = wrong.read_text()
    wrong.write_text(kept + "\n[away](nowhere.md)\n")
    try:
        done = build(folder)
        assert done.returncode != 0
        assert "nowhere.md" in done.stderr
    finally:
        wrong.write_text(kept)


def test_the_record_of_the_documentation_is_one_of_our_rooms() -> None:
    record = json.loads((ROOT / "docs" / "record.json").read_text(encoding="utf-8"))
    jsonschema.validate(record, json.loads((files("checks.verdicts") / "schema.json").read_text()))
    assert {claim["theorem"] for claim in record["claims"]} == set(BUILT_IN.names())
    assert re.fullmatch("[0-9a-f]{64}", record["source"])


def test_a_verdict_that_a_page_shows_is_recorded() -> None:
    record = json.loads((ROOT / "docs" / "record.json").read_text(encoding="utf-8"))
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")]
    shown = re.findall(r"```\{verdict\} (\S+)", "".join(pages))
    assert shown
    assert set(shown) <= {claim["id"] for claim in record["claims"]}


def links(path: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            yield target


def test_links_of_the_readme_lead_somewhere() -> None:
    found = [
        (name, target) for name in ("README.md", "CONTRIBUTING.md") for target in links(ROOT / name)
    ]
    assert len(found) > 10
    assert [pair for pair in found if not (ROOT / pair[1]).exists()] == []
