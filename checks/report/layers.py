"""A layer in the report: the room that nobody had to write."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sympy as sp
from markupsafe import Markup

from checks.layers import Plan, slug_of
from checks.report.drawing import layer_picture
from checks.report.formulas import Equality, formula, formula_view, latex, rows
from checks.report.prose import typeset
from checks.report.sections import NO_DERIVATION, section, without_verdict
from checks.report.words import sentence
from checks.suite.picture import Picture
from checks.verdicts import Claim, ClaimError, Result
from theory.codegen.layers import layer_source
from theory.language import Status
from theory.layers.layer import Layer

# Words of a hypothesis, the weakest last. One that FAILS is an answer: there are jumps.
WEAKEST = ("PROVED", "SAMPLED", "ASSUMED", "UNDECIDED")


@dataclass(frozen=True)
class LayerContent:
    """One layer with what a run has shown about it; ``file`` is how its file was asked for."""

    plan: Plan
    file: str
    results: tuple[Result, ...]
    absent: tuple[Claim, ...] = ()
    failed: tuple[tuple[Claim, ClaimError], ...] = ()

    @property
    def name(self) -> str:
        """What its claims' ids begin with."""
        return slug_of(self.plan.limit.layer)

    @property
    def worst_step(self) -> Status:
        """FAILED if the author expects something else, UNDECIDED if the limit is."""
        limit = self.plan.limit
        if limit.contradictions():
            return Status.FAILED
        return Status.UNDECIDED if limit.regime == "UNDECIDED" else Status.PROVED

    @property
    def badge(self) -> str:
        """The status of the derivation: that of the weakest hypothesis where the limit is known."""
        if self.worst_step is not Status.PROVED:
            return self.worst_step.name
        return max((w for w in WEAKEST if w in self._hypotheses), key=WEAKEST.index, default="")

    @property
    def _hypotheses(self) -> list[str]:
        return [status.split(":")[0] for status in self.plan.limit.hypotheses.values()]

    @property
    def steps_summary(self) -> str:
        """The regime, and how many hypotheses are what."""
        words = self._hypotheses
        counts = ", ".join(f"{words.count(w)} {w}" for w in dict.fromkeys(words))
        return f"{self.plan.limit.regime}; hypotheses: {counts or 'none'}"

    @property
    def probed(self) -> tuple[Any, ...]:
        """Nothing is probed: hypotheses are derived, assumed or claimed."""
        return ()

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The limit beside finite layers, where there is one."""
        drawn = layer_picture(self.plan.limit)
        return (drawn,) if drawn else ()

    @property
    def not_checked(self) -> tuple[str, ...]:
        """What the plan leaves out, mutants that nobody could see, claims without a verdict."""
        unjudged = without_verdict(self.absent, self.failed)
        return (*self.plan.not_checked, *self.plan.invisible, *unjudged)

    def view(self) -> Mapping[str, Any]:
        """What the template reads, but for the claims."""
        limit = self.plan.limit
        layer = limit.layer
        words = {key: status.partition(": ") for key, status in limit.hypotheses.items()}
        equations, said = _equations(self.plan), map(typeset, limit.words)
        code = {"name": "The finite layer", "summary": "", "formula": ""}
        return section(
            name=self.name,
            title=layer.name,
            reference=Path(self.file).name,
            statement=" ".join(f"{sentence(w)}." for w in (limit.regime, *said)),
            equations=equations,
            shortest=min(equations, key=lambda view: len(view["rows"]), default=None),
            source="Derived",
            source_note="The limit follows from the layer as it is written in the file.",
            notation=_notation(layer),
            assumptions=[{"id": key, "statement": why} for key, (_, _, why) in words.items()],
            probes={
                key: {"word": word, "detail": "", "property": "", "code": "", "beyond": []}
                for key, (word, _, _) in words.items()
            },
            derivation={**NO_DERIVATION, "code": [{**code, "code": layer_source(layer)}]},
            steps_status=self.badge,
            steps_summary=self.steps_summary,
        )


def _equations(plan: Plan) -> list[Mapping[str, Any]]:
    limit, found = plan.limit, []
    for what, table in (("drift", limit.drift), ("covariance", limit.covariance)):
        for key, e in table.items():
            names = (key,) if isinstance(key, str) else key
            at = ", ".join(latex(i) for i in limit.axes[key])
            of = ",".join(rf"\mathrm{{{name}}}" for name in names)
            left = rf"\mathrm{{{what}}}_{{{of}}}" + (f"[{at}]" if at else "")
            found.append(formula_view(Equality(rows(left, latex(e)))))
    return found


def _notation(layer: Layer) -> list[tuple[Markup, str]]:
    given = {str(k): v for k, v in layer.at.items()}
    found = []
    for s in sorted(layer.symbols, key=str):
        scaling = layer.scaling.get(s)
        growth = f"grows as {sp.sstr(scaling)}" if scaling is not None and scaling != s else ""
        value = f"{given[str(s)]} where numbers are needed" if str(s) in given else ""
        found.append((formula(s), "; ".join(filter(None, (growth, value))) or "free"))
    return found
