"""Directives that show a record: `{claims}` of the room of the page, `{verdict} CLAIM` anywhere."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from pieces import badge, code, folded, paragraph, table
from room_facts import source_now
from rooms import RoomDirective
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

RECORD = Path(__file__).resolve().parent.parent / "record.json"
COMMAND = "verilimit check --json docs/record.json"


class Claims(RoomDirective):
    """Each claim with its verdict, estimates and planted errors from the record.

    A verdict on a sentence that has changed since is none.
    """

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        self.env.note_dependency(str(RECORD))
        judged = {(c["id"], c["statement"]): c for c in record().get("claims", ())}
        claims = self.facts["claims"]
        return [_made_by(), *(_claim(c, judged.get((c["id"], c["statement"]))) for c in claims)]


class Verdict(SphinxDirective):
    """One claim of the record, named by its id."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The nodes; an id that is not recorded is an error."""
        self.env.note_dependency(str(RECORD))
        if not record():
            return [_made_by()]
        judged = [c for c in record()["claims"] if c["id"] == self.arguments[0]]
        if not judged:
            raise self.error(f"the record has no claim {self.arguments[0]}")
        return [_claim(judged[0], judged[0], shown=True)]


@cache
def record() -> Any:
    """The record of a run, or nothing."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}


def _made_by() -> nodes.paragraph:
    found = record()
    if not found:
        return paragraph(f"No run is recorded here; `{COMMAND}` records one.")
    made = found["source"][:12]
    now = source_now()[:12]
    same = "today's" if now == made else f"today's is `{now}`: claims may have changed since"
    return paragraph(
        f"Judged by `{COMMAND}`, tier {found['tier']}, seed {found['seed']}, by the source "
        f"`{made}` ({same}). Each opens to its estimates and its planted errors."
    )


def _claim(claim: Any, judged: Any, *, shown: bool = False) -> nodes.Node:
    verdict = _unjudged(claim["id"]) if judged is None else judged["verdict"]
    words = [badge(verdict), " ", code(claim["id"].partition("/")[2]), f" {claim['statement']}"]
    if judged is None:
        return folded(
            words,
            paragraph("It has no verdict in this record."),
        )
    planted = judged["mutants"]
    refuted = sum(m["verdict"] == "REFUTED" for m in planted)
    inside: list[nodes.Node] = [paragraph(f"{judged['because'].rstrip('.')}.")]
    if judged["tests"]:
        head = ("quantity", "estimate", "99 % interval", "supported inside")
        inside.append(table(head, map(_test, judged["tests"])))
    inside += [
        paragraph(
            f"{judged['kind']}; {judged['seeds']} seeds; false refutation at most "
            f"{judged['budget']:.2g}; {refuted} of {len(planted)} planted errors refuted:"
        ),
        table(
            ("planted error", "verdict", "because"),
            [(m["description"], m["verdict"], m["because"]) for m in planted],
        ),
    ]
    return folded(words, *inside, anchor=claim["id"], shown=shown)


def _unjudged(claim: str) -> str:
    found = record()
    return (
        f"NOT AT TIER {found['tier']}" if claim in found.get("not_at_tier", ()) else "NOT RECORDED"
    )


def _test(test: Any) -> tuple[str, str, str, str]:
    return (
        test["name"], _number(test["estimate"], "?"),
        f"{_number(test['interval'][0], '−∞')} … {_number(test['interval'][1], '∞')}",
        f"{_number(test['support_region'][0], '−∞')} … {_number(test['support_region'][1], '∞')}",
    )  # fmt: skip


def _number(value: float | None, infinite: str) -> str:
    return infinite if value is None else f"{value:.3g}"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("claims", Claims)
    app.add_directive("verdict", Verdict)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
