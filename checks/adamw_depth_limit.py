"""Claims of the AdamW theorem: the bound, the sharper exponents, the constants, the symmetries.

Sizes: L is the depth, H the number of heads, N the number of tokens, d the embedding dimension.
One seed is one network; the problem is fixed, or drawn anew for each seed where it says so. What
is a bound can be refuted here, not proved: the grid is finite, and so is the set of inputs.
"""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
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
from numerics.adamw_depth_limit import (
    Heads,
    backward,
    forward,
    leading_errors,
    uniform_box,
)
from numerics.generated.adamw_depth_limit import (
    attention,
    attention_token_jacobian,
    largest_update,
    toy_mean_square,
)
from numerics.training.adamw_variants import Recipe, variant
from numerics.training.token_problems import (
    Problem,
    draw_problem,
    largest,
    limit_run,
    pointwise,
    repeated,
    simulate,
)
from theory.adamw_depth_limit import theorem

STEPS = 2  # training steps
ADAMW = Recipe(learning_rate=0.1)
SEEDS = {"smoke": 16, "standard": 32, "full": 64}
L, H = sp.symbols("L H", positive=True)
Size = Mapping[str, int]


def room_claim(name: str, statement: str, source: str = "reconstructed") -> dict[str, Any]:
    """What the claims of this room have in common."""
    return {
        "id": f"adamw-depth-limit/{name}",
        "statement": statement,
        "source": source,
        "theorem": "adamw_depth_limit",
        "seeds": SEEDS,
    }


# Networks of random heads on the fixed problem, against the limit.
@cache
def fixed_problem() -> Problem:
    """The problem of the claims about the noise of the heads."""
    return draw_problem(jax.random.PRNGKey(2605))


@cache
def fixed_limit(seeds: int) -> tuple[jax.Array, jax.Array]:
    """Its limit, as long as the axis of seeds."""
    return limit_run(repeated(fixed_problem(), seeds), ADAMW, steps=STEPS)


def deviations(size: Size, keys: Any, recipe: Recipe = ADAMW) -> tuple[jax.Array, jax.Array]:
    """States and backpropagated variables minus their limit, all steps, sequences and depths."""
    problems = repeated(fixed_problem(), len(keys))
    run = simulate(jnp.asarray(keys), problems, size["L"], size["H"], recipe, False, steps=STEPS)
    x, p = fixed_limit(len(keys))
    return run.x - x, run.p - p


def error_of(size: Size, keys: Any, what: str, step: int, how: str) -> jax.Array:
    """One number a seed: of states at depth one, of backpropagated variables at depth zero."""
    error = deviations(size, keys)[what == "adjoints"][:, step]
    return largest(error) if how == "sup" else pointwise(error, 0 if what == "adjoints" else -1)


def joint_error(size: Size, keys: Any, step: int) -> jax.Array:
    """States and backpropagated variables together, root mean square over sequences."""
    x, p = deviations(size, keys)
    return jnp.hypot(pointwise(x[:, step], -1), pointwise(p[:, step], 0))


def bound_claim(name: str, words: str, error: Any) -> RateClaim:
    """The bound of the abstract for one quantity."""
    return RateClaim(
        **room_claim(f"bound-{name}", f"{words}: error at most L^-1 + L^-1/3 H^-1/2", "abstract"),
        predicted=theorem.rate,
        error=error,
        statistic="rms",
        margin=0.15,
        sizes={
            "smoke": {"L": [4, 32], "H": [1, 16]},
            "standard": {"L": [4, 8, 16, 32, 64], "H": [1, 4, 16, 64]},
            "full": {"L": [4, 8, 16, 32, 64, 128], "H": [1, 2, 4, 8, 16, 32, 64]},
        },
        mutants=(
            Mutant("full-depth", "L^-1 H^-1/2 claimed", {"predicted": 1 / (L * sp.sqrt(H))}),
            Mutant(
                "heads-squared", "L^-1/3 H^-1 claimed", {"predicted": L ** sp.Rational(-1, 3) / H}
            ),
        ),
    )


