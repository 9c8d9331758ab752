"""A user's file in the report: the claims that it makes itself, beside those of its layers."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.report.sections import section, without_verdict
from checks.suite.picture import Picture
from checks.verdicts import Claim, ClaimError, Result
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
    def pictures(self) -> tuple[Picture, ...]:
        """A file has none."""
        return ()

    @property
    def not_checked(self) -> tuple[str, ...]:
        """The claims without a verdict."""
        return tuple(without_verdict(self.absent, self.failed))

    def view(self) -> Mapping[str, Any]:
        """What the template reads, but for the claims."""
        said = ast.get_docstring(ast.parse(Path(self.file).read_text(encoding="utf-8"))) or ""
        return section(
            name=self.name,
            title=Path(self.file).name,
            reference=self.file,
            statement=" ".join(said.partition("\n\n")[0].split()),
            source="File",
            source_note="The claims that the file makes itself.",
        )
