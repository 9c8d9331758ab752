"""Pictures of the room."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from checks.suite.picture import Picture
from numerics.mean_field_flow.scalar_tokens import EDGE, flow_density, flow_particles, random_pairs


def draw_flow(axes: Any, results: Mapping[str, Any]) -> None:
    """Particles and density of the scalar-token model, first and last layer."""
    edges = np.linspace(-EDGE, EDGE, 129)
    pairs = random_pairs(jax.random.key(5))
    for color, time in (("C0", 0.0), ("C1", 1.0), ("C2", 3.0)):
        flow: dict[str, Any] = {"depth": 3, "decay": 0.1, "time": time}
        mass, _ = flow_density(pairs, cells=128, most=128, steps=128, **flow)
        points = flow_particles(pairs, count=400, steps=16, **flow)
        for axis, layer in zip(axes, (0, 2), strict=True):
            axis.hist(points[layer], bins=40, density=True, alpha=0.3, color=color)
            height = mass[layer] / (edges[1] - edges[0])
            axis.stairs(height, edges, label=f"time {time:g}", color=color)
    for axis, layer in zip(axes, (1, 3), strict=True):
        axis.set(
            xlabel="particle y", ylabel="density", title=f"layer {layer} of 3", xlim=(-1.5, 2.5)
        )
        axis.legend()


def draw_series(shown: Mapping[str, tuple[str, str]]) -> Callable[[Any, Mapping[str, Any]], None]:
    """Measured values with error bars and the fitted form of each claim; words for its axes."""

    def draw(axes: Any, results: Mapping[str, Any]) -> None:
        for axis, (name, (across, up)) in zip(axes, shown.items(), strict=True):
            result = results.get(f"mean-field-flow/{name}")
            for series in result.series if result else ():
                x = series["x"]
                axis.errorbar(x, series["mean"], series["standard_error"], fmt="o", capsize=3)
                axis.plot(x, series["fit"])
                axis.set(xlabel=across, ylabel=up, xscale="log", yscale="log")
            axis.set_title(name)

    return draw


pictures = (
    Picture(
        "Particles and density flowing",
        "The PDE of scalar tokens by finite volumes (lines) and its particles (bars).",
        draw_flow,
        axes=2,
    ),
    Picture(
        "Error against width and depth",
        "Measured errors with the fitted forms.",
        draw_series(
            {
                "output-in-width": ("width M", "error of outputs"),
                "output-in-depth": ("depth L", "error of outputs"),
            }
        ),
        axes=2,
    ),
    Picture(
        "Risk against decay",
        r"$R$ and $Q$ where training ends, against $1/\lambda$.",
        draw_series(
            {
                "risk-against-decay": ("1/lambda", "risk R"),
                "penalised-against-decay": ("1/lambda", "penalised risk Q"),
            }
        ),
        axes=2,
    ),
)