def bounds() -> tuple[RateClaim, ...]:
    """States and backpropagated variables, before and after training; largest and mean square."""
    found = [
        bound_claim(
            f"{what}-step-{step}",
            f"{what.capitalize()} after {step} steps, largest over inputs",
            partial(error_of, what=what, step=step, how="sup"),
        )
        for what in ("states", "adjoints")
        for step in (0, STEPS)
    ]
    found += [
        bound_claim(
            f"joint-step-{step}",
            f"States and adjoints after {step} steps, mean square over inputs",
            partial(joint_error, step=step),
        )
        for step in (0, STEPS)
    ]
    return tuple(found)


# The noise of the heads alone: minus the exhaustive network of the same depth.
@cache
def exhaustive_run(depth: int, seeds: int) -> Any:
    """The network of that depth without sampling error, on the fixed problem."""
    problems, keys = repeated(fixed_problem(), seeds), jnp.zeros((seeds, 2), jnp.uint32)
    return simulate(keys, problems, depth, 1, ADAMW, True, steps=STEPS)


def noise(size: Size, keys: Any, what: str, step: int = STEPS) -> jax.Array:
    """Deviation from the exhaustive network of the same depth; ``sup`` is of both, largest."""
    problems = repeated(fixed_problem(), len(keys))
    run = simulate(jnp.asarray(keys), problems, size["L"], size["H"], ADAMW, False, steps=STEPS)
    full = exhaustive_run(size["L"], len(keys))
    x, p = (run.x - full.x)[:, step], (run.p - full.p)[:, step]
    if what == "sup":
        return jnp.maximum(largest(x), largest(p))
    return pointwise(x, -1) if what == "states" else pointwise(p, 0)


def noise_claim(what: str, words: str) -> RateClaim:
    """The noise of the heads is of order (L H)^-1/2 after training: sharper than the bound."""
    third, half = sp.Rational(-1, 3), sp.Rational(-1, 2)
    return RateClaim(
        **room_claim(f"noise-{what}", f"{words}: head noise exactly of order L^-1/2 H^-1/2"),
        predicted=(L * H) ** half,
        error=partial(noise, what=what),
        statistic="rms",
        next_order=None,
        margin=0.08,
        sizes={
            "smoke": {"L": [8, 64], "H": [4, 64]},
            "standard": {"L": [8, 16, 32, 64], "H": [2, 8, 32]},
            "full": {"L": [8, 16, 32, 64, 128], "H": [2, 4, 8, 16, 32, 64]},
        },
        cap={"smoke": 128, "standard": 256, "full": 512},
        mutants=(
            Mutant(
                "third-in-L", "L^-1/3 as if the bound were exact", {"predicted": L**third * H**half}
            ),
            Mutant("full-depth", "L^-1 H^-1/2 claimed", {"predicted": H**half / L}),
        ),
    )


# Constants before training; errors of depth alone.
leading = jax.jit(jax.vmap(partial(leading_errors, steps=16)))


@cache
def constants() -> tuple[float, float]:
    """Derived spread sqrt(L H E|x - x_1|^2) over the sequences, and without the flow."""
    problem = fixed_problem()
    X, atoms = problem.data.inputs, problem.atoms
    # As many rows as a claim has seeds, so that one compiled function serves both.
    twice = jnp.concatenate([X, X])
    found = leading(twice, repeated(problem, len(twice)).atoms)
    tokens = X.shape[1]
    spread = jnp.trace(found.covariance, axis1=1, axis2=2).mean() / tokens

    def still(x: jax.Array) -> jax.Array:
        values = jax.vmap(lambda *head: jax.vmap(lambda q: attention(q, x, *head))(x))(*atoms)
        return values.var(axis=0).sum() / tokens

    return float(jnp.sqrt(spread)), float(jnp.sqrt(jax.vmap(still)(X).mean()))


draw_problems = jax.jit(jax.vmap(draw_problem))


def problems_of(keys: Any) -> Problem:
    """A problem for each seed."""
    return draw_problems(jnp.asarray(keys))


@cache
def limits_of(seeds: bytes, count: int) -> tuple[jax.Array, jax.Array]:
    """The limits of the problems of some seeds."""
    keys = np.frombuffer(seeds, np.uint32).reshape(count, 2)
    return limit_run(problems_of(keys), ADAMW, steps=STEPS)


