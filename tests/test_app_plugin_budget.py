"""What one pytest session judges shares one budget of false refutation."""

from pathlib import Path

import pytest

from tests.test_app_check import write_claim
from tests.test_app_plugin import pytest_in

TESTS = """
import pytest
import right

@pytest.fixture
def mine(judge_claim):
    return judge_claim

def test_one_call(judge_claim):
    print("budget", judge_claim(right.claim).budget)

def test_three_calls(mine):
    for _ in range(3):
        print("budget", mine(right.claim).budget)

def test_of_its_own(judge_claim):
    print("own", judge_claim(right.claim, budget=0.01).budget)

def test_nothing():
    pass
"""


def test_shares_are_fixed_before_an_item_runs_and_add_up(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    write_claim(tmp_path / "right.py")
    (tmp_path / "test_mine.py").write_text(TESTS)
    done = pytest_in(
        tmp_path, environment, "-q", "-s", "--verilimit", "smoke", "--verilimit-file", "right.py"
    )
    assert "5 passed" in done.stdout, done.stdout
    # One claim as an item, three tests that judge: a quarter of 1e-3 each.
    found = [float(words) for words in _after(done.stdout, "budget")]
    assert found == pytest.approx([1.25e-4, 1.25e-4, 6.25e-5, 3.125e-5])
    assert sum(found) + 2.5e-4 < 1e-3
    assert _after(done.stdout, "own") == ["0.01"]
    alone = pytest_in(tmp_path, environment, "-q", "-s", "-k", "one_call")
    assert [float(words) for words in _after(alone.stdout, "budget")] == pytest.approx([5e-4])


def _after(output: str, word: str) -> list[str]:
    return [line.rpartition(f"{word} ")[2] for line in output.splitlines() if f"{word} " in line]
