"""The one line of reason that goes with a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .claim import Claim
from .data import Real, Size
from .finding import Finding
from .outcome import Test, Verdict

HOPELESS = 1000  # times the seeds used: no remedy any more
CLEARLY = 1e-6  # p-values so small explain a refutation: of several, the first test is named


def because(
    verdict: Verdict,
    finding: Finding,
    seeds: int,
    *,
    last_look: bool,
    error: float = 0.005,
    wanted: int = 0,
) -> str:
    """The quantity that decided, its interval, and the region it was held to.

    ``error``: the probability of false support that this look may spend: support is read off the
    interval of confidence 1 - 2 error. ``wanted``: seeds that would decide.
    """
    if verdict is Verdict.INCONCLUSIVE and (finding.blocked or finding.doubt):
        return finding.blocked or finding.doubt
    if finding.reason:
        return finding.reason
    told = ("SAMPLED", "CERTIFIED")
    words = next((note for note in finding.notes if note.startswith(told)), "")
    if verdict is Verdict.REFUTED:
        worst = min(finding.tests, key=lambda test: test.p_refute)
        worst = next((test for test in finding.tests if test.p_refute <= CLEARLY), worst)
        said = _Said(worst, finding)
        p = f" (p = {worst.p_refute:.2g})" if worst.p_refute > 0 or worst.standard_error else ""
        low, high = worst.interval()
        if low > high and finding.doubt:  # no number at all agrees with the data
            return f"{finding.doubt}{p}"
        return f"{said.words()}, outside {said.region(worst.low, worst.high)}{p}"
    worst = max(finding.tests, key=lambda test: test.p_support)
    if verdict.holds:
        first = _Said(finding.tests[0], finding)
        region = first.region(*finding.tests[0].support_region)
        counted = finding.counted or several(seeds, "seed")
        inside = f"{first.words(1 - 2 * error)}, within {region}{_unequal(finding.tests)}"
        return words or f"{inside}, {counted}"
    said = _Said(worst, finding)
    region = said.region(*worst.support_region)
    end = f" with {several(seeds, 'seed')}" + (", the cap of this tier" if last_look else "")
    more = _more_runs(worst, seeds, wanted)
    end = f" with {finding.counted}{more}" if finding.counted else end + _cure(seeds, wanted)
    return f"{said.words()}, neither inside nor outside {region}{end}"


def _cure(seeds: int, wanted: int) -> str:
    """How many seeds would decide, as far as these data say."""
    if wanted <= seeds:
        return ""
    if wanted >= HOPELESS * seeds:
        return (
            ": too near to the edge for seeds to decide; change the levels, or the margin where "
            "the claim has one"
        )
    return f": about {wanted} would decide (seeds={seeds}, cap={1 << (wanted - 1).bit_length()})"


def _more_runs(test: Test, seeds: int, wanted: int) -> str:
    """How many times the recorded runs would decide; recorded numbers count as one look."""
    times = -(-wanted // seeds)
    if test.assumed or times <= 1:
        return ""
    if times >= HOPELESS:
        return ": too near to the edge for more runs to decide; record finer levels"
    return f": about {times} times as many runs a size would decide"


@dataclass(frozen=True)
class _Said:
    """A test in the words of the claim: for one monomial, exponents rather than excesses."""

    test: Test
    finding: Finding

    @property
    def claimed(self) -> float | None:
        """The claimed exponent, None where the test is no exponent of one monomial."""
        name = self.test.name.removeprefix("excess ")
        predicted = self.finding.estimates.get(name, {}).get("predicted")
        return None if name == self.test.name else predicted

    def words(self, confidence: float = 0.99) -> str:
        """The estimate with its interval."""
        shift, test = self.claimed or 0.0, self.test
        name = test.name if self.claimed is None else test.name.removeprefix("excess ")
        said = f"{name} {shift + test.estimate:.3g}" if np.isfinite(test.estimate) else name
        low, high = (shift + end for end in test.interval(confidence))
        if test.standard_error == 0:
            return said + (f", between {low:.3g} and {high:.3g}" if test.exact else "")
        level = percent(confidence if test.exact is None else 0.99)
        return f"{said}, {level} interval [{low:.3g}, {high:.3g}]"

    def region(self, low: Real, high: Real) -> str:
        """What it was held to, with what was claimed."""
        if self.claimed is None:
            return _region(low, high)
        bound = low == -float("inf")
        at = f"at most {self.claimed:.3g}" if bound else f"{self.claimed:.3g}"
        return f"{high:.3g} of the claimed {at}"


def percent(level: float) -> str:
    """E.g. ``90 %``, with as many digits as it takes not to round a level to 100 %."""
    digits = 3
    while level < 1 and float(f"{100 * level:.{digits}g}") >= 100 and digits < 17:
        digits += 1
    return f"{100 * level:.{digits}g} %"


def several(count: int, what: str, many: str = "") -> str:
    """E.g. ``1 claim``, ``2 claims``; ``many`` where the plural has no s alone."""
    return f"{count} {what if count == 1 else many or f'{what}s'}"


def reach_of(points: Sequence[Size]) -> str:
    """The range of sizes that a verdict speaks of, e.g. ``n 4 to 512, L 8``; empty for none."""
    words = []
    for name in points[0] if points else ():
        levels = [point[name] for point in points]
        low, high = min(levels), max(levels)
        words.append(f"{name} {low:g}" + (f" to {high:g}" if high > low else ""))
    return ", ".join(words)


def _unequal(tests: Sequence[Test]) -> str:
    """What the margin admits and equality would not: two-sided tests whose interval excludes 0."""
    missed = []
    for test in tests:
        low, high = test.interval()
        centred = np.isfinite([test.low, test.high]).all() and test.low == -test.high
        if centred and test.standard_error > 0 and (low > 0 or high < 0):
            missed.append(test.name)
    return f" (within the margin, but not equal: {', '.join(missed)})" if missed else ""


def _region(low: Real, high: Real) -> str:
    if low == -float("inf"):
        return f"at most {high:.3g}"
    if high == float("inf"):
        return f"at least {low:.3g}"
    return f"[{low:.3g}, {high:.3g}]"


def margin_of(claim: Claim) -> float | None:
    """The margin of a claim, None for kinds that have none."""
    margin = getattr(claim, "margin", None)
    return None if margin is None else float(margin)
