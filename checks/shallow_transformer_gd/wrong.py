"""Wrong networks and bounds: what the claims about a shallow transformer must refute."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from numerics.engine.measuring import Keys, Size, Table
from numerics.generated.shallow_transformer_gd import attention_head
from numerics.shallow_transformer_gd.fresh_heads import linearised
from numerics.shallow_transformer_gd.ladders import Ladder, Pairing


# Networks
def one_by_one(networks: Ladder) -> Pairing:
    """Heads that are drawn independently, not in pairs."""
    return Pairing(jnp.asarray(networks.place), jnp.ones(len(networks.place)))


def no_root(networks: Ladder) -> Float[Array, " total"]:
    """Radii of one for 1/sqrt(m)."""
    return jnp.ones(len(networks.place))


# Heads
def exponential_sum(X: Array, W: Array, q: Array) -> Array:
    """Weights that are not normalised."""
    return jnp.exp(X @ (W @ q)) @ X


def exponential_shares(X: Array, W: Array, q: Array, share: Array) -> Array:
    """The same for repeated tokens, each of which counts for a share of one."""
    return attention_head(X, W, q) * jnp.exp(X @ (W @ q)).sum() * share


# Measures
def unprojected(point: Size, keys: Keys) -> Table:
    """Errors where radii do not shrink with m, beside the bound where they do."""
    free = linearised(point, keys, place="coherent", radius=no_root)
    kept = linearised(point, keys, place="coherent")
    return {name: (kept if name.startswith("bound") else free)[name] for name in free}