def extrapolation_error(size: Size, keys: Any, richardson: bool = True) -> jax.Array:
    """Richardson's extrapolation from depths L and 2 L, against the one from the deepest."""
    problems, raw = problems_of(keys), jnp.asarray(keys)
    x, _ = limits_of(np.asarray(keys).tobytes(), len(keys))
    coarse, fine = (
        simulate(raw, problems, depth, 1, ADAMW, True, steps=STEPS).x
        for depth in (size["L"], 2 * size["L"])
    )
    found = 2 * fine - coarse if richardson else fine
    return pointwise((found - x)[:, -1], -1)


def richardson_claim() -> RateClaim:
    """Why the reference counts as exact."""
    return RateClaim(
        **room_claim(
            "richardson", "The extrapolated exhaustive network has an error of at most order L^-2"
        ),
        predicted=L**-2,
        kind="upper bound",
        error=extrapolation_error,
        margin=0.25,
        cap=SEEDS,
        sizes={
            "smoke": {"L": [4, 8, 12, 16]},
            "standard": {"L": [4, 8, 12, 16]},
            "full": {"L": [4, 8, 12, 16, 20]},
        },
        mutants=(
            Mutant(
                "left-out",
                "the deeper network, not extrapolated",
                {"error": partial(extrapolation_error, richardson=False)},
            ),
            Mutant("third-order", "L^-3 claimed", {"predicted": L**-3}),
        ),
    )


def depth_error(size: Size, keys: Any, recipe: Recipe = ADAMW) -> jax.Array:
    """Exhaustive network against the limit after training, states and adjoints, per problem."""
    problems = problems_of(keys)
    run = simulate(jnp.asarray(keys), problems, size["L"], 1, recipe, True, steps=STEPS)
    x, p = limits_of(np.asarray(keys).tobytes(), len(keys))
    return jnp.hypot(pointwise((run.x - x)[:, -1], -1), pointwise((run.p - p)[:, -1], 0))


def depth_claim() -> RateClaim:
    """Euler's exponent after training; here a wrong optimiser shows without noise."""
    wrong = {
        "coupled-decay": ("L2 decay in the gradient", ADAMW._replace(decoupled=0.0, coupled=0.1)),
        "no-bias-correction": ("moments not corrected", ADAMW._replace(bias_correction=0.0)),
        "raw-gradients": ("gradients not times L H, epsilon fixed", ADAMW._replace(divisor=32.0)),
    }
    return RateClaim(
        **room_claim("depth-alone", "Without head noise, the error after training is of order 1/L"),
        predicted=1 / L,
        error=depth_error,
        cap=SEEDS,
        sizes={
            "smoke": {"L": [4, 8, 16, 32]},
            "standard": {"L": [4, 8, 12, 16, 32]},
            "full": {"L": [4, 8, 12, 16, 24, 32]},
        },
        mutants=(
            *(
                Mutant(n, w, {"error": partial(depth_error, recipe=r)})
                for n, (w, r) in wrong.items()
            ),
            Mutant("square-root", "L^-1/2 claimed", {"predicted": L ** sp.Rational(-1, 2)}),
        ),
    )


def constant_claims() -> tuple[ConstantClaim, ...]:
    """Both leading errors before training, against their ODEs."""

    def spread(size: Size, flow: bool = True) -> float:
        return constants()[0 if flow else 1]

    def euler(size: Size, keys: Any) -> jax.Array:
        problems = problems_of(keys)
        run = simulate(jnp.asarray(keys), problems, size["L"], 1, ADAMW, True, steps=STEPS)
        x, _ = limits_of(np.asarray(keys).tobytes(), len(keys))
        found = leading(problems.data.inputs[:, 0], problems.atoms).euler
        error = (run.x - x)[:, 0, 0, -1]
        return jnp.linalg.norm(error, axis=(1, 2)) / jnp.linalg.norm(found, axis=(1, 2))

    return (
        ConstantClaim(
            **room_claim(
                "euler-constant", "Before training, L times Euler's error is the derived one"
            ),
            predicted=1 / L,
            constant=1.0,
            error=euler,
            sizes={
                "smoke": {"L": [4, 8, 16, 32]},
                "standard": {"L": [4, 8, 16, 32]},
                "full": {"L": [4, 8, 12, 16, 24, 32]},
            },
            mutants=(
                Mutant("no-half", "-x'' in place of -x''/2 as the defect", {"constant": 2.0}),
                Mutant("square-root", "L^-1/2 claimed", {"predicted": L ** sp.Rational(-1, 2)}),
            ),
        ),
        ConstantClaim(
            **room_claim(
                "clt-constant", "Before training, sqrt(L H) times the noise is the derived one"
            ),
            predicted=(L * H) ** sp.Rational(-1, 2),
            constant=spread,
            next_order=None,
            margin=0.13,
            error=partial(noise, what="states", step=0),
            statistic="rms",
            sizes={
                "smoke": {"L": [16, 32], "H": [4, 64]},
                "standard": {"L": [16, 32, 64], "H": [16, 64]},
                "full": {"L": [16, 32, 64, 128], "H": [16, 64]},
            },
            cap={"smoke": 128, "standard": 256, "full": 512},
            mutants=(
                Mutant(
                    "no-flow",
                    "noise not carried by the linearised flow",
                    {"constant": partial(spread, flow=False)},
                ),
                Mutant(
                    "variance",
                    "variance for standard deviation",
                    {"constant": lambda size: spread(size) ** 2},
                ),
            ),
        ),
    )


