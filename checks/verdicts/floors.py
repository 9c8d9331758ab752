"""The floor under a rate: an error that goes to zero, and not to a wrong limit."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from theory.language.rate import Kind, Rate

from .data import Data, Real
from .fit import Fit, allowed
from .floor_profile import Floored, within_margin
from .levels import Levels
from .linear import Linear, relative_levels, relative_solution, unit_columns
from .model import Shape
from .orders import REFUTES
from .outcome import Test
from .shapes import finest_point
from .trends import slices

SPARE = 3  # levels of a slice beyond its terms, for a floor of its own and a test of fit


def floor_tests(
    rate: Rate, margin: Real, floor_share: Real, levels: Levels, shape: Shape, fit: Fit, data: Data
) -> tuple[Test, ...]:
    """Shares of the finest error that do not vanish: in all sizes, and in each one by itself.

    The exponents are taken to be right, but a share is too large only if it is with all exponents
    within ``margin`` (0: with those). For a bound the terms follow the faster decay that was
    measured: decaying faster than a bound is no floor. Where every term of a bound vanishes in one
    size, so must the error at fixed other sizes: each slice has coefficients and a floor of its
    own, if there are levels enough, and the mean share over slices is judged.
    """
    if grows(rate):
        return ()
    growth = np.zeros_like(fit.gamma)
    if rate.kind is Kind.UPPER_BOUND:
        growth = np.minimum(fit.gamma, 0.0)
    terms = unit_columns(shape.log_terms + growth @ shape.log_sizes - fit.log_fit)
    finest, kept = finest_point(rate, data), fit.kept
    follow = np.concatenate([terms, terms[0] * shape.corrections])
    floor = np.exp(fit.log_fit[finest] - fit.log_fit)
    columns = np.concatenate([follow, floor[None]])
    solved = relative_solution(levels.select(kept), fit.log_fit[kept], columns.T[kept])
    share = "floor share at the finest size"
    test = _share_test(share, *solved, columns[:, finest][None], floor_share)
    if margin:
        seen = relative_levels(levels.select(kept), fit.log_fit[kept])
        at = int(np.searchsorted(kept, finest))
        floored = Floored(seen, follow[:, kept], floor[kept], shape.log_sizes[:, kept], at)
        low, high = allowed(rate.kind, margin)
        test = within_margin(test, floored, (low - growth, high - growth), fit.gamma - growth)
    if len(terms) == 1 or rate.kind is Kind.EXACT:
        return (test,)
    slower = (margin - growth if margin else 0 * growth) @ shape.log_sizes
    slowest = terms * np.exp(slower - slower.max())
    return (test, *_slice_tests(rate, terms, slowest, levels, fit, floor_share, data))


def _slice_tests(
    rate: Rate,
    terms: Float[np.ndarray, "T K"],
    slowest: Float[np.ndarray, "T K"],
    levels: Levels,
    fit: Fit,
    floor_share: Real,
    data: Data,
) -> list[Test]:
    """Floors in each size in which all terms vanish, held to the slowest terms admitted, too."""
    tests = []
    for name in _vanishing(rate):
        parts = [members for _, members in slices(data, name)]
        if all(len(members) >= len(terms) + SPARE for members in parts):
            test = _slice_test(name, parts, terms, levels, fit, floor_share)
            slow = _slice_test(name, parts, slowest, levels, fit, floor_share)
            tests.append(replace(test, refutation=max(test.p_refute, slow.p_refute)))
    return tests


def _slice_test(
    name: str,
    parts: list[Int[np.ndarray, " k"]],
    terms: Float[np.ndarray, "T K"],
    levels: Levels,
    fit: Fit,
    floor_share: Real,
) -> Test:
    """Mean over the slices of the share that does not vanish in one size."""
    width = len(terms) + 1
    columns = np.zeros((len(parts) * width, terms.shape[1]))
    for i, members in enumerate(parts):
        columns[i * width : (i + 1) * width - 1, members] = terms[:, members]
        columns[(i + 1) * width - 1, members] = np.exp(
            fit.log_fit[members[-1]] - fit.log_fit[members]
        )
    solved = relative_solution(levels, fit.log_fit, columns.T)
    designs = np.array([columns[:, members[-1]] for members in parts])
    return _share_test(f"floor share in {name}, other sizes fixed", *solved, designs, floor_share)


def _share_test(
    name: str,
    parameters: Float[np.ndarray, " p"],
    solution: Linear,
    designs: Float[np.ndarray, "slices p"],
    floor_share: Real,
) -> Test:
    """Mean of F / e: F the last parameter of a slice, e the fitted error at its finest level."""
    width = len(parameters) // len(designs)
    shares, contrasts = [], []
    for i, design in enumerate(designs):
        last = (i + 1) * width - 1
        total = float(design @ parameters)
        shares.append(float(parameters[last]) * design[last] / total)
        contrasts.append(-shares[-1] * design / total)
        contrasts[-1][last] += design[last] / total
    variance, df = solution.variance(np.mean(contrasts, axis=0)[None])
    error = float(np.sqrt(variance[0]))
    return Test(name, float(np.mean(shares)), error, float(df[0]), -np.inf, floor_share)


def floor_doubt(tests: tuple[Test, ...]) -> str:
    """Why a floor that is seen with the claimed exponents does not refute; empty where none is."""
    for test in tests:
        seen = test.name.startswith("floor share") and test.interval()[0] > test.high
        alone = replace(test, refutation=None).p_refute
        if seen and test.p_refute > max(alone, REFUTES):
            return (
                f"a floor or another exponent: with the claimed one, {test.name} "
                f"{test.estimate:.3g}, but exponents within the margin leave less; take a "
                "narrower margin, or a wider range of sizes"
            )
    return ""


def grows(rate: Rate) -> bool:
    """Whether no term goes to zero in any size: a floor under it is no error."""
    return all(power >= 0 for exponents in rate.exponents() for power in exponents.values())


def _vanishing(rate: Rate) -> list[str]:
    """The sizes in which every term goes to zero by itself."""
    return [name for name in rate.sizes if all(e.get(name, 0) < 0 for e in rate.exponents())]


def floor_notes(rate: Rate, tests: tuple[Test, ...], data: Data) -> tuple[str, ...]:
    """What share of a floor the tests can see, and where none is looked for."""
    found = [test for test in tests if test.name.startswith("floor share")]
    notes = [f"{test.name}: not above {max(test.interval()[1], 0):.2g}" for test in found]
    if len(rate.terms) > 1 and rate.kind is Kind.UPPER_BOUND:
        seen = " ".join(test.name for test in found)
        notes += [
            f"a floor in {name} at fixed other sizes is not looked for: that needs "
            f"{len(rate.terms) + SPARE} levels of {name}"
            for name in _vanishing(rate)
            if f"floor share in {name}," not in seen
        ]
    return tuple(notes)
