"""``verilimit calibrate``: what other seeds would have said, and how good the judge itself is."""

import json
from collections.abc import Sequence
from pathlib import Path

from checks.app.machinery import Machinery, require_plan, running
from checks.app.screen import complain, console, reporter
from checks.suite.files import require_writable, write_text
from checks.suite.house import House
from checks.suite.problem import InputProblem
from checks.suite.run import Blocks, Plan
from checks.suite.targets import select
from checks.verdicts import calibrate, calibrate_judge


def calibrate_claims(
    targets: Sequence[str],
    house: House,
    plan: Plan,
    machinery: Machinery,
    *,
    replicates: int,
    out: Path | None,
) -> int:
    """Judge each claim on fresh seeds; print and write how often it gets which verdict."""
    require_writable(out, "--json", "{")
    lost: list[InputProblem] = []
    claims = select(targets, house, lost)
    complain(lost)
    if lost and not claims:
        return 2
    require_plan(claims, plan)
    claims = [located for located in claims if located.claim.runs_at(plan.tier)]
    tables = []
    screen = console()
    with running(machinery, claims) as run, reporter(quiet=machinery.quiet) as watcher:
        watcher.total(len(claims))
        for located in claims:
            watcher.working(located.claim.id)
            table = calibrate(
                located.claim,
                replicates=replicates,
                seed=plan.seed,
                tier=plan.tier,
                budget=plan.budget,
                measure=Blocks(run.execute, run.store).measurer(located),
            )
            tables.append(table)
            screen.print(table.to_markdown(), markup=False, soft_wrap=True)
    if out is not None:
        content = [table.to_json() for table in tables]
        write_text(out, json.dumps({"calibrations": content}, indent=2, allow_nan=False) + "\n")
    return 2 if lost else 0


def calibrate_the_judge(*, replicates: int, seed: int, quiet: bool, out: Path | None) -> int:
    """Run the judge and the rival rules on synthetic studies whose truth is known."""
    require_writable(out, "--json", "{")
    log = console(stderr=True)
    found = calibrate_judge(
        replicates, seed, progress=lambda name: None if quiet else log.print(name, markup=False)
    )
    console().print(found.to_markdown(), markup=False, soft_wrap=True)
    if out is not None:
        write_text(out, json.dumps(found.to_json(), indent=2, allow_nan=False) + "\n")
    return 0