# The one-token network, exactly.
def toy_squares(size: Size, keys: Any) -> jax.Array:
    """Mean over 256 networks a seed of (x_L - x_1)^2, through the layers of the room."""
    depth, heads, zero = size["L"], size["H"], jnp.zeros(())

    def one(key: jax.Array) -> jax.Array:
        drawn, one_head = uniform_box(1, 1, 0.5)(key, depth, heads), jnp.ones((1, 1, 1))
        return (forward(one_head, drawn)[-1, 0, 0, 0] - jnp.exp(0.5)) ** 2 + zero

    many = jax.vmap(lambda key: jax.random.split(key, 256))(jnp.asarray(keys)).reshape(-1, 2)
    return jax.jit(jax.vmap(one))(many).reshape(len(keys), -1).mean(axis=1)


def toy_claim() -> MomentClaim:
    """V is uniform in [-sqrt(3), sqrt(3)] + 1/2: mean 1/2 and variance 1."""

    def exact(size: Size, sigma: float = 1.0) -> float:
        return float(toy_mean_square(1.0, 0.5, sigma, size["L"], size["H"]))

    def without_depth(size: Size) -> float:
        return float(jnp.exp(1.0)) / (size["L"] * size["H"])

    return MomentClaim(
        **room_claim("toy", "One token: the mean square error is the derived one, at every size"),
        sample=toy_squares,
        expected=exact,
        margin=0.15,
        sizes={"L": [4], "H": [1, 8]},
        cap={"smoke": 256, "standard": 512, "full": 1024},
        mutants=(
            Mutant(
                "leading-order",
                "sigma^2 e^(2 mu) / (L H) for the exact value",
                {"expected": without_depth},
            ),
            Mutant("no-spread", "heads without spread", {"expected": partial(exact, sigma=0.0)}),
        ),
    )


# Tokens and embedding dimension.
def token_error(size: Size, keys: Any, summed: bool = False) -> jax.Array:
    """Head noise after training with N tokens, repeated until there are 8 (64 when N is larger).

    Repeating tokens changes no measure, so it is the network of N tokens (see ``repetition``).
    """
    n, most = size["N"], 8 if size["N"] <= 8 else 64
    whole = jax.vmap(partial(draw_problem, tokens=most))(jnp.asarray(keys))
    chosen = jnp.arange(most) % n
    data = whole.data._replace(
        inputs=whole.data.inputs[:, :, chosen], targets=whole.data.targets[:, :, chosen]
    )
    run, full = (
        simulate(jnp.asarray(keys), Problem(data, whole.atoms), 8, 4, ADAMW, every, steps=STEPS)
        for every in (False, True)
    )
    x, p = (run.x - full.x)[:, -1], (run.p - full.p)[:, -1]
    return jnp.hypot(pointwise(x, -1), pointwise(p, 0) * (n if summed else 1))


