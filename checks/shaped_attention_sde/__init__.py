"""Claims of the shaped-attention theorem: one layer, the law at a time, and why one shapes.

Sizes: n is the width; time is layer / width. One seed is a batch of independent networks.
"""

from collections.abc import Mapping
from functools import cache, partial
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from checks.suite.picture import Picture
from checks.verdicts import (
    FrequencyClaim,
    IdentityClaim,
    InequalityClaim,
    LawClaim,
    MomentClaim,
    Mutant,
    RateClaim,
    dtype_tolerance,
)
from numerics.generated.shaped_attention_sde import (
    attention_covariance,
    attention_drift,
    mlp_drift,
    noise_increment,
)
from numerics.shaped_attention_sde import (
    Diffusion,
    averaging_matrix,
    limit_ensemble,
    one_layer_means,
    shaped_relu_second_moment,
)
from numerics.shaped_attention_sde.gram_networks import Network, gram_ensemble, literal_ensemble
from theory import shaped_attention_sde as room
from theory.calculus.indices import unfold
from theory.codegen.evaluate import evaluate

GAMMA, TAU0, TOKENS = 0.8, 0.7, 3
V0 = jnp.array([[1.0, 0.2, 0.1], [0.2, 0.8, -0.1], [0.1, -0.1, 1.3]])
UPPER = np.triu_indices(TOKENS)
PAIRS = np.triu_indices(len(UPPER[0]))
M, CAUSAL = averaging_matrix(TOKENS), averaging_matrix(TOKENS, causal=True)
Size = Mapping[str, int]


def room_claim(name: str) -> dict[str, Any]:
    """What the claims of this room have in common."""
    return {"id": f"shaped-attention-sde/{name}", "theorem": "shaped_attention_sde"}


# One layer: mean
def mean_increment(size: Size, keys: Any, causal: bool = False, per_seed: int = 128) -> jax.Array:
    """n E[V' - V], estimated over some draws of the logits a seed, upper triangle."""
    network = Network(size["n"], key_dim=4, depth=1, gamma=GAMMA, tau0=TAU0)
    draws = one_layer_means(batched(keys, per_seed), V0, CAUSAL if causal else M, network)
    return draws[:, *UPPER].reshape(len(keys), per_seed, -1).mean(1)


def batched(keys: Any, per_seed: int) -> jax.Array:
    """Keys of the networks of each seed, seed by seed."""
    return jax.vmap(lambda key: jax.random.split(key, per_seed))(jnp.asarray(keys)).reshape(-1, 2)


def drift(averaging: jax.Array) -> np.ndarray:
    """The derived drift, upper triangle."""
    return np.asarray(jax.jit(attention_drift)(V0, averaging, GAMMA, TAU0))[UPPER]


def drift_without_S1(_: Size) -> np.ndarray:
    """The stated drift with the mean of the attention matrix forgotten."""
    al, be = room.al, room.be
    planted = unfold(room.STATED[room.b[al, be]], room.S1, (al, be), sp.S.Zero)
    at = (al, be, room.de, room.om)
    planted = unfold(planted, room.S2, at, room.STATED[room.S2[at]])
    values = {room.V: V0.tolist(), room.M: M.tolist(), room.gamma: GAMMA, room.tau0: TAU0}
    return np.array(evaluate(planted, (al, be), values), dtype=float)[UPPER]


def bias(size: Size, keys: Any) -> jax.Array:
    """Deviation of the one-layer mean from the drift, last token with itself."""
    return mean_increment(size, keys, per_seed=4096)[:, -1] - drift(M)[-1]


def drift_claim(name: str, causal: bool, *extra: Mutant) -> MomentClaim:
    """One layer has the derived drift, up to a bias of order 1 / n."""
    averaging = CAUSAL if causal else M
    width, expected = 1024, drift(averaging)
    # A token that sees itself alone has no increment, given the logits: rounding apart.
    bound = np.where(np.abs(expected) < 1e-12, 1e-9, np.inf)
    return MomentClaim(
        **room_claim(name),
        statement="n times the mean increment of V over one layer is the drift b, within 2|b|/n",
        source="reconstructed",
        sizes={"n": [width]},
        sample=partial(mean_increment, causal=causal),
        expected=expected,
        tolerance=2 * float(np.abs(expected).max()) / width,
        bounds=(-bound, bound),
        margin=0.1,
        seeds={"smoke": 256, "standard": 512, "full": 2048},
        mutants=(
            Mutant(
                "m-squared", "1/m^2 for 1/m in the average",
                {"expected": drift(averaging / TOKENS)},
            ),
            *extra,
        ),
    )  # fmt: skip


