"""Claims of the common-noise limit: one layer, rates, the SPDE, and synchronization by noise.

Sizes: L is the depth, m the width of the MLP, N the number of tokens. One seed is one path of the
common noise, or a batch of independent networks.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import numpy as np
import sympy as sp

from checks.noise_synchronization import wrong
from checks.noise_synchronization.attention_calls import residuals
from checks.noise_synchronization.kernel_calls import end_residuals, kernel_residuals
from checks.noise_synchronization.pictures import pictures as pictures
from checks.verdicts import (
    DecayClaim,
    Experiment,
    IdentityClaim,
    LawClaim,
    MomentClaim,
    RateClaim,
    Statements,
    With,
    dtype_tolerance,
)
from numerics import in_double
from numerics.engine.measuring import Size, Table
from numerics.generated.noise_synchronization import harmonic_rate
from numerics.noise_synchronization import Coercivity, coercivity, dissipation_rate, fresh_paths
from numerics.noise_synchronization import one_token_layer as one
from numerics.noise_synchronization import shared_noise as shared
from numerics.noise_synchronization import token_walks as walks
from numerics.noise_synchronization.mlp_fields import Law
from numerics.noise_synchronization.token_layers import Attention

L, m, N, k = sp.symbols("L m N k", positive=True)
HALF = sp.Rational(1, 2)
TIERS = ("smoke", "standard", "full")
state = Statements("noise_synchronization")


def tiers(*values: Any) -> dict[str, Any]:
    """Values for smoke, standard and full."""
    return dict(zip(TIERS, values, strict=True))


def experiment(name: str, simulate: Any, together: str = "", **options: Any) -> Experiment:
    """What a claim and its planted errors ask about."""
    return Experiment(state.name(name), simulate, options=options, together=together)


def ladder(largest: int, levels: int) -> list[int]:
    """The largest, half of it, ..."""
    return [largest // 2**j for j in range(levels)]


# One layer
def norm_error(size: Size, table: Table, more: float = 0.0) -> np.ndarray:
    """|LN(v + w / k) - expansion|, with so much of <v, w> P w / k^2 added to the expansion."""
    return np.linalg.norm(table["defect"] - more / size["k"] ** 2 * table["mixed"], axis=1)


layer_norm = state(
    RateClaim, "layer-norm",
    "LayerNorm is its second-order expansion up to the third power of the branch.",
    experiment("layer-norm", one.norm_defects).column(norm_error),
    {
        "plus-sign": (r"plus $\langle v, w \rangle P w$ in second order", With(more=2.0)),
        "second-order": ("a remainder of second order claimed", k**-2),
    },
    sizes={"k": [16, 32, 64, 128]}, seeds=tiers(128, 512, 2048), predicted=k**-3, statistic="rms",
)  # fmt: skip

ITO_D = "Ito correction with d for d - 1"
attention = experiment("attention", residuals)
general_attention = state(
    IdentityClaim, "attention",
    r"Attention of networks, SDE and SPDE is softmax over $j$ of $\langle Q x_i, K x_j \rangle$, "
    "applied to $V x_j$, for query, key and value matrices without any symmetry; what else drifts "
    "in SDE and SPDE is $-(d - 1) K(x_i, x_i) x_i/2$.",
    attention["right"],
    {
        "exchanged": ("queries and keys exchanged", attention["exchanged"]),
        "transposed": ("V transposed", attention["transposed"]),
        "no-ito": ("no Ito correction", attention["no-ito"]),
        "ito-d": (ITO_D, attention["ito-d"]),
    },
    seeds=tiers(64, 256, 1024), tolerance=dtype_tolerance(np.float64, 4, 24),
)  # fmt: skip

kernels = experiment("relu-kernel", kernel_residuals)
relu_kernel = state(
    IdentityClaim, "relu-kernel",
    "Kernel and slope of the ReLU's noise, with biases inside and outside, are the Gaussian means "
    r"$\sigma_w^2 + E[\phi(Z_x) \phi(Z_y)]$ and $P(Z_x, Z_y > 0)/d$.",
    kernels["residual"],
    {
        "no-bias": ("no inner bias", kernels.changed("no-bias", biased=False)["residual"]),
        "outer": ("twice the outer bias", kernels.changed("outer", outer=2.0)["residual"]),
    },
    seeds=tiers(32, 256, 1024), tolerance=dtype_tolerance(np.float64, 4, 256),
)  # fmt: skip

dissipations = experiment("dissipation-at-an-end", end_residuals)
at_an_end = state(
    IdentityClaim, "dissipation-at-an-end",
    r"Conjecture, found here: $\bar\lambda'$ is the larger of $\bar\lambda$ and $-\beta (d - 1) "
    r"(\kappa(1) + \kappa(-1))/(e^{2 \beta} - 1)$: the least decay is that of tokens that agree or "
    "are opposite. Random coercive laws of ReLU, tanh and sigmoid.",
    dissipations["residual"],
    {
        "one-end": (
            r"$\bar\lambda$ alone", dissipations.changed("one-end", both=False)["residual"]
        ),
        "beta": (
            r"$e^{\beta}$ for $e^{2 \beta}$", dissipations.changed("beta", factor=1.0)["residual"]
        ),
    },
    seeds=tiers(12, 128, 1024), tolerance=1e-9,  # the grid's own search ends beside u = 1
)  # fmt: skip

NO_ATTENTION = "no attention in the drift"
NO_SHARING = "every token its own noise"


def moments(
    change: Callable[[one.Moments], one.Moments] = lambda stated: stated,
    own: Attention = one.FULL,
) -> Any:
    """Drift and bracket of the limit, or what a slip makes of them."""
    return lambda _: change(one.stated_moments(5, own)).row


def slopes(change: Callable[[one.Slopes], Any] = lambda s: s.attention + s.noise) -> Any:
    """The derivative of the mean energy for three scales of attention."""
    return lambda _: np.asarray(change(one.stated_energy_slopes()))


def radial_bias(_: Size, table: Table, factor: float = 1.0) -> np.ndarray:
    """Radial drift of a layer less that of the limit."""
    return table["moved"] - factor * table["stated"]


one_layer = (
    state(
        MomentClaim, "one-step",
        "Mean and covariance of one layer's increment are drift and cross-bracket of the SDE up "
        "to $O(T/L)$, at MLP widths 1, 8 and 64, for query, key and value matrices without any "
        "symmetry.", one.increments,
        {
            "exchanged": ("queries and keys exchanged", {"expected": moments(own=wrong.EXCHANGED)}),
            "transposed": ("V transposed", {"expected": moments(own=wrong.TRANSPOSED)}),
            "ito-d": (ITO_D, {"expected": moments(wrong.ito_with_d)}),
            "attention-as-noise": (NO_ATTENTION, {"expected": moments(wrong.no_attention)}),
            "independent-noise": (NO_SHARING, {"expected": moments(wrong.no_bracket)}),
            "no-1-by-d": (
                r"pre-activations not divided by $\sqrt{d}$",
                {"expected": lambda _: one.stated_moments(1).row},
            ),
        },
        expected=moments(), sizes={"m": [1, 8, 64]}, seeds=tiers(128, 512, 1024),
        cap=tiers(512, 1024, 2048), tolerance=1.5e-3, margin=0.5,
    ),
    state(
        RateClaim, "one-step-bias",
        "At MLP width 1 the bias of the radial drift of one layer is of order $T/L$.",
        experiment("one-step-bias", one.radial_moves).column(radial_bias),
        {
            "ito-d": (ITO_D, With(factor=5 / 4)),
            "squared": ("rate $1/L^2$ claimed", L**-2),
        },
        sizes={"L": [16, 32, 64, 128]}, seeds=tiers(128, 512, 2048), predicted=1 / L,
        statistic="weak", margin=0.2,
    ),
    state(
        MomentClaim, "energy-identity",
        "The mean energy changes at the rate of the exact identity, for attention scales +1, 0 and "
        "-1.", one.energy_slopes,
        {
            "ito-d": (
                ITO_D, {"expected": slopes(lambda s: s.attention + s.noise + s.correction / 5)}
            ),
            "attention-as-noise": (
                NO_ATTENTION, {"expected": slopes(lambda s: 0 * s.attention + s.noise)}
            ),
            "independent-noise": (
                NO_SHARING, {"expected": slopes(lambda s: s.attention + s.apart)}
            ),
        },
        expected=slopes(), source="quoted", sizes=tiers({"L": [800]}, {"L": [1600]}, {"L": [3200]}),
        seeds=tiers(64, 256, 1024), tolerance=2e-3, margin=0.1,
    ),
)  # fmt: skip

# Depth: networks and limits on the same Brownian motions
DEEPEST = tiers(32, 128, 512)
nested = experiment("strong-rate", shared.depths, "L", limits=wrong.LIMITS)
denser = experiment("between-grid-times", shared.depths, "L", limits=wrong.LIMITS)
own = experiment("fresh-weights", fresh_paths.fresh_weights, "L", limits=wrong.OF_WEIGHTS)
narrow = own.changed("eight-units", weights=wrong.eight_units)
weak = experiment("spde-residual", shared.weak_form, "L", limits=wrong.LIMITS)


def depths(factor: int, levels: int, tokens: Mapping[str, int]) -> dict[str, Any]:
    """Depths and a number of tokens."""
    return {
        tier: {"L": ladder(factor * DEEPEST[tier], levels), "N": [tokens[tier]]} for tier in TIERS
    }


def slips(run: Experiment, column: str, *names: str) -> dict[str, Any]:
    """Wrong limits, and a wrong rate."""
    limits = {name: (wrong.WORDS[name], run[column.format(name)]) for name in names}
    return limits | {"squared": ("rate $1/L^2$ claimed", L**-2)}


in_depth = (
    state(
        RateClaim, "strong-rate",
        "With frozen features and shared Brownian increments the mean square error at grid "
        "times is of order $1/L$.", nested["grid/limit/{L}"],
        slips(nested, "grid/{}/{{L}}", "ito-d", "scrambled-noise", "attention-as-noise"),
        predicted=1 / L, source="quoted", sizes=depths(1, 4, tiers(4, 4, 4)),
        seeds=tiers(64, 256, 512), margin=0.25, next_order=None,
    ),
    state(
        RateClaim, "between-grid-times",
        "Over all times, the network held constant between its layers, the mean square error is "
        r"at most of order $\log L/L$.", denser["between/limit/{L}"],
        slips(denser, "between/{}/{{L}}", "scrambled-noise", "attention-as-noise"),
        predicted=sp.log(L) / L, kind="upper bound", source="quoted",
        sizes=depths(2, 4, tiers(4, 4, 4)), seeds=tiers(32, 64, 128), cap=tiers(256, 512, 512),
        margin=0.25, next_order=None,
    ),
    state(
        RateClaim, "fresh-weights",
        "With fresh weights in every layer, and the SDE driven by the noise that they are at the "
        "tokens, the mean square error at grid times is of order $1/L$ along $m = 4 L$.",
        own["limit/{L}"],
        slips(own, "{}/{{L}}", "ito-d", "another-path", "attention-as-noise")
        | {"eight-units": ("hidden units that repeat the first eight", narrow["limit/{L}"])},
        predicted=1 / L, source="quoted", sizes=dict(zip(TIERS, (
            {"L": ladder(most, 4)} for most in (32, 64, 128)), strict=True)),
        seeds=tiers(64, 128, 256), margin=0.25, next_order=None,
    ),
    state(
        RateClaim, "spde-residual",
        "Along shared noise the empirical measure of a large network satisfies the weak form of "
        "the SPDE up to a residual of order $L^{-1/2}$.", weak["limit/{L}"],
        slips(weak, "{}/{{L}}", "ito-d", "scrambled-noise", "attention-as-noise"),
        predicted=L**-HALF, statistic="rms", sizes=depths(2, 5, tiers(32, 64, 128)),
        seeds=tiers(32, 64, 128), cap=tiers(256, 512, 512), margin=0.2, next_order=None,
    ),
)  # fmt: skip

# Width, number of tokens
DEVIATIONS = {"limit": shared.BIASES[1], "no outer bias": 0.0}
coupled = experiment("width-rate", shared.widths, "m", limits=DEVIATIONS)
width_rate = state(
    RateClaim, "width-rate",
    "Coupled layer by layer, the mean square distance of MLP widths $m$ and infinity is at most "
    "of order $1/m$.", coupled["limit/{m}"],
    {
        "no-outer-bias": (r"infinite width without $\sigma_w$", coupled["no outer bias/{m}"]),
        "squared": ("rate $1/m^2$ claimed", m**-2),
    },
    predicted=1 / m, kind="upper bound", source="quoted", seeds=tiers(128, 256, 512), margin=0.25,
    sizes=tiers(*(
        {"m": ladder(most, 5), "L": [depth]} for most, depth in ((256, 16), (512, 32), (2048, 64))
    )),
)  # fmt: skip


def chaos(d: int, atoms: int, bound: sp.Expr, words: str, **how: Any) -> RateClaim:
    """Propagation of chaos, given the common noise."""
    given = experiment(f"chaos-d{d}", wrong.chaos, "N", d=d, atoms=atoms)
    return state(
        RateClaim, f"chaos-d{d}",
        rf"In $\mathbb{{R}}^{d}$, the squared 2-Wasserstein distance between the empirical measure "
        f"and the conditional law given the common noise is {words}.", given["own noise/{N}"],
        {
            "other-noise": ("the law given another noise", given["another noise/{N}"]),
            "inverse": ("rate $1/N$ claimed", 1 / N),
        },
        predicted=bound, source="quoted", seeds=tiers(64, 128, 256), next_order=None,
        sizes=tiers(*({"N": ladder(*size)} for size in ((128, 4), (256, 5), (1024, 6)))), **how,
    )  # fmt: skip


in_tokens = (
    chaos(
        3, 4, N**-HALF, "of order $N^{-1/2}$, which a law on four atoms attains", margin=0.2
    ),
    chaos(
        5, 64, N ** -sp.Rational(2, 5), "at most of order $N^{-2/5}$", kind="upper bound",
        margin=0.15,
    ),
)  # fmt: skip

# Laws
DEPTH = tiers(60, 120, 240)


def at_depth(**more: int) -> dict[str, Any]:
    """One depth a tier."""
    return {tier: {"L": [depth]} | {name: [n] for name, n in more.items()}
            for tier, depth in DEPTH.items()}  # fmt: skip


laws = (
    state(
        LawClaim, "weak-limit-fixed-width",
        "At MLP width 1, 60 layers or more, the inner product of two tokens is within a distance "
        "of 0.1 of the law of the limit: in law the width does not matter.", walks.network_products,
        {
            "independent-noise": (
                NO_SHARING,
                {"right": partial(walks.diffusion_products, between=wrong.nothing)},
            ),
            "no-1-by-d": (
                r"pre-activations not divided by $\sqrt{d}$",
                {"right": partial(walks.diffusion_products, kappa=wrong.undivided)},
            ),
        },
        right=walks.diffusion_products, sizes=at_depth(m=1), seeds=tiers(2048, 8192, 32768),
        tolerance=0.02, margin=0.1,
    ),
    state(
        LawClaim, "limits-commute",
        "The mean of the tokens, its first coordinate and squared length, has one law within a "
        "distance of 0.1, where $N$ is infinite and $L$ large and where it is the other way round.",
        walks.tokens_first,
        {
            "independent-noise": (
                "each atom its own noise when L goes first",
                {"right": partial(walks.depth_first, covariance=wrong.own_noise)},
            ),
            "no-attention": (
                "attention lost when L goes first",
                {"right": partial(walks.depth_first, attention=walks.STILL)},
            ),
        },
        right=walks.depth_first,
        points=tiers([{"L": 60, "N": 256}], [{"L": 120, "N": 1024}], [{"L": 240, "N": 4096}]),
        seeds=tiers(2048, 8192, 32768), tolerance=0.02, margin=0.1,
    ),
)  # fmt: skip


# Predictions are computed when a claim is judged, not when this file is read.
@cache
@in_double
def constants(activation: str, sigma_u: float = 0.0, sigma_w: float = 0.0) -> Coercivity:
    """Exponents of a law in R^5."""
    return coercivity(activation, d=5, sigma_u=sigma_u, sigma_w=sigma_w)


def rate_of_harmonics(size: Size, d: int = 5) -> float:
    """kappa(1) n (n + d - 2) / 2."""
    kappa_1 = constants("relu", one.SIGMA_U, one.SIGMA_W).kappa_1
    return float(harmonic_rate(size["degree"], d, kappa_1))


heights = experiment("harmonics", walks.heights, "degree")
harmonics = state(
    DecayClaim, "harmonics",
    r"Without attention, means of harmonics of degree $n$ decay at the rate $\kappa(1) n (n + d "
    "- 2)/2$.", heights["{degree}"],
    {
        "ito-d": (ITO_D, {"rate": partial(rate_of_harmonics, d=6)}),
        "d-less-4": ("n (n + d - 4) for n (n + d - 2)", {"rate": partial(rate_of_harmonics, d=3)}),
    },
    rate=rate_of_harmonics, seeds=tiers(64, 256, 512), times=walks.HARMONIC_TIMES, transient=None,
    margin=0.1, sizes=tiers(*({"degree": [1, 2], "L": [depth]} for depth in DEPTH.values())),
)  # fmt: skip


# Synchronization
@cache
@in_double
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


still = experiment("dissipation", wrong.energies, attention=walks.STILL)
attracted = experiment("dissipation-with-attention", wrong.energies, attention=walks.values(1.0))
repelled, slightly_repelled = (
    attracted.changed(name, attention=walks.values(scale))
    for name, scale in (("repulsion", -1.0), ("weak-repulsion", -0.5))
)
decaying: dict[str, Any] = {"sizes": at_depth(), "transient": None, "margin": 0.1}


def repelled_growth(_: Size, factor: float = 2.0) -> np.ndarray:
    """Growth of the mean of 1 - <x, y> over time 1: exp(lambda_bar + 2 delta)."""
    return np.exp(constants("sigmoid").lambda_bar + factor * np.array(walks.REPULSION))


def growth(_: Size) -> np.ndarray:
    """Growth of 1 - <x, y> after time 1 and of its logarithm, for the ReLU without biases."""
    found = constants("relu")
    return np.array([np.exp(found.lambda_bar), 2 * found.lambda_1])


def growth_without_d(_: Size) -> np.ndarray:
    """The same with kappa'(1) without its 1/d."""
    found = constants("relu")
    kappa_1, slope = found.kappa_1, 5 * found.kappa_prime_1
    return np.array([np.exp(4 * slope - 2 * kappa_1), 2 * slope - 4 * kappa_1])


