"""What the cap of AdamW^2 does: audits of single steps, and networks that collapse or do not."""

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Float, UInt32

from numerics.engine.measuring import Keys, Size
from numerics.engine.quick import quick_jit
from numerics.generated.spectral_concentration import weyl_growth_bound, weyl_shrink_bound
from numerics.spectral_concentration import (
    HIGH_RANK,
    LOW_ENTROPY,
    LOW_RANK,
    relative_growth,
)
from numerics.spectral_concentration.other_caps import any_cap
from numerics.spectral_concentration.reversal import Arm, Record, Task, crashed, train
from numerics.spectral_concentration.spectral_cap import adam_with

U = 2.0**-53
TAU = 0.01
Path = Float[np.ndarray, "k times m n"]

_growth_bound = quick_jit(jnp.vectorize(weyl_growth_bound))
_shrink_bound = quick_jit(jnp.vectorize(weyl_shrink_bound))
_growth = quick_jit(relative_growth)
PLAIN, CAPPED = Arm(), Arm(tau=TAU)


@cache
def _path_program(rounds: int, under: Any) -> Any:
    """Compiled steps for all instances; zero rounds are exact norms."""

    def run(start: Any, gradients: Any, decay: Any, frobenius: Any) -> Any:
        cap = any_cap(TAU, rate=1.0, weight_decay=decay, rounds=rounds, frobenius=frobenius)
        method = under(cap, eps=0.0)

        def step(carry: Any, gradient: Any) -> Any:
            weight, state = carry
            moved, state = method.update(gradient, state, weight)
            weight = optax.apply_updates(weight, moved)
            return (weight, state), (weight, state.rate)

        return jax.lax.scan(step, (start, method.init(start)), gradients)[1]

    return quick_jit(jax.vmap(run, (0, 0, None, None)))


def capped_path(
    size: Size,
    keys: Keys,
    *,
    exact: bool,
    decay: float,
    under: Any,
    aligned: bool,
    frobenius: bool = False,
) -> tuple[Path, Float[np.ndarray, "k steps"]]:
    """Matrices along steps of AdamW^2 at rate 1, first the start, and the capped rates.

    Gradients are small noise with a drift. With ``aligned`` a third of the instances are a matrix
    of signs, of rank one, which the gradient shrinks: there the bound is attained at every step. A
    third has equal singular values and steps of rank one: there Frobenius' cap is too loose.
    """
    m, n, steps = size["m"], size["n"], size["steps"]

    def instance(key: UInt32[np.ndarray, "2"]) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(key)
        kind = random.integers(3) if aligned else 0
        if kind == 2:
            equal = random.uniform(0.1, 10) * np.eye(m, n)
            return equal, np.full((steps, m, n), -1e-3)
        if kind == 1:
            signs = np.outer(random.choice((-1.0, 1.0), m), random.choice((-1.0, 1.0), n))
            return signs * random.uniform(0.1, 10), np.broadcast_to(1e-3 * signs, (steps, m, n))
        noise = random.standard_normal((steps, m, n)) + random.standard_normal((m, n))
        return random.standard_normal((m, n)), 1e-3 * noise

    starts, gradients = (np.stack(x) for x in zip(*map(instance, keys), strict=True))
    run = _path_program(0 if exact else 3, under)
    after, rates = (np.asarray(x) for x in run(starts, gradients, decay, frobenius))
    return np.concatenate([starts[:, None], after], axis=1), rates


def weyl_slack(
    size: Size, keys: Keys, under: Any = adam_with, late: bool = False, frobenius: bool = False
) -> Float[np.ndarray, " k"]:
    """tau sigma_1(W) minus the largest change of a singular value beyond the decay, exact norms.

    The slacks of both bounds on sigma_1 itself are included. Planted errors: another optimiser
    ``under`` the cap; ``late``, the bound uses sigma_1 after the step; ``frobenius``, norms
    of the cap are Frobenius'.
    """
    decay = 0.1
    path, rates = capped_path(
        size,
        keys,
        exact=True,
        decay=decay,
        under=under,
        aligned=True,
        frobenius=frobenius,
    )
    spectra = np.linalg.svd(path, compute_uv=False)
    before, after = spectra[:, :-1], spectra[:, 1:]
    top = (after if late else before)[..., 0]
    moved = np.abs(after - (1 - decay * rates[..., None]) * before).max(axis=-1)
    growth = np.asarray(_growth_bound(top, TAU, decay * rates)) - after[..., 0]
    shrinkage = after[..., 0] - np.asarray(_shrink_bound(top, TAU, decay * rates))
    slack = np.minimum(TAU * top - moved, np.minimum(growth, shrinkage))
    rounding = 64 * max(size["m"], size["n"]) * U * 2 * before[..., 0]
    return (slack / rounding).min(axis=1)


def growth_events(
    size: Size, keys: Keys, under: Any = adam_with, average: bool = False
) -> Float[np.ndarray, "k 2"]:
    """Whether the largest relative step exceeds the cap by 1 %, and whether it exceeds 2 caps.

    With three rounds of power iteration. Planted errors: another optimiser ``under``
    the cap; ``average``, the audit takes the mean over steps.
    """
    path, _ = capped_path(size, keys, exact=False, decay=0.0, under=under, aligned=False)
    growth = np.asarray(_growth(path[:, 1:], path[:, :-1]))
    worst = growth.mean(axis=1) if average else growth.max(axis=1)
    return columns(worst > 1.01 * TAU, worst > 2 * TAU)


class Ends:
    """How the networks of an arm ended, one entry a seed."""

    def __init__(self, record: Record, task: Task) -> None:
        """``record`` as ``train`` returns it."""
        last: Record = jax.tree.map(lambda x: x[:, -1], record)
        low = last.entropy < LOW_ENTROPY * np.log(task.tokens)
        share = last.rank / task.tokens
        self.crash = crashed(record, task)
        self.accurate = ~self.crash & (last.accuracy > 0.95)
        self.low_entropy = low.any(axis=1)
        self.malignant = (low & (share < LOW_RANK)).any(axis=1)
        self.benign = (low & (share > HIGH_RANK)).any(axis=1)
        self.concentration = last.concentration.max(axis=1)
        self.of_values = last.of_values.max(axis=1)
        self.of_strangers = last.of_strangers.max(axis=1)
        self.spectrum = last.spectrum  # of each layer
        self.worsened = last.loss > 1.2 * record.loss.min(axis=1)
        self.mean_rate = record.rate.mean(axis=1)


def task_of(size: Size) -> Task:
    """The network and training of a size point."""
    return Task(**size)


class Networks:
    """Networks of some seeds at a size; each arm is trained once, whatever is asked of it."""

    def __init__(self, size: Size, keys: Keys) -> None:
        """Nothing is trained yet."""
        self.size, self.task = size, task_of(size)
        self._keys, self._records = keys, {}

    def history(self, arm: Arm) -> Record:
        """The records of an arm."""
        if arm not in self._records:
            self._records[arm] = train(self._keys, arm, self.task)
        return self._records[arm]

    def ends(self, arm: Arm) -> Ends:
        """How the networks of an arm ended."""
        return Ends(self.history(arm), self.task)


def columns(*events: Any) -> Float[np.ndarray, "k q"]:
    """Zeros and ones, one column an event; each event is one boolean a seed."""
    return np.stack(events, axis=1).astype(float)
