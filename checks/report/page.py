"""The HTML report: one offline file, readable without scripts."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from checks.properties.probing import Probed
from checks.report.charts import charts, picture_drawing, svg
from checks.report.content import Content, RoomContent, errors_sentence, mutants_refuted
from checks.report.formulas import equality, equation, formula, mathml
from checks.verdicts import Result


def html(content: Content) -> str:
    """The whole page."""
    environment = Environment(
        loader=PackageLoader("checks.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = environment.get_template("style.css").render()
    plan = content.study.plan
    return environment.get_template("report.html.j2").render(
        style=Markup(style),
        verdicts=content.verdict_summary,
        rooms=[
            *map(room_view, content.rooms),
            *(
                {**layer.view(), "claims": [claim_view(result) for result in layer.results]}
                for layer in content.layers
            ),
        ],
        run={
            "tier": plan.tier,
            "seed": plan.seed,
            "budget": plan.budget,
            "facts": content.facts(),
        },
    )


def room_view(content: RoomContent) -> Mapping[str, Any]:
    """One room as the template reads it."""
    theorem = content.room.theorem
    by_id = {result.claim_id: result for result in content.results}
    return {
        "name": content.room.name,
        "title": theorem.title,
        "reference": theorem.reference,
        "statement": theorem.statement,
        "equations": [equation(stated) for stated in theorem.equations],
        "rate": theorem.rate and mathml(theorem.rate.latex(), block=True),
        "rate_kind": theorem.rate and theorem.rate.kind.value,
        "source": theorem.source.value.capitalize(),
        "source_note": theorem.source_note,
        "notation": [(formula(symbol), text) for symbol, text in theorem.notation.items()],
        "assumptions": theorem.assumptions,
        "probes": {p.assumption.id: probe_view(p) for p in content.probed},
        "steps": [
            {
                "name": outcome.step.name,
                "kind": outcome.step.kind,
                "status": outcome.status.name,
                "detail": outcome.detail,
                "because": outcome.step.because,
                "uses": "; ".join(outcome.step.uses),
                "formula": equality(outcome.step),
            }
            for outcome in content.outcomes
        ],
        "ends": "; ".join(theorem.derivation.statement),
        "beside": [("; ".join(names), why) for why, names in theorem.beside_by_reason.items()],
        "steps_status": content.worst_step.name,
        "steps_summary": content.steps_summary,
        "claims": [claim_view(result) for result in content.results],
        "pictures": [
            {
                "title": picture.title,
                "caption": picture.caption,
                "svg": svg(picture_drawing(picture, by_id), picture.title, axes=picture.axes),
            }
            for picture in content.room.pictures
        ],
        "coverage": theorem.coverage,
        "not_checked": content.not_checked,
        "code": "",
    }


def claim_view(result: Result) -> Mapping[str, Any]:
    """One judged claim as the template reads it."""
    drawings = enumerate(charts(result))
    return {
        **result.to_json(),
        "errors": errors_sentence(result),
        "refuted": mutants_refuted(result),
        "charts": [svg(draw, f"{result.claim_id}-{number}") for number, draw in drawings],
    }


def probe_view(probed: Probed) -> Mapping[str, Any]:
    """What became of one assumption as the template reads it."""
    inside = probed.inside
    return {
        "word": probed.word,
        "detail": f"{inside.examples} examples" if inside and probed.word == "HOLDS" else "",
        "property": probed.probe.property if probed.probe else "No probe.",
        "message": inside.message if inside else "",
        "code": probed.code,
        "beyond": [(b.place.because, b.search.message, b.code) for b in probed.beyond],
    }
