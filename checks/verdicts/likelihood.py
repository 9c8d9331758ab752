"""Exponents decide only as far as the likelihood ratio agrees with the standard errors of the fit.

A correction enters as log(1 + a x), which bends, and terms of a sum stand in for each other: a
standard error knows the data near one fit alone: it supports wrong claims at the edge of the margin
more often than its level says.

Support: were the claim wrong, by its margin or more, with a correction in its range, the misfit of
such fits over the least of all would be at most the square of a normal number that is above 0.
Refutation: were it right, the same of fits within the margin, with as many squares as exponents.
"""

from dataclasses import replace
from functools import partial

import numpy as np
from scipy import special

from .fit import Fit, Region, least_misfit
from .levels import Levels
from .linear import misfit_unit
from .model import Shape
from .outcome import Test

ASKED = 0.05  # p-values above it decide nothing: the likelihood is not asked


def by_likelihood(
    tests: tuple[Test, ...],
    levels: Levels,
    shape: Shape,
    fit: Fit,
    region: Region,
    *,
    bounded: bool = False,
) -> tuple[Test, ...]:
    """The tests of the exponents of a fit, held to the likelihood on the levels that it kept.

    ``region``: the excess exponents that the claim admits; ``bounded``: its corrections keep to
    their range. For support they always do, as outside it nothing is supported.
    """
    terms, corrections = len(shape.log_terms), len(shape.corrections)
    if terms == 1 and not corrections:
        return tests  # nothing bends
    seen = levels.select(fit.kept)
    part = shape.select(fit.kept) if shape.levels.size else shape
    spare = len(fit.kept) - terms - corrections - len(tests)

    def worse(within: list[Region] | Region, *, bounded: bool) -> float:
        misfit = partial(least_misfit, seen, part, bounded=bounded)
        least = misfit()
        return max(misfit(within) - least, 0.0) / misfit_unit(least, spare)

    def held(index: int, test: Test) -> Test:
        support, refutation = test.p_support, test.p_refute
        if support <= ASKED:
            ends = [(region[1], np.inf), (-np.inf, region[0])]
            outside = [
                worse(_only(index, end, len(tests)), bounded=True)
                for end in ends
                if np.isfinite(end).any()
            ]
            support = max(support, float(special.ndtr(-(min(outside) ** 0.5))))
        if refutation <= ASKED:
            tail = special.chdtrc(len(tests), worse(region, bounded=bounded))
            refutation = max(refutation, float(tail))
        return replace(test, support=support, refutation=refutation)

    return tuple(held(index, test) for index, test in enumerate(tests))


def _only(index: int, end: Region, count: int) -> list[Region]:
    """One exponent in a region, the others anywhere."""
    return [end if k == index else (-np.inf, np.inf) for k in range(count)]
