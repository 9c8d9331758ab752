"""Blocks of seeds are handed to all devices of a process, and their numbers are those of one."""

import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from checks.suite.devices import alike, devices, over_devices
from checks.suite.executors import inline
from checks.suite.house import House
from checks.suite.roots import Root
from checks.suite.targets import select
from checks.verdicts import Task, experiments
from checks.verdicts.tasks import seed_keys
from numerics import double

LAYERS, WIDTH = 200, 16
EIGHT = """import pickle, sys
from tests import test_devices as t
with open(sys.argv[1], "wb") as file:
    pickle.dump((t.devices(), t.used(), t.ends()), file)
"""


def network(key: jax.Array) -> jax.Array:
    """The end of a chaotic path: what two inputs differ by grows tenfold every few layers."""

    def layer(x: jax.Array, key: jax.Array) -> tuple[jax.Array, None]:
        return jnp.tanh(jax.random.normal(key, (WIDTH, WIDTH)) @ x), None

    return jax.lax.scan(layer, jnp.ones(WIDTH), jax.random.split(key, LAYERS))[0]


networks = jax.jit(jax.vmap(network))


def ends() -> list[np.ndarray]:
    """Eight blocks of eight seeds."""

    def block(keys: np.ndarray) -> np.ndarray:
        with double():
            return np.asarray(networks(keys))

    blocks = [seed_keys("path", 0, 8 * k, 8) for k in range(8)]
    return [found for _, found in sorted(over_devices(block, blocks), key=lambda pair: pair[0])]


def used() -> set[int]:
    """The devices on which items are computed that wait for each other."""
    meet = threading.Barrier(len(alike()), timeout=60)

    def where(item: int) -> int:
        meet.wait()
        (device,) = jnp.asarray(item).devices()
        return device.id

    return {device for _, device in over_devices(where, range(len(alike())))}


def test_eight_devices_give_the_bits_of_one(tmp_path: Path) -> None:
    eight = "--xla_force_host_platform_device_count=8"
    environment = {**os.environ, "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {eight}".strip()}
    path = tmp_path / "eight"
    subprocess.run([sys.executable, "-c", EIGHT, str(path)], env=environment, check=True)
    names, places, there = pickle.loads(path.read_bytes())
    assert (devices(), names) == ("1 cpu", "8 cpu")
    assert (used(), places) == ({0}, set(range(8)))
    here = ends()
    assert all(np.array_equal(one, other) for one, other in zip(here, there, strict=True))
    assert not np.array_equal(here[0], here[1])


def test_a_path_of_the_test_shows_the_last_bit_of_its_start() -> None:
    with double():
        keys = seed_keys("path", 0, 0, 1)
        weights = jax.random.normal(jnp.asarray(keys[0]), (LAYERS, WIDTH, WIDTH))

        def end(x: np.ndarray) -> jax.Array:
            return jax.lax.scan(lambda x, w: (jnp.tanh(w @ x), None), jnp.asarray(x), weights)[0]

        start = np.ones(WIDTH)
        assert np.abs(end(start) - end(start * (1 + np.finfo(float).eps))).max() > 1e-3


def test_blocks_of_a_room_run_side_by_side(
    toy_house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (located,) = select(["toy_limit"], House((Root(str(toy_house)),), built_in=False))
    (name,) = experiments((located.claim,))
    tasks = [Task(name, (("n", 8),), 4 * k, 4, 0) for k in range(6)]
    one = dict(inline(located, tasks))
    monkeypatch.setattr("checks.suite.devices.alike", lambda: jax.local_devices() * 3)
    threads = set()
    usual = jax.default_device
    monkeypatch.setattr(
        "jax.default_device",
        lambda device: (threads.add(threading.get_ident()), usual(device))[1],
    )
    three = dict(inline(located, tasks))
    assert threads
    assert threading.get_ident() not in threads
    assert all((one[i].table["value"] == three[i].table["value"]).all() for i in range(len(tasks)))


def test_the_first_error_of_a_device_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.suite.devices.alike", lambda: jax.local_devices() * 2)
    begun: list[int] = []

    def fails(item: int) -> int:
        begun.append(item)
        time.sleep(0.01)
        if item == 1:
            raise ValueError("item 1")
        return item

    with pytest.raises(ValueError, match="item 1"):
        list(over_devices(fails, range(1000)))
    assert len(begun) < 1000
    assert dict(over_devices(lambda item: -item, range(50))) == {i: -i for i in range(50)}
