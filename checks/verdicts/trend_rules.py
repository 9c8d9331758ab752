"""Rules for independence of a size, growth laws, and decay in time."""

import numpy as np
from jaxtyping import Float

from theory.language.rate import Kind

from .claim import Real, Size
from .claims import GrowthClaim, IndependenceClaim
from .finding import Data, Finding, estimate_of, noise_floor, plot_series
from .fit import allowed, fit_shape
from .levels import summarize
from .model import Shape
from .observations import DecayClaim
from .outcome import Test, number
from .rounding import Floored, left_out, named_resolution, rounded
from .values import common_unit, in_unit


def independence_finding(claim: IndependenceClaim, data: Data) -> Finding:
    """Per-seed slope of the log error by TOST, and every level against the smallest."""
    errors = data.matrix("error")
    if np.any(errors <= 0):
        k = int(np.argmin(errors.min(axis=0)))
        reason = f"the error is 0 for some seed at {data.points[k]}: its logarithm is needed"
        return Finding((), {}, blocked=reason)
    levels, logs = _by_level(np.log(errors), data.column(claim.size))
    x, span = np.log(levels), np.log(levels[-1] / levels[0])
    if claim.planted_drift != 1.0:
        if claim.kind == "no growth":  # a claim with slack must have teeth as well
            logs = logs - np.minimum(0.0, (logs - logs[:, :1]).mean(axis=0))
        logs = logs + np.log(claim.planted_drift) * (x - x[0]) / span
    allowed = float(np.log1p(claim.margin))
    low = -allowed if claim.kind == "equivalent" else -np.inf
    centred = x - x.mean()
    drift = logs @ centred / (centred @ centred) * span
    tests = [_mean_test(f"log drift over the range of {claim.size}", drift, low, allowed)]
    for k in range(1, len(levels)):
        name = f"log ratio of {claim.size}={levels[k]:g} to {levels[0]:g}"
        tests.append(_mean_test(name, logs[:, k] - logs[:, 0], low, allowed))
    centre, spread = logs.mean(axis=0), _standard_error(logs)
    points = tuple({claim.size: int(level)} for level in levels)
    series = plot_series(
        "geometric mean of the error",
        points,
        claim.size,
        np.exp(centre),
        np.exp(centre) * spread,
        np.full(len(levels), np.exp(centre.mean())),
    )
    return Finding(tuple(tests), {test.name: estimate_of(test, "log") for test in tests}, series)


def growth_finding(claim: GrowthClaim, data: Data) -> Finding:
    """Per-seed quadratic in log n: relative change of slope over the range (sheet N3)."""
    unit = common_unit(data.matrix("value"))
    levels, values = _by_level(in_unit(data.matrix("value"), unit), data.column(claim.size))
    values = values * (levels / levels[0]) ** claim.planted_power
    x = np.log(levels) - np.log(levels).mean()
    span = float(x[-1] - x[0])
    solve = np.linalg.pinv(np.stack([np.ones_like(x), x, x**2], axis=1))
    _, slopes, bends = solve @ values.T
    slope = _mean_test(
        f"slope in log {claim.size}", slopes, -np.inf, claim.slope_bound or np.inf, unit=unit
    )
    # Influence of a seed on the ratio 2 c span / b of the means (delta method).
    curvature = 2 * span * bends.mean() / slopes.mean()
    influence = (2 * span * bends - curvature * slopes) / slopes.mean()
    low, high = (-np.inf, claim.margin) if claim.law == "log" else (claim.margin, np.inf)
    bend = _mean_test("curvature", influence, low, high, centre=float(curvature))
    centre, spread = (in_unit(v, -unit) for v in (values.mean(axis=0), _standard_error(values)))
    fitted = np.stack([np.ones_like(x), x, x**2], axis=1) @ (solve @ centre)
    points = tuple({claim.size: int(level)} for level in levels)
    blocked = ""
    if slope.estimate <= 3 * slope.standard_error:
        blocked = (
            f"no growth is seen: slope in log {claim.size} {slope.estimate:.3g}, standard error "
            f"{slope.standard_error:.2g}; a law of growth needs growth, else use IndependenceClaim"
        )
    tests = (bend,) if claim.slope_bound is None else (bend, slope)
    return Finding(
        tests,
        {
            "curvature": estimate_of(bend),
            slope.name: estimate_of(slope),
            **_residuals(x, values.mean(axis=0), unit),
        },
        plot_series("value", points, claim.size, centre, spread, fitted),
        blocked=blocked,
    )


def _residuals(
    x: Float[np.ndarray, " K"], centre: Float[np.ndarray, " K"], unit: int
) -> dict[str, dict[str, float | None]]:
    """Residual sums of squares of A + b log n and of A n**b, for comparison."""

    def squares(fitted: Float[np.ndarray, " K"]) -> dict[str, float | None]:
        return {"value": number(in_unit(((centre - fitted) ** 2).sum(), -2 * unit))}

    straight = np.polyval(np.polyfit(x, centre, 1), x)
    found: dict[str, dict[str, float | None]] = {
        "residual sum of squares, log law": squares(straight)
    }
    if np.all(centre > 0):
        power = np.exp(np.polyval(np.polyfit(x, np.log(centre), 1), x))
        found["residual sum of squares, power law"] = squares(power)
    return found


