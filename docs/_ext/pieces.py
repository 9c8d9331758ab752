"""What pages are put together from: prose with formulas, tables, folded parts."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from theory.language.prose import pieces

Cell = str | nodes.Node
CODE = re.compile(r"``([^`]+)``|`([^`]+)`")


def prose(text: str) -> list[nodes.Node]:
    """Words of a theorem: `$...$` is a formula, backticks hold code, and nothing else is markup."""
    found: list[nodes.Node] = []
    for is_formula, part in pieces(text):
        found += [nodes.math("", part)] if is_formula else _words(part)
    return found


def _words(text: str) -> list[nodes.Node]:
    found: list[nodes.Node] = []
    start = 0
    for match in CODE.finditer(text):
        found += [nodes.Text(text[start : match.start()]), code(match[1] or match[2])]
        start = match.end()
    return [*found, nodes.Text(text[start:])]


def paragraph(*parts: Cell, classes: Sequence[str] = ()) -> nodes.paragraph:
    """A paragraph of words and nodes."""
    found = nodes.paragraph(classes=list(classes))
    for part in parts:
        found += prose(part) if isinstance(part, str) else [part]
    return found


def code(text: str) -> nodes.literal:
    """Text as code."""
    return nodes.literal("", text)


def formula(*rows: str) -> nodes.math_block:
    """A displayed formula in rows of LaTeX."""
    text = "\n\n".join(rows)
    return nodes.math_block(text, text, nowrap=False, number=None)


def figure(drawn: Sequence[str]) -> nodes.container:
    """A drawing in SVG with its caption."""
    image, caption = drawn
    words = paragraph(caption, classes=["caption"])
    return nodes.container("", nodes.raw("", image, format="html"), words, classes=["drawn"])


def bullets(items: Iterable[Cell]) -> nodes.bullet_list:
    """A list of words or nodes."""
    return nodes.bullet_list("", *(nodes.list_item("", _block(item)) for item in items))


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> nodes.table:
    """A table; a head of empty words is left out."""
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=1) for _ in head]
    if any(head):
        group += nodes.thead("", _row(head))
    group += nodes.tbody("", *map(_row, rows))
    return nodes.table("", group)


def symbols(notation: Iterable[tuple[str, str]]) -> nodes.table:
    """Symbols in LaTeX with their meaning; one that is both a symbol and an array stands once."""
    rows = dict.fromkeys((symbol, meaning) for symbol, meaning in notation)
    return table(("symbol", "meaning"), [(nodes.math("", s), text) for s, text in rows])


class details(nodes.Element):
    """A part that shows when its summary is chosen."""


class summary(nodes.TextElement):
    """What stands there before."""


def folded(
    words: Sequence[Cell], *children: nodes.Node, anchor: str = "", shown: bool = False
) -> details:
    """Children that show when the words are chosen."""
    head = summary("", "", *paragraph(*words).children)
    return details("", head, *children, ids=[anchor] if anchor else [], shown=shown)


def badge(word: str) -> nodes.inline:
    """A verdict or a regime."""
    return nodes.inline("", word, classes=["badge", *word.split()[:1]])


def section(title: str, anchor: str, *children: nodes.Node) -> nodes.section:
    """A section with a title."""
    return nodes.section(
        "", nodes.title(title, "", *prose(title)), *children, ids=[anchor], names=[anchor]
    )


def listing(source: str, language: str) -> nodes.literal_block:
    """Source code, highlighted."""
    return nodes.literal_block(source, source, language=language)


def _row(cells: Sequence[Cell]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", _block(cell)) for cell in cells))


def _block(cell: Cell) -> nodes.Node:
    if isinstance(cell, str):
        return paragraph(cell)
    return paragraph(cell) if isinstance(cell, nodes.Inline) else cell


def _open(writer: Any, node: details) -> None:
    writer.body.append(
        writer.starttag(node, "details", **{"open": "open"} if node["shown"] else {})
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the nodes that HTML has and docutils does not."""
    app.add_node(details, html=(_open, lambda writer, _: writer.body.append("</details>\n")))
    app.add_node(
        summary,
        html=(
            lambda writer, node: writer.body.append(writer.starttag(node, "summary", "")),
            lambda writer, _: writer.body.append("</summary>\n"),
        ),
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}
