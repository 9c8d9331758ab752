"""Blocks of seeds over all devices of a process: each computes whole ones.

No block is divided: a program that XLA partitions (`jax.sharding`) is another program, and rounds
otherwise. Here every device runs the very program that a single one would.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue
from typing import Any, TypeVar

import jax

FORCED = "--xla_force_host_platform_device_count"  # in XLA_FLAGS: several devices of one CPU
Item = TypeVar("Item")
Found = TypeVar("Found")


def alike() -> list[Any]:
    """This process's devices of the kind of the first one; others would round otherwise."""
    found = jax.local_devices()
    return [device for device in found if device.device_kind == found[0].device_kind]


def kind() -> str:
    """What the devices are called by their maker."""
    return alike()[0].device_kind


def devices() -> str:
    """How many devices a run has, and of which kind, e.g. ``8 cpu``."""
    return f"{len(alike())} {kind()}"


def over_devices(
    function: Callable[[Item], Found], items: Sequence[Item]
) -> Iterator[tuple[int, Found]]:
    """``function(item)`` with the item's position, as they are found; a device has one at a time.

    With one device, or one item, all is done in this thread. The first error ends it.
    """
    found = alike()[: len(items)]
    if len(found) < 2:
        yield from ((i, function(item)) for i, item in enumerate(items))
        return
    idle: SimpleQueue[Any] = SimpleQueue()
    for device in found:
        idle.put(device)

    def one(item: Item) -> Found:
        device = idle.get()
        try:
            with jax.default_device(device):
                return function(item)
        finally:
            idle.put(device)

    threads = ThreadPoolExecutor(len(found))
    try:
        positions = {threads.submit(one, item): i for i, item in enumerate(items)}
        for future in as_completed(positions):
            yield positions[future], future.result()
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