def decay_finding(claim: DecayClaim, data: Data) -> Finding:
    """Rate of decay at every size point, relative to the predicted one, after a transient."""
    tests, series, notes, blocked, doubt = [], [], [], "", ""
    region = allowed(claim)
    for point, curves in zip(data.points, data.arrays["curve"], strict=True):
        rate = claim.rate_at(point)
        try:
            times, curves, left = _above_rounding(claim, point, curves)
        except Floored as floor:
            return Finding((), {}, blocked=str(floor))
        notes += left
        unit = common_unit(curves)
        curves = in_unit(curves, unit)
        levels = summarize(curves, claim.statistic)
        if np.any(curves.max(axis=0) == 0):
            return Finding((), {}, blocked=f"the curve is exactly 0 at some time, {point}")
        shape = _decay_shape(claim, times, rate)
        fit = fit_shape(levels, shape, region)
        if claim.planted_excess:
            slack = min(0.0, float(fit.gamma[0])) if claim.kind is Kind.UPPER_BOUND else 0.0
            bent = curves * np.exp((claim.planted_excess - slack) * rate * (times - times[0]))
            levels = summarize(bent, claim.statistic)
            fit = fit_shape(levels, shape, region)
        name = "missing share of the decay rate" + _at(point)
        tests.append(
            Test(
                name,
                float(fit.gamma[0]),
                float(fit.standard_error[0]),
                float(fit.df[0]),
                *region,
            )
        )
        means, fitted = (in_unit(np.exp(logs), -unit) for logs in (levels.log_mean, fit.log_fit))
        series.append(
            {
                "label": "curve" + _at(point),
                "x_name": "t",
                "x": times.tolist(),
                "mean": [number(x) for x in means],
                "standard_error": [number(x) for x in means * levels.relative_error],
                "fit": [number(x) for x in fitted],
            }
        )
        notes.append(f"lack of fit{_at(point)}: p = {fit.misfit:.2g}")
        blocked = blocked or noise_floor(levels, len(times) - 1, point)
        doubt = doubt or fit.doubt
    estimates = {test.name: estimate_of(test, "share of the rate") for test in tests}
    return Finding(tuple(tests), estimates, tuple(series), tuple(notes), blocked, doubt)


def _above_rounding(
    claim: DecayClaim, point: Size, curves: Float[np.ndarray, "n times"]
) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, "n K"], tuple[str, ...]]:
    """Times and curves before the curve is rounding, and the note on what was left out."""
    named = None
    if claim.resolution is not None:
        named = named_resolution(claim.id, claim.resolution)
    kept = ~rounded(curves, np.ones(len(claim.times)), named)
    if kept.all():
        return claim.times, curves, ()
    where = f"t = {', '.join(f'{t:g}' for t in claim.times[~kept])}{_at(point)}"
    left = int(kept.sum())
    return claim.times[kept], curves[:, kept], left_out(where, left, left - 4)


def _decay_shape(claim: DecayClaim, times: Float[np.ndarray, " K"], rate: float) -> Shape:
    decay = rate * (times - times[0])
    corrections = np.zeros((0, len(times)))
    if claim.transient is not None:
        corrections = np.exp(-claim.transient * decay)[None]
    return Shape(-decay[None], (decay - decay.mean())[None], corrections, times)


def _by_level(
    values: Float[np.ndarray, "n K"], column: Float[np.ndarray, " K"]
) -> tuple[Float[np.ndarray, " levels"], Float[np.ndarray, "n levels"]]:
    """Sorted levels of one size, and each seed's average over the other sizes."""
    levels = np.unique(column)
    return levels, np.stack([values[:, column == level].mean(axis=1) for level in levels], axis=1)


def _standard_error(values: Float[np.ndarray, "n K"]) -> Float[np.ndarray, " K"]:
    return values.std(axis=0, ddof=1) / np.sqrt(len(values))


def _mean_test(
    name: str,
    values: Float[np.ndarray, " n"],
    low: Real,
    high: Real,
    centre: float | None = None,
    unit: int = 0,
) -> Test:
    """Mean of values in units of 2**unit, with its standard error, against absolute limits."""
    spread = float(in_unit(values.std(ddof=1), -unit)) / len(values) ** 0.5
    estimate = float(in_unit(values.mean(), -unit)) if centre is None else centre
    return Test(name, estimate, spread, len(values) - 1.0, low, high)


def _at(point: dict[str, int]) -> str:
    return " at " + ", ".join(f"{n}={v}" for n, v in point.items()) if point else ""
