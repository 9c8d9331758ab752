"""Claims about gradient descent on a shallow transformer: constants, widths, lengths, contrast.

Sizes: m heads, n samples, T tokens. One seed is one network with its data, or one random start of a
search. Where the same law of heads serves the target and the network, that is said (``pool``).
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
    GrowthClaim,
    IdentityClaim,
    IndependenceClaim,
    InequalityClaim,
    Mutant,
    RateClaim,
    dtype_tolerance,
)
from numerics.generated import shallow_transformer_gd as generated
from numerics.measurements.long_inputs import Kicked, kicked, repetition_change, working_memory
from numerics.randomness.chunks import in_chunks
from numerics.randomness.remembered import remembered
from numerics.training.autoregressive import Followed, lagged_runs
from numerics.training.boundary import POINTS, boundary_errors
from numerics.training.certificates import certified_runs
from numerics.training.extremes import QUANTITIES, extreme_values
from numerics.training.lengths import DESIGNS, HEADS, length_losses
from numerics.training.pool import Pool, approximation_profile, response_pool
from numerics.training.widths import WidthRun, width_runs

Size = Mapping[str, int]
m, T = sp.symbols("m T", positive=True)
SIGMA1, SIGMA2 = 1.0, 4 / (3 * 3**0.5)  # of tanh
KAPPA = 4 / (3 * 3**0.5)
RADII = (1.0, 1.0, 1.0)
CHUNK = 8  # seeds trained at a time


def room_claim(name: str, statement: str, source: str = "reconstructed") -> dict[str, Any]:
    """What the claims of this room have in common."""
    common = {"statement": statement, "source": source, "theorem": "shallow_transformer_gd"}
    return {"id": f"shallow-transformer-gd/{name}", **common}


# N1: sharp constants, by gradient ascent.
def found(size: Size, keys: Any, quantity: str) -> np.ndarray:
    """The largest value one search has met."""
    arguments = QUANTITIES.index(quantity), size["T"], float(size.get("B", 1))
    return np.asarray(extreme_values(jnp.asarray(keys), *arguments, most=6, dim=2, steps=100))


def below(quantity: str, bound: Callable[[float], Any]) -> Callable[[Size, Any], np.ndarray]:
    """Slack of a bound that depends on B and not on T."""
    return lambda size, keys: float(bound(float(size.get("B", 1)))) - found(size, keys, quantity)


def constant_claim(
    name: str, what: str, quantity: str, bound: Callable[[float], Any], *mutants: Mutant, B: bool
) -> InequalityClaim:
    """A bound of one head, the same for every number of tokens."""
    sizes = {"T": [2, 3, 6]} | ({"B": [2, 4]} if B else {})
    return InequalityClaim(
        **room_claim(name, f"{what}, for every number of tokens"),
        slack=below(quantity, bound),
        sizes=sizes,
        tolerance=dtype_tolerance(np.float64, operations=64),
        seeds={"smoke": 32, "standard": 256, "full": 1024},
        mutants=mutants,
    )


cumulant_claim = constant_claim(
    "third-cumulant", "The third cumulant of tokens in the unit ball is at most 4/(3 sqrt 3)",
    "cumulant", lambda B: KAPPA,
    Mutant("three-quarters", "3/4 for 4/(3 sqrt 3)", {"slack": below("cumulant", lambda B: 0.75)}),
    Mutant("a-half", "1/2, as for a symmetric law", {"slack": below("cumulant", lambda B: 0.5)}),
    B=False,
)  # fmt: skip
gradient_claim = constant_claim(
    "gradient", "The gradient of a head is at most sigma1 max(1, B)",
    "gradient", lambda B: generated.lipschitz_constant(B, SIGMA1),
    Mutant("no-B", "the norm of U forgotten", {"slack": below("gradient", lambda B: SIGMA1)}),
    Mutant(
        "half-B", "half of B for B",
        {"slack": below("gradient", lambda B: generated.lipschitz_constant(B / 2, SIGMA1))},
    ),
    B=True,
)  # fmt: skip
curvature_claim = constant_claim(
    "curvature", "The second derivative of a head is at most L2 sharp",
    "curvature", lambda B: generated.smoothness_constant(B, SIGMA1, SIGMA2),
    Mutant(
        "no-B", "the norm of U forgotten",
        {"slack": below("curvature", lambda B: generated.smoothness_constant(1.0, SIGMA1, SIGMA2))},
    ),
    Mutant(
        "first-order", "the gradient's bound taken for it",
        {"slack": below("curvature", lambda B: generated.lipschitz_constant(B, SIGMA1))},
    ),
    B=True,
)  # fmt: skip


# N2: linearisation error at three points of the projection set.
def linearised(
    size: Size, keys: Any, point: str, symmetric: bool = True, frozen_c: float = 0.0,
    scale: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Errors and largest |U|; ``scale`` = 1/2 undoes the 1/sqrt(m) of the radii."""
    error, B = moved(
        keys, POINTS.index(point), float(size["m"]), size["most"], symmetric, frozen_c, scale
    )
    return np.asarray(error), np.asarray(B)


