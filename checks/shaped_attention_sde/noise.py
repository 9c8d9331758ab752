"""The claim about the noise of the SDE: its covariance is the derived one."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from checks.shaped_attention_sde import wrong
from checks.shaped_attention_sde.statements import experiment, state
from checks.verdicts import IdentityClaim, dtype_tolerance
from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.generated.shaped_attention_sde import (
    attention_covariance,
    attention_drift,
    mlp_covariance,
    mlp_drift,
)
from numerics.shaped_attention_sde import DERIVED, Terms
from numerics.shaped_attention_sde.whole_blocks import OF_BLOCKS, SLOPES

TOKENS = 3
SLIPS = {
    "right": (DERIVED, OF_BLOCKS, mlp_covariance),
    "loud": (wrong.LOUD_NOISE, OF_BLOCKS, mlp_covariance),
    "quiet": (wrong.QUIET_LOGITS, OF_BLOCKS, mlp_covariance),
    "outer": (DERIVED, OF_BLOCKS, wrong.outer_weights),
    "attention": (DERIVED, DERIVED, mlp_covariance),
}


def covariance(terms: Terms, V: Array, *scales: Any) -> Array:
    """What the noise has per unit time, from its derivative in the Brownian increments."""
    still = jnp.zeros((2, TOKENS, TOKENS))
    by = jax.jacfwd(lambda dW: terms.noise(V, *scales, dW[0], dW[1]))(still)
    return jnp.tensordot(by, by, ((2, 3, 4), (2, 3, 4)))


@partial(quick_jit, level=0)
@jax.vmap
def _apart(V: Array, M: Array, gamma: Array, tau0: Array, heads: Array) -> dict[str, Array]:
    attention = attention_covariance(V, M, gamma, tau0, heads)
    drift = attention_drift(V, M, gamma, tau0) + mlp_drift(V, *SLOPES, gamma)

    def worst(alone: Terms, block: Terms, mlp: Any) -> Array:
        both = attention + mlp(V, gamma)
        pairs = (
            (covariance(alone, V, M, gamma, tau0, heads), attention),
            (covariance(block, V, M, gamma, tau0, heads), both),
            (block.drift(V, M, gamma, tau0), drift),
        )
        return jnp.max(jnp.stack([jnp.abs(a - b).max() / jnp.abs(b).max() for a, b in pairs]))

    return {name: worst(*how) for name, how in SLIPS.items()}


class Drawn(NamedTuple):
    """Attention of any weights behind a causal mask or not, and a Gram matrix; or one a row."""

    V: Any
    M: Any
    gamma: Any
    tau0: Any
    heads: Any


def drawn(keys: Keys) -> list[Drawn]:
    """One a key: three tokens, 1 to 8 heads."""
    return [_drawn(np.random.default_rng(key)) for key in np.asarray(keys)]


def _drawn(random: np.random.Generator) -> Drawn:
    X = random.standard_normal((TOKENS, 2 * TOKENS))
    raw = random.uniform(0.2, 1.0, (TOKENS, TOKENS))
    raw = np.tril(raw) if random.integers(2) else raw
    gamma, tau0, heads = random.uniform([0.3, 0.3, 1.0], [1.0, 2.0, 8.0])
    M = raw / raw.sum(1, keepdims=True)
    return Drawn(X @ X.T / (2 * TOKENS), M, gamma, tau0, np.floor(heads))


def noises(_: Size, keys: Keys) -> Table:
    """Relative distances of covariances and drifts of the SDE from those that are derived."""
    stacked = Drawn(*map(np.stack, zip(*drawn(keys), strict=True)))
    return {k: np.asarray(v) for k, v in _apart(*stacked).items()}


run = experiment("noise", noises)
noise_claim = state(
    IdentityClaim, "noise",
    r"The noise that moves the SDE, linear in Brownian increments, has the covariance $\Sigma$ for "
    "any attention and heads; with a block's MLP its covariance and drift are the sums of both",
    run["right"],
    {
        "loud": ("the noise times 1.1", run["loud"]),
        "quiet": ("the noise of the values alone", run["quiet"]),
        "outer": ("the outer weights of the MLP alone", run["outer"]),
        "attention": ("the SDE of attention for that of blocks", run["attention"]),
    },
    tolerance=dtype_tolerance(np.float64, operations=256),
    seeds={"smoke": 64, "standard": 256, "full": 1024},
)  # fmt: skip
