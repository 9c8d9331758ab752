"""Where rooms are: folders that an option, a pyproject.toml or an installed package names.

A built-in room is one name in ``theory``, ``numerics`` and ``checks``. A user's room is a folder
``ROOT/NAME`` with theory.py, numerics.py and checks.py. Its modules get names of their own below
``verilimit_rooms``, so that they neither hide nor meet a user's own package called ``checks``.
"""

import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from checks.suite import sources
from checks.suite.problem import InputProblem
from checks.suite.project import project_at

GROUP = "verilimit.rooms"  # the entry points of installed packages that have rooms
HERE = Path(__file__).resolve().parent.parent.parent
PARTS = {  # of a built-in room: the files of its modules
    "theory": "theory/{}/__init__.py",
    "numerics": "numerics/{}/__init__.py",
    "checks": "checks/{}/__init__.py",
    "probes": "checks/{}/probes.py",
    "checkpoint": "checks/{}/checkpoint.py",
    "benchmarks": "checks/{}/benchmarks.py",
    "inequalities": "theory/{}/inequalities.py",
}
SETS_A_THEOREM = re.compile(r"^theorem(: \w+)? = ", re.MULTILINE).search


@dataclass(frozen=True)
class Root:
    """A folder of rooms, who named it, and the folders of the package that it is part of."""

    folder: str
    named_by: str = "--rooms"
    code: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        """The name under which Python knows the folder; the folder decides it."""
        stem = re.sub(r"\W", "_", os.path.basename(self.folder))
        digest = hashlib.sha256(self.folder.encode(errors="surrogateescape")).hexdigest()
        return f"{sources.ROOMS}.{stem}_{digest[:8]}"

    def mount(self) -> None:
        """Make the folder known to Python's import."""
        for folder in (self.folder, *self.code):
            sources.own(folder)
        if self.package in sys.modules:
            return
        package = sys.modules[self.package] = ModuleType(self.package, f"Rooms of {self.folder}.")
        package.__path__ = [self.folder]

    def names(self) -> Iterator[str]:
        """The rooms in the folder: sub-folders that have a theory."""
        with sources.unwatched():  # rooms from which no number comes are no input of it
            for path in Path(self.folder).iterdir():
                if path.name[0] not in "._" and (path / "theory.py").is_file():
                    yield path.name


@dataclass(frozen=True)
class Address:
    """Where one room stands; without a root it is built in."""

    name: str
    root: Root | None = None

    @property
    def place(self) -> str:
        """The folder of a user's room, or the distribution that has it."""
        return "verilimit itself" if self.root is None else str(Path(self.root.folder, self.name))

    @property
    def source(self) -> str:
        """The file that generated code comes from, where it is not that of a built-in room."""
        return "" if self.root is None else f"{self.name}/theory.py"

    @property
    def run(self) -> str:
        """What importing and measuring this room is called where inputs are noted."""
        return f"room {self.name if self.root is None else f'{self.root.package}.{self.name}'}"

    @property
    def generated(self) -> Path:
        """The file that holds the generated code."""
        if self.root is None:
            return HERE / "numerics" / "generated" / f"{self.name}.py"
        return Path(self.root.folder, self.name, "generated.py")

    def module(self, part: str) -> str:
        """The full name of the module of a part."""
        if self.root is None:
            file = self._built_in(part)
            return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self.root.mount()
        return f"{self.root.package}.{self.name}.{part}"

    def file(self, part: str) -> Path:
        """The file of a part."""
        if self.root is None:
            return HERE / self._built_in(part)
        return Path(self.root.folder, self.name, f"{part}.py")

    def _built_in(self, part: str) -> str:
        """The file of a part; ``numerics.runs`` is a back room of the numerics."""
        package, _, module = part.partition(".")
        return PARTS.get(part, f"{package}/{{}}/{module}.py").format(self.name)

    def computing(self) -> dict[str, Path]:
        """The room's own modules that compute: theory, numerics, generated code; with files."""
        if self.root is None:
            parts = [HERE / "theory" / self.name, HERE / "numerics" / self.name]
            files = [file for part in parts for file in sorted(part.rglob("*.py"))]
            names = [
                file.relative_to(HERE).with_suffix("").parts for file in [*files, self.generated]
            ]
            whole = [".".join(name).removesuffix(".__init__") for name in names]
            return dict(zip(whole, [*files, self.generated], strict=True))
        judging = (
            "__init__.py",
            "checks.py",
            "probes.py",
            "checkpoint.py",
            "inequalities.py",
            "benchmarks.py",
        )
        files = [file for file in sorted(Path(self.place).glob("*.py")) if file.name not in judging]
        return {self.module(file.stem): file for file in files}

    def owns(self, file: str) -> bool:
        """Whether a source belongs to this room."""
        if self.root is not None:
            return Path(file).is_relative_to(self.place)
        return self.name in (Path(file).stem, *Path(file).parts)


def built_in_names() -> tuple[str, ...]:
    """The sub-packages of ``theory`` that define a theorem."""
    return pages_with_a_theorem([str(HERE / "theory")])


def pages_with_a_theorem(paths: Iterable[str]) -> tuple[str, ...]:
    """Folders in ``paths`` whose ``__init__.py`` sets ``theorem``, sorted; nothing is imported."""
    with sources.unwatched():  # a page that no measured number came from is no input of it
        pages = [page for path in paths for page in Path(path).glob("*/__init__.py")]
        return tuple(sorted({page.parent.name for page in pages if SETS_A_THEOREM(_text(page))}))


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def named_roots(options: Iterable[Path] = ()) -> tuple[Root, ...]:
    """The roots that the options, the user's pyproject.toml and installed packages name.

    Raises `InputProblem` for one that is no folder.
    """
    named = [_root(folder, "--rooms") for folder in options]
    found = [*named, *_of_project(Path.cwd()), *_of_packages()]
    return tuple({root.folder: root for root in reversed(found)}.values())[::-1]


def _of_project(start: Path) -> Iterator[Root]:
    """The rooms of the nearest pyproject.toml that has a table of verilimit."""
    project = project_at(start)
    yield from (_root(folder, str(project.file)) for folder in project.room_folders())


def _of_packages() -> Iterator[Root]:
    """Packages that installed distributions name in the group ``verilimit.rooms``."""
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        who = f"the entry point {entry.name} = {entry.value}"
        try:
            top = find_spec(entry.value.partition(".")[0])  # which imports nothing
            code = tuple((top.submodule_search_locations if top is not None else None) or ())
            for folder in code:  # before any of it is imported
                sources.own(folder)
            spec = find_spec(entry.value)
            folders = spec.submodule_search_locations if spec is not None else None
        except (ImportError, ValueError) as error:
            raise _no_package(who, f"{type(error).__name__}: {error}") from error
        if not folders:
            raise _no_package(who, "no such package")
        yield from (_root(Path(folder), who, code) for folder in folders)


def _no_package(who: str, received: str) -> InputProblem:
    return InputProblem(
        expected=f"{who} of the group {GROUP} to name a package whose folder holds rooms",
        received=received,
        remedy="Mend or uninstall the distribution that declares it.",
    )


def _root(folder: Path, named_by: str, code: tuple[str, ...] = ()) -> Root:
    if not folder.is_dir():
        raise InputProblem(
            expected=f"{named_by} to name a folder of rooms",
            received=f"{folder}, which is no folder",
            remedy="Check the path; `verilimit new NAME` makes a first room.",
        )
    return Root(str(folder.resolve()), named_by, code)
