"""Pictures of the room."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from checks.adamw_depth_limit.random_heads import of_heads
from checks.suite.picture import Picture
from numerics.adamw_depth_limit.head_noise import STEPS, fixed_limit, random_heads
from numerics.engine.measuring import Size
from theory.adamw_depth_limit import theorem


def draw_ratio(axes: Any, results: Mapping[str, Any]) -> None:
    """Root mean square of the largest error over the bound with unit constants."""
    keys = np.arange(96, dtype=np.uint32).reshape(48, 2)

    def ratio(size: Size) -> tuple[float, float]:
        assert theorem.rate is not None
        bound = sum(theorem.rate.evaluate(size))
        squares = (of_heads(what="joint", step=STEPS, how="sup")(size, keys) / bound) ** 2
        mean = float(np.sqrt(squares.mean()))
        return mean, float(squares.std() / len(keys) ** 0.5 / (2 * mean))

    depths, heads = (4, 8, 16, 32), (1, 4, 16, 64)
    table = np.array(
        [[ratio({"L": depth, "H": count, "S": 4}) for count in heads] for depth in depths]
    )
    for column, count in enumerate(heads):
        axes[0].errorbar(depths, *table[:, column].T, fmt="o-", capsize=3, label=f"H = {count}")
    for row, depth in zip(table, depths, strict=True):
        axes[1].errorbar(heads, *row.T, fmt="o-", capsize=3, label=f"L = {depth}")
    for ax, name in zip(axes, ("L", "H"), strict=True):
        ax.set(xscale="log", yscale="log", xlabel=name, ylabel="error / bound")
        ax.legend()


def draw_profiles(axes: Any, results: Mapping[str, Any]) -> None:
    """One coordinate of one token along depth after training, three networks and the limit."""
    keys = np.arange(32, dtype=np.uint32).reshape(16, 2)
    times = np.linspace(0, 1, 5)
    for ax, limit, name, which in zip(axes, fixed_limit(4), ("x", "p"), (0, 1), strict=True):
        for depth, heads in ((8, 1), (32, 4), (32, 64)):
            found = random_heads(keys, depth, heads, 4)[which]
            ax.plot(times, found[0, -1, 0, :, 0, 0], marker="o", label=f"L = {depth}, H = {heads}")
        ax.plot(times, limit[0, -1, 0, :, 0, 0], "k--", label="limit")
        ax.set(xlabel="depth t", ylabel=name)
        ax.legend()


pictures = (
    Picture(
        "Error over bound",
        "Largest error of states and adjoints after training, over $L^{-1} + L^{-1/3} H^{-1/2}$ "
        "with unit constants. The bound asks that the curves stay bounded, not that they fall: "
        "where the term $L^{-1}$ is the larger one, the ratio rises in $L$, since its true "
        "constant is smaller. 48 networks a point; bars are standard errors.",
        draw_ratio,
        axes=2,
    ),
    Picture(
        "Profiles in depth",
        "One coordinate of one token after training: hidden state and backpropagated variable of "
        "single networks, and the limit.",
        draw_profiles,
        axes=2,
    ),
)
