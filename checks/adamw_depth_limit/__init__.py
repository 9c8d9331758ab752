"""Claims of the AdamW theorem: the bound, the sharper exponents, the constants, the symmetries.

Sizes: L is the depth, H the number of heads, S of sequences, N of tokens, d the embedding
dimension. One seed is one network; the problem is fixed, or drawn anew for each seed where it says
so. What is a bound can be refuted here, not proved: the grid and the set of inputs are finite.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from checks.suite.picture import Picture
from checks.verdicts import (
    ConstantClaim,
    IdentityClaim,
    IndependenceClaim,
    InequalityClaim,
    MomentClaim,
    Mutant,
    RateClaim,
    dtype_tolerance,
)
from numerics.adamw_depth_limit.depth_errors import depth_error, euler_ratio, extrapolation_error
from numerics.adamw_depth_limit.dimension_problems import by_dimension, growth_left
from numerics.adamw_depth_limit.gradient_histories import FAST, compact_slack
from numerics.adamw_depth_limit.head_noise import (
    ADAMW,
    STEPS,
    fixed_limit,
    frozen_update,
    head_error,
    noise_ratio,
    random_heads,
    token_error,
)
from numerics.adamw_depth_limit.one_token_network import toy_squares
from numerics.adamw_depth_limit.token_symmetry import adjoint_residual, symmetry
from numerics.generated.adamw_depth_limit import toy_mean_square
from theory.adamw_depth_limit import theorem

L, H = sp.symbols("L H", positive=True)
THIRD, HALF = sp.Rational(-1, 3), sp.Rational(-1, 2)
Size = Mapping[str, int]


def room_claim(name: str, statement: str, source: str = "reconstructed") -> dict[str, Any]:
    """What the claims of this room have in common."""
    return {
        "id": f"adamw-depth-limit/{name}",
        "statement": statement,
        "source": source,
        "theorem": "adamw_depth_limit",
        "seeds": {"smoke": 16, "standard": 32, "full": 64},
    }


def at(measure: Callable[..., Any], *names: str, **options: Any) -> Callable[..., Any]:
    """A measurement of keys and numbers, as the function of size and keys that a claim asks for."""
    return lambda size, keys: measure(keys, *(size[name] for name in names), **options)


def mutant(name: str, words: str, **changes: Any) -> Mutant:
    """A planted error: what is wrong in words, and the fields of the claim that are."""
    return Mutant(name, words, changes)


# Networks of random heads on one problem: ten questions to the same networks.
HEADS: dict[str, Any] = {
    "draw": "adamw-depth-limit/heads",
    "seeds": 160,
    "cap": 320,
    "statistic": "rms",
    # No two sizes have as many heads in all: those would be the same heads, see random_weights.
    "sizes": {
        "smoke": {"L": [16, 32, 128], "H": [2, 32], "S": [4]},
        "standard": {"L": [16, 32, 64, 128], "H": [2, 9, 44], "S": [8]},
        "full": {"L": [16, 32, 64, 128, 256], "H": [2, 9, 44, 199], "S": [16]},
    },
}
of_heads = partial(at, head_error, "L", "H", "S")


def bound_claim(what: str, step: int, how: str) -> RateClaim:
    """The bound of the abstract for one quantity."""
    words = "largest over inputs" if how == "sup" else "mean square over inputs"
    common = room_claim(
        f"bound-{what}-step-{step}",
        f"{what.capitalize()} after {step} steps, {words}: at most L^-1 + L^-1/3 H^-1/2",
        "abstract",
    )
    return RateClaim(
        **common | HEADS,
        predicted=theorem.rate,
        error=of_heads(what=what, step=step, how=how),
        margin=0.15,
        mutants=(
            mutant("full-depth", "L^-1 H^-1/2 claimed", predicted=1 / (L * sp.sqrt(H))),
            mutant("heads-squared", "L^-1/3 H^-1 claimed", predicted=L**THIRD / H),
        ),
    )


def noise_claim(name: str, what: str, how: str, words: str) -> RateClaim:
    """The noise of the heads is of order (L H)^-1/2 after training: sharper than the bound.

    Noise is what a network of random heads has beside the exhaustive one of the same depth.
    """
    common = room_claim(f"noise-{name}", f"{words}: head noise exactly of order L^-1/2 H^-1/2")
    exact = "L^-1/3 as if the bound were exact"
    return RateClaim(
        **common | HEADS,
        predicted=(L * H) ** HALF,
        error=of_heads(what=what, step=STEPS, how=how, exhaustive=True),
        next_order=None,
        margin=0.08,
        mutants=(
            mutant("third-in-L", exact, predicted=L**THIRD * H**HALF),
            mutant("full-depth", "L^-1 H^-1/2 claimed", predicted=H**HALF / L),
        ),
    )


def noise_constant() -> ConstantClaim:
    """The constant of the heads' noise in the states before training."""
    ratio = partial(at, noise_ratio, "L", "H", "S")
    words = "Before training, sqrt(L H) times the noise is the derived one"
    return ConstantClaim(
        **room_claim("clt-constant", words) | HEADS,
        predicted=(L * H) ** HALF,
        constant=1.0,
        next_order=None,
        margin=0.13,
        error=ratio(),
        mutants=(
            mutant("no-flow", "noise not carried by the linearised flow", error=ratio(flow=False)),
            mutant("variance", "variance for standard deviation", error=ratio(power=2)),
        ),
    )


