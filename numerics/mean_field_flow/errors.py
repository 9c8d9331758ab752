"""What the claims about the mean-field flow measure: one number a seed, from runs made once.

Every function takes a size (a mapping such as ``{"M": 16}``) and the keys of the seeds, and
returns an array with one entry a key. Options plant errors.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from numerics import in_double
from numerics.engine.quick import quick_jit
from numerics.mean_field_flow import at_every_layer, half_steps, particle_distance
from numerics.mean_field_flow.runs import (
    Setting,
    deep_networks,
    density_error,
    depth_limits,
    infinite_depth,
    law,
    networks,
)
from numerics.mean_field_flow.sequences import in_context_regression
from numerics.mean_field_flow.stationary import Stationary, stationary_points

Size = Mapping[str, int]
Errors = Float[np.ndarray, " seeds"]
PLAIN = Setting()
WIDTH = 8  # of networks whose width is not the question
TIMES = (2.0, 4.0, 6.0, 8.0)
INVERSE_DECAYS = (100, 300, 1000, 3000)


def output_error(size: Size, keys: Any, *, setting: Setting = PLAIN, decay: bool = True) -> Errors:
    """Root mean square over the data of trained output minus infinite width.

    Without ``decay`` the infinite width is trained without weight decay.
    """
    run = networks(setting, size["M"], keys)
    limit = run.limit if decay else run.no_decay
    return np.sqrt(np.mean((run.finite.outputs - limit.outputs)[:, -1] ** 2, axis=1))


def risk_error(size: Size, keys: Any, *, setting: Setting = PLAIN, decay: bool = True) -> Errors:
    """Difference of the penalised risk Q from that of infinite width, after training."""
    run = networks(setting, size["M"], keys)
    limit = run.limit if decay else run.no_decay
    return np.abs(run.finite.penalised[:, -1] - limit.penalised[-1])


def coupling_error(
    size: Size, keys: Any, *, setting: Setting = PLAIN, untrained: bool = False
) -> Errors:
    """Root mean square distance of particles from their limits (or from where those start)."""
    run = networks(setting, size["M"], keys)
    longest = run.weights.shape[1]
    limit = at_every_layer(law(setting.rows), longest) if untrained else run.limit_end
    eta = half_steps(setting.depth, longest)
    return np.asarray(_distances(run.ends, limit, run.weights, eta))


_distances = quick_jit(jax.vmap(particle_distance, (0, None, 0, None)))


def fluctuation(size: Size, keys: Any, *, tied: bool = False) -> Errors:
    """Output minus infinite width at the same depth, after a short training."""
    return output_error(size, keys, setting=_short(size, tied))


def start_fluctuation(size: Size, keys: Any) -> Errors:
    """The same before training."""
    run = networks(_short(size, tied=False), size["M"], keys)
    return np.sqrt(np.mean((run.finite.outputs - run.limit.outputs)[:, 0] ** 2, axis=1))


def _short(size: Size, tied: bool) -> Setting:
    return Setting(depth=size["L"], step=0.5, steps=1, tied=tied)


def depth_error(size: Size, keys: Any, *, wrong_limit: bool = False) -> Errors:
    """Root mean square of trained output minus infinite depth, at infinite width."""
    limit = deep_networks(5, keys).end if wrong_limit else infinite_depth(keys).end
    return np.sqrt(np.mean((deep_networks(size["L"], keys).end - limit) ** 2, axis=1))


def depth_remainder(
    size: Size, keys: Any, *, alternation: float = 1.0, factor: float = 1.0
) -> Errors:
    """Root mean square of untrained output minus limit minus derived coefficient / L."""
    limit, coefficient = depth_limits(keys, alternation)
    remainder = deep_networks(size["L"], keys).start - limit - factor * coefficient / size["L"]
    return np.sqrt(np.mean(remainder**2, axis=1))


def dissipation_defect(
    size: Size,
    keys: Any,
    *,
    setting: Setting = PLAIN,
    sign: float = 1.0,
    energy: str = "penalised",
) -> Errors:
    """|Q(0) - Q(1/2) - integral of |G|^2|, trapezium rule over N Heun steps; weight decay 0.1."""
    setting = setting._replace(step=0.5 / size["N"], steps=size["N"], decay=0.1)
    course = networks(setting, WIDTH, keys).finite
    rate = (course.dissipation[:, 1:] + course.dissipation[:, :-1]).sum(axis=1) * setting.step / 2
    values = getattr(course, energy)
    return np.abs(values[:, 0] - values[:, -1] - sign * rate)


def smallest_fall(size: Size, keys: Any, *, sign: float = 1.0) -> Errors:
    """The smallest decrease of Q in one step of training."""
    course = networks(Setting(step=0.5, steps=16), WIDTH, keys).finite.penalised
    return np.asarray(sign * (course[:, :-1] - course[:, 1:])).min(axis=1)


def above_floor(size: Size, keys: Any, *, data: str = "pairs") -> Errors:
    """Risk minus 1/8 after training on permuted pairs with opposite labels."""
    setting = Setting(data=data, step=2.0, steps=16, decay=0.001)
    return np.asarray(networks(setting, WIDTH, keys).finite.risk)[:, -1] - 0.125


def imbalance(size: Size, keys: Any, *, relu: bool = True) -> Float[np.ndarray, "seeds times"]:
    """Mean over neurons of | |W1 row|^2 - |W2 column|^2 | at TIMES; weight decay 0.02."""
    course = networks(Setting(step=1.0, steps=8, decay=0.02, relu=relu), WIDTH, keys).finite
    return np.asarray(course.imbalance)[:, [int(time) for time in TIMES]]


def flow_error(size: Size, keys: Any, *, decay: float = 0.1, factor: float = 1.0) -> Errors:
    """Distance of the density on N cells from particles, scalar tokens."""
    return density_error(keys, size["N"], decay, factor)


@cache
@in_double
def _along_decay(key: tuple[int, ...]) -> Stationary:
    row = jnp.array(key, dtype=jnp.uint32)
    data = in_context_regression(row, 4, context=3, dimension=2)
    return stationary_points(row, data, [0.03, *(1 / n for n in INVERSE_DECAYS)])


def at_rest(size: Size, keys: Any, *, part: str) -> Errors:
    """Risk or penalised risk where training with decay 1/N ends; a data set for each seed."""
    place = INVERSE_DECAYS.index(size["N"]) + 1
    points = [_along_decay(tuple(map(int, key))) for key in keys]
    return np.array([getattr(point, part)[place] for point in points])
