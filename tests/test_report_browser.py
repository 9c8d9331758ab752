"""The report in a real browser: headless Chromium reads the file, wide and as narrow as a phone."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ended

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), "")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="Chromium is no Python package")
# Put at the end of a copy of the page, which itself has no script.
PROBE = """<script>
addEventListener("load", () => {
  for (const each of document.querySelectorAll("details")) each.open = true;
  const boxes = "svg, math, pre, .scroll, .math", edge = document.documentElement.clientWidth + 1;
  const wide = [...document.querySelectorAll("body *")]
    .filter((e) => !e.closest(boxes) && e.getBoundingClientRect().right > edge);
  const height = (e) => e.getBoundingClientRect().height;
  document.title = "PROBE" + JSON.stringify({
    scrolls: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    wide: wide.map((e) => e.outerHTML.slice(0, 120)),
    formulas: [...document.querySelectorAll("math")].map(height),
    dead: [...document.querySelectorAll("a[href]")].map((a) => a.getAttribute("href"))
      .filter((h) => !h.startsWith("#") || !document.getElementById(h.slice(1))),
    loaded: performance.getEntriesByType("resource").length,
    words: document.body.innerText,
    paper: getComputedStyle(document.body).backgroundColor,
    unreachable: [...document.querySelectorAll(".scroll, pre")]
      .filter((e) => e.scrollWidth > e.clientWidth && e.tabIndex < 0).length,
  });
});
</script>"""
Look = Callable[..., dict[str, Any]]


@pytest.fixture
def look(toy_here: Callable[..., Ended], tmp_path: Path) -> Look:
    """What a browser sees of the toy's report in a window of some width."""
    assert toy_here("report").returncode == 0
    page = (tmp_path / "report.html").read_text()
    copy = tmp_path / "probed.html"
    copy.write_text(page.replace("</body>", PROBE + "</body>"))

    def run(width: int, *flags: str) -> dict[str, Any]:
        done = subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000",
             f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900", *flags,
             "--dump-dom", copy.as_uri()],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        text = done.stdout.split("<title>PROBE", 1)[1].split("</title>", 1)[0]
        for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
            text = text.replace(entity, sign)
        return {**json.loads(text), "log": done.stderr}

    return run


@pytest.mark.parametrize("width", [500, 1400])
def test_nothing_is_wider_than_the_window_and_formulas_render(look: Look, width: int) -> None:
    seen = look(width)
    assert seen["scrolls"] <= 0, seen["wide"]
    assert not seen["wide"]
    assert seen["formulas"]
    assert all(height > 0 for height in seen["formulas"])
    assert not seen["dead"]
    assert seen["loaded"] == 0
    assert not seen["unreachable"]
    assert "CONSOLE" not in seen["log"]


def test_no_latex_is_left_in_what_is_read(look: Look) -> None:
    words = look(1400)["words"]
    assert "like 1/n & no faster" in words
    assert not [sign for sign in ("\\frac", "\\left", "\\mathrm", "$") if sign in words]


def test_a_dark_page_is_dark(look: Look) -> None:
    light, dark = (look(900, *flags)["paper"] for flags in ((), ("--force-dark-mode",)))
    assert light == "rgb(253, 252, 249)"
    assert dark == "rgb(22, 24, 28)"


def test_a_browser_notices_what_is_too_wide(look: Look, tmp_path: Path) -> None:
    copy = tmp_path / "probed.html"
    copy.write_text(copy.read_text().replace("<h1>", '<h1 style="width:4000px">'))
    assert look(500)["scrolls"] > 0
