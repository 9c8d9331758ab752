"""Claims of the mean-field flow: rates in width and depth, laws of the flow, identities, the PDE.

Sizes: M is the width, L the depth, N a number of steps, cells or 1/decay. One seed is one network,
drawn from an atomic law whose infinite width is had exactly. Data: in-context regression, digits.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Any

import jax
import numpy as np
import sympy as sp

from checks.suite.picture import Picture
from checks.verdicts import (
    DecayClaim,
    IdentityClaim,
    InequalityClaim,
    Mutant,
    RateClaim,
    dtype_tolerance,
)
from numerics.engine.quick import quick_jit
from numerics.mean_field_flow import errors, identities
from numerics.mean_field_flow.runs import Setting
from numerics.mean_field_flow.scalar_tokens import EDGE, flow_density, flow_particles, random_pairs

M, L, N = sp.symbols("M L N", positive=True)
HALF = sp.Rational(1, 2)
SEEDS = {"smoke": 48, "standard": 144, "full": 288}  # networks are trained 48 at once
NETWORKS = "mean-field-flow/networks"  # the draw of claims that train the same networks
# An atomic law makes every width cost the same: levels lie where 1/M beside 1 is nothing.
WIDTHS = {
    "smoke": {"M": [16, 256, 4096, 65536]},
    "standard": {"M": [8, 16, 128, 1024, 8192]},
    "full": {"M": [8, 16, 64, 128, 1024, 8192]},
}
Slips = Mapping[str, tuple[str, Any]]


def about(name: str, statement: str, source: str) -> dict[str, Any]:
    """What the claims of this room have in common."""
    return {
        "id": f"mean-field-flow/{name}",
        "theorem": "mean_field_flow",
        "statement": statement,
        "source": source,
    }


def mutants(role: str, slips: Slips) -> tuple[Mutant, ...]:
    """Planted errors: another prediction, or another measurement."""
    return tuple(
        Mutant(name, text, {role if callable(wrong) else "predicted": wrong})
        for name, (text, wrong) in slips.items()
    )


def rate(
    name: str, statement: str, predicted: Any, error: Any, slips: Slips, **more: Any
) -> RateClaim:
    """A rate of convergence in mean square over seeds, unless said otherwise."""
    source = more.pop("source", "reconstructed")
    more = {"statistic": "rms", "seeds": SEEDS, "mutants": mutants("error", slips), **more}
    return RateClaim(**about(name, statement, source), predicted=predicted, error=error, **more)


def on_data(setting: Setting, suffix: str = "") -> tuple[RateClaim, ...]:
    """The claims that any data can test: rates in width, and dissipation."""
    measured = {
        f.__name__: partial(f, setting=setting)
        for f in (
            errors.output_error,
            errors.risk_error,
            errors.coupling_error,
            errors.squared_error,
            errors.dissipation_defect,
        )
    }
    output, risk, coupling, squared, defect = measured.values()
    # The share of a floor is the hardest to tell: it decides the number of seeds.
    grid = {"sizes": WIDTHS, "next_order": None, "draw": NETWORKS}
    outputs = {
        "seeds": {"smoke": 96, "standard": 144, "full": 288},
        "cap": {"smoke": 192, "standard": 576, "full": 1152},
    }
    faster = ("a rate better by 1/sqrt(M)", 1 / M)
    return (
        rate(
            f"output-in-width{suffix}",
            "Trained outputs are within C / sqrt(M) of infinite width.",
            M**-HALF,
            output,
            {
                "faster": faster,
                "decay-forgotten": ("a limit without decay", partial(output, decay=False)),
            },
            kind="upper bound",
            source="quoted",
            **grid | outputs,
        ),
        rate(
            f"risk-in-width{suffix}",
            "The penalised risk Q after training is within C / sqrt(M) of infinite width.",
            M**-HALF,
            risk,
            {
                "faster": faster,
                "decay-forgotten": ("a limit without decay", partial(risk, decay=False)),
            },
            kind="upper bound",
            source="quoted",
            **grid | outputs,
        ),
        rate(
            f"particles-in-width{suffix}",
            "Trained particles are off their limits by exactly the order 1/sqrt(M).",
            M**-HALF,
            coupling,
            {
                "faster": faster,
                "limit-untrained": ("where limits start", partial(coupling, untrained=True)),
            },
            **grid,
        ),
        rate(
            f"squared-error-in-width{suffix}",
            "The part of the risk beyond first order is exactly of order 1/M.",
            1 / M,
            squared,
            {
                "root": ("1/sqrt(M), as if signs did not cancel", M**-HALF),
                "square": ("1/M^2", M**-2),
            },
            statistic="mean",
            **grid | outputs,
        ),
        rate(
            f"dissipation{suffix}",
            "Q falls by the integral of |G|^2: the defect is of second order in the time step.",
            N**-2,
            defect,
            {
                "first-order": ("1/N", 1 / N),
                "minus-forgotten": (
                    "dQ/dtau = + integral of |G|^2, as printed in (D.25)",
                    partial(defect, sign=-1.0),
                ),
                "decay-forgotten": ("R for Q", partial(defect, energy="risk")),
            },
            sizes={"N": [2, 4, 6, 8]},
            statistic="geometric",  # one network far from its limit would outweigh the others
            draw=NETWORKS,
            source="quoted",
        ),
    )


def digits_claims() -> tuple[RateClaim, ...]:
    """The same on scikit-learn's digits, where that is installed; not at smoke."""
    if find_spec("sklearn") is None:
        return ()

    def later(of_tiers: Any) -> dict[str, int]:
        return {tier: n for tier, n in of_tiers.items() if tier != "smoke"}

    return tuple(
        replace(
            claim,
            statement=f"On digits of scikit-learn: {claim.statement}",
            seeds=later(claim.seeds),
            cap=claim.cap and later(claim.cap),
        )
        for claim in on_data(Setting(data="digits", rows=6), "-on-digits")
    )


