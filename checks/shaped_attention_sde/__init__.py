"""Claims of the shaped-attention theorem: one layer, the law at a time, and why one shapes.

Sizes: n is the width; time is layer / width. One seed is a network or a batch of them.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import numpy as np
import sympy as sp

from checks.shaped_attention_sde import wrong
from checks.shaped_attention_sde.blocks import block_claims
from checks.shaped_attention_sde.noise import noise_claim
from checks.shaped_attention_sde.paths import path_claim
from checks.shaped_attention_sde.pictures import pictures as pictures
from checks.shaped_attention_sde.shaping import shaping_claims
from checks.shaped_attention_sde.statements import experiment, n, right, state
from checks.verdicts import (
    Column,
    FrequencyClaim,
    LawClaim,
    MomentClaim,
    RateClaim,
    With,
)
from numerics import in_double
from numerics.engine.measuring import Size, Table
from numerics.engine.quick import quick_jit
from numerics.generated.shaped_attention_sde import attention_covariance, attention_drift
from numerics.shaped_attention_sde import DERIVED, Terms
from numerics.shaped_attention_sde import measurements as found
from numerics.shaped_attention_sde.measurements import (
    CAUSAL,
    GAMMA,
    HORIZON,
    PAIRS,
    TAU0,
    TOKENS,
    UPPER,
    V0,
    WIDTHS,
    M,
)
from theory import shaped_attention_sde as room
from theory.calculus.indices import define, unfold
from theory.codegen.evaluate import evaluate

_drift, _covariance = (quick_jit(f, level=0) for f in (attention_drift, attention_covariance))


# One layer: mean
@in_double
def drift(averaging: jax.Array) -> np.ndarray:
    """The derived drift, upper triangle."""
    return np.asarray(_drift(V0, averaging, GAMMA, TAU0))[UPPER]


def drift_without_S1(_: Size) -> np.ndarray:
    """The stated drift with the mean of the attention matrix forgotten."""
    al, be = room.al, room.be
    forgotten = define(room.S1, (al, be), sp.S.Zero)
    planted = unfold(room.DRIFT.expression, forgotten, room.COVARIANCE)
    values = {room.V: V0.tolist(), room.M: M.tolist(), room.gamma: GAMMA, room.tau0: TAU0}
    return np.array(evaluate(planted, (al, be), values), dtype=float)[UPPER]


@in_double
def drift_claim(name: str, averaging: jax.Array, slips: Mapping[str, Any]) -> MomentClaim:
    """One layer has the derived drift, up to a bias of order 1 / n."""
    width, expected = 1024, drift(averaging)
    # A token that sees itself alone has no increment, given the logits: rounding apart.
    bound = np.where(np.abs(expected) < 1e-12, 1e-9, np.inf)
    return state(
        MomentClaim, name,
        "$n$ times the mean increment of $V$ over one layer is the drift $b$, within $2|b|/n$",
        partial(found.mean_increments, averaging=averaging),
        {
            "m-squared": (
                "$1/m^2$ for $1/m$ in the average", {"expected": drift(averaging / TOKENS)}
            ),
            **slips,
        },
        sizes={"n": [width]}, expected=expected, bounds=(-bound, bound), margin=0.1,
        tolerance=2 * float(np.abs(expected).max()) / width,
        seeds={"smoke": 256, "standard": 512, "full": 2048},
    )  # fmt: skip


drifts = (
    drift_claim(
        "drift", M,
        {
            "s1-dropped": (
                "the mean of the attention matrix forgotten", {"expected": drift_without_S1}
            )
        },
    ),
    drift_claim(
        "drift-causal", CAUSAL,
        {"mask-ignored": ("drift of full attention", {"expected": drift(M)})},
    ),
    state(
        RateClaim, "drift-bias",
        "the one-layer mean deviates from the drift by $O(1/n)$, exactly of that order",
        experiment("drift-bias", found.last_increments).column(
            lambda _, table: table["increment"] - drift(M)[-1]
        ),
        {
            "rate-1-2": ("rate $n^{-1/2}$", n ** -sp.Rational(1, 2)),
            "rate-2": ("rate $n^{-2}$", n**-2),
        },
        sizes={"n": [10, 14, 20, 28, 40]}, predicted=1 / n, kind="exact", margin=0.25,
        statistic="weak", seeds={"smoke": 64, "standard": 128, "full": 256},
    ),
)  # fmt: skip


# One layer: covariance
ALONE = 10**9  # heads, of which so many leave the values' part alone


@in_double
def covariance(heads: int, averaging: jax.Array) -> np.ndarray:
    """The derived covariance of entries of the upper triangle."""
    full = np.asarray(_covariance(V0, averaging, GAMMA, TAU0, heads))
    return full[UPPER][:, *UPPER][PAIRS]


@in_double
def covariance_claim(
    name: str, heads: int, averaging: jax.Array, slips: Mapping[str, np.ndarray], **words: str
) -> MomentClaim:
    """One layer has the derived covariance."""
    width, expected = 1024, covariance(heads, averaging)
    values = covariance(ALONE, averaging)
    wrong = {
        "values-coefficient": expected - values + values / (2 - GAMMA**2),
        "logits-dropped": values,
        **slips,
    }
    words |= {
        "values-coefficient": r"$\gamma^2$ for $\gamma^2 (2 - \gamma^2)$ before the values' part",
        "logits-dropped": "the values' part alone",
    }
    return state(
        MomentClaim, name,
        r"$n$ times the second moments of the increment over one layer are $\Sigma$, within "
        r"$3|\Sigma|/n$",
        partial(found.squared_increments, heads=heads, averaging=averaging),
        {slip: (words[slip], {"expected": value}) for slip, value in wrong.items()},
        sizes={"n": [width]}, expected=expected, margin=0.1,
        tolerance=3 * float(np.abs(expected).max()) / width,
        seeds={"smoke": 512, "standard": 1024, "full": 2048},
    )  # fmt: skip


covariances = (
    covariance_claim("covariance", 1, M, {}),
    covariance_claim(
        "covariance-heads-causal", 2, CAUSAL,
        {"heads-missing": covariance(1, CAUSAL), "mask-ignored": covariance(2, M)},
        **{
            "heads-missing": "one head's covariance for two heads",
            "mask-ignored": "covariance of full attention",
        },
    ),
)  # fmt: skip


# One layer: the weight of the branch
@in_double
def branch_moments(size: Size, power: float = 1.0, times: float = 1.0) -> np.ndarray:
    """Drift and covariance where the branch weighs ``percent``, in the order of a seed's row."""
    gamma = times * (size["percent"] / 100) ** power
    drift = np.asarray(_drift(V0, M, gamma, TAU0))[UPPER]
    full = np.asarray(_covariance(V0, M, gamma, TAU0, 1))
    return np.concatenate([drift, full[UPPER][:, *UPPER][PAIRS]])