@jax.jit
def dimension_problems(keys: jax.Array, d: Any) -> Problem:
    """Problems in R^d inside R^16; norms of tokens and matrices do not depend on d."""
    problems = jax.vmap(partial(draw_problem, tokens=4, d=16, sequences=2, trained=2))(keys)
    live = (jnp.arange(16) < d).astype(float)

    def unit(w: jax.Array, norm: float, *over: int) -> jax.Array:
        return norm * w / jnp.linalg.norm(w, axis=over, keepdims=True)

    Q, K, V = problems.atoms
    square = live * live[:, None]
    atoms = Heads(
        unit(Q * live, 1.0, -2, -1), unit(K * live, 1.0, -2, -1), unit(V * square, 2.0, -2, -1)
    )
    inputs, targets = (unit(w * live, 1.5, -1) for w in problems.data[:2])
    return Problem(problems.data._replace(inputs=inputs, targets=targets), atoms)


def dimension_run(size: Size, keys: Any, blockwise: float) -> tuple[Any, Problem]:
    """Random and exhaustive networks; coordinates beyond d are zero and stay zero."""
    raw = jnp.asarray(keys)
    cut = dimension_problems(raw, size["d"])
    recipe = ADAMW._replace(eps=1e-8, blockwise=blockwise)
    run, full = (
        simulate(raw, cut, 8, 2, recipe, every, steps=STEPS, layers=8) for every in (False, True)
    )
    return (run, full), cut


def dimension_error(size: Size, keys: Any, blockwise: float = 1.0) -> jax.Array:
    """Head noise of the states after training."""
    (run, full), _ = dimension_run(size, keys, blockwise)
    return pointwise((run.x - full.x)[:, -1], -1)


def dimension_norm(size: Size, keys: Any, blockwise: float = 1.0, per: bool = False) -> jax.Array:
    """Largest Frobenius norm of a value matrix after training (``per``: its movement over d)."""
    (run, _), cut = dimension_run(size, keys, blockwise)
    if not per:
        return jnp.linalg.norm(run.heads.V[:, :8], axis=(-2, -1)).max((-1, -2))
    kept = (1 - ADAMW.learning_rate * ADAMW.decoupled) ** STEPS
    moved = run.heads.V[:, 0] - kept * cut.atoms.V
    return jnp.linalg.norm(moved, axis=(-2, -1)).mean(-1) / size["d"]


def size_claims() -> tuple[IndependenceClaim, ...]:
    """What must not grow with the tokens, nor, for blockwise AdamW, with the dimension."""
    common: dict[str, Any] = {"kind": "no growth", "margin": 0.25}
    return (
        IndependenceClaim(
            **room_claim(
                "tokens", "Error after training does not grow with the tokens", "abstract"
            ),
            **common,
            error=token_error,
            size="N",
            sizes={
                "smoke": {"N": [2, 4, 8]},
                "standard": {"N": [2, 4, 8, 16, 64]},
                "full": {"N": [2, 4, 8, 16, 32, 64]},
            },
            mutants=(
                Mutant(
                    "summed",
                    "loss summed over tokens, so adjoints of order N",
                    {"error": partial(token_error, summed=True)},
                ),
                Mutant("always-smaller", "a fall by 4 claimed", {"planted_drift": 6.0}),
            ),
        ),
        IndependenceClaim(
            **room_claim(
                "blockwise-error", "Blockwise AdamW: error does not grow with d", "abstract"
            ),
            **common,
            error=dimension_error,
            size="d",
            sizes={"d": [2, 4, 8, 16]},
            mutants=(
                Mutant("growth", "growth by 2 planted", {"planted_drift": 2.0}),
                Mutant("more-growth", "growth by 4 planted", {"planted_drift": 4.0}),
            ),
        ),
        IndependenceClaim(
            **room_claim("blockwise-norm", "Blockwise AdamW: norms of values do not grow with d"),
            **common,
            error=dimension_norm,
            size="d",
            sizes={"d": [2, 4, 8, 16]},
            mutants=(
                Mutant(
                    "entrywise",
                    "AdamW entry by entry",
                    {"error": partial(dimension_norm, blockwise=0.0)},
                ),
                Mutant("growth", "growth by 2 planted", {"planted_drift": 2.0}),
            ),
        ),
        IndependenceClaim(
            **room_claim(
                "entrywise-moves", "Entrywise AdamW moves values by order d in Frobenius norm"
            ),
            kind="equivalent",
            margin=0.5,
            size="d",
            sizes={"d": [2, 4, 8, 16]},
            error=partial(dimension_norm, blockwise=0.0, per=True),
            mutants=(
                Mutant(
                    "blockwise",
                    "one second moment a matrix",
                    {"error": partial(dimension_norm, blockwise=1.0, per=True)},
                ),
                Mutant("growth", "growth by 2 planted", {"planted_drift": 2.0}),
            ),
        ),
    )


