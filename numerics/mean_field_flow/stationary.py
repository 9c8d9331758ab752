"""Where the gradient flow ends: stationary points of the penalised risk, along falling decay."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float
from scipy.optimize import minimize

from numerics.engine.quick import quick_jit
from numerics.mean_field_flow import ball, half_steps
from numerics.mean_field_flow.particles import Data, drift

DEPTH, WIDTH, RADIUS = 2, 4, 4.0


class Stationary(NamedTuple):
    """Risks at the stationary points, one a decay, and how stationary they are."""

    risk: Float[np.ndarray, " decays"]
    penalised: Float[np.ndarray, " decays"]
    slowness: Float[np.ndarray, " decays"]  # |G|^2 / (Q decay): 2 for a decaying start, 0 at rest
    virial: Float[np.ndarray, " decays"]  # relative defect of the virial identity
    moved: Float[np.ndarray, " decays"]  # from where the search began, over its norm


@partial(quick_jit, static_argnums=5, level=0)
def _measure(
    flat: Array, template: Any, inputs: Array, labels: Array, decay: Array, row: int
) -> tuple[Array, Array, Array, Array, Array]:
    """Q and its gradient in the flat parameters, then risk, |G|^2 and the virial defect."""
    particles = ravel_pytree(template)[1](flat)
    weights, eta = jnp.full((DEPTH, WIDTH), 1.0 / WIDTH), half_steps(DEPTH)
    data = Data(inputs, labels, row)
    G, measured = drift(particles, weights, eta, data, decay)
    # <V, G_V> + <W2, G_W2> = 1/2 E <f + h, p> + decay (|V|^2 + |W2|^2): zero at rest.
    pairs = ((particles.V, G.V), (particles.W2, G.W2))
    work = jnp.stack([jnp.sum(x * g) for x, g in pairs]).sum()
    virial = work / (decay * jnp.stack([jnp.sum(x**2) for x, _ in pairs]).sum())
    gradient = ravel_pytree(G)[0] / (DEPTH * WIDTH)
    return measured.penalised, gradient, measured.risk, measured.dissipation, virial


def stationary_points(key: Array, data: Data, decays: Sequence[float]) -> Stationary:
    """Minimise Q by L-BFGS for each decay, from where the one before ended.

    The first starts at particles drawn from a ball. Quasi-Newton and not the flow itself: the
    flow needs times of many 1/decay; a stationary point of one is one of the other.
    """
    drawn = ball(key, DEPTH * WIDTH, data.inputs.shape[1])
    template = jax.tree.map(lambda x: x.reshape(DEPTH, WIDTH, *x.shape[1:]), drawn)
    point = np.concatenate([x.ravel() for x in template])
    found = []
    for decay in decays:
        fixed = (template, data.inputs, data.labels, decay, data.row)

        def objective(x: np.ndarray, fixed: Any = fixed) -> tuple[float, np.ndarray]:
            value, gradient, *_ = _measure(x, *fixed)
            return float(value), np.asarray(gradient)

        options = {"maxiter": 4000, "maxfun": 5000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 30}
        began = point
        point = minimize(objective, began, jac=True, method="L-BFGS-B", options=options).x
        penalised, _, risk, squared, virial = _measure(point, *fixed)
        slowness = float(squared) / (float(penalised) * decay)
        moved = float(np.linalg.norm(point - began) / np.linalg.norm(began))
        found.append((float(risk), float(penalised), slowness, abs(float(virial)), moved))
    return Stationary(*np.array(found).T)
