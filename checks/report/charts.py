"""Plots: prediction, data and planted errors of a claim in one; same data, same bytes."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from checks.report.svg import minimal
from checks.report.ticks import in_powers
from checks.suite.picture import Picture
from checks.verdicts import Result

INK = "#123457"  # replaced by the colour of the page's text
COLOURS = ("#3b7dbd", "#d0662c", "#3f9b6c", "#a559aa", "#b58b00", "#7a7f87")
FAINT = "#8b8f96"
OF_THE_PAGE = dict.fromkeys((INK, "#000000"), "currentColor") | {
    c: f"var(--c{k},{c})" for k, c in enumerate(COLOURS)
}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "font.size": 9,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK
    ),
}
MOST_LINES = 6  # curves in one plot that can be told apart
MOST_TICKS = 7
Series = Mapping[str, Any]
Draw = Callable[[Any], None]


def charts(result: Result) -> Sequence[Draw]:
    """The drawings of a result: one for each quantity, with all its curves."""
    groups: dict[tuple[str, str], list[int]] = {}
    for k, series in enumerate(result.series):
        name = _parts(series)[0]
        group = groups.setdefault((name, series["x_name"]), [])
        if len(group) < MOST_LINES:
            group.append(k)
    return [_drawing(result, members) for members in groups.values()]


def series_drawing(series: Series) -> Draw:
    """How to draw one series: means with error bars and the fitted curve."""

    def draw(axes: Axes) -> None:
        _prepare(axes, [series])
        _draw_data(axes, series, COLOURS[0], "measured ± 2 s.e.", "fit")
        _finish(axes, series)

    return draw


def _drawing(result: Result, members: Sequence[int]) -> Draw:
    """Data with fits; for one curve the margin as a band and the planted errors as faint lines."""
    curves = [result.series[k] for k in members]

    def draw(axes: Axes) -> None:
        _prepare(axes, curves)
        if len(curves) == 1:
            _draw_band(axes, result, curves[0])
            _draw_planted(axes, result, members[0])
        for k, series in enumerate(curves):
            words = ("measured ± 2 s.e.", "fit") if len(curves) == 1 else (_parts(series)[1], "")
            _draw_data(axes, series, COLOURS[k], *words)
        _finish(axes, curves[0])

    return draw


def _parts(series: Series) -> tuple[str, str]:
    """The quantity, and where: ``error, H=4`` is the error where H = 4."""
    name, _, where = series["label"].partition(",")
    return name.replace(" * ", " · "), where.strip().replace("=", " = ")


def _known(values: Iterable[Any]) -> np.ndarray:
    return np.array([np.nan if v is None else float(v) for v in values])


def _prepare(axes: Axes, curves: Sequence[Series]) -> None:
    """Logarithmic axes where everything is positive, limits that hold data and fits."""
    x = np.concatenate([_known(s["x"]) for s in curves])
    y = np.concatenate([_known(s[k]) for s in curves for k in ("mean", "fit") if s.get(k)])
    y = y[np.isfinite(y)]
    if np.all(x > 0) and len(y) and np.all(y > 0):
        axes.set(xscale="log", yscale="log")
        axes.set_ylim(y.min() / 1.6, y.max() * 1.6)
        in_powers(axes.yaxis, y.max() / y.min())
    elif len(y):
        room = 0.25 * max(np.ptp(y), 0.02 * np.abs(y).max(), 1e-300)
        axes.set_ylim(y.min() - room, y.max() + room)
    levels = np.unique(x)
    if len(levels) <= MOST_TICKS:
        axes.xaxis.set_major_locator(FixedLocator(levels.tolist()))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())


def _draw_data(axes: Axes, series: Series, colour: str, name: str, fit: str) -> None:
    x, mean = _known(series["x"]), _known(series["mean"])
    bars = 2 * _known(series["standard_error"])
    if axes.get_yscale() == "log":
        # A bar that reaches zero has no lower end on a logarithmic axis.
        bars = np.vstack([np.minimum(bars, 0.95 * np.abs(mean)), bars])
    axes.errorbar(x, mean, yerr=bars, fmt="o", ms=3.5, color=colour, label=name or None)
    if series.get("fit") is not None:
        axes.plot(x, _known(series["fit"]), "-", lw=1.2, color=colour, label=fit or None)


def _draw_band(axes: Axes, result: Result, series: Series) -> None:
    """Where curves would lie whose exponent is the claimed one up to the margin."""
    claimed = result.estimates.get(f"exponent of {series['x_name']}", {}).get("predicted")
    if claimed is None or result.margin is None or series.get("fit") is None:
        return
    x, fit = _known(series["x"]), _known(series["fit"])
    middle = len(x) // 2
    steps = x / x[middle]
    low, high = (fit[middle] * steps ** (claimed + m) for m in (-result.margin, result.margin))
    axes.fill_between(x, low, high, color=COLOURS[0], alpha=0.15, lw=0, label="within the margin")


def _draw_planted(axes: Axes, result: Result, k: int) -> None:
    """What the planted errors would look like: other data, or another prediction for these."""
    mean, label = _known(result.series[k]["mean"]), "planted errors"
    for mutant in result.mutants:
        if len(mutant.series) != len(result.series):
            continue
        other = mutant.series[k]
        y = _known(other["mean"])
        if len(y) == len(mean) and np.allclose(y, mean, rtol=1e-3, atol=0, equal_nan=True):
            y = _known(other["fit"]) if other.get("fit") else y
        axes.plot(_known(other["x"]), y, "-", lw=0.7, color=FAINT, alpha=0.8, label=label)
        label = None


def _finish(axes: Axes, series: Series) -> None:
    axes.set_xlabel(series["x_name"])
    axes.set_ylabel(_parts(series)[0])
    axes.legend(fontsize=8)


def picture_drawing(picture: Picture, results: Mapping[str, Result]) -> Draw:
    """How to draw a room's picture, with the ticks of all plots on logarithmic axes."""

    def draw(axes: Any) -> None:
        picture.draw(axes, results)
        for each in np.atleast_1d(axes):
            for axis in (each.xaxis, each.yaxis):
                if axis.get_scale() == "log":
                    low, high = axis.get_view_interval()
                    in_powers(axis, high / low)

    return draw


