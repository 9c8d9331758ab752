"""What a judgement says: verdict, tests, estimates, mutants; immutable plain data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from . import notebook
from .data import Real
from .skewness import bent, least_bent, unbent

SUPPORT_ERROR = 0.05  # probability of supporting a claim that is wrong by exactly its margin


class Verdict(Enum):
    """The three answers, none a default, and the word for what no data could show: a proof."""

    SUPPORTED = "SUPPORTED"
    CERTIFIED = "CERTIFIED"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"

    @property
    def holds(self) -> bool:
        """SUPPORTED by data, or CERTIFIED by a proof."""
        return self in (Verdict.SUPPORTED, Verdict.CERTIFIED)


@dataclass(frozen=True)
class Test:
    """One number that must lie in a region: estimate, standard error, and the region.

    The claim is refuted when the number is confidently outside ``[low, high]``, supported
    when confidently inside ``[support_low, support_high]`` (the same, unless a wider
    margin is needed to support an exact equality). ``df`` are the degrees of freedom of
    ``standard_error``; 0 means a number without sampling error. One side may be infinite.
    ``skew`` is the skewness of the estimate (that of an observation over sqrt(n)), which takes
    away from a tail what Hall's correction does, and adds nothing.
    ``refutation`` and ``support`` give the p-values directly when a test has its own law
    (Kolmogorov-Smirnov), ``exact`` its 99 % interval (counts). A test with
    ``refutes=False`` can only withhold support, one with ``supports=False`` can only refute.
    ``assumed=True``: the number has no sampling error and ``exact`` is a range under assumptions,
    so that the record states no probability of it.
    """

    __test__ = False  # not a pytest class

    name: str
    estimate: Real
    standard_error: Real
    df: Real
    low: Real
    high: Real
    support_low: Real | None = None
    support_high: Real | None = None
    refutation: float | None = None
    support: float | None = None
    exact: tuple[float, float] | None = None
    refutes: bool = True
    supports: bool = True
    skew: Real = 0.0
    assumed: bool = False

    @cached_property
    def p_refute(self) -> float:
        """p-value of 'the number lies in [low, high]'; small refutes the claim."""
        if self.refutation is not None:
            return self.refutation
        if not self.refutes:
            return 1.0
        # Two-sided: as far out on the other side counts as well, at the nearer edge.
        width = self.high - self.low
        above, below = self.estimate - self.high, self.low - self.estimate
        side = 1 if above >= below else -1
        outside = max(above, below)
        near, far = self._tail(outside, side, least_bent), self._tail(outside + width, -side)
        return min(1.0, near + far)

    @cached_property
    def p_support(self) -> float:
        """p-value of 'the number lies outside the support region'; small supports."""
        if self.support is not None:
            return self.support
        if not self.supports:
            return 0.0
        low, high = self.support_region
        return max(self._tail(high - self.estimate, -1), self._tail(self.estimate - low, 1))

    @property
    def support_region(self) -> tuple[Real, Real]:
        """Where the number must confidently lie for support."""
        return (
            self.low if self.support_low is None else self.support_low,
            self.high if self.support_high is None else self.support_high,
        )

    def interval(self, confidence: float = 0.99) -> tuple[Real, Real]:
        """Two-sided confidence interval of the number; an exact one is of 99 %."""
        if self.exact is not None:
            return self.exact
        if self.standard_error == 0 or self.df <= 0:
            return (self.estimate, self.estimate)
        reach = t_quantile((1 + confidence) / 2, self.df)
        below, above = (max(reach, unbent(reach, sign * self.skew)) for sign in (1, -1))
        return (
            self.estimate - below * self.standard_error,
            self.estimate + above * self.standard_error,
        )

    def _tail(
        self, distance: Real, side: int, tail: Callable[[float, Real], float] = bent
    ) -> float:
        """P(T > distance / standard error) for Student's t; the estimate is above (1) or below."""
        if distance == float("inf"):
            return 0.0
        if distance == -float("inf"):
            return 1.0
        if self.standard_error == 0:
            return 0.0 if distance > 0 else 1.0
        t = distance / self.standard_error
        return float(special.stdtr(self.df, -min(t, tail(t, side * self.skew))))

    def to_json(self) -> dict[str, Any]:
        """Plain data; infinite limits become null."""
        low, high = self.interval()
        stated = (lambda value: None) if self.assumed else number
        return {
            "name": self.name,
            "estimate": number(self.estimate),
            "standard_error": number(self.standard_error),
            "interval": [number(low), number(high)],
            "confidence": stated(0.99),
            "allowed": [number(self.low), number(self.high)],
            "support_region": [number(limit) for limit in self.support_region],
            "p_refute": stated(self.p_refute),
            "p_support": stated(self.p_support),
        }


