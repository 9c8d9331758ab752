"""What GitHub shows of a run: annotations of claims that do not hold, and a job summary."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from checks.suite.problem import printable
from checks.suite.run import Study
from checks.suite.targets import Located
from checks.verdicts import Verdict


def annotate(study: Study, claims: Sequence[Located]) -> None:
    """In a job of GitHub Actions: print annotations, and add a table to the job's summary."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    files = {c.claim.id: c.origin.file for c in claims if c.origin is not None}
    for line in annotations(study, files):
        print(line)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as stream:
            stream.write(summary_of(study))


def annotations(study: Study, files: Mapping[str, str]) -> list[str]:
    """Workflow commands: an error for REFUTED and for no verdict, a warning for INCONCLUSIVE."""
    found = []
    for result in study.results:
        if not result.verdict.holds:
            level = "error" if result.verdict is Verdict.REFUTED else "warning"
            title = f"{result.claim_id} is {result.verdict.name}"
            found.append(_command(level, title, result.because, files.get(result.claim_id, "")))
    for claim, why in study.failed:
        title = f"{claim.id} has no verdict"
        found.append(_command("error", title, str(why), files.get(claim.id, "")))
    return found


def summary_of(study: Study) -> str:
    """A Markdown table of the verdicts."""
    rows = [(r.claim_id, r.verdict.name, r.because) for r in study.results]
    rows += [(claim.id, "no verdict", str(why)) for claim, why in study.failed]
    rows += [(claim.id, "not judged", "an earlier claim did not hold") for claim in study.skipped]
    table = [f"| {' | '.join(map(_cell, row))} |\n" for row in rows]
    plan = study.plan
    head = f"### verilimit, tier {plan.tier}, seed {plan.seed}\n\n"
    return head + "| claim | verdict | because |\n|---|---|---|\n" + "".join(table) + "\n"


def _command(level: str, title: str, message: str, file: str) -> str:
    where = f"file={_escaped(_relative(file), ':,')}," if file else ""
    return f"::{level} {where}title={_escaped(title, ':,')}::{_escaped(message)}"


def _relative(file: str) -> str:
    """As GitHub knows the file: from the checkout."""
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    path = Path(file)
    return str(path.relative_to(root)) if path.is_relative_to(root) else file


def _escaped(text: str, more: str = "") -> str:
    """What a workflow command would read as its own is written in hexadecimal."""
    found = "".join(f"%{ord(c):02X}" if c in "%\r\n" + more else c for c in text)
    return printable(found)


def _cell(text: str) -> str:
    plain = printable(" ".join(text.split()))
    for sign in "\\|<>`*_[]$":
        plain = plain.replace(sign, f"\\{sign}")
    return plain
