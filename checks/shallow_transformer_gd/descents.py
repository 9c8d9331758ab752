"""The claim about what a certified run records, against descent on a network written out."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array

from checks.shallow_transformer_gd.kernels import head
from checks.shallow_transformer_gd.statements import ROUNDING, experiment, state
from checks.verdicts import IdentityClaim
from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.shallow_transformer_gd import Data, Heads, certified_gd

HEADS, SAMPLES, DIM, STEPS, RATE = 4, 5, 2, 3, 0.3
SLIPS = {"right": (0.5, 4.0), "no-root": (1.0, 4.0), "half": (0.5, 2.0)}


def written_out(
    start: Heads, star: Heads, X: Array, y: Array, power: float, weight: float
) -> tuple[Array, ...]:
    """Losses, defects, |grad L|^2 over ``weight`` L, and the end; heads weigh m^-power."""
    p, back = ravel_pytree(start)
    goal, _ = ravel_pytree(star)

    def f(p: Array) -> Array:
        one = jax.vmap(lambda x, q: head(x, jnp.tanh, *q), (None, 0))
        return jax.vmap(lambda x: one(x, back(p)).sum())(X) / HEADS**power

    seen = []
    for _ in range(STEPS):
        J, r = jax.jacrev(f)(p), f(p) - y
        gradient, loss = 2 * J.T @ r / SAMPLES, (r**2).mean()
        defect = ((J @ (p - goal) - r) ** 2).mean()
        seen.append(jnp.stack([loss, defect, gradient @ gradient / (weight * loss)]))
        p = p - RATE * gradient
    return (*jnp.stack(seen, axis=1), p)


@partial(quick_jit, level=0)
@jax.vmap
def _descents(weights: tuple[Array, ...], X: Array, y: Array) -> dict[str, Array]:
    start, star = Heads(*weights[:3]), Heads(*weights[3:])
    run = certified_gd(start, star, Data(X, y), steps=STEPS, step_size=RATE, radii=(jnp.inf,) * 3)
    found = run.losses, run.defects, run.selfbounds, ravel_pytree(run.params)[0]

    def apart(*slip: float) -> Array:
        plain = written_out(start, star, X, y, *slip)
        far = [jnp.abs(a - b).max() / jnp.abs(b).max() for a, b in zip(found, plain, strict=True)]
        return jnp.max(jnp.stack(far))

    return {name: apart(*slip) for name, slip in SLIPS.items()}


def descents(_: Size, keys: Keys) -> Table:
    """Relative distances of three steps without projection from those written out."""
    random = [np.random.default_rng(key) for key in np.asarray(keys)]
    heads: Any = [(HEADS,), (HEADS, DIM), (HEADS, DIM, DIM)]
    shapes = (*heads, *heads, (SAMPLES, 3, DIM), (SAMPLES,))
    *weights, X, y = (
        jnp.asarray(np.stack([rng.standard_normal(shape) for rng in random])) for shape in shapes
    )
    return {k: np.asarray(v) for k, v in _descents(tuple(weights), X, y).items()}


runs = experiment("descents", descents)
descent_claim = state(
    IdentityClaim, "certified-run",
    r"A certified run is gradient descent, and records losses $L$, defects and $|\nabla L|^2 / "
    "(4 L)$: three steps are those of a network written out and its Jacobian",
    runs["right"],
    {
        "no-root": (r"heads weigh $1/m$", runs["no-root"]),
        "half": (r"$|\nabla L|^2 / (2 L)$", runs["half"]),
    },
    tolerance=ROUNDING, seeds={"smoke": 16, "standard": 64, "full": 256},
)  # fmt: skip
