"""The one line of reason that goes with a verdict."""

from collections.abc import Sequence

import numpy as np

from .claim import Claim
from .data import Real, Size
from .finding import Finding
from .outcome import Test, Verdict


def because(verdict: Verdict, finding: Finding, seeds: int, *, last_look: bool) -> str:
    """The quantity that decided, its interval, and the region it was held to."""
    if verdict is Verdict.INCONCLUSIVE and (finding.blocked or finding.doubt):
        return finding.blocked or finding.doubt
    told = ("SAMPLED", "CERTIFIED")
    words = next((note for note in finding.notes if note.startswith(told)), "")
    if verdict is Verdict.REFUTED:
        worst = min(finding.tests, key=lambda test: test.p_refute)
        region = _region(worst.low, worst.high)
        return f"{_describe(worst)}, outside {region} (p = {worst.p_refute:.2g})"
    worst = max(finding.tests, key=lambda test: test.p_support)
    region = _region(*worst.support_region)
    if verdict.holds:
        first = finding.tests[0]
        inside = f"{_describe(first)}, within {_region(*first.support_region)}"
        return words or f"{inside}{_unequal(finding.tests)}, {seeds} seeds"
    end = f" with {seeds} seeds" + (", the cap of this tier" if last_look else "")
    return f"{_describe(worst)}, neither inside nor outside {region}{end}"


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


def _describe(test: Test) -> str:
    if test.standard_error == 0:
        return f"{test.name} {test.estimate:.3g}"
    low, high = test.interval()
    return f"{test.name} {test.estimate:.3g}, 99 % interval [{low:.3g}, {high:.3g}]"


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
