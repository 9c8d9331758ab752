"""Gradients of a user's module in its tokens, and how far finite differences can see."""

from typing import Any

import numpy as np
from jaxtyping import Float

from checks.properties.frameworks import EPSILON, as_numpy, precision, torch
from checks.properties.modules import AttentionModule
from checks.properties.probe import require

HALF = ("float16", "bfloat16")


def relative_step(dtype: str) -> float:
    """The step of central differences, eps^(1/3); its error is of the order of the square."""
    return EPSILON.get(dtype, EPSILON["float64"]) ** (1 / 3)


def gradient_of(
    module: AttentionModule, x: Float[np.ndarray, "*shape"], c: Float[np.ndarray, "..."]
) -> Float[np.ndarray, "*shape"]:
    """The gradient in x of the sum of ``c * call(x)``: the module's own, or its framework's."""
    with precision(module.framework, module.dtype):
        tokens, direction = module.array(x), module.array(c)
        if module.gradient is not None:
            return as_numpy(module.gradient(tokens, direction))
        return as_numpy(_of_framework(module, tokens, direction))


def _of_framework(module: AttentionModule, x: Any, c: Any) -> Any:
    if module.framework == "torch":
        x.requires_grad_(True)
        (gradient,) = torch().autograd.grad((module.call(x) * c).sum(), x)
        return gradient
    import jax

    y, pullback = jax.vjp(module.call, x)
    return pullback(c.astype(y.dtype))[0]


def along_gradient(
    module: AttentionModule,
    x: Float[np.ndarray, "*shape"],
    c: Float[np.ndarray, "..."],
    gradient: Float[np.ndarray, "*shape"],
    otherwise: Float[np.ndarray, "*shape"],
    scale: float,
) -> None:
    """Hold a gradient of half precision to what outputs change by along it.

    Steps are so long there that along a drawn direction, ``otherwise``, nearly any gradient
    agrees. Along its own all of it shows; tokens count as they are rounded, and what two steps
    differ by says what the curvature does. Raises Violation.
    """
    length, step = float(np.linalg.norm(gradient)), relative_step(module.dtype)
    u = gradient / length if length else otherwise
    missed = []
    for h in (step * scale, step * scale / 2):
        with precision(module.framework, module.dtype):
            ends = [as_numpy(module.array(x + s * h * u)).astype(float) for s in (1, -1)]
        forward, backward = (module.run(None, end)[0] for end in ends)
        slope = float((c * (forward - backward)).sum()) / (2 * h)
        told = float((gradient * (ends[0] - ends[1])).sum()) / (2 * h)
        missed.append(slope - told)
    rounding = 2 * float(np.linalg.norm(c * forward)) / scale
    allowed = step**2 * (3 * length + rounding) + 2 * abs(missed[0] - missed[1])
    require(
        abs(missed[0]) <= allowed,
        f"along the gradient, of length {length:.4g}, outputs change by {missed[0]:+.4g} more "
        "than it says",
    )


def attention_lipschitz(
    query: Float[np.ndarray, "heads width d"],
    key: Float[np.ndarray, "heads width d"],
    value: Float[np.ndarray, "heads out d"],
    *,
    scale: float | None = None,
) -> float:
    """A Lipschitz constant of softmax attention on the unit ball, from its weights.

    Matrices of each head act as W x on tokens x in R^d: ``query`` and ``key`` of width d_k,
    ``value`` with the output projection in it, W_o W_v. Logits are ``scale`` times q . k, by
    default 1/sqrt(width). With tokens that move by at most s, no output moves by more than

        sum_h |V_h| (1 + 2 |A_h|) s,    A_h = scale W_q^T W_k,

    in the norms of tokens and the spectral norms of matrices: the derivative of a softmax average
    is a covariance, and that of points of the unit ball is at most one. It holds under any mask,
    without biases of queries (those of keys and values do not matter).
    """
    q, k, v = (np.asarray(a, dtype=float) for a in (query, key, value))
    if not q.ndim == k.ndim == v.ndim == 3:
        raise ValueError(
            "expected matrices of queries, keys and values for each head, (heads, width, d); "
            f"received shapes {q.shape}, {k.shape} and {v.shape}. One head is matrix[None]"
        )
    factor = q.shape[1] ** -0.5 if scale is None else scale
    logits = np.linalg.norm(factor * np.swapaxes(q, 1, 2) @ k, 2, axis=(1, 2))
    values = np.linalg.norm(v, 2, axis=(1, 2))
    return float((values * (1 + 2 * logits)).sum())
