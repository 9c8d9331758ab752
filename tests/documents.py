"""Code and commands of the documents: what stands in their blocks, and how it is run."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from checks.app.main import app
from tests.conftest import ROOT

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts)],
    key=lambda path: str(path.relative_to(ROOT)),
)
FENCE = re.compile(r"^( *)```(\{?[\w-]*\}?)[^\n]*\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"# ([\w-]+\.(?:py|toml))\n")
PLUGIN = (ROOT / "verilimit_pytest.py").read_text(encoding="utf-8")
LONG = "<!-- long: compiled, not run -->"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and whether the page calls it too long to run."""

    language: str
    text: str
    long: bool

    @property
    def file(self) -> str | None:
        """The file that the block is, if its first line names one."""
        named = NAMED.match(self.text)
        return named and named[1]


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a document, in order."""
    text = path.read_text(encoding="utf-8")
    return [
        Block(m[2], m[3], text[: m.start()].rstrip().endswith(LONG)) for m in FENCE.finditer(text)
    ]


def commands(path: Path) -> list[str]:
    """What calls verilimit in a document's blocks and in its text, without explanations beside."""
    shown = [block.text for block in blocks(path) if block.language not in ("python", "toml")]
    lines = [re.sub(r"^(\$|- run:|-) ", "", x.strip()) for t in shown for x in t.splitlines()]
    lines = [re.split(r"\s{2,}|\s# ", x)[0] for x in lines]
    words = re.findall(r"`([^`]+)`", FENCE.sub("", path.read_text(encoding="utf-8")))
    lines += [" ".join(x.split()) for x in words]
    return [line for line in lines if re.match(r"(verilimit|pytest --verilimit) ?[a-z]", line)]


def complaint(command: str) -> str:
    """What is wrong with a command line: an unknown sub-command or option, else nothing."""
    words = shlex.split(command)[1:]
    if command.startswith("pytest"):
        unknown = [w for w in words if w.startswith("--") and f'"{w}"' not in PLUGIN]
        return f"{command}: pytest has no {', '.join(unknown)}" if unknown else ""
    known: Any = typer.main.get_command(app)
    name = "verilimit"
    while words and hasattr(known, "commands"):
        name = words.pop(0)
        if name not in known.commands:
            return f"{command}: no command {name}"
        known = known.commands[name]
    options = {o for parameter in known.params for o in parameter.opts} | {"--help", "-h"}
    given = [word.partition("=")[0] for word in words if re.match(r"--?[A-Za-z]", word)]
    unknown = [option for option in given if option not in options]
    return f"{command}: {name} has no {', '.join(unknown)}" if unknown else ""
