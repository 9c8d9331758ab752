"""Claims of the mean-field flow: rates in width and depth, laws of the flow, identities, the PDE.

Sizes: M is the width, L the depth, N a number of steps or cells. One seed is one network, drawn
from an atomic law whose infinite width is had exactly. Data: in-context regression, unless said.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from checks.report.picture import Picture
from checks.verdicts import (
    DecayClaim,
    IdentityClaim,
    InequalityClaim,
    Mutant,
    RateClaim,
    dtype_tolerance,
)
from numerics.mean_field_flow import at_every_layer, half_steps, particle_distance
from numerics.training.identities import (
    adjoint_residuals,
    gradient_residuals,
    variation_residuals,
)
from numerics.training.runs import (
    Setting,
    deep_networks,
    density_error,
    depth_limits,
    infinite_depth,
    law,
    networks,
)
from numerics.training.scalar_tokens import EDGE, flow_density, flow_particles, random_pairs
from numerics.training.sequences import in_context_regression
from numerics.training.stationary import Stationary, stationary_points

Size = Mapping[str, int]
Keys = Any
M, L, N = sp.symbols("M L N", positive=True)
HALF = sp.Rational(1, 2)
PLAIN, WITHOUT_DECAY = Setting(), Setting(decay=0.0)
SEEDS = {"smoke": 48, "standard": 128, "full": 256}


def room_claim(name: str, statement: str, source: str = "reconstructed") -> dict[str, Any]:
    """What the claims of this room have in common."""
    return {
        "id": f"mean-field-flow/{name}",
        "theorem": "mean_field_flow",
        "statement": statement,
        "source": source,
    }


# Width
def output_error(size: Size, keys: Keys, limit: Setting = PLAIN) -> jax.Array:
    """Root mean square over the data of output minus limit, at the last time."""
    run = networks(PLAIN, size["M"], keys)
    target = run.limit if limit == PLAIN else networks(limit, size["M"], keys).limit
    return jnp.sqrt(jnp.mean((run.finite.outputs - target.outputs)[:, -1] ** 2, axis=1))


def risk_error(size: Size, keys: Keys, limit: Setting = PLAIN) -> jax.Array:
    """Difference of the penalised risk Q from its limit, at the last time."""
    run = networks(PLAIN, size["M"], keys)
    target = run.limit if limit == PLAIN else networks(limit, size["M"], keys).limit
    return jnp.abs(run.finite.penalised[:, -1] - target.penalised[-1])


def coupling_error(size: Size, keys: Keys, untrained: bool = False) -> jax.Array:
    """Root mean square distance of particles from their limits."""
    run = networks(PLAIN, size["M"], keys)
    limit = at_every_layer(law(), PLAIN.depth) if untrained else run.limit_end
    distance = partial(particle_distance, limit=limit, eta=half_steps(PLAIN.depth))
    return jax.vmap(lambda ends, w: distance(ends, weights=w))(run.ends, run.weights)


# An atomic law makes every width cost the same: levels lie where 1/M beside 1 is nothing.
WIDTHS = {
    "smoke": {"M": [16, 128, 1024, 8192]},
    "standard": {"M": [8, 16, 128, 1024, 8192]},
    "full": {"M": [8, 16, 64, 128, 1024, 8192]},
}
width = {
    "sizes": WIDTHS,
    "seeds": SEEDS,
    "statistic": "rms",
    "next_order": None,
}
faster = Mutant("faster", "a rate better by 1/sqrt(M)", {"predicted": 1 / M})
width_claims = (
    RateClaim(
        **room_claim(
            "output-in-width", "Trained outputs are within C / sqrt(M) of infinite width.", "quoted"
        ),
        **width,
        predicted=M**-HALF,
        kind="upper bound",
        error=output_error,
        mutants=(
            faster,
            Mutant(
                "decay-forgotten",
                "the limit trained without weight decay",
                {"error": partial(output_error, limit=WITHOUT_DECAY)},
            ),
        ),
    ),
    RateClaim(
        **room_claim("risk-in-width", "Trained Q is within C / sqrt(M) of its limit.", "quoted"),
        **width,
        predicted=M**-HALF,
        kind="upper bound",
        error=risk_error,
        mutants=(
            faster,
            Mutant(
                "decay-forgotten",
                "the limit trained and measured without weight decay",
                {"error": partial(risk_error, limit=WITHOUT_DECAY)},
            ),
        ),
    ),
    RateClaim(
        **room_claim(
            "particles-in-width",
            "Trained particles are off their limits by exactly the order 1/sqrt(M).",
        ),
        **width,
        predicted=M**-HALF,
        kind="exact",
        error=coupling_error,
        mutants=(
            faster,
            Mutant(
                "limit-untrained",
                "the limit of the particles taken to be where they start",
                {"error": partial(coupling_error, untrained=True)},
            ),
        ),
    ),
    RateClaim(
        **room_claim(
            "squared-error-in-width",
            "Half the squared output error, the bias of the risk beyond first order, is exactly of "
            "order 1/M.",
        ),
        **{**width, "statistic": "mean"},
        predicted=1 / M,
        kind="exact",
        error=lambda size, keys: output_error(size, keys) ** 2 / 2,
        mutants=(
            Mutant("root", "1/sqrt(M), as if signs did not cancel", {"predicted": M**-HALF}),
            Mutant("square", "1/M^2", {"predicted": M**-2}),
        ),
    ),
)


# Width and depth together
def fluctuation(size: Size, keys: Keys) -> jax.Array:
    """Output minus infinite width at the same depth, after a short training."""
    setting = Setting(depth=size["L"], longest=16, steps=4)
    run = networks(setting, size["M"], keys)
    return jnp.sqrt(jnp.mean((run.finite.outputs - run.limit.outputs)[:, -1] ** 2, axis=1))


fluctuation_claim = RateClaim(
    **room_claim(
        "fluctuation-in-width-and-depth",
        "Layers are independent: the distance to infinite width is exactly of order 1/sqrt(M L), "
        "for every width, M = 1 included.",
        "abstract",
    ),
    sizes={
        "smoke": {"M": [1, 16, 256], "L": [4, 16]},
        "standard": {"M": [1, 16, 256], "L": [4, 8, 16]},
        "full": {"M": [8, 16, 64, 64], "L": [2, 4, 8, 16]},
    },
    seeds=SEEDS,
    statistic="rms",
    predicted=(M * L) ** -HALF,
    margin=0.15,
    next_order=None,
    error=fluctuation,
    mutants=(
        Mutant(
            "depth-does-not-help",
            "1/sqrt(M) at almost any depth",
            {"predicted": M**-HALF * L ** -sp.Rational(1, 100)},
        ),
        Mutant("depth-like-bias", "1/(sqrt(M) L)", {"predicted": M**-HALF / L}),
    ),
)


# Depth
def depth_error(size: Size, keys: Keys, wrong: bool = False) -> jax.Array:
    """Root mean square of trained output minus infinite depth, at infinite width."""
    limit = deep_networks(5, keys).end if wrong else infinite_depth(keys).end
    return jnp.sqrt(jnp.mean((deep_networks(size["L"], keys).end - limit) ** 2, axis=1))


def depth_remainder(
    size: Size, keys: Keys, alternation: float = 1.0, factor: float = 1.0
) -> jax.Array:
    """Root mean square of untrained output minus limit minus derived coefficient / L."""
    limit, coefficient = depth_limits(jnp.asarray(keys), alternation)
    remainder = deep_networks(size["L"], keys).start - limit - factor * coefficient / size["L"]
    return jnp.sqrt(jnp.mean(remainder**2, axis=1))


depth = {
    "sizes": {
        "smoke": {"L": [4, 6, 8, 12, 16]},
        "standard": {"L": [4, 8, 12, 16, 24]},
        "full": {"L": [4, 8, 12, 16, 24]},
    },
    "seeds": {"smoke": 8, "standard": 16, "full": 32},
}
depth_claims = (
    RateClaim(
        **room_claim("output-in-depth", "Trained outputs are off infinite depth by order 1/L."),
        **depth,
        statistic="rms",
        predicted=1 / L,
        error=depth_error,
        mutants=(
            Mutant("second-order", "1/L^2, as for symmetric splitting", {"predicted": L**-2}),
            Mutant("half", "1/sqrt(L)", {"predicted": L**-HALF}),
            Mutant(
                "wrong-limit",
                "depth 5 in place of the limit",
                {"error": partial(depth_error, wrong=True)},
            ),
        ),
    ),
    RateClaim(
        **room_claim(
            "depth-coefficient",
            "Untrained outputs are off infinite depth by the derived coefficient / L, "
            "up to order 1/L^2.",
        ),
        **depth,
        statistic="rms",
        predicted=L**-2,
        error=depth_remainder,
        mutants=(
            Mutant(
                "simultaneous",
                "attention and feed-forward of a layer see the same state",
                {"error": partial(depth_remainder, alternation=0.0)},
            ),
            Mutant(
                "whole-steps",
                "the defect of half-layers with steps 1/L",
                {"error": partial(depth_remainder, factor=2.0)},
            ),
        ),
    ),
)


# Laws of the flow
def dissipation_defect(
    size: Size, keys: Keys, sign: float = 1.0, forget: bool = False
) -> jax.Array:
    """|Q(0) - Q(2) - integral of |G|^2| by the trapezium rule over N Heun steps."""
    setting = Setting(step=2 / size["N"], decay=0.1)
    course = jax.tree.map(lambda x: x[:, : size["N"] + 1], networks(setting, 8, keys).finite)
    rate = (course.dissipation[:, 1:] + course.dissipation[:, :-1]).sum(axis=1) * setting.step / 2
    energy = course.risk if forget else course.penalised
    return jnp.abs(energy[:, 0] - energy[:, -1] - sign * rate)


def fall(size: Size, keys: Keys, sign: float = 1.0) -> jax.Array:
    """The smallest decrease of Q in one step."""
    course = networks(PLAIN, 8, keys).finite.penalised
    return sign * (course[:, :-1] - course[:, 1:]).min(axis=1)


def above_floor(size: Size, keys: Keys, data: str = "pairs") -> jax.Array:
    """Risk minus 1/8 after training on permuted pairs with opposite labels."""
    return networks(Setting(data=data, step=2.0, decay=0.001), 8, keys).finite.risk[:, -1] - 0.125


TIMES = (2.0, 4.0, 6.0, 8.0)


def imbalance(size: Size, keys: Keys, relu: bool = True) -> jax.Array:
    """Mean over neurons of | |W1 row|^2 - |W2 column|^2 |, at the times."""
    curves = []
    for time in TIMES:
        end = networks(Setting(step=time / 16, decay=0.02, relu=relu), 8, keys).ends
        gap = jnp.sum(end.W1**2, axis=-1) - jnp.sum(end.W2**2, axis=-2)
        curves.append(jnp.abs(gap).mean(axis=(1, 2, 3)))
    return jnp.stack(curves, axis=1)


flow_claims = (
    RateClaim(
        **room_claim(
            "dissipation",
            "Q falls by the integral of |G|^2: the defect vanishes to second order in the step.",
            "quoted",
        ),
        sizes={"N": [2, 4, 8, 16]},
        seeds=SEEDS,
        statistic="rms",
        predicted=N**-2,
        margin=0.25,
        error=dissipation_defect,
        mutants=(
            Mutant("first-order", "1/N", {"predicted": 1 / N}),
            Mutant(
                "minus-forgotten",
                "dQ/dtau = + integral of |G|^2, as printed in (D.25)",
                {"error": partial(dissipation_defect, sign=-1.0)},
            ),
            Mutant(
                "decay-forgotten",
                "R in place of Q",
                {"error": partial(dissipation_defect, forget=True)},
            ),
        ),
    ),
    InequalityClaim(
        **room_claim("monotone", "Q falls in every step of training.", "quoted"),
        slack=fall,
        seeds=SEEDS,
        mutants=(
            Mutant("ascent", "Q rises", {"slack": partial(fall, sign=-1.0)}),
            Mutant(
                "faster-than-it-is", "slack lowered by twice its median", {"planted_shift": 2.0}
            ),
        ),
    ),
    InequalityClaim(
        **room_claim(
            "equivariance-floor",
            "Blocks are permutation-equivariant, hence not universal: with permuted copies labelled "
            "1/2 and -1/2 the risk stays at least 1/8.",
        ),
        slack=above_floor,
        tolerance=1e-12,
        seeds=SEEDS,
        mutants=(
            Mutant(
                "positions",
                "positional rows tell the copies apart",
                {"slack": partial(above_floor, data="positions")},
            ),
            Mutant(
                "same-labels",
                "ordinary data, no copies",
                {"slack": partial(above_floor, data="regression")},
            ),
        ),
    ),
    DecayClaim(
        **room_claim(
            "balancedness",
            "For ReLU, |W1 row|^2 - |W2 column|^2 of a neuron decays exactly like "
            "exp(-2 lambda tau).",
        ),
        curve=imbalance,
        times=TIMES,
        rate=0.04,
        margin=0.02,
        transient=None,
        seeds=SEEDS,
        mutants=(
            Mutant("half-the-rate", "exp(-lambda tau)", {"rate": 0.02}),
            Mutant(
                "huberized",
                "a ReLU with a rounded knee, not homogeneous",
                {"curve": partial(imbalance, relu=False)},
            ),
        ),
    ),
    RateClaim(
        **room_claim(
            "density-against-particles",
            "Upwind finite volumes for the PDE of scalar tokens tend to the particles at order 1.",
        ),
        sizes={
            "smoke": {"N": [16, 32, 64, 128]},
            "standard": {"N": [16, 32, 64, 128, 256]},
            "full": {"N": [16, 32, 64, 128, 256]},
        },
        seeds={"smoke": 8, "standard": 32, "full": 64},
        predicted=1 / N,
        margin=0.15,
        error=lambda size, keys: density_error(keys, size["N"]),
        mutants=(
            Mutant("second-order", "1/N^2", {"predicted": N**-2}),
            Mutant(
                "decay-forgotten",
                "the density flows without weight decay",
                {"error": lambda size, keys: density_error(keys, size["N"], 0.0)},
            ),
        ),
    ),
)


# Weight decay
@cache
def _along_decay(key: tuple[int, ...]) -> Stationary:
    rows = jnp.array(key, dtype=jnp.uint32)
    data = in_context_regression(rows, 4, context=3, dimension=2)
    return stationary_points(rows, data, [0.03, *(1 / n for n in INVERSE_DECAYS)])


def at_rest(size: Size, keys: Keys, part: str) -> list[float]:
    """Risk or penalised risk where training ends, decay 1/N, a data set for each seed."""
    place = INVERSE_DECAYS.index(size["N"]) + 1
    points = [_along_decay(tuple(map(int, key))) for key in keys]
    return [float(getattr(point, part)[place]) for point in points]


INVERSE_DECAYS = (100, 300, 1000, 3000)
decay = {
    "sizes": {"N": list(INVERSE_DECAYS)},
    "seeds": {"smoke": 3, "standard": 8, "full": 24},
    "cap": {"smoke": 6, "standard": 16, "full": 48},
    "margin": 0.2,
}
decay_claims = (
    RateClaim(
        **room_claim(
            "risk-against-decay",
            "Where training ends R is of order lambda^2 (virial identity; the theorem bounds it by "
            "C lambda).",
        ),
        **decay,
        predicted=N**-2,
        error=partial(at_rest, part="risk"),
        mutants=(
            Mutant("linear", "R of order lambda exactly, as bounded", {"predicted": 1 / N}),
            Mutant("cubic", "lambda^3", {"predicted": N**-3}),
        ),
    ),
    RateClaim(
        **room_claim("penalised-against-decay", "Where training ends Q is of order lambda."),
        **decay,
        predicted=1 / N,
        error=partial(at_rest, part="penalised"),
        mutants=(
            Mutant("quadratic", "Q like R, lambda^2", {"predicted": N**-2}),
            Mutant("root", "sqrt(lambda)", {"predicted": N**-HALF}),
        ),
    ),
)


# Identities
@partial(jax.jit, static_argnames="residuals")
def _all_residuals(keys: jax.Array, residuals: Callable[..., Any]) -> dict[str, jax.Array]:
    return jax.vmap(residuals)(keys)


def identity_claim(
    name: str, statement: str, residuals: Callable[..., Any], slips: Mapping[str, str]
) -> IdentityClaim:
    """An identity of finite networks, and slips that must break it."""

    def measured(which: str) -> Callable[[Size, Keys], jax.Array]:
        return lambda size, keys: _all_residuals(jnp.asarray(keys), residuals)[which]

    return IdentityClaim(
        **room_claim(name, statement),
        residual=measured("right"),
        tolerance=dtype_tolerance(float, condition=100.0, operations=10),
        seeds=SEEDS,
        mutants=[Mutant(slip, text, {"residual": measured(slip)}) for slip, text in slips.items()],
    )


identity_claims = (
    identity_claim(
        "gradients",
        "The derived gradients of both blocks equal automatic differentiation.",
        gradient_residuals,
        {
            "transposed": "W and its transpose swapped in the gradient in Z, as in G.3",
            "uncentred": "softmax weights differentiated as if they were not normalised",
        },
    ),
    identity_claim(
        "adjoint",
        "The adjoint is carried back through interleaved half-layers.",
        adjoint_residuals,
        {
            "separated": "all attention layers, then all feed-forward layers",
            "plain": "the plain exponential of the integrated Jacobian, (3.3)",
        },
    ),
    identity_claim(
        "functional-derivative",
        "dQ/drho = E <g, p> + lambda |beta|^2 / 2, at finite depth.",
        variation_residuals,
        {
            "no-decay": "weight decay forgotten",
            "one-costate": "attention paired with the adjoint at the end of its layer",
        },
    ),
)
claims = (
    *width_claims,
    fluctuation_claim,
    *depth_claims,
    *flow_claims,
    *decay_claims,
    *identity_claims,
)


# Pictures
def draw_flow(axes: Any, results: Mapping[str, Any]) -> None:
    """Particles and density of the scalar-token model, first and last layer."""
    edges = np.linspace(-EDGE, EDGE, 129)
    for axis, layer in zip(axes, (0, 2), strict=True):
        for time in (0.0, 1.0, 3.0):
            flow = {"depth": 3, "decay": 0.1, "time": time}
            pairs = random_pairs(jax.random.key(5))
            mass = flow_density(pairs, cells=128, steps=128, **flow)[layer]
            points = flow_particles(pairs, count=400, steps=16, **flow)[layer]
            axis.hist(points, bins=40, density=True, alpha=0.3)
            axis.stairs(mass / (edges[1] - edges[0]), edges, label=f"time {time:g}")
        axis.set(
            xlabel="particle y", ylabel="density", title=f"layer {layer + 1} of 3", xlim=(-1.5, 2.5)
        )
        axis.legend()


def draw_series(*names: str) -> Callable[[Any, Mapping[str, Any]], None]:
    """Measured values with error bars and the fitted form, on logarithmic axes."""

    def draw(axes: Any, results: Mapping[str, Any]) -> None:
        for axis, name in zip(axes, names, strict=True):
            result = results.get(f"mean-field-flow/{name}")
            for series in result.series if result else ():
                x = series["x"]
                axis.errorbar(x, series["mean"], series["standard_error"], fmt="o", capsize=3)
                axis.plot(x, series["fit"])
                axis.set(
                    xlabel=series["x_name"], ylabel=series["label"], xscale="log", yscale="log"
                )
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
        draw_series("output-in-width", "output-in-depth"),
        axes=2,
    ),
    Picture(
        "Risk against decay",
        "R and Q where training ends, against 1/lambda.",
        draw_series("risk-against-decay", "penalised-against-decay"),
        axes=2,
    ),
)
not_checked = (
    "Weak convergence of the empirical measure along general sequences (L, M); only rates of outputs, "
    "risks and particles, at fixed training time and for one data set, are measured.",
    "The dependence of the constant on training time (the proof gives a double exponential).",
    "Theorem 4.1 and its corollary (global convergence): the room measures the floor that follows from "
    "equivariance and R ~ lambda^2 where training ends, which assumes interpolation.",
    "Continuous initial laws against their infinite width: only atomic laws have an exact reference.",
    "That the points found by L-BFGS are those that the flow itself reaches.",
    "Outputs away from the training sequences.",
)
