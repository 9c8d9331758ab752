"""How a result shows itself: in a line, in a notebook, as a plot."""

from collections.abc import Mapping
from html import escape
from typing import Any

from theory.language.prose import plain

COLOURS = {"SUPPORTED": "#2c7a4b", "CERTIFIED": "#2c7a4b", "REFUTED": "#b3261e"}


def line(result: Any) -> str:
    """Id, verdict and reason."""
    return f"{result.claim_id}: {result.verdict.name}, {result.because}"


def html(result: Any) -> str:
    """Statement, verdict, reason and planted errors; everything is escaped."""
    colour = COLOURS.get(result.verdict.name, "#8a6d00")
    planted = "".join(
        f"<li>{escape(plain(m.description))}: {escape(m.verdict.name)}</li>" for m in result.mutants
    )
    return (
        f"<div><b>{escape(result.claim_id)}</b> "
        f'<b style="color:{colour}">{escape(result.verdict.name)}</b>'
        f"<p>{escape(plain(result.statement))}</p><p>Because {escape(result.because)}.</p>"
        f"<details><summary>planted errors</summary><ul>{planted}</ul></details></div>"
    )


def plot(result: Any, axes: Any = None) -> Any:
    """Draw what was measured, with two standard errors, and the fits; returns the axes.

    On logarithmic axes where everything is positive. Without ``axes`` on those of a new figure.
    Raises ValueError for a result that has no curves.
    """
    if not result.series:
        raise ValueError(
            f"expected a result with curves; received {result.claim_id}, a {result.kind}, which "
            "has none; its tests and estimates say all"
        )
    if axes is None:
        from matplotlib.figure import Figure  # which takes a second to import

        axes = Figure(layout="constrained").subplots()
    for number, series in enumerate(result.series):
        _draw(axes, series, f"C{number}")
    x = [value for series in result.series for value in series["x"]]
    y = [v for s in result.series for k in ("mean", "fit") for v in s.get(k) or () if v is not None]
    if min(x) > 0 and min(y) > 0:
        axes.set(xscale="log", yscale="log")
    axes.set(xlabel=result.series[0]["x_name"], title=f"{result.claim_id}: {result.verdict.name}")
    axes.legend()
    return axes


def _draw(axes: Any, series: Mapping[str, Any], colour: str) -> None:
    points = [
        (x, mean, 2 * (error or 0))
        for x, mean, error in zip(
            series["x"], series["mean"], series["standard_error"], strict=True
        )
        if mean is not None
    ]
    x, mean, bars = zip(*points, strict=True)
    axes.errorbar(x, mean, yerr=bars, fmt="o", color=colour, label=series["label"])
    if series.get("fit") is not None:
        axes.plot(series["x"], series["fit"], "-", color=colour)
