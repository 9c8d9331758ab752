"""What becomes of networks under a cap that lets them learn first: concentration, and crashes.

Rows are networks, columns events, as in `network_events`.
"""

from typing import Any

from checks.spectral_concentration.capped_steps import CAPPED, Networks, columns
from checks.spectral_concentration.network_events import DELAYED
from numerics.spectral_concentration.reversal import Arm, Record, crashed

LATE = [{"layers": 1, "tokens": 8, "steps": 2000}]
ABOVE = Arm(tau=0.02)  # twice the cap under which nothing crashes
SEEN = 1000  # the step at which a guess is made
LEVELS = {"concentration": 0.98, "spectrum": 110.0, "loss": 1.1}  # above it one guesses a crash


def threshold_events(networks: Networks, above: Arm = ABOVE, below: Arm = CAPPED) -> Any:
    """Whether SEC(4) reaches DELAYED with the larger cap and with the smaller; crashes of both."""
    records = [networks.history(arm) for arm in (above, below)]
    high = [record.concentration.max(axis=(1, 2)) >= DELAYED for record in records]
    return columns(*high, *(crashed(record, networks.task) for record in records))


def at_step(record: Record, name: str, step: int, networks: Networks) -> Any:
    """A field of one layer's record after a step; of a spectrum the largest singular value."""
    values = getattr(record, name)[:, step // networks.task.record - 1]
    return values.reshape(len(values), -1)[:, 0]


def guess_events(
    networks: Networks, levels: dict[str, float] | None = None, reverse: bool = False
) -> Any:
    """Whether guesses at SEEN of who ends crashed are right: one column a level.

    A network is guessed to crash where a quantity is above its level (``reverse``: below).
    """
    record = networks.history(ABOVE)
    crash, chosen = crashed(record, networks.task), LEVELS | (levels or {})
    guesses = [at_step(record, name, SEEN, networks) > level for name, level in chosen.items()]
    return columns(*((guess ^ reverse) == crash for guess in guesses))
