"""Formulas as MathML, converted when the page is built: no script, no font, no network."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from checks.report.mathml import mathml


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    rows = node.astext().strip().split("\n\n")
    formulas = "".join(mathml(row, block=True) for row in rows)
    writer.body.append(f'<div class="formula">{formulas}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer that `html_math_renderer` names."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
