"""What pages are put together from: prose with formulas, tables, folded parts."""

import re
from collections.abc import Iterable, Sequence
from html import escape

from docutils import nodes

Cell = str | nodes.Node
MARKED = re.compile(r"\$(?P<math>[^$]+)\$|``(?P<code>[^`]+)``|`(?P<name>[^`]+)`")


def prose(text: str) -> list[nodes.Node]:
    """Words of a theorem: `$...$` is a formula, backticks hold code, and nothing else is markup."""
    found: list[nodes.Node] = []
    start = 0
    for match in MARKED.finditer(text):
        found.append(nodes.Text(text[start : match.start()]))
        if match["math"]:
            found.append(nodes.math("", match["math"]))
        else:
            code = match["code"] or match["name"]
            found.append(nodes.literal("", code))
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


def folded(
    summary: str, *children: nodes.Node, anchor: str = "", open_: bool = False
) -> list[nodes.Node]:
    """Children that show when the summary (HTML) is clicked."""
    mark = f' id="{escape(anchor)}"' if anchor else ""
    opening = f"<details{mark}{' open' * open_}><summary>{summary}</summary>"
    return [
        nodes.raw("", opening, format="html"),
        *children,
        nodes.raw("", "</details>", format="html"),
    ]


def badge(word: str) -> str:
    """HTML of a verdict or a status."""
    return f'<span class="badge {escape(word.split()[0])}">{escape(word)}</span>'


def section(title: str, anchor: str, *children: nodes.Node) -> nodes.section:
    """A section with a title."""
    return nodes.section("", nodes.title("", title), *children, ids=[anchor], names=[anchor])


def listing(source: str, language: str) -> nodes.literal_block:
    """Source code, highlighted."""
    return nodes.literal_block(source, source, language=language)


def _row(cells: Sequence[Cell]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", _block(cell)) for cell in cells))


def _block(cell: Cell) -> nodes.Node:
    if isinstance(cell, str):
        return paragraph(cell)
    return paragraph(cell) if isinstance(cell, nodes.Inline) else cell