def svg(draw: Draw, name: str, *, axes: int = 1, small: bool = False, label: str = "") -> Markup:
    """Inline SVG of a drawing; ``name`` keeps its ids apart from those of other drawings.

    ``label`` is its name for who does not see it; without one it says what is drawn against what.
    """
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        buffer = io.StringIO()
        drawn = figure(draw, axes, small=small)
        drawn.savefig(buffer, format="svg", metadata={"Date": None})
    against = (f"{each.get_ylabel()} against {each.get_xlabel()}" for each in drawn.axes)
    return Markup(minimal(buffer.getvalue(), name, OF_THE_PAGE, label or "; ".join(against)))


def pdf(draw: Draw, *, axes: int = 1, small: bool = False) -> bytes:
    """A PDF of a drawing, for LaTeX."""
    ink = {key: "black" for key, value in STYLE.items() if value == INK}
    with matplotlib.rc_context({**STYLE, **ink}):
        buffer = io.BytesIO()
        metadata = {"CreationDate": None, "Creator": None, "Producer": None}
        figure(draw, axes, small=small).savefig(buffer, format="pdf", metadata=metadata)
    return buffer.getvalue()


def figure(draw: Draw, count: int, *, small: bool = False) -> Figure:
    """A figure with ``count`` axes side by side, drawn without pyplot's global state."""
    size = (4.4, 2.7) if small else (6.2 if count == 1 else 3.7 * count, 3.1)
    canvas = Figure(figsize=size, layout="constrained")
    axes = canvas.subplots(1, count)
    draw(axes)
    return canvas
