"""The examples of README are what they are said to be."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run

EXAMPLES = dict(
    re.findall(r"```python\n# (\w+\.py)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["my_layer.py", "my_claims.py"])
def test_an_example_of_readme_is_supported(name: str, verilimit: Run, tmp_path: Path) -> None:
    (tmp_path / name).write_text(EXAMPLES[name])
    done = verilimit("check", name, "-q", "--jobs", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUPPORTED" in done.stdout


def test_the_layer_of_readme_has_the_limit_that_is_computed_by_hand(
    verilimit: Run, tmp_path: Path
) -> None:
    """E (W W^T) = n, so one step of V = X X^T / n has the mean gamma^2 V / n."""
    (tmp_path / "my_layer.py").write_text(EXAMPLES["my_layer.py"])
    done = verilimit("derive", "my_layer.py")
    assert done.returncode == 0, done.stderr
    assert "residual linear layer: ODE" in done.stdout
    assert "drift of V [alpha, beta] = gamma**2*V[alpha, beta]" in done.stdout
