"""Programs that run for seconds: the best machine code takes longer to make than it saves."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import jax

OPTIONS = {"xla_backend_optimization_level": 1, "xla_cpu_use_fusion_emitters": False}


def quick_jit(function: Callable[..., Any], static_argnums: Any = ()) -> Callable[..., Any]:
    """``jax.jit`` that compiles about twice as fast, for code that may be somewhat slower.

    Values agree with those of ``jax.jit`` to rounding. The options are asked for when the function
    is first called, not when it is defined: that would start JAX's backend on import.
    """

    @cache
    def compiled() -> Any:
        return jax.jit(function, static_argnums=static_argnums, compiler_options=_known_options())

    @wraps(function)
    def call(*args: Any) -> Any:
        return compiled()(*args)

    return call


@cache
def _known_options() -> dict[str, Any]:
    """Those of ``OPTIONS`` that the installed XLA knows: they are no part of JAX's interface."""
    known = {}
    for name, value in OPTIONS.items():
        try:
            jax.jit(lambda x: x, compiler_options={name: value})(0.0)
        except jax.errors.JaxRuntimeError:
            continue
        known[name] = value
    return known
