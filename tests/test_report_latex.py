"""The LaTeX of a report compiles where TeX is installed, whatever the words of a room are."""

import shutil
import subprocess
from pathlib import Path

import pytest

from checks.app.main import run
from checks.suite.house import House
from checks.suite.roots import Root
from tests.conftest import build_house

pytestmark = pytest.mark.skipif(not shutil.which("pdflatex"), reason="TeX is no Python package")
WORDS = (
    r"100 % of $\frac{1}{n}$ & #1_2^3 ~ \input{x} {} “so” … ν(ρ) ≤ ∞ → x₀² — $5, \end{document}, "
    r"$\hat{x}_{\mathrm{max}} = \left\lfloor L^{-1/3} \right\rfloor$, 日 and $a^b^c$"
)


def compiled(folder: Path) -> subprocess.CompletedProcess[str]:
    """What pdflatex says of a folder's report."""
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")


def hostile_room(folder: Path) -> None:
    """The toy under another name, with hostile words in every place."""
    build_house(folder, "hostile")
    said = repr(WORDS)
    found = f"vl.Sentence({said}, steps=('expand',), claims=('true', 'x'), probes=('iid',))"
    for part, changes in {
        "theory": {
            "import sympy as sp": "import sympy as sp\nimport verilimit as vl",
            '"A toy limit"': said,
            '"The error of the toy falls like 1/n & no faster."': said,
            '"nobody, equation (1)"': said,
            '"Made for a test."': said,
            '"errors are i.i.d."': said,
            '"binomial"': said,
            "rate=Rate": f"found=({found},), coverage=({found},), rate=Rate",
        },
        "checks": {
            "toy-limit/": "hostile/",
            '"toy_limit"': '"hostile"',
            'f"The error falls like {predicted}."': said,
            '"one half more"': said,
            '"A line", "It goes down."': f"{said}, {said}",
            '"Whether toys have limits."': said,
        },
    }.items():
        file = folder / "hostile" / f"{part}.py"
        source = file.read_text()
        for old, new in changes.items():
            assert old in source
            source = source.replace(old, new)
        file.write_text(source)


def test_the_latex_compiles_with_hostile_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile_room(tmp_path / "rooms")
    monkeypatch.chdir(tmp_path)
    command = "verilimit report --latex tex --quiet --jobs 1"
    monkeypatch.setattr("sys.argv", command.split())
    with pytest.raises(SystemExit) as ended:
        run(House((Root("rooms"),), built_in=False))
    assert not ended.value.code
    source = (tmp_path / "tex" / "report.tex").read_text()
    assert source.count(r"\textbackslash{}input") >= 12
    told = compiled(tmp_path / "tex")
    assert told.returncode == 0, told.stdout[-2000:]
    assert (tmp_path / "tex" / "report.pdf").read_bytes().startswith(b"%PDF")


def test_a_slip_in_the_latex_is_noticed(tmp_path: Path) -> None:
    slip = r"\documentclass{article}\begin{document}$a^b^c$\end{document}"
    (tmp_path / "report.tex").write_text(slip)
    assert compiled(tmp_path).returncode != 0
