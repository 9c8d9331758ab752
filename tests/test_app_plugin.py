"""The pytest plugin: claims as items, a fixture, and no harm to anybody who does not ask."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, build_house
from tests.test_app_check import write_claim

TESTS = """
def test_right(judge_claim):
    import right
    assert judge_claim(right.claim).seeds > 0

def test_wrong(judge_claim):
    import wrong
    judge_claim(wrong.claim)
"""


def pytest_in(
    folder: Path, environment: dict[str, str], *args: str
) -> subprocess.CompletedProcess[str]:
    """Run pytest as a user would, with the plugin as the installed entry point loads it."""
    command = [sys.executable, "-m", "pytest", "-p", "verilimit_pytest", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *args], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_fixture_judges_claims_of_a_users_tests(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    write_claim(tmp_path / "right.py")
    write_claim(tmp_path / "wrong.py", predicted="n**-2")
    (tmp_path / "test_mine.py").write_text(TESTS)
    done = pytest_in(tmp_path, environment, "-q")
    assert "1 failed, 1 passed" in done.stdout
    assert "wrong is REFUTED" in done.stdout
    assert "Traceback" not in done.stdout


def test_claims_of_a_room_are_collected_and_judged(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    build_house(tmp_path / "house")
    room = tmp_path / "house" / "toy_limit" / "checks.py"
    room.write_text(
        room.read_text().replace(
            'claim("true", 1 / n),', 'claim("true", 1 / n), claim("f", n**-2),'
        )
    )
    where = ("--verilimit-rooms", "house", "--verilimit-room", "toy_limit")
    options = ("--verilimit", "smoke", *where, "-v")
    done = pytest_in(tmp_path, environment, *options)
    assert "collected 2 items" in done.stdout
    assert "toy-limit/true PASSED" in done.stdout
    assert "toy-limit/f FAILED" in done.stdout
    assert "toy-limit/f is REFUTED" in done.stdout
    chosen = pytest_in(tmp_path, environment, *options, "-k", "true")
    assert "1 passed, 1 deselected" in chosen.stdout


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--verilimit", "huge"], "invalid choice: 'huge'"),
        (["--verilimit", "smoke", "--verilimit-room", "no_room"], "received “no_room”"),
    ],
)
def test_bad_options_are_usage_errors(
    options: list[str], expected: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    done = pytest_in(tmp_path, environment, *options)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert expected in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_the_plugin_imports_nothing_until_a_claim_is_asked_for(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n\n\ndef test_nothing():\n"
        "    assert 'verilimit_pytest' in sys.modules\n"
        "    assert not {'theory', 'numerics', 'checks', 'jax', 'sympy'} & set(sys.modules)\n"
    )
    done = pytest_in(tmp_path, environment, "-q", "-W", "error")
    assert "1 passed" in done.stdout


def test_the_plugin_leaves_jaxtyping_free_to_instrument_our_packages(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "test_hook.py").write_text(
        "import numpy as np, pytest\nfrom jaxtyping import TypeCheckError\n\n\n"
        "def test_hook():\n    from checks.verdicts import evidence\n"
        "    with pytest.raises(TypeCheckError):\n"
        "        evidence._refuse(np.ones((2, 2), dtype=bool), np.ones(3), None, '', '')\n"
    )
    hook = "--jaxtyping-packages=checks,beartype.beartype"
    assert "1 passed" in pytest_in(tmp_path, environment, "-q", hook).stdout
    assert "1 failed" in pytest_in(tmp_path, environment, "-q").stdout  # it is the hook that did it


def test_the_entry_point_is_declared_outside_the_packages() -> None:
    assert '"verilimit_pytest"' in (ROOT / "pyproject.toml").read_text()


def test_what_is_no_claim_is_refused_in_words_and_once(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "test_mine.py").write_text("def test_it(judge_claim):\n    judge_claim(5)\n")
    done = pytest_in(tmp_path, environment, "-q", "-rN")
    assert done.stdout.count("expected a claim, received a int") == 1
    assert "Traceback" not in done.stdout
    assert "AttributeError" not in done.stdout
