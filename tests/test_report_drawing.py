"""The picture of a layer shows its limit beside finite layers; without a limit there is none."""

from typing import Any

import pytest
from matplotlib.figure import Figure

from checks.report.drawing import layer_picture
from tests.gallery import limit_of


@pytest.mark.parametrize(("name", "entries"), [("oja", ["m", "q"]), ("deep_linear", ["V[0, 0]"])])
def test_finite_layers_stand_in_the_band_of_their_limit(name: str, entries: list[str]) -> None:
    """An ODE with its fluctuation, and an SDE: medians of layers are in the middle 80 %."""
    picture = layer_picture(limit_of(name))
    assert picture
    axes: Any = Figure().subplots()
    picture.draw(axes, {})
    assert axes.get_legend_handles_labels()[1] == entries
    for band, (points, *_) in zip(axes.collections[::2], axes.containers, strict=True):
        edges = band.get_paths()[0].vertices
        for time, middle in points.get_xydata():
            here = edges[edges[:, 0] == time, 1]
            assert here.min() < middle < here.max()


def test_what_has_no_limit_has_no_picture() -> None:
    """An UNSTABLE layer."""
    assert layer_picture(limit_of("bilinear_glu")) is None
