"""Claims about width, on data of any kind: rates, dissipation, networks beside infinite width."""

from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from checks.mean_field_flow.statements import HALF, M, N, networks, rate
from checks.verdicts import RateClaim, With
from numerics.engine.measuring import Size, Table
from numerics.mean_field_flow import errors
from numerics.mean_field_flow.runs import Setting

# An atomic law makes every width cost the same: levels lie where 1/M beside 1 is nothing.
WIDTHS = {
    "smoke": {"M": [16, 256, 4096, 65536]},
    "standard": {"M": [8, 16, 128, 1024, 8192]},
    "full": {"M": [8, 16, 64, 128, 1024, 8192]},
}


def defect(_: Size, table: Table, fall: str = "fall", sign: float = 1.0) -> np.ndarray:
    """|fall - integral of |G|^2|."""
    return np.abs(table[fall] - sign * table["dissipated"])


def square(_: Size, table: Table, limit: str = "limit") -> np.ndarray:
    """Half the squared error of the outputs."""
    return table[f"output/{limit}"] ** 2 / 2


def on_data(setting: Setting, suffix: str = "") -> tuple[RateClaim, ...]:
    """The claims that any data can test: rates in width, and dissipation."""
    wide = networks(f"wide{suffix}", errors.beside_infinite_width, setting=setting)
    steps = networks(f"steps{suffix}", errors.time_steps, setting=setting)
    # The share of a floor is the hardest to tell: it decides the number of seeds.
    grid = {"sizes": WIDTHS, "next_order": None}
    outputs = {
        "seeds": {"smoke": 96, "standard": 144, "full": 288},
        "cap": {"smoke": 192, "standard": 576, "full": 1152},
    }
    faster = (r"a rate better by $1/\sqrt{M}$", 1 / M)
    return (
        rate(
            f"output-in-width{suffix}",
            r"Trained outputs are within $C/\sqrt{M}$ of infinite width.",
            M**-HALF,
            wide["output/limit"],
            {
                "faster": faster,
                "decay-forgotten": ("a limit without decay", wide["output/no decay"]),
            },
            kind="upper bound",
            source="quoted",
            **grid | outputs,
        ),
        rate(
            f"risk-in-width{suffix}",
            r"The penalised risk $Q$ after training is within $C/\sqrt{M}$ of infinite width.",
            M**-HALF,
            wide["risk/limit"],
            {
                "faster": faster,
                "decay-forgotten": ("a limit without decay", wide["risk/no decay"]),
            },
            kind="upper bound",
            source="quoted",
            **grid | outputs,
        ),
        rate(
            f"particles-in-width{suffix}",
            r"Trained particles are off their limits by exactly the order $1/\sqrt{M}$.",
            M**-HALF,
            wide["particles"],
            {
                "faster": faster,
                "limit-untrained": ("where limits start", wide["way"]),
            },
            **grid,
        ),
        rate(
            f"squared-error-in-width{suffix}",
            "The part of the risk beyond first order is exactly of order $1/M$.",
            1 / M,
            wide.column(square),
            {
                "root": (r"$1/\sqrt{M}$, as if signs did not cancel", M**-HALF),
                "square": ("$1/M^2$", M**-2),
                "decay-forgotten": ("a limit without decay", With(limit="no decay")),
            },
            statistic="mean",
            **grid | outputs,
        ),
        rate(
            f"dissipation{suffix}",
            "$Q$ falls by the integral of $|G|^2$: the defect is of second order in the time step.",
            N**-2,
            steps.column(defect),
            {
                "first-order": ("$1/N$", 1 / N),
                "minus-forgotten": (
                    r"$d Q/d \tau = +\int |G|^2$, as printed in (D.25)",
                    With(sign=-1.0),
                ),
                "decay-forgotten": ("$R$ for $Q$", With(fall="fall of the risk")),
            },
            sizes={"N": [2, 4, 6, 8]},
            statistic="geometric",  # one network far from its limit would outweigh the others
            source="quoted",
        ),
    )


def digits_claims() -> tuple[RateClaim, ...]:
    """The same on scikit-learn's digits, where that is installed; not at smoke."""
    if find_spec("sklearn") is None:
        return ()

    def later(of_tiers: Any) -> dict[str, int]:
        return {tier: n for tier, n in of_tiers.items() if tier != "smoke"}

    return tuple(
        replace(
            claim,
            statement=f"On digits of scikit-learn: {claim.statement}",
            seeds=later(claim.seeds),
            cap=claim.cap and later(claim.cap),
        )
        for claim in on_data(Setting(data="digits", rows=6), "-on-digits")
    )
