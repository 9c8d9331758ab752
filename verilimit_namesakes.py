"""A project may have packages of the names that verilimit's have: both then live in one process.

A name has one module in Python. It is verilimit's, and what that lacks is looked for in the
project's package of the same name: its modules, and what its ``__init__`` defines. So a project
with a folder ``checks``, with an ``__init__`` or without, imports its own ``checks.losses`` beside
``import verilimit``. A module that both have cannot be meant twice: it is refused, with both
places.
"""

import sys
from collections.abc import Iterator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

PACKAGES = ("theory", "numerics", "checks")
HOME = Path(__file__).resolve().parent

_others: dict[str, ModuleType] = {}


def admit() -> str | None:
    """Put verilimit's packages where imports find them; or say why that cannot be.

    To be called before the first import of one of them.
    """
    if clashes := [clash for name in PACKAGES if (clash := _clash(name))]:
        return (
            f"verilimit: expected its packages beside {HOME / 'verilimit.py'} to be found; "
            f"received: {'; '.join(clashes)}. Rename the project's modules, or run from "
            "another directory (PYTHONPATH and the current directory come before installed "
            "packages)."
        )
    stand_by()
    for name in PACKAGES:
        if _hidden(name):
            _take(name)
        _extend(name)
    return None


def stand_by() -> None:
    """Let imports of a project's modules succeed where Python has taken verilimit's package.

    It takes that rather than a folder without ``__init__``. Nothing is imported.
    """
    if not any(isinstance(finder, _Namesakes) for finder in sys.meta_path):
        sys.meta_path.append(_Namesakes())


def _namesakes(name: str) -> Iterator[ModuleSpec]:
    """The packages or modules of others with this name, in the order in which Python looks.

    Folders without ``__init__`` come last, as they do there.
    """
    specs = [spec for entry in sys.path if (spec := PathFinder.find_spec(name, [entry]))]
    yield from (spec for spec in specs if spec.origin and not is_ours(name, spec.origin))
    yield from (spec for spec in specs if not spec.origin)


def is_ours(name: str, origin: str) -> bool:
    """Whether a file is the package of that name of verilimit's."""
    return Path(origin).resolve() == HOME / name / "__init__.py"


def _hidden(name: str) -> bool:
    """Whether an import of the name gives another module than verilimit's."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        return not is_ours(name, getattr(loaded, "__file__", None) or "")
    spec = PathFinder.find_spec(name)
    return spec is None or spec.origin is None or not is_ours(name, spec.origin)


def _clash(name: str) -> str | None:
    """Which modules both have, if the other package comes first."""
    if not (HOME / name / "__init__.py").is_file():
        return f"no package “{name}” there"
    hidden, ours = _hidden(name), {module.name for module in iter_modules([str(HOME / name)])}
    for other in _namesakes(name):
        if other.origin and not hidden:
            continue  # another's package behind verilimit's: nobody here means it
        folders = list(other.submodule_search_locations or ())
        theirs = {module.name for module in iter_modules(folders)}
        if both := ", ".join(f"{name}.{module}" for module in sorted(ours & theirs)):
            return f"the package “{name}” at {other.origin or folders[0]} has {both}, too"
        if other.origin:
            break
    return None


def _take(name: str) -> None:
    """Load verilimit's package under its name."""
    if name in sys.modules:
        _others[name] = sys.modules[name]
    path = HOME / name
    spec = spec_from_file_location(
        name, path / "__init__.py", submodule_search_locations=[str(path)]
    )
    assert spec is not None  # `_clash` has seen the file
    assert spec.loader is not None
    sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


def _extend(name: str) -> None:
    """Names that verilimit's package lacks are looked for in the other's ``__init__``."""

    def find(attribute: str) -> Any:
        theirs = None if attribute.startswith("__") else _other(name)
        if theirs is None or not hasattr(theirs, attribute):
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        return getattr(theirs, attribute)

    if name in sys.modules:
        sys.modules[name].__dict__.setdefault("__getattr__", find)


def _other(name: str) -> ModuleType | None:
    """The other's ``__init__``, run once, under the shared name in its own imports."""
    if name not in _others and (spec := next(_namesakes(name), None)) and spec.loader:
        _others[name] = module_from_spec(spec)
        try:
            spec.loader.exec_module(_others[name])
        except BaseException:
            del _others[name]
            raise
    return _others.get(name)


def namesake(fullname: str) -> ModuleSpec | None:
    """The spec of a module of another's package that has the name of one of verilimit's."""
    package, _, module = fullname.partition(".")
    if package not in PACKAGES or not module or "." in module:
        return None
    folders = [f for spec in _namesakes(package) for f in spec.submodule_search_locations or ()]
    return PathFinder.find_spec(fullname, folders)


class _Loaded(Loader):
    """Gives the module that its package has imported meanwhile."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return sys.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """It has run."""


class _Namesakes(MetaPathFinder):
    """The last finder: modules that verilimit's packages lack, in others' of the same name."""

    def find_spec(
        self, fullname: str, path: Any, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = namesake(fullname)
        if spec is None:
            return None
        package = fullname.partition(".")[0]
        _extend(package)
        _other(package)  # a package runs before its modules, and may import them itself
        return ModuleSpec(fullname, _Loaded()) if fullname in sys.modules else spec