asked = (("states", "sup"), ("adjoints", "sup"), ("joint", "rms"))
head_claims = (
    *(bound_claim(what, step, how) for what, how in asked for step in (0, STEPS)),
    noise_claim("states", "states", "rms", "States after training"),
    noise_claim("adjoints", "adjoints", "rms", "Adjoints after training"),
    noise_claim("sup", "joint", "sup", "Largest over inputs and depths, after training"),
    noise_constant(),
)


# Errors of depth alone: exhaustive networks, a problem for each seed.
DEPTH: dict[str, Any] = {
    "draw": "adamw-depth-limit/depth",
    "seeds": {"smoke": 32, "standard": 64, "full": 128},
    "sizes": {
        "smoke": {"L": [4, 8, 16, 32]},
        "standard": {"L": [4, 8, 12, 16, 32]},
        "full": {"L": [4, 8, 12, 16, 24, 32]},
    },
}
wrong_optimisers = {
    "coupled-decay": ("L2 decay in the gradient", ADAMW._replace(decoupled=0.0, coupled=0.1)),
    "no-bias-correction": ("moments not corrected", ADAMW._replace(bias_correction=0.0)),
    "raw-gradients": ("gradients not times L H, epsilon fixed", ADAMW._replace(divisor=32.0)),
}
square_root = mutant("square-root", "L^-1/2 claimed", predicted=L**HALF)
depth_claims = (
    RateClaim(
        **room_claim("depth-alone", "Without head noise, the error after training is of order 1/L")
        | DEPTH,
        predicted=1 / L,
        error=at(depth_error, "L"),
        mutants=(
            *(
                mutant(name, words, error=at(depth_error, "L", recipe=recipe))
                for name, (words, recipe) in wrong_optimisers.items()
            ),
            square_root,
        ),
    ),
    RateClaim(
        **room_claim(
            "richardson", "The extrapolated exhaustive network has an error of at most order L^-2"
        )
        | DEPTH,
        predicted=L**-2,
        kind="upper bound",
        error=at(extrapolation_error, "L"),
        statistic="geometric",  # a few problems, where a gradient changes sign, have most of it
        margin=0.25,
        mutants=(
            mutant(
                "left-out",
                "the deeper network, not extrapolated",
                error=at(extrapolation_error, "L", richardson=False),
            ),
            mutant("third-order", "L^-3 claimed", predicted=L**-3),
        ),
    ),
    ConstantClaim(
        **room_claim("euler-constant", "Before training, L times Euler's error is the derived one")
        | DEPTH,
        predicted=1 / L,
        constant=1.0,
        error=at(euler_ratio, "L"),
        mutants=(
            mutant("no-half", "-x'' in place of -x''/2 as the defect", constant=2.0),
            square_root,
        ),
    ),
)