# Exact identities: measures, symmetry, backpropagation; each for networks drawn anew.
def instance(key: jax.Array) -> tuple[Any, jax.Array, jax.Array]:
    """Three layers of three heads, two sequences of three tokens, and their targets."""
    first, second, third = jax.random.split(key, 3)
    network = uniform_box(4, 2, 0.5)(first, 3, 3)
    return network, jax.random.normal(second, (2, 3, 4)), jax.random.normal(third, (2, 3, 4))


instances = jax.jit(jax.vmap(instance))


@jax.jit
def passes(networks: Any, X: jax.Array, Y: jax.Array) -> tuple:
    """States, backpropagated variables and head gradients, for each seed."""

    def one(network: Any, x: jax.Array, y: jax.Array) -> tuple:
        states = forward(x, network)
        return states, *backward(states, states[-1] - y, network, jnp.full(2, 0.5))

    return jax.vmap(one)(networks, X, Y)


@jax.jit
def masked_drift(networks: Any, X: jax.Array) -> tuple[jax.Array]:
    """Drift of the first layer when token i attends to tokens 0 .. i only; axes as in passes."""

    def one(network: Any, x: jax.Array) -> jax.Array:
        layer = jax.tree.map(lambda w: w[0], network.heads)
        rows = [
            jax.vmap(lambda *h, i=i: attention(x[0, i], x[0, : i + 1], *h))(*layer).mean(0)
            for i in range(x.shape[1])
        ]
        return jnp.stack(rows)[None, None]

    return (jax.vmap(one)(networks, X),)


def distances(left: Any, right: Any) -> jax.Array:
    """For each seed, the largest relative deviation of two trees of arrays."""
    pairs = zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True)
    return jnp.stack([jax.vmap(relative)(a, b) for a, b in pairs]).max(axis=0)


def relative(a: jax.Array, b: jax.Array) -> jax.Array:
    """Largest deviation over the largest entry."""
    return jnp.abs(a - b).max() / jnp.abs(b).max()


def symmetry(
    size: Size, keys: Any, move: str, masked: bool = False, scaled: bool = True
) -> jax.Array:
    """Tokens repeated, or exchanged: what the network does is repeated, or exchanged.

    With ``scaled`` off, backpropagated variables are plain gradients, not N times them.
    """
    order = {"repeat": jnp.arange(6) % 3, "exchange": jnp.array([2, 0, 1])}[move]
    networks, X, Y = instances(jnp.asarray(keys))
    moved = [a[:, :, order] for a in (X, Y)]
    if masked:
        found, first = masked_drift(networks, moved[0]), masked_drift(networks, X)
        return distances(found, [a[:, :, :, order] for a in first])
    x, p, gradients = passes(networks, X, Y)
    x_, p_, gradients_ = passes(networks, *moved)
    ratio = 1.0 if scaled else 3 / len(order)
    return distances(
        (x_, ratio * p_, gradients_), (x[:, :, :, order], p[:, :, :, order], gradients)
    )


@partial(jax.jit, static_argnames="lions")
def adjoint_residual(keys: jax.Array, lions: bool, scale: float) -> jax.Array:
    """One layer's backpropagation from the theory, against automatic differentiation."""

    def one(key: jax.Array) -> jax.Array:
        network, X, P = instance(key)
        one_layer = jax.tree.map(lambda w: w[:1], network._replace(depth=jnp.zeros(1)))._replace(
            depth=jnp.asarray(1)
        )
        states, pull = jax.vjp(lambda x: x + branch(x, one_layer), X)
        del states
        found = backward(jnp.stack([X, X]), P, one_layer, jnp.full(2, 0.5))[0][0]
        if not lions:
            found = P + without_lions(X, P, one_layer)
        return relative(found * scale, pull(P)[0])

    def branch(x: jax.Array, layer: Any) -> jax.Array:
        return forward_once(x, layer) - x

    return jax.vmap(one)(keys)


