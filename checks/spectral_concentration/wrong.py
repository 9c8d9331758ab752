"""Wrong optimisers and measures of spectra: what the claims of the room must refute."""

from typing import Any

import jax
import numpy as np
import optax
from jaxtyping import Array, Float, PyTree

from checks.spectral_concentration.capped_steps import CAPPED, Ends
from numerics.spectral_concentration.reversal import KEPT, Arm, Start, Task, products, start
from numerics.spectral_concentration.small_transformers import Data, Size
from numerics.spectral_concentration.small_transformers import start as start_model
from numerics.spectral_concentration.spectral_cap import AdamW2State, adam_with


def capped_by_gradients(
    cap: optax.GradientTransformationExtraArgs, eps: float = 1e-8
) -> optax.GradientTransformationExtraArgs:
    """Adam's directions at the rates that a cap on raw gradients allows; an easy misreading."""
    right, adam = adam_with(cap, eps=eps), optax.scale_by_adam(eps=eps)

    def update(slope: PyTree, state: AdamW2State, params: PyTree, **_: Any) -> Any:
        direction, moments = adam.update(slope, state.adam)
        steps, after = cap.update(slope, state.cap, params, ascent=True)

        def along(step: Array, rate: Array, toward: Array, raw: Array) -> Array:
            """The decay stays as it is in the step, the gradient gives way to the direction."""
            spread = rate.reshape(rate.shape + (1,) * (raw.ndim - rate.ndim))
            return -(step + spread * (toward - raw))

        return jax.tree.map(along, steps, after.rate, direction, slope), AdamW2State(moments, after)

    return optax.GradientTransformationExtraArgs(right.init, update)


MISREAD = CAPPED._replace(under=capped_by_gradients)


def not_squared(end: Ends) -> Float[np.ndarray, " seeds"]:
    """SEC of singular values where that of their squares is meant, the largest of the layers."""
    return (end.spectrum[..., :KEPT].sum(-1) / end.spectrum.sum(-1)).max(axis=1)


def unscaled(x: Array, Wq: Array, Wk: Array) -> Array:
    """Logits without the root of the width of queries."""
    return products(x, Wq, Wk) * Wq.shape[-1] ** 0.5


def no_positions(params: PyTree) -> PyTree:
    """Embeddings of symbols alone."""
    thin = params["thin"].copy()
    thin[:, 1] = 0
    return {**params, "thin": thin}


def all_capped(arm: Arm) -> Arm:
    """The arm with the cap on everything."""
    return arm._replace(cap_query_key=True, cap_others=True)


def without_warm_up(arm: Arm) -> Arm:
    """The arm at its full rate from the first step on."""
    return arm._replace(warmup=0.0)


def wider(key: Any, task: Task) -> Start:
    """Square matrices of a variance that is larger by a tenth."""
    begun = start(key, task)
    return begun._replace(params=begun.params | {"square": 1.1**0.5 * begun.params["square"]})


def observed(key: Any, task: Task) -> Start:
    """What is observed is what is trained on last."""
    begun = start(key, task)
    return begun._replace(held=begun.batches[-1])


def same_data(key: Any, data: Data, size: Size) -> Any:
    """Each batch is one datum, many times."""
    params, batches = start_model(key, data, size)
    return params, np.broadcast_to(batches[:, :1], batches.shape)


def exchanged(params: PyTree) -> PyTree:
    """Values taken for outputs."""
    return {**params, "square": params["square"][:, :, [0, 1, 3, 2]]}
