"""The picture of a layer: its limit and finite layers in time, from the same start."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from checks.layers.finite import FiniteLayer
from checks.layers.paths import Paths
from checks.layers.states import NotMeasured
from checks.suite.picture import Picture
from checks.verdicts.tasks import seed_keys
from numerics import in_double
from theory.layers.leaves import N
from theory.limits import Limit
from theory.limits.limit import LIMITS

TIMES = 8  # at which both are shown
SHOWN = 3  # entries of the statistics, at most
LAYERS, PATHS, EULER = 128, 512, 16  # finite layers; paths of an SDE and their steps
BAND = (0.1, 0.5, 0.9)  # quantiles
NORMAL = 1.2816  # the last of them of the standard normal law


@in_double
def layer_picture(limit: Limit) -> Picture | None:
    """Statistics of the limit over time beside those of finite layers; None where none move.

    Time is that of the limit, the declared steps being one.
    """
    if limit.regime not in LIMITS:
        return None
    try:
        finite = FiniteLayer(limit.layer)
        paths = Paths(limit, finite)
        times, layers = _of_layers(paths)
        curves = np.stack([_of_limit(paths, t) for t in times])
    except (NotMeasured, NotImplementedError):
        return None
    entries, names = finite.moving[:SHOWN], _names(paths)
    whole = f"points and bars of {LAYERS} layers at N = {paths.n}, from the same start."
    if limit.regime != "ODE":
        words = f"Median and middle 80 %: lines and bands of {PATHS} paths of the limit, {whole}"
    elif paths.follows:
        words = f"Lines: the limit. The middle 80 %: bands of its fluctuation at that N, {whole}"
    else:
        words = f"Lines: the limit. Median and the middle 80 %: {whole}"
    if not entries:
        return None

    def draw(axes: Any, results: Mapping[str, Any]) -> None:
        for number, k in enumerate(entries):
            colour = f"C{number}"
            low, middle, high = _from(paths.start[k], curves[:, :, k])
            axes.fill_between([0, *times], low, high, color=colour, alpha=0.2, linewidth=0)
            axes.plot([0, *times], middle, color=colour, label=names[k])
            low, middle, high = layers[:, :, k]
            bars = (middle - low, high - middle)
            axes.errorbar(times, middle, bars, fmt="o", markersize=3, color=colour, linewidth=1)
        axes.set_xlabel("time")
        axes.legend()

    return Picture("The limit and finite layers", words, draw)


def _of_layers(paths: Paths) -> tuple[np.ndarray, np.ndarray]:
    """Times, and ``(quantiles, times, q)`` of finite layers."""
    steps = paths.steps(paths.n)
    at = np.unique(np.linspace(1, steps, TIMES).round().astype(int))
    keys = seed_keys("picture", 0, 0, LAYERS)
    whole = paths.finite.path(paths.n, keys, steps)[:, at - 1]
    return at / paths.finite.steps(paths.n), np.quantile(whole, BAND, axis=0)


def _of_limit(paths: Paths, time: float) -> np.ndarray:
    """``(quantiles, q)`` of the limit: of an ODE with the fluctuation of the finite layers."""
    limiting, start, limit = paths.limiting, paths.start, paths.limit
    if limit.regime != "ODE":
        noises = np.random.default_rng(0).standard_normal((EULER, PATHS, limiting.count))
        return np.quantile(limiting.ends(start, time, noises), BAND, axis=0)
    end, spread = limiting.solution(start, time), np.zeros(limiting.count)
    if paths.follows:
        assert limit.fluctuation is not None
        scale = float(limit.fluctuation.scale.subs(N, paths.n))
        variance = np.diagonal(limiting.spread(start, time)).clip(0)
        spread = NORMAL * np.sqrt(variance) / scale
    return np.stack([end - spread, end, end + spread])


def _from(start: float, quantiles: np.ndarray) -> np.ndarray:
    """The quantiles with the start before them, at which all are one."""
    return np.concatenate([np.full((1, 3), start), quantiles]).T


def _names(paths: Paths) -> list[str]:
    """A name for each flat entry."""
    return [
        name + (f"[{', '.join(map(str, place))}]" if place else "")
        for name, shape in paths.limiting.shapes.items()
        for place in np.ndindex(*shape)
    ]
