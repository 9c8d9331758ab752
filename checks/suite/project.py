"""What a project says in its pyproject.toml: ``[tool.verilimit]``, with ``rooms`` and ``claims``.

``rooms`` are folders of rooms, ``claims`` patterns of files with claims or layers; both are read
from the folder of that file.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.suite import sources
from checks.suite.problem import InputProblem

KEYS = ("rooms", "claims")
USUAL = ("claims_*.py", "layer_*.py")  # files that a folder without a project is asked for


@dataclass(frozen=True)
class Project:
    """The table of the nearest pyproject.toml that has one; ``file`` is None where none has."""

    file: Path | None = None
    rooms: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()

    def room_folders(self) -> list[Path]:
        """The folders of rooms, which need not exist."""
        return [] if self.file is None else [self.file.parent / name for name in self.rooms]

    def files(self) -> list[str]:
        """The files with claims; raises `InputProblem` for a pattern that none matches."""
        return [] if self.file is None else _matching(self.file.parent, self.claims, str(self.file))


def project_at(start: Path) -> Project:
    """The project of a folder; raises `InputProblem` for a table that cannot be read."""
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if not file.is_file():
            continue
        try:
            with sources.unwatched():
                tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
        except (OSError, ValueError) as error:
            raise InputProblem(
                expected=f"{file} to be a TOML file",
                received=str(error),
                remedy="Mend it: its table [tool.verilimit] may name folders of rooms.",
            ) from error
        if isinstance(tool, dict) and "verilimit" in tool:
            table = tool["verilimit"]
            return Project(file, *(_names(table, key, file) for key in KEYS))
    return Project()


def files_in(folder: Path) -> list[str]:
    """The files with claims of a folder: what its own pyproject.toml says, or the usual names."""
    own = project_at(folder)
    if own.file is not None and own.file.parent == folder.resolve() and own.claims:
        return own.files()
    return _matching(folder, USUAL, f"the folder {folder}", together=True)


def _names(table: object, key: str, file: Path) -> tuple[str, ...]:
    if isinstance(table, dict):
        unknown = sorted(set(table) - set(KEYS))
        named = table.get(key, []) if not unknown else unknown[0]
    else:
        named = table
    if isinstance(named, list) and all(isinstance(name, str) for name in named):
        return tuple(named)
    raise InputProblem(
        expected=f'[tool.verilimit] of {file} to say rooms = ["DIR", ...] and '
        'claims = ["claims_*.py", ...]',
        received=repr(named),
        remedy="Name folders that hold rooms and patterns of files, from that file's own folder.",
    )


def _matching(
    folder: Path, patterns: Sequence[str], who: str, *, together: bool = False
) -> list[str]:
    """Files that match, in order; ``together``: it is enough that one pattern has some."""
    found: list[str] = []
    for pattern in patterns:
        if Path(pattern).is_absolute():
            files = [Path(pattern)] if Path(pattern).is_file() else []
        else:
            files = sorted(path for path in folder.glob(pattern) if path.is_file())
        if not files and not together:
            raise _nothing(who, pattern)
        found += [str(path) for path in files if str(path) not in found]
    if not found:
        raise _nothing(who, " and ".join(patterns))
    return found


def _nothing(who: str, pattern: str) -> InputProblem:
    return InputProblem(
        expected=f"{who} to have files of claims or layers",
        received=f"none that {pattern} matches",
        remedy="Name the files on the command line, or mend the pattern.",
    )
