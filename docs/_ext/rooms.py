"""Directives that show what the theory of a room knows, in the page that has the room's name.

`{statement}`, `{origin}`, `{derivation}` and `{unchecked}` take no argument. What they show is
computed: nothing of it is typed in a page.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from pieces import bullets, code, folded, formula, paragraph, prose, symbols, table
from room_facts import facts, made_by
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from theory.language.step import KINDS


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


def _links(names: list[str]) -> list[nodes.Node]:
    found: list[nodes.Node] = []
    for name in names:
        found += [nodes.Text(", "), _link(name)]
    return found[1:]


def _link(name: str) -> nodes.reference:
    return nodes.reference("", "", *prose(name), refuri=f"#{_anchor(name)}")


def _anchor(step: str) -> str:
    return f"step-{nodes.make_id(step)}"


def _step(step: Any, known: set[str]) -> list[nodes.Node]:
    uses: list[nodes.Node] = []
    for name in step["uses"]:
        one = _link(name) if name in known else code(name)
        uses += [nodes.Text(", " if uses else " Uses "), one]
    return [
        nodes.target("", "", ids=[_anchor(step["name"])]),
        paragraph(
            nodes.strong("", "", *prose(step["name"])), f" ({step['kind']})", classes=["step"]
        ),
        formula(*step["rows"]),
        paragraph(f"because {step['because']}.", *uses, classes=["because"]),
    ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives; pages are read anew when what they are made by has changed."""
    app.add_directive("statement", Statement)
    app.add_directive("origin", Origin)
    app.add_directive("derivation", Derivation)
    app.add_directive("unchecked", Unchecked)
    version = made_by(*sorted(Path(__file__).parent.glob("*.py")))
    return {"env_version": version, "parallel_read_safe": True, "parallel_write_safe": True}
