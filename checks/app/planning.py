"""``verilimit check --plan``: what a run would simulate, and how long that should take."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.markup import escape
from rich.table import Table

from checks.app.machinery import Machinery, require_plan, running
from checks.app.screen import console
from checks.suite.run import Plan, item_of
from checks.suite.store import Store
from checks.suite.targets import Located
from checks.verdicts import Task
from checks.verdicts.evidence import Evidence
from checks.verdicts.judge import mutants_of


@dataclass
class Planned:
    """The blocks of an experiment up to the first look of each claim that asks for it."""

    claims: set[str] = field(default_factory=set)
    blocks: dict[Task, dict] = field(default_factory=dict)  # with the store's item of each

    def left(self, store: Store) -> list[dict]:
        """The items that are not stored."""
        return [item for item in self.blocks.values() if store.get(item) is None]


def print_plan(claims: Sequence[Located], plan: Plan, machinery: Machinery) -> int:
    """Print the experiments, the longest first, without running any; returns the exit status."""
    require_plan(claims, plan)
    with running(machinery, claims) as run:
        known = run.store.seconds()
        rows = []
        for name, planned in experiments_of(claims, plan).items():
            left = planned.left(run.store)
            took = [run.store.expected(item, known) for item in left]
            seconds = math.fsum(t for t in took if t is not None)
            unknown = sum(t is None for t in took)
            rows.append((seconds, unknown, name, planned, len(left)))
    table = Table("experiment", "claims", "blocks", "stored", "seconds", title="To be simulated")
    for seconds, unknown, name, planned, left in sorted(rows, key=lambda r: r[:2], reverse=True):
        counts = [len(planned.claims), len(planned.blocks), len(planned.blocks) - left]
        more = f", {unknown} blocks unknown" if unknown else ""
        words = "unknown" if unknown == left else f"{seconds:.1f}{more}"
        table.add_row(escape(name), *map(str, counts), words if left else "")
    console().print(table)
    total, unknown = math.fsum(r[0] for r in rows), sum(r[1] for r in rows)
    words = f"; {unknown} blocks were never timed on this store" if unknown else ""
    console().print(
        f"{len(rows)} experiments, {sum(len(r[3].blocks) for r in rows)} blocks up to the first "
        f"look of each claim; {total:.0f} s of computing are expected{words}",
        markup=False,
    )
    return 0


def experiments_of(claims: Sequence[Located], plan: Plan) -> dict[str, Planned]:
    """What the claims and their mutants ask for, by experiment."""
    found: dict[str, Planned] = {}
    for located in claims:
        claim = located.claim
        if not claim.runs_at(plan.tier):
            continue
        evidence = Evidence(claim, plan.tier, plan.seed)
        for mutant in (None, *mutants_of(claim)):
            for row in evidence.tasks(mutant, claim.at(plan.tier).looks[0]).values():
                for task in map(plan.task, row):
                    planned = found.setdefault(task.experiment, Planned())
                    planned.claims.add(claim.id)
                    planned.blocks[task] = item_of(located, task)
    return found
