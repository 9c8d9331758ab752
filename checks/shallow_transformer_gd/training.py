"""Claims about trained networks: widths, lengths, certificates, the theorem's right side."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from checks.shallow_transformer_gd import readings, wrong
from checks.shallow_transformer_gd.statements import (
    HALF,
    ROUNDING,
    by_tier,
    experiment,
    m,
    n,
    state,
)
from checks.verdicts import (
    Column,
    Experiment,
    IdentityClaim,
    IndependenceClaim,
    InequalityClaim,
    RateClaim,
    With,
    drifting,
    raised,
)
from numerics.shallow_transformer_gd import fresh_heads as fresh
from numerics.shallow_transformer_gd import trained_heads as trained

# N5: training loss against the number of heads, above the loss of infinitely many.
widths = {"sizes": by_tier("m", *(levels for levels, _ in trained.TRAINED.values()))}


def width_run(reading: Callable[..., Any], name: str = "", **how: Any) -> Column:
    """What is read of trained networks of all widths."""
    return experiment("widths", trained.width_run, name, "m", **how).column(reading)


width_claims = (
    state(
        RateClaim, "excess-loss",
        "The loss after training is that of infinitely many heads, in closed form, up to the "
        r"order $1/\sqrt{m}$ at most",
        width_run(readings.excess),
        {
            "no-floor": ("the loss itself for its excess", With(floor=0.0)),
            "c-frozen": ("$c$ not trained in the linearisation", With(of_c=0.0)),
            "asymmetric": (
                "heads drawn independently, not in pairs",
                width_run(readings.excess, "asymmetric", pairs=wrong.one_by_one),
            ),
            "one-over-m-squared": ("$1/m^2$", m**-2),
        },
        predicted=m**-HALF, kind="upper bound", statistic="rms", next_order=None,
        seeds={"smoke": 128, "standard": 256, "full": 1024}, **widths,
    ),
    state(
        InequalityClaim, "projection",
        r"Each block of each head ends within $\rho/\sqrt{m}$ of its start",
        width_run(readings.room_left, "close", reach=readings.CLOSE),
        {
            "dropped": ("descent without projection", width_run(
                readings.room_left, "unprojected", reach=np.inf
            )),
            "no-root": (r"$\rho$ for $\rho/\sqrt{m}$", 
                width_run(
                    readings.room_left, "no-root", reach=readings.CLOSE, radius=wrong.no_root
                ),
            ),
        },
        tolerance=ROUNDING,
        seeds={"smoke": 32, "standard": 64, "full": 256}, **widths,
    ),
)  # fmt: skip


# The same against the number of samples: the width that a trained network needs.
def sample_run(name: str = "", **how: Any) -> Experiment:
    """Trained networks of all widths on a number of samples."""
    return experiment("samples", trained.sample_run, name, "m", **how)


FEWER = {"seeds": 32, "cap": 32}
trained_on = sample_run()
trained_width_claim = state(
    RateClaim, "trained-width",
    r"On 16 to 1024 samples a trained network's loss is above that of infinitely many heads by at "
    r"most the order $\sqrt{\log n/m}$: the width it needs for a given excess grows at most like "
    r"$\log n$",
    trained_on.column(readings.above_floor),
    {
        "still": ("heads that never move", FEWER | {
            "error": sample_run("still", reach=0.0).column(readings.above_floor),
        }),
        "asymmetric": ("heads drawn independently, not in pairs", FEWER | {
            "error": sample_run("asymmetric", pairs=wrong.one_by_one).column(readings.above_floor),
        }),
        "c-frozen": ("$c$ not trained in the linearisation", With(floor="of U and W")),
        "no-floor": ("the loss itself for its excess", With(share=0.0)),
        "power-of-n": (r"$\sqrt{n}$ times the excess", With(power=0.5)),
        "falls-with-n": (r"$1/\sqrt{n m}$: more samples, fewer heads", (n * m) ** -HALF),
    },
    predicted=(sp.log(n) / m) ** HALF, kind="upper bound", statistic="rms", next_order=None,
    sizes={"m": [16, 32, 64, 128], "n": [16, 64, 256, 1024]},
    seeds={"standard": 64, "full": 256},
)  # fmt: skip

# N6: training loss against the number of tokens.
lengths = {
    "sizes": by_tier("T", *(fresh.levels(4, n) for n in (16, 128, 128))),
    "size": "T",
    "margin": 0.25,
    "seeds": {"smoke": 32, "standard": 96, "full": 256},
}
neutral, unnormalised, independent = (
    experiment("lengths", trained.length_run, name, "T", **how)
    for name, how in {
        "neutral": {"design": "neutral"},
        "unnormalised": {"design": "neutral", "attend": wrong.exponential_shares},
        "independent": {"design": "independent"},
    }.items()
)


repeated = experiment("replication", fresh.repeated)


def replication(run: Experiment) -> Column:
    """The relative change of outputs by repetition."""
    return replace(run["change/{r}"], at=lambda size: {})


length_claims = (
    state(
        IndependenceClaim, "length-neutral",
        "With length-neutral tokens the loss over its start changes by less than a quarter with "
        "$T$",
        neutral.column(readings.relative_loss),
        {
            "exponential-sum": (
                "softmax not normalised", unnormalised.column(readings.relative_loss)
            ),
            "independent-tokens": (
                "tokens drawn anew at every length", independent.column(readings.relative_loss)
            ),
        },
        **lengths,
    ),
    state(
        IndependenceClaim, "length-independent",
        "With independent tokens the loss does not grow by a quarter with $T$",
        independent["smallest/{T}"],
        {
            "relative-loss": (
                "the loss over its start, which falls with $T$ by itself",
                independent.column(readings.relative_loss),
            ),
            "drift": (
                "a doubling over the range", drifting("T", 2.0, "no growth")
            ),
        },
        kind="no growth", **lengths,
    ),
    state(
        IdentityClaim, "replication", "Repeating every token changes nothing",
        replication(repeated),
        {
            "sum": (
                "softmax not normalised",
                replication(repeated.changed("sum", attend=wrong.exponential_sum)),
            ),
            "tolerance": ("a shift by two tolerances", raised(2 * ROUNDING)),
        },
        sizes={"r": [2, 16]}, tolerance=ROUNDING, seeds=32,
    ),
)  # fmt: skip


# N10: the certificate, on every run.
runs = Experiment("shallow-transformer-gd/certificate", trained.certified)
certificate_claim = state(
    InequalityClaim, "certificate",
    r"The mean loss of a run is at most the squared distance over $\eta \tau$ and twice the "
    "squared defect (VACUOUS as a bound of progress: mostly above the loss at the start)",
    runs.column(readings.certificate_room),
    {
        "no-distance": ("the distance dropped", With(distance=0.0)),
        "no-defect": ("the defect dropped", With(defect=0.0)),
    },
    seeds={"smoke": 32, "standard": 512, "full": 2048},
)  # fmt: skip

near_limit = Experiment("shallow-transformer-gd/near-limit", trained.certified_near_limit)
near_limit_claim = state(
    InequalityClaim, "certificate-near-limit",
    r"The certificate holds for every run whose step is at most $1/(4 \Gamma^2)$ with its own "
    r"$\Gamma$, at steps of nine tenths of that of a run at another step",
    near_limit.column(readings.room_within),
    {
        "no-distance": ("the distance dropped", With(distance=0.0)),
        "no-defect": ("the defect dropped", With(defect=0.0)),
        "beyond": (
            "a step of three times the limit, the run's own $\\Gamma$ not asked",
            near_limit.changed("beyond", share=3.0).column(
                partial(readings.room_within, asked=False)
            ),
        ),
    },
    seeds={"smoke": 32, "standard": 512, "full": 2048},
)  # fmt: skip

# N11: the theorem's own right side, with the numbers of each run.
bounded = Experiment("shallow-transformer-gd/theorem", trained.bounded)

theorem_claims = (
    state(
        InequalityClaim, "training-bound",
        r"The mean loss of a run at step $1/\sqrt{\tau}$ is at most the right side of Theorem 1 "
        "with the run's own constants",
        bounded.column(readings.over_loss),
        {
            "no-error": ("the error term dropped", With(defect=0.0)),
            "tenth": ("a tenth of the bound", With(times=0.1)),
        },
        source="quoted", seeds={"smoke": 32, "standard": 256, "full": 1024},
    ),
    state(
        InequalityClaim, "training-bound-vacuous",
        "VACUOUS: at 64 steps that right side is above two thirds of the loss before the first "
        "step",
        bounded.column(partial(readings.over_loss, loss="first_loss", times=1.5)),
        {
            "no-error": ("the error term dropped", With(defect=0.0)),
            "third": ("a third of the bound", With(times=0.5)),
        },
        seeds={"smoke": 32, "standard": 256, "full": 1024},
    ),
)  # fmt: skip
