"""The judge: looks at growing data until a claim is decided, then at its mutants."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from numerics import in_double

from .claim import TIERS, Claim, Mutant
from .data import Data
from .evidence import Evidence, Measurer, planted
from .finding import Finding, Undecided
from .outcome import SUPPORT_ERROR, MutantOutcome, Result, Verdict
from .spending import false_support, look_shares, planned_seeds, refutation, support
from .values import FAULTS, ClaimError, in_words, require_budget, require_whole
from .wording import because, margin_of, reach_of

BUDGET = 1e-3  # false-refutation probability of a run
# Refuting a mutant wrongly lets a toothless claim pass: a risk of false support, not of false
# refutation. It is therefore not paid from the budget of the run.
MUTANT_ERROR = 0.01
CONSTANT = 1024  # seeds without variation: were one in 300 different, it would have shown


@lru_cache(maxsize=128)
def mutants_of(claim: Claim) -> tuple[Mutant, ...]:
    """The planted errors that a claim names, or those of its kind, and what it always plants.

    Raises TypeError when there are none.
    """
    found = tuple(claim.mutants) or claim.errors_to_plant()
    named = {mutant.id for mutant in found}
    found += tuple(m for m in claim.always_planted() if m.id not in named)
    if not found:
        raise TypeError(
            f"claim {claim.id}: a {type(claim).__name__} plants no errors by itself, and what "
            "cannot fail is not supported; name some in mutants="
        )
    return found


@in_double
def judge(
    claim: Claim,
    *,
    seed: int = 0,
    tier: str = "smoke",
    budget: float = BUDGET,
    measure: Measurer | None = None,
) -> Result:
    """Judge one claim and its mutants; the same arguments give the same Result.

    ``budget`` is the probability with which a true claim may be refuted; a run of several
    claims passes each its share and settles them together with ``settle``. ``measure``
    runs work items; by default they run here. Raises ClaimError when a function of the
    claim fails or returns what cannot be judged, TypeError or ValueError for bad arguments.
    """
    course, evidence = _own_course(claim, seed, tier, budget, measure)
    points = claim.at(tier).points
    mutants = tuple(_try_mutant(claim, mutant, evidence) for mutant in mutants_of(claim))
    verdict, reason = _gate(course, mutants)
    reach = reach_of(points)
    alternative, probability = false_support(
        course.finding.tests, course.seeds * len(points), SUPPORT_ERROR * course.share
    )
    edge = None if probability is None else SUPPORT_ERROR
    return Result(
        claim_id=claim.id,
        statement=claim.statement or claim.default_statement(),
        theorem=claim.theorem,
        source=claim.source,
        kind=type(claim).__name__,
        verdict=verdict,
        because=f"{reason}; {reach}" if reach else reason,
        tests=course.finding.tests,
        estimates=course.finding.estimates,
        p_refute=course.p_refute,
        budget=budget,
        spent=budget * course.spent,
        false_support={"alternative": alternative, "probability": probability, "at_edge": edge},
        mutants=mutants,
        sizes=points,
        seeds=course.seeds,
        looks=course.looks,
        planned=course.planned,
        tier=tier,
        seed=seed,
        margin=margin_of(claim),
        notes=(*course.finding.notes, *_rule_of_three(course)),
        series=course.finding.series,
        own_verdict=course.verdict,
        counted=course.finding.counted,
        share=course.share,
    )


@in_double
def quick_verdict(
    claim: Claim,
    *,
    seed: int = 0,
    tier: str = "smoke",
    budget: float = BUDGET,
    measure: Measurer | None = None,
) -> Verdict:
    """The verdict that ``judge`` gives, running mutants only where they can change it."""
    course, evidence = _own_course(claim, seed, tier, budget, measure)
    if not course.verdict.holds:
        return course.verdict
    return _gate(course, [_try_mutant(claim, m, evidence) for m in mutants_of(claim)])[0]


def require_claim(value: Any) -> None:
    """Raise TypeError, in words, for what is no claim."""
    if not isinstance(value, Claim):
        a_class = isinstance(value, type) and issubclass(value, Claim)
        received = f"the class {value.__name__}" if a_class else f"a {type(value).__name__}"
        raise TypeError(
            f"expected a claim, received {received}; a claim is made by, e.g., vl.RateClaim(...), "
            "the claims of a layer by vl.pytest_claims(layer), and several are judged one by one"
        )


def _own_course(
    claim: Claim, seed: int, tier: str, budget: float, measure: Measurer | None
) -> tuple["Course", Evidence]:
    """The looks at the claim's own data, after checking the arguments."""
    require_claim(claim)
    require_whole("a seed", seed, 0)
    if tier not in TIERS:
        raise ValueError(f"expected a tier in {TIERS}, received {tier!r}")
    require_budget(budget)
    evidence = Evidence(claim, tier, seed, measure)

    def look(seeds: int) -> Finding:
        return _finding(claim, None, evidence.gather(None, seeds))

    return _follow(claim.at(tier).looks, budget, look), evidence


