"""Claims of the common-noise limit: one layer, rates, the SPDE, and synchronization by noise.

Sizes: L is the depth, m the width of the MLP, N the number of tokens. One seed is one path of the
common noise, or a batch of independent networks.
"""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import jax
import numpy as np
import sympy as sp

from checks.suite.picture import Picture
from checks.verdicts import DecayClaim, IdentityClaim, LawClaim, MomentClaim, Mutant, RateClaim
from numerics.generated.noise_synchronization import harmonic_rate
from numerics.noise_synchronization import (
    Coercivity,
    coercivity,
    dissipation_rate,
    network_path,
    uniform_tokens,
)
from numerics.noise_synchronization import one_token_layer as one
from numerics.noise_synchronization import shared_noise as shared
from numerics.noise_synchronization import token_walks as walks
from numerics.noise_synchronization.mlp_fields import Law

L, m, N, k = sp.symbols("L m N k", positive=True)
HALF = sp.Rational(1, 2)
Size = Mapping[str, int]
TIERS = ("smoke", "standard", "full")


def room_claim(name: str, source: str = "reconstructed") -> dict[str, Any]:
    """What the claims of this room have in common."""
    return {
        "id": f"noise-synchronization/{name}",
        "theorem": "noise_synchronization",
        "source": source,
    }


def tiers(*values: Any) -> dict[str, Any]:
    """Values for smoke, standard and full."""
    return dict(zip(TIERS, values, strict=True))


# One layer
layer_norm = RateClaim(
    **room_claim("layer-norm"),
    statement="LayerNorm is its second-order expansion up to the third power of the branch.",
    sizes={"k": [16, 32, 64, 128]}, seeds=tiers(128, 512, 2048),
    predicted=k**-3, error=one.norm_error, statistic="rms",
    mutants=(
        Mutant(
            "plus-sign", "plus <v, w> P w in second order",
            {"error": partial(one.norm_error, plus=1.0)},
        ),
        Mutant("second-order", "a remainder of second order claimed", {"predicted": k**-2}),
    ),
)  # fmt: skip


def moments(**slip: float | int) -> dict[str, Any]:
    """A wrong limit of one layer."""
    return {"expected": partial(one.stated_moments, **slip)}


one_step = MomentClaim(
    **room_claim("one-step"),
    statement="Mean and covariance of one layer's increment are drift and cross-bracket of the SDE "
    "up to O(T/L), at MLP widths 1, 8 and 64.",
    sizes={"m": [1, 8, 64]}, seeds=tiers(128, 512, 1024), cap=tiers(512, 1024, 2048),
    sample=one.increments, expected=one.stated_moments, tolerance=1.5e-3, margin=0.5,
    mutants=(
        Mutant("ito-d", "Ito correction with d for d - 1", moments(ito=5 / 4)),
        Mutant("attention-as-noise", "no attention in the drift", moments(attention=0.0)),
        Mutant("independent-noise", "every token its own noise", moments(common=0.0)),
        Mutant("no-1-by-d", "pre-activations not divided by sqrt(d)", moments(inner=1)),
    ),
)  # fmt: skip
one_step_bias = RateClaim(
    **room_claim("one-step-bias"),
    statement="At MLP width 1 the bias of the radial drift of one layer is of order T/L.",
    sizes={"L": [16, 32, 64, 128]}, seeds=tiers(128, 512, 2048),
    predicted=1 / L, error=one.radial_bias, statistic="weak", margin=0.2,
    mutants=(
        Mutant(
            "ito-d", "Ito correction with d for d - 1",
            {"error": partial(one.radial_bias, ito=5 / 4)},
        ),
        Mutant("squared", "rate 1/L^2 claimed", {"predicted": L**-2}),
    ),
)  # fmt: skip


def slopes(**slip: float | int) -> dict[str, Any]:
    """A wrong derivative of the energy."""
    return {"expected": partial(one.stated_energy_slopes, **slip)}


energy_identity = MomentClaim(
    **room_claim("energy-identity", "quoted"),
    statement="The mean energy changes at the rate of the exact identity, for attention scales "
    "+1, 0 and -1.",
    sizes=tiers({"L": [800]}, {"L": [1600]}, {"L": [3200]}), seeds=tiers(64, 256, 1024),
    sample=one.energy_slopes, expected=one.stated_energy_slopes, tolerance=2e-3, margin=0.1,
    mutants=(
        Mutant("ito-d", "Ito correction with d for d - 1", slopes(ito=6 / 5)),
        Mutant("attention-as-noise", "no attention in the drift", slopes(attention=0.0)),
        Mutant("independent-noise", "every token its own noise", slopes(common=0.0)),
    ),
)  # fmt: skip

