"""Plots as inline SVG: same data, same bytes; lines and words take the colour of the page."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from checks.suite.picture import Picture
from checks.verdicts import Result

INK = "#123457"  # replaced by the colour of the page's text
COLOURS = ("#3b7dbd", "#d0662c", "#3f9b6c", "#a559aa", "#b58b00", "#7a7f87")
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
Draw = Callable[[Any], None]


def series_drawing(series: Mapping[str, Any]) -> Draw:
    """How to draw one series of a `Result`: means with error bars and the fitted curve."""

    def draw(axes: Axes) -> None:
        x, mean = np.asarray(series["x"], float), np.asarray(series["mean"], float)
        bars = 2 * np.asarray(series["standard_error"], float)
        logarithmic = bool(np.all(x > 0) and np.all(mean > 0))
        if logarithmic:
            # A bar that reaches zero has no lower end on a logarithmic axis.
            axes.set_xscale("log")
            axes.set_yscale("log")
            bars = np.vstack([np.minimum(bars, 0.95 * mean), bars])
        axes.errorbar(x, mean, yerr=bars, fmt="o", ms=4, capsize=2, label="mean ± 2 s.e.")
        if series.get("fit") is not None:
            axes.plot(x, series["fit"], "-", lw=1.2, label="fit")
            axes.legend()
        axes.set_xlabel(series["x_name"])
        axes.set_ylabel(series["label"])

    return draw


def picture_drawing(picture: Picture, results: Mapping[str, Result]) -> Draw:
    """How to draw a room's picture."""
    return lambda axes: picture.draw(axes, results)


def svg(draw: Draw, name: str, *, axes: int = 1) -> Markup:
    """Inline SVG of a drawing; ``name`` keeps its ids apart from those of other drawings."""
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        buffer = io.StringIO()
        figure(draw, axes).savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return Markup(text)


def pdf(draw: Draw, *, axes: int = 1) -> bytes:
    """A PDF of a drawing, for LaTeX."""
    ink = {key: "black" for key, value in STYLE.items() if value == INK}
    with matplotlib.rc_context({**STYLE, **ink}):
        buffer = io.BytesIO()
        metadata = {"CreationDate": None, "Creator": None, "Producer": None}
        figure(draw, axes).savefig(buffer, format="pdf", metadata=metadata)
    return buffer.getvalue()


def figure(draw: Draw, count: int) -> Figure:
    """A figure with ``count`` axes side by side, drawn without pyplot's global state."""
    canvas = Figure(figsize=(6.2 if count == 1 else 3.7 * count, 3.1), layout="constrained")
    axes = canvas.subplots(1, count)
    draw(axes)
    return canvas


def charts(result: Result) -> Sequence[Draw]:
    """The drawings of a result: one a series."""
    return [series_drawing(series) for series in result.series]
