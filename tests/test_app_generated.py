"""`check` and `report` judge only code that the theory gives."""

import json
from pathlib import Path

from checks.suite.generated import require_generated
from checks.suite.house import BUILT_IN
from tests.conftest import Run


def test_generated_code_that_the_theory_does_not_give_is_refused_before_anything_is_judged(
    verilimit: Run, tmp_path: Path
) -> None:
    assert verilimit("new", "mine", "--rooms", ".").returncode == 0
    generated = tmp_path / "mine" / "generated.py"
    generated.write_text(generated.read_text() + "\n# edited by hand\n")
    for command in (("check", "mine"), ("report", "mine")):
        done = verilimit(*command, "--rooms", ".", "-q")
        assert done.returncode == 2
        assert "to be what the theory of mine gives" in done.stderr
        assert "SUPPORTED" not in done.stdout


def test_what_agreed_is_remembered_with_all_that_it_came_from(tmp_path: Path) -> None:
    memory = tmp_path / "generated.json"
    require_generated(BUILT_IN, ["spectral_concentration"], memory)
    known = json.loads(memory.read_text())
    memory.write_text(json.dumps({name: "of another theory" for name in known}))
    require_generated(BUILT_IN, ["spectral_concentration"], memory)
    assert json.loads(memory.read_text()) == known
    memory.write_text("cut o")
    require_generated(BUILT_IN, ["spectral_concentration"], memory)
    assert json.loads(memory.read_text()) == known
