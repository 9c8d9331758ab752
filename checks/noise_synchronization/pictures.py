"""Pictures of tokens that synchronize by common noise."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import jax
import numpy as np

from checks.suite.picture import Picture
from numerics.engine.activations import hermite_squares
from numerics.generated import noise_synchronization as formulas
from numerics.noise_synchronization import (
    Coercivity,
    coercivity,
    dissipation_rate,
    network_path,
    uniform_tokens,
)
from numerics.noise_synchronization import token_walks as walks


def draw_sphere(axes: Any, results: Mapping[str, Any]) -> None:
    """Tokens on the sphere in R^3 at three times, by longitude and height."""
    for panel, (name, sigma) in zip(axes, (("relu", 0.3), ("tanh", 0.0)), strict=True):
        path = network_path(
            jax.random.key(3), uniform_tokens(jax.random.key(5), 24, 3), layers=600, mlp_width=32,
            horizon=30.0, activation=name, sigma_u=sigma, sigma_w=0.0, attention=None, samples=1,
            records=60,
        )[0]  # fmt: skip
        steps = np.asarray(path)
        angle, height = np.arctan2(steps[..., 1], steps[..., 0]), steps[..., 2]
        for k, color in ((0, "C5"), (6, "C1"), (60, "C0")):
            panel.plot(angle[k], height[k], "o", color=color, label=f"time {k / 2:g}")
        panel.set_xlabel("longitude")
        panel.set_ylabel("height")
        panel.set_title(f"{name}, σᵤ = {sigma:g}")
        panel.set_ylim(-1.1, 1.5)  # with room for the legend above the sphere
        panel.legend(loc="upper center", ncol=3, handletextpad=0.1, columnspacing=1)


def draw_energy(axes: Any, results: Mapping[str, Any]) -> None:
    """Energy against time with the bound."""
    keys = np.random.default_rng(0).integers(0, 2**32, (16, 2), dtype=np.uint32)
    paths = walks.sigmoid_paths({"L": 60}, keys, walks.STILL)
    curve, times = walks.mean_energy(paths).mean(0), walks.ENERGY_TIMES
    bound = dissipation_rate("sigmoid", d=5, sigma_u=0.0, sigma_w=0.0, beta=1.0)
    axes.semilogy(times, curve, "o", label="sigmoid, mean energy")
    axes.semilogy(times, curve[0] * np.exp(bound * times), "--", label="bound")
    axes.set_xlabel("time")
    axes.set_ylabel("energy, β = 1")
    axes.legend()


ACTIVATIONS, DIMENSIONS, DEVIATIONS = ("relu", "sigmoid", "tanh", "silu"), (5, 64, 128), (0.0, 0.1)


def exponents(name: str, d: int, sigma: float) -> Coercivity:
    """Constants of an activation, both biases of deviation ``sigma``, by its Hermite series.

    Quadrature of the kernel takes a hundred times as long, for a report.
    """
    if name == "relu":
        return coercivity(name, d=d, sigma_u=sigma, sigma_w=sigma)
    squares = hermite_squares(name, float((1 / d + sigma**2) ** 0.5))
    at_one = float(squares.sum() + sigma**2)
    slope = float(np.arange(len(squares)) @ squares / (1 + d * sigma**2))
    found = formulas.exponents(at_one, slope, d)
    return Coercivity(at_one, slope, *map(float, found))


def draw_exponents(axes: Any, results: Mapping[str, Any]) -> None:
    """A table of the paper's 24 settings: lambda_1 above lambda_bar, coercive ones in blue."""
    axes.set(xlim=(-1.2, 6), ylim=(3.8, -1))
    axes.axis("off")
    for column, (d, sigma) in enumerate(product(DIMENSIONS, DEVIATIONS)):
        axes.text(column, -0.9, f"d = {d}")
        axes.text(column, -0.6, f"s = {sigma:g}")
        for row, name in enumerate(ACTIVATIONS):
            found = exponents(name, d, sigma)
            colour = "C0" if found.lambda_bar < 0 else "0.3"
            axes.text(column, row, f"{found.lambda_1:.2g}", color=colour)
            axes.text(column, row + 0.3, f"{found.lambda_bar:.2g}", color=colour)
    for row, name in enumerate(ACTIVATIONS):
        axes.text(-1.2, row, name)


pictures = (
    Picture(
        "Tokens synchronize by noise",
        r"24 tokens in $\mathbb{R}^3$ without attention: with a biased ReLU they meet in one "
        "point, with tanh and no bias, which is odd, in two antipodal points.",
        draw_sphere, axes=2,
    ),
    Picture(
        "Energy and its bound",
        r"Mean energy of four tokens in $\mathbb{R}^5$ under noise alone, and $\exp(\bar\lambda' "
        "t)$.",
        draw_energy,
    ),
    Picture(
        "Which activations are coercive",
        r"$\lambda_1$ and below it $\bar\lambda$ in the paper's 24 settings, $s = \sigma_u = "
        r"\sigma_w$; in blue where $\bar\lambda < 0$.",
        draw_exponents,
    ),
)  # fmt: skip
