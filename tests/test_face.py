"""One public face: lazy, complete, typed, and the only one that documents and messages show."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import verilimit as vl
from tests.conftest import ROOT
from tests.documents import DOCUMENTS

INTERNAL = re.compile(r"\b(?:from|import) (?:checks|theory|numerics)(?:\.\w| import\b|$)", re.M)
KINDS = (
    "CertifiedClaim", "ConstantClaim", "DecayClaim", "FrequencyClaim", "GrowthClaim",
    "IdentityClaim", "IndependenceClaim", "InequalityClaim", "LawClaim", "MomentClaim",
    "LimitClaim", "LocationClaim", "MonotoneClaim", "RateClaim",
)  # fmt: skip


def python(code: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_every_public_name_leads_somewhere() -> None:
    for name in dir(vl):
        assert getattr(vl, name) is not None
    assert {*KINDS, "Mutant", "judge", "Theorem", "Step", "probe_attention"} <= set(dir(vl))
    assert set(vl.__all__) == set(dir(vl))


def test_every_kind_of_claim_is_public() -> None:
    kinds = {kind.__name__ for kind in vl.Claim.__subclasses__() if "verdicts" in kind.__module__}
    assert kinds == set(KINDS)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no name “RateClam”"):
        _ = vl.RateClam


def test_the_face_imports_nothing_heavy_until_it_is_asked(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    code = (
        "import sys, verilimit as vl\n"
        "heavy = {'jax', 'sympy', 'numpy', 'checks', 'theory', 'numerics'}\n"
        "assert 'Theorem' in dir(vl)\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "vl.Theorem\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = python(code, tmp_path, environment)
    before, after = map(ast.literal_eval, done.stdout.splitlines())
    assert before == []
    assert {"sympy", "theory"} <= set(after)
    assert "jax" not in after


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_documents_show_the_public_face_only(document: Path) -> None:
    assert not INTERNAL.findall(document.read_text(encoding="utf-8"))


def test_messages_and_docstrings_show_the_public_face_only() -> None:
    wrong = [
        (path.name, node.lineno, node.value)
        for package in ("theory", "numerics", "checks")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and INTERNAL.search(node.value)
    ]
    assert not wrong


def test_an_internal_import_in_a_document_would_be_seen() -> None:
    assert INTERNAL.search("```python\nfrom checks.verdicts import RateClaim\n```")


def test_the_names_of_the_face_that_documents_use_exist() -> None:
    text = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    used = set(re.findall(r"\bvl\.(\w+)", text))
    for line in re.findall(r"from verilimit import ([\w, ]+)", text):
        used |= {name.split(" as ")[0].strip() for name in line.split(",")}
    assert used <= set(dir(vl)), used - set(dir(vl))
    assert "RateClaim" in used
