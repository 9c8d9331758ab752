"""The report as a PDF: what a browser without a window prints of the HTML page."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from checks.suite.problem import InputProblem

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LIMIT = 600  # seconds, of a page that takes a few
DATES = re.compile(rb"(?<=Date \(D:)\d{14}")
NODES = re.compile(rb"\(node(\d{8})\)")


def require_browser() -> str:
    """The path of Chromium or Chrome; raises `InputProblem` where neither is installed."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise InputProblem(
            expected="--pdf with Chromium or Chrome, which prints the page",
            received=f"none of {', '.join(BROWSERS)} on the PATH",
            remedy="Install one (Debian: apt install chromium), or leave --pdf away and print the "
            "HTML file from any browser; nothing was run.",
        )
    return found


def printed(page: str, browser: str) -> bytes:
    """The PDF of an HTML page, the same bytes for the same page and browser.

    Raises `InputProblem` with the browser's last words where it prints nothing.
    """
    # Chromium refuses to run in a sandbox as root; the page has no script and asks for nothing.
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with TemporaryDirectory(prefix="verilimit-pdf-") as folder:
        source, target = Path(folder, "report.html"), Path(folder, "report.pdf")
        source.write_text(page, encoding="utf-8")
        command = [
            browser, "--headless", "--disable-gpu", *root, f"--user-data-dir={folder}/profile",
            "--no-pdf-header-footer", f"--print-to-pdf={target}", source.as_uri(),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
            said = done.stderr.strip()[-300:]
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error)
        if not target.is_file():
            raise InputProblem(
                expected=f"{browser} to print the report",
                received=said or "no file, and no word",
                remedy="The HTML file is written: print it from any browser.",
            )
        return _as_ever(target.read_bytes())


def _as_ever(pdf: bytes) -> bytes:
    """The file without its date, and with its elements numbered from one: Chromium counts on."""
    ranks = {name: k for k, name in enumerate(sorted({*NODES.findall(pdf)}), start=1)}
    return NODES.sub(
        lambda found: b"(node%08d)" % ranks[found[1]], DATES.sub(b"19700101000000", pdf)
    )
