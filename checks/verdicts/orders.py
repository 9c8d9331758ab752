"""Another next order: where a correction is seen, its order is not known unless it is named.

A rule fits with a correction of order 1. Corrections of order 1/2 are common in width limits, and
taken for order 1 they move an exponent by more than its margin. Where a correction is seen and
order 1/2 fits about as well as order 1, the form is in doubt, and a claim is refuted only if both
orders refute it.
"""

from collections.abc import Sequence
from dataclasses import replace

from .outcome import Test

OTHER = 0.5  # the order that is tried besides 1
SEEN = 4.0  # chi-square by which a fit without correction must be worse
ALIKE = 4.0  # chi-square by which two orders must differ to be told apart


def in_doubt(none: float, first: float, other: float) -> bool:
    """Whether chi-squares of fits with no correction, of order 1 and 1/2 leave the order open."""
    return none - min(first, other) > SEEN and other - first <= ALIKE


def with_rivals(tests: Sequence[Test], rivals: Sequence[Test]) -> tuple[tuple[Test, ...], str, str]:
    """Tests that refute only where their rivals do, a note, and the doubt if order 1 refutes."""
    both = tuple(
        replace(test, refutation=max(test.p_refute, rival.p_refute))
        for test, rival in zip(tests, rivals, strict=True)
    )
    low, high = rivals[0].interval()
    note = (
        f"were the correction of order {OTHER:g}: {rivals[0].name} {rivals[0].estimate:.3g}, "
        f"99 % interval [{low:.3g}, {high:.3g}]"
    )
    if min(test.p_refute for test in tests) > 1e-3:
        return both, note, ""
    remedy = "name next_order= where the derivation gives it, or use finer levels"
    return both, note, f"the form is in doubt: {note}; {remedy}"