@dataclass(frozen=True)
class Course:
    """How the looks at one claim or mutant went, and where they ended."""

    verdict: Verdict
    because: str
    finding: Finding
    p_refute: float
    share: float
    spent: float
    seeds: int
    looks: tuple[int, ...]
    planned: int


def _finding(subject: Claim, mutant: Mutant | None, data: Data) -> Finding:
    """What a claim's own rule says; whatever else it raises is a fault of its kind or mutant."""
    try:
        found = subject.finding(data if mutant is None else mutant.plant(data))
        wrong = [t.name for t in found.tests if np.isnan([t.estimate, t.standard_error]).any()]
        if wrong:
            raise Undecided(f"{wrong[0]} is no number: the data do not determine it")
        exact = any(test.exact is not None for test in found.tests)  # narrower with every seed
        return replace(found, final=found.final or (_does_not_vary(data) and not exact))
    except Undecided as reason:
        return Finding((), {}, blocked=str(reason), final=reason.final or _does_not_vary(data))
    except ClaimError:
        raise
    except FAULTS as error:
        planted = f", mutant {mutant.id}" if mutant else ""
        raise ClaimError(
            f"claim {subject.id}{planted}: expected a finding, received {in_words(error)}; "
            f"correct `finding` of {type(subject).__name__} or the mutant's `data`"
        ) from error


def _does_not_vary(data: Data) -> bool:
    """Whether so many seeds are all alike that others are not expected to differ."""
    arrays = [values for part in data.arrays.values() for values in part]
    return data.seeds >= CONSTANT and all(np.all(values == values[:1]) for values in arrays)


def _rule_of_three(course: Course) -> tuple[str, ...]:
    """What is known of seeds that fail: none was seen. A proof or a table has none."""
    seeds = course.seeds
    if course.finding.proved or course.finding.counted:
        return ()
    return (
        f"none of {seeds} seeds failed or blew up: a share of up to {min(1.0, 3 / seeds):.2g} of "
        "seeds may (95 %)",
    )


def _follow(looks: Sequence[int], budget: float, look: Callable[[int], Finding]) -> Course:
    """Look, decide, and when undecided go on to the number of seeds that the pilot asks for."""
    shares, k, taken, p_value = look_shares(len(looks)), 0, [], 1.0
    planned = 0
    while True:
        finding = look(looks[k])
        taken.append(k)
        if not finding.blocked:
            p_value = min(p_value, refutation(finding.tests) / shares[k])
        verdict = _decide(finding, p_value, budget, SUPPORT_ERROR * shares[k])
        if len(taken) == 1:
            last = shares[-1]
            planned = planned_seeds(
                finding.tests, looks[0], budget * last / 2, SUPPORT_ERROR * last
            )
        if verdict is not Verdict.INCONCLUSIVE or finding.final or k == len(looks) - 1:
            break
        told = not finding.blocked and any(0 < t.standard_error < np.inf for t in finding.tests)
        wanted = planned if told else 0
        k = next((j for j in range(k + 1, len(looks)) if looks[j] >= wanted), len(looks) - 1)
    wanted = planned_seeds(
        finding.tests, looks[k], budget * shares[-1] / 2, SUPPORT_ERROR * shares[-1]
    )
    return Course(
        verdict,
        because(
            verdict,
            finding,
            looks[k],
            last_look=k == len(looks) - 1,
            error=SUPPORT_ERROR * shares[k],
            wanted=0 if finding.final else wanted,
        ),
        finding,
        p_value,
        shares[k],
        sum(shares[j] for j in taken),
        looks[k],
        tuple(looks[j] for j in taken),
        planned,
    )


def _decide(finding: Finding, p_value: float, budget: float, error: float) -> Verdict:
    if p_value <= budget:
        return Verdict.REFUTED
    if not (finding.blocked or finding.doubt) and support(finding.tests) <= error:
        return Verdict.CERTIFIED if finding.proved else Verdict.SUPPORTED
    return Verdict.INCONCLUSIVE


def _try_mutant(claim: Claim, mutant: Mutant, evidence: Evidence) -> MutantOutcome:
    subject = planted(claim, mutant)

    def look(seeds: int) -> Finding:
        return _finding(subject, mutant, evidence.gather(mutant, seeds))

    course = _follow(claim.at(evidence.tier).looks, MUTANT_ERROR, look)
    return MutantOutcome(
        mutant.id, mutant.description, course.verdict, course.because, course.seeds,
        course.finding.series,
    )  # fmt: skip


def _gate(course: Course, mutants: Sequence[MutantOutcome]) -> tuple[Verdict, str]:
    """A claim is supported only by a test that refutes every planted error."""
    missed = [mutant.id for mutant in mutants if mutant.verdict is not Verdict.REFUTED]
    if not course.verdict.holds or not missed:
        return course.verdict, course.because
    return Verdict.INCONCLUSIVE, f"does not refute {', '.join(missed)}; itself: {course.because}"
