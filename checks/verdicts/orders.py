"""The order of the next term is not known unless a claim names it: a family of orders is tried.

A rule fits with a correction of order 1. Corrections of order 1/2 are common in width limits, of
order 2 in symmetric schemes, and taken for order 1 they move an exponent by more than its margin.
The family is: orders 1/2 and 2, up to four times the leading term at the coarsest level.

A claim is decided only as far as each member agrees (intersection-union): were the truth of order
r, the member r alone would bound the error. Member r agrees if its own test does, or if order r is
excluded by its misfit. Two ways are a union, and share the error.

An order is excluded for support where it fits worse than order 1 by c of chi-square. Let the truth
be of order r, z the standard normal residual by which the form that has both corrections fits
better than r, and d the distance of order 1 from the truth in the same direction. Then
c = z^2 - (z - d)^2 = 2 z d - d^2, and c > c0 needs z > (c0 / d + d) / 2 >= sqrt(c0): the tail is
one-sided whatever d. Half of the error is for the own test, half for this tail.

For refutation the fits of order r within the claim are compared with the best of all: with the
free fit of order r, which is to first order its own test again, and with the two other orders, a
tail each. Half of the error is for the own test, a quarter for each other order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy import special

from .linear import misfit_unit
from .outcome import Test
from .spending import support

OTHERS = (0.5, 2.0)  # the orders that are tried besides 1
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
    first: Order, rivals: Sequence[Order], spare: int
) -> tuple[tuple[Test, ...], tuple[str, ...], str]:
    """Tests that decide only where the rivals agree, notes, and the doubt where order 1 is alone.

    ``spare``: levels beyond the parameters of a form.
    """
    least = min(order.misfit for order in (first, *rivals))
    unit = misfit_unit(least, spare)
    tests, notes, doubt = first.tests, [], ""
    for rival in rivals:
        excluded = _tail((rival.claimed - least) / unit)
        worse = _tail((rival.misfit - first.misfit) / unit)
        agreed = tuple(
            replace(
                test,
                refutation=max(test.p_refute, min(1.0, 2 * other.p_refute, 4 * excluded)),
                support=max(test.p_support, min(1.0, 2 * other.p_support, 2 * worse)),
            )
            for test, other in zip(tests, rival.tests, strict=True)
        )
        low, high = rival.tests[0].interval()
        words = (
            f"were the correction of order {rival.order:g}: {rival.tests[0].name} "
            f"{rival.tests[0].estimate:.3g}, 99 % interval [{low:.3g}, {high:.3g}]"
        )
        if worse > SUPPORTS and max(t.p_support for t in rival.tests) > SUPPORTS:
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
