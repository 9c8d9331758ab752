"""The derivation in the report: the main line in order, what lies beside it, and the code."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from checks.report.content import RoomContent
from checks.report.formulas import equality, formula_view, latex
from checks.report.prose import html
from theory.algebra.definitions import Definition
from theory.codegen.function import Function
from theory.codegen.unicode import unicode
from theory.language import Outcome, Status
from theory.language.graph import reached


def derivation_view(content: RoomContent) -> Mapping[str, Any]:
    """What the template reads of a derivation."""
    theorem, room = content.room.theorem, content.room.name
    derivation = theorem.derivation
    steps = [outcome.step for outcome in content.outcomes]
    main = reached(derivation.statement, steps) or {step.name for step in steps}
    places = {a.id: f"{room}-assumes-{a.id}" for a in theorem.assumptions}
    places |= {step.name: f"{room}-step-{k}" for k, step in enumerate(steps, start=1)}
    views = [
        {"number": k, **step_view(outcome, places), "main": outcome.step.name in main}
        for k, outcome in enumerate(content.outcomes, start=1)
    ]
    return {
        "main": [view for view in views if view["main"]],
        "side": [view for view in views if not view["main"]],
        "ends": _links(derivation.statement, places),
        "beside": [
            (_links(names, places), html(why)) for why, names in theorem.beside_by_reason.items()
        ],
        "code": code_view(derivation.functions, content.generated),
    }


def _links(names: Iterable[str], places: Mapping[str, str]) -> list[tuple[Markup, str]]:
    return [(html(name), places[name]) for name in names]


def step_view(outcome: Outcome, places: Mapping[str, str]) -> Mapping[str, Any]:
    """One step: its formula, what became of it, and links to what it uses."""
    step = outcome.step
    return {
        "id": places[step.name],
        "name": html(step.name),
        "kind": step.kind,
        "status": outcome.status.name,
        "detail": _detail(outcome),
        "because": html(step.because),
        "uses": _links(step.uses, places),
        "formula": formula_view(equality(step.left, step.right)),
    }


def _detail(outcome: Outcome) -> str:
    """How a step was decided; the box of the points where these are all there is."""
    if outcome.status is not Status.PROVED:
        return outcome.detail
    said, digits, _ = outcome.detail.partition(" digits")
    return said + digits


def code_view(functions: Sequence[Function], generated: Path) -> Sequence[Mapping[str, Any]]:
    """Each generated function beside the formula that it computes."""
    text = generated.read_text(encoding="utf-8") if generated.is_file() else ""
    found = {
        node.name: _without_docstring(text.splitlines(), node)
        for node in (ast.parse(text).body if text else ())
        if isinstance(node, ast.FunctionDef)
    }
    return [
        {
            "name": function.name,
            "summary": html(function.summary),
            "formula": "\n".join(map(formula_line, function.returned)),
            "code": found[function.name],
        }
        for function in functions
        if function.name in found
    ]


def _without_docstring(lines: Sequence[str], node: ast.FunctionDef) -> str:
    """The code alone: its docstring has the formula, which stands above it here."""
    said = node.body[0] if ast.get_docstring(node) else None
    told = range(said.lineno, (said.end_lineno or 0) + 1) if said else ()
    kept = (k for k in range(node.lineno, (node.end_lineno or 0) + 1) if k not in told)
    return "\n".join(lines[k - 1] for k in kept)


def formula_line(output: Definition) -> str:
    """``name = expression`` of what a function returns, as a line of Unicode."""
    axes = " ".join(map(latex, output.axes))
    marks = unicode(rf"{{}}^{{{axes}}}") if axes else ""
    return f"{output.name}{marks} = {unicode(latex(output.content))}"
