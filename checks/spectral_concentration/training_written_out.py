"""The training of the networks that reverse a sequence, written out in NumPy but for slopes."""

from typing import Any

import jax
import numpy as np

from checks.spectral_concentration.attention_bounds import Keys, Size, Values
from numerics.engine.quick import quick_jit
from numerics.spectral_concentration.reversal import (
    Arm,
    Start,
    Task,
    crashed,
    objective,
    observe,
    products,
    start,
    train_one,
)
from numerics.spectral_concentration.spectral_cap import adam_with

TASK = Task(tokens=3, width=5, layers=2, batch=2, steps=4, record=2)
# Frobenius' norms need no iteration; the spectral ones are audited step by step in `capped_steps`.
ARM = Arm(rate=0.1, tau=0.05, warmup=3.0, scale=0.7, frobenius=True)
HALVES = ARM._replace(cap_others=False), ARM._replace(cap_query_key=False)
BETAS = 0.9, 0.999
_slope = quick_jit(jax.value_and_grad(objective), level=0)
_observed = quick_jit(observe, level=0)
_trained = quick_jit(
    jax.vmap(lambda begun, arm: train_one(begun, arm, TASK, adam_with, products), (0, None))
)


def training_residual(
    size: Size, keys: Keys, changed: Any = lambda arm: arm, early: bool = False
) -> Values:
    """How far records of both halves of a training are off, with a cap on part of the matrices.

    Planted errors: ``changed``, of the arm that is trained; ``early``, the first record is taken
    for the last where a crash is told.
    """
    del size
    begun = [_in_double(start(key, TASK)) for key in keys]
    stacked = jax.tree.map(lambda *x: np.stack(x), *begun)
    gaps = []
    for arm in HALVES:
        numbers = changed(arm)._replace(under=None, logits=None)
        found = jax.tree.map(np.asarray, _trained(stacked, numbers))
        wanted = [_written_out(one, arm) for one in begun]
        pairs = zip(found, map(np.stack, zip(*wanted, strict=True)), strict=True)
        far = [np.abs(a - b).reshape(len(keys), -1).max(axis=1) for a, b in pairs]
        # About half of these networks of three symbols are above 0.9 ln 3.
        crash = np.array([one[0][0 if early else -1] > 0.9 * np.log(TASK.tokens) for one in wanted])
        gaps += [*far, (crashed(found, TASK) != crash).astype(float)]
    return np.max(gaps, axis=0)


def _in_double(begun: Start) -> Start:
    return begun._replace(params=jax.tree.map(lambda x: x.astype(float), begun.params))


def _written_out(begun: Start, arm: Arm) -> tuple[np.ndarray, ...]:
    """The fields of a record, by time."""
    params = {name: arm.scale * begun.params[name] for name in ("square", "thin")}
    params["gains"] = np.stack(begun.params["gains"])
    axes = {"square": (2, 3), "thin": (1, 2), "gains": (1,)}
    first, second = ({name: np.zeros_like(w) for name, w in params.items()} for _ in range(2))
    losses, shares, records = [], [], []
    for step, batch in enumerate(begun.batches, 1):
        loss, slope = _slope(_as_trained(params), batch)
        slope = {**slope, "gains": np.stack(slope["gains"])}
        rate = arm.rate * min(1.0, step / arm.warmup)
        for name, w in params.items():
            g = np.asarray(slope[name])
            first[name] = BETAS[0] * first[name] + (1 - BETAS[0]) * g
            second[name] = BETAS[1] * second[name] + (1 - BETAS[1]) * g**2
            m, v = first[name] / (1 - BETAS[0] ** step), second[name] / (1 - BETAS[1] ** step)
            direction = m / (np.sqrt(v) + 1e-8)
            sizes, reach = (np.sqrt((x**2).sum(axes[name], keepdims=True)) for x in (w, direction))
            rates = np.minimum(rate, arm.tau * sizes / reach)
            free = np.broadcast_to(not arm.cap_others, rates.shape).copy()
            if name == "square":
                free[:, :2] = not arm.cap_query_key
            rates = np.where(free, rate, rates)
            if name == "square":
                shares.append(rates[:, 0].mean() / arm.rate)
            params[name] = w - rates * direction
        losses.append(float(loss))
        if step % TASK.record == 0:
            means = (np.mean(values[-TASK.record :]) for values in (losses, shares))
            records.append(_observed(_as_trained(params), begun.held, *means))
    return tuple(np.stack(field) for field in zip(*records, strict=True))


def _as_trained(params: dict[str, Any]) -> dict[str, Any]:
    return {**params, "gains": tuple(params["gains"])}
