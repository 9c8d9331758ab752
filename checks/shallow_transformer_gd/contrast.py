"""Claims about the recurrent contrast, and about memory."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from checks.shallow_transformer_gd import readings
from checks.shallow_transformer_gd.statements import T, experiment, state
from checks.verdicts import (
    Column,
    DecayClaim,
    Experiment,
    IdentityClaim,
    IndependenceClaim,
    InequalityClaim,
    RateClaim,
    With,
    drifting,
    dtype_tolerance,
)
from numerics.engine.measuring import Size
from numerics.shallow_transformer_gd import fresh_heads as fresh
from numerics.shallow_transformer_gd import iterations
from numerics.shallow_transformer_gd import trained_heads as trained

# N7: the recurrent contrast.
kicks = {"sizes": {"T": fresh.LENGTHS}, "seeds": 64}


def kicked_heads(of: Callable[..., Any]) -> Column:
    """What is read of heads on kick-and-cancel inputs: all lengths are one pass."""
    return kick.column(of, lambda size: {})


kick = experiment("kicks", fresh.kicks)
lag, lag_of_attention = (
    Experiment("shallow-transformer-gd/lag-recurrent", trained.lagged).changed(name, weight=w)
    for name, w in (("recurrent", 1.2), ("attention", 0.0))
)


def growth(run: Experiment, power: float) -> Column:
    """L^power over the largest gradient of a run."""
    return run.column(lambda size, table: size["L"] ** power / table["gradient"])


recurrent_claims = (
    state(
        IdentityClaim, "recurrent-gradient",
        r"On kick-and-cancel inputs the derivative of $h_T$ in $w$ is $w^{T-2} \tanh |u|$",
        kicked_heads(readings.kick),
        {
            "one-token": ("$w^{T-1}$", With(power=1)),
            "attention": ("a softmax head passed off", With(head="attention")),
        },
        tolerance=dtype_tolerance(np.float64, operations=64), **kicks,
    ),
    state(
        InequalityClaim, "contrast",
        r"On the same inputs the gradient of a softmax head is at most $\sigma_1 \max(1, B)$",
        kicked_heads(readings.contrast),
        {
            "recurrent": (
                "a recurrent head passed off as attention",
                With(head="recurrent"),
            ),
            "per-token": (
                "a bound that falls like $1/T$", With(per_token=True)
            ),
        },
        **kicks,
    ),
    state(
        IdentityClaim, "softmax-gradient",
        "On the same inputs the gradient of a softmax head in $U$ and $W$ is that of automatic "
        "differentiation",
        kicked_heads(readings.softmax_gradient),
        {
            "frozen": ("$W$ not trained", With(trained=(0,))),
            "values": ("$U$ not trained", With(trained=(1,))),
        },
        tolerance=dtype_tolerance(np.float64, operations=64), **kicks,
    ),
    # N8: values that return after L steps. Only what recurrent weights do is claimed. The rule is
    # one-sided and no power is fitted: the gradient grows faster than any, in the end.
    state(
        IndependenceClaim, "lag-recurrent",
        "Trained on AR($L$) data, the gradient in recurrent weights of 1.2 grows at least like "
        r"$\sqrt{L}$", growth(lag, 0.5),
        {
            "attention": ("a softmax head for it", growth(lag_of_attention, 0.5)),
            "fourth-power": ("$L^4$", growth(lag, 4.0)),
        },
        sizes={"L": [2, 4, 8, 16, 32]}, seeds={"full": 12}, kind="no growth",
    ),
)  # fmt: skip

# How many steps a given loss takes. Our inputs, and our reading of "iteration complexity": descent
# of the linearisation, labels that a bounded move of the weights gives, a step for each length.
recurrent_steps = experiment("iterations", iterations.counted)
slower = recurrent_steps.changed("slower", weight=1.05)
attention_steps = recurrent_steps.changed("attention", head=iterations.attention)


def per_token(_: Size, power: float = 2.0) -> float:
    """What a token adds to the logarithm of the number of steps."""
    return power * float(np.log(iterations.WEIGHT))


iteration_claims = (
    state(
        DecayClaim, "recurrent-iterations",
        "On kick-and-cancel inputs beside a last token, the largest step that is sure to descend "
        "brings the linearisation of a recurrent head to a loss of $10^{-6}$ after a number of "
        r"steps that grows like $w^{2 T}$, $w = 1.15$", recurrent_steps["inverse"],
        {
            "attention": ("a softmax head passed off", attention_steps["inverse"]),
            "weight": ("a recurrent weight of 1.05", slower["inverse"]),
            "once": ("$w^T$: the gradient for its square", {"rate": partial(per_token, power=1.0)}),
        },
        rate=per_token, times=iterations.LENGTHS, statistic="geometric", transient=None, seeds=64,
    ),
    state(
        IndependenceClaim, "attention-iterations",
        "For a softmax head the number of steps on the same inputs does not grow by a quarter with "
        "$T$",
        attention_steps["steps/{T}"],
        {
            "recurrent": ("a recurrent head for it", recurrent_steps["steps/{T}"]),
            "drift": ("a doubling over the range", drifting("T", 2.0, "no growth")),
        },
        sizes={"T": list(iterations.LENGTHS)}, kind="no growth", seeds=64,
    ),
)  # fmt: skip

# N9: memory against the number of tokens, as the compiler reports it.
reserved = experiment("memory", fresh.memory)
last, fixed = reserved["last"], reserved["fixed"]
memory = {
    "sizes": {"T": fresh.levels(256, 2048)},
    "seeds": 4,
}
memory_claims = (
    state(
        RateClaim, "memory-last-token", "With the last token as query, memory is of order $T$",
        last,
        {"square": ("$T^2$, as for all queries", T**2), "online": ("a fixed query", fixed)},
        predicted=T, kind="exact", **memory,
    ),
    state(
        IndependenceClaim, "memory-fixed-query", "With a fixed query, memory does not depend on "
        "$T$",
        fixed,
        {
            "last-token": ("the last token as query", last),
            "drift": ("twice the memory at the end", drifting("T", 2.0)),
        },
        **memory,
    ),
)  # fmt: skip