branch = state(
    MomentClaim, "residual-branch",
    "The residual connection sets the scales: where the branch weighs 0.3, 0.6 and 1, $n$ times "
    r"the mean increment of $V$ and its second moments are $b$ and $\Sigma$ of that $\gamma$, "
    "within 0.01",
    found.branch_increments,
    {
        "root": (
            r"$\sqrt{\gamma}$ for $\gamma$", {"expected": partial(branch_moments, power=0.5)}
        ),
        "square": (r"$\gamma^2$ for $\gamma$", {"expected": partial(branch_moments, power=2.0)}),
        "tenth": (
            r"$\gamma$ 1.1 times too large", {"expected": partial(branch_moments, times=1.1)}
        ),
    },
    expected=branch_moments, sizes={"n": [1024], "percent": [30, 60, 100]}, margin=0.15,
    tolerance=0.01, seeds={"smoke": 2048, "standard": 4096, "full": 8192},
)  # fmt: skip


# One layer: size
moved = experiment("increments", found.powers)


def size_claim(name: str, statement: str, power: int, rates: Mapping[str, Any]) -> RateClaim:
    """The increment over one layer is small enough, which needs both parts of shaping."""
    others = {
        "plain": ("plain softmax attention", moved[f"plain/{power}"]),
        "only-centred": ("centred at the identity, no temperature", moved[f"only centred/{power}"]),
        "only-tempered": ("a temperature, not centred", moved[f"only tempered/{power}"]),
    }
    return state(
        RateClaim, name, statement, moved[f"shaped/{power}"], {**others, **rates},
        predicted=n ** -sp.Rational(power, 2), kind="exact", statistic="mean", margin=0.15,
        sizes={"n": [64, 128, 256, 512, 1024]},
        seeds={"smoke": 64, "standard": 256, "full": 1024},
    )  # fmt: skip