def toy_claim() -> MomentClaim:
    """The one-token network, exactly."""

    def exact(size: Size, sigma: float = 1.0) -> float:
        return float(toy_mean_square(1.0, 0.5, sigma, size["L"], size["H"]))

    def leading_order(size: Size) -> float:
        return float(np.exp(1.0)) / (size["L"] * size["H"])

    words = "sigma^2 e^(2 mu) / (L H) for the exact value"
    return MomentClaim(
        **room_claim("toy", "One token: the mean square error is the derived one, at every size"),
        sample=at(toy_squares, "L", "H"),
        expected=exact,
        margin=0.15,
        sizes={"L": [4], "H": [1, 8]},
        cap={"smoke": 256, "standard": 512, "full": 1024},
        mutants=(
            mutant("leading-order", words, expected=leading_order),
            mutant("no-spread", "heads without spread", expected=partial(exact, sigma=0.0)),
        ),
    )


# Tokens and embedding dimension.
no_growth: dict[str, Any] = {"kind": "no growth", "margin": 0.25}
token_claim = IndependenceClaim(
    **room_claim("tokens", "Error after training does not grow with the tokens", "abstract"),
    **no_growth,
    error=at(token_error, "N"),
    sizes={
        "smoke": {"N": [2, 4, 8]},
        "standard": {"N": [2, 4, 8, 16, 64]},
        "full": {"N": [2, 4, 8, 16, 32, 64]},
    },
    mutants=(
        mutant(
            "summed",
            "loss summed over tokens, so adjoints of order N",
            error=at(token_error, "N", summed=True),
        ),
        mutant("always-smaller", "a fall by 4 claimed", planted_drift=6.0),
    ),
)


def dimension_claims() -> tuple[IndependenceClaim, ...]:
    """Blockwise AdamW does not see the dimension, entrywise AdamW does."""
    dimensions: dict[str, Any] = {
        "draw": "adamw-depth-limit/dimension",
        "seeds": {"smoke": 32, "standard": 64, "full": 128},
        "cap": {"smoke": 64, "standard": 128, "full": 256},
        "sizes": {"d": [2, 4, 8, 16]},
    }
    of = partial(at, by_dimension, "d")
    by_entry, by_block = "AdamW entry by entry", "one second moment a matrix"
    mean = "v the mean of the squares of a block, not their sum"
    moved: dict[str, Any] = {"what": "moved", "blockwise": 0.0, "power": 1.0}

    def blockwise(what: str, words: str, source: str) -> IndependenceClaim:
        common = room_claim(f"blockwise-{what}", f"Blockwise AdamW: {words} with d", source)
        return IndependenceClaim(
            **common | dimensions,
            **no_growth,
            error=of(what=what),
            mutants=(
                mutant("entrywise", by_entry, error=of(what=what, blockwise=0.0)),
                mutant("mean", mean, error=of(what=what, mean=True)),
            ),
        )

    return (
        blockwise("error", "error does not grow", "abstract"),
        blockwise("norm", "norms of values do not grow", "reconstructed"),
        IndependenceClaim(
            **room_claim("entrywise-error", "Entrywise AdamW: error grows at least as d^1/4")
            | dimensions,
            **no_growth,
            error=at(growth_left, "d"),
            mutants=(
                mutant("blockwise", by_block, error=at(growth_left, "d", blockwise=1.0)),
                mutant("linear", "growth as d claimed", error=at(growth_left, "d", power=1.0)),
            ),
        ),
        IndependenceClaim(
            **room_claim(
                "entrywise-moves", "Entrywise AdamW moves values by order d in Frobenius norm"
            )
            | dimensions,
            margin=0.5,
            error=of(**moved),
            mutants=(
                mutant("blockwise", by_block, error=of(**moved | {"blockwise": 1.0})),
                mutant("root", "by order d^1/2 claimed", error=of(**moved | {"power": 0.5})),
            ),
        ),
    )


# Exact identities: measures, symmetry, backpropagation; each for networks drawn anew.
def identity_claim(
    name: str, words: str, source: str, residual: Callable[..., Any], *mutants: Mutant
) -> IdentityClaim:
    """What holds to rounding."""
    return IdentityClaim(
        **room_claim(name, words, source),
        draw="adamw-depth-limit/identities",
        tolerance=dtype_tolerance(np.float64, 10, 100),
        residual=residual,
        mutants=mutants,
    )


