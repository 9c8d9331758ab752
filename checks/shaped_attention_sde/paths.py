"""The claim about paths of the SDE: each step is the derived drift and noise, and paths stop."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from checks.shaped_attention_sde import wrong
from checks.shaped_attention_sde.noise import TOKENS, Drawn, drawn
from checks.shaped_attention_sde.statements import experiment, state
from checks.verdicts import IdentityClaim, dtype_tolerance
from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.generated.shaped_attention_sde import attention_drift, noise_increment
from numerics.shaped_attention_sde import DERIVED, Diffusion, Terms, limit_ensemble

STEPS, DT = 4, 2.0**-8  # so short that no step leaves the cone
_drift, _noise = (quick_jit(f, level=0) for f in (attention_drift, noise_increment))


def by_hand(key: Array, at: Drawn, stop: float) -> np.ndarray:
    """Euler and Maruyama's steps one after the other; a path beyond ``stop`` stays."""
    V = at.V
    for step in range(STEPS):
        normals = jax.random.normal(jax.random.fold_in(key, step), (2, *V.shape))
        dG, dZ = np.sqrt(DT) * np.asarray(normals)
        moved = V + np.asarray(_noise(V, at.M, at.gamma, at.tau0, at.heads, dG, dZ))
        moved += np.asarray(_drift(V, at.M, at.gamma, at.tau0)) * DT
        V = V if V.diagonal().max() >= stop else (moved + moved.T) / 2
    return V


def paths(
    _: Size,
    keys: Keys,
    *,
    terms: Terms = DERIVED,
    heads: float | None = None,
    averaging: Any = None,
    times: float = 1.0,
    stops: bool = True,
) -> Table:
    """Relative distances of what paths have moved from the steps by hand.

    A path stops at once, in a later step, or never. Planted errors: other ``terms``, ``heads``
    and ``averaging``, a horizon so many ``times`` as long, and paths that never stop.
    """
    rows = zip(jnp.asarray(keys), drawn(keys), strict=True)
    return {"residual": np.array([
        _apart(key, at, terms, heads, averaging, times, stops) for key, at in rows
    ])}  # fmt: skip


def _apart(
    key: Array, at: Drawn, terms: Terms, heads: float | None, averaging: Any, times: float,
    stops: bool,
) -> float:  # fmt: skip
    stop = at.V.diagonal().max() * np.random.default_rng(np.asarray(key)).choice([1, 1.05, 1e3])
    diffusion = Diffusion(
        times * STEPS * DT, STEPS, at.gamma, at.tau0, at.heads if heads is None else heads,
        stop if stops else np.inf,
    )  # fmt: skip
    M = jnp.asarray(at.M if averaging is None else averaging)
    found = limit_ensemble(key[None], jnp.asarray(at.V), M, diffusion, terms).V[0]
    wanted = by_hand(key, at, float(stop))
    way = max(np.abs(wanted - at.V).max(), np.sqrt(DT) * np.abs(at.V).max() / 100)
    return float(np.abs(np.asarray(found) - wanted).max() / way)


run = experiment("path", paths)
even = np.full((TOKENS, TOKENS), 1 / TOKENS)
path_claim = state(
    IdentityClaim, "path",
    "A path of the SDE is made of the derived drift times $dt$ and the derived noise of normal "
    "increments of variance $dt$, for any attention and number of heads, and stays where its "
    "largest variance has passed a bound",
    run["residual"],
    {
        "drift": (
            "six tenths of the drift", run.changed("drift", terms=wrong.WEAK_DRIFT)["residual"]
        ),
        "one-head": ("one head", run.changed("one-head", heads=1.0)["residual"]),
        "mask-ignored": (
            "full attention", run.changed("mask-ignored", averaging=even)["residual"]
        ),
        "time": ("twice the time", run.changed("time", times=2.0)["residual"]),
        "no-stop": ("paths that never stop", run.changed("no-stop", stops=False)["residual"]),
    },
    tolerance=dtype_tolerance(np.float64, condition=100.0, operations=256),
    seeds={"smoke": 32, "standard": 128, "full": 512},
)  # fmt: skip