increments = (
    size_claim(
        "increment",
        "one layer moves $V$ by a mean square of order $1/n$, so that $n$ layers have a limit: "
        "centring and temperature are needed, both", 2,
        {"half": ("order $n^{-1/2}$", n ** -sp.Rational(1, 2))}
    ),
    size_claim(
        "no-jumps", "$n$ times the mean fourth power of the increment tends to zero, like "
        "$1/n$: the limit has no jumps", 4, {"jumps": ("order $1/n$, as with jumps", 1 / n)}
    ),
)  # fmt: skip


# The law at a time
masked = partial(right, "law-heads-causal", simulate=found.masked_limit_law)


def twice(name: str, terms: Terms = DERIVED) -> Column:
    """The SDE at two times, or one with wrong terms."""
    return right("law-at-two-times", name, found.limit_times, terms=terms)


gram = experiment("gram-sampler", found.gram_law)
HALF_TIME = "time is layer over twice the width"


def distance_falls(
    _: Size, table: Table, limit: str = "limit", widths: tuple[int, ...] = (0, 1, 2)
) -> np.ndarray:
    """Whether mean log variances of networks of width 20, 100, 300 approach those of the SDE.

    The event is that the distance falls twice and that at most a fifth of it is left, where n^-1
    leaves a fifteenth and n^(-1/2) a quarter.
    """
    first, middle, last = np.abs(table["networks"] - table[limit])[:, widths].T
    return (first > middle) & (middle > last) & (last <= first / 5)