def identity_claims() -> tuple[IdentityClaim, ...]:
    """Repeated and exchanged tokens, and the adjoint of a layer."""
    repeat, exchange = (partial(at, symmetry, move=move) for move in ("repeat", "exchange"))
    adjoint = partial(at, adjoint_residual)
    mask = "token i attends to 0 .. i"
    return (
        identity_claim(
            "repetition",
            "Repeated tokens: the network sees their measure only",
            "abstract",
            repeat(),
            mutant("causal-mask", mask, residual=repeat(masked=True)),
            mutant("p-not-scaled", "gradients not times N", residual=repeat(scaled=False)),
        ),
        identity_claim(
            "permutation",
            "Exchanged tokens have exchanged states and adjoints",
            "abstract",
            exchange(),
            mutant("causal-mask", mask, residual=exchange(masked=True)),
            mutant("positions", "tokens that know their place", residual=exchange(placed=True)),
            mutant(
                "targets-stay",
                "targets not exchanged with their tokens",
                residual=exchange(targets=False),
            ),
        ),
        identity_claim(
            "backpropagation",
            "The adjoint equation is backpropagation of one layer",
            "reconstructed",
            adjoint(),
            mutant("no-lions", "Lions term dropped", residual=adjoint(lions=False)),
            mutant("one-percent", "adjoint too large by 1%", residual=adjoint(scale=1.01)),
        ),
    )


# What AdamW does to a history of gradients.
no_decay, coupled = (FAST._replace(decoupled=0.0, coupled=c) for c in (0.0, 1.0))
optimiser_claims = (
    InequalityClaim(
        **room_claim("compact", "Weight decay keeps parameters below max(|theta_0|, C / lambda)"),
        slack=at(compact_slack),
        mutants=(
            mutant("no-decay", "weight decay left out", slack=at(compact_slack, recipe=no_decay)),
            mutant(
                "coupled-decay",
                "L2 decay in the gradient",
                slack=at(compact_slack, recipe=coupled),
            ),
            mutant(
                "unit-constant",
                "|m| <= sqrt(v) for |m| <= C sqrt(v)",
                slack=at(compact_slack, constant=1.0),
            ),
        ),
    ),
    RateClaim(
        **room_claim(
            "freezing", "With raw gradients and fixed epsilon, training freezes as 1 / (L H)"
        ),
        predicted=1 / (L * H),
        error=at(frozen_update, "L", "H"),
        sizes={"L": [8, 32], "H": [16, 64, 256, 1024]},
        mutants=(
            mutant("scaled", "gradients times L H", error=at(frozen_update, "L", "H", scaled=True)),
            mutant("root", "(L H)^-1/2 claimed", predicted=(L * H) ** HALF),
        ),
    ),
)


claims = (
    *head_claims,
    *identity_claims(),
    token_claim,
    *dimension_claims(),
    toy_claim(),
    *depth_claims,
    *optimiser_claims,
)


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
            ax.plot(times, found[0, -1, 0, :, 0, 0], marker="o", label=f"L={depth}, H={heads}")
        ax.plot(times, limit[0, -1, 0, :, 0, 0], "k--", label="limit")
        ax.set(xlabel="depth t", ylabel=name)
        ax.legend()


pictures = (
    Picture(
        "Error over bound",
        "Largest error of states and adjoints after training, over L^-1 + L^-1/3 H^-1/2 with unit "
        "constants. The bound asks that the curves stay bounded, not that they fall: where the "
        "term L^-1 is the larger one, the ratio rises in L, since its true constant is smaller. "
        "48 networks a point; bars are standard errors.",
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
not_checked = (
    "The paper's theorem itself: only its abstract was at hand. Model, loss, scale of epsilon and "
    "blockwise AdamW are reconstructed.",
    "That the bound holds: a finite grid can refute an upper bound, not prove it, and a finite set "
    "of inputs underestimates the largest error over a compact set.",
    "Initial laws that are not atomic, and batches: heads start at four atoms, every step uses all "
    "sequences that are trained on.",
    "Dependence on the number of training steps: constants may grow with it; it is fixed.",
    "Constants of the backpropagated variables: the derived ones are for hidden states.",
    "Dimensions above 16, and training that moves the parameters less: with smaller steps "
    "entrywise AdamW's error does not grow, it only falls more slowly than blockwise AdamW's.",
    "More than 8 tokens at smoke tier, and more than 64 at any.",
)
