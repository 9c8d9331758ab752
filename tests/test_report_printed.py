"""The report as a PDF, which a browser prints: complete, the same each time, or a clear refusal."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.report.printed import BROWSERS, _as_ever, printed, require_browser
from checks.suite.problem import InputProblem
from tests.conftest import Ended

Here = Callable[..., Ended]
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), "")
needs_browser = pytest.mark.skipif(not CHROMIUM, reason="Chromium is no Python package")
PAGES = re.compile(rb"/Type\s*/Page\b")


@needs_browser
def test_the_report_is_printed_beside_the_page(toy_here: Here, tmp_path: Path) -> None:
    done = toy_here("report", "--pdf", "r.pdf", "-q")
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "r.pdf").read_bytes()
    assert written.startswith(b"%PDF")
    assert len(PAGES.findall(written)) >= 2  # the theorem begins a page of its own
    page = (tmp_path / "report.html").read_text()
    assert printed(page, CHROMIUM) == written


@needs_browser
def test_the_rest_of_a_formula_is_printed_and_other_folds_are_not() -> None:
    style = Path("checks/report/templates/style.css")
    css = (Path(__file__).resolve().parent.parent / style).read_text()

    def pages(kind: str) -> int:
        tall = "<p style='height:40cm'>x</p>" * 3
        body = f"<details{kind}><summary>more</summary>{tall}</details>"
        page = f"<!doctype html><html><style>{css}</style><body>{body}</body></html>"
        return len(PAGES.findall(printed(page, CHROMIUM)))

    assert pages("") == 1
    assert pages(' class="rest"') > 3


def test_without_a_browser_nothing_is_run(
    toy_here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = toy_here("report", "--pdf", "r.pdf")
    assert done.returncode == 2
    assert "expected --pdf with Chromium or Chrome" in done.stderr
    assert "nothing was run" in done.stderr
    assert not list(tmp_path.iterdir())
    (tmp_path / "google-chrome").touch(0o755)
    assert require_browser() == str(tmp_path / "google-chrome")


def test_a_browser_that_prints_nothing_is_quoted(tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\necho no space left >&2\n")
    browser.chmod(0o755)
    with pytest.raises(InputProblem, match="no space left"):
        printed("<!doctype html>", str(browser))


def test_no_other_file_is_written_over(toy_here: Here, tmp_path: Path) -> None:
    (tmp_path / "r.pdf").write_text("import this")
    done = toy_here("report", "--pdf", "r.pdf")
    assert done.returncode == 2
    assert (tmp_path / "r.pdf").read_text() == "import this"


def test_the_names_of_elements_in_a_pdf_are_counted_from_one() -> None:
    first, second = (
        b"%%PDF (node%08d) (node%08d) (node%08d)" % ids for ids in ((122, 123, 122), (7, 9, 7))
    )
    assert (
        _as_ever(first) == _as_ever(second) == b"%PDF (node00000001) (node00000002) (node00000001)"
    )
