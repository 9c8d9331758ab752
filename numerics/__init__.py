"""What networks do: finite networks and their limits, in JAX only, in double precision."""

import jax

jax.config.update("jax_enable_x64", True)
