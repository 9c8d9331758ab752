"""What `check` prints, writes and returns, on claims whose truth is known."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from xml.etree.ElementTree import fromstring

import jsonschema
import pytest
import sympy as sp

from checks.suite.house import House, part_of_room
from checks.suite.roots import Root
from tests.conftest import Ended
from theory.language import Derivation, Step, Theorem

Here = Callable[..., Ended]
# What a theorist writes, imports included; the issue allows 20 lines.
USERS_CLAIM = """
import numpy as np
import sympy as sp
from verilimit import RateClaim

n = sp.Symbol("n", positive=True)


def error(size, keys):
    n = size["n"]
    return np.array([np.random.default_rng([*key, n]).lognormal(0, SPREAD) / n for key in keys])


claim = RateClaim(id="NAME", statement="It falls like PREDICTED.", predicted=PREDICTED,
                  sizes={"n": [8, 16, 32, 64, 128, 256]}, kind="exact", margin=0.1, error=error)
"""


def write_claim(path: Path, *, predicted: str = "1 / n", spread: float = 0.3) -> Path:
    text = USERS_CLAIM.replace("PREDICTED", predicted).replace("SPREAD", str(spread))
    path.write_text(text.replace("NAME", path.stem))
    return path


@pytest.fixture
def claims_of_three_kinds(tmp_path: Path) -> dict[str, str]:
    made = {
        "SUPPORTED": write_claim(tmp_path / "right.py"),
        "REFUTED": write_claim(tmp_path / "wrong.py", predicted="n**-2"),
        "INCONCLUSIVE": write_claim(tmp_path / "noisy.py", spread=3.0),
    }
    return {verdict: path.name for verdict, path in made.items()}


def test_a_users_claim_takes_at_most_twenty_lines() -> None:
    assert len(USERS_CLAIM.strip().splitlines()) <= 20


def test_the_exit_status_is_that_of_the_worst_verdict(
    claims_of_three_kinds: dict[str, str], toy_here: Here
) -> None:
    right, wrong, noisy = claims_of_three_kinds.values()
    statuses = {
        (right,): 0, (wrong,): 1, (noisy,): 3, (right, noisy): 3, (right, wrong, noisy): 1,
    }  # fmt: skip
    for names, status in statuses.items():
        done = toy_here("check", *names, "-q")
        assert done.returncode == status, (names, done.stdout)
        assert not done.stderr


def test_table_json_and_junit_agree(
    claims_of_three_kinds: dict[str, str], toy_here: Here, tmp_path: Path
) -> None:
    outputs = ("--json", "r.json", "--junit", "r.xml")
    done = toy_here("check", *claims_of_three_kinds.values(), *outputs)
    record = json.loads((tmp_path / "r.json").read_text())
    schema = json.loads((files("checks.verdicts") / "schema.json").read_text())
    jsonschema.validate(record, schema)
    verdicts = [claim["verdict"] for claim in record["claims"]]
    assert verdicts == list(claims_of_three_kinds)
    assert record["dtype"] == "float64"
    assert record["versions"]["numpy"]
    suite = fromstring((tmp_path / "r.xml").read_text())
    assert [suite.get(k) for k in ("tests", "failures", "errors")] == ["3", "1", "1"]
    kinds = [[child.tag for child in case] for case in suite]
    assert kinds == [[], ["failure"], ["error"]]
    for claim, verdict in zip(("right", "wrong", "noisy"), verdicts, strict=True):
        row = next(line for line in done.stdout.splitlines() if claim in line and "│" in line)
        assert verdict in row
    assert "because" in done.stdout.split("wrong: REFUTED")[1]
    assert "2/3 noisy: INCONCLUSIVE" in done.stderr or "3/3 noisy" in done.stderr


def test_the_schema_refuses_a_record_without_verdict(toy_here: Here, tmp_path: Path) -> None:
    toy_here("check", "toy_limit", "--json", "r.json")
    record = json.loads((tmp_path / "r.json").read_text())
    schema = json.loads((files("checks.verdicts") / "schema.json").read_text())
    jsonschema.validate(record, schema)
    del record["claims"][0]["verdict"]
    with pytest.raises(jsonschema.ValidationError, match="verdict"):
        jsonschema.validate(record, schema)


def test_list_shows_rooms_claims_and_sources(toy_here: Here) -> None:
    done = toy_here("list")
    assert done.returncode == 0
    assert "toy_limit: A toy limit" in done.stdout
    assert "toy-limit/true (reconstructed)" in done.stdout


def test_derive_prints_every_step_with_its_status(toy_here: Here) -> None:
    done = toy_here("derive", "toy_limit")
    assert done.returncode == 0, done.stderr
    assert "1. PROVED expand" in done.stdout
    assert "(x + 1)² = x² + 2 x + 1" in done.stdout
    assert r"\left(x + 1\right)^{2} =" in toy_here("derive", "toy_limit", "--latex").stdout


def toy_theorem(house: Path) -> tuple[Theorem, sp.Symbol]:
    module = part_of_room("toy_limit", "theory", House((Root(str(house)),), built_in=False))
    return module.theorem, module.x


def test_a_failed_step_is_exit_status_one(
    toy_here: Here, toy_house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theorem, x = toy_theorem(toy_house)
    wrong = Derivation((Step("slip", (x + 1) ** 2, x**2 + 1, "a slip"),))
    monkeypatch.setitem(theorem.__dict__, "derivation", wrong)
    done = toy_here("derive", "toy_limit")
    assert done.returncode == 1
    assert "FAILED slip" in done.stdout


def test_an_undecided_step_is_exit_status_three_here_and_in_the_report(
    toy_here: Here, toy_house: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theorem, x = toy_theorem(toy_house)
    unknown = Derivation((Step("mass at zero", sp.DiracDelta(x), sp.S.Zero, "not known"),))
    monkeypatch.setitem(theorem.__dict__, "derivation", unknown)
    done = toy_here("derive", "toy_limit")
    assert done.returncode == 3
    assert "UNDECIDED mass at zero" in done.stdout
    assert toy_here("report", "--latex", "tex").returncode == 3
    assert "<b class=UNDECIDED>" in (tmp_path / "report.html").read_text()
    assert "{UNDECIDED}" in next((tmp_path / "tex").glob("*.tex")).read_text()


def test_help_version_and_near_misses(toy_here: Here) -> None:
    assert toy_here("--version").stdout.startswith("verilimit ")
    assert "Measure finite networks" in toy_here("check", "-h").stdout
    assert "did you mean toy_limit" in toy_here("check", "toy_limt").stderr
    assert "did you mean toy-limit/true" in toy_here("check", "toy-limit/tru").stderr
    assert toy_here("check", "toy-limit/zz*").returncode == 2


def test_a_pattern_names_all_claims_that_match(toy_here: Here, tmp_path: Path) -> None:
    toy_here("check", "toy-limit/t*", "--json", "r.json", "-q")
    record = json.loads((tmp_path / "r.json").read_text())
    ids = [claim["id"] for claim in record["claims"]]
    assert ids
    assert all(name.startswith("toy-limit/t") for name in ids)


def test_until_decided_goes_on_beyond_the_cap(toy_here: Here, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import numpy as np, sympy as sp, verilimit as vl\n"
        "def error(size, keys):\n"
        "    noise = [np.random.default_rng([*k, size['n']]).lognormal(0, 1.5) for k in keys]\n"
        "    return np.array(noise) / size['n']\n"
        "n = sp.Symbol('n', positive=True)\n"
        "claim = vl.RateClaim(id='my/noisy', sizes={'n': [8, 16, 32, 64, 128]}, predicted=1 / n,\n"
        "    kind='exact', margin=0.2, seeds=16, cap=32, next_order=1, error=error)\n"
    )
    short = toy_here("check", "mine.py", "-q")
    assert short.returncode == 3
    long = toy_here("check", "mine.py", "-q", "--until-decided", "--max-seeds", "16384")
    assert long.returncode == 0, long.stdout


def test_a_plan_lists_what_a_run_simulates_and_runs_nothing(toy_here: Here, tmp_path: Path) -> None:
    target = ["check", "toy-limit/true", "--store", "s.sqlite", "-q"]
    before = toy_here(*target, "--plan")
    assert before.returncode == 0
    assert "unknown, cost" in before.stdout
    assert toy_here(*target).returncode == 0
    after = toy_here(*target, "--plan").stdout
    assert "; 0 s of computing are expected" in after
    assert "unknown" not in after
    other_seed = toy_here(*target, "--plan", "--seed", "1").stdout
    assert "unknown" not in other_seed  # as long as those of the first seed
    assert "from sizes" not in other_seed
