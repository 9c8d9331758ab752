"""Events of trained networks, which the frequency claims of spectral concentration count.

Each function takes the networks of some seeds, and returns zeros and ones: one row a key, one
column an event. Keyword arguments choose other arms, for mutants.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from checks.spectral_concentration.capped_steps import (
    CAPPED,
    PLAIN,
    TAU,
    Ends,
    Networks,
    columns,
)
from numerics.engine.measuring import Keys, Size
from numerics.spectral_concentration import LOW_ENTROPY, LOW_RANK
from numerics.spectral_concentration.bounded_logits import normed_tokens, normed_weights
from numerics.spectral_concentration.reversal import Arm
from numerics.spectral_concentration.small_transformers import Size as ModelSize
from numerics.spectral_concentration.small_transformers import Trained, characters, digits
from numerics.spectral_concentration.small_transformers import train as train_model


@dataclass(frozen=True)
class Events:
    """What is asked of the same networks, as columns: a simulation of an experiment."""

    of: Callable[[Size, Keys], Any]  # the networks of a point and keys
    functions: Mapping[str, Callable[..., Any]]

    def __call__(self, point: Size, keys: Keys) -> dict[str, Any]:
        """Each column."""
        networks = self.of(point, keys)
        return {name: events(networks) for name, events in self.functions.items()}


Share = Callable[[Ends], Any]  # the concentration that is compared, one number a seed


def recorded(end: Ends) -> Any:
    """SEC(4) as it was recorded, the largest of the layers."""
    return end.concentration


def crash_events(networks: Networks, plain: Arm = PLAIN, capped: Arm = CAPPED) -> Any:
    """Crash without the cap, crash with it, accuracy with it."""
    without, with_cap = networks.ends(plain), networks.ends(capped)
    return columns(without.crash, with_cap.crash, with_cap.accurate)


def collapse_events(
    networks: Networks, arms: tuple[Arm, Arm] = (PLAIN, CAPPED), share: Share = recorded
) -> Any:
    """Concentration and modes without the cap and with it."""
    without, with_cap = (networks.ends(arm) for arm in arms)
    high, low = (share(end) for end in (without, with_cap))
    return columns(high >= 0.9, low <= 0.8, without.malignant, with_cap.benign, with_cap.malignant)


def product_events(networks: Networks, arm: Arm = PLAIN) -> Any:
    """Concentration of query and key, of value and output, and of query and value."""
    end = networks.ends(arm)
    return columns(end.concentration >= 0.9, end.of_values >= 0.8, end.of_strangers >= 0.8)


FROBENIUS = Arm(tau=TAU, frobenius=True)


def end_events(networks: Networks, arm: Arm = FROBENIUS) -> Any:
    """Crash and accuracy."""
    end = networks.ends(arm)
    return columns(end.crash, end.accurate)


QK_NORM, REPARAMETRISED = Arm(logits=normed_tokens), Arm(logits=normed_weights)


def norm_events(networks: Networks, arm: Arm = QK_NORM) -> Any:
    """Crash without a cap and with other logits; accuracy, mode and concentration of the latter."""
    without, end = networks.ends(PLAIN), networks.ends(arm)
    return columns(without.crash, end.crash, end.accurate, end.malignant, end.concentration >= 0.8)


DELAY = {"layers": 1, "tokens": 8, "steps": 500, "record": 10}  # steps between records
DELAYED = 0.9  # SEC(4) that is waited for


def waiting_time(size: Size, keys: Keys, *, arm: Arm = CAPPED, factor: float = 1.0) -> Any:
    """Steps until SEC(4) reaches DELAYED with a cap of ``factor / N``, as column ``steps``.

    Between records the concentration is interpolated; a network that never reaches it counts as if
    it did at the end.
    """
    networks = Networks(DELAY, keys)
    along = networks.history(arm._replace(tau=factor / size["N"])).concentration[..., 0]
    reached = np.array([_crossing(row, DELAYED) for row in along.astype(float)])
    return {"steps": DELAY["record"] * (1 + reached)}


def _crossing(values: Any, level: float) -> float:
    """Where a sequence first reaches a level, between its indices; else its last index."""
    above = np.flatnonzero(values >= level)
    if not len(above):
        return len(values) - 1.0
    k = int(above[0])
    return k - (values[k] - level) / (values[k] - values[k - 1]) if k else 0.0


def uniform_events(networks: Networks, factor: float = 1.0) -> Any:
    """A run without a cap at a multiple of the mean rate that the cap allowed."""
    rate = factor * CAPPED.rate * float(networks.ends(CAPPED).mean_rate.mean())
    end = networks.ends(Arm(rate=rate))
    return columns(end.accurate, end.crash)


def accurate_events(networks: Networks, arms: tuple[Arm, ...]) -> Any:
    """Accuracy of each arm."""
    return columns(*(networks.ends(arm).accurate for arm in arms))


QUERY_KEY, OTHERS = Arm(tau=TAU, cap_others=False), Arm(tau=TAU, cap_query_key=False)


def low_entropy_events(networks: Networks, arm: Arm = CAPPED) -> Any:
    """Accurate with low entropy."""
    end = networks.ends(arm)
    return columns(end.accurate & end.low_entropy)


SMALL = Arm(rate=0.0077, scale=0.02 * 32**0.5)  # standard deviation 0.02 at width 32


def concentrated_events(networks: Networks, arm: Arm = SMALL, share: Share = recorded) -> Any:
    """Accurate with a concentrated spectrum.

    Above 0.92, which 19 of 20 such networks reach; of their singular values not squared (planted
    error) a quarter reach 0.9, too many to be told from half of them by ten seeds.
    """
    end = networks.ends(arm)
    return columns(end.accurate & (share(end) >= 0.92))


def warmup_events(networks: Networks, rate: float = 0.1, tau: float = np.inf) -> Any:
    """A run with linear warm-up and then a constant rate: worse than before, accurate."""
    warm = Arm(
        rate=rate, tau=tau, warmup=networks.task.steps / 2 if networks.task.steps < 300 else 100
    )
    end = networks.ends(warm)
    return columns(end.worsened, end.accurate)


RATES = (0.003, 0.05, 1.0)


def rates_with(**changes: Any) -> dict[str, Any]:
    """The arms of the claim about rates, the one of the largest rate with changes."""
    *others, fastest = (CAPPED._replace(rate=rate) for rate in RATES)
    return {"arms": (*others, fastest._replace(**changes))}


LOOSE = Arm(tau=0.03)


def transition_events(networks: Networks, arm: Arm = LOOSE) -> Any:
    """Accurate and benign at some time, and at the end crashed and malignant."""
    record, task = networks.history(arm), networks.task
    times = range(1, record.loss.shape[1] + 1)
    along = [Ends(type(record)(*(field[:, :t] for field in record)), task) for t in times]
    accurate = np.any([end.accurate for end in along], axis=0)
    benign = np.any([end.benign for end in along], axis=0)
    return columns(accurate, benign, along[-1].crash, along[-1].malignant)


# Real data: how much lower than without a cap the held-out loss is claimed to be, and a constant
# rate that is small enough to need no cap.
MODELS = {"GPT": (characters, 0.9, 0.01), "ViT": (digits, 0.75, 0.003)}


class Models:
    """Small transformers on real data, by rate and cap, each trained once."""

    def __init__(self, size: Size, keys: Keys, model: str) -> None:
        """Nothing is trained yet."""
        data, self.share, self.small = MODELS[model]
        self._data, self._size = data(), ModelSize(steps=size["steps"])
        self._keys, self._trained = keys, {}

    def trained(self, rate: float, tau: float) -> Trained:
        """The models of a rate and a cap."""
        if (rate, tau) not in self._trained:
            self._trained[rate, tau] = train_model(self._keys, self._data, rate, tau, self._size)
        return self._trained[rate, tau]


def real_data_events(models: Models, rate: float = 0.1, tau: float = TAU) -> Any:
    """What the cap does to a small transformer on real data, at a rate without warm-up."""
    share = models.share
    capped, plain = (models.trained(rate, t) for t in (tau, np.inf))
    slow = models.trained(models.small, np.inf)
    # A loss that is no number is a loss.
    target = share * np.where(np.isfinite(plain.held), plain.held, np.inf)
    high, low = (found.concentration.max(axis=1) for found in (plain, capped))
    return columns(
        capped.held < target, slow.held < target, high >= 0.9, low <= 0.8,
        collapsed(plain), collapsed(capped),
    )  # fmt: skip


def collapsed(found: Trained) -> Any:
    """Whether attention of a layer has collapsed malignantly."""
    return ((found.entropy < LOW_ENTROPY) & (found.rank < LOW_RANK)).any(axis=1)