def forward_once(x: jax.Array, layer: Any) -> jax.Array:
    """One layer, through the attention of single queries: differentiable in reverse."""

    def drift(tokens: jax.Array) -> jax.Array:
        def query(at: jax.Array) -> jax.Array:
            heads = jax.tree.map(lambda w: w[0], layer.heads)
            return layer.weights[0] @ jax.vmap(partial(attention, at, tokens))(*heads)

        return jax.vmap(query)(tokens)

    return x + jax.vmap(drift)(x)


def without_lions(X: jax.Array, P: jax.Array, layer: Any) -> jax.Array:
    """D_x A^T P alone: as if a token's influence on the others did not count."""

    def token(x: jax.Array, p: jax.Array, tokens: jax.Array) -> jax.Array:
        heads = jax.tree.map(lambda w: w[0], layer.heads)
        jacobians = jax.vmap(partial(attention_token_jacobian, x, tokens))(*heads)
        return jnp.einsum("m,meg,e->g", layer.weights[0], jacobians, p)

    return jax.vmap(lambda x, p: jax.vmap(lambda a, b: token(a, b, x))(x, p))(X, P)


def adjoint(size: Size, keys: Any, lions: bool = True, scale: float = 1.0) -> jax.Array:
    """The residual for the keys of a claim."""
    return adjoint_residual(jnp.asarray(keys), lions, scale)


def identity_claims() -> tuple[IdentityClaim, ...]:
    """What holds to rounding at every size."""
    common: dict[str, Any] = {"tolerance": dtype_tolerance(np.float64, 10, 100)}
    scaled = Mutant(
        "p-not-scaled",
        "gradients not times N",
        {"residual": partial(symmetry, move="repeat", scaled=False)},
    )
    return (
        IdentityClaim(
            **room_claim(
                "repetition", "Repeated tokens: the network sees their measure only", "abstract"
            ),
            **common,
            residual=partial(symmetry, move="repeat"),
            mutants=(
                Mutant(
                    "causal-mask",
                    "token i attends to 0 .. i",
                    {"residual": partial(symmetry, move="repeat", masked=True)},
                ),
                scaled,
            ),
        ),
        IdentityClaim(
            **room_claim(
                "permutation", "Exchanged tokens have exchanged states and adjoints", "abstract"
            ),
            **common,
            residual=partial(symmetry, move="exchange"),
            mutants=(
                Mutant(
                    "causal-mask",
                    "token i attends to 0 .. i",
                    {"residual": partial(symmetry, move="exchange", masked=True)},
                ),
                Mutant("offset", "a residual of two tolerances planted", {"planted_shift": 2.0}),
            ),
        ),
        IdentityClaim(
            **room_claim("backpropagation", "The adjoint equation is backpropagation of one layer"),
            **common,
            residual=adjoint,
            mutants=(
                Mutant(
                    "no-lions", "Lions term dropped", {"residual": partial(adjoint, lions=False)}
                ),
                Mutant(
                    "one-percent",
                    "adjoint too large by 1%",
                    {"residual": partial(adjoint, scale=1.01)},
                ),
            ),
        ),
    )


