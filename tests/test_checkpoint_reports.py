"""Baselines beside the figures, series of checkpoints, files, and what is required of them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from checks.app.weights import probe_weights
from checks.properties.required import answer, read_required
from checks.properties.weighed import weigh
from checks.suite.house import BUILT_IN
from checks.suite.problem import InputProblem
from tests.conftest import Run
from tests.small_checkpoint import NAMES, tensors, write_checkpoint
from tests.test_checkpoint_families import by_family


def test_figures_at_the_start_are_those_of_gaussian_weights(tmp_path: Path) -> None:
    """The largest singular value is std (sqrt(m) + sqrt(n)), up to a share of order n^(-2/3)."""
    m, n, std = 256, 64, 0.02
    ones = {f"block.{k}.{name}": np.ones((n, m)) for k in range(2) for name in "qkv"}
    text = NAMES.replace("heads = 2", "heads = 1")
    for more, expected in ((f"init_std = {std}", std), ("", 1.0)):  # entries of size one
        found = weigh(*write_checkpoint(tmp_path, ones, text + more), BUILT_IN)
        edge = expected * (m**0.5 + n**0.5)
        for name in ("s1(Wq)", "s1(Wk)", "s1(Wv)"):
            assert found.start[0][name] == pytest.approx(edge, rel=n ** (-2 / 3))
        assert found.figures[0]["SEC(1)"] == pytest.approx(1.0)
        assert (found.start[0]["SEC(1)"] or 1.0) < 0.1


def test_a_series_is_written_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verilimit: Run
) -> None:
    paths = [by_family(tmp_path / f"step-{k}", "llama") for k in (100, 200)]
    out, table, plot = (tmp_path / f"a.{end}" for end in ("json", "csv", "svg"))
    assert probe_weights(paths, None, None, BUILT_IN, json=out, csv=table, plot=plot) == 0
    assert "step-200" in capsys.readouterr().out
    assert plot.read_text().startswith("<svg")
    written = json.loads(out.read_text())["checkpoints"]
    rows = list(csv.DictReader(table.read_text().splitlines()))
    heads = [head for checkpoint in written for head in checkpoint["heads"]]
    assert len(rows) == len(heads) == 2 * 2 * 4
    for row, head in zip(rows, heads, strict=True):
        assert [row["layer"], row["head"]] == [str(head["layer"]), str(head["head"])]
        for name, value in head["figures"].items():
            assert float(row[name]) == value
            assert float(row[f"{name} at start"]) == head["at_start"][name]
    done = verilimit("probe", "--checkpoint", str(paths[0]), "--require", "SEC(1) <= 0.01")
    assert done.returncode == 1, done.stderr
    assert "NOT MET: SEC(1) <= 0.01" in done.stdout


def test_checkpoints_of_two_models_are_no_series(tmp_path: Path) -> None:
    paths = [by_family(tmp_path / name, name) for name in ("llama", "qwen3")]
    with pytest.raises(InputProblem, match="a series of checkpoints of one model"):
        probe_weights(paths, None, None, BUILT_IN)


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("s1(Wq) <= 100", True), ("s1(Wq)<1e-3", False), ("s1(Wq) >= 1e-3", True),
        ("SEC(1) > 0.999", False), ("H(0.5) <= 1", True),
        ("shaped_attention_sde/gaussian-weights", True), ("noise_synchronization/forcing", False),
    ],
)  # fmt: skip
def test_what_is_required_is_met_by_every_head_or_not(tmp_path: Path, text: str, met: bool) -> None:
    found = weigh(*write_checkpoint(tmp_path, tensors()), BUILT_IN)
    assert answer(read_required(text), found).met is met


def test_the_worst_head_is_named_and_a_missing_figure_decides_nothing(tmp_path: Path) -> None:
    made = tensors()
    made["block.1.q"][3:] *= 100  # the second head of the second layer
    found = weigh(*write_checkpoint(tmp_path, made), BUILT_IN)
    assert "in layer 1, head 1" in answer(read_required("s1(Wq) <= 100"), found).words
    normed = weigh(by_family(tmp_path / "m", "qwen3"), None, BUILT_IN)
    assert answer(read_required("s1(logits) <= 1"), normed).met is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("s1(Wq)", "--require with a figure and a number"),
        ("s1(Wq) <= e", "--require with a figure and a number"),
        ("s2(Wq) <= 1", "a figure among s1"),
        ("no_room/none", "an assumption among"),
    ],
)
def test_a_requirement_that_is_none_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InputProblem) as refused:
        probe_weights([by_family(tmp_path / "m", "llama")], None, None, BUILT_IN, require=[text])
    assert reason in str(refused.value)