@remembered(64)
def moved(
    keys: Any, point: int, width: float, most: int, symmetric: bool, frozen_c: float, scale: float
) -> tuple[jax.Array, jax.Array]:
    """Networks of 32 samples at boundary points, ``width`` of ``most`` heads."""
    return boundary_errors(
        keys, point, width, jnp.array(RADII) * width**scale,
        most=most, samples=32, length=4, dim=4, symmetric=symmetric, frozen_c=frozen_c,
    )  # fmt: skip


def linear_error(point: str, **planted: Any) -> Callable[[Size, Any], np.ndarray]:
    """sup over the samples of |f - f_lin|."""
    return lambda size, keys: linearised(size, keys, point, **planted)[0]


def widths(least: int, step: int = 2) -> dict[str, dict[str, list[int]]]:
    """Numbers of heads from ``least`` to all of them, by tier."""
    most = {"smoke": 256, "standard": 512, "full": 1024}
    return {tier: {"m": levels(least, m, step), "most": [m]} for tier, m in most.items()}


def levels(least: int, most: int, step: int) -> list[int]:
    """A geometric sequence."""
    return [least * step**i for i in range(64) if least * step**i <= most]


def linear_claim(
    point: str, power: sp.Expr, margin: float, why: str, *mutants: Mutant
) -> RateClaim:
    """The linearisation error at one point falls like a power of m."""
    return RateClaim(
        **room_claim(
            f"linearisation-{point}", f"At {point} points the error is of order {power}: {why}"
        ),
        sizes=widths(16),
        predicted=power,
        kind="exact",
        margin=margin,
        error=linear_error(point),
        seeds={"smoke": 64, "standard": 256, "full": 1024},
        mutants=mutants,
    )


HALF = sp.Rational(1, 2)
linear_claims = (
    linear_claim(
        "coherent", m**-HALF, 0.1, "all errors add up",
        Mutant("one-over-m", "1/m, as along a transport", {"predicted": 1 / m}),
        Mutant(
            "asymmetric", "heads drawn independently, not in pairs",
            {"error": linear_error("coherent", symmetric=False)},
        ),
    ),
    linear_claim(
        "random", 1 / m, 0.2, "random signs gain a square root over the paper's bound",
        Mutant("worst-case", "the paper's 1/sqrt(m) as an exact rate", {"predicted": m**-HALF}),
        Mutant(
            "c-frozen", "c not trained in the linearisation",
            {"error": linear_error("random", frozen_c=1.0)},
        ),
    ),
    linear_claim(
        "transported", 1 / m, 0.2, "the two heads of a pair cancel at second order",
        Mutant("worst-case", "the paper's 1/sqrt(m) as an exact rate", {"predicted": m**-HALF}),
        Mutant(
            "asymmetric", "heads drawn independently, not in pairs",
            {"error": linear_error("transported", symmetric=False)},
        ),
    ),
)  # fmt: skip


def linear_slack(scale: float = 0.0, averaged: bool = False) -> Callable[[Size, Any], np.ndarray]:
    """The sharp bound minus the error at the coherent point."""

    def slack(size: Size, keys: Any) -> np.ndarray:
        error, B = linearised(size, keys, "coherent", scale=scale)
        bound = generated.sharp_linearization_bound(
            size["m"], jnp.asarray(B), *RADII, SIGMA1, SIGMA2
        )
        return np.asarray(bound) / (size["m"] if averaged else 1) - error

    return slack