# What AdamW does to a history of gradients.
@partial(jax.jit, static_argnames="count")
def histories(keys: jax.Array, recipe: Recipe, count: int) -> tuple[jax.Array, jax.Array]:
    """Gradients that grow by beta2 / beta1 a step, the worst case, with noise; parameters."""
    optimizer = variant(recipe)

    def one(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        growth = (0.999 / 0.9) ** jnp.arange(count)
        wiggle = 1 + 0.3 * jax.random.uniform(key, (count, 1, 1))
        gradients = growth[:, None, None] * wiggle * 1e-3

        def step(carry: tuple, g: jax.Array) -> tuple[tuple, jax.Array]:
            theta, memory = carry
            update, memory = optimizer.update(g, memory, theta)
            return (theta + update, memory), (theta + update)[0, 0]

        start = jnp.ones((1, 1))
        _, path = jax.lax.scan(step, (start, optimizer.init(start)), gradients)
        return jnp.abs(path).max(), jnp.abs(path[0] - 1)

    return jax.vmap(one)(keys)


FAST = Recipe(learning_rate=0.5, eps=1e-12, decoupled=1.0)


def compact_slack(
    size: Size, keys: Any, recipe: Recipe = FAST, constant: float | None = None
) -> jax.Array:
    """max(|theta_0|, C / lambda) minus the largest parameter of the run, relative."""
    bound = float(largest_update(200, 0.9, 0.999)) if constant is None else constant
    largest_seen, _ = histories(jnp.asarray(keys), recipe, 200)
    return jnp.maximum(1.0, bound / 1.0) - largest_seen


def frozen_update(size: Size, keys: Any, scaled: bool = False) -> jax.Array:
    """Movement of the values by training, mean over layers and heads, over the learning rate."""
    depth, problems = size["L"], repeated(fixed_problem(), len(keys))
    divisor = 1.0 if scaled else float(depth * size["H"])
    recipe = ADAMW._replace(divisor=divisor, decoupled=0.0, eps=1.0)
    run = simulate(jnp.asarray(keys), problems, depth, size["H"], recipe, False, steps=STEPS)
    moved = run.heads.V[:, :depth] - problems.atoms.V[:, None]
    return jnp.linalg.norm(moved, axis=(-2, -1)).mean((-1, -2)) / ADAMW.learning_rate


def optimiser_claims() -> tuple[Any, ...]:
    """Why weight decay keeps parameters bounded, and why epsilon must scale."""
    return (
        InequalityClaim(
            **room_claim(
                "compact", "Weight decay keeps parameters below max(|theta_0|, C / lambda)"
            ),
            slack=compact_slack,
            mutants=(
                Mutant(
                    "no-decay",
                    "weight decay left out",
                    {"slack": partial(compact_slack, recipe=FAST._replace(decoupled=0.0))},
                ),
                Mutant(
                    "coupled-decay",
                    "L2 decay in the gradient",
                    {
                        "slack": partial(
                            compact_slack, recipe=FAST._replace(decoupled=0.0, coupled=1.0)
                        )
                    },
                ),
                Mutant(
                    "unit-constant",
                    "|m| <= sqrt(v) for |m| <= C sqrt(v)",
                    {"slack": partial(compact_slack, constant=1.0)},
                ),
            ),
        ),
        RateClaim(
            **room_claim(
                "freezing", "With raw gradients and fixed epsilon, training freezes as 1 / (L H)"
            ),
            predicted=1 / (L * H),
            error=frozen_update,
            sizes={"L": [8, 32], "H": [4, 16]},
            mutants=(
                Mutant(
                    "scaled", "gradients times L H", {"error": partial(frozen_update, scaled=True)}
                ),
                Mutant("root", "(L H)^-1/2 claimed", {"predicted": (L * H) ** sp.Rational(-1, 2)}),
            ),
        ),
    )


claims = (
    *bounds(),
    noise_claim("states", "States after training"),
    noise_claim("adjoints", "Adjoints after training"),
    noise_claim("sup", "Largest over inputs and depths, after training"),
    depth_claim(),
    richardson_claim(),
    *constant_claims(),
    toy_claim(),
    *size_claims(),
    *identity_claims(),
    *optimiser_claims(),
)


def draw_ratio(axes: Any, results: Mapping[str, Any]) -> None:
    """Root mean square of the largest error over the bound with unit constants."""
    keys = np.arange(32, dtype=np.uint32).reshape(16, 2)

    def ratio(size: Size) -> float:
        x, p = deviations(size, keys)
        error = jnp.maximum(largest(x[:, -1]), largest(p[:, -1]))
        assert theorem.rate is not None
        return float(jnp.sqrt((error**2).mean())) / sum(theorem.rate.evaluate(size))

    depths, heads = (4, 8, 16, 32), (1, 4, 16, 64)
    table = [[ratio({"L": depth, "H": count}) for count in heads] for depth in depths]
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
    limits = fixed_limit(16)
    for ax, limit, name, which in zip(axes, limits, ("x", "p"), (0, 1), strict=True):
        for size in ({"L": 8, "H": 1}, {"L": 32, "H": 4}, {"L": 32, "H": 64}):
            found = deviations(size, keys)[which] + limit
            ax.plot(
                times, found[0, -1, 0, :, 0, 0], marker="o", label=f"L={size['L']}, H={size['H']}"
            )
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
