"""What a claim on growth says in words: logarithms of ratios are factors."""

import math

from checks.report.numbers import number, symbol, with_error
from checks.verdicts import Result, Test

DRIFT = "log drift over the range of "
RATIO = "log ratio of "


def independence(result: Result) -> str:
    """By what factor something changes over the range of a size that it should not depend on."""
    drifts = [test for test in result.tests if test.name.startswith(DRIFT)]
    if not drifts:
        return ""
    worst = max(drifts, key=lambda test: test.p_support)
    name = worst.name.removeprefix(DRIFT).partition(" ")[0]
    levels = sorted({size[name] for size in result.sizes})
    low, high = map(float, worst.support_region)
    allowed = f"up to {_factor(high)}" if low == -math.inf else f"{_factor(low)} to {_factor(high)}"
    return (
        f"over ${symbol(name)}$ from {levels[0]:g} to {levels[-1]:g} it changes by the factor "
        f"{_between(worst)}, allowed {allowed}"
    )


def monotone(result: Result) -> str:
    """The smallest of the factors by which each level differs from the one before."""
    steps = [test for test in result.tests if test.name.startswith(RATIO)]
    if not steps:
        return ""
    least = max(steps, key=lambda test: test.p_support)
    name, _, between = least.name.removeprefix(RATIO).partition("=")
    after, _, before = between.partition(" to ")
    moves = "lowers" if math.isfinite(least.support_region[1]) else "raises"
    return (
        f"each step of ${symbol(name)}$ {moves} it: the least certain, from {before} to {after}, "
        f"by the factor {_between(least)}"
    )


def growth(result: Result) -> str:
    """How far the curve is from straight in the logarithm of its size, and its slope there."""
    bent = [test for test in result.tests if test.name.startswith("curvature")]
    slope = next((name for name in result.estimates if name.startswith("slope in log ")), "")
    if len(bent) != 1 or not slope:
        return ""
    name = symbol(slope.removeprefix("slope in log ").partition(" ")[0])
    rise, (curve,) = result.estimates[slope], bent
    curvature = with_error(float(curve.estimate), tuple(map(float, curve.interval())))
    like = "no faster than" if curve.low == -math.inf else "like"
    return (
        rf"it grows {like} $\log {name}$: slope {with_error(rise['value'], rise['interval'])}, "
        f"curvature {curvature}, margin {result.margin:g}"
    )


def _between(test: Test) -> str:
    low, high = map(float, test.interval())
    return f"{_factor(float(test.estimate))} ({_factor(low)} to {_factor(high)})"


def _factor(logarithm: float) -> str:
    """The factor of a logarithm; one that differs from 1 by less than its digits show is 1."""
    try:
        factor = math.exp(logarithm)
    except OverflowError:
        return "infinity"
    return "1" if abs(factor - 1) < 1e-4 else number(factor)
