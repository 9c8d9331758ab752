"""The HTML report: one offline file, readable without scripts."""

from collections.abc import Iterable, Mapping, Sequence
from shlex import quote
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from checks.properties.probing import Probed
from checks.report.charts import charts, picture_drawing, svg
from checks.report.content import Content, RoomContent, errors_sentence, mutants_refuted
from checks.report.files import FileContent
from checks.report.formulas import equation, formula, formula_view, rate_latex
from checks.report.layers import LayerContent
from checks.report.mathml import mathml
from checks.report.prose import html as prose
from checks.report.sentences import seen_by
from checks.report.short import short
from checks.report.steps import derivation_view
from checks.report.strips import strip
from checks.report.words import in_words, reason, sentence
from checks.suite.picture import Picture
from checks.suite.problem import printable
from checks.verdicts import Result, Verdict, several
from theory.language import Sentence
from theory.language.prose import plain


def html(content: Content) -> str:
    """The whole page."""
    environment = Environment(
        loader=PackageLoader("checks.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["several"] = several
    style = environment.get_template("style.css").render()
    plan = content.study.plan
    page = environment.get_template("report.html.j2").render(
        style=Markup(style),
        verdicts=content.verdict_summary,
        rooms=[
            *map(room_view, content.rooms),
            *map(section_view, content.files),
            *map(section_view, content.layers),
        ],
        run={
            "tier": plan.tier,
            "seed": plan.seed,
            "budget": plan.budget,
            "facts": content.facts(),
            "command": content.command,
        },
    )
    return short(printable(page))


def room_view(content: RoomContent) -> Mapping[str, Any]:
    """One room as the template reads it."""
    theorem = content.room.theorem
    by_id = {result.claim_id: result for result in content.results}
    notation = dict.fromkeys((formula(s), prose(text)) for s, text in theorem.notation.items())
    return {
        "name": content.room.name,
        "title": prose(theorem.title),
        "plain_title": plain(theorem.title),
        "reference": theorem.reference,
        "statement": prose(theorem.statement),
        "equations": [formula_view(equation(stated)) for stated in theorem.equations],
        "rate": theorem.rate and mathml(rate_latex(theorem.rate.expression), block=True),
        "rate_kind": theorem.rate and theorem.rate.kind.value,
        "source": theorem.source.value.capitalize(),
        "source_note": prose(theorem.source_note),
        "notation": [*notation],
        "assumptions": [{"id": a.id, "statement": prose(a.statement)} for a in theorem.assumptions],
        "probes": {p.assumption.id: probe_view(p) for p in content.probed},
        "derivation": derivation_view(content),
        "shortest": _shortest(theorem.equations),
        "steps_status": content.worst_step.name,
        "steps_summary": content.steps_summary,
        "claims": [
            claim_view(result, _target(result), content.rooms, content.room.name)
            for result in content.results
        ],
        "pictures": pictures_view(content.room.name, content.room.pictures, by_id),
        "found": [found_view(content, sentence) for sentence in theorem.found],
        "coverage": [found_view(content, sentence) for sentence in theorem.coverage],
        **summary_view(content),
    }


def _shortest(equations: Sequence[Any]) -> Mapping[str, Any] | None:
    """The equation of a statement that a card has room for; of equal ones the last, the result."""
    views = [formula_view(equation(stated)) for stated in reversed(equations)]
    return min(views, key=lambda view: len(view["rows"]), default=None)


def pictures_view(
    name: str, pictures: Iterable[Picture], results: Mapping[str, Result]
) -> Sequence[Mapping[str, Any]]:
    """The pictures of a room or a layer, drawn."""
    return [
        {
            "title": prose(picture.title),
            "wide": picture.axes > 1,
            "caption": prose(picture.caption),
            "svg": svg(
                picture_drawing(picture, results),
                f"{name}-picture-{number}",
                axes=picture.axes,
                small=picture.axes == 1,
                label=plain(picture.title),
            ),
        }
        for number, picture in enumerate(pictures)
    ]


def section_view(content: FileContent | LayerContent) -> Mapping[str, Any]:
    """A layer, or the claims of a file itself, as the template reads it."""
    file = quote(content.file)
    claims = [claim_view(result, file, section=content.name) for result in content.results]
    view = content.view()
    return {
        **view,
        **summary_view(content),
        "title": prose(view["title"]),
        "plain_title": plain(view["title"]),
        "statement": prose(view["statement"]),
        "claims": claims,
        "pictures": pictures_view(content.name, content.pictures, {}),
    }


def summary_view(content: Any) -> Mapping[str, Any]:
    """What a run has measured, in numbers, and what not: of a room, a layer or a file."""
    results, probed = content.results, content.probed
    return {
        "held": sum(result.verdict.holds for result in results),
        "judged": len(results) + len(content.failed),
        "refuted": sum(map(mutants_refuted, results)),
        "planted": sum(len(result.mutants) for result in results),
        "probed": [sum(p.word == "HOLDS" for p in probed), len(probed)],
        "not_checked": [*map(prose, content.not_checked)],
    }


def found_view(content: RoomContent, sentence: Sentence) -> Mapping[str, Any]:
    """A sentence, with links to what shows it, or looks at it, and what became of that."""
    return {
        "says": prose(sentence.says),
        "missing": prose(sentence.missing),
        "word": sentence.word,
        "links": [
            (prose(shown.name), shown.place, shown.word) for shown in seen_by(content, sentence)
        ],
    }


def _target(result: Result) -> str:
    """What names a room's claim on the command line: its id, which must not read as a pattern."""
    pattern = any(sign in result.claim_id for sign in "*?[")
    return quote(result.theorem if pattern and result.theorem else result.claim_id)


def claim_view(
    result: Result, target: str, rooms: str = "", section: str = ""
) -> Mapping[str, Any]:
    """One judged claim as the template reads it, with its tests: first what decides.

    ``target`` names it on the command line, where ``rooms`` is an option that finds its room; in
    the table of its ``section`` its name has no prefix that all there have. A proof has no test.
    """
    refuted = result.verdict is Verdict.REFUTED
    tests = () if result.verdict is Verdict.CERTIFIED else result.tests
    deciding = sorted(tests, key=lambda test: test.p_refute if refuted else -test.p_support)
    name = result.claim_id.replace("/", "-")
    return {
        **result.to_json(),
        "says": prose(result.statement),
        "name": result.claim_id.removeprefix(f"{section.replace('_', '-')}/"),
        "kind_in_words": in_words(result.kind),
        "reason": prose(sentence(reason(result))),
        "strip": strip(deciding[0], result.confidence) if deciding else "",
        "in_table": strip(deciding[0], result.confidence, told=False) if deciding else "",
        "tests": [test.to_json() for test in deciding],
        "mutants": [
            {**mutant.to_json(), "description": prose(mutant.description)}
            for mutant in result.mutants
        ],
        "errors": errors_sentence(result),
        "refuted": mutants_refuted(result),
        "charts": [
            svg(draw, f"{name}-{number}", small=True) for number, draw in enumerate(charts(result))
        ],
        "command": f"verilimit check {target} --tier {result.tier} --seed {result.seed}{rooms}",
    }


def probe_view(probed: Probed) -> Mapping[str, Any]:
    """What became of one assumption as the template reads it."""
    inside = probed.inside
    return {
        "word": probed.word,
        "detail": several(inside.examples, "example") if inside and probed.word == "HOLDS" else "",
        "property": prose(probed.probe.property) if probed.probe else "No probe.",
        "message": inside.message if inside else "",
        "code": probed.code,
        "beyond": [(prose(b.place.because), b.search.message, b.code) for b in probed.beyond],
    }