# Depth: networks and limit on the same Brownian motions
DEEPEST, PATHS = tiers(32, 128, 512), tiers(64, 256, 512)


def depths(
    number: Mapping[str, int], factor: int = 1, levels: int = 4
) -> dict[str, list[dict[str, int]]]:
    """Depths ``factor`` times most, most/2, ..., and a number of tokens."""
    return {
        tier: [
            {"L": most // 2**j, "most": most, "levels": levels, "N": number[tier]}
            for j in range(levels)
        ]
        for tier, most in ((tier, factor * DEEPEST[tier]) for tier in TIERS)
    }


WRONG = {
    "ito-d": "Ito correction with d for d - 1",
    "scrambled-noise": "noise that is not common to the tokens",
    "attention-as-noise": "attention in the diffusion",
}


def wrong_limits(error: Any, **fixed: str) -> tuple[Mutant, ...]:
    """Mutants that change the limit, and the rate."""
    planted = (
        Mutant(name, words, {"error": partial(error, slip=name, **fixed)})
        for name, words in WRONG.items()
    )
    return (*planted, Mutant("squared", "rate 1/L^2 claimed", {"predicted": L**-2}))


strong_rate = RateClaim(
    **room_claim("strong-rate", "quoted"),
    statement="With frozen features and shared Brownian increments the mean square error at grid "
    "times is of order 1/L.",
    points=depths(tiers(4, 4, 4)), seeds=PATHS,
    predicted=1 / L, error=partial(shared.depth_error, what="grid"), margin=0.25,
    next_order=None,
    mutants=wrong_limits(shared.depth_error, what="grid"),
)  # fmt: skip
between_grid = RateClaim(
    **room_claim("between-grid-times", "quoted"),
    statement="Over all times, the network held constant between its layers, the mean square error "
    "is at most of order log L / L.",
    points=depths(tiers(4, 4, 4), factor=2), seeds=tiers(32, 64, 128), cap=tiers(256, 512, 512),
    predicted=sp.log(L) / L, kind="upper bound", margin=0.25,
    error=partial(shared.depth_error, what="between"), next_order=None,
    mutants=wrong_limits(shared.depth_error, what="between")[1:],
)  # fmt: skip
spde_residual = RateClaim(
    **room_claim("spde-residual"),
    statement="Along shared noise the empirical measure of a large network satisfies the weak "
    "form of the SPDE up to a residual of order L^(-1/2).",
    points=depths(tiers(32, 64, 128), factor=2, levels=5),
    seeds=tiers(32, 64, 128), cap=tiers(256, 512, 512),
    predicted=L**-HALF, statistic="rms", margin=0.2, next_order=None,
    error=shared.weak_residual, mutants=wrong_limits(shared.weak_residual),
)  # fmt: skip

# Width, number of tokens
width_rate = RateClaim(
    **room_claim("width-rate", "quoted"),
    statement="Coupled layer by layer, the mean square distance of MLP widths m and infinity is at "
    "most of order 1/m.",
    points={
        tier: [{"m": most // 2**j, "most": most, "L": depth} for j in range(5)]
        for tier, most, depth in (("smoke", 256, 16), ("standard", 512, 32), ("full", 2048, 64))
    },
    seeds=tiers(128, 256, 512), predicted=1 / m, kind="upper bound", margin=0.25,
    error=shared.width_error,
    mutants=(
        Mutant(
            "no-outer-bias", "infinite width without sigma_w",
            {"error": partial(shared.width_error, sigma_w=0.0)},
        ),
        Mutant("squared", "rate 1/m^2 claimed", {"predicted": m**-2}),
    ),
)  # fmt: skip


def chaos(d: int, atoms: int, bound: sp.Expr, words: str, **how: Any) -> RateClaim:
    """Propagation of chaos, given the common noise."""
    return RateClaim(
        **room_claim(f"chaos-d{d}", "quoted"),
        statement=f"In R^{d}, W_2^2 between the empirical measure and the conditional law given "
        f"the common noise is {words}.",
        points={
            tier: [
                {"N": most // 2**j, "most": most, "levels": levels, "d": d, "atoms": atoms}
                for j in range(levels)
            ]
            for tier, most, levels in (("smoke", 128, 4), ("standard", 256, 5), ("full", 1024, 6))
        },
        seeds=tiers(64, 128, 256), predicted=bound, error=shared.chaos_error, **how,
        mutants=(
            Mutant(
                "other-noise", "the law given another noise",
                {"error": partial(shared.chaos_error, shared=False)},
            ),
            Mutant("inverse", "rate 1/N claimed", {"predicted": 1 / N}),
        ),
    )  # fmt: skip


chaos_3 = chaos(
    3, 4, N**-HALF, "of order N^(-1/2), which a law on four atoms attains",
    margin=0.2, next_order=None,
)  # fmt: skip
chaos_5 = chaos(
    5, 64, N ** -sp.Rational(2, 5), "at most of order N^(-2/5)", kind="upper bound",
    margin=0.15, next_order=None,
)  # fmt: skip

# Laws
DEPTH = tiers(60, 120, 240)
weak_limit = LawClaim(
    **room_claim("weak-limit-fixed-width"),
    statement="At MLP width 1 the inner product of two tokens has the law of the limit as L grows: "
    "in law the width does not matter.",
    points=tiers(*([{"L": depth, "m": 1}] for depth in DEPTH.values())),
    seeds=tiers(2048, 8192, 32768), left=walks.network_products, right=walks.diffusion_products,
    tolerance=0.02, margin=0.1,
    mutants=(
        Mutant(
            "independent-noise", "every token its own noise",
            {"right": partial(walks.diffusion_products, common=0.0)},
        ),
        Mutant(
            "no-1-by-d", "pre-activations not divided by sqrt(d)",
            {"right": partial(walks.diffusion_products, inner=1)},
        ),
    ),
)  # fmt: skip
both_orders = LawClaim(
    **room_claim("limits-commute"),
    statement="The measure of the tokens has one law in the limit, whether N or L goes to "
    "infinity first.",
    points=tiers([{"L": 60, "N": 256}], [{"L": 120, "N": 1024}], [{"L": 240, "N": 4096}]),
    seeds=tiers(2048, 8192, 32768), left=walks.tokens_first, right=walks.depth_first,
    tolerance=0.02, margin=0.1,
    mutants=(
        Mutant(
            "independent-noise", "each atom its own noise when L goes first",
            {"right": partial(walks.depth_first, common=0.0)},
        ),
        Mutant(
            "no-attention", "attention lost when L goes first",
            {"right": partial(walks.depth_first, scale=0.0)},
        ),
    ),
)  # fmt: skip


# Predictions are computed when a claim is judged, not when this file is read.
@cache
def constants(activation: str, sigma_u: float = 0.0, sigma_w: float = 0.0) -> Coercivity:
    """Exponents of a law in R^5."""
    return coercivity(activation, d=5, sigma_u=sigma_u, sigma_w=sigma_w)


def rate_of_harmonics(size: Size, shift: int = 0) -> float:
    """kappa(1) n (n + d - 2) / 2; ``shift`` plants an error."""
    kappa_1 = constants("relu", one.SIGMA_U, one.SIGMA_W).kappa_1
    return float(harmonic_rate(size["degree"], 5 + shift, kappa_1))


harmonics = DecayClaim(
    **room_claim("harmonics"),
    statement="Without attention, means of harmonics of degree n decay at the rate "
    "kappa(1) n (n + d - 2) / 2.",
    points=tiers(*([{"degree": n, "L": depth} for n in (1, 2)] for depth in DEPTH.values())),
    seeds=tiers(64, 256, 512), curve=walks.harmonic_curve, times=walks.HARMONIC_TIMES,
    rate=rate_of_harmonics, transient=None, margin=0.1,
    mutants=(
        Mutant(
            "ito-d", "Ito correction with d for d - 1",
            {"rate": partial(rate_of_harmonics, shift=1)},
        ),
        Mutant(
            "d-less-4", "n (n + d - 4) for n (n + d - 2)",
            {"rate": partial(rate_of_harmonics, shift=-2)},
        ),
    ),
)  # fmt: skip


# Synchronization
@cache
def dissipation_bound() -> float:
    """-lambda_bar' of the sigmoid, beta = 1."""
    return -dissipation_rate("sigmoid", d=5, sigma_u=0.0, sigma_w=0.0, beta=1.0)


def near_rate(_: Size) -> float:
    """-lambda_bar of the sigmoid."""
    return -constants("sigmoid").lambda_bar


def log_rate(_: Size) -> float:
    """-2 lambda_1 of the sigmoid: that of a typical path."""
    return -2 * constants("sigmoid").lambda_1


def rate_without_d(_: Size) -> float:
    """-lambda_bar of the sigmoid with kappa'(1) without its 1/d."""
    found = constants("sigmoid")
    return 2 * found.kappa_1 - 4 * 5 * found.kappa_prime_1


SYNC = {"points": tiers(*([{"L": depth}] for depth in DEPTH.values())), "transient": None}
dissipation = DecayClaim(
    **room_claim("dissipation", "quoted"), **SYNC,
    statement="Without attention the mean energy decays at least at the rate -lambda_bar'.",
    seeds=tiers(64, 256, 512), curve=walks.energy_curve, times=walks.ENERGY_TIMES,
    rate=lambda _: dissipation_bound(), kind="upper bound", margin=0.1,
    mutants=(
        Mutant(
            "independent-noise", "every token its own noise",
            {"curve": partial(walks.energy_curve, independent=True)},
        ),
        Mutant("log-rate", "the rate of a typical path", {"rate": log_rate}),
    ),
)  # fmt: skip
dissipation_with_attention = DecayClaim(
    **room_claim("dissipation-with-attention", "quoted"), **SYNC,
    statement="With attention that does not raise the energy (Q^T K = beta I, V = I, so that "
    "epsilon = 0) the mean energy decays at least at the rate -lambda_bar'.",
    seeds=tiers(64, 256, 512), curve=partial(walks.energy_curve, scale=1.0),
    times=walks.ENERGY_TIMES, rate=lambda _: dissipation_bound(), kind="upper bound", margin=0.1,
    mutants=(
        Mutant(
            "repulsion", "V = -I: lambda_bar < 0 alone is not enough",
            {"curve": partial(walks.energy_curve, scale=-1.0)},
        ),
        Mutant(
            "weak-repulsion", "V = -I/2, above the threshold",
            {"curve": partial(walks.energy_curve, scale=-0.5)},
        ),
    ),
)  # fmt: skip


def repelled(_: Size, factor: float = 2.0) -> np.ndarray:
    """Growth of the mean of 1 - <x, y> over time 1: exp(lambda_bar + 2 delta)."""
    return np.exp(constants("sigmoid").lambda_bar + factor * np.array(walks.REPULSION))


threshold = MomentClaim(
    **room_claim("repulsion-threshold"),
    statement="Near synchrony, with values V = -delta I, the mean of 1 - <x, y> moves at exactly "
    "lambda_bar + 2 delta: repulsive attention beats the noise from delta = -lambda_bar / 2 on.",
    sizes=tiers(*({"L": [depth]} for depth in DEPTH.values())), seeds=tiers(64, 256, 512),
    sample=walks.repelled_growth, expected=repelled, tolerance=0.02, margin=0.25,
    mutants=(
        Mutant(
            "no-attention", "the network has no attention",
            {"sample": partial(walks.repelled_growth, strength=0.0)},
        ),
        Mutant(
            "attraction", "V = +delta I", {"sample": partial(walks.repelled_growth, strength=-1.0)}
        ),
        Mutant("delta-once", "lambda_bar + delta", {"expected": partial(repelled, factor=1.0)}),
    ),
)  # fmt: skip
sharp_rate = DecayClaim(
    **room_claim("sharp-rate"), **SYNC,
    statement="Near synchrony, where the energy is its small-beta form, the mean decays at exactly "
    "-lambda_bar.",
    seeds=tiers(128, 256, 512), curve=walks.near_curve, times=walks.NEAR_TIMES, rate=near_rate,
    margin=0.1,
    mutants=(
        Mutant("no-1-by-d", "kappa'(1) without 1/d", {"rate": rate_without_d}),
        Mutant("log-rate", "the rate of a typical path", {"rate": log_rate}),
    ),
)  # fmt: skip


def growth(_: Size, slip: str = "") -> np.ndarray:
    """Growth of 1 - <x, y> after time 1 and of its logarithm, for the ReLU without biases."""
    kappa_1, slope, log, mean = constants("relu")
    if slip == "no-1-by-d":
        mean, log = 4 * 5 * slope - 2 * kappa_1, (2 * 5 * slope - 4 * kappa_1) / 2
    return np.array([np.exp(2 * log if slip == "same-sign" else mean), 2 * log])


relu_signs = MomentClaim(
    **room_claim("relu-signs"),
    statement="Unbiased ReLU: the mean of 1 - <x, y> near synchrony grows at 1/d while its "
    "logarithm falls at 1/d.",
    sizes=tiers(*({"L": [depth]} for depth in DEPTH.values())), seeds=tiers(64, 256, 512),
    sample=walks.relu_growth, expected=growth, tolerance=0.02, margin=0.25,
    mutants=(
        Mutant(
            "no-1-by-d", "kappa'(1) without 1/d", {"expected": partial(growth, slip="no-1-by-d")}
        ),
        Mutant(
            "same-sign", "mean and logarithm at the same rate",
            {"expected": partial(growth, slip="same-sign")},
        ),
    ),
)  # fmt: skip


def with_law(activation: str, sigma_u: float) -> dict[str, Any]:
    """Antipodes under an MLP that is not odd."""
    return {"residual": partial(walks.antipode_residual, law=Law(activation, sigma_u, 0.0))}


antipodes = IdentityClaim(
    **room_claim("antipodes"),
    statement="For an odd activation without biases antipodes stay antipodes and never meet.",
    sizes=tiers(*({"L": [depth]} for depth in DEPTH.values())), seeds=tiers(64, 256, 512),
    residual=walks.antipode_residual, tolerance=1e-12,
    mutants=(
        Mutant("inner-bias", "biases sigma_u = 0.3", with_law("tanh", 0.3)),
        Mutant("relu", "an activation that is not odd", with_law("relu", 0.0)),
    ),
)  # fmt: skip

claims = (
    layer_norm, one_step, one_step_bias, energy_identity, strong_rate, between_grid, spde_residual,
    width_rate, chaos_3, chaos_5, weak_limit, both_orders, harmonics, dissipation,
    dissipation_with_attention, threshold, sharp_rate, relu_signs, antipodes,
)  # fmt: skip


# Pictures
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
        for k, color in ((0, "0.75"), (6, "tab:orange"), (60, "tab:blue")):
            panel.plot(angle[k], height[k], "o", color=color, label=f"time {k / 2:g}")
        panel.set_xlabel("longitude")
        panel.set_ylabel("height")
        panel.set_title(f"{name}, sigma_u = {sigma}")
        panel.legend()


def draw_energy(axes: Any, results: Mapping[str, Any]) -> None:
    """Energy against time with the bound."""
    keys = np.random.default_rng(0).integers(0, 2**32, (16, 2), dtype=np.uint32)
    curve, times = walks.energy_curve({"L": 60}, keys).mean(0), walks.ENERGY_TIMES
    axes.semilogy(times, curve, "o", label="sigmoid, mean energy")
    axes.semilogy(times, curve[0] * np.exp(-dissipation_bound() * times), "--", label="bound")
    axes.set_xlabel("time")
    axes.set_ylabel("energy, beta = 1")
    axes.legend()


pictures = (
    Picture(
        "Tokens synchronize by noise",
        "24 tokens in R^3 without attention: with a biased ReLU they meet in one point, with tanh "
        "and no bias, which is odd, in two antipodal points.",
        draw_sphere, axes=2,
    ),
    Picture(
        "Energy and its bound",
        "Mean energy of four tokens in R^5 under noise alone, and exp(lambda_bar' t).",
        draw_energy,
    ),
)  # fmt: skip

not_checked = (
    "That a coupling as in Theorem 1.1 exists for MLPs with fresh weights: the L-rate is measured "
    "with frozen features and shared Brownian increments, the 1/m-rate with a layerwise coupling.",
    "The constants c_(N,T) of the rates.",
    "That the rate is uniform in N for smooth activations, with m^(-1/4) in place of 1/m.",
    "That the limit in m commutes with those in L and N, uniformly in the start.",
    "That r_d(N) is attained for d >= 4: the laws used have finitely many atoms.",
    "Uniqueness of the solution of the SPDE in its class of measures.",
)
