"""The directive `{gallery}`: each layer of `docs/gallery` with the limit derived from it."""

import ast
import json
from pathlib import Path
from typing import Any

import sympy as sp
from docutils import nodes
from pieces import badge, code, figure, folded, formula, listing, paragraph, section, table
from room_facts import KEPT, made_by
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import verilimit as vl
from checks.app.layers import chosen
from checks.report.charts import picture_drawing, svg
from checks.report.drawing import layer_picture
from checks.report.formulas import latex, rows
from checks.report.prose import typeset
from checks.report.words import sentence

FOLDER = Path(__file__).resolve().parent.parent / "gallery"


class Gallery(SphinxDirective):
    """Layers by regime: title, regime in words, formulas, hypotheses, and the file itself."""

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        shown: dict[str, list[nodes.Node]] = {}
        for path in sorted(FOLDER.glob("*.py")):
            self.env.note_dependency(str(path))
            found = layer_facts(path)
            shown.setdefault(found["regime"], []).append(_entry(path, found))
        return [
            section(regime, f"regime-{regime.lower().replace(' ', '-')}", *shown[regime])
            for regime in sorted(shown, key=lambda r: -len(shown[r]))
        ]


def layer_facts(path: Path) -> Any:
    """What is derived from the layer of a file, as plain data; kept as those of rooms are."""
    source = path.read_text(encoding="utf-8")
    kept = KEPT / f"layer-{path.stem}-{made_by()}.json"
    if kept.is_file():
        found = json.loads(kept.read_text(encoding="utf-8"))
        if found["code"] == source:
            return found
    (layer,) = chosen(str(path)).values()
    limit = vl.derive(layer)
    found = {
        "title": ast.get_docstring(ast.parse(source)) or layer.name,
        "regime": limit.regime,
        "words": [typeset(sentence) for sentence in limit.words],
        "formulas": [
            rows(_left(what, key, limit.axes[key]), latex(e))
            for what, formulas in (("drift", limit.drift), ("covariance", limit.covariance))
            for key, e in formulas.items()
            if e != 0
        ],
        "picture": _picture(path.stem, limit),
        "hypotheses": list(limit.hypotheses.items()),
        "code": source,
    }
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(found), encoding="utf-8")
    return found


def _entry(path: Path, found: Any) -> nodes.section:
    return section(
        found["title"].rstrip("."),
        f"layer-{path.stem}",
        paragraph(badge(found["regime"])),
        *(paragraph(f"{sentence(words)}.") for words in found["words"]),
        *(formula(*lines) for lines in found["formulas"]),
        *map(figure, found["picture"]),
        folded(["Hypotheses"], table(("", ""), found["hypotheses"])),
        folded([code(f"docs/gallery/{path.name}")], listing(found["code"], "python")),
    )


def _picture(name: str, limit: vl.Limit) -> list[list[str]]:
    """Its SVG and its caption, where the layer has one."""
    drawn = layer_picture(limit)
    if drawn is None:
        return []
    image = svg(picture_drawing(drawn, {}), f"layer-{name}", axes=drawn.axes, label=drawn.title)
    return [[image, drawn.caption]]


def _left(what: str, key: Any, axes: tuple[sp.Basic, ...]) -> str:
    names = ",".join(rf"\mathrm{{{name}}}" for name in ([key] if isinstance(key, str) else key))
    at = ", ".join(map(latex, axes))
    return rf"\mathrm{{{what}}}_{{{names}}}" + (f"[{at}]" if at else "")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("gallery", Gallery)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