fluctuation_claim = rate(
    "fluctuation-in-width-and-depth",
    "Layers are independent: the distance to infinite width is exactly of order 1/sqrt(M L), for "
    "every width, M = 1 included.",
    (M * L) ** -HALF,
    errors.fluctuation,
    {
        "depth-does-not-help": (
            "1/sqrt(M) at almost any depth",
            M**-HALF * L ** -sp.Rational(1, 100),
        ),
        "depth-like-bias": ("1/(sqrt(M) L)", M**-HALF / L),
    },
    sizes={
        "smoke": {"M": [1, 16, 256], "L": [2, 8]},
        "standard": {"M": [1, 16, 256], "L": [4, 8, 16]},
        "full": {"M": [1, 4, 16, 256], "L": [2, 4, 8, 16]},
    },
    cap={"smoke": 192, "standard": 576, "full": 1152},
    margin=0.15,
    next_order=None,
    draw=NETWORKS,
    source="abstract",
)

depth = {
    "sizes": {
        "smoke": {"L": [4, 6, 8, 12, 16]},
        "standard": {"L": [4, 8, 12, 16, 24]},
        "full": {"L": [4, 8, 12, 16, 24]},
    },
    "seeds": {"smoke": 8, "standard": 16, "full": 32},
    "draw": "mean-field-flow/depths",
}
depth_claims = (
    rate(
        "output-in-depth",
        "Trained outputs at infinite width are off infinite depth by exactly the order 1/L.",
        1 / L,
        errors.depth_error,
        {
            "second-order": ("1/L^2, as for symmetric splitting", L**-2),
            "half": ("1/sqrt(L)", L**-HALF),
            "wrong-limit": ("depth 5 as limit", partial(errors.depth_error, wrong_limit=True)),
        },
        **depth,
    ),
    rate(
        "depth-coefficient",
        "Untrained outputs are off infinite depth by the derived coefficient / L, up to 1/L^2.",
        L**-2,
        errors.depth_remainder,
        {
            "simultaneous": (
                "attention and feed-forward of a layer see the same state",
                partial(errors.depth_remainder, alternation=0.0),
            ),
            "whole-steps": (
                "half-layers with steps 1/L",
                partial(errors.depth_remainder, factor=2.0),
            ),
        },
        **depth,
    ),
)

flow_claims = (
    InequalityClaim(
        **about("monotone", "Q falls in every step of training.", "quoted"),
        slack=errors.smallest_fall,
        seeds=SEEDS,
        draw=NETWORKS,
        mutants=(
            Mutant("ascent", "Q rises", {"slack": partial(errors.smallest_fall, sign=-1.0)}),
            Mutant("twice-as-fast", "slack lowered by twice its median", {"planted_shift": 2.0}),
        ),
    ),
    InequalityClaim(
        **about(
            "equivariance-floor",
            "Equivariant blocks are not universal: with permuted copies labelled 1/2 and -1/2 the "
            "risk stays at least 1/8.",
            "reconstructed",
        ),
        slack=errors.above_floor,
        tolerance=1e-12,
        seeds=SEEDS,
        draw=NETWORKS,
        mutants=mutants(
            "slack",
            {
                "positions": (
                    "positional rows tell the copies apart",
                    partial(errors.above_floor, data="positions"),
                ),
                "no-copies": ("ordinary data", partial(errors.above_floor, data="regression")),
            },
        ),
    ),
    DecayClaim(
        **about(
            "balancedness",
            "For ReLU, |W1 row|^2 - |W2 column|^2 of a neuron decays like exp(-2 lambda tau).",
            "reconstructed",
        ),
        curve=errors.imbalance,
        times=errors.TIMES,
        rate=0.04,
        margin=0.02,
        transient=None,
        seeds=SEEDS,
        draw=NETWORKS,
        mutants=(
            Mutant("half-the-rate", "exp(-lambda tau)", {"rate": 0.02}),
            Mutant(
                "huberized",
                "a ReLU with a rounded knee, not homogeneous",
                {"curve": partial(errors.imbalance, relu=False)},
            ),
        ),
    ),
    rate(
        "density-against-particles",
        "Upwind finite volumes for the PDE of scalar tokens tend to the particles at order 1.",
        1 / N,
        errors.flow_error,
        {
            "second-order": ("1/N^2", N**-2),
            "decay-forgotten": ("density without decay", partial(errors.flow_error, decay=0.0)),
        },
        sizes={
            "smoke": {"N": [16, 32, 64, 128]},
            "standard": {"N": [16, 32, 64, 128, 256]},
            "full": {"N": [16, 32, 64, 128, 256]},
        },
        seeds={"smoke": 8, "standard": 32, "full": 64},
        margin=0.15,
        statistic="mean",
    ),
)

