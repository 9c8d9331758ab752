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

from checks.adamw_depth_limit import wrong
from checks.suite.picture import Picture
from checks.verdicts import (
    Column,
    ConstantClaim,
    Experiment,
    IdentityClaim,
    IndependenceClaim,
    InequalityClaim,
    MomentClaim,
    RateClaim,
    Statements,
    With,
    drifting,
    dtype_tolerance,
    lowered,
)
from numerics.adamw_depth_limit.depth_equation import by_autodiff, causal_error, equation_gap
from numerics.adamw_depth_limit.depth_errors import depths as simulate_depths
from numerics.adamw_depth_limit.dimension_problems import dimension
from numerics.adamw_depth_limit.gradient_histories import FAST, compact_slack
from numerics.adamw_depth_limit.head_noise import (
    ADAMW,
    STEPS,
    deviation,
    fixed_limit,
    frozen_update,
    noise_ratio,
    random_heads,
    token_error,
)
from numerics.adamw_depth_limit.head_noise import heads as simulate_heads
from numerics.adamw_depth_limit.head_noise import tokens as simulate_tokens
from numerics.adamw_depth_limit.one_token_network import toy_squares
from numerics.adamw_depth_limit.token_symmetry import adjoint_residual, symmetry
from numerics.generated.adamw_depth_limit import toy_mean_square
from theory.adamw_depth_limit import theorem

L, H = sp.symbols("L H", positive=True)
THIRD, HALF = sp.Rational(-1, 3), sp.Rational(-1, 2)
Size = dict[str, int]


state = Statements("adamw_depth_limit", seeds={"smoke": 16, "standard": 32, "full": 64})


def at(measure: Callable[..., Any], *names: str, **options: Any) -> Callable[..., Any]:
    """A measurement of keys and numbers, as the function of size and keys that a claim asks for."""
    return lambda size, keys: measure(keys, *(size[name] for name in names), **options)


