"""Pictures of shaped attention: one layer, and a law."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from checks.suite.picture import Picture
from numerics.generated.shaped_attention_sde import attention_drift
from numerics.shaped_attention_sde.measurements import (
    GAMMA,
    TAU0,
    V0,
    M,
    last_increments,
    limit_law,
    network_law,
)


def draw_bias(axes: Any, results: Mapping[str, Any]) -> None:
    """Deviation of the one-layer mean from the drift against n."""
    keys = jax.random.split(jax.random.PRNGKey(0), 32)
    levels = np.array([12, 24, 48, 96])
    errors = np.array(
        [np.asarray(last_increments({"n": int(k)}, keys)["increment"]) for k in levels]
    )
    errors -= float(attention_drift(V0, M, GAMMA, TAU0)[-1, -1])
    axes.errorbar(levels, np.abs(errors.mean(1)), errors.std(1) / np.sqrt(32), fmt="o", capsize=3)
    axes.plot(levels, abs(errors.mean(1)[0]) * levels[0] / levels, "--", label="1/n")
    axes.set(xscale="log", yscale="log", xlabel="width n", ylabel="|n E[V′ − V] − b|")
    axes.legend()


def draw_density(axes: Any, results: Mapping[str, Any]) -> None:
    """Density of the correlation: networks of width 100 against the SDE."""
    keys = jax.random.split(jax.random.PRNGKey(1), 8192)
    bins = np.linspace(-1, 1, 41)
    network = np.asarray(network_law({"n": 100}, keys[:4096])["law"][:, 0])
    limit = np.asarray(limit_law({"n": 100}, keys[4096:])["law"][:, 0])
    counts, _ = np.histogram(network, bins, density=True)
    middle, step = (bins[1:] + bins[:-1]) / 2, bins[1] - bins[0]
    spread = np.sqrt(counts / (len(network) * step))
    axes.errorbar(middle, counts, spread, fmt=".", capsize=2, label="networks, n = 100")
    axes.hist(limit, bins, density=True, histtype="step", label="SDE")
    axes.set(xlabel="correlation of two tokens at depth half the width", ylabel="density")
    axes.legend()


pictures = (
    Picture(
        "Bias of one layer",
        "The one-layer mean deviates from the drift by $O(1/n)$; bars: one standard error, 32 "
        "seeds.",
        draw_bias,
    ),
    Picture(
        "Law of the correlation",
        "4096 networks of width 100 (bars: one standard error) and 4096 paths of the SDE.",
        draw_density,
    ),
)