# One layer: covariance
def squares(size: Size, keys: Any, heads: int, causal: bool) -> jax.Array:
    """n (V' - V)(V' - V), averaged over 128 networks a seed."""
    network = Network(size["n"], key_dim=4, depth=1, gamma=GAMMA, tau0=TAU0)
    after = gram_ensemble(batched(keys, 128), V0, CAUSAL if causal else M, network, heads).V
    increment = (after - V0)[:, *UPPER]
    products = (increment[:, :, None] * increment[:, None, :])[:, *PAIRS]
    return size["n"] * products.reshape(len(keys), 128, -1).mean(1)


def covariance(heads: int, averaging: jax.Array, lin: float = 1.0) -> np.ndarray:
    """The derived covariance; ``lin`` rescales the part of the values."""
    full = np.asarray(jax.jit(attention_covariance)(V0, averaging, GAMMA, TAU0, heads))
    values = np.einsum("ad,bw->abdw", V0, V0) + np.einsum("aw,bd->abdw", V0, V0)
    full = full + (lin - 1) * GAMMA**2 * (2 - GAMMA**2) * values
    return full[UPPER][:, *UPPER][PAIRS]


def covariance_claim(name: str, heads: int, causal: bool, *extra: Mutant) -> MomentClaim:
    """One layer has the derived covariance."""
    width, averaging = 1024, CAUSAL if causal else M
    expected = covariance(heads, averaging)
    squared = GAMMA**2 / (GAMMA**2 * (2 - GAMMA**2))
    return MomentClaim(
        **room_claim(name),
        statement="n times the second moments of the increment over one layer are Sigma, "
        "within 3|Sigma|/n",
        source="reconstructed",
        sizes={"n": [width]},
        sample=partial(squares, heads=heads, causal=causal),
        expected=expected,
        tolerance=3 * float(np.abs(expected).max()) / width,
        margin=0.1,
        seeds={"smoke": 512, "standard": 1024, "full": 2048},
        mutants=(
            Mutant(
                "values-coefficient", "gamma^2 for gamma^2 (2 - gamma^2) before the values' part",
                {"expected": covariance(heads, averaging, squared)},
            ),
            Mutant(
                "logits-dropped", "the values' part alone",
                {"expected": covariance(10**9, averaging)},
            ),
            *extra,
        ),
    )  # fmt: skip


# The law at a time
def law_statistics(V: jax.Array) -> jax.Array:
    """Correlation of two tokens and two log variances: no raw moments, whose tails are heavy."""
    logs = log_variances(V)
    rho = V[:, 0, 1] * jnp.exp(-(logs[:, 0] + logs[:, 1]) / 2)
    return jnp.stack([rho, logs[:, 0], logs[:, 1]], axis=1)


def log_variances(V: jax.Array) -> jax.Array:
    """Logarithms of the diagonal entries."""
    return jnp.log(jnp.diagonal(V, axis1=1, axis2=2))


HORIZON, STOP = 0.5, 10.0


def networks(n: int, depth: int) -> Network:
    """Networks whose logits have the key dimension 4, stopped at 10."""
    return Network(n, 4, depth, GAMMA, TAU0, stop=STOP)


