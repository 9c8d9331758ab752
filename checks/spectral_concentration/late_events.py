"""What becomes of networks under a cap that lets them learn first: concentration, and crashes.

Rows are networks, columns events, as in `network_events`; of what foretells a crash a row is a
group of networks, for an area under a curve is one of pairs.
"""

from typing import Any

import numpy as np
import scipy  # its parts are loaded when they are used: statistics take a second
from jaxtyping import Bool, Float

from checks.spectral_concentration.capped_steps import CAPPED, Networks, columns
from checks.spectral_concentration.network_events import DELAYED
from numerics.engine.measuring import Keys, Size
from numerics.spectral_concentration.reversal import Arm, Record, Task, crashed, train

LATE = [{"layers": 1, "tokens": 8, "steps": 2000}]
GROUPS = [LATE[0] | {"networks": 16}]
ABOVE = Arm(tau=0.02)  # twice the cap under which nothing crashes
SEEN = 1000  # the step at which a crash is foretold


def threshold_events(networks: Networks, above: Arm = ABOVE, below: Arm = CAPPED) -> Any:
    """Whether SEC(4) reaches DELAYED with the larger cap and with the smaller; crashes of both."""
    records = [networks.history(arm) for arm in (above, below)]
    high = [record.concentration.max(axis=(1, 2)) >= DELAYED for record in records]
    return columns(*high, *(crashed(record, networks.task) for record in records))


class Groups:
    """Networks in groups, one group a key, of the arm under which some crash."""

    def __init__(self, size: Size, keys: Keys) -> None:
        """``size`` has the number of networks of a group; nothing is trained yet."""
        number = size["networks"]
        self.task = Task(**{name: n for name, n in size.items() if name != "networks"})
        self._keys = [
            np.random.default_rng(key).integers(2**32, size=(number, 2), dtype=np.uint32)
            for key in keys
        ]
        self._records: list[Record] = []

    @property
    def records(self) -> list[Record]:
        """What was recorded of each group; trained once."""
        self._records = self._records or [train(keys, ABOVE, self.task) for keys in self._keys]
        return self._records


def area(scores: Float[np.ndarray, " n"], crash: Bool[np.ndarray, " n"]) -> float:
    """How probably a network that crashes scores above one that does not: Mann and Whitney's U.

    A tie counts half. Of a group without both kinds nothing is known: half.
    """
    first, second = scores[crash], scores[~crash]
    if not len(first) or not len(second):
        return 0.5
    return float(scipy.stats.mannwhitneyu(first, second).statistic) / (len(first) * len(second))


def signs(record: Record, k: int) -> tuple[Float[np.ndarray, " n"], ...]:
    """What may foretell a crash at the k-th record, high for a crash: of the one layer.

    SEC(4), sigma_1 of the product of query and key, effective rank, loss, entropy.
    """
    return (
        record.concentration[:, k, 0], record.spectrum[:, k, 0, 0], -record.rank[:, k, 0],
        record.loss[:, k], -record.entropy[:, k, 0],
    )  # fmt: skip


def crash_areas(
    groups: Groups, step: int = SEEN, sign: float = 1.0, other: int = 0
) -> Float[np.ndarray, "k 6"]:
    """Areas for each of ``signs`` at a step, and that of the loss less that of SEC(4).

    Networks that have crashed by then are left out. Planted errors: an early ``step``; ``sign``
    -1 takes low for high; ``other``, the crash is that of a network so many places before.
    """
    rows = []
    for record in groups.records:
        k = step // groups.task.record - 1
        alive = ~crashed(record._replace(loss=record.loss[:, : k + 1]), groups.task)
        event = np.roll(crashed(record, groups.task), other)[alive]
        areas = [area(sign * values[alive], event) for values in signs(record, k)]
        rows.append([*areas, areas[3] - areas[0]])
    return np.array(rows)
