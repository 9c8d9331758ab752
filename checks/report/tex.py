r"""The LaTeX report: ``report.tex`` and its figures as PDF, for a plain TeX Live (pdflatex)."""

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from checks.report.charts import charts, pdf, picture_drawing
from checks.report.content import Content, RoomContent, errors_sentence, mutants_refuted
from checks.report.formulas import equality_rows, equation_rows, latex
from checks.suite.files import write_bytes, write_text
from checks.verdicts import Result

SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "“": "``", "”": "''", "‘": "`", "’": "'", "…": r"\ldots{}", "–": "--", "—": "---",
}  # fmt: skip
MATH = {
    "→": r"\to", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "×": r"\times",
    "·": r"\cdot", "±": r"\pm", "∞": r"\infty", "∂": r"\partial", "√": r"\surd", "∈": r"\in",
    "−": "-", "∼": r"\sim", "⊤": r"\top", "∇": r"\nabla", "∫": r"\int", "∑": r"\sum", "≪": r"\ll",
    "≫": r"\gg", "⟨": r"\langle", "⟩": r"\rangle", "‖": r"\|", "ℝ": r"\mathbb{R}", "⊗": r"\otimes",
    "𝒜": r"\mathcal{A}", "∝": r"\propto", "⇒": r"\Rightarrow", "ν": r"\nu",
}  # fmt: skip


def write_latex(content: Content, folder: Path) -> None:
    """Write ``report.tex`` and the figures it includes into ``folder``, which must exist."""
    environment = Environment(
        loader=PackageLoader("checks.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        autoescape=False,
    )
    environment.filters["tex"] = escaped
    rooms = [room_view(room, folder) for room in content.rooms]
    text = environment.get_template("report.tex.j2").render(
        verdicts=content.verdict_summary, rooms=rooms, facts=content.facts()
    )
    write_text(folder / "report.tex", text)


def room_view(content: RoomContent, folder: Path) -> Mapping[str, Any]:
    """One room as the template reads it; its figures are written on the way."""
    theorem = content.room.theorem
    name = content.room.name
    by_id = {result.claim_id: result for result in content.results}
    pictures = []
    for number, picture in enumerate(content.room.pictures):
        file = f"{name}-picture-{number}.pdf"
        write_bytes(folder / file, pdf(picture_drawing(picture, by_id), axes=picture.axes))
        pictures.append({"file": file, "title": picture.title, "caption": picture.caption})
    return {
        "name": name,
        "theorem": theorem,
        "equations": [equation_rows(equation) for equation in theorem.equations],
        "rate": theorem.rate and theorem.rate.latex(),
        "notation": [(latex(symbol), text) for symbol, text in theorem.notation.items()],
        "steps": [(outcome, equality_rows(outcome.step)) for outcome in content.outcomes],
        "ends": "; ".join(theorem.derivation.statement),
        "beside": [("; ".join(names), why) for why, names in theorem.beside_by_reason.items()],
        "steps_summary": content.steps_summary,
        "claims": [claim_view(result, folder) for result in content.results],
        "pictures": pictures,
        "coverage": theorem.coverage,
        "not_checked": content.not_checked,
    }


def claim_view(result: Result, folder: Path) -> Mapping[str, Any]:
    """One judged claim as the template reads it; its charts are written on the way."""
    files = []
    for number, draw in enumerate(charts(result)):
        files.append(f"{result.claim_id.replace('/', '-')}-{number}.pdf")
        write_bytes(folder / files[-1], pdf(draw))
    return {
        "result": result,
        "errors": errors_sentence(result),
        "charts": files,
        "refuted": f"{mutants_refuted(result)}/{len(result.mutants)}",
    }


def escaped(text: str) -> str:
    """Words for LaTeX: special characters, Greek letters, sub- and superscripts."""
    return "".join(_escaped(character) for character in str(text))


def _escaped(character: str) -> str:
    if character in SPECIAL:
        return SPECIAL[character]
    if character in MATH:
        return rf"\ensuremath{{{MATH[character]}}}"
    if ord(character) < 0x100:  # the T1 encoding has all of Latin-1
        return character
    name = unicodedata.name(character, "")
    if name.startswith("GREEK"):
        kind, letter = name.split()[1], name.split()[-1].lower()
        greek = letter.capitalize() if kind == "CAPITAL" else letter
        latin = {
            "Alpha": "A",
            "Beta": "B",
            "omicron": "o",
            "lamda": r"\lambda",
            "Lamda": r"\Lambda",
        }
        return rf"\ensuremath{{{latin.get(greek, chr(92) + greek)}}}"
    kind, _, codes = unicodedata.decomposition(character).partition(" ")
    plain = "".join(chr(int(code, 16)) for code in codes.split())
    if kind in ("<sub>", "<super>"):
        mark = "_" if kind == "<sub>" else "^"
        return rf"\ensuremath{{{mark}{{{plain.replace(chr(0x2212), '-')}}}}}"
    return rf"\texttt{{U+{ord(character):04X}}}"
