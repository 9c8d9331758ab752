"""The claims of a layer: what its derived limit says, tested on finite layers.

One step is compared with the derived moments, a path with the limit, and what the limit rests on is
tested; a verdict other than a limit is a statement about layers, too, and has claims of its own.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from checks.layers.asymptotic import asymptotic_claims
from checks.layers.converging import limit_claims
from checks.layers.curve import fluctuation_claim, rate_claim
from checks.layers.exact import inexact
from checks.layers.expected import expectation_claims
from checks.layers.finite import FiniteLayer
from checks.layers.hypotheses import delocalised
from checks.layers.jumps import jump_claims, no_jumps
from checks.layers.law import law_claim
from checks.layers.negative import ill_posed_claim, witness_claims
from checks.layers.onestep import one_step_claims
from checks.layers.paths import Paths
from checks.layers.states import NotMeasured
from checks.layers.trivial import trivial_claim
from checks.layers.unstable import unstable_claims
from checks.verdicts import Claim
from numerics import in_double
from theory.layers.layer import Layer
from theory.limits import Limit, derive
from theory.limits.limit import LIMITS


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


@in_double
def plan_of(layer: Layer) -> Plan:
    """Derive the limit and form its claims."""
    limit, slug = derive(layer), slug_of(layer)
    plan = _Planning(limit, slug, FiniteLayer(layer), list(expectation_claims(slug, limit)))
    if limit.regime == "UNDECIDED":
        plan.missing.append("nothing is measured: the limit is undecided")
    else:
        plan.one_step()
        plan.verdict()
        if limit.regime in LIMITS:
            plan.many_steps()
    return Plan(limit, tuple(plan.claims), tuple(plan.invisible), tuple(plan.missing))


@dataclass
class _Planning:
    """What is claimed of one layer, and what cannot be."""

    limit: Limit
    slug: str
    finite: FiniteLayer
    claims: list[Claim]
    invisible: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def _or_not(self, what: str, claims: Callable[[], Iterable[Claim]]) -> None:
        """Claims, or the reason why there are none."""
        try:
            self.claims += claims()
        except (NotMeasured, NotImplementedError) as why:
            self.missing.append(f"{what}: {why}")

    def one_step(self) -> None:
        """Mean and covariance of a step: exact ones at a small width, else at a large one."""
        if self.limit.regime == "NOT CLOSED":
            self._or_not("the witness", lambda: witness_claims(self.slug, self.limit.layer))
            return
        self._or_not("one step", self._one_step)
        if not inexact(self.finite):
            self._or_not("the limit of exact moments", self._limit)

    def _limit(self) -> Sequence[Claim]:
        found, hidden = limit_claims(self.slug, self.limit, self.finite)
        self.invisible += hidden
        return found

    def _one_step(self) -> Sequence[Claim]:
        limit, finite = self.limit, self.finite
        if not (why := inexact(finite)):
            found, hidden = one_step_claims(self.slug, finite)
        elif limit.regime in (*LIMITS, "UNSTABLE") and limit.drift:
            found, hidden = asymptotic_claims(self.slug, limit, finite)
        else:
            raise NotMeasured(f"{why}, so its moments need not be exact at small widths")
        self.invisible += hidden
        return found

    def verdict(self) -> None:
        """A negative verdict is a statement, too."""
        limit, slug, finite = self.limit, self.slug, self.finite
        if limit.regime in ("UNSTABLE", "FAST") and not inexact(finite):
            self._or_not("what moves", lambda: unstable_claims(slug, limit, finite))
        if limit.regime == "TRIVIAL":
            self._or_not("displacements", lambda: [trivial_claim(slug, finite)])
        if limit.regime == "JUMPS":
            self._or_not("jumps", lambda: jump_claims(slug, finite))
        if limit.regime == "ILL-POSED":
            self._or_not("where the drift jumps", lambda: [ill_posed_claim(slug, limit, finite)])

    def many_steps(self) -> None:
        """The path against the limit, and what the limit rests on."""
        limit, slug, finite = self.limit, self.slug, self.finite
        if limit.regime != "ODE":  # what follows a curve does not jump
            self._or_not("jumps (H3)", lambda: no_jumps(slug, limit, finite))
        try:
            paths = Paths(limit, finite)
        except NotMeasured as why:
            self.missing.append(f"paths over many steps: {why}")
            return
        self._or_not("paths over many steps", lambda: self._paths(paths))
        if limit.hypotheses["H4"].startswith("ASSUMED"):
            self._or_not("delocalised states (H4)", lambda: [delocalised(slug, paths)])

    def _paths(self, paths: Paths) -> list[Claim]:
        ends, limit = paths.experiment(f"{self.slug}/path"), self.limit
        if limit.regime != "ODE":
            if not self.finite.moving:
                raise NotMeasured("nothing that is watched is random")
            law, hidden = law_claim(self.slug, paths, ends)
            self.invisible += hidden
            return [law]
        rate, hidden = rate_claim(self.slug, paths, ends)
        self.invisible += hidden
        found: list[Claim] = [rate]
        if paths.follows:
            return [*found, fluctuation_claim(self.slug, paths, ends)]
        if limit.fluctuation is None:
            why = "not derived"
        elif limit.fluctuation.shifted:
            why = "about a mean that is not derived"
        else:
            why = "a mean of a softmax of order one: its quadrature takes too long along a path"
        self.missing.append(f"the covariance of the fluctuation, which is {why}")
        return found
