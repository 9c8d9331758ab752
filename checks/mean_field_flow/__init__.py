"""Claims of the mean-field flow: rates in width and depth, laws of the flow, identities, the PDE.

Sizes: M is the width, L the depth, N a number of steps, cells or 1/decay. One seed is one network,
drawn from an atomic law whose infinite width is had exactly. Data: in-context regression, digits.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import jax
import numpy as np
import sympy as sp

from checks.mean_field_flow import identities, wrong
from checks.suite.picture import Picture
from checks.verdicts import (
    Column,
    ConstantClaim,
    DecayClaim,
    Experiment,
    FrequencyClaim,
    IdentityClaim,
    IndependenceClaim,
    InequalityClaim,
    MonotoneClaim,
    RateClaim,
    Statements,
    With,
    dtype_tolerance,
    lowered,
)
from numerics.engine.measuring import Size, Table
from numerics.engine.quick import quick_jit
from numerics.mean_field_flow import depths, errors, first_order
from numerics.mean_field_flow.runs import Setting
from numerics.mean_field_flow.scalar_tokens import (
    EDGE,
    densities,
    drift,
    flow_density,
    flow_particles,
    random_pairs,
)

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
state = Statements("mean_field_flow")


def rate(
    name: str, statement: str, predicted: Any, error: Any, slips: Mapping[str, Any], **more: Any
) -> RateClaim:
    """A rate of convergence in mean square over seeds, unless said otherwise."""
    more = {"statistic": "rms", "seeds": SEEDS, **more}
    return state(RateClaim, name, statement, error, slips, predicted=predicted, **more)


def networks(name: str, simulate: Callable[..., Table], **options: Any) -> Experiment:
    """What is measured of networks that are trained for several questions."""
    whole = Experiment(f"{NETWORKS}/{name}", simulate, draw=NETWORKS, block=48)
    return replace(whole, options=options)


def defect(_: Size, table: Table, fall: str = "fall", sign: float = 1.0) -> np.ndarray:
    """|fall - integral of |G|^2|."""
    return np.abs(table[fall] - sign * table["dissipated"])


def square(_: Size, table: Table, limit: str = "limit") -> np.ndarray:
    """Half the squared error of the outputs."""
    return table[f"output/{limit}"] ** 2 / 2


def on_data(setting: Setting, suffix: str = "") -> tuple[RateClaim, ...]:
    """The claims that any data can test: rates in width, and dissipation."""
    wide = networks(f"wide{suffix}", errors.beside_infinite_width, setting=setting)
    steps = networks(f"steps{suffix}", errors.time_steps, setting=setting)
    # The share of a floor is the hardest to tell: it decides the number of seeds.
    grid = {"sizes": WIDTHS, "next_order": None}
    outputs = {
        "seeds": {"smoke": 96, "standard": 144, "full": 288},
        "cap": {"smoke": 192, "standard": 576, "full": 1152},
    }
    faster = (r"a rate better by $1/\sqrt{M}$", 1 / M)
    return (
        rate(
            f"output-in-width{suffix}",
            r"Trained outputs are within $C/\sqrt{M}$ of infinite width.",
            M**-HALF,
            wide["output/limit"],
            {
                "faster": faster,
                "decay-forgotten": ("a limit without decay", wide["output/no decay"]),
            },
            kind="upper bound",
            source="quoted",
            **grid | outputs,
        ),
        rate(
            f"risk-in-width{suffix}",
            r"The penalised risk $Q$ after training is within $C/\sqrt{M}$ of infinite width.",
            M**-HALF,
            wide["risk/limit"],
            {
                "faster": faster,
                "decay-forgotten": ("a limit without decay", wide["risk/no decay"]),
            },
            kind="upper bound",
            source="quoted",
            **grid | outputs,
        ),
        rate(
            f"particles-in-width{suffix}",
            r"Trained particles are off their limits by exactly the order $1/\sqrt{M}$.",
            M**-HALF,
            wide["particles"],
            {
                "faster": faster,
                "limit-untrained": ("where limits start", wide["way"]),
            },
            **grid,
        ),
        rate(
            f"squared-error-in-width{suffix}",
            "The part of the risk beyond first order is exactly of order $1/M$.",
            1 / M,
            wide.column(square),
            {
                "root": (r"$1/\sqrt{M}$, as if signs did not cancel", M**-HALF),
                "square": ("$1/M^2$", M**-2),
                "decay-forgotten": ("a limit without decay", With(limit="no decay")),
            },
            statistic="mean",
            **grid | outputs,
        ),
        rate(
            f"dissipation{suffix}",
            "$Q$ falls by the integral of $|G|^2$: the defect is of second order in the time step.",
            N**-2,
            steps.column(defect),
            {
                "first-order": ("$1/N$", 1 / N),
                "minus-forgotten": (
                    r"$d Q/d \tau = +\int |G|^2$, as printed in (D.25)",
                    With(sign=-1.0),
                ),
                "decay-forgotten": ("$R$ for $Q$", With(fall="fall of the risk")),
            },
            sizes={"N": [2, 4, 6, 8]},
            statistic="geometric",  # one network far from its limit would outweigh the others
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


short = networks("short", errors.short_training)
tied = short.changed("tied", draw=wrong.tied)
levels: dict[str, Any] = {
    "sizes": {
        "smoke": {"M": [1, 16, 256], "L": [2, 8]},
        "standard": {"M": [1, 16, 256], "L": [4, 8, 16]},
        "full": {"M": [1, 4, 16, 256], "L": [2, 4, 8, 16]},
    },
    "cap": {"smoke": 192, "standard": 576, "full": 1152},
}


def over_derived(_: Size, table: Table, times: float = 1.0, power: int = 1) -> np.ndarray:
    """Untrained outputs about infinite width, over their derived spread without (M L)^(-1/2)."""
    return table["start"] / (times * table["spread"] ** power)


constant_claim = state(
    ConstantClaim,
    "clt-constant",
    r"Before training, $\sqrt{M L}$ times the deviation of the outputs from infinite width is "
    r"the one that $\langle g, p \rangle$ of a particle gives.",
    short.column(over_derived),
    {
        "whole": ("$f + h$ for their half", With(times=2.0)),
        "variance": ("variance for standard deviation", With(power=2)),
    },
    predicted=(M * L) ** -HALF,
    constant=1.0,
    statistic="rms",
    margin=0.15,
    next_order=None,
    seeds=SEEDS,
    **levels,
)

DEVIATIONS = (1.0, 2.0)


def beyond(size: Size, table: Table, power: float = 0.5) -> np.ndarray:
    """Is an error, before or after training, above the quantile of a Gaussian vector's norm?

    A Gaussian vector whose squares have the mean v is longer than
    sqrt(v (1 + 2 sqrt(delta) + 2 delta)) with probability exp(-delta) at most.
    """
    spread = table["spread"] / (size["M"] * size["L"]) ** power
    factors = [np.sqrt(1 + 2 * np.sqrt(delta) + 2 * delta) for delta in DEVIATIONS]
    return np.stack(
        [table[time] > factor * spread for time in ("start", "end") for factor in factors], 1
    )


tails_claim = state(
    FrequencyClaim,
    "tails",
    r"Outputs are off infinite width by more than $\sqrt{1 + 2\sqrt{\delta} + 2\delta}$ times the "
    r"derived spread with probability $\exp(-\delta)$ at most, before and after a short training.",
    short.column(beyond),
    {
        "tied-layers": ("all layers have the particles of the first", tied.column(beyond)),
        "depth-like-bias": ("a spread of order $1/(M L)$", With(power=1.0)),
    },
    events=tuple(f"{time}, delta = {delta:g}" for time in ("start", "end") for delta in DEVIATIONS),
    low=0.0,
    high=tuple(float(np.exp(-delta)) for _ in range(2) for delta in DEVIATIONS),
    source="reconstructed",
    seeds=SEEDS,
    **levels,
)
growth = networks("growth", errors.training_time)


def over_time(size: Size, table: Table, power: float = 1.0) -> np.ndarray:
    """The distance of particles from their limits over training time."""
    return table["particles"] / size["tau"] ** power


growth_claim = state(
    IndependenceClaim,
    "growth-in-time",
    "Particles leave their limits at most in proportion to training time (the proof allows a "
    "double exponential).",
    growth.column(over_time),
    {
        "quarter": (r"at most in proportion to $\tau^{1/4}$", With(power=0.25)),
        "decay-reversed": (
            "weight decay with the wrong sign",
            growth.changed("reversed", decay=-0.1).column(over_time),
        ),
    },
    kind="no growth",
    sizes={"tau": [2, 4, 8, 16]},
    statistic="rms",
    source="reconstructed",
    seeds=SEEDS,
)
fluctuation_claim = rate(
    "fluctuation-in-width-and-depth",
    r"Layers are independent: the distance to infinite width is exactly of order $1/\sqrt{M L}$, "
    "for every width, $M = 1$ included.",
    (M * L) ** -HALF,
    short["end"],
    {
        "depth-does-not-help": (
            r"$1/\sqrt{M}$ at almost any depth",
            M**-HALF * L ** -sp.Rational(1, 100),
        ),
        "depth-like-bias": (r"$1/(\sqrt{M} L)$", M**-HALF / L),
        "tied-layers": (
            "all layers have the particles of the first",
            {"error": tied["end"], "seeds": 48, "cap": 48},
        ),
    },
    margin=0.15,
    next_order=None,
    source="abstract",
    **levels,
)

depth = {
    "sizes": {
        "smoke": {"L": [4, 6, 8, 12, 16]},
        "standard": {"L": [4, 8, 12, 16, 24]},
        "full": {"L": [4, 8, 12, 16, 24]},
    },
    "seeds": {"smoke": 8, "standard": 16, "full": 32},
}


def of_all_depths(name: str, simulate: Callable[..., Table], measure: Any) -> Column:
    """What is read of networks of all depths, which start from the same laws."""
    draw = "mean-field-flow/depths"
    return Experiment(f"{draw}/{name}", simulate, draw).column(measure, lambda size: {})


def off_limit(size: Size, table: Table, limit: str = "end/limit") -> np.ndarray:
    """Root mean square of trained output minus infinite depth."""
    return np.sqrt(np.mean((table["end/{L}".format_map(size)] - table[limit]) ** 2, axis=1))


def remainder(size: Size, table: Table, factor: float = 1.0) -> np.ndarray:
    """Root mean square of untrained output minus limit minus coefficient / L."""
    first = factor * table["coefficient"] / size["L"]
    left = table["start/{L}".format_map(size)] - table["start/limit"] - first
    return np.sqrt(np.mean(left**2, axis=1))


at_rest = of_all_depths("at-rest", depths.across_depth, remainder)
moving = of_all_depths("moving", depths.across_depth_moving, remainder)


def with_defect(right: Column, name: str, defect: depths.Defect) -> Column:
    """The remainder with another local defect."""
    return replace(right, experiment=right.experiment.changed(name, defect=defect))


depth_claims = (
    rate(
        "output-in-depth",
        "Trained outputs at infinite width are off infinite depth by exactly the order $1/L$.",
        1 / L,
        replace(at_rest, of=off_limit),
        {
            "second-order": ("$1/L^2$, as for symmetric splitting", L**-2),
            "half": (r"$1/\sqrt{L}$", L**-HALF),
            "wrong-limit": ("depth 5 as limit", With(limit="end/5")),
        },
        **depth,
    ),
    rate(
        "depth-coefficient",
        "Untrained outputs are off infinite depth by the derived coefficient over $L$, up to "
        "$1/L^2$.",
        L**-2,
        at_rest,
        {
            "simultaneous": (
                "attention and feed-forward of a layer see the same state",
                with_defect(at_rest, "simultaneous", wrong.simultaneous),
            ),
            "whole-steps": (
                "half-layers with steps $1/L$",
                With(factor=2.0),
            ),
        },
        **depth,
    ),
    rate(
        "depth-coefficient-of-a-moving-law",
        "The same where the law changes with depth: the coefficient has the change of $g$ with "
        "$t$.",
        L**-2,
        moving,
        {
            "change-unseen": (
                "the change of $g$ with depth left out",
                with_defect(moving, "unchanging", wrong.unchanging),
            ),
            "first-order": ("$1/L$", 1 / L),
        },
        **depth,
    ),
)


def smallest_fall(_: Size, table: Table, sign: float = 1.0) -> np.ndarray:
    """Of Q in one step of training."""
    return (-sign * np.diff(table["penalised"])).min(axis=1)


def above_floor(_: Size, table: Table) -> np.ndarray:
    """Risk minus 1/8 after training."""
    return table["risk"][:, -1] - 0.125


def imbalance(_: Size, table: Table) -> np.ndarray:
    """Of the two weights of a neuron, at TIMES."""
    return table["imbalance"][:, [int(time) for time in errors.TIMES]]


def long(name: str, of: Callable[..., Any], **setting: Any) -> Column:
    """What is read of networks that are trained for a while."""
    return networks(name, errors.long_training, setting=Setting(**setting)).column(of)


pairs, positions, ordinary = (
    long(data, above_floor, data=data, step=2.0, steps=16, decay=0.001)
    for data in ("pairs", "positions", "regression")
)
rectified, huberized = (
    long(name, imbalance, step=1.0, steps=8, decay=0.02, relu=relu)
    for name, relu in (("rectified", True), ("huberized", False))
)
density = Experiment("mean-field-flow/density-against-particles", densities, together="N")


def density_with(name: str) -> Column:
    """Distances of the density that flows with another drift."""
    return density.changed(name, drift=getattr(wrong, name))["distance/{N}"]


flow_claims = (
    state(
        InequalityClaim,
        "monotone",
        "$Q$ falls in every step of training.",
        long("falls", smallest_fall, step=0.5, steps=16),
        {
            "ascent": ("$Q$ rises", With(sign=-1.0)),
            "twice-as-fast": ("slack lowered by twice its median", lowered(2)),
        },
        source="quoted",
        seeds=SEEDS,
    ),
    state(
        InequalityClaim,
        "equivariance-floor",
        "Equivariant blocks are not universal: with permuted copies labelled $1/2$ and $-1/2$ "
        "the risk stays at least $1/8$.",
        pairs,
        {
            "positions": ("positional rows tell the copies apart", positions),
            "no-copies": ("ordinary data", ordinary),
        },
        tolerance=1e-12,
        seeds=SEEDS,
    ),
    state(
        DecayClaim,
        "balancedness",
        "For ReLU, the squared norm of a neuron's row of $W_1$ less that of its column of $W_2$ "
        r"decays like $\exp(-2 \lambda \tau)$.",
        rectified,
        {
            "half-the-rate": (r"$\exp(-\lambda \tau)$", {"rate": 0.02}),
            "huberized": ("a ReLU with a rounded knee, not homogeneous", huberized),
        },
        times=errors.TIMES,
        rate=0.04,
        margin=0.02,
        transient=None,
        seeds=SEEDS,
    ),
    rate(
        "density-against-particles",
        "Upwind finite volumes for the PDE of scalar tokens, with the derived drift, tend at order "
        "1 to the particles of a network that follows the gradient of its risk.",
        1 / N,
        density["distance/{N}"],
        {
            "second-order": ("$1/N^2$", N**-2),
            "decay-forgotten": ("density without decay", density_with("no_decay")),
            "half-the-gradient": ("the drift of the density halved", density_with("half")),
            "ascent": ("the density climbs", density_with("ascent")),
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


def nearness(_: Size, table: Table, within: float = 0.1, step: int = -1) -> np.ndarray:
    """``within`` minus the relative distance of Q between two flows, at a step."""
    return within - np.abs(table["large"][:, step] / table["small"][:, step] - 1)


decay = {
    "sizes": {"N": list(errors.INVERSE_DECAYS)},
    "seeds": {"smoke": 5, "standard": 12, "full": 24},
    "cap": {"smoke": 10, "standard": 24, "full": 48},
    "margin": 0.2,
    "statistic": "geometric",  # each data set has a constant of its own: none shall outweigh others
}
ends = Experiment("mean-field-flow/ends", errors.ends_of_training)
end_risk, end_penalised = (
    replace(ends[f"{part}/{{N}}"], at=lambda size: {}) for part in ("risk", "penalised")
)
decay_claims = (
    rate(
        "risk-against-decay",
        r"Where training ends $R$ is of order $\lambda^2$ (virial identity; the theorem bounds "
        r"it by $C \lambda$).",
        N**-2,
        end_risk,
        {
            "linear": (r"$R$ of order $\lambda$, as bounded", 1 / N),
            "cubic": (r"$\lambda^3$", N**-3),
            "penalised": ("$Q$ for $R$", end_penalised),
        },
        **decay,
    ),
    rate(
        "penalised-against-decay",
        r"Where training ends $Q$ is of order $\lambda$.",
        1 / N,
        end_penalised,
        {
            "quadratic": (r"$Q$ like $R$, $\lambda^2$", N**-2),
            "root": (r"$\sqrt{\lambda}$", N**-HALF),
            "risk": ("$R$ for $Q$", end_risk),
        },
        **decay,
    ),
    state(
        InequalityClaim,
        "ends-of-flows",
        "At decay 0.1 flows from small and from large particles end within a tenth of the same "
        "$Q$.",
        Experiment("mean-field-flow/ends-of-flows", first_order.two_starts).column(nearness),
        {
            "stopped": ("flows stopped early", With(step=4)),
            "a-thousandth": ("within a thousandth", With(within=1e-3)),
        },
        source="abstract",
        seeds={"standard": 16, "full": 48},
    ),
)

flows = Experiment("mean-field-flow/to-the-end", first_order.to_the_end)
reversed_decay = flows.changed("reversed", decay_of=wrong.growing_decay)


def one_end(
    _: Size, table: Table, within: float = 1e-4, at: str = "Q", rest: str = "rest"
) -> np.ndarray:
    """``within`` minus the largest relative distance of Q from where L-BFGS ends."""
    ends = np.stack([table[f"{at}/{radius}/10"] for radius in (2, 6)])
    return within - np.abs(ends / table[rest] - 1).max(0)


end_claims = (
    state(
        InequalityClaim,
        "one-end",
        "On one data set in the plane, at decay 0.1, flows from small and from large "
        "particles, and a quasi-Newton method from others, end at one $Q$, within $10^{-4}$.",
        flows.column(one_end),
        {
            "risk": ("$R$ for $Q$", With(at="R")),
            "smaller-decay": ("the end of a flow with decay 1/30", With(rest="Q/2/30")),
            "decay-reversed": ("a decay of $N/3000$", reversed_decay.column(one_end)),
        },
        source="abstract",
        seeds={"smoke": 8, "standard": 32, "full": 96},
    ),
    state(
        MonotoneClaim,
        "risk-falls-with-decay",
        "On one data set in the plane, from small particles: the smaller the weight decay, the "
        "smaller the risk after the same training time.",
        replace(flows["R/2/{N}"], at=lambda size: {}),
        {
            "decay-reversed": (
                "a decay of $N/3000$",
                replace(reversed_decay["R/2/{N}"], at=lambda size: {}),
            ),
            "grows": ("it grows", {"kind": "grows"}),
        },
        sizes={"N": [10, 30, 100, 300]},
        source="abstract",
        seeds={"smoke": 8, "standard": 32, "full": 96},
    ),
)


def identity(
    name: str, statement: str, residuals: Callable[..., Any], slips: Mapping[str, str]
) -> IdentityClaim:
    """An identity of finite networks, and slips that must break it."""

    all_residuals = quick_jit(jax.vmap(residuals), level=0)

    drawn = Experiment(state.name(name), lambda _, keys: all_residuals(identities.draw(keys)))
    return state(
        IdentityClaim,
        name,
        statement,
        drawn["right"],
        {slip: (text, drawn[slip]) for slip, text in slips.items()},
        tolerance=dtype_tolerance(float, condition=100.0, operations=10),
        seeds=SEEDS,
    )


identity_claims = (
    identity(
        "training",
        "The drift is $M L$ times the gradient, by JAX, of the penalised risk of the network.",
        identities.training_residuals,
        {
            "no-decay": "weight decay forgotten",
            "whole-steps": "half-layers with steps $1/L$",
            "attention-twice": "heads trained twice as fast",
        },
    ),
    identity(
        "gradients",
        "The derived gradients of both blocks equal automatic differentiation.",
        identities.gradient_residuals,
        {
            "transposed": "$W$ and its transpose swapped in the gradient in $Z$, as in G.3",
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
        r"The derivative of $Q$ in the law of a particle $\theta$ is $E \langle g, p \rangle + "
        r"\lambda |\theta|^2 / 2$, at finite depth.",
        identities.variation_residuals,
        {
            "no-decay": "weight decay forgotten",
            "one-costate": "attention paired with the adjoint at the end of its layer",
        },
    ),
)
scalar_drifts = Experiment(
    state.name("scalar-tokens"),
    identities.scalar_token_residuals(
        {"right": drift, "no-decay": wrong.no_decay, "half": wrong.half, "ascent": wrong.ascent}
    ),
)
scalar_claim = state(
    IdentityClaim,
    "scalar-tokens",
    "The derived drift of scalar tokens is $L M$ times the gradient, by JAX, of the penalised risk "
    "of the network written out.",
    scalar_drifts["right"],
    {
        "no-decay": ("weight decay forgotten", scalar_drifts["no-decay"]),
        "half": ("the gradient of the risk halved", scalar_drifts["half"]),
        "ascent": ("the risk climbed", scalar_drifts["ascent"]),
    },
    tolerance=dtype_tolerance(float, condition=100.0, operations=10),
    seeds=SEEDS,
)
claims = (
    *on_data(errors.PLAIN), fluctuation_claim, constant_claim, tails_claim, growth_claim,
    *depth_claims, *flow_claims, *decay_claims, *end_claims, *identity_claims, scalar_claim,
    *digits_claims(),
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
not_checked = (
    "Weak convergence of the empirical measure along general sequences $(L, M)$: rates of "
    "outputs, risks and particles are measured, at fixed training time.",
    "How the constant depends on training time beyond time 16.",
    "Global convergence (Theorem 4.1): measured are the floor that follows from "
    r"equivariance, $R \sim \lambda^2$ where training ends, which assumes interpolation, and "
    "that flows from different starts end near one $Q$, and on one data set at one; on "
    "others no claim measures it.",
    "Continuous initial laws against their infinite width: only atomic laws have an exact limit.",
    "That the stationary points found by L-BFGS are those that the flow itself reaches.",
    "Outputs away from the training sequences.",
    "Depth, identities and the end of training on digits; without scikit-learn, digits at all.",
)
