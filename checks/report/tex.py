r"""The LaTeX report: ``report.tex`` and its figures as PDF, for a plain TeX Live (pdflatex)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from checks.report.charts import charts, pdf, picture_drawing
from checks.report.content import Content, RoomContent, errors_sentence, mutants_refuted
from checks.report.formulas import equality, equation, latex, rate_latex
from checks.report.prose import tex as prose
from checks.report.sentences import seen_by
from checks.report.tex_words import escaped, words
from checks.report.words import reason, sentence
from checks.suite.files import write_bytes, write_text
from checks.verdicts import Result
from theory.language import Sentence


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
    environment.filters["words"] = words
    environment.filters["prose"] = prose
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
        "equations": [equation(stated).rows for stated in theorem.equations],
        "rate": theorem.rate and rate_latex(theorem.rate.expression),
        "notation": [*dict.fromkeys((latex(s), text) for s, text in theorem.notation.items())],
        "steps": [
            (outcome, equality(outcome.step.left, outcome.step.right).rows)
            for outcome in content.outcomes
        ],
        "ends": "; ".join(theorem.derivation.statement),
        "beside": [("; ".join(names), why) for why, names in theorem.beside_by_reason.items()],
        "steps_summary": content.steps_summary,
        "claims": [claim_view(result, folder) for result in content.results],
        "pictures": pictures,
        "coverage": [(sentence, _seen_by(content, sentence)) for sentence in theorem.coverage],
        "found": [(sentence, _seen_by(content, sentence)) for sentence in theorem.found],
        "probes": content.probed,
        "not_checked": content.not_checked,
    }


def _seen_by(content: RoomContent, sentence: Sentence) -> str:
    """What stands for a sentence, in words, with what became of it where it does not hold."""
    words: dict[str, list[str]] = {}
    for shown in seen_by(content, sentence):
        word = f" ({shown.word})" if shown.word else ""
        words.setdefault(shown.kind, []).append(f"{shown.name}{word}")
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in words.items())


def claim_view(result: Result, folder: Path) -> Mapping[str, Any]:
    """One judged claim as the template reads it; its charts are written on the way."""
    files = []
    for number, draw in enumerate(charts(result)):
        files.append(f"{result.claim_id.replace('/', '-')}-{number}.pdf")
        write_bytes(folder / files[-1], pdf(draw, small=True))
    return {
        "result": result,
        "reason": prose(sentence(reason(result))),
        "errors": errors_sentence(result),
        "charts": files,
        "refuted": f"{mutants_refuted(result)}/{len(result.mutants)}",
    }
