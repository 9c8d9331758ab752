"""The modules and optimizers that documents probe obey what they promise, as printed."""

import re

import pytest

from tests.conftest import ROOT

pytest_plugins = ("pytester",)
TEXT = (ROOT / "docs" / "probes.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```python\n# (test_\w+)\.py\n(.*?)```", TEXT, re.DOTALL))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "laws"), [("test_module", 4), ("test_optimizer", 7)])
def test_a_documented_probe_passes(name: str, laws: int, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(**{name: BLOCKS[name]})
    done = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    done.assert_outcomes(passed=laws)