decay = {
    "sizes": {"N": list(errors.INVERSE_DECAYS)},
    "seeds": {"smoke": 5, "standard": 12, "full": 24},
    "cap": {"smoke": 10, "standard": 24, "full": 48},
    "margin": 0.2,
    "draw": "mean-field-flow/ends",
    "statistic": "geometric",  # each data set has a constant of its own: none shall outweigh others
}
decay_claims = (
    rate(
        "risk-against-decay",
        "Where training ends R is of order lambda^2 (virial identity; the theorem bounds it by "
        "C lambda).",
        N**-2,
        partial(errors.at_rest, part="risk"),
        {"linear": ("R of order lambda, as bounded", 1 / N), "cubic": ("lambda^3", N**-3)},
        **decay,
    ),
    rate(
        "penalised-against-decay",
        "Where training ends Q is of order lambda.",
        1 / N,
        partial(errors.at_rest, part="penalised"),
        {"quadratic": ("Q like R, lambda^2", N**-2), "root": ("sqrt(lambda)", N**-HALF)},
        **decay,
    ),
)


def identity(
    name: str, statement: str, residuals: Callable[..., Any], slips: Mapping[str, str]
) -> IdentityClaim:
    """An identity of finite networks, and slips that must break it."""

    all_residuals = quick_jit(jax.vmap(residuals), level=0)

    def measured(which: str) -> Callable[..., Any]:
        return lambda size, keys: all_residuals(identities.draw(keys))[which]

    return IdentityClaim(
        **about(name, statement, "reconstructed"),
        residual=measured("right"),
        tolerance=dtype_tolerance(float, condition=100.0, operations=10),
        seeds=SEEDS,
        mutants=mutants("residual", {slip: (text, measured(slip)) for slip, text in slips.items()}),
    )


identity_claims = (
    identity(
        "gradients",
        "The derived gradients of both blocks equal automatic differentiation.",
        identities.gradient_residuals,
        {
            "transposed": "W and its transpose swapped in the gradient in Z, as in G.3",
            "uncentred": "softmax weights differentiated as if they were not normalised",
        },
    ),
    identity(
        "adjoint",
        "The adjoint is carried back through interleaved half-layers.",
        identities.adjoint_residuals,
        {
            "separated": "all attention layers, then all feed-forward layers",
            "plain": "the plain exponential of the integrated Jacobian, (3.3)",
        },
    ),
    identity(
        "functional-derivative",
        "dQ/drho = E <g, p> + lambda |beta|^2 / 2, at finite depth.",
        identities.variation_residuals,
        {
            "no-decay": "weight decay forgotten",
            "one-costate": "attention paired with the adjoint at the end of its layer",
        },
    ),
)
claims = (
    *on_data(errors.PLAIN), fluctuation_claim, *depth_claims, *flow_claims, *decay_claims,
    *identity_claims, *digits_claims(),
)  # fmt: skip


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
        "R and Q where training ends, against 1/lambda.",
        draw_series(
            {
                "risk-against-decay": ("1/lambda", "risk R"),
                "penalised-against-decay": ("1/lambda", "penalised risk Q"),
            }
        ),
        axes=2,
    ),
)
not_checked = (
    "Weak convergence of the empirical measure along general sequences (L, M): rates of outputs, "
    "risks and particles are measured, at fixed training time.",
    "How the constant depends on training time (the proof gives a double exponential).",
    "Global convergence (Theorem 4.1): measured are the floor that follows from equivariance, and "
    "R ~ lambda^2 where training ends, which assumes interpolation.",
    "Continuous initial laws against their infinite width: only atomic laws have an exact limit.",
    "That the stationary points found by L-BFGS are those that the flow itself reaches.",
    "Outputs away from the training sequences.",
    "Depth, identities and the end of training on digits; without scikit-learn, digits at all.",
)
