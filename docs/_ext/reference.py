"""Reference pages from what they describe: public names, command line, record, glossary."""

import inspect
import json
import re
from collections.abc import Iterable, Iterator
from importlib.resources import files
from types import ModuleType
from typing import Any

import typer
from docutils import nodes
from docutils.statemachine import StringList
from pieces import bullets, code, paragraph, section, symbols, table
from room_facts import BUILT_IN, facts
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import nested_parse_with_titles

import verilimit as vl
from checks.app.main import app as commands
from verilimit_namesakes import PACKAGES

SUBJECTS = {
    "theory.layers": "Layers",
    "theory.limits": "Limits of layers",
    "checks.verdicts": "Claims and the judge",
    "checks.recorded": "Recorded data",
    "checks.properties": "Properties and probes",
    "theory.language": "Theorems and derivations",
    "theory.algebra": "Symbols and index notation",
    "theory.calculus": "Calculus",
    "theory.certify": "Inequalities",
    "theory.codegen": "Generated code",
    "checks.suite": "Rooms",
    "checks.app": "Tests",
    "numerics": "Optimizers",
}
MARKUP = re.compile(r"(``.+?``|`[^`]+`)|([*|\\]|\b_|_\b)")


class PublicNames(SphinxDirective):
    """Every name of ``import verilimit as vl``, by subject, from its docstring."""

    def run(self) -> list[nodes.Node]:
        """The nodes; a name of no subject is an error."""
        found: dict[str, list[str]] = {title: [] for title in SUBJECTS.values()}
        for name, (module, _) in vl._places().items():
            (title,) = (
                t for prefix, t in SUBJECTS.items() if f"{module}.".startswith(f"{prefix}.")
            )
            found[title] += ["", *_documented(name)]
        lines = [x for title, own in found.items() for x in (title, "-" * len(title), *own, "")]
        holder = nodes.section()
        nested_parse_with_titles(self.state, StringList(lines, "public names"), holder)
        return holder.children


def _documented(name: str) -> list[str]:
    value = getattr(vl, name)
    if isinstance(value, ModuleType):
        own = (f".. autofunction:: verilimit.{name}.{each}" for each in value.PUBLIC)
        return [f".. py:data:: verilimit.{name}", "", f"   {_first_line(value)}", "", *_lines(own)]
    home = (getattr(value, "__module__", None) or "builtins").partition(".")[0]
    if home not in PACKAGES:
        return [f".. py:data:: verilimit.{name}", "", f"   The value ``{value}``."]
    if inspect.isclass(value):
        return [f".. autoclass:: verilimit.{name}", "   :members:"]
    return [f".. autofunction:: verilimit.{name}"]


def _first_line(value: Any) -> str:
    return (inspect.getdoc(value) or "").partition("\n")[0]


def _lines(directives: Iterable[str]) -> list[str]:
    return [line for each in directives for line in (each, "")]


def plain(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Docstrings know backticks and lists, and no other markup."""
    lines[:] = [MARKUP.sub(lambda m: m[1] or rf"\{m[2]}", line) for line in lines]


class CommandLine(SphinxDirective):
    """Each command with its arguments and options, as `--help` has them."""

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        return [_command(name, each) for name, each in every_command()]


def every_command() -> Iterator[tuple[str, Any]]:
    """The commands by name, those of a group after it: ``store info``."""
    root: Any = typer.main.get_command(commands)
    for name, command in root.commands.items():
        yield name, command
        for inner, each in getattr(command, "commands", {}).items():
            yield f"{name} {inner}", each


def _command(name: str, command: Any) -> nodes.section:
    parts: list[nodes.Node] = []
    for text in re.split(r"\n\s*\n", inspect.cleandoc(command.help or "")):
        parts.append(paragraph(text))
    options = [p for p in command.params if not p.hidden]
    if options:
        parts.append(table(("argument or option", "meaning"), map(_option, options)))
    return section(f"verilimit {name}", f"verilimit-{name.replace(' ', '-')}", *parts)


def _option(option: Any) -> tuple[nodes.Node, str]:
    positional = option.param_type_name == "argument"
    names = [option.metavar or option.name.upper()] if positional else option.opts
    shown = nodes.inline()
    for name in names:
        shown += [nodes.Text(" ") if shown.children else nodes.Text(""), code(name)]
    default = option.default
    known = not (default is None or callable(default) or isinstance(default, bool | tuple | list))
    value = getattr(default, "value", default)
    return shown, (option.help or "") + (f" Default: `{value}`." if known and str(value) else "")


class RecordSchema(SphinxDirective):
    """The JSON record of a run, from the schema that tests hold it to."""

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        schema = json.loads((files("checks.verdicts") / "schema.json").read_text(encoding="utf-8"))
        return [
            section("The run", "record-run", _fields(schema)),
            *(
                section(f"A {name}", f"record-{name}", _fields(each))
                for name, each in schema["$defs"].items()
            ),
        ]


def _fields(schema: Any) -> nodes.table:
    required = schema.get("required", ())
    rows = [
        (code(name), _type(each), "" if name in required else "may be missing", _about(each))
        for name, each in schema["properties"].items()
    ]
    return table(("field", "type", "", "meaning"), rows)


def _type(schema: Any) -> str:
    if "$ref" in schema:
        return f"a {schema['$ref'].rpartition('/')[2]}"
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"list: {_type(schema.get('items', {}))}"
    kind = schema.get("type", "anything")
    return kind if isinstance(kind, str) else " or ".join(kind)


def _about(schema: Any) -> nodes.Node:
    inner = schema.get("items", schema)
    parts = [(k, v) for k, v in inner.get("properties", {}).items()]
    words = paragraph(schema.get("description", ""))
    if not parts:
        return words
    fields = (
        paragraph(code(k), f": {_type(v)}; {v.get('description', '')}".rstrip("; "))
        for k, v in parts
    )
    return nodes.container("", words, bullets(fields))


class Glossary(SphinxDirective):
    """The symbols of every theorem."""

    def run(self) -> list[nodes.Node]:
        """The nodes."""
        return [
            section(
                facts(name)["title"],
                f"symbols-{name.replace('_', '-')}",
                symbols(notation),
            )
            for name in BUILT_IN.names()
            for notation in [facts(name)["notation"]]
        ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("public-names", PublicNames)
    app.add_directive("command-line", CommandLine)
    app.add_directive("record-schema", RecordSchema)
    app.add_directive("glossary-of-symbols", Glossary)
    app.connect("autodoc-process-docstring", plain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