def network_law(size: Size, keys: Any) -> jax.Array:
    """Statistics of networks of depth n / 2."""
    n = size["n"]
    return law_statistics(gram_ensemble(jnp.asarray(keys), V0, M, networks(n, n // 2)).V)


def limit_law(size: Size, keys: Any, horizon: float = HORIZON, tau0: float = TAU0) -> jax.Array:
    """Statistics of the SDE at time 1/2, step 1 / n."""
    diffusion = Diffusion(horizon, round(horizon * size["n"]), GAMMA, tau0, stop=STOP)
    return law_statistics(limit_ensemble(jnp.asarray(keys), V0, M, diffusion).V)


def sampler_law(size: Size, keys: Any, literal: bool, n: int = 24, depth: int = 3) -> jax.Array:
    """Gram matrices of narrow networks with two heads and a causal mask, upper triangle."""
    arguments = jnp.asarray(keys), V0, CAUSAL, networks(n, depth), 2
    V = literal_ensemble(*arguments) if literal else gram_ensemble(*arguments).V
    return V[:, *UPPER]


WIDTHS, BATCH = (20, 100, 300), 4096


@cache
def network_log_variances(n: int, seeds: bytes) -> np.ndarray:
    """Mean log variance of two tokens at depth n / 2 by seed, noise of the layers subtracted.

    Kept for the planted errors, which change only the SDE.
    """
    network = Network(n, 4, n // 2, 0.7, 1.0, stop=STOP)
    keys = batched(np.frombuffer(seeds, np.uint32).reshape(-1, 2), BATCH)
    paths = gram_ensemble(keys, V0[:2, :2], averaging_matrix(2), network)
    return np.asarray(log_variances(paths.V) - paths.surprise).reshape(-1, 2 * BATCH).mean(1)


def distance_falls(
    size: Size, keys: Any, horizon: float = HORIZON, tau0: float = 1.0, same_width: bool = False
) -> np.ndarray:
    """Whether mean log variances of networks of width 20, 100, 300 approach those of the SDE.

    The SDE has steps of 1 / n; ``horizon`` and ``tau0`` are its own. The event is that the
    distance falls twice and that at most a fifth of it is left, where n^-1 leaves a fifteenth
    and n^(-1/2) a quarter. Means over 4096 networks and paths a seed; ``same_width`` takes
    networks of width 20 for all.
    """
    seeds = np.asarray(keys, np.uint32)
    others = jax.vmap(lambda key: jax.random.fold_in(key, 1))(jnp.asarray(seeds))
    gaps = []
    for n in (WIDTHS[0],) * 3 if same_width else WIDTHS:
        diffusion = Diffusion(horizon, round(horizon * n), 0.7, tau0, stop=STOP)
        paths = limit_ensemble(batched(others, BATCH), V0[:2, :2], averaging_matrix(2), diffusion)
        limit = np.asarray(log_variances(paths.V) - paths.surprise).reshape(-1, 2 * BATCH).mean(1)
        gaps.append(np.abs(network_log_variances(n, seeds.tobytes()) - limit))
    first, middle, last = gaps
    return (first > middle) & (middle > last) & (last <= first / 5)


# Shaping
def collapse_gap(size: Size, keys: Any, plain: bool = False, decades: float = 3) -> jax.Array:
    """Decades by which 1 - rho of shaped attention exceeds that of plain, less those claimed.

    Each seed averages the logarithm over 32 networks.
    """
    n = size["n"]

    def distance(shaped: bool) -> jax.Array:
        network = Network(n, key_dim=n, depth=n, gamma=0.7, tau0=1.0, shaped=shaped)
        V = gram_ensemble(batched(keys, 32), V0, M, network).V
        return jnp.log10(1 - law_statistics(V)[:, 0]).reshape(len(keys), 32).mean(1)

    return distance(not plain) - distance(False) - decades


# The shaped ReLU at finite width
def relu_residual(size: Size, keys: Any, sign: float = 1.0, scale: float = 1.0) -> jax.Array:
    """Quadrature of E[sigma sigma] against rho + c nu(rho) / n, with c E[sigma^2] = 1."""
    return _relu_residuals(jnp.asarray(keys), size["n"], sign, scale)


@jax.jit
@partial(jax.vmap, in_axes=(0, None, None, None))
def _relu_residuals(key: jax.Array, n: Any, sign: Any, scale: Any) -> jax.Array:
    u = jax.random.uniform(key, (3,), minval=-1.0)
    rho, c_plus, c_minus = u[0], 2 * u[1], 2 * u[2]
    s_plus, s_minus = 1 + c_plus / jnp.sqrt(n), 1 + c_minus / jnp.sqrt(n)
    c = 2 / (s_plus**2 + s_minus**2)
    nu = mlp_drift(jnp.array([[1.0, rho], [rho, 1.0]]), c_plus, c_minus, 1.0)[0, 1]
    nu = nu - (sign - 1) * rho * jnp.arccos(rho) * (c_plus - c_minus) ** 2 / (2 * jnp.pi)
    exact = shaped_relu_second_moment(rho, s_plus, s_minus)
    return jnp.abs(exact - (rho + scale * c * nu / n) / c)


n = sp.Symbol("n", positive=True)
claims = (
    drift_claim(
        "drift",
        False,
        Mutant(
            "s1-dropped",
            "the mean of the attention matrix forgotten",
            {"expected": drift_without_S1},
        ),
    ),
    drift_claim(
        "drift-causal",
        True,
        Mutant("mask-ignored", "drift of full attention", {"expected": drift(M)}),
    ),
    RateClaim(
        **room_claim("drift-bias"),
        statement="the one-layer mean deviates from the drift by O(1/n), exactly of that order",
        source="reconstructed",
        sizes={"n": [10, 14, 20, 28, 40]},
        predicted=1 / n,
        kind="exact",
        margin=0.25,
        statistic="weak",
        error=bias,
        seeds={"smoke": 64, "standard": 128, "full": 256},
        mutants=(
            Mutant("rate-1-2", "rate n^(-1/2)", {"predicted": n ** -sp.Rational(1, 2)}),
            Mutant("rate-2", "rate n^(-2)", {"predicted": n**-2}),
        ),
    ),
    covariance_claim("covariance", 1, False),
    covariance_claim(
        "covariance-heads-causal",
        2,
        True,
        Mutant(
            "heads-missing",
            "one head's covariance for two heads",
            {"expected": covariance(1, CAUSAL)},
        ),
        Mutant("mask-ignored", "covariance of full attention", {"expected": covariance(2, M)}),
    ),
    LawClaim(
        **room_claim("gram-sampler"),
        statement="the Gram sampler has the law of the literal network: width 24, three layers, "
        "two heads, causal",
        source="reconstructed",
        left=partial(sampler_law, literal=False),
        right=partial(sampler_law, literal=True),
        seeds={"smoke": 2048, "standard": 4096, "full": 8192},
        margin=0.15,
        mutants=(
            Mutant(
                "width",
                "values drawn for half the width",
                {"left": partial(sampler_law, literal=False, n=12)},
            ),
            Mutant(
                "layer-lost",
                "one layer for three",
                {"left": partial(sampler_law, literal=False, depth=1)},
            ),
        ),
    ),
    LawClaim(
        **room_claim("law"),
        statement="correlation and log variances at depth / width = 1/2, stopped at 10, have the "
        "law of the SDE as the width grows",
        source="reconstructed",
        sizes={"n": [20, 100, 300]},
        finest_only=True,
        left=network_law,
        right=limit_law,
        seeds={"smoke": 2048, "standard": 8192, "full": 16384},
        mutants=(
            Mutant(
                "time-unit",
                "time = layer / (2 width)",
                {"right": partial(limit_law, horizon=HORIZON / 2)},
            ),
            Mutant(
                "temperature",
                "tau = tau0 sqrt(n n_k) / 2",
                {"right": partial(limit_law, tau0=TAU0 / 2)},
            ),
        ),
    ),
    FrequencyClaim(
        **room_claim("law-distance"),
        statement="mean log variances of two tokens at depth / width = 1/2 approach those of the "
        "SDE with step 1 / n: of 4096 networks the distance falls from width 20 to 100 to 300, to "
        "a fifth or less, in more than 6 of 10 seeds",
        source="reconstructed",
        points=[{"n": WIDTHS[-1]}],
        sample=distance_falls,
        events=("the distance falls to a fifth",),
        low=0.6,
        seeds={"standard": 16, "full": 32},
        mutants=(
            Mutant(
                "time-unit",
                "time = layer / (2 width)",
                {"sample": partial(distance_falls, horizon=HORIZON / 2)},
            ),
            Mutant(
                "temperature",
                "the SDE at half the temperature",
                {"sample": partial(distance_falls, tau0=0.5)},
            ),
            Mutant(
                "one-width",
                "networks of width 20 passed off as wider ones",
                {"sample": partial(distance_falls, same_width=True)},
            ),
        ),
    ),
    InequalityClaim(
        **room_claim("rank-collapse"),
        statement="at depth = width = 32, plain softmax attention has collapsed: 1 - rho is at "
        "least three decades smaller than with shaped attention",
        source="reconstructed",
        sizes={"n": [32]},
        slack=collapse_gap,
        seeds={"smoke": 16, "standard": 64, "full": 256},
        mutants=(
            Mutant(
                "not-shaped",
                "plain attention passed off as shaped",
                {"slack": partial(collapse_gap, plain=True)},
            ),
            Mutant(
                "twelve-decades",
                "a gap of twelve decades claimed",
                {"slack": partial(collapse_gap, decades=12)},
            ),
        ),
    ),
    IdentityClaim(
        **room_claim("shaped-relu"),
        statement="c E[sigma_s(x) sigma_s(y)] = rho + c nu(rho) / n at every width, exactly",
        source="reconstructed",
        sizes={"n": [1, 4, 16, 64]},
        residual=relu_residual,
        tolerance=dtype_tolerance(np.float64, 4, 24),
        seeds={"smoke": 64, "standard": 256, "full": 1024},
        mutants=(
            Mutant(
                "sign",
                "plus rho arccos(rho), as printed in the notes",
                {"residual": partial(relu_residual, sign=-1.0)},
            ),
            Mutant("half", "half of nu", {"residual": partial(relu_residual, scale=0.5)}),
        ),
    ),
)


# Pictures
def draw_bias(axes: Any, results: Mapping[str, Any]) -> None:
    """Deviation of the one-layer mean from the drift against n."""
    keys = jax.random.split(jax.random.PRNGKey(0), 32)
    levels = np.array([12, 24, 48, 96])
    errors = np.array([np.asarray(bias({"n": int(k)}, keys)) for k in levels])
    axes.errorbar(levels, np.abs(errors.mean(1)), errors.std(1) / np.sqrt(32), fmt="o", capsize=3)
    axes.plot(levels, abs(errors.mean(1)[0]) * levels[0] / levels, "--", label="1/n")
    axes.set(xscale="log", yscale="log", xlabel="width n", ylabel="|n E[V' - V] - b|")
    axes.legend()


def draw_density(axes: Any, results: Mapping[str, Any]) -> None:
    """Density of the correlation: networks of width 100 against the SDE."""
    keys = jax.random.split(jax.random.PRNGKey(1), 8192)
    bins = np.linspace(-1, 1, 41)
    network = np.asarray(network_law({"n": 100}, keys[:4096])[:, 0])
    limit = np.asarray(limit_law({"n": 100}, keys[4096:])[:, 0])
    counts, _ = np.histogram(network, bins, density=True)
    middle, step = (bins[1:] + bins[:-1]) / 2, bins[1] - bins[0]
    spread = np.sqrt(counts / (len(network) * step))
    axes.errorbar(middle, counts, spread, fmt=".", capsize=2, label="networks, n = 100")
    axes.hist(limit, bins, density=True, histtype="step", label="SDE")
    axes.set(xlabel="correlation of two tokens at depth / width = 1/2", ylabel="density")
    axes.legend()


def draw_cost(axes: Any, results: Mapping[str, Any]) -> None:
    """Time of one step of the SDE against the number of tokens."""
    tokens, seconds = np.array([4, 8, 16, 32]), []
    for m in tokens:
        V = jnp.eye(m) + 0.1
        step = jax.jit(
            jax.vmap(
                lambda dW, V=V, m=m: (
                    attention_drift(V, averaging_matrix(m), GAMMA, TAU0)
                    + noise_increment(V, averaging_matrix(m), GAMMA, TAU0, 1, dW[0], dW[1])
                )
            )
        )
        dW = jnp.ones((64, 2, m, m))
        step(dW).block_until_ready()
        runs = []
        for _ in range(5):
            start = perf_counter()
            step(dW).block_until_ready()
            runs.append((perf_counter() - start) / 64)
        seconds.append(runs)
    low, middle, high = np.quantile(np.array(seconds), [0, 0.5, 1], axis=1)
    axes.errorbar(
        tokens, middle, [middle - low, high - middle], fmt="o-", capsize=3, label="measured"
    )
    axes.plot(tokens, middle[-1] * (tokens / tokens[-1]) ** 3.0, "--", label="m^3")
    axes.set(xscale="log", yscale="log", xlabel="tokens m", ylabel="seconds a step and path")
    axes.legend()


pictures = (
    Picture(
        "Bias of one layer",
        "The one-layer mean deviates from the drift by O(1/n); bars: one standard error, 32 seeds.",
        draw_bias,
    ),
    Picture(
        "Law of the correlation",
        "4096 networks of width 100 (bars: one standard error) and 4096 paths of the SDE.",
        draw_density,
    ),
    Picture(
        "Cost of a step",
        "Drift and noise factor, without a square root of a covariance; bars: range of five runs.",
        draw_cost,
    ),
)

not_checked = (
    "Convergence of whole paths in the Skorohod topology: laws at one time are compared, "
    "stopped at 10.",
    "Uniqueness and non-explosion of the SDE; paths are stopped, as in the theorem.",
    "The block of attention followed by an MLP as one simulated network: the drift and "
    "covariance of each are derived and add up.",
    "Smooth activations of the shaped MLP, and learnable weights of the shaping.",
)
