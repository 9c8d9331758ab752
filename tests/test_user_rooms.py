"""Rooms of one's own: found from their roots, treated as the built-in ones, and kept apart."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.app.main import run
from checks.suite import sources
from checks.suite.house import House
from checks.suite.problem import InputProblem, RoomProblem
from checks.suite.roots import Root, named_roots
from tests.conftest import TOY, Ended, build_house

Command = Callable[..., Ended]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The command line, in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def run_here(*args: str, of: House | None = None) -> Ended:
        monkeypatch.setattr("sys.argv", ["verilimit", *args])
        with pytest.raises(SystemExit) as ended:
            run(of)
        output = capsys.readouterr()
        return Ended(int(ended.value.code or 0), output.out, output.err)

    return run_here


def only(folder: Path) -> House:
    return House((Root(str(folder)),), built_in=False)


def test_a_new_room_is_complete_and_passes(command: Command, tmp_path: Path) -> None:
    made = command("new", "wide", "--rooms", "mine")
    assert made.returncode == 0, made.stderr
    where = ("wide", "--rooms", "mine")
    files = {path.name for path in (tmp_path / "mine" / "wide").iterdir() if path.is_file()}
    assert files >= {"theory.py", "numerics.py", "generated.py", "checks.py", "probes.py"}
    for args in (
        ("derive", *where),
        ("generate", "--check", *where),
        ("check", *where, "--jobs", "1", "-q"),
        ("probe", *where),
        ("report", *where, "--jobs", "1", "-q"),
        ("calibrate", "wide/constant", *where[1:], "--jobs", "1", "-q", "--replicates", "1"),
    ):
        done = command(*args)
        assert done.returncode == 0, (args, done.stdout, done.stderr)
    assert "A wide random layer keeps norms" in (tmp_path / "report.html").read_text()


def test_the_example_uses_the_public_face_only() -> None:
    from tests.conftest import ROOT

    for file in ("theory", "numerics", "checks", "probes"):
        text = (ROOT / "checks" / "example" / f"{file}.py").read_text()
        assert not any(f"from {package}" in text for package in ("checks", "theory", "numerics"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("two-words", "letters, digits and underscores"),
        ("_hidden", "letters, digits and underscores"),
        ("mean_field_flow", "which is there"),
        ("taken", "which is there"),
    ],
)
def test_a_name_that_a_new_room_cannot_have_is_refused(
    name: str, expected: str, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "taken").mkdir()
    done = command("new", name)
    assert done.returncode == 2
    assert expected in done.stderr


def test_roots_are_named_by_options_a_project_and_installed_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("option", "project", "dist/their_rooms"):
        build_house(tmp_path / name, name.split("/")[0] + "_toy")
    (tmp_path / "pyproject.toml").write_text('[tool.verilimit]\nrooms = ["project"]\n')
    (tmp_path / "dist" / "their_rooms" / "__init__.py").touch()
    info = tmp_path / "dist" / "their-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[verilimit.rooms]\ntheir = their_rooms\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    monkeypatch.syspath_prepend(str(tmp_path / "dist"))
    house = House(named_roots([tmp_path / "option", tmp_path / "option"]))
    assert {"option_toy", "project_toy", "dist_toy", "mean_field_flow"} <= set(house.names())
    assert house.theorem("dist_toy").title == "A toy limit"
    assert len(house.roots) == 3
    (info / "entry_points.txt").write_text("[verilimit.rooms]\ntheir = absent_rooms\n")
    with pytest.raises(InputProblem, match="their = absent_rooms"):
        named_roots()


def test_the_code_of_an_installed_package_with_rooms_belongs_to_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LIBRARIES", (*sources.LIBRARIES, f"{tmp_path}/"))
    build_house(tmp_path / "installed_toy" / "rooms")
    (tmp_path / "installed_toy" / "__init__.py").write_text("")
    (tmp_path / "installed_toy" / "helper.py").write_text("SHIFT = 1\n")
    (tmp_path / "other_library.py").write_text("SHIFT = 1\n")
    file = tmp_path / "installed_toy" / "rooms" / "toy_limit" / "checks.py"
    file.write_text(f"import other_library\nfrom installed_toy import helper\n{file.read_text()}")
    info = tmp_path / "toy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[verilimit.rooms]\ntoy = installed_toy.rooms\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    house = House(named_roots(), built_in=False)
    house.room("toy_limit")
    address = house.address("toy_limit")
    proof = sources.proof(address.run)
    assert {"module installed_toy.helper", f"module {address.module('checks')}"} <= set(proof)
    assert "module other_library" not in proof


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[tool.verilimit", "to be a TOML file"),
        ('[tool.verilimit]\nrooms = "mine"\n', "received 'mine'"),
        ('[tool.verilimit]\nrooms = ["absent"]\n', "absent, which is no folder"),
    ],
)
def test_a_project_file_that_names_no_rooms_rightly_is_bad_input(
    text: str, expected: str, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    done = command("derive", "toy_limit")
    assert done.returncode == 2
    assert expected in done.stderr
    assert str(tmp_path / "pyproject.toml") in done.stderr


def test_two_rooms_of_one_name_are_named_with_both_places(command: Command, tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_house(tmp_path / name)
    done = command("derive", "toy_limit", "--rooms", "one", "--rooms", "two")
    assert done.returncode == 2
    for name in ("one", "two"):
        assert str(tmp_path / name / "toy_limit") in done.stderr
    build_house(tmp_path / "three", "mean_field_flow")
    assert "verilimit itself" in command("list", "--rooms", "three").stderr


@pytest.mark.parametrize(
    ("part", "text", "reason"),
    [
        ("theory", "x = 1\ny = x / 0\n", "ZeroDivisionError: division by zero, in {}, line 2"),
        ("checks", "x = 1\n\ndef f(:\n", "SyntaxError: invalid syntax"),
        ("numerics", "import no_such_module\n", "No module named 'no_such_module', in {}, line 1"),
        ("theory", TOY["theory"].replace("theorem = ", "other = "), "“theorem” in {}"),
        ("checks", TOY["checks"].replace("claims = (", "claims = (1, "), "received 1"),
        ("checks", None, "the file {}"),
    ],
)
def test_a_room_that_does_not_load_is_named_and_the_others_go_on(
    part: str, text: str | None, reason: str, command: Command, tmp_path: Path
) -> None:
    house = tmp_path / "house"
    build_house(house)
    build_house(house, "broken")
    file = house / "broken" / f"{part}.py"
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    done = command("list", of=only(house))
    assert done.returncode == 2
    assert "toy-limit/true" in done.stdout
    assert "the room broken" in done.stderr
    assert reason.format(file) in done.stderr
    assert "Traceback" not in done.stderr
    with pytest.raises(RoomProblem):
        only(house).room("broken")


def test_every_command_goes_on_without_a_room_that_does_not_load(
    command: Command, tmp_path: Path
) -> None:
    house = tmp_path / "house"
    build_house(house)
    build_house(house, "broken")
    (house / "broken" / "theory.py").write_text("1 / 0\n")
    for args, shown in (
        (("check", "-q", "-j", "1"), "toy-limit/true"),
        (("generate",), "generated.py: written"),
        (("probe", "--examples", "3"), "MISSING iid"),
        (("report", "-q", "-j", "1"), "report written"),
    ):
        done = command(*args, of=only(house))
        assert done.returncode == 2, args
        assert shown in done.stdout
        assert "ZeroDivisionError" in done.stderr
    assert command("check", "toy-limit/true", "-q", "-j", "1", of=only(house)).returncode == 0
    assert command("check", "broken", "-q", of=only(house)).returncode == 2


def test_a_room_meets_its_own_modules_and_not_those_of_the_project(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """The project has packages called checks and theory; the command is not confused by them."""
    for name in ("checks", "theory", "numerics"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('the project')\n")
    build_house(tmp_path / "mine")
    room = tmp_path / "mine" / "toy_limit"
    (room / "words.py").write_text("TITLE = 'A title of its own'\n")
    text = (room / "theory.py").read_text().replace('"A toy limit"', "words.TITLE")
    (room / "theory.py").write_text(f"from . import words\n{text}")
    for args, shown in (
        (("derive", "toy_limit"), "A title of its own"),
        (("check", "toy_limit", "--jobs", "2", "-q"), "1 SUPPORTED"),
    ):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "verilimit", *args, "--rooms", "mine"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert shown in done.stdout
        assert not done.stderr


def test_experiments_of_one_name_in_two_rooms_keep_their_own_numbers(
    command: Command, tmp_path: Path
) -> None:
    means = []
    for name, factor in (("first", 1), ("second", 3)):
        build_house(tmp_path / "mine", name)
        page = tmp_path / "mine" / name / "checks.py"
        text = page.read_text().replace("toy_limit", name).replace("toy-limit", name)
        text = text.replace("verilimit import Mutant", "verilimit import Experiment, Mutant")
        shared = f"Experiment('shared', lambda at, keys: {{'e': {factor} * error(at, keys)}})['e']"
        page.write_text(text.replace("error=error,", f"error={shared},"))
        done = command(
            "check", name, "--store", "s.sqlite", "--json", "r.json", "--jobs", "1", "-q",
            of=only(tmp_path / "mine"),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        (claim,) = json.loads((tmp_path / "r.json").read_text())["claims"]
        means.append(claim["series"][0]["mean"][0])
    assert means[1] == pytest.approx(3 * means[0], rel=1e-12)
