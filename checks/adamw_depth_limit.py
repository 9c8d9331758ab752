"""Claims of the AdamW theorem: the bound, the sharper exponents, the constants, the symmetries.

Sizes: L is the depth, H the number of heads, S of sequences, N of tokens, d the embedding
dimension. One seed is one network; the problem is fixed, or drawn anew for each seed where it says
so. What is a bound can be refuted here, not proved: the grid and the set of inputs are finite.
"""

import itertools
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

from checks.report.picture import Picture
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
from numerics.adamw_depth_limit import Heads, Run
from numerics.generated.adamw_depth_limit import largest_update, toy_mean_square
from numerics.measurements.gradient_histories import COUNT, largest_parameter, worst_histories
from numerics.measurements.leading_errors import leading
from numerics.measurements.one_token_network import toy_squares
from numerics.measurements.token_symmetry import (
    distances,
    draw_instances,
    layer_adjoints,
    masked_drift,
    passes,
)
from numerics.randomness.remembered import remembered
from numerics.training.adamw_variants import Recipe
from numerics.training.dimension_problems import dimension_runs
from numerics.training.token_problems import (
    Pair,
    Problem,
    draw_problem,
    draw_problems,
    extrapolated,
    full_weights,
    largest,
    pointwise,
    random_weights,
    repeated,
    simulate,
)
from theory.adamw_depth_limit import theorem

STEPS = 2  # training steps
ADAMW = Recipe(learning_rate=0.1)
SEEDS = {"smoke": 16, "standard": 32, "full": 64}
L, H = sp.symbols("L H", positive=True)
THIRD, HALF = sp.Rational(-1, 3), sp.Rational(-1, 2)
Size = Mapping[str, int]
Values = Any  # one number a seed, an array of shape (seeds,)


def room_claim(name: str, statement: str, source: str = "reconstructed") -> dict[str, Any]:
    """What the claims of this room have in common."""
    return {
        "id": f"adamw-depth-limit/{name}",
        "statement": statement,
        "source": source,
        "theorem": "adamw_depth_limit",
        "seeds": SEEDS,
    }


def changed(name: str, words: str, role: str, measure: Callable, **options: Any) -> Mutant:
    """A mutant that measures something else."""
    return Mutant(name, words, {role: partial(measure, **options)})


# Networks of random heads on one problem: ten questions to the same networks.
HEADS: dict[str, Any] = {
    "draw": "adamw-depth-limit/heads",
    "seeds": 160,
    "cap": 320,
    # No two sizes have as many heads in all: those would be the same heads, see random_weights.
    "sizes": {
        "smoke": {"L": [16, 32, 128], "H": [2, 128], "S": [4]},
        "standard": {"L": [16, 32, 64, 128], "H": [2, 24, 256], "S": [8]},
        "full": {"L": [16, 32, 64, 128, 256], "H": [2, 24, 256, 2048], "S": [16]},
    },
}


@cache
def fixed_problem(sequences: int) -> Problem:
    """The problem of the claims about the noise of the heads."""
    return draw_problem((0, 2605), sequences=sequences)


@cache
def fixed_exhaustive(depth: int, sequences: int) -> Pair:
    """The network of that depth without sampling error, as one row."""
    problems = repeated(fixed_problem(sequences), 1)
    return pair(simulate(problems, full_weights(1, depth), ADAMW, steps=STEPS))


@cache
def fixed_limit(sequences: int) -> Pair:
    """The limit, as one row."""
    return extrapolated(partial(fixed_exhaustive, sequences=sequences))


def pair(run: Run) -> Pair:
    """What is compared with a limit."""
    return Pair(run.x, run.p)


def random_heads(keys: Any, depth: int, heads: int, sequences: int) -> Pair:
    """Networks of random heads, before training and after each step."""
    problems = repeated(fixed_problem(sequences), len(keys))
    return pair(simulate(problems, random_weights(keys, depth, heads), ADAMW, steps=STEPS))