# Networks of random heads on one problem: ten questions to the same networks.
HEADS: dict[str, Any] = {
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
heads = Experiment(state.name("heads"), simulate_heads)


tied = heads.changed("tied", draw=wrong.tied)


def of_heads(**which: Any) -> Column:
    """One deviation of the networks of random heads."""
    return heads[deviation(**which)]


def not_independent(read: Callable[[Experiment], Column]) -> tuple[str, Any]:
    """The subject broken: the heads of all layers are those of the first. Few networks show it."""
    words = "every layer has the heads of the first"
    return words, {"error": read(tied), "seeds": 32, "cap": 32}


def bound_claim(what: str, step: int, how: str) -> RateClaim:
    """The bound of the abstract for one quantity."""
    words = "largest over inputs" if how == "sup" else "mean square over inputs"
    return state(
        RateClaim,
        f"bound-{what}-step-{step}",
        f"{what.capitalize()} after {step} steps, {words}: at most "
        "$L^{-1} + L^{-1/3} H^{-1/2}$",
        of_heads(what=what, step=step, how=how),
        {
            "full-depth": ("$L^{-1} H^{-1/2}$ claimed", 1 / (L * sp.sqrt(H))),
            "heads-squared": ("$L^{-1/3} H^{-1}$ claimed", L**THIRD / H),
            "tied-heads": not_independent(lambda of: of[deviation(what=what, step=step, how=how)]),
        },
        source="abstract",
        predicted=theorem.rate,
        margin=0.15,
        **HEADS,
    )


def noise_claim(name: str, what: str, how: str, words: str) -> RateClaim:
    """The noise of the heads is of order (L H)^-1/2 after training: sharper than the bound.

    Noise is what a network of random heads has beside the exhaustive one of the same depth.
    """
    return state(
        RateClaim,
        f"noise-{name}",
        f"{words}: head noise exactly of order $L^{{-1/2}} H^{{-1/2}}$",
        of_heads(what=what, step=STEPS, how=how, exhaustive=True),
        {
            "third-in-L": ("$L^{-1/3}$ as if the bound were exact", L**THIRD * H**HALF),
            "full-depth": ("$L^{-1} H^{-1/2}$ claimed", H**HALF / L),
            "tied-heads": not_independent(
                lambda of: of[deviation(what=what, step=STEPS, how=how, exhaustive=True)]
            ),
        },
        predicted=(L * H) ** HALF,
        next_order=None,
        margin=0.08,
        **HEADS,
    )


noise_constant = state(
    ConstantClaim,
    "clt-constant",
    r"Before training, $\sqrt{L H}$ times the noise is the derived one",
    heads.column(noise_ratio),
    {
        "no-flow": ("noise not carried by the linearised flow", With(flow=False)),
        "variance": ("variance for standard deviation", With(power=2)),
    },
    predicted=(L * H) ** HALF,
    constant=1.0,
    next_order=None,
    margin=0.13,
    **HEADS,
)


asked = (("states", "sup"), ("adjoints", "sup"), ("joint", "rms"))
head_claims = (
    *(bound_claim(what, step, how) for what, how in asked for step in (0, STEPS)),
    noise_claim("states", "states", "rms", "States after training"),
    noise_claim("adjoints", "adjoints", "rms", "Adjoints after training"),
    noise_claim("sup", "joint", "sup", "Largest over inputs and depths, after training"),
    noise_constant,
)


# Errors of depth alone: exhaustive networks, a problem for each seed.
DEPTH: dict[str, Any] = {
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
    "raw-gradients": (r"gradients not times $L H$, $\epsilon$ fixed", ADAMW._replace(divisor=32.0)),
}
depths = Experiment(state.name("depth"), simulate_depths)
square_root = ("$L^{-1/2}$ claimed", {"predicted": L**HALF})
depth_claims = (
    state(
        RateClaim,
        "depth-alone",
        "Without head noise, the error after training is of order $1/L$",
        depths["error"],
        {
            **{
                name: (words, depths.changed(name, recipe=recipe)["error"])
                for name, (words, recipe) in wrong_optimisers.items()
            },
            "square-root": square_root,
        },
        predicted=1 / L,
        **DEPTH,
    ),
    state(
        RateClaim,
        "richardson",
        "The extrapolated exhaustive network has an error of at most order $L^{-2}$",
        depths["extrapolated"],
        {
            "left-out": ("the deeper network, not extrapolated", depths["left-out"]),
            "third-order": ("$L^{-3}$ claimed", L**-3),
        },
        predicted=L**-2,
        kind="upper bound",
        statistic="geometric",  # a few problems, where a gradient changes sign, have most of it
        margin=0.25,
        **DEPTH,
    ),
    state(
        ConstantClaim,
        "euler-constant",
        "Before training, $L$ times Euler's error is the derived one",
        depths["euler"],
        {
            "no-half": ("$-x''$ in place of $-x''/2$ as the defect", {"constant": 2.0}),
            "deeper": ("networks of twice the depth", depths["euler-deeper"]),
            "square-root": square_root,
        },
        predicted=1 / L,
        constant=1.0,
        **DEPTH,
    ),
    state(
        InequalityClaim,
        "training-lowers-the-loss",
        "AdamW's steps lower the loss of the sequences that are trained on",
        depths["fall"],
        {
            "ascent": (
                "a step along the gradient",
                depths.changed("ascent", recipe=ADAMW._replace(learning_rate=-0.1))["fall"],
            ),
            "twice-as-much": ("a fall larger by twice its median claimed", lowered(2)),
        },
        **DEPTH,
    ),
)


def toy_claim() -> MomentClaim:
    """The one-token network, exactly."""

    def exact(size: Size, sigma: float = 1.0) -> float:
        return float(toy_mean_square(1.0, 0.5, sigma, size["L"], size["H"]))

    def leading_order(size: Size) -> float:
        return float(np.exp(1.0)) / (size["L"] * size["H"])

    return state(
        MomentClaim,
        "toy",
        "One token: the mean square error is the derived one, at every size",
        at(toy_squares, "L", "H"),
        {
            "leading-order": (
                r"$\sigma^2 e^{2 \mu} / (L H)$ for the exact value",
                {"expected": leading_order},
            ),
            "no-spread": ("heads without spread", {"expected": partial(exact, sigma=0.0)}),
        },
        expected=exact,
        margin=0.15,
        sizes={"L": [4], "H": [1, 8]},
        cap={"smoke": 256, "standard": 512, "full": 1024},
    )


# Tokens and embedding dimension.
no_growth: dict[str, Any] = {"kind": "no growth", "margin": 0.25}
tokens = Experiment(state.name("tokens"), simulate_tokens)
token_claim = state(
    IndependenceClaim,
    "tokens",
    "Error after training does not grow with the tokens",
    tokens.column(token_error),
    {
        "summed": ("loss summed over tokens, so adjoints of order $N$", With(summed=True)),
        "always-smaller": ("a fall by 4 claimed", drifting("N", 6.0, "no growth")),
    },
    source="abstract",
    sizes={
        "smoke": {"N": [2, 4, 8]},
        "standard": {"N": [2, 4, 8, 16, 64]},
        "full": {"N": [2, 4, 8, 16, 32, 64]},
    },
    **no_growth,
)


def dimension_claims() -> tuple[IndependenceClaim, ...]:
    """Blockwise AdamW does not see the dimension, entrywise AdamW does."""
    dimensions: dict[str, Any] = {
        "seeds": {"smoke": 32, "standard": 64, "full": 128},
        "cap": {"smoke": 64, "standard": 128, "full": 256},
        "sizes": {"d": [2, 4, 8, 16]},
    }
    whole = Experiment("adamw-depth-limit/dimension", dimension)
    blocks = whole.changed("blocks", blockwise=1.0)
    entries = whole.changed("entries", blockwise=0.0)
    means = whole.changed("means", blockwise=1.0, mean=True)
    by_entry, by_block = "AdamW entry by entry", "one second moment a matrix"
    mean = "$v$ the mean of the squares of a block, not their sum"

    def left(run: Experiment, power: float = 0.25) -> Column:
        """Does not grow when the error grows at least as d^power."""
        return run.column(lambda size, table: size["d"] ** power / table["error"])

    def moved(run: Experiment, power: float = 1.0) -> Column:
        return run.column(lambda size, table: table["moved"] / size["d"] ** power)

    def blockwise(what: str, words: str, source: str) -> IndependenceClaim:
        return state(
            IndependenceClaim,
            f"blockwise-{what}",
            f"Blockwise AdamW: {words}",
            blocks[what],
            {"entrywise": (by_entry, entries[what]), "mean": (mean, means[what])},
            source=source,
            **dimensions,
            **no_growth,
        )

    return (
        blockwise("error", "error does not grow with $d$", "abstract"),
        blockwise(
            "norm", "norms of values grow by less than a quarter with $d$, 2 to 16", "reconstructed"
        ),
        state(
            IndependenceClaim,
            "entrywise-error",
            "Entrywise AdamW: error grows at least as $d^{1/4}$",
            left(entries),
            {
                "blockwise": (by_block, left(blocks)),
                "linear": ("growth as $d$ claimed", left(entries, 1.0)),
            },
            **dimensions,
            **no_growth,
        ),
        state(
            IndependenceClaim,
            "entrywise-moves",
            "Entrywise AdamW moves values by order $d$ in Frobenius norm",
            moved(entries),
            {
                "blockwise": (by_block, moved(blocks)),
                "root": ("by order $d^{1/2}$ claimed", moved(entries, 0.5)),
            },
            margin=0.5,
            **dimensions,
        ),
    )


# Exact identities: measures, symmetry, backpropagation; each for networks drawn anew.
def identity_claim(
    name: str, words: str, source: str, residual: Callable[..., Any],
    slips: Mapping[str, tuple[str, Mapping[str, Any]]],
) -> IdentityClaim:  # fmt: skip
    """What holds to rounding, and slips in it as options of what is measured."""
    wrong = {slip: at(residual, **options) for slip, (_, options) in slips.items()}
    drawn = Experiment.of(
        f"adamw-depth-limit/identities/{name}",
        {"residual": at(residual), **wrong},
        draw="adamw-depth-limit/identities",
    )
    return state(
        IdentityClaim, name, words, drawn["residual"],
        {slip: (what, drawn[slip]) for slip, (what, _) in slips.items()},
        source=source, tolerance=dtype_tolerance(np.float64, 10, 100),
    )  # fmt: skip


MASK = (r"token $i$ attends to $0, \dots, i$", {"of": wrong.masked})
identity_claims = (
    identity_claim(
        "repetition", "Repeated tokens: the network sees their measure only", "abstract",
        partial(symmetry, move="repeat"),
        {"causal-mask": MASK, "p-not-scaled": ("gradients not times $N$", {"of": wrong.unscaled})},
    ),
    identity_claim(
        "permutation", "Exchanged tokens have exchanged states and adjoints", "abstract",
        partial(symmetry, move="exchange"),
        {
            "causal-mask": MASK,
            "positions": ("tokens that know their place", {"of": wrong.placed}),
            "targets-stay": (
                "targets not exchanged with their tokens", {"moved": wrong.targets_stay}
            ),
        },
    ),
    identity_claim(
        "backpropagation", "The adjoint equation is backpropagation of one layer",
        "reconstructed", adjoint_residual,
        {
            "no-lions": ("Lions term dropped", {"of": wrong.without_lions}),
            "one-percent": ("adjoint too large by 1%", {"of": wrong.one_percent}),
        },
    ),
)  # fmt: skip


# What AdamW does to a history of gradients.
no_decay, coupled = (FAST._replace(decoupled=0.0, coupled=c) for c in (0.0, 1.0))
optimiser_claims = (
    state(
        InequalityClaim,
        "compact",
        r"Weight decay keeps parameters below $\max(|\theta_0|, C/\lambda)$",
        at(compact_slack),
        {
            "no-decay": ("weight decay left out", at(compact_slack, recipe=no_decay)),
            "coupled-decay": ("L2 decay in the gradient", at(compact_slack, recipe=coupled)),
            "unit-constant": (
                r"$|m| \leq \sqrt{v}$ for $|m| \leq C \sqrt{v}$",
                at(compact_slack, constant=1.0),
            ),
        },
    ),
    state(
        RateClaim,
        "freezing",
        r"With raw gradients and fixed $\epsilon$, training freezes as $1/(L H)$",
        at(frozen_update, "L", "H"),
        {
            "scaled": ("gradients times $L H$", at(frozen_update, "L", "H", scaled=True)),
            "root": ("$(L H)^{-1/2}$ claimed", (L * H) ** HALF),
        },
        predicted=1 / (L * H),
        sizes={"L": [8, 32], "H": [16, 64, 256, 1024]},
    ),
)


# The limit itself, and a network that is trained as anyone would: another side for both.
drawn = {"seeds": {"smoke": 16, "standard": 32, "full": 64}}
left_out = {
    "no-decay": ADAMW._replace(decoupled=0.0),
    "no-bias-correction": ADAMW._replace(bias_correction=0.0),
}
words_of = {"no-decay": "Adam, without weight decay", "no-bias-correction": "moments not corrected"}
plainly = Experiment(
    state.name("by-autodiff"), lambda _, keys, **o: {"gap": by_autodiff({}, keys, **o)}
)
solved = Experiment(
    state.name("equation"), lambda _, keys, **o: {"gap": equation_gap({}, keys, **o)}
)
masked = Experiment(
    state.name("masked"), lambda size, keys, **o: {"error": causal_error(size, keys, **o)}
)


def recipes(of: Experiment) -> dict[str, tuple[str, Column]]:
    """The room's networks trained by something that is not AdamW."""
    return {
        name: (words_of[name], of.changed(name, recipe=recipe)["gap"])
        for name, recipe in left_out.items()
    }


limit_claims = (
    state(
        IdentityClaim,
        "trained-by-autodiff",
        "Networks trained by the theory's backpropagation are those whose loss is differentiated, "
        "head by head, and given to AdamW",
        plainly["gap"],
        recipes(plainly),
        tolerance=dtype_tolerance(np.float64, 10, 1000),
        **drawn,
    ),
    state(
        IdentityClaim,
        "limit-equation",
        "After training the extrapolated networks are the solution of the forward-backward ODE "
        "whose heads follow AdamW at every depth, to a thousandth of what training has moved",
        solved["gap"],
        {
            **recipes(solved),
            "masked": ("the equation of masked attention", solved.changed("m", causal=True)["gap"]),
        },
        source="abstract",
        tolerance=1e-3,  # both sides are extrapolated, from 128 layers and from 64 steps
        **drawn,
    ),
    state(
        RateClaim,
        "causal-mask",
        "With a causal mask networks without head noise tend to the forward-backward ODE of "
        "masked attention at order $1/L$, after training",
        masked["error"],
        {
            "no-mask": ("the ODE without a mask", masked.changed("n", causal=False)["error"]),
            "square-root": square_root,
        },
        source="abstract",
        predicted=1 / L,
        sizes={"L": [4, 8, 16, 32]},
        **drawn,
    ),
)


claims = (
    *head_claims,
    *limit_claims,
    *identity_claims,
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
        "Largest error of states and adjoints after training, over $L^{-1} + L^{-1/3} H^{-1/2}$ "
        "with unit constants. The bound asks that the curves stay bounded, not that they fall: "
        "where the term $L^{-1}$ is the larger one, the ratio rises in $L$, since its true "
        "constant is smaller. 48 networks a point; bars are standard errors.",
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
    "The paper's theorem itself: only its abstract was at hand. Model, loss, scale of "
    r"$\epsilon$ and blockwise AdamW are reconstructed.",
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