LIMITS = {
    "limit": (HORIZON, 1.0),
    "half the time": (HORIZON / 2, 1.0),
    "half the temperature": (HORIZON, 0.5),
}
laws = (
    state(
        LawClaim, "gram-sampler",
        "the Gram sampler has the law of the literal network, within a distance of 0.15: width 24, "
        "three layers, two heads, causal", gram["law"],
        {
            "width": ("values drawn for half the width", gram.changed("width", n=12)["law"]),
            "layer-lost": ("one layer for three", gram.changed("layer-lost", depth=1)["law"]),
        },
        right=right("gram-sampler", "literal", found.literal_law), margin=0.15,
        seeds={"smoke": 2048, "standard": 4096, "full": 8192},
    ),
    state(
        LawClaim, "law",
        "correlation and log variances at depth half the width, stopped at 10, are at the largest "
        "width within a distance of 0.2 of the law of the SDE",
        experiment("law", found.network_law)["law"],
        {
            "time-unit": (
                HALF_TIME,
                {"right": right("law", "time-unit", found.limit_law, horizon=HORIZON / 2)},
            ),
            "temperature": (
                r"$\tau = \tau_0 \sqrt{n n_k} / 2$",
                {"right": right("law", "temperature", found.limit_law, tau0=TAU0 / 2)},
            ),
        },
        right=right("law", "limit", found.limit_law), sizes={"n": [20, 100, 300]},
        finest_only=True, seeds={"smoke": 2048, "standard": 8192, "full": 16384},
    ),
    state(
        LawClaim, "law-at-two-times",
        "correlation and log variances at depths a quarter and half of the width, jointly, are "
        "within 0.05 of the law of the SDE at these two times",
        experiment("law-at-two-times", found.network_times)["law"],
        {
            "drift": ("six tenths of the drift", {"right": twice("drift", wrong.WEAK_DRIFT)}),
            "noise": ("the noise times 1.1", {"right": twice("noise", wrong.LOUD_NOISE)}),
            "logits": (
                "the noise of the values alone", {"right": twice("logits", wrong.QUIET_LOGITS)}
            ),
        },
        right=twice("limit"), tolerance=0.025, margin=0.05,
        sizes={"standard": {"n": [300]}, "full": {"n": [600]}},
        seeds={"standard": 8192, "full": 16384},
    ),
    state(
        LawClaim, "law-heads-causal",
        "with 4 heads of key dimension 64 and a causal mask, correlation and log variances at "
        "depth half the width are within 0.2 of the law of the SDE of those heads and that mask",
        experiment("law-heads-causal", found.masked_network_law)["law"],
        {
            "one-head": ("the SDE of one head", {"right": masked("one-head", heads=1)}),
            "mask-ignored": ("full attention", {"right": masked("mask-ignored", averaging=M)}),
            "temperature": (
                r"$\tau = \tau_0 \sqrt{n n_k} / 2$", {"right": masked("temperature", tau0=0.15)}
            ),
        },
        right=masked("limit"), tolerance=0.05, margin=0.2,
        sizes={"smoke": {"n": [64]}, "standard": {"n": [192]}, "full": {"n": [384]}},
        seeds={"smoke": 1024, "standard": 4096, "full": 8192},
    ),
    state(
        FrequencyClaim, "law-distance",
        "mean log variances of two tokens at depth half the width approach those of the SDE with "
        "step $1/n$: of 4096 networks the distance falls from width 20 to 100 to 300, to a "
        "fifth or less, in more than 6 of 10 seeds",
        experiment("law-distance", found.nearing, options={"limits": LIMITS}).column(
            distance_falls
        ),
        {
            "time-unit": (HALF_TIME, With(limit="half the time")),
            "temperature": (
                "the SDE at half the temperature", With(limit="half the temperature")
            ),
            "one-width": (
                "networks of width 20 passed off as wider ones", With(widths=(0, 0, 0))
            ),
        },
        points=[{"n": WIDTHS[-1]}], events=("the distance falls to a fifth",), low=0.6,
        seeds={"standard": 16, "full": 32},
    ),
)  # fmt: skip


claims = (
    *drifts,
    *covariances,
    noise_claim,
    path_claim,
    branch,
    *increments,
    *laws,
    *shaping_claims,
    *block_claims,
)

not_checked = (
    "Convergence of whole paths in the Skorohod topology: laws at one time and at two are "
    "compared, stopped at 10.",
    "Uniqueness and non-explosion of the SDE; paths are stopped, as in the theorem.",
    "Blocks of attention and an MLP with several heads, or with more hidden units than the width.",
    "The number of heads in the noise of the law with heads and a mask: that of two heads for four "
    "is inside the margin.",
    "Smooth activations of the shaped MLP, and learnable weights of the shaping.",
)

equivalent_mutations = {
    ("numerics/shaped_attention_sde/__init__.py", "_check_network", "2 * m", "2 / m"): "from which "
    "width on a network is refused; what is computed does not change",
    (
        "numerics/generated/shaped_attention_sde.py",
        "mlp_covariance",
        'jnp.einsum("ab,cd->abcd", V, V)',
        "jnp.einsum('ab,dc->abcd', V, V)",
    ): "V is symmetric",
    (
        "numerics/shaped_attention_sde/__init__.py",
        "shaped_relu_second_moment",
        "middle[:, None] + half[:, None] * nodes",
        "middle[:, None] - half[:, None] * nodes",
    ): "the nodes lie symmetric about zero, and so do their weights",
}
