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
    print("budget", judge_claim(right.claim).budget)

def test_nothing():
    pass
"""
UNCOUNTED = """
import pytest
import right

@pytest.fixture
def hidden(request):
    return request.getfixturevalue("judge_claim")

def test_in_the_test(request):
    request.getfixturevalue("judge_claim")(right.claim)

def test_in_a_fixture(hidden):
    hidden(right.claim)

@pytest.mark.usefixtures("judge_claim")
def test_counted(hidden):
    print("budget", hidden(right.claim).budget)
"""
MANY = """
import verilimit as vl

def test_many(judge_claim):
    claim = vl.IdentityClaim(id="zero", residual=lambda size, keys: [0.0] * len(keys))
    for _ in range(1100):
        print("budget", judge_claim(claim).budget)
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
    found = _budgets(done.stdout)
    assert found == pytest.approx([2.5e-4 / k for k in (2, 2, 6, 12, 2)])
    assert sum(found) + 2.5e-4 < 1e-3
    assert _after(done.stdout, "own") == ["0.01"]
    alone = pytest_in(tmp_path, environment, "-q", "-s", "-k", "one_call")
    assert _budgets(alone.stdout) == pytest.approx([5e-4])


def test_a_test_that_was_not_counted_may_not_judge(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    write_claim(tmp_path / "right.py")
    (tmp_path / "test_mine.py").write_text(UNCOUNTED)
    done = pytest_in(tmp_path, environment, "-q", "-s")
    assert "1 failed, 1 passed, 1 error" in done.stdout, done.stdout
    for name in ("in_the_test", "in_a_fixture"):
        assert f"a request for it while test_mine.py::test_{name} runs. Name it" in done.stdout
    assert _budgets(done.stdout) == pytest.approx([5e-4])


def test_the_tier_of_a_call_does_not_move_its_share(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    for name in ("one", "two", "three"):
        path = write_claim(tmp_path / f"claims_{name}.py")
        path.write_text(path.read_text().replace("margin=0.1", 'margin=0.1, seeds={"smoke": 64}'))
    write_claim(tmp_path / "right.py")
    (tmp_path / "test_mine.py").write_text(
        "import right\n\ndef test_full(judge_claim):\n"
        "    print('budget', judge_claim(right.claim, tier='full').budget)\n"
    )
    files = ("-o", "verilimit_files=claims_*.py")
    done = pytest_in(tmp_path, environment, "-q", "-s", *files)
    assert "4 passed" in done.stdout, done.stdout
    assert _budgets(done.stdout) == pytest.approx([1.25e-4])


def test_a_thousand_calls_in_one_test_stay_within_its_share(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "test_mine.py").write_text(MANY)
    done = pytest_in(tmp_path, environment, "-q", "-s")
    assert "1 passed" in done.stdout, done.stdout
    found = _budgets(done.stdout)
    assert len(found) == 1100
    assert min(found) > 0
    assert sum(found) == pytest.approx(1e-3 * 1100 / 1101)


def _budgets(output: str) -> list[float]:
    return [float(words) for words in _after(output, "budget")]


def _after(output: str, word: str) -> list[str]:
    return [line.rpartition(f"{word} ")[2] for line in output.splitlines() if f"{word} " in line]
