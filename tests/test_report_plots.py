"""Plots of the report: small, with words as words, and what is drawn stays where it was."""

import io
import re
from typing import Any
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest
from matplotlib.figure import Figure

from checks.report.charts import picture_drawing, series_drawing, svg
from checks.report.short import short
from checks.report.strips import strip
from checks.report.svg import minimal
from checks.report.words import with_error
from checks.suite.picture import Picture
from checks.verdicts import Test

SERIES = {
    "label": "error, H=4", "x_name": "n", "x": [8, 16, 32, 64], "mean": [1.0, 0.52, 0.24, 0.13],
    "standard_error": [0.01] * 4, "fit": [1.0, 0.5, 0.25, 0.125],
}  # fmt: skip


def positions(text: str) -> np.ndarray:
    """The points of all lines, with those along an axis written out; what is moved is moved."""
    found = []
    for d in re.findall(r' d="([^"]*)"', text):
        point = start = [0.0, 0.0]
        for command, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", d):
            numbers = [float(t) for t in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", rest)]
            if command == "M":
                start = numbers
            if command in "hv":
                point["hv".index(command)] += numbers[0]
            elif command == "l":
                point = [point[0] + numbers[0], point[1] + numbers[1]]
            else:
                point = numbers[-2:] or start
            if numbers:
                found.append(tuple(point))
    return np.array(found)


def test_lines_are_where_matplotlib_has_drawn_them() -> None:
    canvas = Figure(figsize=(4, 3))
    axes = canvas.subplots()
    axes.set_axis_off()
    axes.plot([1, 2, 2, 5], [3, 3, 1, 4])
    buffer = io.StringIO()
    canvas.savefig(buffer, format="svg")
    small = minimal(buffer.getvalue(), "name", {}, "a plot")
    drawn = [p for p in re.findall(r'<path d="([^"]*)" clip', buffer.getvalue(), re.S)]
    expected = positions("".join(f' d="{d}"' for d in drawn))
    assert np.abs(positions(small)[-4:] - expected).max() <= 0.051


def test_a_line_after_a_closed_path_goes_on_where_that_has_begun() -> None:
    closed = "M 10 10 L 20 10.26 L 20 20 z L 5 5"
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 30"><path d="{closed}" '
    small = minimal(picture + 'style="stroke: red"/></svg>', "name", {}, "a plot")
    assert 'd="M10 10l10 .3v9.7zl-5-5"' in small


def test_steps_of_a_line_add_up_to_its_places() -> None:
    at = np.random.default_rng(0).uniform(-50, 200, (400, 2))
    d = "M" + "L".join(f" {x:.6f} {y:.6f} " for x, y in at)
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="{d}" '
    small = minimal(picture + 'style="stroke: red"/></svg>', "name", {}, "a plot")
    assert np.abs(positions(small) - at).max() <= 0.0501


def test_a_plot_is_small_and_its_words_are_words() -> None:
    text = svg(series_drawing(SERIES), "id")
    root = fromstring(text)
    assert len(text) < 4000
    words = [node.text for node in root.iter("text")]
    assert {"n", "error", "8", "16", "32", "64", "fit", "measured ± 2 s.e."} <= set(words)
    assert not list(root.iter("metadata"))
    assert svg(series_drawing(SERIES), "id") == text


def test_a_plot_with_something_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="has a <image>"):
        minimal(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><image/></svg>', "", {}, ""
        )


def test_logarithmic_axes_of_a_picture_have_the_ticks_of_other_plots() -> None:
    def draw(axes: Any, results: Any) -> None:
        axes[0].loglog([4, 32], [0.4, 0.9])
        axes[1].plot([4, 32], [0.4, 0.9])

    drawing = picture_drawing(Picture("A title", "A caption.", draw, axes=2), {})
    text = svg(drawing, "id", axes=2, label="A title & more")
    ticks = re.findall(r"<text[^>]*>([^<]*)</text>", text)
    assert {"5", "10", "20", "0.5"} <= {*ticks}
    assert not [tick for tick in ticks if "×" in tick or "tspan" in tick]
    assert 'aria-label="A title &amp; more"' in text


def test_a_strip_shows_the_estimate_on_its_region() -> None:
    test = Test("excess", 0.05, 0.01, 30.0, -0.1, 0.1)
    root = fromstring(strip(test))
    drawn = root[0]
    region, interval, estimate = drawn[0], drawn[1].get("d", ""), drawn[2]
    left, width = float(region.get("x", "")), float(region.get("width", ""))
    ends = [float(t) for t in re.findall(r"[\d.]+", interval)]
    low, high = test.interval()
    scale = width / 0.2  # the region is 0.2 wide
    assert float(estimate.get("cx", "")) == pytest.approx(left + 0.15 * scale, abs=0.1)
    assert ends[0] == pytest.approx(left + (low + 0.1) * scale, abs=0.1)
    assert ends[2] == pytest.approx(left + (high + 0.1) * scale, abs=0.1)
    assert "0.05" in root.get("aria-label", "")


def test_a_strip_of_a_bound_reaches_the_edge() -> None:
    root = fromstring(strip(Test("slack", 0.5, 0.1, 10.0, -np.inf, 1.0)))[0]
    assert float(root[0].get("x", "")) == 0.0


def test_a_strip_of_an_open_interval_reaches_the_edge() -> None:
    test = Test("exponent", 0.5, np.inf, 10.0, -1.0, 1.0, exact=(-0.2, np.inf))
    assert fromstring(strip(test))[0][1].get("d", "").endswith("H120")


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [
        (1.0, (0.98, 1.02), "1.000 ± 0.020"),
        (-0.0698, (-0.1, -0.0394), "−0.070 ± 0.030"),
        (2.0, (2.0, 2.0), "2"),
        (3e-9, (3e-9, 3e-9), r"$3 \cdot 10^{-9}$"),
        (None, (None, None), "unbounded"),
    ],
)
def test_an_estimate_has_as_many_digits_as_its_error_allows(
    value: float | None, interval: tuple[float | None, float | None], text: str
) -> None:
    assert with_error(value, interval) == text


def test_the_legend_of_two_plots_is_drawn_once_and_stays_in_its_place() -> None:
    other = {**SERIES, "mean": [3.0, 1.4, 0.8, 0.4], "fit": [3.0, 1.5, 0.75, 0.375]}
    drawn = [svg(series_drawing(series), f"id-{k}") for k, series in enumerate((SERIES, other))]
    places = [re.findall(r'class="key" transform="([^"]*)"', text) for text in drawn]
    page = short("".join(drawn))
    assert page.count("measured ± 2 s.e.") == 1
    assert page.count("id=key-0") == 1
    for (place,), read in zip(
        places, ('<g transform="{}"><g id=key-0', 'href=#key-0 transform="{}"/>'), strict=True
    ):
        assert read.format(place) in page
