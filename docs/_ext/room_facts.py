"""What the theory of a room knows, as plain data.

Derivations take minutes, so they are kept in `_build`, under a hash of what made them.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from checks.report.formulas import equality, equation, latex
from checks.suite.fingerprint import source_hash
from checks.suite.house import BUILT_IN

HERE = Path(__file__).resolve().parent
KEPT = HERE.parent / "_build" / "facts"
REPORT = HERE.parent.parent / "checks" / "report"
PRINTERS = (HERE / "room_facts.py", HERE / "gallery.py", *sorted(REPORT.glob("*.py")))


@cache
def source_now() -> str:
    """The hash of the source as it is."""
    return source_hash()


@cache
def made_by(*others: Path) -> str:
    """A hash of the source, of what prints it, and of other files."""
    printers = b"".join(path.read_bytes() for path in (*PRINTERS, *others))
    return hashlib.sha256(source_now().encode() + printers).hexdigest()[:16]


@cache
def facts(name: str) -> Any:
    """Statement, notation, steps, claims and what is not checked of a room."""
    kept = KEPT / f"{name}-{made_by()}.json"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(_facts(name)), encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))


def _facts(name: str) -> Any:
    room = BUILT_IN.room(name)
    theorem = room.theorem
    derivation = theorem.derivation
    return {
        "name": name,
        "title": theorem.title,
        "statement": theorem.statement,
        "equations": [equation(e).rows for e in theorem.equations],
        "rate": theorem.rate and theorem.rate.latex(),
        "rate_kind": theorem.rate and theorem.rate.kind.value,
        "reference": theorem.reference,
        "source": theorem.source.value,
        "source_note": theorem.source_note,
        "notation": [(latex(symbol), text) for symbol, text in theorem.notation.items()],
        "assumptions": [(a.id, a.statement) for a in theorem.assumptions],
        "steps": [
            {
                "name": step.name,
                "kind": step.kind,
                "because": step.because,
                "uses": step.uses,
                "rows": equality(step.left, step.right).rows,
            }
            for step in derivation.steps
        ],
        "ends": derivation.statement,
        "beside": list(theorem.beside_by_reason.items()),
        "claims": [{"id": claim.id, "statement": claim.statement} for claim in room.claims],
        "not_checked": room.not_checked,
        "coverage": [(s.says, s.word, s.seen_by, s.missing) for s in theorem.coverage],
    }