@dataclass(frozen=True)
class MutantOutcome:
    """What became of one planted error; ``series`` as those of a `Result`, for the same plot."""

    id: str
    description: str
    verdict: Verdict
    because: str
    seeds: int
    series: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "id": self.id,
            "verdict": self.verdict.value,
            "description": self.description,
            "because": self.because,
            "seeds": self.seeds,
        }


@dataclass(frozen=True, repr=False)
class Result:
    """The judgement of one claim.

    - ``because``: one line of reason; ``tests``: those of the last look at the data.
    - ``p_refute``: the claim's p-value, over all its tests and looks; ``budget``: the
      false-refutation probability it was given, ``spent``: the part used by the looks taken.
    - ``false_support``: ``{"alternative", "probability", "at_edge"}``, the probability that
      a claim wrong by the stated amount would have been SUPPORTED on data like these; None where
      there is no noise, and so no probability.
    - ``seeds``: used; ``looks``: at which numbers of seeds the data were judged;
      ``planned``: seeds the pilot (the first look) asked for; ``counted``: what the numbers rest
      on where that is not seeds.
    - ``series``: plain data for plots: ``{"x", "label", "mean", "standard_error", "fit"}``.
    - ``share``: of the error probabilities, at the last look.
    """

    claim_id: str
    statement: str
    theorem: str
    source: str
    kind: str
    verdict: Verdict
    because: str
    tests: tuple[Test, ...]
    estimates: dict[str, dict[str, Any]]
    p_refute: float
    budget: float
    spent: float
    false_support: dict[str, Any]
    mutants: tuple[MutantOutcome, ...]
    sizes: tuple[dict[str, Real], ...]
    seeds: int
    looks: tuple[int, ...]
    planned: int
    tier: str
    seed: int
    margin: float | None = None
    notes: tuple[str, ...] = ()
    series: tuple[dict[str, Any], ...] = ()
    own_verdict: Verdict = field(default=Verdict.INCONCLUSIVE)
    counted: str = ""
    share: float = 1.0

    def __repr__(self) -> str:
        """Id, verdict and reason; ``to_json()`` has all of it."""
        return notebook.line(self)

    def _repr_html_(self) -> str:
        return notebook.html(self)

    def plot(self, axes: Any = None) -> Any:
        """Draw what was measured and fitted; returns the axes (`checks.verdicts.notebook`)."""
        return notebook.plot(self, axes)

    @property
    def confidence(self) -> float:
        """Of the two-sided interval that has to lie in the region, or for a refutation outside."""
        if self.verdict is Verdict.REFUTED:
            refuting = sum(test.refutes for test in self.tests)
            return 1 - self.budget * self.share / max(refuting, 1)
        return 1 - 2 * SUPPORT_ERROR * self.share

    @property
    def assumed(self) -> bool:
        """Whether the verdict rests on assumptions alone: nothing was random."""
        return bool(self.tests) and all(test.assumed for test in self.tests)

    def to_json(self) -> dict[str, Any]:
        """One element of ``claims`` in the JSON output (schema.json beside this file)."""
        stated = (lambda value: None) if self.assumed else number
        return {
            "id": self.claim_id,
            "theorem": self.theorem,
            "statement": self.statement,
            "source": self.source,
            "kind": self.kind,
            "verdict": self.verdict.value,
            "own_verdict": self.own_verdict.value,
            "because": self.because,
            "estimates": self.estimates,
            "tests": [test.to_json() for test in self.tests],
            "margin": None if self.margin is None else number(self.margin),
            "p_refute": stated(self.p_refute),
            "budget": number(self.budget),
            "budget_spent": stated(self.spent),
            "false_refutation": stated(self.budget),
            "false_support": self.false_support,
            "mutants": [mutant.to_json() for mutant in self.mutants],
            "sizes": [dict(size) for size in self.sizes],
            "seeds": self.seeds,
            "looks": list(self.looks),
            "planned_seeds": self.planned,
            "tier": self.tier,
            "seed": self.seed,
            "notes": list(self.notes),
            "series": list(self.series),
        }


def t_quantile(probability: Real, df: Real) -> float:
    """Quantile of Student's t."""
    return float(special.stdtrit(df, probability))


def number(value: Real) -> float | None:
    """A float that JSON can carry: None for infinities and NaN."""
    value = float(value)
    return value if np.isfinite(value) else None
