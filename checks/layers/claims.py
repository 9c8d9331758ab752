"""The claims of a layer: what its derived limit says, tested on finite layers.

One step is compared with the derived moments at a small width; a verdict other than a limit is a
statement about layers, too, and has claims of its own.
"""

import re
from dataclasses import dataclass

from checks.layers.exact import inexact
from checks.layers.expected import expectation_claims
from checks.layers.finite import FiniteLayer, NotMeasured
from checks.layers.negative import jump_claim, trivial_claim, unstable_claim, witness_claims
from checks.layers.onestep import one_step_claims
from checks.verdicts import Claim
from theory.layers.layer import Layer
from theory.limits import Limit, derive


@dataclass(frozen=True)
class Plan:
    """The claims of a layer, mutants that are not visible, and what is not checked."""

    limit: Limit
    claims: tuple[Claim, ...]
    invisible: tuple[str, ...]
    not_checked: tuple[str, ...]


def layer_claims(layer: Layer) -> tuple[Claim, ...]:
    """The claims of a layer; ``ValueError`` if there is nothing that can be tested."""
    return plan_of(layer).claims


def slug_of(layer: Layer) -> str:
    """The first part of the ids of a layer's claims."""
    return re.sub(r"[^a-z0-9]+", "-", layer.name.lower()).strip("-") or "layer"


def plan_of(layer: Layer) -> Plan:
    """Derive the limit and form its claims."""
    limit, slug = derive(layer), slug_of(layer)
    claims: list[Claim] = list(expectation_claims(slug, limit))
    invisible: list[str] = []
    missing: list[str] = []
    if limit.regime == "UNDECIDED":
        missing.append("nothing is measured: the limit is undecided")
    else:
        _measured(slug, limit, claims, invisible, missing)
    if limit.regime in ("SDE", "ODE", "SDE WITHOUT DRIFT"):
        missing.append("the law of paths over many steps")
    return Plan(limit, tuple(claims), tuple(invisible), tuple(missing))


def _measured(
    slug: str, limit: Limit, claims: list[Claim], invisible: list[str], missing: list[str]
) -> None:
    finite = FiniteLayer(limit.layer)
    try:
        if limit.regime == "NOT CLOSED":
            claims += witness_claims(slug, limit.layer)
            return
        if why := inexact(finite):
            missing.append(f"moments of one step: {why}, so they are not exact at small widths")
        else:
            found, hidden = one_step_claims(slug, finite)
            claims += found
            invisible += hidden
        if limit.regime == "UNSTABLE" and limit.drift and not inexact(finite):
            claims.append(unstable_claim(slug, finite))
        if limit.regime == "TRIVIAL":
            claims.append(trivial_claim(slug, finite))
        if limit.regime == "JUMPS":
            claims += jump_claim(slug, finite)
    except (NotMeasured, NotImplementedError) as why:
        missing.append(str(why))
