"""Estimates of a rate without a claim: forms ranked by how they fit, and what they agree on."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from checks.suite.problem import InputProblem
from checks.verdicts.fit import Fit, fit_shape
from checks.verdicts.levels import Levels
from checks.verdicts.linear import chi_square, least_squares, level_weights
from checks.verdicts.model import Shape
from checks.verdicts.outcome import number, t_quantile
from checks.verdicts.shapes import make_shape
from checks.verdicts.slopes import ASSUMED, read_slopes

from .digits import digit_rounding
from .held import Recorded, guessed, refuse_confounded, require_recorded
from .profiles import profiled

ALIKE = 6.64  # by which scores of two forms must differ to be told apart (chi-square of 1 %)
SHARES = np.concatenate([[0.0], np.geomspace(1e-3, 0.99, 80)])  # of the finest error: floors tried
ORDERS = (0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Form:
    """A form, its exponents with 99 % intervals by size (none where it has none), and its score.

    ``score``: chi-square and twice the number of parameters; ``detail``: what else it estimates.
    """

    name: str
    exponents: dict[str, tuple[float, float, float]]
    score: float
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        exponents = {
            name: {"value": number(value), "interval": [number(low), number(high)]}
            for name, (value, low, high) in self.exponents.items()
        }
        return {"form": self.name, "exponents": exponents, "score": self.score, "also": self.detail}


@dataclass(frozen=True)
class Estimate:
    """What a table says of a rate, no verdict: forms from best to worst, exponents, and notes.

    ``exponents``: by size, the best form's, with an interval that covers those of all power laws
    that the data do not tell apart from it, and all exponents with which one fits nearly as well.
    """

    forms: tuple[Form, ...]
    exponents: dict[str, tuple[float, float, float]]
    notes: tuple[str, ...]
    counted: str

    @property
    def alike(self) -> tuple[Form, ...]:
        """The forms that the data do not tell apart from the best."""
        return tuple(f for f in self.forms if f.score - self.forms[0].score <= ALIKE)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "exponents": {
                name: {"value": number(value), "interval": [number(low), number(high)]}
                for name, (value, low, high) in self.exponents.items()
            },
            "forms": [form.to_json() for form in self.forms],
            "not_told_apart": [form.name for form in self.alike],
            "notes": list(self.notes),
            "rests_on": self.counted,
        }

    def __str__(self) -> str:
        """Lines to read."""
        lines = [
            f"exponent of {name}: {value:.3g}, between {low:.3g} and {high:.3g}"
            for name, (value, low, high) in self.exponents.items()
        ]
        lines += [f"{self.counted}; an estimate is no verdict", *self.notes]
        best = min(form.score for form in self.forms)
        for form in self.forms if len(self.forms) > 1 else ():
            behind = form.score - best
            words = "; ".join(
                f"exponent of {name} {value:.3g} [{low:.3g}, {high:.3g}]"
                for name, (value, low, high) in form.exponents.items()
            )
            words = "; ".join(part for part in (words, form.detail) if part)
            place = "as good as the best" if behind <= ALIKE else f"worse by {behind:.3g}"
            lines.append(f"  {form.name}: {words} ({place})")
        return "\n".join(lines)


def estimate(data: Any) -> Estimate:
    """Exponents, next order, floor and competing forms of recorded errors; claims nothing.

    Raises InputProblem for fewer than four levels of a size (two where there are several sizes).
    """
    require_recorded(data)
    levels = {name: len({point[name] for point in data.points}) for name in data.sizes}
    least = 4 if len(levels) == 1 else 2
    few = [name for name, count in levels.items() if count < least]
    if few or len(data.points) < 4:
        raise InputProblem(
            expected=f"at least {least} levels of {' and '.join(few or data.sizes)}, four points",
            received=f"{levels} levels, {len(data.points)} points",
            remedy="Record more sizes: fewer cannot tell a law from an accident.",
        )
    refuse_confounded(data)
    (data,), notes = guessed([data])
    found = _without_noise(data) if data.noise == "none" else _with_noise(data)
    return replace(found, notes=(*found.notes, *notes, *data.notes))


def _sizes(data: Recorded) -> Float[np.ndarray, "J K"]:
    return np.array([[float(point[name]) for point in data.points] for name in data.sizes])


def _without_noise(data: Recorded) -> Estimate:
    """Local slopes of one size, and where they lead."""
    if len(data.sizes) > 1:
        raise InputProblem(
            expected="runs or standard errors for errors in several sizes",
            received=f"one error a size in {', '.join(data.sizes)}",
            remedy="Give them, or the rows of one slice.",
        )
    logs = np.log(data.values)
    rounding = digit_rounding(data.values)
    slopes = read_slopes(np.log(_sizes(data)[0]), logs, rounding=rounding)
    name = next(iter(data.sizes))
    found = (slopes.exponent, slopes.low, slopes.high)
    notes = [f"slopes from level to level: {', '.join(f'{s:.4g}' for s in slopes.local)}"]
    if slopes.order is not None:
        notes.append(f"the last three slopes approach their limit with order {slopes.order:.2g}")
    if not slopes.steady:
        notes.append("the last slopes do not settle: rounding, a floor, or levels too coarse")
    form = Form("C n^p (1 + a n^-s)", {name: found}, 0.0)
    return Estimate((form,), {name: found}, (*notes, ASSUMED), data.counted)


def _with_noise(data: Recorded) -> Estimate:
    levels = Levels(np.log(data.values), data.covariance, min(data.runs), np.ones(len(data.values)))
    sizes = _sizes(data)
    zero = np.zeros((1, sizes.shape[1]))
    one = len(data.sizes) == 1
    forms = [_power("power law", data, levels, make_shape(zero, sizes, None))]
    for order in ORDERS:
        shape = make_shape(zero, sizes, order)
        if len(shape.corrections) and len(data.points) > 2 + len(sizes):
            name = f"power law with a correction of order {order:g}"
            forms.append(_power(name, data, levels, shape))
    notes = []
    if one:
        if sizes.min() > 1:
            logs = np.log(np.log(sizes))
            shape = make_shape(logs, sizes, None)
            forms.append(_power("power law times a logarithm", data, levels, shape))
        forms.append(_floor(data, levels, np.log(sizes[0])))
        forms.append(_linear("exponential", levels, sizes[0], "decay rate"))
        window = fit_shape(levels, make_shape(zero, sizes, None), (-20.0, 20.0)).kept
        start = data.points[int(window[0])][data.sizes[0]]
        notes.append(f"a pure power law is not contradicted from {data.sizes[0]} = {start:g} on")
    forms.sort(key=lambda form: form.score)
    laws = [f for f in forms if f.score - forms[0].score <= ALIKE and f.exponents]
    if not laws:
        notes.append("no power law fits as well as the best form: the exponents describe little")
        laws = [next(f for f in forms if f.exponents)]
    shapes = [make_shape(zero, sizes, order) for order in (None, *ORDERS)]
    exponents = {}
    for j, name in enumerate(data.sizes):
        parts = [law.exponents[name] for law in laws]
        starts = [form.exponents[name][0] for form in forms if form.exponents]
        below, above = profiled(levels, shapes, j, starts)
        low, high = min(p[1] for p in parts), max(p[2] for p in parts)
        exponents[name] = (parts[0][0], min(low, below), max(high, above))
    return Estimate(tuple(forms), exponents, tuple(notes), data.counted)


def _power(name: str, data: Recorded, levels: Levels, shape: Shape) -> Form:
    """A power law on all levels, with its correction kept small enough to be one."""
    everything = Shape(shape.log_terms, shape.log_sizes, shape.corrections, np.zeros(0))
    fit: Fit = fit_shape(levels, everything, (-20.0, 20.0), bounded=True)
    reach = [t_quantile(0.995, df) for df in fit.df] * fit.standard_error
    found = {
        size: (float(g), float(g - r), float(g + r))
        for size, g, r in zip(data.sizes, fit.gamma, reach, strict=True)
    }
    count = 1 + len(shape.log_sizes) + len(shape.corrections)
    detail = f"the form misfits by {fit.discrepancy:.1%}" if fit.discrepancy > 0 else ""
    score = chi_square(levels, levels.log_mean - fit.log_fit) + 2 * count
    return Form(name, found, score, detail)


def _floor(data: Recorded, levels: Levels, log_size: Float[np.ndarray, " K"]) -> Form:
    """C n^p and a constant: scanned over the constant's share of the least error."""
    least = float(np.exp(levels.log_mean.min()))

    def fitted(share: float) -> tuple[float, Float[np.ndarray, " K"], float]:
        rest = np.exp(levels.log_mean) - share * least
        design = np.stack([np.ones_like(log_size), log_size], axis=1)
        weights = level_weights(levels) * (rest / np.exp(levels.log_mean)) ** 2
        c, p = least_squares(design, weights) @ np.log(rest)
        line = np.log(np.exp(c + p * log_size) + share * least)
        return float(p), line, chi_square(levels, levels.log_mean - line)

    scanned = [fitted(float(share)) for share in SHARES]
    misfits = np.array([misfit for _, _, misfit in scanned])
    near = np.flatnonzero(misfits <= misfits.min() + ALIKE)
    best = int(np.argmin(misfits))
    powers = [scanned[k][0] for k in near]
    detail = f"floor {SHARES[best] * least:.3g}, between {SHARES[near[0]] * least:.3g} and "
    detail += f"{SHARES[near[-1]] * least:.3g}"
    only = _power("", data, levels, make_shape(0 * log_size[None], np.exp(log_size)[None], None))
    (_, low, high), value = only.exponents[data.sizes[0]], scanned[best][0]
    half = (high - low) / 2
    found = {data.sizes[0]: (value, min(powers) - half, max(powers) + half)}
    return Form("power law and a floor", found, float(misfits[best]) + 6, detail)


def _linear(name: str, levels: Levels, x: Float[np.ndarray, " K"], what: str) -> Form:
    design = np.stack([np.ones_like(x), x], axis=1)
    parameters = least_squares(design, level_weights(levels)) @ levels.log_mean
    misfit = chi_square(levels, levels.log_mean - design @ parameters)
    return Form(name, {}, misfit + 4, f"{what} {-parameters[1]:.3g}")
