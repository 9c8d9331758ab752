"""What the documents show runs: code blocks as they stand, commands with what they print."""

import ast
import fnmatch
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import verilimit as vl
from tests.conftest import ROOT
from tests.documents import DOCUMENTS, NOT_RUN, Block, blocks, commands, complaint, unrun

WITH_CODE = [p for p in DOCUMENTS if any(b.language == "python" for b in blocks(p))]
WITH_SESSIONS = [p for p in DOCUMENTS if any(b.language == "console" for b in blocks(p))]
RUN_ELSEWHERE = {"judge.md"}  # by tests/test_grammar.py, with claims around the pieces
TABLE = "n,run,err\n" + "".join(
    f"{n},{run},{(1 + run * 0.0217) / n}\n" for n in (8, 16, 32, 64, 128) for run in range(12)
)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def shell(command: str, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    here = f"{Path(sys.executable).parent}:{environment['PATH']}"
    done = subprocess.run(
        command, shell=True, cwd=folder, env={**environment, "PATH": here, "COLUMNS": "100"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def prepared(path: Path, folder: Path) -> list[Block]:
    """The blocks of a document; those that are files are written into the folder."""
    found = blocks(path)
    for block in found:
        if block.file:
            (folder / block.file).write_text(block.text, encoding="utf-8")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("path", WITH_CODE, ids=name_of)
def test_code_of_a_document_runs(path: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "runs.csv").write_text(TABLE, encoding="utf-8")  # what a page may have at hand
    code = [b for b in prepared(path, tmp_path) if b.language == "python" and not b.file]
    for block in code:
        compile(block.text, path.name, "exec")
    whole = "\n".join(b.text for b in code if not b.long)
    if whole and path.name not in RUN_ELSEWHERE:
        (tmp_path / "whole_page.py").write_text(whole, encoding="utf-8")
        status, output = shell("python whole_page.py", tmp_path, environment)
        assert status == 0, output


@pytest.mark.slow
@pytest.mark.parametrize("path", WITH_SESSIONS, ids=name_of)
def test_a_session_prints_what_is_shown(
    path: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    sessions = [b.text for b in prepared(path, tmp_path) if b.language == "console"]
    for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", "".join(sessions), re.M):
        expected = re.search(r"^exit status (\d+)$", shown, re.M)
        status, output = shell(command, tmp_path, environment)
        assert status == int(expected[1] if expected else 0), f"{command}\n{output}"
        lines = [line for line in shown.splitlines() if not line.startswith("exit status")]
        assert matches(lines, output), f"{command}\nexpected\n{shown}received\n{output}"
    for drawn in path.parent.glob("*.svg"):
        if (tmp_path / drawn.name).is_file():
            assert drawn.read_bytes() == (tmp_path / drawn.name).read_bytes()


def matches(lines: list[str], output: str) -> bool:
    """Whether the output has these lines in this order; ``...`` stands for anything."""
    received = iter(line.strip() for line in output.splitlines())
    wanted = [re.sub(r"([\[\]?*])", r"[\1]", x.strip()).replace("...", "*") for x in lines]
    return all(any(fnmatch.fnmatchcase(line, w) for line in received) for w in wanted if w != "*")


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_blocks_that_no_test_runs_are_listed_with_what_stands_for_them(path: Path) -> None:
    listed, left = dict(NOT_RUN.get(name_of(path), {})), []
    for line in unrun(path):
        known = [start for start in NOT_RUN.get(name_of(path), {}) if line.startswith(start)]
        left += [] if known else [line]
        listed = {start: why for start, why in listed.items() if start not in known}
    assert left == [], "run the block, or say in NOT_RUN what stands for it"
    assert listed == {}, "these blocks are gone, or run: take them from NOT_RUN"


def test_what_stands_for_a_block_exists() -> None:
    for why in (why for listed in NOT_RUN.values() for why in listed.values()):
        for name in re.findall(r"\w+\.(?:py|md|yml)", why):
            assert list(ROOT.rglob(name)) or (ROOT / "docs" / why.split()[0]).is_file(), why
    assert {name for name in NOT_RUN} <= {name_of(path) for path in DOCUMENTS}


@pytest.mark.parametrize("language", ["yaml", "toml"])
def test_configuration_of_a_document_is_well_formed(language: str) -> None:
    found = [b.text for path in DOCUMENTS for b in blocks(path) if b.language == language]
    assert len(found) > 1
    for text in found:
        parsed = yaml.safe_load(text) if language == "yaml" else tomllib.loads(text)
        assert isinstance(parsed, dict)
        assert parsed


def test_a_session_that_prints_something_else_is_noticed() -> None:
    output = "one\ntwo [2] three\n"
    assert matches(["one", "...", "two [2]..."], output)
    assert not matches(["two [2]...", "one"], output)
    assert not matches(["two 2..."], output)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_commands_of_a_document_exist_with_their_options(path: Path) -> None:
    assert [found for command in commands(path) if (found := complaint(command))] == []


def test_a_wrong_command_is_noticed() -> None:
    assert "no command chekc" in complaint("verilimit chekc x")
    assert "has no --tear" in complaint("verilimit check --tear smoke")
    assert "pytest has no --verilimit-claim" in complaint("pytest --verilimit-claim x")
    assert "has no --keep" in complaint("verilimit store prune --keep 3")
    assert complaint('verilimit check "shaped-attention-sde/*" --tier=full -q') == ""
    assert sum(map(len, map(commands, DOCUMENTS))) > 50


def test_names_of_the_face_exist_in_every_document() -> None:
    """Also in code that is not run."""
    for path in DOCUMENTS:
        for block in blocks(path):
            tree = ast.parse(block.text) if block.language == "python" else ast.parse("")
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    assert node.value.id != "vl" or node.attr in dir(vl), (path.name, node.attr)