@remembered(2000)
def head_errors(keys: Any, depth: int, heads: int, sequences: int) -> dict[tuple, Values]:
    """Deviations from the limit, or (True) from the exhaustive network, by step, what and how.

    Root mean square over inputs (states at depth one, adjoints at depth zero), or largest.
    """
    found = random_heads(keys, depth, heads, sequences)
    zeros = {False: fixed_limit(sequences), True: fixed_exhaustive(depth, sequences)}
    errors = {}
    for (exhaustive, zero), step in itertools.product(zeros.items(), (0, STEPS)):
        x, p = ((a - b)[:, step] for a, b in zip(found, zero, strict=True))
        rms, sup = (pointwise(x, -1), pointwise(p, 0)), (largest(x), largest(p))
        for how, (states, adjoints), joint in (("rms", rms, np.hypot), ("sup", sup, np.maximum)):
            both = {"states": states, "adjoints": adjoints, "joint": joint(states, adjoints)}
            errors |= {(exhaustive, step, what, how): value for what, value in both.items()}
    return errors


def error_of(
    size: Size, keys: Any, what: str, step: int, how: str = "rms", exhaustive: bool = False
) -> Values:
    """One of ``head_errors``."""
    return head_errors(keys, size["L"], size["H"], size["S"])[exhaustive, step, what, how]


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
        error=partial(error_of, what=what, step=step, how=how),
        statistic="rms",
        margin=0.15,
        mutants=(
            Mutant("full-depth", "L^-1 H^-1/2 claimed", {"predicted": 1 / (L * sp.sqrt(H))}),
            Mutant("heads-squared", "L^-1/3 H^-1 claimed", {"predicted": L**THIRD / H}),
        ),
    )


def noise_claim(name: str, what: str, how: str, words: str) -> RateClaim:
    """The noise of the heads is of order (L H)^-1/2 after training: sharper than the bound.

    Noise is what a network of random heads has beside the exhaustive one of the same depth.
    """
    common = room_claim(f"noise-{name}", f"{words}: head noise exactly of order L^-1/2 H^-1/2")
    return RateClaim(
        **common | HEADS,
        predicted=(L * H) ** HALF,
        error=partial(error_of, what=what, step=STEPS, how=how, exhaustive=True),
        statistic="rms",
        next_order=None,
        margin=0.08,
        mutants=(
            Mutant(
                "third-in-L", "L^-1/3 as if the bound were exact", {"predicted": L**THIRD * H**HALF}
            ),
            Mutant("full-depth", "L^-1 H^-1/2 claimed", {"predicted": H**HALF / L}),
        ),
    )


@cache
def spreads(sequences: int) -> tuple[float, float]:
    """Derived sqrt(L H E|x - x_1|^2) over the sequences, and the one without the flow."""
    problem = fixed_problem(sequences)
    X = problem.data.inputs
    found, still = leading(X, repeated(problem, len(X)).atoms)
    spread = np.trace(found.covariance, axis1=1, axis2=2)
    return tuple(float(np.sqrt(v.mean() / X.shape[1])) for v in (spread, still))


def spread(size: Size, flow: bool = True) -> float:
    """The constant of the heads' noise in the states before training."""
    return spreads(size["S"])[0 if flow else 1]


