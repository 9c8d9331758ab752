"""What a block costs: seconds, those of tracing and compiling among them, and peak memory."""

import hashlib
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

import jax

try:
    import resource
except ImportError:  # Windows has none
    resource = None

# JAX says how long each of these took; what one function traces within another counts twice.
TRACING = ("/jax/core/compile/jaxpr_trace_duration",)
COMPILING = (
    "/jax/core/compile/jaxpr_to_mlir_module_duration",
    "/jax/core/compile/backend_compile_duration",
    "/jax/compilation_cache/cache_retrieval_time_sec",
)
LONGEST = 200  # characters of a folder's name, which may have 255
_here = threading.local()


@dataclass
class Cost:
    """Seconds in all, of tracing, of compiling; ``memory``: bytes, the peak of its process so far.

    ``memory`` is 0 where the system does not tell. ``process`` is the one that computed.
    """

    seconds: float = 0.0
    tracing: float = 0.0
    compiling: float = 0.0
    memory: int = 0
    process: int = field(default_factory=os.getpid)


@contextmanager
def metered() -> Iterator[Cost]:
    """The cost of what is computed within, complete when it ends."""
    _listen()
    cost = _here.cost = Cost()
    start = time.perf_counter()
    try:
        yield cost
    finally:
        _here.cost = None
        cost.seconds = time.perf_counter() - start
        cost.compiling = min(cost.compiling, cost.seconds)
        cost.tracing = min(cost.tracing, cost.seconds - cost.compiling)
        if resource is not None:
            unit = 1 if sys.platform == "darwin" else 1024
            cost.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@contextmanager
def profiled(folder: str | None, block: str) -> Iterator[None]:
    """Write JAX's own trace of what is computed within, below a ``folder`` if there is one.

    Perfetto and XProf show it. Blocks whose names differ in signs alone have folders of their own.
    """
    if folder is None:
        yield
        return
    name = re.sub(r"[^\w.]+", "-", block, flags=re.ASCII).strip("-")[:LONGEST]
    unlike = hashlib.sha256(block.encode(errors="surrogateescape")).hexdigest()[:8]
    with jax.profiler.trace(os.path.join(folder, f"{name}-{unlike}")):
        yield


@cache
def _listen() -> None:
    jax.monitoring.register_event_duration_secs_listener(_heard)


def _heard(event: str, duration_secs: float, **kwargs: str | int) -> None:
    cost = getattr(_here, "cost", None)
    if cost is not None and event in TRACING:
        cost.tracing += duration_secs
    elif cost is not None and event in COMPILING:
        cost.compiling += duration_secs