def growth_of_logarithm(_: Size) -> np.ndarray:
    """The mean at the rate of the logarithm."""
    log = 2 * constants("relu").lambda_1
    return np.array([np.exp(log), log])


synchronization = (
    state(
        DecayClaim, "dissipation",
        r"Without attention the mean energy decays at least at the rate $-\bar\lambda'$.",
        still["energy"],
        {
            "independent-noise": (NO_SHARING, still["of lone tokens"]),
            "log-rate": ("the rate of a typical path", {"rate": log_rate}),
        },
        rate=lambda _: dissipation_bound(), kind="upper bound", source="quoted",
        seeds=tiers(64, 256, 512), times=walks.ENERGY_TIMES, **decaying,
    ),
    state(
        DecayClaim, "dissipation-with-attention",
        r"With attention that does not raise the energy ($Q^\top K = \beta I$, $V = I$, so that "
        r"$\epsilon = 0$) the mean energy decays at least at the rate $-\bar\lambda'$.",
        attracted["energy"],
        {
            "repulsion": (r"$V = -I$: $\bar\lambda < 0$ alone is not enough", repelled["energy"]),
            "weak-repulsion": ("$V = -I/2$, above the threshold", slightly_repelled["energy"]),
        },
        rate=lambda _: dissipation_bound(), kind="upper bound", source="quoted",
        seeds=tiers(64, 256, 512), times=walks.ENERGY_TIMES, **decaying,
    ),
    state(
        MomentClaim, "repulsion-threshold",
        r"Near synchrony, with values $V = -\delta I$, the mean of $1 - \langle x, y \rangle$ "
        r"moves at exactly $\bar\lambda + 2 \delta$: repulsive attention beats the noise from "
        r"$\delta = -\bar\lambda/2$ on.", walks.repelled_growth,
        {
            "no-attention": ("the network has no attention", With(repulsion=(0.0, 0.0))),
            "attraction": (r"$V = +\delta I$", With(repulsion=(-0.1, -0.5))),
            "delta-once": (
                r"$\bar\lambda + \delta$", {"expected": partial(repelled_growth, factor=1.0)}
            ),
        },
        expected=repelled_growth, sizes=at_depth(), seeds=tiers(64, 256, 512), tolerance=0.02,
        margin=0.25,
    ),
    state(
        DecayClaim, "sharp-rate",
        r"Near synchrony, where the energy is its form for small $\beta$, the mean decays at "
        r"exactly $-\bar\lambda$.", walks.near_curve,
        {
            "no-1-by-d": (r"$\kappa'(1)$ without $1/d$", {"rate": rate_without_d}),
            "log-rate": ("the rate of a typical path", {"rate": log_rate}),
        },
        rate=near_rate, seeds=tiers(128, 256, 512), times=walks.NEAR_TIMES, **decaying,
    ),
    state(
        MomentClaim, "relu-signs",
        r"Unbiased ReLU: the mean of $1 - \langle x, y \rangle$ near synchrony grows at $1/d$ "
        "while its logarithm falls at $1/d$.", walks.relu_growth,
        {
            "no-1-by-d": (r"$\kappa'(1)$ without $1/d$", {"expected": growth_without_d}),
            "same-sign": (
                "mean and logarithm at the same rate", {"expected": growth_of_logarithm}
            ),
        },
        expected=growth, sizes=at_depth(), seeds=tiers(64, 256, 512), tolerance=0.02, margin=0.25,
    ),
    state(
        IdentityClaim, "antipodes",
        "For an odd activation without biases antipodes stay antipodes and never meet.",
        walks.antipode_residual,
        {
            "inner-bias": (r"biases with $\sigma_u = 0.3$", With(law=Law("tanh", 0.3, 0.0))),
            "relu": ("an activation that is not odd", With(law=Law("relu", 0.0, 0.0))),
        },
        sizes=at_depth(), seeds=tiers(64, 256, 512), tolerance=1e-12,
    ),
)  # fmt: skip

claims = (
    layer_norm, general_attention, relu_kernel, at_an_end, *one_layer, *in_depth, width_rate,
    *in_tokens, *laws, harmonics, *synchronization,
)  # fmt: skip

not_checked = (
    "That a coupling as in Theorem 1.1 keeps its rate between grid times when weights are fresh: "
    "there the rate is measured with frozen features.",
    "The constants $c_{N,T}$ of the rates.",
    "That the rate is uniform in $N$ for smooth activations, with $m^{-1/4}$ in place of $1/m$.",
    "That the limit in $m$ commutes with those in $L$ and $N$, uniformly in the start.",
    r"That $r_d(N)$ is attained for $d \ge 4$: the laws used have finitely many atoms.",
    "Uniqueness of the solution of the SPDE in its class of measures.",
)
