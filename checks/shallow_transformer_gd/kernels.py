"""The claim about the tangent kernel, against gradients of a head written out."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from checks.shallow_transformer_gd.statements import ROUNDING, experiment, state
from checks.verdicts import IdentityClaim
from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.shallow_transformer_gd import ntk
from numerics.shallow_transformer_gd.blocks import normals

HEADS, DIM, NODES = 3, 2, 32
Activation = Callable[[Array], Array]


def head(X: Array, sigma: Activation, c: Any, U: Array, W: Array) -> Array:
    """One head, its query the last token."""
    return c * sigma(U @ (jax.nn.softmax(X @ W @ X[-1]) @ X))


def products(sigma: Activation, X: Array, U: Array, W: Array) -> Array:
    """Inner products of the gradients at the first input and each: in c and U, and in W."""
    slopes = jax.vmap(lambda x: jax.grad(partial(head, x, sigma), (0, 1, 2))(1.0, U, W))(X)
    c, u, w = (rows.reshape(len(X), -1) for rows in slopes)
    return jnp.stack([c[0] @ c.T + u[0] @ u.T, w[0] @ w.T])


@partial(quick_jit, level=0)
def _kernels(key: Array, X: Array) -> dict[str, Array]:
    """Distances of both kernels from the products, or from wrong ones, relative to the largest."""
    drawn = [normals(k, [(DIM,), (DIM, DIM)]) for k in jax.random.split(key, HEADS)]
    U, W = map(jnp.stack, zip(*drawn, strict=True))
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    grid = jnp.asarray(np.stack(np.meshgrid(nodes, nodes), -1).reshape(-1, DIM))
    measure = jnp.asarray(np.outer(weights, weights).ravel() / weights.sum() ** 2)

    def of_erf(W: Array) -> Array:
        return jnp.tensordot(measure, jax.vmap(lambda U: products(jax.lax.erf, X, U, W))(grid), 1)

    plain = {
        "erf": jax.vmap(of_erf)(W).mean(0),
        "tanh": jax.vmap(partial(products, jnp.tanh, X))(U, W).mean(0),
    }
    found = {name: ntk(key, X[:1], X, activation=name, heads=HEADS)[0] for name in plain}

    def apart(given: dict[str, Array]) -> Array:
        far = [
            jnp.abs(found[name] - given[name]).max() / jnp.abs(found[name]).max() for name in given
        ]
        return jnp.max(jnp.stack(far))

    return {
        "right": apart({name: parts.sum(0) for name, parts in plain.items()}),
        "frozen": apart({name: parts[0] for name, parts in plain.items()}),
        "tanh": apart({"erf": plain["tanh"].sum(0)}),
    }


def kernels(_: Size, keys: Keys) -> Table:
    """Kernels of three inputs of three tokens within 0.7 each, three heads drawn."""
    random = [np.random.default_rng(key) for key in np.asarray(keys)]
    X = jnp.asarray(np.stack([rng.uniform(-0.5, 0.5, (3, 3, DIM)) for rng in random]))
    return {k: np.asarray(v) for k, v in jax.vmap(_kernels)(jnp.asarray(keys), X).items()}


drawn_heads = experiment("kernels", kernels)
kernel_claim = state(
    IdentityClaim, "tangent-kernel",
    "With drawn $W$ the tangent kernel is the product of gradients of a head: for erf the closed "
    "form is their mean over $U$ by quadrature, for tanh that of drawn $U$",
    drawn_heads["right"],
    {
        "frozen": ("the part of $W$ dropped", drawn_heads["frozen"]),
        "tanh": ("tanh for erf", drawn_heads["tanh"]),
    },
    tolerance=ROUNDING, seeds={"smoke": 16, "standard": 64, "full": 256},
)  # fmt: skip
