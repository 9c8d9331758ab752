"""Type checkers see verilimit's types, and through a local stub those of SymPy: planted errors."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

RIGHT = """
import numpy as np
import sympy as sp
import verilimit as vl

n = vl.size("n")
i, j = vl.indices("i j", n)
x = vl.array("x", n)
W = vl.array("W", n, n)
square = vl.total(x[i] ** 2, i)
p = sp.Symbol("p", positive=True)


def half(value: sp.Expr) -> sp.Expr:
    return value / 2


def error(size: dict[str, int], keys: np.ndarray) -> np.ndarray:
    return np.ones(len(keys)) / size["n"]


step = vl.Step("double", 2 * square, square + square, "arithmetic")
rate = vl.Rate(1 / p, vl.Kind.EXACT)
mean = vl.expectation(vl.total(W[i, j] * W[i, j], i), {W: 1})
claim = vl.RateClaim(id="a", sizes={"n": [1, 2, 4, 8]}, predicted=1 / p, kind="exact", error=error)
"""
PLANTED = (
    'vl.Step("a", "x + 1", square, "text for a formula")',
    'vl.Step("a", square, square, None)',
    'sp.sqrt("n")',
    'square + "1"',
    'vl.total(x[i], "i")',
    "half([square])",
    "square.free_symbol",
    'vl.Rate("1/n")',
    'vl.Function("f", (x,), square, "no output", "none")',
    'vl.RateClaim(id="a", sizes=[8, 16], predicted=1 / p, error=error)',
    'vl.RateClaim(id="a", sizes={"n": [1, 2, 4, 8]}, predicted=1 / p, error=half)',
)


def errors_in(folder: Path, *files: Path) -> list[tuple[Path, int]]:
    """Files and lines of what pyright complains about, with the local stub of SymPy."""
    config = {
        "include": [str(file) for file in files], "stubPath": str(ROOT / "stubs"),
        "extraPaths": [str(ROOT)], "pythonVersion": "3.11", "useLibraryCodeForTypes": False,
    }  # fmt: skip
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(
        [*command, "-p", str(folder)], capture_output=True, text=True, check=False
    )
    found = json.loads(done.stdout)["generalDiagnostics"]
    return [
        (Path(entry["file"]), entry["range"]["start"]["line"])
        for entry in found
        if entry["severity"] == "error"
    ]


@pytest.mark.slow
def test_planted_type_errors_are_seen_and_right_code_is_not_blamed(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch.py"
    scratch.write_text(RIGHT + "\n".join(PLANTED) + "\n")
    example = [ROOT / "checks" / "example" / f"{part}.py" for part in ("theory", "checks")]
    found = errors_in(tmp_path, scratch, *example)
    first = RIGHT.count("\n")
    missed = [text for k, text in enumerate(PLANTED) if (scratch, first + k) not in found]
    assert not missed
    assert {file for file, _ in found} == {scratch}
    assert all(line >= first for _, line in found)
