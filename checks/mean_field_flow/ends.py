"""Claims about where training ends, against weight decay and from several starts."""

from dataclasses import replace

import numpy as np

from checks.mean_field_flow import wrong
from checks.mean_field_flow.statements import HALF, N, rate, state
from checks.verdicts import Experiment, InequalityClaim, MonotoneClaim, With
from numerics.engine.measuring import Size, Table
from numerics.mean_field_flow import errors, first_order


def nearness(_: Size, table: Table, within: float = 0.1, step: int = -1) -> np.ndarray:
    """``within`` minus the relative distance of Q between two flows, at a step."""
    return within - np.abs(table["large"][:, step] / table["small"][:, step] - 1)


decay = {
    "sizes": {"N": list(errors.INVERSE_DECAYS)},
    "seeds": {"smoke": 5, "standard": 12, "full": 24},
    "cap": {"smoke": 10, "standard": 24, "full": 48},
    "margin": 0.2,
    "statistic": "geometric",  # each data set has a constant of its own: none shall outweigh others
}
ends = Experiment("mean-field-flow/ends", errors.ends_of_training)
end_risk, end_penalised = (
    replace(ends[f"{part}/{{N}}"], at=lambda size: {}) for part in ("risk", "penalised")
)
decay_claims = (
    rate(
        "risk-against-decay",
        r"Where training ends $R$ is of order $\lambda^2$ (virial identity; the theorem bounds "
        r"it by $C \lambda$).",
        N**-2,
        end_risk,
        {
            "linear": (r"$R$ of order $\lambda$, as bounded", 1 / N),
            "cubic": (r"$\lambda^3$", N**-3),
            "penalised": ("$Q$ for $R$", end_penalised),
        },
        **decay,
    ),
    rate(
        "penalised-against-decay",
        r"Where training ends $Q$ is of order $\lambda$.",
        1 / N,
        end_penalised,
        {
            "quadratic": (r"$Q$ like $R$, $\lambda^2$", N**-2),
            "root": (r"$\sqrt{\lambda}$", N**-HALF),
            "risk": ("$R$ for $Q$", end_risk),
        },
        **decay,
    ),
    state(
        InequalityClaim,
        "ends-of-flows",
        "At decay 0.1 flows from small and from large particles end within a tenth of the same "
        "$Q$.",
        Experiment("mean-field-flow/ends-of-flows", first_order.two_starts).column(nearness),
        {
            "stopped": ("flows stopped early", With(step=4)),
            "a-thousandth": ("within a thousandth", With(within=1e-3)),
        },
        source="abstract",
        seeds={"standard": 16, "full": 48},
    ),
)

flows = Experiment("mean-field-flow/to-the-end", first_order.to_the_end)
reversed_decay = flows.changed("reversed", decay_of=wrong.growing_decay)


def one_end(
    _: Size, table: Table, at: str = "Q", rest: str = "rest", moves: float = 1.0, slows: float = 0.0
) -> np.ndarray:
    """1e-4 minus the largest relative distance of Q from where L-BFGS ends.

    And how much further than a tenth of its start L-BFGS went, and how far below 1e-8 it slowed;
    the smallest of the three.
    """
    ends = np.stack([table[f"{at}/{radius}/10"] for radius in (2, 6)])
    near = 1e-4 - np.abs(ends / table[rest] - 1).max(0)
    return np.min([near, moves * table["moved"] - 0.1, 1e-8 - table["slowness"] - slows], axis=0)


end_claims = (
    state(
        InequalityClaim,
        "one-end",
        "On one data set in the plane, at decay 0.1, flows from small and from large "
        "particles, and a quasi-Newton method that goes from others to a point of rest, end at one "
        "$Q$, within $10^{-4}$.",
        flows.column(one_end),
        {
            "idle": ("a quasi-Newton method that does not move", With(moves=0.0)),
            "at-speed": ("one that stops short of rest", With(slows=1e-6)),
            "risk": ("$R$ for $Q$", With(at="R")),
            "smaller-decay": ("the end of a flow with decay 1/30", With(rest="Q/2/30")),
            "decay-reversed": ("a decay of $N/3000$", reversed_decay.column(one_end)),
        },
        source="abstract",
        seeds={"smoke": 8, "standard": 32, "full": 96},
    ),
    state(
        MonotoneClaim,
        "risk-falls-with-decay",
        "On one data set in the plane, from small particles: the smaller the weight decay, the "
        "smaller the risk after the same training time.",
        replace(flows["R/2/{N}"], at=lambda size: {}),
        {
            "decay-reversed": (
                "a decay of $N/3000$",
                replace(reversed_decay["R/2/{N}"], at=lambda size: {}),
            ),
            "grows": ("it grows", {"kind": "grows"}),
        },
        sizes={"N": [10, 30, 100, 300]},
        source="abstract",
        seeds={"smoke": 8, "standard": 32, "full": 96},
    ),
)
