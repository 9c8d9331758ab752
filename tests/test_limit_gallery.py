"""The gallery: every layer of it has the regime and the numbers that are stated for it."""

import time
from pathlib import Path

import pytest

import verilimit as vl
from checks.app.layers import chosen
from tests.conftest import ROOT

GALLERY = sorted((ROOT / "docs" / "gallery").glob("*.py"))


@pytest.mark.parametrize("path", GALLERY, ids=lambda p: p.stem)
def test_the_derivation_gives_what_is_stated(path: Path) -> None:
    ((_, layer),) = chosen(str(path)).items()
    start = time.process_time()
    limit = vl.derive(layer)
    assert limit.contradictions() == []
    assert limit.words
    assert time.process_time() - start < 20


@pytest.mark.parametrize("path", GALLERY, ids=lambda p: p.stem)
def test_a_layer_is_forty_lines_and_imports_nothing_else(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    imports = [line for line in text.splitlines() if line.startswith(("import", "from"))]
    assert imports == ["import verilimit as vl"]
    assert len(text.splitlines()) <= 40
