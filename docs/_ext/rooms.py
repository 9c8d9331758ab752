"""Directives that show a room from its theory and from a record of a run, named like their page.

`{statement}`, `{origin}`, `{derivation}`, `{claims}` and `{unchecked}` stand in `docs/ROOM.md`,
without an argument. What they show is computed or read: nothing of it is typed in a page.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from pieces import badge, bullets, code, folded, formula, paragraph, symbols, table
from room_facts import facts, made_by, source_now
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from theory.language.step import KINDS

RECORD = Path(__file__).resolve().parent.parent / "record.json"
COMMAND = "verilimit check --json docs/record.json"


class RoomDirective(SphinxDirective):
    """A part of the room that has the name of the page."""

    @property
    def facts(self) -> Any:
        """What the theory knows."""
        return facts(self.env.docname)


class Statement(RoomDirective):
    """What the theorem says, what its symbols mean, what it assumes."""

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        room = self.facts
        found: list[nodes.Node] = [paragraph(room["statement"])]
        found += [formula(*rows) for rows in room["equations"]]
        if room["rate"]:
            found += [paragraph(f"Rate ({room['rate_kind']}):"), formula(room["rate"])]
        found.append(folded(["Notation"], symbols(room["notation"])))
        assumed = table(("assumption", "says"), [(code(i), s) for i, s in room["assumptions"]])
        return [*found, folded(["Assumptions"], assumed)]


class Origin(RoomDirective):
    """Where the statement is from, and what of it was read and what rebuilt."""

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        room = self.facts
        word = nodes.strong("", f"{room['source'].capitalize()}.")
        return [paragraph(word, f" {room['reference']}."), paragraph(room["source_note"])]


class Derivation(RoomDirective):
    """The steps in order, each with what it is worth and on what it rests; side steps folded."""

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        room = self.facts
        steps = {step["name"]: step for step in room["steps"]}
        beside = [name for _, names in room["beside"] for name in names]
        kinds = [step["kind"] for step in steps.values()]
        counts = ", ".join(
            f"{number} {words[number > 1]}"
            for kind, words in KINDS.items()
            if (number := kinds.count(kind))
        )
        found: list[nodes.Node] = [
            paragraph(
                f"{len(steps)} steps ({counts}); the statement is ", *_links(room["ends"]), ". "
                f"`verilimit derive {room['name']}` decides each and prints its status.",
            )
        ]  # fmt: skip
        for name, step in steps.items():
            if name not in beside:
                found += _step(step, set(steps))
        for reason, names in room["beside"]:
            own = [
                node for name in names if name in steps for node in _step(steps[name], set(steps))
            ]
            if own:
                found.append(folded([f"Beside the main line: {reason}"], *own))
        return found


class Claims(RoomDirective):
    """Each claim with its verdict, estimates and planted errors from the record."""

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        self.env.note_dependency(str(RECORD))
        judged = {claim["id"]: claim for claim in record().get("claims", ())}
        found: list[nodes.Node] = [_made_by()]
        for claim in self.facts["claims"]:
            found.append(_claim(claim, judged.get(claim["id"])))
        return found


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


class Unchecked(RoomDirective):
    """The paper's sentences with what stands for each, and what the room does not check."""

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        room = self.facts
        found = [bullets(room["not_checked"])] if room["not_checked"] else []
        head = ("what the paper states", "here", "by", "not checked")
        return [
            *found,
            folded(["The paper's sentences, one by one"], table(head, room["coverage"])),
        ]


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


def _links(names: list[str]) -> list[nodes.Node]:
    found: list[nodes.Node] = []
    for name in names:
        found += [nodes.Text(", "), nodes.reference("", name, refuri=f"#{_anchor(name)}")]
    return found[1:]


def _anchor(step: str) -> str:
    return f"step-{nodes.make_id(step)}"


def _step(step: Any, known: set[str]) -> list[nodes.Node]:
    uses: list[nodes.Node] = []
    for name in step["uses"]:
        one = nodes.reference("", name, refuri=f"#{_anchor(name)}") if name in known else code(name)
        uses += [nodes.Text(", " if uses else " Uses "), one]
    return [
        nodes.target("", "", ids=[_anchor(step["name"])]),
        paragraph(nodes.strong("", step["name"]), f" ({step['kind']})", classes=["step"]),
        formula(*step["rows"]),
        paragraph(f"because {step['because']}.", *uses, classes=["because"]),
    ]


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
    inside: list[nodes.Node] = [paragraph(f"{judged['because']}.".replace("..", "."))]
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


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives; pages are read anew when what they are made by has changed."""
    app.add_directive("statement", Statement)
    app.add_directive("origin", Origin)
    app.add_directive("derivation", Derivation)
    app.add_directive("claims", Claims)
    app.add_directive("unchecked", Unchecked)
    app.add_directive("verdict", Verdict)
    version = made_by(*sorted(Path(__file__).parent.glob("*.py")))
    return {"env_version": version, "parallel_read_safe": True, "parallel_write_safe": True}
