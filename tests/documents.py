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
# Blocks that no test runs as they stand, by their first lines, and what stands for each: a test
# that does the same, or the reason why nothing can. A test compares the list with the documents.
TAKES_HOURS = "hours of a cluster; test_suite_cluster.py runs one that is small"
MAKE = "make test runs this test itself; .ci/run and ci.yml call both"
NOT_RUN: dict[str, dict[str, str]] = {
    "README.md": {
        "make verify     # derive": MAKE,
        "# my_layer.py": "test_readme.py",
        "# my_claims.py": "test_readme.py",
    },
    "docs/certificates.md": {"verilimit certify  ": "test_certify_files.py"},
    "docs/explanation/rivals.md": {
        "verilimit calibrate --judge --studies": "test_app_calibrate.py"
    },
    "docs/explanation/speed.md": {"verilimit bench --speed": "test_speeds.py"},
    "docs/howto/ci.md": {
        "# .github/workflows/limits.yml": "a forge's machine; test_documents.py reads it",
        "# .gitlab-ci.yml": "a forge's machine; test_documents.py reads it",
    },
    "docs/howto/cluster.md": {
        "verilimit check --tier standard --jobs 32": TAKES_HOURS,
        "verilimit check --tier full --jobs 1": TAKES_HOURS,
        "dask scheduler &": TAKES_HOURS,
        "import time": TAKES_HOURS,
        "verilimit check --tier full --executor dask": TAKES_HOURS,
        "FROM python:3.12-slim": "an image; nothing here builds one",
        "docker build": "a cluster; test_kubernetes.py runs the commands of the manifest",
        'verilimit check "shaped-attention-sde/*" --tier full': TAKES_HOURS,
    },
    "docs/howto/docs.md": {"make docs ": "test_docs_site.py builds a site in the same way"},
    "docs/howto/pytest.md": {"pytest --verilimit smoke ": "test_app_plugin.py"},
    "docs/index.md": {"make verify     # derive": MAKE},
    "docs/judge.md": {"verilimit calibrate --judge --studies": "test_app_calibrate.py"},
    "docs/layers.md": {
        "         0 < p < 1/2  UNSTABLE": "tutorials/layer.md prints it",
        "$ verilimit derive branch.py:layer --phase p": "tutorials/layer.md runs it",
        "                q > 1/2, p > 1  TRIVIAL": "test_limit_plane.py",
        "verilimit check FILE.py[:layer]": "test_app_layers.py, test_layer_code.py",
    },
    "docs/mean_field_flow.md": {"import jax": "minutes; test_mean_field_flow.py"},
    "docs/mutation.md": {"verilimit mutate spectral": "an hour; test_mutation_campaign.py"},
    "docs/probes.md": {
        "verilimit probe  ": "test_probes.py",
        "my_attention lacks permutation": "test_attention_laws.py",
        "# test_mine.py": "test_attention_laws.py",
        "# test_module.py": "test_probe_documents.py",
        "# test_optimizer.py": "test_probe_documents.py",
        "verilimit probe --checkpoint model/": "test_checkpoint_reports.py",
        "layers = 6": "test_documents.py reads it",
    },
    "docs/recorded.md": {"verilimit judge runs.csv": "tutorials/csv.md runs one like it"},
    "docs/rooms.md": {
        "verilimit new wide_layer": "test_user_rooms.py",
        "  [tool.verilimit]": "test_documents.py reads it",
        '  [project.entry-points."verilimit.rooms"]': "test_documents.py reads it",
    },
    "docs/spectral_concentration.md": {"# train.py": "test_torch_adamw2.py; PyTorch is an extra"},
    "docs/shallow_transformer_gd.md": {"import jax": "minutes; test_shallow_transformer_gd.py"},
    "docs/tutorials/layer.md": {"verilimit check branch.py": "test_app_layers.py"},
}


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


def unrun(path: Path) -> list[str]:
    """The first lines of blocks that are neither sessions, nor code of the page, nor used in it."""
    found = [block for block in blocks(path) if not block.language.startswith("{")]
    told = [b.text for b in found if b.language in ("console", "python")]

    def runs(block: Block) -> bool:
        if block.file:
            name = block.file.removesuffix(".py")
            return any(name in text for text in told if text != block.text)
        return block.language == "console" or (block.language == "python" and not block.long)

    return [block.text.splitlines()[0] for block in found if not runs(block)]


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
