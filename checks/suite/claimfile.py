"""A user's Python file and the modules beside it, apart from those of all other claim files.

Two files may each have a ``helper.py``. So what is imported from a file's own folder (or from
folders that it adds to ``sys.path``) is loaded once a file, under a name of its own: inside the
file and its helpers ``import helper`` and ``importlib.import_module("helper")`` mean that copy,
when it runs and whenever a function of it is called. What is installed, Python's library and
verilimit come before the folder; but a project's package ``checks`` is its own.
"""

import builtins
import importlib
import sys
import traceback
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

from checks.suite import sources
from checks.suite.fingerprint import in_double_precision
from checks.suite.isolation import apart
from checks.suite.outside import making
from checks.suite.problem import InputProblem
from verilimit_namesakes import PACKAGES, is_ours

_numbers = count()


class ClaimFile:
    """A file that was run, with what it imports; ``proof`` has the hash of every such source."""

    def __init__(self, path: Path) -> None:
        """Run the file; raises `InputProblem` when there is none, and when it fails."""
        if not path.is_file():
            raise InputProblem(
                expected="a Python file",
                received=f"{path}, which is no file",
                remedy="Check the path.",
            )
        self.path = path
        self.proof: dict[str, str] = {}
        self._package = f"verilimit_user_{next(_numbers)}"
        self._known_path = list(sys.path)
        self._added: list[str] = []
        self._own: dict[str, bool] = {}
        self._importlib = self._own_importlib()
        _families[self._package] = self
        package = ModuleType(self._package)
        package.__path__ = [str(path.parent)]
        sys.modules[self._package] = package
        self.module = self._run()

    @property
    def current(self) -> bool:
        """Whether every source is on disk as it was loaded."""
        return all(sources.current(entry) == digest for entry, digest in self.proof.items())

    def forget(self) -> None:
        """Drop the modules: the file is to be run anew."""
        del _families[self._package]
        for name in [m for m in sys.modules if m.partition(".")[0] == self._package]:
            del sys.modules[name]

    def find(self, name: str, path: Any) -> ModuleSpec | None:
        """The spec of a module of this file's own, by its full name."""
        top = name.count(".") == 1
        spec = PathFinder.find_spec(name, self._folders() if top else path)
        return None if spec is None else self._watched(spec)

    def _folders(self) -> list[str]:
        added = [folder for folder in sys.path if folder not in self._known_path]
        return list(dict.fromkeys([str(self.path.parent), *self._added, *added]))

    def _watched(self, spec: ModuleSpec) -> ModuleSpec:
        if isinstance(spec.loader, SourceFileLoader):
            loader: Any = spec.loader
            loader.__class__ = _OwnLoader
            loader.family = self
        elif spec.has_location:
            self.note(f"file {spec.origin}", sources.file_digest(str(spec.origin)))
        return spec

    def note(self, entry: str, digest: str) -> None:
        """Remember the hash of a source."""
        self.proof[entry] = digest

    def load(self, name: str, globals: Any = None, locals: Any = None,
             fromlist: Any = (), level: int = 0) -> Any:  # fmt: skip
        """``__import__`` as the file and its helpers see it."""
        top = name.partition(".")[0]
        if name == "importlib" or (top == "importlib" and not fromlist and not level):
            builtins.__import__(name)
            return self._importlib
        if level or not self._is_own(top):
            return builtins.__import__(name, globals, locals, fromlist, level)
        found = importlib.__import__(f"{self._package}.{name}", None, None, fromlist or ("",), 0)
        return found if fromlist else sys.modules[f"{self._package}.{top}"]

    def import_module(self, name: str, package: str | None = None) -> ModuleType:
        """``importlib.import_module`` as the file and its helpers see it."""
        own = not name.startswith(".") and self._is_own(name.partition(".")[0])
        return importlib.import_module(f"{self._package}.{name}" if own else name, package)

    def _own_importlib(self) -> ModuleType:
        module = ModuleType("importlib", importlib.__doc__)
        module.__dict__["__getattr__"] = lambda name: getattr(importlib, name)
        module.__dict__.update(import_module=self.import_module, __import__=self.load)
        return module

    def _is_own(self, top: str) -> bool:
        if top in sys.stdlib_module_names:
            return False
        if top in sources.HOUSE:  # a project may have a package or a module `checks`, too
            here = PathFinder.find_spec(top, self._folders()) if top in PACKAGES else None
            if here is None or here.origin is None:
                return False
            return not is_ours(top, here.origin)
        own = self._own.get(top)
        if own is None:
            here = PathFinder.find_spec(top, self._folders())
            there = PathFinder.find_spec(top, self._known_path)
            if here is None:  # the file may yet add the folder to sys.path
                return False
            installed = there is not None and sources.in_library(there.origin or "")
            folder_only = here.origin is None and there is not None  # a package goes before it
            own = self._own[top] = not (installed or folder_only)
        return own

    def _run(self) -> ModuleType:
        name = f"{self._package}.{self.path.stem}"
        loader: Any = _OwnLoader(name, str(self.path))
        loader.family = self
        spec = spec_from_file_location(name, self.path, loader=loader)
        assert spec is not None  # a loader was given
        module = module_from_spec(spec)
        sys.modules[name] = module
        loaded = set(sys.modules)
        sys.path.append(
            str(self.path.parent)
        )  # for libraries that import, and last: it hides nothing
        try:
            with apart(str(self.path)), in_double_precision(str(self.path)), making():
                loader.exec_module(module)
        except InputProblem:
            raise
        except (Exception, SystemExit) as error:
            raise self._problem(error) from error
        finally:
            self._added = self._folders()[1:]
            sys.path[:] = self._known_path
            self._drop(set(sys.modules) - loaded)
        return module

    def _drop(self, names: set[str]) -> None:
        """Let nobody else meet what was imported from the folders in another way than `load`."""
        folders = tuple(str(Path(folder).resolve() / "_")[:-1] for folder in self._folders())
        for name in names:
            place = getattr(sys.modules[name], "__file__", None) or ""
            own = name.partition(".")[0] in (self._package, *sources.HOUSE)
            if not own and place.startswith(folders) and not sources.in_library(place):
                del sys.modules[name]

    def _problem(self, error: BaseException) -> InputProblem:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(self.path)]
        where = f", line {lines[-1]}" if lines else ""
        missing = isinstance(error, ModuleNotFoundError)
        return InputProblem(
            expected=f"{self.path} to run without an error",
            received=f"{type(error).__name__}: {error}{where}",
            remedy="Modules are looked for beside the file and among what is installed: install "
            "your project (pip install -e .), or move the file beside them."
            if missing
            else "Mend the file.",
        )


class _OwnLoader(sources.Compiled, SourceFileLoader):
    """Compiles a source of a claim file, and gives its module that file's ``import``."""

    family: ClaimFile

    def note(self, entry: str, digest: str) -> None:
        """The hash belongs to the file, not to the process: both may be loaded again."""
        self.family.note(f"file {self.path}", digest)

    def exec_module(self, module: ModuleType) -> None:
        """Run the source."""
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self.family.load}
        super().exec_module(module)


class _Families(MetaPathFinder):
    """Finds the modules of claim files by their full names."""

    def find_spec(
        self, fullname: str, path: Any, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        family = _families.get(fullname.partition(".")[0])
        return None if family is None or "." not in fullname else family.find(fullname, path)


_families: dict[str, ClaimFile] = {}
sys.meta_path.insert(0, _Families())