def head_claims() -> tuple[Any, ...]:
    """The bound, for states and adjoints before and after training; the noise; its constant."""
    asked = (("states", "sup"), ("adjoints", "sup"), ("joint", "rms"))
    clt = ConstantClaim(
        **room_claim(
            "clt-constant", "Before training, sqrt(L H) times the noise is the derived one"
        )
        | HEADS,
        predicted=(L * H) ** HALF,
        constant=spread,
        next_order=None,
        margin=0.13,
        error=partial(error_of, what="states", step=0, exhaustive=True),
        statistic="rms",
        mutants=(
            changed(
                "no-flow", "not carried by the linearised flow", "constant", spread, flow=False
            ),
            Mutant(
                "variance",
                "variance for standard deviation",
                {"constant": lambda size: spread(size) ** 2},
            ),
        ),
    )
    return (
        *(bound_claim(what, step, how) for what, how in asked for step in (0, STEPS)),
        noise_claim("states", "states", "rms", "States after training"),
        noise_claim("adjoints", "adjoints", "rms", "Adjoints after training"),
        noise_claim("sup", "joint", "sup", "Largest over inputs and depths, after training"),
        clt,
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


@remembered(128)
def exhaustive(keys: Any, depth: int, recipe: Recipe = ADAMW) -> Pair:
    """Networks without sampling error."""
    problems = draw_problems(keys)
    return pair(simulate(problems, full_weights(len(keys), depth), recipe, steps=STEPS))


@remembered(4)
def limits(keys: Any) -> Pair:
    """The limits of the seeds' problems."""
    return extrapolated(lambda depth: exhaustive(keys, depth, ADAMW))


def depth_error(size: Size, keys: Any, recipe: Recipe = ADAMW) -> Values:
    """Exhaustive network against the limit after training, states and adjoints."""
    x, p = (a - b for a, b in zip(exhaustive(keys, size["L"], recipe), limits(keys), strict=True))
    return np.hypot(pointwise(x[:, -1], -1), pointwise(p[:, -1], 0))


def extrapolation_error(size: Size, keys: Any, richardson: bool = True) -> Values:
    """Richardson's extrapolation from depths L and 2 L, against the one from the deepest."""
    coarse, fine = (exhaustive(keys, depth, ADAMW).x for depth in (size["L"], 2 * size["L"]))
    found = 2 * fine - coarse if richardson else fine
    return pointwise((found - limits(keys).x)[:, -1], -1)


def euler_ratio(size: Size, keys: Any) -> Values:
    """Error of the first sequence before training over the derived one, without the 1/L."""
    problems = draw_problems(keys)
    found = leading(problems.data.inputs[:, 0], problems.atoms)[0].euler
    error = (exhaustive(keys, size["L"], ADAMW).x - limits(keys).x)[:, 0, 0, -1]
    return np.linalg.norm(error, axis=(1, 2)) / np.linalg.norm(found, axis=(1, 2))


def depth_claims() -> tuple[Any, ...]:
    """Euler's exponent and constant, and why the reference counts as exact."""
    wrong = {
        "coupled-decay": ("L2 decay in the gradient", ADAMW._replace(decoupled=0.0, coupled=0.1)),
        "no-bias-correction": ("moments not corrected", ADAMW._replace(bias_correction=0.0)),
        "raw-gradients": ("gradients not times L H, epsilon fixed", ADAMW._replace(divisor=32.0)),
    }
    alone = RateClaim(
        **room_claim("depth-alone", "Without head noise, the error after training is of order 1/L")
        | DEPTH,
        predicted=1 / L,
        error=depth_error,
        mutants=(
            *(changed(n, w, "error", depth_error, recipe=r) for n, (w, r) in wrong.items()),
            Mutant("square-root", "L^-1/2 claimed", {"predicted": L**HALF}),
        ),
    )
    richardson = RateClaim(
        **room_claim(
            "richardson", "The extrapolated exhaustive network has an error of at most order L^-2"
        )
        | DEPTH,
        predicted=L**-2,
        kind="upper bound",
        error=extrapolation_error,
        statistic="geometric",  # a few problems, where a gradient changes sign, have most of it
        margin=0.25,
        mutants=(
            changed(
                "left-out",
                "the deeper network, not extrapolated",
                "error",
                extrapolation_error,
                richardson=False,
            ),
            Mutant("third-order", "L^-3 claimed", {"predicted": L**-3}),
        ),
    )
    euler = ConstantClaim(
        **room_claim("euler-constant", "Before training, L times Euler's error is the derived one")
        | DEPTH,
        predicted=1 / L,
        constant=1.0,
        error=euler_ratio,
        mutants=(
            Mutant("no-half", "-x'' in place of -x''/2 as the defect", {"constant": 2.0}),
            Mutant("square-root", "L^-1/2 claimed", {"predicted": L**HALF}),
        ),
    )
    return alone, richardson, euler


def toy_claim() -> MomentClaim:
    """The one-token network, exactly."""

    def exact(size: Size, sigma: float = 1.0) -> float:
        return float(toy_mean_square(1.0, 0.5, sigma, size["L"], size["H"]))

    def leading_order(size: Size) -> float:
        return float(np.exp(1.0)) / (size["L"] * size["H"])

    return MomentClaim(
        **room_claim("toy", "One token: the mean square error is the derived one, at every size"),
        sample=lambda size, keys: toy_squares(keys, size["L"], size["H"]),
        expected=exact,
        margin=0.15,
        sizes={"L": [4], "H": [1, 8]},
        cap={"smoke": 256, "standard": 512, "full": 1024},
        mutants=(
            Mutant(
                "leading-order",
                "sigma^2 e^(2 mu) / (L H) for the exact value",
                {"expected": leading_order},
            ),
            changed("no-spread", "heads without spread", "expected", exact, sigma=0.0),
        ),
    )


# Tokens and embedding dimension.
def token_error(size: Size, keys: Any, summed: bool = False) -> Values:
    """Head noise after training with N tokens, repeated until there are 8 (64 when N is larger).

    Repeating tokens changes no measure, so it is the network of N tokens (see ``repetition``).
    """
    n, most = size["N"], 8 if size["N"] <= 8 else 64
    data, atoms = draw_problems(keys, partial(draw_problem, tokens=most))
    chosen = np.arange(most) % n
    data = data._replace(inputs=data.inputs[:, :, chosen], targets=data.targets[:, :, chosen])
    (x, p), (x_, p_) = (
        pair(simulate(Problem(data, atoms), weights, ADAMW, steps=STEPS, short=True))
        for weights in (random_weights(keys, 8, 4), full_weights(len(keys), 8))
    )
    scale = n if summed else 1
    return np.hypot(pointwise((x - x_)[:, -1], -1), scale * pointwise((p - p_)[:, -1], 0))


# Training that moves every matrix by more than its first norm.
FARTHER, LONGER = ADAMW._replace(learning_rate=0.3, eps=1e-8), 4


class ByDimension(NamedTuple):
    """After training: head noise of the states, norm and movement of the values (Frobenius)."""

    error: Values
    norm: Values  # the largest over layers and heads
    moved: Values  # beyond weight decay, in the first layer


@remembered(500)
def dimension(keys: Any, d: int, blockwise: float, mean: bool) -> ByDimension:
    """AdamW by entries or by blocks, where v is the sum of squares of a block, or their mean."""
    entries = Heads(2.0 * d, 2.0 * d, float(d * d)) if mean else Heads(1.0, 1.0, 1.0)
    recipe = FARTHER._replace(blockwise=blockwise, entries=entries)
    run, full, problems = dimension_runs(keys, d, recipe, LONGER)
    kept = (1 - recipe.learning_rate * recipe.decoupled) ** LONGER
    norms, moved = (
        np.linalg.norm(V, axis=(-2, -1))
        for V in (run.heads.V, run.heads.V[:, 0] - kept * problems.atoms.V)
    )
    return ByDimension(pointwise((run.x - full.x)[:, -1], -1), norms.max((-1, -2)), moved.mean(-1))


def by_dimension(
    size: Size, keys: Any, what: str, blockwise: float = 1.0, mean: bool = False, power: float = 0
) -> Values:
    """One of ``ByDimension``, over d^power."""
    found = dimension(keys, size["d"], blockwise, mean)
    return getattr(found, what) / size["d"] ** power


def growth_left(size: Size, keys: Any, power: float = 0.25, blockwise: float = 0.0) -> Values:
    """d^power over the error: does not grow when the error grows at least as d^power."""
    return size["d"] ** power / dimension(keys, size["d"], blockwise, False).error


def size_claims() -> tuple[IndependenceClaim, ...]:
    """What must not grow with the tokens, nor, for blockwise AdamW, with the dimension."""
    no_growth: dict[str, Any] = {"kind": "no growth", "margin": 0.25}
    dimensions: dict[str, Any] = {
        "draw": "adamw-depth-limit/dimension",
        "seeds": {"smoke": 32, "standard": 64, "full": 128},
        "cap": {"smoke": 64, "standard": 128, "full": 256},
        "size": "d",
        "sizes": {"d": [2, 4, 8, 16]},
    }
    entrywise, mean = "AdamW entry by entry", "v the mean over a block, not the sum"
    blockwise = "one second moment a matrix"
    moves = partial(by_dimension, what="moved", blockwise=0.0, power=1.0)
    return (
        IndependenceClaim(
            **room_claim(
                "tokens", "Error after training does not grow with the tokens", "abstract"
            ),
            **no_growth,
            error=token_error,
            size="N",
            sizes={
                "smoke": {"N": [2, 4, 8]},
                "standard": {"N": [2, 4, 8, 16, 64]},
                "full": {"N": [2, 4, 8, 16, 32, 64]},
            },
            mutants=(
                changed(
                    "summed",
                    "loss summed over tokens, so adjoints of order N",
                    "error",
                    token_error,
                    summed=True,
                ),
                Mutant("always-smaller", "a fall by 4 claimed", {"planted_drift": 6.0}),
            ),
        ),
        IndependenceClaim(
            **room_claim(
                "blockwise-error", "Blockwise AdamW: error does not grow with d", "abstract"
            )
            | dimensions,
            **no_growth,
            error=partial(by_dimension, what="error"),
            mutants=(
                changed("entrywise", entrywise, "error", by_dimension, what="error", blockwise=0.0),
                changed("mean", mean, "error", by_dimension, what="error", mean=True),
            ),
        ),
        IndependenceClaim(
            **room_claim("entrywise-error", "Entrywise AdamW: error grows at least as d^1/4")
            | dimensions,
            **no_growth,
            error=growth_left,
            mutants=(
                changed("blockwise", blockwise, "error", growth_left, blockwise=1.0),
                changed("linear", "growth as d claimed", "error", growth_left, power=1.0),
            ),
        ),
        IndependenceClaim(
            **room_claim("blockwise-norm", "Blockwise AdamW: norms of values do not grow with d")
            | dimensions,
            **no_growth,
            error=partial(by_dimension, what="norm"),
            mutants=(
                changed("entrywise", entrywise, "error", by_dimension, what="norm", blockwise=0.0),
                changed("mean", mean, "error", by_dimension, what="norm", mean=True),
            ),
        ),
        IndependenceClaim(
            **room_claim(
                "entrywise-moves", "Entrywise AdamW moves values by order d in Frobenius norm"
            )
            | dimensions,
            kind="equivalent",
            margin=0.5,
            error=moves,
            mutants=(
                changed("blockwise", blockwise, "error", moves, blockwise=1.0),
                changed("root", "by order d^1/2 claimed", "error", moves, power=0.5),
            ),
        ),
    )


# Exact identities: measures, symmetry, backpropagation; each for networks drawn anew.
ORDERS = {"repeat": np.arange(6) % 3, "exchange": np.array([2, 0, 1])}


def symmetry(
    size: Size,
    keys: Any,
    move: str,
    masked: bool = False,
    scaled: bool = True,
    placed: bool = False,
    targets: bool = True,
) -> Values:
    """Tokens repeated, or exchanged: what the network does is repeated, or exchanged.

    Without ``scaled`` backpropagated variables are plain gradients, not N times them; ``placed``
    adds to each token a number that depends on its place; without ``targets`` those stay in place.
    """
    order = ORDERS[move]
    heads, X, Y = draw_instances(keys)
    X_, Y_ = X[:, :, order], Y[:, :, order] if targets else Y
    if placed:
        X, X_ = (tokens + 0.01 * np.arange(tokens.shape[2])[:, None] for tokens in (X, X_))
    if masked:
        return distances(masked_drift(heads, X_), masked_drift(heads, X)[:, :, :, order])
    x, p, gradients = passes(heads, X, Y)
    x_, p_, gradients_ = passes(heads, X_, Y_)
    expected = tuple(np.asarray(a)[:, :, :, order] for a in (x, p))
    ratio = 1.0 if scaled else 3 / len(order)
    return distances((x_, ratio * np.asarray(p_), gradients_), (*expected, gradients))


def adjoint(size: Size, keys: Any, lions: bool = True, scale: float = 1.0) -> Values:
    """One layer's backpropagation from the theory, against automatic differentiation."""
    found, own_only, expected = layer_adjoints(*draw_instances(keys))
    return distances(np.asarray(found if lions else own_only) * scale, expected)


def identity_claims() -> tuple[IdentityClaim, ...]:
    """What holds to rounding at every size."""
    common: dict[str, Any] = {
        "draw": "adamw-depth-limit/identities",
        "tolerance": dtype_tolerance(np.float64, 10, 100),
    }

    def of_tokens(
        name: str, words: str, move: str, *mutants: tuple[str, str, str]
    ) -> IdentityClaim:
        """Mutants switch an option of ``symmetry``."""
        return IdentityClaim(
            **room_claim(name, words, "abstract"),
            **common,
            residual=partial(symmetry, move=move),
            mutants=tuple(
                changed(n, w, "residual", symmetry, move=move, **{o: o in ("masked", "placed")})
                for n, w, o in mutants
            ),
        )

    mask = ("causal-mask", "token i attends to 0 .. i", "masked")
    return (
        of_tokens(
            "repetition",
            "Repeated tokens: the network sees their measure only",
            "repeat",
            mask,
            ("p-not-scaled", "gradients not times N", "scaled"),
        ),
        of_tokens(
            "permutation",
            "Exchanged tokens have exchanged states and adjoints",
            "exchange",
            mask,
            ("positions", "tokens that know their place", "placed"),
            ("targets-stay", "targets not exchanged with their tokens", "targets"),
        ),
        IdentityClaim(
            **room_claim("backpropagation", "The adjoint equation is backpropagation of one layer"),
            **common,
            residual=adjoint,
            mutants=(
                changed("no-lions", "Lions term dropped", "residual", adjoint, lions=False),
                changed("one-percent", "adjoint too large by 1%", "residual", adjoint, scale=1.01),
            ),
        ),
    )


# What AdamW does to a history of gradients.
FAST = Recipe(learning_rate=0.5, eps=1e-12, decoupled=1.0)


def compact_slack(
    size: Size, keys: Any, recipe: Recipe = FAST, constant: float | None = None
) -> Values:
    """max(|theta_0|, C / lambda) minus the largest parameter of the run, relative."""
    bound = float(largest_update(COUNT, 0.9, 0.999)) if constant is None else constant
    return max(1.0, bound / 1.0) - largest_parameter(worst_histories(keys), recipe)


def frozen_update(size: Size, keys: Any, scaled: bool = False) -> Values:
    """Movement of the values by training, mean over layers and heads, over the learning rate."""
    depth, heads = size["L"], size["H"]
    problems = repeated(fixed_problem(4), len(keys))
    divisor = 1.0 if scaled else float(depth * heads)
    recipe = ADAMW._replace(divisor=divisor, decoupled=0.0, eps=1.0)
    run = simulate(problems, random_weights(keys, depth, heads), recipe, steps=STEPS)
    moved = run.heads.V - problems.atoms.V[:, None]
    return np.linalg.norm(moved, axis=(-2, -1)).mean((-1, -2)) / ADAMW.learning_rate


def optimiser_claims() -> tuple[Any, ...]:
    """Why weight decay keeps parameters bounded, and why epsilon must scale."""
    no_decay, coupled = (FAST._replace(decoupled=0.0, coupled=c) for c in (0.0, 1.0))
    return (
        InequalityClaim(
            **room_claim(
                "compact", "Weight decay keeps parameters below max(|theta_0|, C / lambda)"
            ),
            slack=compact_slack,
            mutants=(
                changed(
                    "no-decay", "weight decay left out", "slack", compact_slack, recipe=no_decay
                ),
                changed(
                    "coupled-decay",
                    "L2 decay in the gradient",
                    "slack",
                    compact_slack,
                    recipe=coupled,
                ),
                changed(
                    "unit-constant",
                    "|m| <= sqrt(v) for |m| <= C sqrt(v)",
                    "slack",
                    compact_slack,
                    constant=1.0,
                ),
            ),
        ),
        RateClaim(
            **room_claim(
                "freezing", "With raw gradients and fixed epsilon, training freezes as 1 / (L H)"
            ),
            predicted=1 / (L * H),
            error=frozen_update,
            sizes={"L": [8, 32], "H": [16, 64, 256, 1024]},
            mutants=(
                changed("scaled", "gradients times L H", "error", frozen_update, scaled=True),
                Mutant("root", "(L H)^-1/2 claimed", {"predicted": (L * H) ** HALF}),
            ),
        ),
    )


claims = (
    *head_claims(),
    *identity_claims(),
    *size_claims(),
    toy_claim(),
    *depth_claims(),
    *optimiser_claims(),
)


def draw_ratio(axes: Any, results: Mapping[str, Any]) -> None:
    """Root mean square of the largest error over the bound with unit constants."""
    keys = np.arange(32, dtype=np.uint32).reshape(16, 2)

    def ratio(size: Size) -> float:
        error = error_of(size, keys, "joint", STEPS, "sup")
        assert theorem.rate is not None
        return float(np.sqrt((error**2).mean())) / sum(theorem.rate.evaluate(size))

    depths, heads = (4, 8, 16, 32), (1, 4, 16, 64)
    table = [[ratio({"L": depth, "H": count, "S": 4}) for count in heads] for depth in depths]
    for column, count in enumerate(heads):
        axes[0].plot(depths, [row[column] for row in table], marker="o", label=f"H = {count}")
    for row, depth in zip(table, depths, strict=True):
        axes[1].plot(heads, row, marker="o", label=f"L = {depth}")
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
        "constants. The bound asks that the curves stay bounded, not that they fall: where "
        "the term "
        "L^-1 is the larger one, the ratio rises in L, since its true constant is the smaller one.",
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
    "That entrywise AdamW makes the error grow with the embedding dimension: only its parameters "
    "were seen to grow.",
    "More than 8 tokens at smoke tier, and more than 64 at any.",
)
