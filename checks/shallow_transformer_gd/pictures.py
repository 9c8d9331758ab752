"""Pictures of the room."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from checks.suite.picture import Picture
from numerics.shallow_transformer_gd.long_inputs import kicked


def series_of(results: Mapping[str, Any], name: str) -> tuple[np.ndarray, ...] | None:
    """Levels, means and standard errors of a claim that was run."""
    result = results.get(f"shallow-transformer-gd/{name}")
    if result is None or not result.series:
        return None
    data = result.series[0]
    return tuple(np.asarray(data[key], dtype=float) for key in ("x", "mean", "standard_error"))


def draw_log_n(axes: Any, results: Mapping[str, Any]) -> None:
    """The squared error against log n, with the two laws fitted to it."""
    data = series_of(results, "log-n")
    axes.set_xscale("log")
    axes.set_xlabel("samples n")
    axes.set_ylabel("m error² / (2v)")
    if data is None:
        return
    n, mean, error = data
    axes.errorbar(n, mean, 2 * error, fmt="o", label="networks, two standard errors")
    axes.plot(n, np.polyval(np.polyfit(np.log(n), mean, 1), np.log(n)), label="A + B log n")
    power = np.polyfit(np.log(n), np.log(mean), 1)
    axes.plot(n, np.exp(np.polyval(power, np.log(n))), "--", label=f"$n^{{{power[0]:.2f}}}$")
    axes.legend()


def draw_lengths(axes: Any, results: Mapping[str, Any]) -> None:
    """Losses over that of the shortest inputs, with the band of equivalence."""
    axes.axhspan(1 / 1.25, 1.25, alpha=0.15, label="equivalent")
    for name in ("length-neutral", "length-independent"):
        data = series_of(results, name)
        if data is not None:
            x, mean, error = data
            axes.errorbar(x, mean / mean[0], 2 * error / mean[0], fmt="o-", label=name)
    axes.set_xscale("log", base=2)
    axes.set_xlabel("tokens T")
    axes.set_ylabel("loss / loss at the smallest T")
    axes.legend()


def draw_contrast(axes: Any, results: Mapping[str, Any]) -> None:
    """Gradients on kick-and-cancel inputs, computed here: nothing random."""
    del results
    lengths, weights = (2, 4, 8, 16, 32, 64), (0.8, 1.0, 1.2)
    pairs = jnp.asarray(np.array([[w, 1.5] for w in weights]))
    seen = kicked(pairs, lengths=lengths)
    for i, w in enumerate(weights):
        axes.semilogy(lengths, np.asarray(seen.recurrent)[:, i], label=f"w = {w}")
    axes.semilogy(lengths, np.asarray(seen.attention)[:, 2], "k--", label="softmax head")
    axes.set_xlabel("tokens T")
    axes.set_ylabel("gradient")
    axes.legend()


pictures: tuple[Picture, ...] = (
    Picture(
        r"Where $\log n$ comes from",
        r"The squared largest approximation error grows like $\log n$; a power law bends away.",
        draw_log_n,
    ),
    Picture(
        "Training loss against length",
        "Length-neutral tokens (loss over its start) and independent tokens (loss).",
        draw_lengths,
    ),
    Picture(
        "The recurrent contrast",
        r"The recurrent gradient is $w^{T-2} \tanh 1.5$; a softmax head's stays bounded.",
        draw_contrast,
    ),
)
