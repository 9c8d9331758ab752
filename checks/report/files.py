"""A user's file in the report: the claims that it makes itself, beside those of its layers."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.verdicts import Claim, ClaimError, Result, tier_words
from theory.language import Status


@dataclass(frozen=True)
class FileContent:
    """The claims of a file with what a run has shown; ``file`` is how it was asked for."""

    number: int
    file: str
    results: tuple[Result, ...]
    absent: tuple[Claim, ...] = ()
    failed: tuple[tuple[Claim, ClaimError], ...] = ()

    @property
    def name(self) -> str:
        """The section of the report: no room and no layer has a dot in its name."""
        return f"file.{self.number}"

    @property
    def worst_step(self) -> Status:
        """Nothing is derived, so nothing failed."""
        return Status.PROVED

    @property
    def probed(self) -> tuple[Any, ...]:
        """Nothing is assumed."""
        return ()

    @property
    def not_checked(self) -> tuple[str, ...]:
        """The claims without a verdict."""
        missing = (f"{c.id}, at {tier_words(c)}: {c.statement}" for c in self.absent)
        failed = (f"{c.id} has no verdict: {why}" for c, why in self.failed)
        return (*missing, *failed)

    def view(self) -> Mapping[str, Any]:
        """What the template reads, but for the claims."""
        said = ast.get_docstring(ast.parse(Path(self.file).read_text(encoding="utf-8"))) or ""
        return {
            "name": self.name,
            "title": Path(self.file).name,
            "reference": self.file,
            "statement": " ".join(said.partition("\n\n")[0].split()),
            "equations": [],
            "rate": "",
            "rate_kind": "",
            "source": "File",
            "source_note": "The claims that the file makes itself.",
            "notation": [],
            "assumptions": [],
            "probes": {},
            "derivation": {"main": [], "side": [], "ends": [], "beside": [], "code": []},
            "steps_status": "",
            "steps_summary": "",
            "pictures": [],
            "found": [],
            "coverage": [],
        }
