"""The order of the next term is not known unless a claim names it: a family of orders is tried.

A rule fits with a correction of order 1. Corrections of order 1/2 are common in width limits, of
order 2 in symmetric schemes, and taken for order 1 they move an exponent by more than its margin.
The family is: orders 1/2 and 2, up to four times the leading term at the coarsest level. A claim is
refuted only as far as each member refutes it or is itself excluded by its misfit, and where a
correction is seen, supported only as far as each member supports it or fits worse than order 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy import special

from .linear import MISFIT
from .outcome import Test
from .spending import support

OTHERS = (0.5, 2.0)  # the orders that are tried besides 1
SEEN = 4.0  # chi-square by which a fit without correction must be worse
REFUTES, SUPPORTS = 1e-3, 0.05  # p-values below which order 1 alone would have decided


@dataclass(frozen=True)
class Order:
    """A next order and its tests.

    ``misfit``: the least chi-square of its fits, ``claimed`` of those that keep to the claim.
    """

    order: float
    misfit: float
    claimed: float
    tests: tuple[Test, ...]


def over_orders(
    first: Order, rivals: Sequence[Order], uncorrected: float, spare: int
) -> tuple[tuple[Test, ...], tuple[str, ...], str]:
    """Tests that decide only where the rivals agree, notes, and the doubt where order 1 is alone.

    ``uncorrected``: chi-square of the fit without any correction; ``spare``: levels beyond the
    parameters of a form.
    """
    least = min(order.misfit for order in (first, *rivals))
    # Where no form fits, they are compared in the unit of the misfit, as in analysis of variance.
    misfits = spare > 0 and special.chdtrc(spare, least) < MISFIT
    unit = max(1.0, least / spare) if misfits else 1.0
    seen = uncorrected - least > SEEN * unit
    tests, notes, doubt = first.tests, [], ""
    for rival in rivals:
        excluded = _tail((rival.claimed - least) / unit)
        worse = _tail((rival.misfit - first.misfit) / unit)
        agreed = tuple(
            replace(
                test,
                refutation=max(test.p_refute, min(other.p_refute, 2 * excluded)),
                support=max(test.p_support, min(other.p_support, worse) if seen else 0.0),
            )
            for test, other in zip(tests, rival.tests, strict=True)
        )
        low, high = rival.tests[0].interval()
        words = (
            f"were the correction of order {rival.order:g}: {rival.tests[0].name} "
            f"{rival.tests[0].estimate:.3g}, 99 % interval [{low:.3g}, {high:.3g}]"
        )
        if seen and worse > SUPPORTS:
            notes.append(words)
        if not doubt and _alone(tests, agreed):
            doubt = (
                f"the form is in doubt: {words}; name next_order= where the derivation gives "
                "it, or use finer levels"
            )
        tests = agreed
    return tests, tuple(notes), doubt


def _tail(worse: float) -> float:
    """p-value of a form that fits worse by so much of chi-square, one-sided."""
    return float(special.ndtr(-(max(worse, 0.0) ** 0.5)))


def _alone(tests: Sequence[Test], agreed: Sequence[Test]) -> bool:
    """Whether tests would have decided that do not once others must agree."""
    least, together = (min(test.p_refute for test in part) for part in (tests, agreed))
    refuted = least <= REFUTES < together
    return refuted or support(tests) <= SUPPORTS < support(agreed)
