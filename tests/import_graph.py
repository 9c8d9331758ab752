"""Who imports whom among the modules of the three packages and the commands, read from sources."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cache
from pathlib import Path

PACKAGES = ("theory", "numerics", "checks")
Graph = Mapping[str, Set[str]]


def modules(root: Path) -> dict[str, Path]:
    """All modules by dotted name; a package stands for its ``__init__.py``."""
    files = [f for package in PACKAGES for f in (root / package).rglob("*.py")]
    found = {}
    for file in (*files, *root.glob("verilimit*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@cache
def import_graph(root: Path) -> Graph:
    """Imports wherever they stand, in functions, too: none of them may hide a circle."""
    known = modules(root)
    return {name: set(_imported(name, file, known)) - {name} for name, file in known.items()}


@cache
def use_graph(root: Path) -> Graph:
    """Imports, and modules that are named in a string: run by ``python -m``, or imported later."""
    known, graph = modules(root), import_graph(root)
    return {name: graph[name] | (_strings(file) & set(known)) for name, file in known.items()}


def _imported(name: str, file: Path, known: Mapping[str, Path]) -> Iterator[str]:
    package = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                yield from [m for m in (inner, source) if m in known][:1]


def _strings(file: Path) -> set[str]:
    constants = (n.value for n in ast.walk(_tree(file)) if isinstance(n, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def reached(graph: Graph, start: Iterable[str]) -> set[str]:
    """All modules that these need, and they themselves."""
    found, todo = set(), list(start)
    while todo:
        module = todo.pop()
        if module not in found:
            found.add(module)
            todo.extend(graph[module])
    return found


def circles(graph: Graph) -> list[set[str]]:
    """Sets of nodes of which each reaches all."""
    below = {node: reached(graph, graph[node]) for node in graph}
    rings = {frozenset(m for m in below[n] if n in below[m]) for n in graph if n in below[n]}
    return sorted(map(set, rings), key=sorted)


def folders(graph: Graph) -> Graph:
    """The same between folders: ``theory.language``, ``numerics.engine``, a room's own."""
    found: dict[str, set[str]] = {folder_of(module): set() for module in graph}
    for module, used in graph.items():
        found[folder_of(module)] |= {folder_of(m) for m in used} - {folder_of(module)}
    return found


def folder_of(module: str) -> str:
    """The first two parts of a module's name."""
    return ".".join(module.split(".")[:2])
