"""What the claims about width and training measure: named columns, one row a seed."""

from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.mean_field_flow import at_every_layer, draw_weights, half_steps, particle_distance
from numerics.mean_field_flow.first_order import start_spread
from numerics.mean_field_flow.particles import Measured
from numerics.mean_field_flow.runs import Draw, Setting, law, networks
from numerics.mean_field_flow.sequences import in_context_regression
from numerics.mean_field_flow.stationary import stationary_points

PLAIN = Setting()
WIDTH = 8  # of networks whose width is not the question
TIMES = (2.0, 4.0, 6.0, 8.0)
INVERSE_DECAYS = (100, 300, 1000, 3000)

_distances = quick_jit(jax.vmap(particle_distance, (0, None, 0, None)))


def output_error(finite: Measured, limit: Measured, time: int) -> Float[np.ndarray, " seeds"]:
    """Root mean square over the data of output minus infinite width, at one of the times."""
    return np.sqrt(np.mean((finite.outputs - limit.outputs)[:, time] ** 2, axis=1))


def beside_infinite_width(point: Size, keys: Keys, *, setting: Setting = PLAIN) -> Table:
    """Outputs and Q after training beside infinite width, and infinite width without decay.

    ``particles``: root mean square distance from their limits, ``way`` from where these start.
    """
    run = networks(setting, point["M"], keys)
    table: dict[str, Any] = {}
    for name, limit in {"limit": run.limit, "no decay": run.no_decay}.items():
        table[f"output/{name}"] = output_error(run.finite, limit, -1)
        table[f"risk/{name}"] = np.abs(run.finite.penalised[:, -1] - limit.penalised[-1])
    longest = run.weights.shape[1]
    eta = half_steps(setting.depth, longest)
    start = at_every_layer(law(setting.rows), longest)
    table["particles"] = _distances(run.ends, run.limit_end, run.weights, eta)
    return table | {"way": _distances(run.ends, start, run.weights, eta)}


def short_training(point: Size, keys: Keys, *, draw: Draw = draw_weights) -> Table:
    """Outputs beside infinite width before a short training and after it.

    ``spread``: sqrt(M L) times what is derived for the start.
    """
    run = networks(Setting(depth=point["L"], step=0.5, steps=1), point["M"], keys, draw)
    start, end = (output_error(run.finite, run.limit, time) for time in (0, -1))
    return {"start": start, "end": end, "spread": np.full(len(start), start_spread(point["L"]))}


def time_steps(point: Size, keys: Keys, *, setting: Setting = PLAIN) -> Table:
    """Fall of Q and of R until time 1/2 in N steps of Heun, decay 0.1.

    ``dissipated``: the integral of |G|^2 by the trapezium rule.
    """
    setting = setting._replace(step=0.5 / point["N"], steps=point["N"], decay=0.1)
    course = networks(setting, WIDTH, keys).finite
    rate = course.dissipation[:, 1:] + course.dissipation[:, :-1]
    return {
        "fall": course.penalised[:, 0] - course.penalised[:, -1],
        "fall of the risk": course.risk[:, 0] - course.risk[:, -1],
        "dissipated": rate.sum(axis=1) * setting.step / 2,
    }


def long_training(_: Size, keys: Keys, *, setting: Setting) -> Table:
    """By time: Q, R and the mean over neurons of | |W1 row|^2 - |W2 column|^2 |."""
    course = networks(setting, WIDTH, keys).finite
    return {
        "penalised": course.penalised, "risk": course.risk, "imbalance": course.imbalance,
    }  # fmt: skip


def training_time(point: Size, keys: Keys, *, decay: float = 0.01) -> Table:
    """Root mean square distance of particles from their limits after training time tau."""
    setting = Setting(decay=decay, step=1.0, steps=point["tau"])
    run = networks(setting, 16, keys)
    eta = half_steps(setting.depth, run.weights.shape[1])
    return {"particles": _distances(run.ends, run.limit_end, run.weights, eta)}


def ends_of_training(_: Size, keys: Keys) -> Table:
    """R and Q where training with decay 1/N ends, for INVERSE_DECAYS; a data set for each seed."""
    decays = [0.03, *(1 / n for n in INVERSE_DECAYS)]
    points = [
        stationary_points(key, in_context_regression(key, 4, context=3, dimension=2), decays)
        for key in jax.device_put(np.asarray(keys))
    ]
    return {
        f"{part}/{n}": np.array([getattr(found, part)[place] for found in points])
        for part in ("risk", "penalised")
        for place, n in enumerate(INVERSE_DECAYS, 1)
    }
