"""Compiled programs are kept for later runs: whole ones, verified, and not too many."""

import zlib
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from checks.suite import private, programs, workers

WHOLE = zlib.compress(bytes(range(256)) * 40)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where programs are kept."""
    monkeypatch.setenv(private.VARIABLE, str(tmp_path / "kept"))
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    found = private.folder(f"programs-{programs.processor()}")
    assert found is not None
    return found


def _run(tmp_path: Path, name: str, content: bytes) -> None:
    folder = tmp_path / "a run"
    folder.mkdir()
    (folder / name).write_bytes(content)
    programs.give(str(folder))


def _taken(tmp_path: Path) -> dict[str, bytes]:
    folder = tmp_path / "the next"
    folder.mkdir(exist_ok=True)
    programs.take(str(folder))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_next_run_has_them(place: Path, tmp_path: Path) -> None:
    _run(tmp_path, "jit_f-1234-cache", WHOLE)
    assert _taken(tmp_path) == {"jit_f-1234-cache": WHOLE}


@pytest.mark.parametrize("content", [WHOLE[:-5], WHOLE + b"x", b"", b"no program"])
def test_half_a_file_is_not_kept(content: bytes, place: Path, tmp_path: Path) -> None:
    _run(tmp_path, "jit_f-1234-cache", content)
    assert not [*place.iterdir()]


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: bytes([b[0] ^ 1]) + b[1:]])
def test_a_damaged_one_is_not_given_to_a_run(
    damage: Callable[[bytes], bytes], place: Path, tmp_path: Path
) -> None:
    _run(tmp_path, "jit_f-1234-cache", WHOLE)
    (path,) = place.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert _taken(tmp_path) == {}
    assert not [*place.iterdir()]


def compiled(_: int) -> tuple[float, int]:
    """A number, and how many programs JAX had from its folder."""
    found: list[str] = []
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.monitoring.register_event_listener(lambda event, **_: found.append(event))
    value = float(jax.jit(lambda x: jnp.sin(x) + 3 * x)(1.25))
    return value, found.count("/jax/compilation_cache/cache_hits")


@pytest.mark.usefixtures("place")
def test_workers_of_the_next_run_compile_nothing_anew() -> None:
    results = []
    for _ in range(2):
        with workers.team(1) as submit:
            results.append(submit(compiled, 0).result())
    (first, none), (second, some) = results
    assert first == second
    assert none == 0 < some
