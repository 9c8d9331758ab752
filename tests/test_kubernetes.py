"""The manifest for Kubernetes: what it says fits together, and its commands run, on loopback."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

pytest.importorskip("distributed", reason="the extra `cluster` is optional")


MANIFEST = ROOT / "docs" / "howto" / "kubernetes.yaml"
PROJECT = '[tool.verilimit]\nclaims = ["mine.py"]\n'
FILE = """import numpy as np
import verilimit as vl

hungry = vl.Experiment("my/x", lambda point, keys: {"x": np.zeros(len(keys))}, memory=3e9)
claim = vl.IdentityClaim(id="my/zero", residual=hungry["x"], tolerance=1e-9)
"""


@pytest.fixture
def parts() -> dict[str, Any]:
    """The objects of the manifest, by kind and name."""
    objects = yaml.safe_load_all(MANIFEST.read_text())
    return {f"{one['kind']} {one['metadata']['name']}": one for one in objects}


def pod(part: Mapping[str, Any]) -> Any:
    return part["spec"]["template"]["spec"]


def command(part: Mapping[str, Any]) -> list[str]:
    (container,) = pod(part)["containers"]
    return container["command"]


def test_the_objects_fit_together(parts: dict[str, Any]) -> None:
    service = parts["Service verilimit-scheduler"]
    scheduler = parts["Deployment verilimit-scheduler"]
    workers, job = parts["Deployment verilimit-workers"], parts["Job verilimit-check"]
    for deployment in (scheduler, workers):
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert service["spec"]["selector"] == scheduler["spec"]["template"]["metadata"]["labels"]
    (port,) = service["spec"]["ports"]
    address = f"tcp://{service['metadata']['name']}:{port['port']}"
    assert str(port["port"]) in command(scheduler)
    assert address in command(workers)
    assert address in command(job)
    (volume,) = pod(job)["volumes"]
    claim = volume["persistentVolumeClaim"]["claimName"]
    assert f"PersistentVolumeClaim {claim}" in parts
    images = {c["image"] for p in (scheduler, workers, job) for c in pod(p)["containers"]}
    assert len(images) == 1  # the run refuses workers of other code


@pytest.fixture
def started(tmp_path: Path, environment: dict[str, str]) -> Iterator[Any]:
    """A function that starts a command of the manifest on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    here = {
        "tcp://verilimit-scheduler:8786": f"tcp://127.0.0.1:{port}", "8786": port,
        "0.0.0.0": "127.0.0.1",
    }  # fmt: skip
    processes = []

    def start(words: list[str]) -> subprocess.Popen[str]:
        words = [here.get(w, w).replace("/kept", str(tmp_path)) for w in words]
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=tmp_path,
                env=environment,
                text=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_its_commands_run(parts: dict[str, Any], started: Any, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "mine.py").write_text(FILE)
    for name in ("Deployment verilimit-scheduler", "Deployment verilimit-workers"):
        started(command(parts[name]))
        time.sleep(1)  # a worker waits for its scheduler
    run = started(command(parts["Job verilimit-check"]))
    _, said = run.communicate(timeout=120)
    assert run.returncode == 0, said
    assert "no Dask worker says" not in said  # they do
    assert [c["id"] for c in json.loads((tmp_path / "record.json").read_text())["claims"]] == [
        "my/zero"
    ]
    assert (tmp_path / "limits.sqlite").exists()
