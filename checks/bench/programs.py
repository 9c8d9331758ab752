"""Programs that are timed: the least of many runs, taken in turns with what they stand beside."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax

Call = Callable[[], Any]
ROUNDS = 15


@dataclass(frozen=True)
class Program:
    """A function that JAX can trace, and the arguments that it is timed on."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    @cached_property
    def compiled(self) -> Any:
        """Traced and compiled for the arguments."""
        return jax.jit(self.function).lower(*self.arguments).compile()

    def __call__(self) -> Any:
        """Run it; the results may still be on their way."""
        return self.compiled(*self.arguments)

    def compiling(self) -> float:
        """Seconds of tracing and compiling, with nothing kept from an earlier time."""
        jax.clear_caches()
        start = time.perf_counter()
        jax.jit(self.function).lower(*self.arguments).compile()
        return time.perf_counter() - start

    @property
    def memory(self) -> int:
        """Bytes that the compiled program reserves beside its arguments and results."""
        return int(self.compiled.memory_analysis().temp_size_in_bytes)

    @property
    def cost(self) -> tuple[float, float]:
        """Operations in floating point and bytes moved, as the compiler counts them."""
        found = self.compiled.cost_analysis()
        found = found[0] if isinstance(found, list) else found
        return float(found.get("flops", 0.0)), float(found.get("bytes accessed", 0.0))


def least_seconds(calls: Sequence[Call], rounds: int = ROUNDS) -> list[float]:
    """The least time of each, in turns, after a first call that compiles."""
    for call in calls:
        jax.block_until_ready(call())
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, times in zip(calls, taken, strict=True):
            start = time.perf_counter()
            jax.block_until_ready(call())
            times.append(time.perf_counter() - start)
    return [min(times) for times in taken]
