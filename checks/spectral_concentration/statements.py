"""How the room states its claims: tiers, inequalities and identities of instances, events."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from checks.spectral_concentration import network_events as events
from checks.spectral_concentration.capped_steps import Networks
from checks.verdicts import (
    Claim,
    Column,
    Experiment,
    FrequencyClaim,
    IdentityClaim,
    InequalityClaim,
    Statements,
)
from numerics.engine.measuring import Size

# Networks: rows are size points of a tier. Seeds come in two looks; ten unanimous seeds support a
# probability above 0.6 (0.6**10 = 0.006, below a quarter of 5 %).
NETWORKS = {
    "smoke": [{"layers": 1, "tokens": 8, "steps": 100}],
    "standard": [{"layers": 2, "tokens": 16, "steps": 300}],
    "full": [{"layers": 2, "tokens": 16, "steps": 1000}],
}
OFTEN, SELDOM = 0.6, 0.4
LATER = {"standard": 10, "full": 10}  # too long for smoke
INSTANCES = {"smoke": 64, "standard": 2000, "full": 20000}
FEW = {"smoke": 8, "standard": 64, "full": 512}  # for networks, of which none is a hard case
MANY = INSTANCES | {"smoke": 256}  # for a planted error that few instances show


state = Statements("spectral_concentration")
Slip = tuple[str, dict[str, Any]]  # words, and wrong keyword arguments of what is measured


def asked(
    name: str, measure: Callable[..., Any], slips: Mapping[str, Slip], of: Any = None
) -> tuple[Column, dict[str, tuple[str, Column]]]:
    """What a claim and its planted errors measure of the same networks; ``of`` trains them."""
    names = {slip: slip.replace("_", "-") for slip in slips}
    wrong = {names[slip]: partial(measure, **options) for slip, (_, options) in slips.items()}
    columns = {"claim": measure, **wrong}
    networks = (
        Experiment(state.name(name), events.Events(of, columns))
        if of
        else Experiment.of(state.name(name), columns)
    )
    return networks["claim"], {
        names[slip]: (words, networks[names[slip]]) for slip, (words, _) in slips.items()
    }


def inequality(
    name: str, statement: str, slack: Any, sizes: Size, seeds: Any = INSTANCES, **slips: Slip
) -> Claim:
    """A claim whose slack is in units of the rounding that its terms allow."""
    return state(
        InequalityClaim, name, statement, *asked(name, slack, slips), sizes=sizes, tolerance=1.0,
        seeds=seeds, cap=seeds,
    )  # fmt: skip


def identity(
    name: str, statement: str, residual: Any, sizes: Size, seeds: Any = INSTANCES, **slips: Slip
) -> Claim:
    """A claim of equality to rounding: 1e-11, for 1 in 2000 instances comes near 1e-12."""
    return state(
        IdentityClaim, name, statement, *asked(name, residual, slips), sizes=sizes,
        tolerance=1e-11, seeds=seeds, cap=seeds,
    )  # fmt: skip


def frequency(
    name: str, statement: str, sample: Any, ranges: Mapping[str, tuple[float, float]],
    contrasts: tuple[tuple[int, int], ...] = (), *, source: str = "reconstructed",
    points: Any = NETWORKS, seeds: Any = 10, cap: int = 20, of: Any = Networks, **slips: Slip,
) -> Claim:  # fmt: skip
    """A claim about trained networks: events with the ranges of their probabilities.

    ``seeds`` by tier leaves out the tiers that have no time for it. With a larger ``cap`` rarer
    events are decided, and ten seeds no longer are enough where all agree.
    """
    low, high = zip(*ranges.values(), strict=True)
    return state(
        FrequencyClaim, name, statement, *asked(name, sample, slips, of), source=source,
        points=points, events=tuple(ranges), low=low, high=high, contrasts=contrasts,
        seeds=seeds, cap=cap,
    )  # fmt: skip


often, seldom = (OFTEN, 1.0), (0.0, SELDOM)
