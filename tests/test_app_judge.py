"""`verilimit judge`: a table of recorded errors on the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Ended

Here = Callable[..., Ended]


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Runs of two methods, and a convergence table without noise."""
    rng = np.random.default_rng(3)
    lines = ["n,err,run,method"]
    for name, factor in (("ours", 0.5), ("theirs", 1.0)):
        for n in (4, 8, 16, 32, 64, 128):
            lines += [
                f"{n},{factor / n * np.exp(0.3 * rng.standard_normal())},{k},{name}"
                for k in range(200)
            ]
    (tmp_path / "both.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "runs.csv").write_text("\n".join(lines[:1201]) + "\n")
    steps = [0.1 / 2**k for k in range(5)]
    (tmp_path / "steps.csv").write_text("h,e\n" + "".join(f"{h},{h**2 * (1 + h)}\n" for h in steps))
    return tmp_path


def test_a_table_is_judged_with_its_figures_and_a_plot(toy_here: Here, tables: Path) -> None:
    done = toy_here(
        "judge", "runs.csv", "--sizes", "n", "--error", "err", "--seed", "run",
        "--predicted", "n^-1", "--json", "o.json", "--plot", "o.svg",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUPPORTED" in done.stdout
    assert "of the claimed -1" in done.stdout
    figures = json.loads((tables / "o.json").read_text())
    assert figures["claim"]["verdict"] == "SUPPORTED"
    assert figures["estimate"]["forms"]
    assert (tables / "o.svg").read_text().startswith("<svg")


def test_the_status_is_that_of_the_verdict(toy_here: Here, tables: Path) -> None:
    given = ("judge", "steps.csv", "--sizes", "h", "--error", "e", "--predicted")
    assert toy_here(*given, "h^2").returncode == 0
    wrong = toy_here(*given, "h^3")
    assert wrong.returncode == 1
    assert "exponent of 1/h -2" in wrong.stdout
    assert "no probability is stated" in wrong.stdout


def test_a_claim_that_is_blocked_still_draws_the_table(toy_here: Here, tables: Path) -> None:
    done = toy_here(
        "judge", "runs.csv", "--sizes", "n", "--error", "err", "--predicted", "1/n",
        "--resolution", "1e9", "--plot", "q.svg",
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "INCONCLUSIVE" in done.stdout
    assert (tables / "q.svg").read_text().startswith("<svg")


def test_nothing_claimed_is_an_estimate(toy_here: Here, tables: Path) -> None:
    done = toy_here("judge", "runs.csv", "--sizes", "n", "--error", "err")
    assert done.returncode == 0
    assert "exponent of n: " in done.stdout
    assert "an estimate is no verdict" in done.stdout


def test_two_methods_are_compared(toy_here: Here, tables: Path) -> None:
    done = toy_here("judge", "both.csv", "--sizes", "n", "--error", "err", "--method", "method")
    assert done.returncode == 0, done.stderr
    assert "ours has the smaller error" in done.stdout
    assert "not read: run\n" in done.stdout  # the column of methods was


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--sizes", "m", "--error", "err"), "a column “m”"),
        (("--sizes", "n", "--error", "er"), "did you mean err?"),
        (("--sizes", "n", "--error", "method"), "'ours' in row 1"),
        (("--sizes", "n", "--error", "err", "--predicted", "n^1e9"), "a sum of monomials"),
        (("--sizes", "n", "--error", "err", "--next-order", "0"), "next_order above 0"),
        (("--sizes", "n", "--error", "err", "--predicted", "2/n"), "a sum of monomials"),
        (("--sizes", "n", "--error", "err", "--predicted", "1/m"), "which the sizes ['n']"),
        (("--sizes", "n", "--error", "err", "--kind", "roughly"), "roughly"),
        (("--sizes", "n", "--error", "err", "--statistic", "mode"), "'mode'"),
        (("--sizes", "n", "--error", "err", "--plot", "o.png"), ".svg"),
        (("--sizes", "n", "--error", "err", "--resolution", "-1"), "resolution of at least 0"),
        (("--sizes", "n", "--error", "err", "--resolution", "nan"), "resolution of at least 0"),
        (("--sizes", "n", "--error", "err", "--json", "no/o.json"), "does not exist"),
        (("--sizes", "n", "--error", "err", "--count", "run"), "count with standard_error"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    toy_here: Here, tables: Path, options: tuple[str, ...], words: str
) -> None:
    more = () if "--predicted" in options else ("--predicted", "1/n")
    done = toy_here("judge", "runs.csv", *options, *more)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.startswith("verilimit: expected")
    assert done.stderr.count("\n") == 1