linear_bound_claim = InequalityClaim(
    **room_claim(
        "linearisation-bound", "The linearisation error is at most the sharp bound", "quoted"
    ),
    sizes=widths(64, 4),
    slack=linear_slack(),
    seeds={"smoke": 64, "standard": 512, "full": 2048},
    mutants=(
        Mutant("no-projection", "radii that do not shrink with m", {"slack": linear_slack(0.5)}),
        Mutant("averaged", "the bound divided by m", {"slack": linear_slack(averaged=True)}),
    ),
)


# N3, N3b, N4: approximation error, heads drawn from the pool that makes the target.
WIDTHS, COUNTS = 2 ** np.arange(2, 10), 2 ** np.arange(3, 13)


@cache
def pool(samples: int) -> Pool:
    """One teacher; its pool of 512 heads is the law of the heads."""
    return response_pool(jax.random.key(20260116), pool=512, samples=samples, length=6, dim=4)


@remembered(64)
def profile(keys: Any, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Largest and mean square errors: (seeds, widths, counts)."""
    counts = COUNTS[samples >= COUNTS]
    pairs = jnp.arange(WIDTHS[-1] // 2)
    both = approximation_profile(
        keys, pool(samples), jnp.asarray(WIDTHS), jnp.asarray(counts), pairs
    )
    return np.asarray(both.largest), np.asarray(both.mean_square)


def place(ladder: np.ndarray, level: int) -> int:
    """Where a level stands."""
    return int(np.searchsorted(ladder, level))


def sup_square(size: Size, keys: Any) -> np.ndarray:
    """m eps_app^2 over twice its Gaussian slope 2 v, v = m times the largest variance, m = 64."""
    largest = profile(keys, size["samples"])[0][:, place(WIDTHS, 64), place(COUNTS, size["n"])]
    return 64 * largest**2 / (4 * float(pool(size["samples"]).variance))


def needed_width(size: Size, keys: Any) -> np.ndarray:
    """The width at which a seed's error, made monotone in m, reaches half a unit."""
    errors = profile(keys, size["samples"])[0][:, :, place(COUNTS, size["n"])]
    errors = errors / np.sqrt(float(pool(size["samples"]).variance))
    falling = np.log(np.maximum.accumulate(errors[:, ::-1], axis=1))
    rising = np.log(WIDTHS[::-1])
    return np.exp([np.interp(np.log(0.5), e, rising) for e in falling])


growth_seeds = {"smoke": 128, "standard": 512, "full": 2048}


def counted(least: int, step: int = 2) -> dict[str, dict[str, list[int]]]:
    """Numbers of samples from ``least`` to all of them, by tier."""
    most = {"smoke": 1024, "standard": 4096, "full": 4096}
    return {tier: {"n": levels(least, n, step), "samples": [n]} for tier, n in most.items()}


log_claim = GrowthClaim(
    **room_claim("log-n", "m eps_app^2 grows like log n, with at most twice its variance as slope"),
    sizes=counted(8),
    value=sup_square,
    law="log",
    slope_bound=1.0,
    seeds=growth_seeds,
    mutants=(
        Mutant("quarter-power", "n^(1/4) for log n", {"planted_power": 0.25}),
        Mutant("power-claimed", "a power law claimed", {"law": "power"}),
        Mutant("slope", "a slope of half the variance", {"slope_bound": 0.25}),
    ),
)
width_claim = GrowthClaim(
    **room_claim("required-width", "The width needed for a given accuracy grows like log n"),
    sizes=counted(8),
    value=needed_width,
    law="log",
    seeds=growth_seeds,
    mutants=(
        Mutant("quarter-power", "n^(1/4) for log n", {"planted_power": 0.25}),
        Mutant("power-claimed", "a power law claimed", {"law": "power"}),
    ),
)
mean_square_claim = IndependenceClaim(
    **room_claim("mean-square", "The mean square of the approximation error does not depend on n"),
    sizes=counted(64, 4),
    size="n",
    error=lambda size, keys: profile(keys, size["samples"])[1][
        :, place(WIDTHS, 64), place(COUNTS, size["n"])
    ],
    margin=0.1,
    seeds=growth_seeds,
    mutants=(
        Mutant("largest", "the largest error for the mean square", {"error": sup_square}),
        Mutant("drift", "a growth by 25 % over the range", {"planted_drift": 1.25}),
    ),
)
approximation_claim = RateClaim(
    **room_claim("approximation", "eps_app falls like 1/sqrt(m)", "quoted"),
    sizes={"m": WIDTHS[2:].tolist(), "samples": [1024]},
    predicted=m**-HALF,
    kind="exact",
    margin=0.1,
    error=lambda size, keys: profile(keys, size["samples"])[0][:, place(WIDTHS, size["m"]), -1],
    next_order=sp.Rational(1, 2),
    seeds=growth_seeds,
    mutants=(
        Mutant("one-over-m", "1/m", {"predicted": 1 / m}),
        Mutant("quarter", "m^(-1/4)", {"predicted": m ** -sp.Rational(1, 4)}),
    ),
)


# N5: training loss against the number of heads, above the loss of infinitely many.
@remembered(64)
def width_run(
    keys: Any, width: int, most: int, steps: int, radius: float, symmetric: bool
) -> WidthRun:
    """Runs on 8 samples of 4 tokens."""
    sizes = {"samples": 8, "length": 4, "dim": 3, "steps": steps, "pool": 128, "most": most}
    run = partial(width_runs, width=float(width), radius=radius, symmetric=symmetric, **sizes)
    return in_chunks(run, keys, 4 * CHUNK)


def excess(
    floor: Callable[[WidthRun], Any] = lambda run: run.floor, symmetric: bool = True
) -> Callable[[Size, Any], np.ndarray]:
    """Distance of the smallest loss of a run from a floor, over the mean square of the labels."""

    def error(size: Size, keys: Any) -> np.ndarray:
        run = width_run(keys, size["m"], size["most"], size["steps"], 3.0, symmetric)
        return np.asarray(jnp.abs(run.smallest - floor(run)))

    return error


training_widths = {
    tier: {"m": levels(8, m, 2), "most": [m], "steps": [steps]}
    for tier, m, steps in (("smoke", 64, 16), ("standard", 128, 36), ("full", 256, 100))
}
excess_claim = RateClaim(
    **room_claim(
        "excess-loss",
        "The loss after training is that of infinitely many heads, in closed form, up to the order "
        "1/sqrt(m) at most",
    ),
    sizes=training_widths,
    predicted=m**-HALF,
    kind="upper bound",
    statistic="rms",
    next_order=None,
    error=excess(),
    seeds={"smoke": 128, "standard": 256, "full": 1024},
    mutants=(
        Mutant("no-floor", "the loss itself for its excess", {"error": excess(lambda _: 0.0)}),
        Mutant(
            "c-frozen", "c not trained in the linearisation",
            {"error": excess(lambda run: run.frozen)},
        ),
        Mutant(
            "asymmetric", "heads drawn independently, not in pairs",
            {"error": excess(symmetric=False)},
        ),
        Mutant("one-over-m-squared", "1/m^2", {"predicted": m**-2}),
    ),
)  # fmt: skip


CLOSE = 0.25  # a radius that descent without projection leaves


def room_left(radius: float = CLOSE, root: float = 0.0) -> Callable[[Size, Any], np.ndarray]:
    """CLOSE minus sqrt(m) times the longest way of a block, projected to radius / sqrt(m)."""

    def slack(size: Size, keys: Any) -> np.ndarray:
        used = radius * size["m"] ** root
        run = width_run(keys, size["m"], size["most"], size["steps"], used, True)
        return CLOSE - np.asarray(run.moved)

    return slack


projection_claim = InequalityClaim(
    **room_claim("projection", "Each block of each head ends within rho/sqrt(m) of its start"),
    sizes=training_widths,
    slack=room_left(),
    tolerance=dtype_tolerance(np.float64, operations=64),
    seeds={"smoke": 32, "standard": 64, "full": 256},
    mutants=(
        Mutant("dropped", "descent without projection", {"slack": room_left(np.inf)}),
        Mutant("no-root", "rho for rho/sqrt(m)", {"slack": room_left(root=0.5)}),
    ),
)


# N6: training loss against the number of tokens.
@remembered(64)
def runs(keys: Any, length: int, most: int, design: int, head: int) -> tuple[jax.Array, jax.Array]:
    """Smallest loss of a run, and the loss at its start; few seeds at a time, so one program."""
    sizes = {"base": 4, "samples": 32, "heads": 16, "dim": 4, "steps": 40, "most": most}
    return in_chunks(
        lambda some: length_losses(some, jnp.asarray(length), design, head, **sizes), keys, CHUNK
    )


def trained(size: Size, keys: Any, design: str, head: str) -> tuple[np.ndarray, np.ndarray]:
    """Smallest loss of a run, and the loss at its start."""
    both = runs(keys, size["T"], size["most"], DESIGNS.index(design), HEADS.index(head))
    return np.asarray(both[0]), np.asarray(both[1])


def ratio(design: str, head: str = "softmax") -> Callable[[Size, Any], np.ndarray]:
    """Smallest loss over the loss at the start."""

    def error(size: Size, keys: Any) -> np.ndarray:
        smallest, first = trained(size, keys, design, head)
        return smallest / first

    return error


lengths = {
    "smoke": {"T": [4, 8, 16], "most": [16]},
    "standard": {"T": [4, 8, 16, 32], "most": [32]},
    "full": {"T": [4, 8, 16, 32, 64, 128], "most": [128]},
}
length_common = {"sizes": lengths, "size": "T", "margin": 0.25}
neutral_claim = IndependenceClaim(
    **room_claim("length-neutral", "With length-neutral tokens the loss does not depend on T"),
    **length_common,
    error=ratio("neutral"),
    seeds={"smoke": 24, "standard": 64, "full": 256},
    mutants=(
        Mutant(
            "exponential-sum", "softmax not normalised",
            {"error": ratio("neutral", "exponential sum")},
        ),
        Mutant(
            "independent-tokens", "tokens drawn anew at every length",
            {"error": ratio("independent")},
        ),
    ),
)  # fmt: skip
independent_claim = IndependenceClaim(
    **room_claim("length-independent", "With independent tokens the loss does not grow with T"),
    **length_common,
    kind="no growth",
    error=lambda size, keys: trained(size, keys, "independent", "softmax")[0],
    seeds={"smoke": 64, "standard": 128, "full": 256},
    mutants=(
        Mutant(
            "relative-loss", "the loss over its start, which falls with T by itself",
            {"error": ratio("independent")},
        ),
        Mutant("drift", "a doubling over the range", {"planted_drift": 2.0}),
    ),
)  # fmt: skip


def drawn(keys: Any, draw: Callable[[np.random.Generator], np.ndarray]) -> jax.Array:
    """One draw a seed."""
    return jnp.asarray(np.array([draw(np.random.default_rng(key)) for key in keys]))


def replication(size: Size, keys: Any, normalised: bool = True) -> np.ndarray:
    """Relative change of the network's output when every token is repeated."""
    X = 0.3 * drawn(keys, lambda rng: rng.standard_normal((4, 3)))
    return np.asarray(repetition_change(X, repeats=size["r"])[0 if normalised else 1])


replication_claim = IdentityClaim(
    **room_claim("replication", "Repeating every token changes nothing"),
    sizes={"r": [2, 16]},
    residual=replication,
    tolerance=dtype_tolerance(np.float64, operations=64),
    seeds=32,
    mutants=(
        Mutant(
            "sum", "softmax not normalised", {"residual": partial(replication, normalised=False)}
        ),
        Mutant("tolerance", "a shift by two tolerances", {"planted_shift": 2.0}),
    ),
)


# N7: the recurrent contrast.
def gradients(size: Size, keys: Any, shift: float = 0.0) -> Kicked:
    """What recurrent and softmax heads do; w between 0.8 and 1.3, |u| between 1.5 and 3, a seed."""
    pairs = drawn(keys, lambda rng: rng.uniform([0.8, 1.5], [1.3, 3.0]))
    return kicked(pairs, jnp.asarray(shift, dtype=float), length=size["T"])


def kick(size: Size, keys: Any, shift: float = 0.0, head: str = "recurrent") -> np.ndarray:
    """Relative deviation of the recurrent gradient from w^(T-2) tanh |u|."""
    seen = gradients(size, keys, shift)
    return np.asarray(jnp.abs(getattr(seen, head) / seen.formula - 1))


recurrent_claim = IdentityClaim(
    **room_claim("recurrent-gradient", "On kick-and-cancel inputs d h_T / d w is w^(T-2) tanh |u|"),
    sizes={"T": [4, 16, 64]},
    residual=kick,
    tolerance=dtype_tolerance(np.float64, operations=64),
    seeds=64,
    mutants=(
        Mutant("one-token", "w^(T-1)", {"residual": partial(kick, shift=1)}),
        Mutant(
            "attention", "a softmax head passed off", {"residual": partial(kick, head="attention")}
        ),
    ),
)


def contrast(recurrent: bool = False, per_token: bool = False) -> Callable[[Size, Any], np.ndarray]:
    """Slack of L1 sharp on the inputs that make the recurrent gradient grow."""

    def slack(size: Size, keys: Any) -> np.ndarray:
        seen = gradients(size, keys)
        found = seen.recurrent if recurrent else seen.attention
        return np.asarray(seen.bound / (size["T"] if per_token else 1) - jnp.abs(found))

    return slack


contrast_claim = InequalityClaim(
    **room_claim(
        "contrast", "On the same inputs the gradient of a softmax head is at most L1 sharp"
    ),
    sizes={"T": [4, 16, 64]},
    slack=contrast(),
    seeds=64,
    mutants=(
        Mutant("recurrent", "a recurrent head passed off as attention", {"slack": contrast(True)}),
        Mutant("per-token", "a bound that falls like 1/T", {"slack": contrast(per_token=True)}),
    ),
)


# N8: values that return after L steps. Only what recurrent weights do is claimed.
@remembered(64)
def lagged(keys: Any, L: int, weight: float) -> Followed:
    """300 steps on 128 windows; a softmax network when the recurrent weight is 0."""
    sizes = {"samples": 128, "heads": 32, "steps": 300}
    return lagged_runs(keys, weight, recurrent=weight > 0, lag=L, **sizes)


def below_growth(weight: float, power: float) -> Callable[[Size, Any], np.ndarray]:
    """L^power over the largest gradient in recurrent weights (0: attention matrices) of a run."""
    return lambda size, keys: np.asarray(
        size["L"] ** power / lagged(keys, size["L"], weight).gradient
    )


# The rule is one-sided and no power is fitted: the gradient grows faster than any, in the end.
lag_claim = IndependenceClaim(
    **room_claim(
        "lag-recurrent",
        "Trained on AR(L) data, the gradient in recurrent weights of 1.2 grows at least like "
        "sqrt(L)",
    ),
    sizes={"L": [2, 4, 8, 16, 32]},
    seeds={"full": 12},
    kind="no growth",
    error=below_growth(1.2, 0.5),
    mutants=(
        Mutant("attention", "a softmax head for it", {"error": below_growth(0.0, 0.5)}),
        Mutant("fourth-power", "L^4", {"error": below_growth(1.2, 4.0)}),
    ),
)


# N9: memory against the number of tokens, as the compiler reports it.
def temporary_bytes(size: Size, keys: Any, online: bool) -> np.ndarray:
    """Working memory of the attention of 16 heads; tokens given, not counted."""
    return np.full(len(keys), working_memory(size["T"], online))


memory_common = {"sizes": {"T": levels(256, 4096, 2)}, "seeds": 4}
last_memory_claim = RateClaim(
    **room_claim("memory-last-token", "With the last token as query, memory is of order T"),
    **memory_common,
    predicted=T,
    kind="exact",
    error=partial(temporary_bytes, online=False),
    mutants=(
        Mutant("square", "T^2, as for all queries", {"predicted": T**2}),
        Mutant("online", "a fixed query", {"error": partial(temporary_bytes, online=True)}),
    ),
)
fixed_memory_claim = IndependenceClaim(
    **room_claim("memory-fixed-query", "With a fixed query, memory does not depend on T"),
    **memory_common,
    error=partial(temporary_bytes, online=True),
    mutants=(
        Mutant(
            "last-token",
            "the last token as query",
            {"error": partial(temporary_bytes, online=False)},
        ),
        Mutant("drift", "twice the memory at the end", {"planted_drift": 2.0}),
    ),
)


# N10: the certificate, on every run.
RATE, STEPS = 0.125, 60


@remembered(64)
def certified(keys: Any) -> Any:
    """Runs of 60 steps, 16 heads, 32 samples of 6 tokens."""
    sizes = {"samples": 32, "length": 6, "heads": 16, "dim": 4, "steps": STEPS}
    return certified_runs(keys, RATE, jnp.full(3, 1.0), **sizes)


def certificate_slack(
    distance: float = 1.0, defect: float = 1.0
) -> Callable[[Size, Any], np.ndarray]:
    """Bound minus mean loss, relative to it, at the worse of two comparison points."""

    def slack(size: Size, keys: Any) -> np.ndarray:
        run = certified(keys)
        bound = generated.certificate(distance * run.distance2, RATE, STEPS, defect * run.defect2)
        premise = 1 - 4 * RATE * run.selfbound
        return np.asarray(jnp.minimum(bound / run.mean_loss - 1, premise).min(axis=1))

    return slack


certificate_claim = InequalityClaim(
    **room_claim(
        "certificate", "The mean loss of a run is at most distance^2/(eta tau) + 2 defect^2"
    ),
    slack=certificate_slack(),
    seeds={"smoke": 32, "standard": 512, "full": 2048},
    mutants=(
        Mutant("no-distance", "the distance dropped", {"slack": certificate_slack(distance=0.0)}),
        Mutant("no-defect", "the defect dropped", {"slack": certificate_slack(defect=0.0)}),
    ),
)

claims = (
    cumulant_claim, gradient_claim, curvature_claim, *linear_claims, linear_bound_claim, log_claim,
    width_claim, mean_square_claim, approximation_claim, excess_claim, projection_claim,
    neutral_claim, independent_claim, replication_claim, recurrent_claim, contrast_claim,
    lag_claim, last_memory_claim, fixed_memory_claim, certificate_claim,
)  # fmt: skip


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
    axes.set_ylabel("m error^2 / (2 v)")
    if data is None:
        return
    n, mean, error = data
    axes.errorbar(n, mean, 2 * error, fmt="o", label="networks, two standard errors")
    axes.plot(n, np.polyval(np.polyfit(np.log(n), mean, 1), np.log(n)), label="A + B log n")
    power = np.polyfit(np.log(n), np.log(mean), 1)
    axes.plot(n, np.exp(np.polyval(power, np.log(n))), "--", label=f"n^{power[0]:.2f}")
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
    lengths, weights = [2, 4, 8, 16, 32, 64], (0.8, 1.0, 1.2)
    pairs = jnp.array([[w, 1.5] for w in weights])
    seen = [kicked(pairs, jnp.zeros(()), length=n) for n in lengths]
    for i, w in enumerate(weights):
        axes.semilogy(lengths, [float(at.recurrent[i]) for at in seen], label=f"w = {w}")
    axes.semilogy(lengths, [float(at.attention[2]) for at in seen], "k--", label="softmax head")
    axes.set_xlabel("tokens T")
    axes.set_ylabel("gradient")
    axes.legend()


pictures: tuple[Picture, ...] = (
    Picture(
        "Where log n comes from",
        "The squared largest approximation error grows like log n; a power law bends away.",
        draw_log_n,
    ),
    Picture(
        "Training loss against length",
        "Length-neutral tokens (loss over its start) and independent tokens (loss).",
        draw_lengths,
    ),
    Picture(
        "The recurrent contrast",
        "The recurrent gradient is w^(T-2) tanh 1.5; a softmax head's stays bounded.",
        draw_contrast,
    ),
)
not_checked = (
    "The bound of Theorem 1 as a number: it is vacuous at every feasible size. Only the scaling "
    "of its terms and the certificate are asserted.",
    "That attention is flat on AR(L) data: the held-out loss rises with L as that of a recurrent "
    "network does, and the gradient in the attention matrices by a factor of 1.8 from L = 2 to 32.",
    "Whether the linearisation error along a run of gradient descent is of order 1/m.",
)
