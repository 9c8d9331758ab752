"""Claims about the flow: dissipation, floors, balancedness, the PDE of scalar tokens."""

from collections.abc import Callable
from typing import Any

import numpy as np

from checks.mean_field_flow import wrong
from checks.mean_field_flow.statements import SEEDS, N, networks, rate, state
from checks.verdicts import Column, DecayClaim, Experiment, InequalityClaim, With, lowered
from numerics.engine.measuring import Size, Table
from numerics.mean_field_flow import errors
from numerics.mean_field_flow.runs import Setting
from numerics.mean_field_flow.scalar_tokens import densities


def smallest_fall(_: Size, table: Table, sign: float = 1.0) -> np.ndarray:
    """Of Q in one step of training."""
    return (-sign * np.diff(table["penalised"])).min(axis=1)


def above_floor(_: Size, table: Table) -> np.ndarray:
    """Risk minus 1/8 after training."""
    return table["risk"][:, -1] - 0.125


def imbalance(_: Size, table: Table) -> np.ndarray:
    """Of the two weights of a neuron, at TIMES."""
    return table["imbalance"][:, [int(time) for time in errors.TIMES]]


def long(name: str, of: Callable[..., Any], **setting: Any) -> Column:
    """What is read of networks that are trained for a while."""
    return networks(name, errors.long_training, setting=Setting(**setting)).column(of)


pairs, positions, ordinary = (
    long(data, above_floor, data=data, step=2.0, steps=16, decay=0.001)
    for data in ("pairs", "positions", "regression")
)
rectified, huberized = (
    long(name, imbalance, step=1.0, steps=8, decay=0.02, relu=relu)
    for name, relu in (("rectified", True), ("huberized", False))
)
density = Experiment("mean-field-flow/density-against-particles", densities, together="N")


def density_with(name: str) -> Column:
    """Distances of the density that flows with another drift."""
    return density.changed(name, drift=getattr(wrong, name))["distance/{N}"]


flow_claims = (
    state(
        InequalityClaim,
        "monotone",
        "$Q$ falls in every step of training.",
        long("falls", smallest_fall, step=0.5, steps=16),
        {
            "ascent": ("$Q$ rises", With(sign=-1.0)),
            "twice-as-fast": ("slack lowered by twice its median", lowered(2)),
        },
        source="quoted",
        seeds=SEEDS,
    ),
    state(
        InequalityClaim,
        "equivariance-floor",
        "Equivariant blocks are not universal: with permuted copies labelled $1/2$ and $-1/2$ "
        "the risk stays at least $1/8$.",
        pairs,
        {
            "positions": ("positional rows tell the copies apart", positions),
            "no-copies": ("ordinary data", ordinary),
        },
        tolerance=1e-12,
        seeds=SEEDS,
    ),
    state(
        DecayClaim,
        "balancedness",
        "For ReLU, the squared norm of a neuron's row of $W_1$ less that of its column of $W_2$ "
        r"decays like $\exp(-2 \lambda \tau)$.",
        rectified,
        {
            "half-the-rate": (r"$\exp(-\lambda \tau)$", {"rate": 0.02}),
            "huberized": ("a ReLU with a rounded knee, not homogeneous", huberized),
        },
        times=errors.TIMES,
        rate=0.04,
        margin=0.02,
        transient=None,
        seeds=SEEDS,
    ),
    rate(
        "density-against-particles",
        "Upwind finite volumes for the PDE of scalar tokens, with the derived drift, tend at order "
        "1 to the particles of a network that follows the gradient of its risk.",
        1 / N,
        density["distance/{N}"],
        {
            "second-order": ("$1/N^2$", N**-2),
            "decay-forgotten": ("density without decay", density_with("no_decay")),
            "half-the-gradient": ("the drift of the density halved", density_with("half")),
            "ascent": ("the density climbs", density_with("ascent")),
        },
        sizes={
            "smoke": {"N": [16, 32, 64, 128]},
            "standard": {"N": [16, 32, 64, 128, 256]},
            "full": {"N": [16, 32, 64, 128, 256]},
        },
        seeds={"smoke": 8, "standard": 32, "full": 64},
        margin=0.15,
        statistic="mean",
    ),
)
