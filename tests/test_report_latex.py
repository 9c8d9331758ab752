"""The LaTeX of a report compiles where TeX is installed, whatever the words of a room are."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from checks.suite.house import House, part_of_room
from checks.suite.roots import Root
from tests.conftest import Ended
from theory.language import Assumption, Sentence

Here = Callable[..., Ended]
pytestmark = pytest.mark.skipif(not shutil.which("pdflatex"), reason="TeX is no Python package")
WORDS = (
    r"100 % of $\frac{1}{n}$ & #1_2^3 ~ \input{x} {} “so” … ν(ρ) ≤ ∞ → x₀² — $5, \end{document}, "
    r"$\hat{x}_{\mathrm{max}} = \left\lfloor L^{-1/3} \right\rfloor$, 日 and $a^b^c$"
)


def compiled(folder: Path) -> subprocess.CompletedProcess[str]:
    """What pdflatex says of a folder's report."""
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")


def test_the_latex_compiles_with_hostile_words(
    toy_here: Here, toy_house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = House((Root(str(toy_house)),), built_in=False)
    theorem = part_of_room("toy_limit", "theory", toy).theorem
    for name, value in {
        "title": WORDS, "statement": WORDS, "reference": WORDS, "source_note": WORDS,
        "assumptions": (Assumption("iid", WORDS),),
        "found": (Sentence(WORDS, steps=("expand",), claims=("true", "later"), probes=("iid",)),),
        "coverage": (Sentence(WORDS, missing=WORDS),),
    }.items():  # fmt: skip
        monkeypatch.setitem(theorem.__dict__, name, value)
    checks = part_of_room("toy_limit", "checks", toy)
    (picture,) = checks.pictures
    monkeypatch.setattr(checks, "not_checked", (WORDS,))
    monkeypatch.setattr(checks, "pictures", (replace(picture, title=WORDS, caption=WORDS),))
    monkeypatch.setattr(checks, "claims", tuple(replace(c, statement=WORDS) for c in checks.claims))
    assert toy_here("report", "--latex", "tex", "-q").returncode == 0
    source = (tmp_path / "tex" / "report.tex").read_text()
    assert source.count(r"\textbackslash{}input") >= 10
    done = compiled(tmp_path / "tex")
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "tex" / "report.pdf").read_bytes().startswith(b"%PDF")


def test_a_slip_in_the_latex_is_noticed(tmp_path: Path) -> None:
    slip = r"\documentclass{article}\begin{document}$a^b^c$\end{document}"
    (tmp_path / "report.tex").write_text(slip)
    assert compiled(tmp_path).returncode != 0
